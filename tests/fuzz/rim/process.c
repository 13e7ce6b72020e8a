/* SPDX-License-Identifier: MIT */
/* Worker processes: their lives, and their sockets.  engine.c is what runs in them. */
#include "real.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "process.h"

#define PROCESSES       64u             /* of one input */
#define FD_BASE(i)      (RIM_FD_FIRST + 8 * (int)(i))
#define FD_LAST         (FD_BASE(PROCESSES) - 1)

struct rim_engine rim_engine;
struct rim_process *rim_processes[PROCESSES];
uint32_t rim_process_count;
static struct rim_process pool[PROCESSES];
static bool dishonest[RIM_DOMAINS + 1];

void rim_process_reset(void)
{
	for (uint32_t i = 0; i < rim_process_count; i++) {
		for (uint32_t c = 0; c < WORKER_CONTEXTS_MAX; c++)
			free(rim_processes[i]->parked[c]);
	}
	rim_process_count = 0;
	memset(dishonest, 0, sizeof(dishonest));
	memset(&rim_engine, 0, sizeof(rim_engine));
	rim_descriptors_reset();
}

static struct rim_process *of_fd(int fd, int which)
{
	uint32_t i = (uint32_t)(fd - RIM_FD_FIRST) / 8;

	if (fd < RIM_FD_FIRST || fd > FD_LAST || (fd - RIM_FD_FIRST) % 8 != which || i >= rim_process_count)
		return NULL;
	return rim_processes[i];
}

enum { FD_SOCKET, FD_CHILD, FD_PID };

struct rim_process *rim_process_of(uint32_t domain)
{
	for (uint32_t i = rim_process_count; i > 0; i--)
		if (rim_processes[i - 1]->domain == domain && rim_processes[i - 1]->alive)
			return rim_processes[i - 1];
	return NULL;
}

bool rim_process_honest(uint32_t domain)
{
	return !dishonest[domain];
}

void rim_process_distrust(struct rim_process *p)
{
	p->honest = false;
	dishonest[p->domain] = true;
}

/* ---- life of a process ---- */

static uint32_t forking_for;    /* the domain that the process is to serve */

struct worker *__real_worker_start(struct event_base *base, const struct worker_options *options,
				   const struct worker_events *events, void *owner);
struct worker *__wrap_worker_start(struct event_base *base, const struct worker_options *options,
				   const struct worker_events *events, void *owner);

/* The child would read it from its arguments; the linker leads here. */
struct worker *__wrap_worker_start(struct event_base *base, const struct worker_options *options,
				   const struct worker_events *events, void *owner)
{
	forking_for = options->domain <= RIM_DOMAINS ? options->domain : 0;
	return __real_worker_start(base, options, events, owner);
}

int rim_socketpair(int domain, int type, int protocol, int pair[2])
{
	if (rim_refused())
		return -1;
	if (rim_process_count == PROCESSES) {
		errno = EMFILE;
		return -1;
	}
	pair[0] = rim_opened(FD_BASE(rim_process_count) + FD_SOCKET);
	pair[1] = rim_opened(FD_BASE(rim_process_count) + FD_CHILD);
	return 0;
}

/* The parent's side only: the child is played here. */
pid_t rim_fork(void)
{
	struct rim_process *p;

	if (rim_refused()) {
		errno = EAGAIN;
		return -1;
	}
	p = &pool[rim_process_count];
	memset(p, 0, offsetof(struct rim_process, orders));
	p->alive = true;
	p->honest = true;
	p->page = rim_last_page;
	p->domain = forking_for;
	rim_processes[rim_process_count++] = p;
	return (pid_t)(100000 + rim_process_count - 1);
}

int rim_pidfd_open(pid_t pid, unsigned int flags)
{
	if (rim_refused())
		return -1;
	return rim_opened(FD_BASE(pid - 100000) + FD_PID);
}

static void ended(struct rim_process *p, int code, int status)
{
	if (!p->alive)
		return;
	p->alive = false;
	p->running = false;
	p->code = code;
	p->status = status;
}

void rim_process_die(struct rim_process *p, int code, int status)
{
	rim_process_distrust(p);
	ended(p, code, status);
}

void rim_process_hang_up(struct rim_process *p)
{
	rim_process_distrust(p);
	p->hung_up = true;
}

static void signal_process(struct rim_process *p, int number)
{
	if (!p->alive)
		return;
	if (number == SIGKILL) {
		ended(p, CLD_KILLED, SIGKILL);
	} else if (number == SIGSTOP && !p->stopped) {
		if (p->running)
			p->ends = p->ends == NEVER ? NEVER : p->ends > rim_now ? p->ends - rim_now : 0;
		p->stopped = true;
	} else if (number == SIGCONT && p->stopped) {
		if (p->running && p->ends != NEVER)
			p->ends += rim_now;
		p->stopped = false;
	}
}

int rim_pidfd_send_signal(int fd, int number, siginfo_t *info, unsigned int flags)
{
	struct rim_process *p = of_fd(fd, FD_PID);

	if (!p)
		fuzz_bug("a signal to nobody");
	signal_process(p, number);
	return 0;
}

int rim_kill(pid_t pid, int number)
{
	signal_process(rim_processes[pid - 100000], number);
	return 0;
}

int rim_waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	struct rim_process *p = of_fd((int)id, FD_PID);

	if (!p || p->reaped) {
		errno = ECHILD;
		return -1;
	}
	if (p->alive) {
		if (!(options & WNOHANG))
			fuzz_bug("waits for a process that lives on");
		info->si_pid = 0;
		return 0;
	}
	p->reaped = true;
	info->si_pid = 1;
	info->si_code = p->code;
	info->si_status = p->status;
	return 0;
}

