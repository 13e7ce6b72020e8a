/* SPDX-License-Identifier: MIT */
/* The socket to coprocd: one message per command, one per reply. */
#include "backend/engines/harness/worker.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

noreturn void channel_broken(const char *why)
{
	engine_log("coprocd and this worker disagree: %s", why);
	_exit(WORKER_EXIT_PROTOCOL);
}

/* The descriptor that came along, if it is the one that may. */
static int take_fd(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd;

	if (msg->msg_flags & MSG_CTRUNC)
		channel_broken("more than one descriptor with a command");
	if (!c)
		return -1;
	if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(sizeof(fd)))
		channel_broken("unknown control data with a command");
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* A command has to be as long as it says it is. */
static void check_size(const struct worker_command *c, size_t length)
{
	if (length < offsetof(struct worker_command, u))
		channel_broken("a command shorter than its head");
	if (c->type == WORKER_MAP) {
		if (length < offsetof(struct worker_command, u.map.ref) ||
		    c->u.map.count > WORKER_MAP_REFS)
			channel_broken("a MAP of a wrong size");
	} else if (c->type == WORKER_RUN) {
		if (length < offsetof(struct worker_command, u.run.operand) ||
		    c->u.run.operands > WORKER_OPERANDS_MAX)
			channel_broken("a RUN of a wrong size");
	}
	if (length < worker_command_size(c))
		channel_broken("a command shorter than it says");
}

/**
 * channel_receive() - take the next command
 * @in: filled; the arrays of the command only as far as its counts say
 * @wait: block until there is one
 *
 * Ends the process when coprocd is gone.  Return: false if there is none.
 */
bool channel_receive(struct received *in, bool wait)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { &in->command, sizeof(in->command) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	do {
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		n = recvmsg(WORKER_FD_SOCKET, &msg, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
	} while (n < 0 && errno == EINTR);

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return false;
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		_exit(0);
	if (n < 0)
		channel_broken(strerror(errno));
	if (msg.msg_flags & MSG_TRUNC)
		channel_broken("a command longer than any");
	in->fd = take_fd(&msg);
	check_size(&in->command, (size_t)n);
	return true;
}

void channel_reply(const struct worker_reply *reply)
{
	ssize_t n;

	do {
		n = send(WORKER_FD_SOCKET, reply, sizeof(*reply), MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
		_exit(0);
	if (n != (ssize_t)sizeof(*reply))
		channel_broken("a reply could not be sent");
}

void channel_done(uint32_t seq, uint32_t status, uint64_t result)
{
	struct worker_reply reply = {
		.seq = seq,
		.outcome = WORKER_DONE,
		.status = status,
		.result = result,
	};

	channel_reply(&reply);
}
