/* SPDX-License-Identifier: MIT */
/*
 * What is legal in each of its parts: pages that are two things at once, objects
 * that end in the batch that uses them, jobs that wait for themselves, nodes that
 * are something else.  After each the guest's own jobs are exact, or its connection
 * is let go of; coprocd and the neighbour notice nothing (attacks.sh).
 */
#include "attack.h"

static const char *work;

static void begin(void)
{
	connect_();
	load(work);
	raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL);
}

/* Return: whether a job on queue 1 ends as an honest one does. */
static bool exact(void)
{
	struct coproc_request job = raw_job(1, 0, WORK_CHAIN, 1000);
	struct coproc_completion done;

	return raw_send(&raw, 1, &job) >= 0 && raw_take(&raw, 1, &done) && done.id == job.id &&
	       done.status == XENCOPROC_OK && done.result >> 32 == 1000;
}

static void let_go(const char *id, const char *what, bool good)
{
	bool gone = raw_disconnect(&raw);

	check(good && gone, "%s: %s", id, what);
}

static unsigned int register_refs(uint32_t buffer, const uint32_t *refs, uint32_t pages, uint32_t access,
				  uint32_t **directory)
{
	struct coproc_request r = raw_request(XENCOPROC_OP_BUF_REGISTER);

	*directory = raw_share(&raw, 1, &r.u.buf_register.dir_ref[0], true);
	memset(*directory, 0xff, 4096);
	memcpy(*directory, refs, pages * 4);
	r.u.buf_register.buffer = buffer;
	r.u.buf_register.pages = pages;
	r.u.buf_register.access = access;
	r.u.buf_register.dirs = 1;
	return raw_ask(&raw, &r);
}

/* A page of its own, as memory that jobs write. */
static bool written_by_a_job(uint32_t ref)
{
	struct coproc_request job = raw_job(0, 0, WORK_SCALE, 0x01010101);
	struct coproc_completion done;
	uint32_t *directory;

	if (register_refs(5, &ref, 1, 3, &directory))
		return false;
	job.u.job.operands = 2;
	job.u.job.operand[0] = (struct coproc_operand){ 0, XENCOPROC_ACCESS_READ, 0, 4096 };
	job.u.job.operand[1] = (struct coproc_operand){ 5, XENCOPROC_ACCESS_WRITE, 0, 4096 };
	raw_send(&raw, 1, &job);
	/* Its completion may be what was written over. */
	for (int i = 0; i < 2000 && coproc_client_take(&raw.queue[1].ring, &done) == 0; i++)
		usleep(200);
	return true;
}

static void two_things(void)
{
	struct coproc_request r;
	unsigned int status;
	bool good;

	begin();
	good = written_by_a_job(raw.queue[1].cq_ref);
	let_go("F14", "a job writes over its own completions", good);
	begin();
	good = written_by_a_job(raw.be_ref);
	let_go("F14", "a job writes over the backend's index page", good);
	begin();
	good = written_by_a_job(raw.events_ref);
	let_go("F14", "a job writes over the event ring", good && exact());
	begin();
	r = raw_request(XENCOPROC_OP_QUEUE_OPEN);
	r.u.queue_open.queue = 2;
	r.u.queue_open.qclass = XENCOPROC_CLASS_NORMAL;
	r.u.queue_open.order = XENCOPROC_ORDER_MIN;
	r.u.queue_open.sq_ref[0] = raw.queue[1].sq_ref;
	r.u.queue_open.cq_ref[0] = raw.queue[1].cq_ref;
	status = raw_ask(&raw, &r);
	good = status == XENCOPROC_OK || status == XENCOPROC_BAD_GRANT;
	set(&sq_cell(2)->index, 7);     /* whatever lies there: those of queue 1 */
	let_go("F2", "two queues in the same pages", good);
	begin();
	r.u.queue_open.sq_ref[0] = raw.queue[0].sq_ref;
	r.u.queue_open.cq_ref[0] = raw.be_ref;
	status = raw_ask(&raw, &r);
	set(&sq_cell(2)->index, 32);
	let_go("F2", "a queue whose completions are the index page",
	       status == XENCOPROC_OK || status == XENCOPROC_BAD_GRANT || status == 0xffff);
	begin();
	r.u.queue_open.sq_ref[0] = raw.queue[1].sq_ref;
	r.u.queue_open.cq_ref[0] = raw.queue[1].cq_ref;
	r.u.queue_open.event_channel = (uint32_t)raw.port;
	status = raw_ask(&raw, &r);
	let_go("F7", "a queue whose port is in use already", status == XENCOPROC_BAD_GRANT && exact());
}