pid_t rim_waitpid(pid_t pid, int *status, int options)
{
	rim_processes[pid - 100000]->reaped = true;
	return pid;
}

uint32_t rim_processes_held(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < rim_process_count; i++)
		n += !rim_processes[i]->reaped;
	return n;
}

/* ---- the socket ---- */

static void take_order(const struct worker_command *c, struct order *o)
{
	memset(o, 0, sizeof(*o));
	o->type = c->type;
	o->seq = c->seq;
	switch (c->type) {
	case WORKER_MAP:
		o->object = c->u.map.buffer;
		o->other = c->u.map.first + c->u.map.count == c->u.map.pages;
		break;
	case WORKER_UNMAP:
	case WORKER_LOAD:
	case WORKER_UNLOAD:
		o->object = c->u.unmap.buffer;
		break;
	case WORKER_RUN:
		o->object = c->u.run.context;
		o->other = c->u.run.firmware;
		o->immediate = c->u.run.immediate;
		o->operands = c->u.run.operands;
		for (uint32_t i = 0; i < c->u.run.operands && i < WORKER_OPERANDS_MAX; i++)
			o->buffer[i] = (uint16_t)c->u.run.operand[i].buffer;
		break;
	default:
		o->object = c->u.ctx.context;
	}
}

static void check_form(const struct worker_command *c, size_t size, bool fd)
{
	if (c->type < WORKER_MAP || c->type > WORKER_PING || size != worker_command_size(c))
		fuzz_bug("command %u of %zu bytes", c->type, size);
	if (c->type == WORKER_MAP &&
	    (c->u.map.buffer >= WORKER_BUFFERS_MAX || !c->u.map.count ||
	     c->u.map.count > WORKER_MAP_REFS || c->u.map.first + c->u.map.count > c->u.map.pages ||
	     c->u.map.access < 1 || c->u.map.access > 3))
		fuzz_bug("MAP of buffer %u: %u of %u pages", c->u.map.buffer, c->u.map.count, c->u.map.pages);
	if (c->type == WORKER_RUN && c->u.run.operands > WORKER_OPERANDS_MAX)
		fuzz_bug("RUN with %u operands", c->u.run.operands);
	if (fd != (c->type == WORKER_LOAD || (c->type == WORKER_CTX_CREATE && rim_engine.bank_bytes)))
		fuzz_bug("command %u %s a descriptor", c->type, fd ? "with" : "without");
}

ssize_t rim_sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct rim_process *p = of_fd(fd, FD_SOCKET);
	const struct worker_command *c = message->msg_iov[0].iov_base;
	size_t size = message->msg_iov[0].iov_len;
	uint32_t room = rim_engine.room ? rim_engine.room : COMMANDS;

	if (!p)
		fuzz_bug("a command to nobody");
	check_form(c, size, message->msg_controllen > 0);
	errno = EPIPE;
	if (!p->alive || p->hung_up)
		return -1;
	errno = EAGAIN;
	if (p->count >= room || p->count >= COMMANDS)
		return -1;
	take_order(c, &p->orders[(p->first + p->count++) % COMMANDS]);
	return (ssize_t)size;
}

ssize_t rim_recv(int fd, void *to, size_t room, int flags)
{
	struct rim_process *p = of_fd(fd, FD_SOCKET);
	struct reply *r;

	if (!p)
		fuzz_bug("reads from nobody");
	if (!p->reply_count) {
		errno = EAGAIN;
		return p->alive && !p->hung_up ? -1 : 0;
	}
	r = &p->replies[p->reply_first];
	p->reply_first = (p->reply_first + 1) % REPLIES;
	p->reply_count--;
	memcpy(to, &r->r, r->size < room ? r->size : room);
	return (ssize_t)r->size;
}

bool rim_fd_readable(int fd)
{
	struct rim_process *p;

	if (fd == RIM_FD_STORE)
		return rim_store_ready();
	if (fd == RIM_FD_EVTCHN)
		return rim_evtchn_ready();
	if ((p = of_fd(fd, FD_SOCKET)))
		return p->reply_count || !p->alive || p->hung_up;
	p = of_fd(fd, FD_PID);
	return p && !p->alive && !p->reaped;
}

bool rim_fd_writable(int fd)
{
	struct rim_process *p = of_fd(fd, FD_SOCKET);

	return p && (!p->alive || p->hung_up || p->count < (rim_engine.room ? rim_engine.room : COMMANDS));
}

void rim_process_say(struct rim_process *p, const void *bytes, size_t size)
{
	struct reply *r = &p->replies[(p->reply_first + p->reply_count) % REPLIES];

	if (p->reply_count == REPLIES || !p->alive)
		return;
	p->reply_count++;
	r->size = size;
	memset(&r->r, 0, sizeof(r->r));
	memcpy(&r->r, bytes, size < sizeof(r->r) ? size : sizeof(r->r));
}

void rim_check_empty(void)
{
	if (rim_mappings_held())
		fuzz_bug("%u mappings of grants are left", rim_mappings_held());
	if (rim_ports_held())
		fuzz_bug("%u event channels are left", rim_ports_held());
	if (rim_events_held())
		fuzz_bug("%u events of the loop are left", rim_events_held());
	if (rim_processes_held())
		fuzz_bug("%u processes are left", rim_processes_held());
	if (rim_store_held())
		fuzz_bug("%u handles and watches of xenstore are left", rim_store_held());
	if (rim_descriptors_held())
		fuzz_bug("%u descriptors or mappings are left", rim_descriptors_held());
}
