/* SPDX-License-Identifier: MIT */
/*
 * Worker processes.  Played honestly they are an engine that takes each image
 * and ends a job with its immediate; what coprocd tells them is checked by
 * engines/wire.h, because a real engine rests on it: objects made before they
 * are used, none taken away from a job, one job on the coprocessor at a time.
 * The input can speak in their place; then nothing of that holds any more.
 */
#include "real.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../fuzz.h"
#include "backend/worker.h"
#include "rim.h"

#define PROCESSES       64u             /* of one input */
#define COMMANDS        200u
#define REPLIES         256u
#define FD_BASE(i)      (RIM_FD_FIRST + 8 * (int)(i))
#define FD_LAST         (FD_BASE(PROCESSES) - 1)
#define NOBODY          UINT32_MAX
#define NEVER           UINT64_MAX

/* Of a command what the answer needs. */
struct order {
	uint32_t type, seq, object, other, operands;
	uint64_t immediate;
	uint16_t buffer[WORKER_OPERANDS_MAX];
};

struct reply {
	size_t size;
	struct worker_reply r;
};

struct rim_process {
	uint32_t domain;
	bool alive, reaped, stopped, hung_up, honest;
	int code, status;
	struct worker_page *page;
	uint32_t first, count;          /* orders not taken yet */
	uint32_t reply_first, reply_count;
	/* what an honest engine knows */
	bool context[WORKER_CONTEXTS_MAX], firmware[WORKER_FIRMWARE_MAX];
	bool buffer[WORKER_BUFFERS_MAX];
	struct order *parked[WORKER_CONTEXTS_MAX];
	uint64_t left[WORKER_CONTEXTS_MAX];     /* of a parked job, nanoseconds */
	uint32_t mapped;                /* pages told of the buffer under way */
	bool greeted, running;
	struct order job;
	uint64_t ends;
	struct order orders[COMMANDS];  /* from here on not cleared */
	struct reply replies[REPLIES];
};

struct rim_engine rim_engine;
static struct rim_process pool[PROCESSES], *processes[PROCESSES];
static uint32_t process_count;
static bool dishonest[RIM_DOMAINS + 1];
static void *last_page;
static int next_pair;
static uint32_t descriptors, fail_descriptor, mappings;

void rim_process_reset(void)
{
	for (uint32_t i = 0; i < process_count; i++) {
		for (uint32_t c = 0; c < WORKER_CONTEXTS_MAX; c++)
			free(processes[i]->parked[c]);
	}
	process_count = 0;
	memset(dishonest, 0, sizeof(dishonest));
	memset(&rim_engine, 0, sizeof(rim_engine));
	descriptors = fail_descriptor = mappings = 0;
}

static struct rim_process *of_fd(int fd, int which)
{
	uint32_t i = (uint32_t)(fd - RIM_FD_FIRST) / 8;

	if (fd < RIM_FD_FIRST || fd > FD_LAST || (fd - RIM_FD_FIRST) % 8 != which || i >= process_count)
		return NULL;
	return processes[i];
}

enum { FD_SOCKET, FD_CHILD, FD_PID };

struct rim_process *rim_process_of(uint32_t domain)
{
	for (uint32_t i = process_count; i > 0; i--)
		if (processes[i - 1]->domain == domain && processes[i - 1]->alive)
			return processes[i - 1];
	return NULL;
}

bool rim_process_honest(uint32_t domain)
{
	return !dishonest[domain];
}

static void distrust(struct rim_process *p)
{
	p->honest = false;
	dishonest[p->domain] = true;
}

/* ---- descriptors ---- */

void rim_fail_descriptors(uint32_t nth)
{
	fail_descriptor = nth;
}

static bool refuse(void)
{
	if (!fail_descriptor || --fail_descriptor)
		return false;
	errno = EMFILE;
	return true;
}

uint32_t rim_descriptors_held(void)
{
	return descriptors + mappings;
}

static int opened(int fd)
{
	descriptors += fd >= 0;
	return fd;
}

int rim_memfd_create(const char *name, unsigned int flags)
{
	return refuse() ? -1 : opened(memfd_create(name, flags));
}

