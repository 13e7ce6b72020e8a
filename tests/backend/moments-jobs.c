/* SPDX-License-Identifier: MIT */
/* Jobs: what becomes of each when its worker dies or lies, its queue closes, or
 * its domain may use another class, while it runs, is put aside or waits. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "moments.h"

enum { NORMAL = 1, REALTIME, OTHER };  /* queues of make_all() */

static uint64_t job(unsigned int queue, uint32_t context, uint64_t immediate)
{
	return sent(queue, raw_job(context, 0, 0, immediate));
}

static void ends(unsigned int queue, uint64_t id, unsigned int expected, const char *what)
{
	unsigned int status = status_of(queue, id);

	check(status == expected, "%s: %s", what, coproc_status_text(status));
}

/* All that was published before is known to coprocd. */
static void settled(void)
{
	if (asked(raw_request(XENCOPROC_OP_NOP)) != XENCOPROC_OK)
		check(false, "a NOP is answered");
}

/* Job 1 runs in queue NORMAL until it is told, or whatever it is told: the word says. */
static uint64_t first_runs(const char *word)
{
	uint64_t id;

	wish("JOB", word);
	id = job(NORMAL, 0, 1);
	until_at("job 1");
	return id;
}

/* ---- its queue closes, it is cancelled ---- */

static void published_behind_the_close(void)
{
	struct coproc_request close = raw_request(XENCOPROC_OP_QUEUE_CLOSE);
	uint64_t running, behind, closing;

	make_all();
	running = first_runs("deaf");
	close.u.queue_close.queue = NORMAL;
	closing = sent(0, close);
	until_at("told");
	behind = job(NORMAL, 0, 2);
	ends(NORMAL, behind, XENCOPROC_CANCELLED, "a job that is published behind the queue's close");
	wish("JOB", "run");
	ends(NORMAL, running, XENCOPROC_CANCELLED, "the job that ran");
	check(status_of(0, closing) == XENCOPROC_OK, "and then the queue is closed");
	leave();
}

static void cancelled_twice(void)
{
	uint64_t running, one, two;
	int slot;

	make_all();
	running = first_runs("deaf");
	slot = last_slot;
	coprocd_stop();
	one = sent(0, cancel_of(NORMAL, slot, running));
	two = sent(0, cancel_of(NORMAL, slot, running));
	coprocd_continue();
	until_at("told");
	wish("JOB", "run");
	ends(NORMAL, running, XENCOPROC_CANCELLED, "a job that is cancelled twice");
	check(status_of(0, one) == XENCOPROC_OK && status_of(0, two) == XENCOPROC_OK,
	      "both that asked are answered");
	leave();
}

/* ---- its worker dies ---- */

static void dies_after_the_limit(void)
{
	struct coproc_request request = raw_job(0, 0, 0, 1);
	uint64_t id;

	make_all();
	wish("JOB", "deaf");
	request.u.job.run_limit_us = 5000;
	id = sent(NORMAL, request);
	until_at("told");
	worker_dies();
	ends(NORMAL, id, XENCOPROC_TIMED_OUT, "its worker dies when its time was over");
	leave();
}

static void dies_with_one_put_aside(void)
{
	uint64_t aside, running;

	make_all();
	aside = first_runs("run");
	running = job(REALTIME, 1, 2);
	until_at("job 2");
	worker_dies();
	ends(NORMAL, aside, XENCOPROC_LOST, "what was put aside when the worker died");
	ends(REALTIME, running, XENCOPROC_FAULT, "what ran then");
	leave();
}

/* Not begun as far as an honest worker's word goes; a liar has none. */
static void dies_with_one_ahead(bool lies)
{
	uint64_t running, ahead;

	make_all();
	running = first_runs("run");
	ahead = job(NORMAL, 0, 2);
	until_at("ahead");
	if (lies) {
		wish("HELLO", "hold");  /* the next is not to lie, too */
		wish("JOB", "lie");
		until_at("HELLO");
		wish("JOB", NULL);
		wish("HELLO", NULL);
	} else {
		worker_killed();
		wish("JOB", NULL);
		worker_next();
	}
	ends(NORMAL, running, XENCOPROC_FAULT, lies ? "what ran when its worker lied" :
	     "what ran when its worker died");
	ends(NORMAL, ahead, lies ? XENCOPROC_FAULT : XENCOPROC_OK, "and what was handed ahead");
	leave();
}

/* ---- who is next ---- */

