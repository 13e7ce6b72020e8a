/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

/* A command that the socket had no room for. */
struct outgoing {
	STAILQ_ENTRY(outgoing) link;
	int fd;                         /* duplicate, or -1 */
	size_t size;
	unsigned char bytes[];
};

struct call {
	TAILQ_ENTRY(call) link;
	uint32_t seq;
	bool service;                   /* to be looked at even while a job runs */
	worker_answer *answer;
	void *arg;
};

struct worker {
	const struct worker_events *events;
	void *owner;
	pid_t pid;
	int pidfd;
	int socket;
	struct worker_page *page;
	bool stopped;
	bool ready;
	bool broken;                    /* killed because of what it said */
	uint32_t seq;
	uint32_t services;              /* calls under way that want attention */
	struct event *readable;
	struct event *writable;
	struct event *exited;
	STAILQ_HEAD(, outgoing) outgoing;
	TAILQ_HEAD(, call) calls;
};

/* ---- the child ---- */

static void child_fd(int from, int to)
{
	if ((from == to ? fcntl(from, F_SETFD, 0) : dup2(from, to)) < 0)
		_exit(126);
}

static _Noreturn void child(const struct worker_options *options, int sock, int page)
{
	char domain[16], uid[16], memory[24];
	const char *argv[10];
	int n = 0;

	/* Away from 3 and 4, then into place; all the rest is close-on-exec. */
	sock = fcntl(sock, F_DUPFD, 10);
	page = fcntl(page, F_DUPFD, 10);
	child_fd(sock, WORKER_FD_SOCKET);
	child_fd(page, WORKER_FD_PAGE);
	close_range(WORKER_FD_PAGE + 1, ~0u, 0);

	snprintf(domain, sizeof(domain), "%u", options->domain);
	snprintf(uid, sizeof(uid), "%u", options->uid);
	snprintf(memory, sizeof(memory), "%llu", (unsigned long long)options->memory_limit);
	argv[n++] = options->program;
	argv[n++] = "--domid";
	argv[n++] = domain;
	argv[n++] = "--uid";
	argv[n++] = uid;
	argv[n++] = "--memory-limit";
	argv[n++] = memory;
	if (options->weak_sandbox)
		argv[n++] = "--allow-weak-sandbox";
	argv[n] = NULL;
	if (options->nicer)
		(void)!nice(options->nicer);
	execv(options->program, (char *const *)(uintptr_t)argv);
	dprintf(STDERR_FILENO, "level=error event=worker-exec program=%s error=\"%s\"\n",
		options->program, strerror(errno));
	_exit(127);
}

/* ---- replies ---- */

void worker_distrust(struct worker *worker, const char *why)
{
	/* Once: nothing is read of it from here on, and one reply is one lie at
	 * most.  Nor is to be told so all the time until it is dead, which would
	 * keep the loop busy. */
	worker->broken = true;
	event_del(worker->readable);
	log_event(LOG_WARN, "worker-distrust", "pid=%d why=\"%s\"", (int)worker->pid, why);
	worker_kill(worker);
}

static void worker_take(struct worker *worker, const struct worker_reply *reply)
{
	struct call *call;

	if (!worker->ready) {
		if (reply->outcome != WORKER_HELLO ||
		    reply->u.hello.wire_version != WORKER_WIRE_VERSION) {
			worker_distrust(worker, "did not begin with the HELLO of this build");
			return;
		}
		worker->ready = true;
		worker->events->ready(worker->owner, reply);
		return;
	}
	TAILQ_FOREACH(call, &worker->calls, link)
		if (call->seq == reply->seq)
			break;
	if (!call || reply->outcome < WORKER_DONE || reply->outcome > WORKER_RETURNED ||
	    reply->status > XENCOPROC_NO_MEMORY) {
		worker_distrust(worker, "answered what was not asked");
		return;
	}
	TAILQ_REMOVE(&worker->calls, call, link);
	if (call->service && --worker->services == 0)
		__atomic_fetch_and(&worker->page->attention, ~WORKER_ATTENTION_SERVICE,
				   __ATOMIC_RELEASE);
	call->answer(worker->owner, call->arg, reply);
	free(call);
}

/* Return: whether there may be more to read. */
static bool read_one(struct worker *worker)
{
	struct worker_reply reply;
	ssize_t got = recv(worker->socket, &reply, sizeof(reply), MSG_DONTWAIT | MSG_TRUNC);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got <= 0) {
		/* Its end: the exit tells the rest. */
		event_del(worker->readable);
		worker_kill(worker);
		return false;
	}
	if (got != sizeof(reply)) {
		worker_distrust(worker, "sent a reply of a wrong size");
		return false;
	}
	worker_take(worker, &reply);
	return !worker->broken;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;

	/* Bounded, so that a worker that floods does not hold the loop. */
	for (int i = 0; i < 32 && read_one(worker); i++)
		;
}

