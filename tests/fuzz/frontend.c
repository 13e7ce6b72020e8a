/* SPDX-License-Identifier: MIT */
/*
 * Target "frontend": libcoproc in a program that uses all of it, against a
 * backend that does what the input says (peer.c), in virtual time.
 *
 * Input: flags, then what the program does, a byte and what it needs.  While
 * the library sleeps the bytes are the backend's.
 *
 * Oracles: each job that was submitted is reported exactly once, with its own
 * cookie, and after coproc_cancel_all() within the time that coproc.h says; no
 * call takes longer than its time-outs; at the end nothing is held.
 */
#include <errno.h>

#include "fuzz.h"
#include "peer.h"
#include "rim/front.h"
#include "frontend/user/coproc.h"

#define OBJECTS         4u
#define JOBS_MAX        4096u
#define SLOW_NS         (8 * RIM_SECOND)        /* longer than any of the time-outs together */
#define SLEEPS_MAX      20000u
#define CONNECT_MS      300u
#define CONTROL_MS      200u
#define CLOSE_MS        200u

struct job {
	struct coproc_queue *queue;     /* NULL: reported, or its queue is gone */
	uint64_t id;
};

static struct program {
	struct input in;
	bool serves;                    /* the backend does, where the input says nothing else */
	struct coproc_device *dev;
	struct coproc_context *context[OBJECTS];
	struct coproc_firmware *firmware[OBJECTS];
	struct coproc_buffer *buffer[OBJECTS];
	struct coproc_queue *queue[OBJECTS];
	struct job job[JOBS_MAX];
	uint32_t jobs;
} p;

static uint64_t began;
static uint32_t slept;

static bool turn(void)
{
	if (p.serves && peer_serve())
		return true;
	if (!p.in.left)
		return false;
	peer_act(&p.in);
	return true;
}

static void begin(void)
{
	began = rim_now;
	slept = front_sleeps();
}

/* No call hangs, and none spins. */
static void end(const char *what)
{
	if (rim_now - began > SLOW_NS)
		fuzz_bug("%s took %llu ms", what, (unsigned long long)(rim_now - began) / 1000000);
	if (front_sleeps() - slept > SLEEPS_MAX)
		fuzz_bug("%s slept %u times", what, front_sleeps() - slept);
}