static void rival_in_another_queue(void)
{
	uint64_t id[3];

	make_all();
	id[0] = first_runs("run");
	forget_at();
	coprocd_stop();
	id[1] = job(OTHER, 0, 2);
	id[2] = job(NORMAL, 0, 3);
	coprocd_continue();
	for (int i = 0; i < 5; i++)
		settled();
	check(!wished("at"), "neither is handed ahead");
	wish("JOB", NULL);
	ends(NORMAL, id[0], XENCOPROC_OK, "a job with another behind it in each of two queues");
	ends(OTHER, id[1], XENCOPROC_OK, "the one");
	ends(NORMAL, id[2], XENCOPROC_OK, "the other");
	leave();
}

static void class_of_what_is_put_aside(void)
{
	uint64_t aside, running, waits;

	make_all();
	check(raw_context(&raw, 2) == XENCOPROC_OK, "a third context");
	aside = first_runs("run");
	running = job(REALTIME, 1, 2);
	until_at("job 2");
	waits = job(OTHER, 2, 3);
	settled();
	ask_script("batch");
	settled();
	ask_script("realtime");
	wish("JOB", NULL);
	ends(REALTIME, running, XENCOPROC_OK, "what runs while its domain's class is changed");
	ends(NORMAL, aside, XENCOPROC_OK, "what is put aside then");
	ends(OTHER, waits, XENCOPROC_OK, "what waits then");
	leave();
}

/* ---- its operands ---- */

static void table_that_cannot_be_copied(void)
{
	struct coproc_request request = raw_job(0, 0, 0, 1);

	make_all();
	request.flags = XENCOPROC_JOB_F_TABLE;
	request.u.job.operands = 1;
	request.u.job.operand[0] = (struct coproc_operand){ 1, XENCOPROC_ACCESS_READ, 0, 12 };
	fail_soon("xengnttab_grant_copy", 1);
	ends(NORMAL, sent(NORMAL, request), XENCOPROC_BAD_GRANT, "no grant device for its table");
	check(has_failed(), "that was it");
	ends(NORMAL, job(NORMAL, 0, 4), XENCOPROC_OK, "the next job");
	leave();
}

void moments_of_jobs(void)
{
	published_behind_the_close();
	cancelled_twice();
	dies_after_the_limit();
	dies_with_one_put_aside();
	dies_with_one_ahead(true);
	dies_with_one_ahead(false);
	rival_in_another_queue();
	class_of_what_is_put_aside();
	table_that_cannot_be_copied();
}

/* ---- two domains ---- */

/* The coprocessor stops, because what the second domain left cannot be scrubbed. */
static void stopped_while_one_is_cancelled(void)
{
	uint64_t running, queued, cancel;
	int slot;

	make_all();
	running = first_runs("deaf");
	slot = last_slot;
	queued = job(OTHER, 0, 2);
	settled();
	cancel = sent(0, cancel_of(NORMAL, slot, running));
	until_at("told");
	fail_soon("fallocate", 1);
	ask_script("leave");
	ends(OTHER, queued, XENCOPROC_LOST, "the coprocessor stops: what waits");
	wish("JOB", "run");
	ends(NORMAL, running, XENCOPROC_CANCELLED, "what was being cancelled");
	check(status_of(0, cancel) == XENCOPROC_OK, "and who asked is answered");
	check(asked(of_context(XENCOPROC_OP_CTX_CREATE, 7)) == XENCOPROC_STOPPED, "nothing more is begun");
	leave();
}

/*
 * The other domain's job takes the coprocessor when coprocd has not yet read
 * that this one's job has ended and the one behind it has begun: what stands
 * still in the stopped worker is not what coprocd stopped.
 */
static void stopped_after_its_end(void)
{
	uint64_t ended, begun;

	make_all();
	ended = first_runs("run");
	begun = job(NORMAL, 0, 2);
	until_at("ahead");
	coprocd_stop();
	tell_beside("go");
	wish("JOB", "first");
	until_at("job 2");
	fail_soon("recv", 1);
	coprocd_continue();
	ends(NORMAL, ended, XENCOPROC_OK, "a job that ended before it was stopped");
	check(has_failed(), "and was heard of later");
	wish("JOB", NULL);
	ends(NORMAL, begun, XENCOPROC_OK, "the one that had begun behind it");
	leave();
}

void moments_of_two(void)
{
	stopped_after_its_end();
	stopped_while_one_is_cancelled();
}

/* The second domain: it has all objects, sends a job when the file `go` comes,
 * and goes when the file `stay` does. */
void moments_beside(void)
{
	make_all();
	wish("stay", "");
	while (wished("stay")) {
		usleep(1000);
		if (!wished("go"))
			continue;
		sent(REALTIME, raw_job(0, 0, 0, 7));
		wish("go", NULL);
		/* Not waited for: it is the first one's turn. */
	}
	raw_write(&raw, "state", "5");
	check(raw_until(&raw, 6), "the second domain goes");
}