int rim_fcntl(int fd, int what, ...)
{
	va_list args;
	int value;

	va_start(args, what);
	value = va_arg(args, int);
	va_end(args);
	if (fd >= RIM_FD_STORE)
		return 0;
	if (what != F_DUPFD && what != F_DUPFD_CLOEXEC)
		return fcntl(fd, what, value);
	return refuse() ? -1 : opened(fcntl(fd, what, value));
}

int rim_access(const char *path, int mode)
{
	return 0;
}

/* Only the log writes.  What it says of others is quoted: one line, no control. */
ssize_t rim_write(int fd, const void *bytes, size_t size)
{
	const char *at = bytes;

	if (getenv("FUZZ_LOG"))
		dprintf(2, "%.*s", (int)size, at);
	for (size_t i = 0; i + 1 < size; i++)
		if ((uint8_t)at[i] < ' ' || at[i] == 0x7f)
			fuzz_bug("a control character in the log: %.*s", (int)size, at);
	return (ssize_t)size;
}

int rim_close(int fd)
{
	descriptors--;
	if (fd >= RIM_FD_STORE)
		return 0;
	if (close(fd))
		fuzz_bug("closed a descriptor that is not open");
	return 0;
}

void *rim_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	void *got;

	if (refuse())
		return MAP_FAILED;
	got = mmap(at, size, prot, flags, fd, offset);
	if (got != MAP_FAILED)
		mappings++;
	last_page = got;
	return got;
}

int rim_munmap(void *at, size_t size)
{
	mappings--;
	return munmap(at, size);
}