/* ---- commands ---- */

static int send_now(struct worker *worker, const void *bytes, size_t size, int fd)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = size };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	}
	for (;;) {
		if (sendmsg(worker->socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

static int send_later(struct worker *worker, const void *bytes, size_t size, int fd)
{
	struct outgoing *out = malloc(sizeof(*out) + size);

	if (!out)
		return -ENOMEM;
	out->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 10);
	if (fd >= 0 && out->fd < 0) {
		free(out);
		return -ENOMEM;
	}
	out->size = size;
	memcpy(out->bytes, bytes, size);
	STAILQ_INSERT_TAIL(&worker->outgoing, out, link);
	event_add(worker->writable, NULL);
	return 0;
}

static void outgoing_free(struct outgoing *out)
{
	if (out->fd >= 0)
		close(out->fd);
	free(out);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;
	struct outgoing *out;

	while ((out = STAILQ_FIRST(&worker->outgoing))) {
		int rc = send_now(worker, out->bytes, out->size, out->fd);

		if (rc == -EAGAIN) {
			event_add(worker->writable, NULL);
			return;
		}
		/* It is going, or must: what was not sent is never answered
		 * but by its exit. */
		if (rc)
			worker_kill(worker);
		STAILQ_REMOVE_HEAD(&worker->outgoing, link);
		outgoing_free(out);
	}
}

int worker_call(struct worker *worker, struct worker_command *command, int fd,
		worker_answer *answer, void *arg)
{
	size_t size = worker_command_size(command);
	struct call *call = malloc(sizeof(*call));
	int rc;

	if (!call)
		return -ENOMEM;
	command->seq = ++worker->seq;
	*call = (struct call){
		.seq = command->seq,
		/* A job is begun by an idle worker only, which is listening; one
		 * that is handed ahead has time until then. */
		.service = command->type != WORKER_RUN && command->type != WORKER_CONTINUE,
		.answer = answer,
		.arg = arg,
	};
	rc = STAILQ_EMPTY(&worker->outgoing) ? send_now(worker, command, size, fd) : -EAGAIN;
	if (rc == -EAGAIN)
		rc = send_later(worker, command, size, fd);
	if (rc == -ENOMEM) {
		free(call);
		return rc;
	}
	/* EPIPE and the like: it is going, or must; its exit answers the call. */
	if (rc)
		worker_kill(worker);
	TAILQ_INSERT_TAIL(&worker->calls, call, link);
	if (call->service && worker->services++ == 0)
		__atomic_fetch_or(&worker->page->attention, WORKER_ATTENTION_SERVICE,
				  __ATOMIC_RELEASE);
	return 0;
}

uint32_t worker_owes(const struct worker *worker)
{
	const struct call *call;

	if (!worker->ready)
		return UINT32_MAX;
	TAILQ_FOREACH(call, &worker->calls, link)
		if (call->service)
			return call->seq;
	return 0;
}

/* All but SERVICE in one store: bits and whom they are for go together.  Only
 * this thread writes the word. */
void worker_attention(struct worker *worker, uint32_t bits, uint32_t seq)
{
	uint32_t word = worker->page->attention & WORKER_ATTENTION_SERVICE;

	word |= bits | (bits ? seq << WORKER_ATTENTION_SHIFT : 0);
	__atomic_store_n(&worker->page->attention, word, __ATOMIC_RELEASE);
}

void worker_attention_clear(struct worker *worker)
{
	worker_attention(worker, 0, 0);
}

/* ---- the process ---- */

void worker_stop(struct worker *worker)
{
	if (!worker->stopped && worker->pidfd >= 0)
		pidfd_send_signal(worker->pidfd, SIGSTOP, NULL, 0);
	worker->stopped = true;
}

void worker_continue(struct worker *worker)
{
	if (worker->stopped && worker->pidfd >= 0)
		pidfd_send_signal(worker->pidfd, SIGCONT, NULL, 0);
	worker->stopped = false;
}

bool worker_stopped(const struct worker *worker)
{
	return worker->stopped;
}

void worker_kill(struct worker *worker)
{
	if (worker->pidfd >= 0)
		pidfd_send_signal(worker->pidfd, SIGKILL, NULL, 0);
}

bool worker_distrusted(const struct worker *worker)
{
	return worker->broken;
}

uint64_t worker_cpu_ns(const struct worker *worker)
{
	struct timespec had;
	clockid_t clock;

	/* Not reaped before pidfd is closed: the pid is still its own. */
	if (worker->pidfd < 0 || clock_getcpuclockid(worker->pid, &clock) || clock_gettime(clock, &had))
		return clock_now();
	return (uint64_t)had.tv_sec * 1000000000ull + (uint64_t)had.tv_nsec;
}

int worker_pid(const struct worker *worker)
{
	return (int)worker->pid;
}

static void drop_calls(struct worker *worker)
{
	struct call *call;

	while ((call = TAILQ_FIRST(&worker->calls))) {
		TAILQ_REMOVE(&worker->calls, call, link);
		call->answer(worker->owner, call->arg, NULL);
		free(call);
	}
}

static void on_exited(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;
	siginfo_t info = { 0 };
	char why[64];

	/* What it said before it died still counts, all of it: each reply that
	 * is believed ends a call, so this ends. */
	while (!worker->broken && read_one(worker))
		;
	if (waitid(P_PIDFD, (id_t)worker->pidfd, &info, WEXITED | WNOHANG) < 0 || !info.si_pid)
		return;
	event_del(worker->exited);
	event_del(worker->readable);
	event_del(worker->writable);
	close(worker->pidfd);
	worker->pidfd = -1;
	if (info.si_code == CLD_EXITED)
		snprintf(why, sizeof(why), "exit status %d", info.si_status);
	else
		snprintf(why, sizeof(why), "signal %d%s", info.si_status,
			 info.si_status == SIGSYS ? " (seccomp)" : "");
	drop_calls(worker);
	worker->events->gone(worker->owner, why);
}

static int worker_events_add(struct worker *worker, struct event_base *base)
{
	worker->readable = event_new(base, worker->socket, EV_READ | EV_PERSIST, on_readable, worker);
	worker->writable = event_new(base, worker->socket, EV_WRITE, on_writable, worker);
	worker->exited = event_new(base, worker->pidfd, EV_READ | EV_PERSIST, on_exited, worker);
	if (!worker->readable || !worker->writable || !worker->exited)
		return -ENOMEM;
	if (event_add(worker->readable, NULL) || event_add(worker->exited, NULL))
		return -ENOMEM;
	return 0;
}

static int worker_page_make(struct worker *worker)
{
	int fd = memfd_create("coproc-attention", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (ftruncate(fd, XENCOPROC_PAGE_SIZE) < 0)
		goto fail;
	worker->page = mmap(NULL, XENCOPROC_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (worker->page == MAP_FAILED)
		goto fail;
	/* From here on nobody gets a writable view of it but the one we have,
	 * and a shrunken page cannot make coprocd fault. */
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE |
				   F_SEAL_SEAL) < 0)
		goto fail;
	return fd;
fail:
	close(fd);
	return -1;
}

struct worker *worker_start(struct event_base *base, const struct worker_options *options,
			    const struct worker_events *events, void *owner)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int pair[2] = { -1, -1 }, page = -1, error;

	errno = 0;
	if (!worker)
		return NULL;
	*worker = (struct worker){ .events = events, .owner = owner, .pid = -1, .pidfd = -1,
				   .socket = -1, .page = MAP_FAILED };
	STAILQ_INIT(&worker->outgoing);
	TAILQ_INIT(&worker->calls);
	page = worker_page_make(worker);
	if (page < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		goto fail;
	worker->socket = pair[0];
	worker->pid = fork();
	if (worker->pid == 0)
		child(options, pair[1], page);
	if (worker->pid < 0)
		goto fail;
	worker->pidfd = pidfd_open(worker->pid, 0);
	if (worker->pidfd < 0 || worker_events_add(worker, base))
		goto fail;
	close(pair[1]);
	close(page);
	return worker;
fail:
	error = errno ? errno : ENOMEM;
	if (page >= 0)
		close(page);
	if (pair[1] >= 0)
		close(pair[1]);
	worker_free(worker);
	errno = error;
	return NULL;
}

void worker_free(struct worker *worker)
{
	struct outgoing *out;
	struct call *call;

	if (!worker)
		return;
	if (worker->pid > 0 && worker->pidfd >= 0) {
		worker_kill(worker);
		waitid(P_PIDFD, (id_t)worker->pidfd, &(siginfo_t){ 0 }, WEXITED);
		close(worker->pidfd);
	} else if (worker->pid > 0 && !worker->exited) {
		/* Started, and then no descriptor was left to hold it by. */
		kill(worker->pid, SIGKILL);
		waitpid(worker->pid, NULL, 0);
	}
	if (worker->readable)
		event_free(worker->readable);
	if (worker->writable)
		event_free(worker->writable);
	if (worker->exited)
		event_free(worker->exited);
	while ((out = STAILQ_FIRST(&worker->outgoing))) {
		STAILQ_REMOVE_HEAD(&worker->outgoing, link);
		outgoing_free(out);
	}
	while ((call = TAILQ_FIRST(&worker->calls))) {
		TAILQ_REMOVE(&worker->calls, call, link);
		free(call);
	}
	if (worker->page != MAP_FAILED)
		munmap(worker->page, XENCOPROC_PAGE_SIZE);
	if (worker->socket >= 0)
		close(worker->socket);
	free(worker);
}