/* The image, and the directory, are written over when they were taken. */
static void afterwards(void)
{
	uint32_t refs[64], own, *directory;
	uint8_t digest[32];
	struct coproc_request unload;
	unsigned int good = 0;
	uint32_t n, pages;
	const uint8_t *bytes;
	uint8_t *at;

	begin();
	bytes = image(work, &n, digest);
	pages = (n + 4095) / 4096;
	at = raw_share(&raw, pages, refs, true);
	memcpy(at, bytes, n);
	good += register_refs(6, refs, pages, 3, &directory) == XENCOPROC_OK;
	good += raw_firmware(&raw, 1, 6, n, digest) == XENCOPROC_OK;
	memset(at, 0xee, n);
	unload = raw_request(XENCOPROC_OP_FW_UNLOAD);
	good += raw_ask(&raw, &unload) == XENCOPROC_OK;
	for (int i = 0; i < 10; i++) {
		struct coproc_request job = raw_job(0, 1, WORK_CHAIN, 1000);
		struct coproc_completion done;

		raw_send(&raw, 1, &job);
		good += raw_take(&raw, 1, &done) && done.status == XENCOPROC_OK && done.result >> 32 == 1000;
	}
	let_go("F18", "an image written over after it was taken runs as it was", good == 13);
	begin();
	raw_share(&raw, 1, &own, true);
	for (int i = 0; i < 64; i++)
		refs[i] = own;
	good = register_refs(6, refs, 64, 3, &directory) == XENCOPROC_OK;
	memset(directory, 0x77, 4096);
	let_go("F1", "64 times the same page, and its directory written over", good && exact());
}

/* Requests of both queues that end what the others of the batch use. */
static void one_batch(void)
{
	static const unsigned int ends[] = {
		XENCOPROC_OP_BUF_RELEASE, XENCOPROC_OP_FW_UNLOAD, XENCOPROC_OP_CTX_DESTROY,
		XENCOPROC_OP_QUEUE_CLOSE,
	};
	unsigned int answers = 0, tried = 0;

	for (unsigned int e = 0; e < sizeof(ends) / sizeof(ends[0]); e++)
		for (int twice = 1; twice <= 2; twice++) {
			struct coproc_request end_ = raw_request(ends[e]);
			struct coproc_completion done;
			unsigned int took = 0;

			begin();
			if (ends[e] == XENCOPROC_OP_QUEUE_CLOSE)
				end_.u.queue_close.queue = 1;
			for (int i = 0; i < 8; i++) {
				struct coproc_request job = raw_job(0, 0, WORK_FOREVER, 0);

				job.u.job.run_limit_us = 2000;
				job.u.job.operands = 1;
				job.u.job.operand[0] = (struct coproc_operand){ 0, XENCOPROC_ACCESS_READ, 0, 64 };
				coproc_client_put(&raw.queue[1].ring, &job);
			}
			for (int i = 0; i < twice; i++)
				coproc_client_put(&raw.queue[0].ring, &end_);
			coproc_client_publish(&raw.queue[1].ring);
			coproc_client_publish(&raw.queue[0].ring);
			raw_notify(&raw);
			for (int i = 0; i < twice; i++)
				took += raw_take(&raw, 0, &done);
			for (int i = 0; i < 8; i++)
				took += raw_take(&raw, 1, &done);
			tried++;
			answers += took == 8u + (unsigned int)twice && raw_backend(&raw) == 4;
			raw_disconnect(&raw);
		}
	check(answers == tried, "F13: what jobs use is ended in the batch that submits them, once or twice: "
	      "each request has its answer (%u of %u)", answers, tried);
}