int rim_socketpair(int domain, int type, int protocol, int pair[2])
{
	if (refuse())
		return -1;
	next_pair = FD_BASE(process_count);
	if (process_count == PROCESSES) {
		errno = EMFILE;
		return -1;
	}
	pair[0] = next_pair + FD_SOCKET;
	pair[1] = next_pair + FD_CHILD;
	descriptors += 2;
	return 0;
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

/* The parent's side only: the child is played here. */
pid_t rim_fork(void)
{
	struct rim_process *p;

	if (refuse()) {
		errno = EAGAIN;
		return -1;
	}
	p = &pool[process_count];
	memset(p, 0, offsetof(struct rim_process, orders));
	p->alive = true;
	p->honest = true;
	p->page = last_page;
	p->domain = forking_for;
	processes[process_count++] = p;
	return (pid_t)(100000 + process_count - 1);
}

int rim_pidfd_open(pid_t pid, unsigned int flags)
{
	if (refuse())
		return -1;
	descriptors++;
	return FD_BASE(pid - 100000) + FD_PID;
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
	distrust(p);
	ended(p, code, status);
}

void rim_process_hang_up(struct rim_process *p)
{
	distrust(p);
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
	signal_process(processes[pid - 100000], number);
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
	processes[pid - 100000]->reaped = true;
	return pid;
}

uint32_t rim_processes_held(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < process_count; i++)
		n += !processes[i]->reaped;
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

/* ---- an honest engine ---- */

static void reply(struct rim_process *p, uint32_t seq, uint32_t outcome, uint32_t status,
		  uint32_t flags, uint64_t result)
{
	struct worker_reply r = { .seq = seq, .outcome = outcome, .status = status, .flags = flags,
				  .result = result };

	rim_process_say(p, &r, sizeof(r));
}

void rim_process_answer(struct rim_process *p, uint32_t nth, uint32_t outcome, uint32_t status,
			uint32_t flags, uint64_t result)
{
	struct order *o;

	distrust(p);
	if (p->running && nth & 1) {
		reply(p, p->job.seq, outcome, status, flags, result);
		p->running = false;
		return;
	}
	if (!p->count)
		return;
	o = &p->orders[p->first];
	p->first = (p->first + 1) % COMMANDS;
	p->count--;
	reply(p, o->seq, outcome, status, flags, result);
}

static void greet(struct rim_process *p)
{
	struct worker_reply hello = { .outcome = WORKER_HELLO };

	hello.u.hello.wire_version = WORKER_WIRE_VERSION;
	hello.u.hello.preemption = rim_engine.preemption;
	hello.u.hello.kinds = rim_engine.kinds;
	hello.u.hello.can_yield = rim_engine.can_yield;
	hello.u.hello.bank_bytes = rim_engine.bank_bytes;
	memcpy(hello.u.hello.kind, "null", 5);
	p->greeted = true;
	rim_process_say(p, &hello, sizeof(hello));
}

static bool names(const struct order *job, uint32_t buffer)
{
	for (uint32_t i = 0; i < job->operands; i++)
		if (job->buffer[i] == buffer)
			return true;
	return false;
}

/* Whether a job that has started and not ended uses it. */
static bool in_use(const struct rim_process *p, bool firmware, uint32_t object)
{
	if (p->running && (firmware ? p->job.other == object : names(&p->job, object)))
		return true;
	for (uint32_t c = 0; c < WORKER_CONTEXTS_MAX; c++)
		if (p->parked[c] && (firmware ? p->parked[c]->other == object : names(p->parked[c], object)))
			return true;
	return false;
}

static void need(const struct rim_process *p, bool what, const char *text, const struct order *o)
{
	if (p->honest && !what)
		fuzz_bug("domain %u: %s (command %u, object %u)", p->domain, text, o->type, o->object);
}

/* B-JOB-4 and the coprocessor itself: nobody else's job runs at this time. */
static void need_alone(const struct rim_process *p, const struct order *o)
{
	need(p, !p->running, "a job is begun while another runs", o);
	for (uint32_t i = 0; i < process_count; i++) {
		const struct rim_process *other = processes[i];

		if (other != p && other->honest && other->alive && other->running && !other->stopped)
			need(p, false, "two jobs on the coprocessor", o);
	}
}

static uint64_t duration(uint64_t immediate)
{
	return immediate & 0x8000 ? NEVER : (immediate & 0x7fff) * 1000;
}

static void start(struct rim_process *p, const struct order *o, uint64_t left)
{
	p->running = true;
	p->job = *o;
	p->ends = left == NEVER ? NEVER : rim_now + left;
}

static void do_run(struct rim_process *p, const struct order *o)
{
	need_alone(p, o);
	need(p, o->object < WORKER_CONTEXTS_MAX && p->context[o->object], "RUN in no context", o);
	need(p, !p->parked[o->object % WORKER_CONTEXTS_MAX], "RUN where a job is parked", o);
	need(p, o->other < WORKER_FIRMWARE_MAX && p->firmware[o->other], "RUN of no firmware", o);
	for (uint32_t i = 0; i < o->operands; i++)
		need(p, o->buffer[i] < WORKER_BUFFERS_MAX && p->buffer[o->buffer[i]],
		     "RUN with a buffer that is not mapped", o);
	start(p, o, duration(o->immediate));
}

static void do_continue(struct rim_process *p, const struct order *o)
{
	struct order *job = p->parked[o->object % WORKER_CONTEXTS_MAX];
	uint64_t left = p->left[o->object % WORKER_CONTEXTS_MAX];

	need_alone(p, o);
	need(p, job != NULL, "CONTINUE of nothing", o);
	if (!job) {
		reply(p, o->seq, WORKER_DONE, XENCOPROC_BAD_OBJECT, 0, 0);
		return;
	}
	job->seq = o->seq;
	start(p, job, left);
	free(job);
	p->parked[o->object % WORKER_CONTEXTS_MAX] = NULL;
}

static void forget_parked(struct rim_process *p, uint32_t context)
{
	free(p->parked[context]);
	p->parked[context] = NULL;
}

/* Return: the status of the answer. */
static uint32_t obey(struct rim_process *p, const struct order *o)
{
	bool *object;

	switch (o->type) {
	case WORKER_MAP:
		need(p, !p->buffer[o->object], "MAP of what is mapped", o);
		if (o->other)
			p->buffer[o->object] = true;
		return XENCOPROC_OK;
	case WORKER_UNMAP:
		object = &p->buffer[o->object % WORKER_BUFFERS_MAX];
		need(p, !in_use(p, false, o->object), "UNMAP under a job", o);
		break;
	case WORKER_LOAD:
		need(p, !p->firmware[o->object % WORKER_FIRMWARE_MAX], "LOAD of what is loaded", o);
		p->firmware[o->object % WORKER_FIRMWARE_MAX] = true;
		return XENCOPROC_OK;
	case WORKER_UNLOAD:
		object = &p->firmware[o->object % WORKER_FIRMWARE_MAX];
		need(p, !in_use(p, true, o->object), "UNLOAD under a job", o);
		break;
	case WORKER_CTX_CREATE:
		need(p, !p->context[o->object % WORKER_CONTEXTS_MAX], "CTX_CREATE of what exists", o);
		p->context[o->object % WORKER_CONTEXTS_MAX] = true;
		return XENCOPROC_OK;
	case WORKER_CTX_DESTROY:
		object = &p->context[o->object % WORKER_CONTEXTS_MAX];
		need(p, !(p->running && p->job.object == o->object), "CTX_DESTROY under a job", o);
		forget_parked(p, o->object % WORKER_CONTEXTS_MAX);
		break;
	case WORKER_ABORT:
		need(p, p->parked[o->object % WORKER_CONTEXTS_MAX] != NULL, "ABORT of nothing", o);
		forget_parked(p, o->object % WORKER_CONTEXTS_MAX);
		return XENCOPROC_OK;
	default:
		return XENCOPROC_OK;
	}
	need(p, *object, "the end of what is not there", o);
	*object = false;
	return XENCOPROC_OK;
}

static bool do_orders(struct rim_process *p)
{
	bool moved = false;

	while (p->count) {
		struct order *o = &p->orders[p->first];

		/* While a job runs only those that came with SERVICE are looked at. */
		if (p->running && (!rim_engine.can_yield || o->type == WORKER_RUN || o->type == WORKER_CONTINUE ||
				   !(p->page->attention & WORKER_ATTENTION_SERVICE))) {
			if (o->type == WORKER_RUN || o->type == WORKER_CONTINUE)
				need_alone(p, o);
			break;
		}
		p->first = (p->first + 1) % COMMANDS;
		p->count--;
		moved = true;
		if (o->type == WORKER_RUN)
			do_run(p, o);
		else if (o->type == WORKER_CONTINUE)
			do_continue(p, o);
		else
			reply(p, o->seq, WORKER_DONE, obey(p, o), 0, 0);
	}
	return moved;
}

static bool do_job(struct rim_process *p)
{
	uint32_t attention = p->page->attention;
	uint32_t context = p->job.object % WORKER_CONTEXTS_MAX;

	if (!p->running)
		return false;
	if (p->ends <= rim_now) {
		/* Some of the immediates are jobs that do not end well. */
		uint32_t how = (uint32_t)(p->job.immediate >> 16) & 3;

		p->running = false;
		reply(p, p->job.seq, WORKER_DONE, how == 1 ? XENCOPROC_FAULT : how == 2 ? XENCOPROC_FAILED :
		      XENCOPROC_OK, how == 3 ? WORKER_REPLY_CONTEXT_RESET : 0, p->job.immediate);
		return true;
	}
	if (!rim_engine.can_yield)
		return false;
	if (attention & WORKER_ATTENTION_ABORT) {
		p->running = false;
		reply(p, p->job.seq, WORKER_ABORTED, XENCOPROC_OK, WORKER_REPLY_CONTEXT_RESET, 0);
		return true;
	}
	if (attention & WORKER_ATTENTION_PARK) {
		p->running = false;
		p->parked[context] = malloc(sizeof(p->job));
		if (!p->parked[context])
			abort();
		*p->parked[context] = p->job;
		p->left[context] = p->ends == NEVER ? NEVER : p->ends - rim_now;
		reply(p, p->job.seq, WORKER_PARKED, XENCOPROC_OK, 0, 0);
		return true;
	}
	return false;
}

bool rim_process_work(void)
{
	bool moved = false;

	for (uint32_t i = 0; i < process_count; i++) {
		struct rim_process *p = processes[i];

		if (!p->alive || p->stopped || p->hung_up || rim_engine.mute)
			continue;
		if (!p->greeted) {
			greet(p);
			moved = true;
		}
		moved |= do_job(p);
		moved |= do_orders(p);
	}
	return moved;
}

uint64_t rim_process_next(void)
{
	uint64_t next = NEVER;

	for (uint32_t i = 0; i < process_count && !rim_engine.mute; i++) {
		const struct rim_process *p = processes[i];

		if (p->alive && !p->stopped && !p->hung_up && p->running && p->ends < next)
			next = p->ends;
	}
	return next;
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