#define CALL(what)                      \
	do {                            \
		begin();                \
		what;                   \
		end(#what);             \
	} while (0)

/* ---- jobs ---- */

static void reported(const struct coproc_queue *queue, const struct coproc_done *done)
{
	struct job *job = &p.job[done->cookie % JOBS_MAX];

	if (done->cookie >= p.jobs || job->id != done->job)
		fuzz_bug("job %llu was never submitted", (unsigned long long)done->job);
	if (!job->queue)
		fuzz_bug("job %llu is reported twice", (unsigned long long)done->job);
	if (job->queue != queue)
		fuzz_bug("job %llu is reported by another queue", (unsigned long long)done->job);
	job->queue = NULL;
}

static void read_done(struct coproc_queue *queue, int got, const struct coproc_done *done)
{
	for (int i = 0; i < got; i++)
		reported(queue, &done[i]);
}

static void submit(struct coproc_queue *queue, uint8_t how)
{
	struct coproc_piece piece[6];
	struct coproc_job job[8];
	uint64_t ids[8];
	uint32_t n = 1 + how % 8, pieces = (how >> 3) % 6;
	int got = 0;

	if (!queue || p.jobs + 8 > JOBS_MAX)
		return;
	memset(job, 0, sizeof(job));
	for (uint32_t i = 0; i < pieces; i++)
		piece[i] = (struct coproc_piece){ p.buffer[in_u8(&p.in) % OBJECTS], 1 + i % 3, i * 8, 64 };
	for (uint32_t i = 0; i < n; i++) {
		job[i].context = p.context[how >> 6];
		job[i].firmware = p.firmware[how >> 7];
		job[i].pieces = pieces ? piece : NULL;
		job[i].piece_count = pieces;
		job[i].immediate = i;
		job[i].cookie = p.jobs + i;
		job[i].flags = how & 0x20 ? COPROC_JOB_SIGNAL : 0;
		job[i].signal_value = how & 0x20 ? i : 0;
	}
	if (how & 0x10) {
		job[0].flags |= COPROC_JOB_WAIT;
		job[0].wait_context = p.context[0];
		job[0].wait_value = 1;
	}
	CALL(got = coproc_submit(queue, job, n, ids));
	for (int i = 0; i < got; i++)
		p.job[p.jobs + (uint32_t)i] = (struct job){ queue, ids[i] };
	if (got > 0)
		p.jobs += (uint32_t)got;
}

static void wait_one(uint8_t how)
{
	struct coproc_done done;
	struct job *job = p.jobs ? &p.job[in_u8(&p.in) % p.jobs] : NULL;
	struct coproc_queue *queue = job ? job->queue : NULL;
	int rc = -1;

	if (!queue)
		return;
	CALL(rc = coproc_wait(queue, job->id, how & 1 ? 50 : 0, &done));
	if (!rc) {
		fuzz_check(done.job == job->id);
		reported(queue, &done);
	}
}

static void close_queue(uint8_t n)
{
	struct coproc_queue **queue = &p.queue[n % OBJECTS];

	if (!*queue)
		return;
	CALL(coproc_queue_close(*queue));
	/* Its jobs are reported to nobody any more. */
	for (uint32_t i = 0; i < p.jobs; i++)
		if (p.job[i].queue == *queue)
			p.job[i].queue = NULL;
	*queue = NULL;
}

/* ---- objects ---- */

static void make(uint8_t what, uint8_t n)
{
	static const uint8_t image[64] = { 0x7f, 'E', 'L', 'F' };

	switch (what) {
	case 0:
		if (!p.context[n % OBJECTS])
			CALL(coproc_context_create(p.dev, &p.context[n % OBJECTS]));
		break;
	case 1:
		if (!p.firmware[n % OBJECTS])
			CALL(coproc_firmware_load(p.dev, image, 8u + n % 56, XENCOPROC_FW_KIND_ELF,
						  &p.firmware[n % OBJECTS]));
		break;
	case 2:
		if (!p.buffer[n % OBJECTS])
			CALL(coproc_buffer_create(p.dev, 1 + (size_t)n * 300, 1 + n % 3, &p.buffer[n % OBJECTS]));
		break;
	default:
		if (!p.queue[n % OBJECTS])
			CALL(coproc_queue_open_flags(p.dev, 1 + (n >> 2) % 3, n & 0x20 ? 32 : 0,
						     n & 0x10 ? COPROC_QUEUE_OWN_EVENT : 0, &p.queue[n % OBJECTS]));
	}
}

static void unmake(uint8_t what, uint8_t n)
{
	n %= OBJECTS;
	if (what == 0 && p.context[n]) {
		CALL(coproc_context_destroy(p.context[n]));
		p.context[n] = NULL;
	} else if (what == 1 && p.firmware[n]) {
		CALL(coproc_firmware_unload(p.firmware[n]));
		p.firmware[n] = NULL;
	} else if (what == 2 && p.buffer[n]) {
		CALL(coproc_buffer_destroy(p.buffer[n]));
		p.buffer[n] = NULL;
	} else if (what == 3) {
		close_queue(n);
	}
}

/* One of each, so that what follows has something to work with. */
static void furnish(void)
{
	for (uint8_t what = 0; what < 4; what++)
		make(what, what == 3 ? 0x24 : 4);
}

static void touch_buffers(void)
{
	for (uint32_t i = 0; i < OBJECTS; i++) {
		uint8_t *data = p.buffer[i] ? coproc_buffer_data(p.buffer[i]) : NULL;

		if (data)
			memset(data, (int)i, coproc_buffer_size(p.buffer[i]));
	}
}

static void ask(uint8_t how)
{
	struct coproc_info info;
	struct coproc_stats stats;
	uint64_t value;

	CALL(coproc_query(p.dev, 1 + how % 9, how % 9 == 1 ? (void *)p.queue[0] : how % 9 == 4 ?
			  (void *)p.buffer[0] : how % 9 == 5 ? (void *)p.firmware[0] : (void *)p.context[0], &value));
	coproc_info(p.dev, &info);
	coproc_stats(p.dev, &stats);
	fuzz_check(stats.completed <= stats.submitted && coproc_reason(p.dev) && coproc_lost_reason(p.dev));
	(void)coproc_state(p.dev);
	(void)coproc_refusal(p.dev);
	(void)coproc_refusal_detail(p.dev);
}

/* What is asked of a queue that is there. */
static void queue_step(struct coproc_queue *queue, uint8_t op, uint8_t n)
{
	struct coproc_done done[16];
	int got = 0;

	switch (op) {
	case 11:
		CALL(got = coproc_read(queue, done, 1 + n * 2u));
		read_done(queue, got, done);
		break;
	case 12:
		CALL(got = coproc_wait_any(queue, done, 16, n & 4 ? 0 : 20));
		read_done(queue, got, done);
		break;
	case 14:
		if (p.jobs)
			CALL(coproc_cancel(queue, p.job[in_u8(&p.in) % p.jobs].id));
		break;
	default:
		CALL(coproc_cancel_all(queue));
	}
}

static void device_step(uint8_t op, uint8_t n)
{
	struct coproc_context *context = p.context[n % OBJECTS];
	struct coproc_event event;

	switch (op) {
	case 16:
		while (coproc_read_event(p.dev, &event) > 0)
			;
		break;
	case 17:
		if (context)
			CALL(coproc_context_signal(context, in_u8(&p.in)));
		break;
	case 18:
		if (context)
			CALL(coproc_context_wait(context, in_u8(&p.in), 20));
		break;
	case 19:
		ask(in_u8(&p.in));
		break;
	case 20:
		CALL(coproc_settle(p.dev, 50));
		break;
	case 21:
		CALL(coproc_reconnect(p.dev));
		break;
	default:
		CALL(coproc_wait_connected(p.dev, 100));
	}
}

/* What happens around the program. */
static void rim_step(uint8_t op, uint8_t n)
{
	switch (op) {
	case 25:
		p.serves = n & 1;
		break;
	case 26:
		front_fail(in_u8(&p.in));
		break;
	case 27:
		rim_store_fail(in_u8(&p.in), n & 1 ? EAGAIN : n & 2 ? EIO : EACCES);
		break;
	case 28:
		rim_now += (1 + n) * (RIM_SECOND / 4);
		CALL(coproc_dispatch(p.dev));
		break;
	case 29:
	case 30:
		peer_act(&p.in);
		break;
	default:
		CALL(coproc_dispatch(p.dev));
	}
}

static void program_step(void)
{
	uint8_t byte = in_u8(&p.in), n = byte >> 5, op = byte & 31;
	struct coproc_queue *queue = p.queue[n % OBJECTS];

	if (op < 4)
		make(op, in_u8(&p.in));
	else if (op < 8)
		unmake(op & 3, n);
	else if (op < 11)
		submit(queue ? queue : p.queue[0], in_u8(&p.in));
	else if (op == 13)
		wait_one(n);
	else if (op < 16 && queue)
		queue_step(queue, op, n);
	else if (op < 16)
		return;
	else if (op < 23)
		device_step(op, n);
	else if (op == 23)
		furnish();
	else if (op == 24)
		touch_buffers();
	else
		rim_step(op, n);
}

static bool outstanding(const struct coproc_queue *queue)
{
	for (uint32_t i = 0; i < p.jobs; i++)
		if (p.job[i].queue == queue)
			return true;
	return false;
}

/* Reads while jobs are out, in so many calls at most. */
static void collect(struct coproc_queue *queue, uint32_t calls)
{
	struct coproc_done done[64];

	for (uint32_t i = 0; i < calls && outstanding(queue); i++) {
		int got = 0;

		CALL(got = coproc_wait_any(queue, done, 64, 400));
		read_done(queue, got, done);
	}
}

/*
 * Whatever the backend does, each job of a queue that is open is reported: by
 * itself, or when the program does not want to wait for it any more.  A backend
 * that lives may keep a job for as long as it likes, because others may use the
 * coprocessor that long; one that was told to cancel it may not.
 */
static void drain(void)
{
	struct coproc_info info;
	uint32_t patience;

	front_fail(0);
	rim_store_fail(0, 0);
	coproc_info(p.dev, &info);
	/* As coproc_cancel() promises, in calls of 400 ms, and a reconnection. */
	patience = (CONTROL_MS + info.max_run_limit_us / 1000 + 2 * CLOSE_MS + CONNECT_MS) / 400 + 8;
	for (uint32_t q = 0; q < OBJECTS; q++) {
		if (!p.queue[q])
			continue;
		collect(p.queue[q], 20);
		CALL(coproc_cancel_all(p.queue[q]));
		collect(p.queue[q], patience);
		for (uint32_t i = 0; i < p.jobs; i++)
			if (p.job[i].queue == p.queue[q])
				fuzz_bug("job %llu was cancelled and never reported",
					 (unsigned long long)p.job[i].id);
	}
}

static void close_device(uint8_t how)
{
	for (uint8_t i = 0; i < OBJECTS && how & 1; i++)
		for (uint8_t what = 0; what < 4; what++)
			unmake(what, i);
	CALL(coproc_close(p.dev, 300));
	if (front_held() || rim_store_held())
		fuzz_bug("after coproc_close() are left: %u of grants, ports, descriptors; %u of xenstore",
			 front_held(), rim_store_held());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct coproc_options options;
	struct coproc_listed list[2];
	char reason[200];
	uint8_t flags;
	int rc = -1;

	memset(&p, 0, sizeof(p));
	p.in = (struct input){ data, size };
	flags = in_u8(&p.in);
	p.serves = flags & 1;
	front_reset(turn);
	rim_store_reset();
	peer_reset(flags >> 5);
	coproc_options_init(&options);
	options.connect_timeout_ms = CONNECT_MS;
	options.control_timeout_ms = CONTROL_MS;
	options.load_timeout_ms = 200;
	options.wait_timeout_ms = 200;
	options.close_timeout_ms = CLOSE_MS;
	options.reconnect_timeout_ms = flags & 2 ? 500 : 0;
	options.flags = flags & 4 ? COPROC_OPEN_NOWAIT : 0;
	options.flags |= flags & 8 ? COPROC_OPEN_NO_RECONNECT : 0;
	options.name = flags & 16 ? "m4" : NULL;
	options.reason = reason;
	options.reason_size = sizeof(reason);
	coproc_list(list, 2);
	CALL(rc = coproc_open(&options, &p.dev));
	if (rc) {
		fuzz_check(rc < 0 && reason[0] && !front_held() && !rim_store_held());
		return 0;
	}
	while (p.in.left)
		program_step();
	drain();
	close_device(flags);
	return 0;
}