/* Jobs that wait for themselves, and for each other. */
static void waits(void)
{
	struct coproc_request close_ = raw_request(XENCOPROC_OP_QUEUE_CLOSE);
	struct coproc_completion done;
	unsigned int ended = 0, ok = 0;

	begin();
	for (uint32_t i = 0; i < 16; i++) {
		struct coproc_request job = raw_job(i % 2, 0, WORK_CHAIN, 10);

		job.flags = XENCOPROC_JOB_F_WAIT | XENCOPROC_JOB_F_SIGNAL;
		job.u.job.wait_context = i % 4 < 2 ? i % 2 : 1 - i % 2;
		job.u.job.wait_value = i + 1;
		job.u.job.signal_value = i + 1;
		job.u.job.start_limit_us = 0xffffffff;
		raw_send(&raw, 1, &job);
	}
	raw_queue_open(&raw, 2, XENCOPROC_CLASS_NORMAL);
	close_.u.queue_close.queue = 1;
	raw_ask(&raw, &close_);
	/* The end of one, signalled all the same, may be what another waited for. */
	for (int i = 0; i < 16; i++)
		if (raw_take(&raw, 1, &done)) {
			ended += done.status == XENCOPROC_CANCELLED || done.status == XENCOPROC_OK;
			ok += done.status == XENCOPROC_OK;
		}
	let_go("F16", "sixteen jobs that wait for themselves and each other end with their queue",
	       ended == 16 && ok < 16);
}

/* Grants and the port end under a job that runs. */
static void pulled(void)
{
	struct coproc_request job = raw_job(0, 0, WORK_FOREVER, 0);
	struct coproc_completion done;
	bool good;
	void *at;

	begin();
	raw_buffer(&raw, 5, 64, 3, &at);
	job.u.job.run_limit_us = 50000;
	job.u.job.operands = 1;
	job.u.job.operand[0] = (struct coproc_operand){ 5, 3, 0, 64 * 4096 };
	raw_send(&raw, 1, &job);
	raw_unshare(&raw, at, 64);
	xenevtchn_unbind(raw.evtchn, (evtchn_port_t)raw.port);
	raw.port = -1;
	good = raw_take(&raw, 1, &done) && done.status == XENCOPROC_TIMED_OUT;
	let_go("F14", "pages and port are gone while a job has them", good);
}

/* Nodes that are directories, have a book in them, or may not be read. */
static void strange(const char *firmware)
{
	struct xs_permissions none[1] = { { .id = 0, .perms = XS_PERM_NONE } };
	static char book[2000];
	bool good = true;

	work = firmware;
	begin();
	for (int i = 0; i < 200; i++) {
		char name[64];

		snprintf(name, sizeof(name), "state/%d", i);
		raw_write(&raw, name, "4");
	}
	good &= exact();
	let_go("F11", "a state that is a directory", good);
	memset(book, '4', sizeof(book) - 1);
	raw_write(&raw, "state", "1");
	good = raw_until(&raw, 2) && raw_publish(&raw) && raw_write(&raw, "frontend-index-ref", book) &&
	       raw_write(&raw, "state", "3") && raw_until(&raw, 5);
	let_go("F11", "a number of 1999 digits", good);
	begin();
	raw_write(&raw, "state", book);
	let_go("F11", "a state of 1999 digits", true);
	begin();
	(void)xs_set_permissions(raw.xs, XBT_NULL, RAW_DEVICE "/state", none, 1);
	good = exact();
	let_go("F11", "permissions that are none", good);
}

static void cunning(const char *firmware)
{
	work = firmware;
	two_things();
	afterwards();
	one_batch();
	waits();
	pulled();
	begin();
	check(exact() && raw_disconnect(&raw), "F2: after all that it is served as before");
}

const struct attack cunning_attacks[] = {
	{ "cunning", cunning },
	{ "strange", strange },
	{ NULL, NULL },
};
