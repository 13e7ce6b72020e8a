/* SPDX-License-Identifier: MIT */
#include "commands.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int command_take(struct worker_command *command)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { command, sizeof(*command) };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	int fd = -1;

	if (recvmsg(WORKER_FD_SOCKET, &message, MSG_CMSG_CLOEXEC) <= 0)
		_exit(0);
	if (message.msg_controllen)
		memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return fd;
}

void reply_say(const void *bytes, size_t size)
{
	if (send(WORKER_FD_SOCKET, bytes, size, MSG_NOSIGNAL) < 0)
		_exit(9);
}
