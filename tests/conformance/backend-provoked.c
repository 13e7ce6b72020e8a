// SPDX-License-Identifier: MIT
/*
 * What a coprocessor does seldom, and a frontend cannot cause: to pause, to
 * have firmware revoked, to stop (section 10).  --provoke has it done.
 */
#include <stdio.h>
#include <stdlib.h>

#include "backend.h"

/* Whether it was done; else the case does not apply. */
static bool provoke(struct bench *b, const char *what)
{
	char command[1024];

	if (!b->provoke) {
		report_na(b->report, "no --provoke was given");
		return false;
	}
	snprintf(command, sizeof(command), "%s %s", b->provoke, what);
	if (!system(command))
		return true;
	report_na(b->report, "--provoke cannot do: %s", what);
	return false;
}

/* The event, and what QUERY says from then on (B-EVENT-3). */
static bool told(struct bench *b, unsigned int state)
{
	const struct notice *n = peer_event(&b->peer, E_DEVICE);

	return report_check(b->report, n && n->value == state, "expected the event DEVICE with value %u, came %lld", state,
			    n ? (long long)n->value : -1) &&
	       expect_query(&b->peer, Q_DEVICE, 0, state);
}

/* Waits for context 2's timeline as long as it may. */
static struct asked *waiting_job(struct peer *p, uint32_t context)
{
	struct request r = job(context, P_END, 5);

	set_wait(&r, 2, 77, FOREVER);
	return peer_send(p, 1, r);
}

static void pauses(struct bench *b)
{
	struct peer *p = &b->peer;
	struct asked *a, *cancelled;

	if (!provoke(b, "pause"))
		return;
	if (told(b, 2)) {
		a = peer_send(p, 1, job(0, P_END, 9));
		cancelled = peer_send(p, 1, job(1, P_END, 9));
		expect(p, OK, cancel(1, cancelled->slot, cancelled->id), "CANCEL while paused");
		expect_answer(p, cancelled, CANCELLED, "a job that waits while paused, and is cancelled");
		sleep_us(100000);
		peer_reap(p);
		report_check(b->report, !a->answered, "a job ended while the coprocessor was paused: %s",
			     status_name(a->got.status));
		if (!provoke(b, "resume"))
			return;
		told(b, 1);
		expect_answer(p, a, OK, "a job accepted while paused, afterwards");
	} else {
		provoke(b, "resume");
	}
}

static void revoked(struct bench *b)
{
	struct peer *p = &b->peer;
	struct asked *a = waiting_job(p, 0);
	const struct notice *n;

	if (!provoke(b, "revoke"))
		return;
	n = peer_event(p, E_FW_REVOKED);
	report_check(b->report, n && n->object == 0, "expected the event FW_REVOKED of firmware 0, came %lld",
		     n ? (long long)n->object : -1);
	expect_query(p, Q_FIRMWARE, 0, 2);
	expect_answer(p, a, CANCELLED, "an admitted job of revoked firmware");
	expect_on(p, 1, DENIED, job(0, P_END, 1), "JOB that names revoked firmware");
	expect(p, OK, fw_unload(0), "FW_UNLOAD of revoked firmware");
	expect_query(p, Q_FIRMWARE, 0, 0);
}

/* For good: the last of all cases. */
static void stops(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request signalling = job(1, P_END, 5);
	struct asked *waiting = waiting_job(p, 0), *running = NULL;
	void *at;

	set_signal(&signalling, 8);
	set_wait(&signalling, 2, 77, FOREVER);
	(void)peer_send(p, 1, signalling);
	/* Unless its run limit may end it before. */
	if (b->entries & 1u << P_SPIN && p->offer.max_run_limit_us >= 60000000)
		running = peer_send(p, 1, job(2, P_SPIN, FOREVER));
	if (!provoke(b, "stop"))
		return;
	if (!told(b, 3))
		return;
	expect_answer(p, waiting, LOST, "a waiting job when the coprocessor stops");
	if (running)
		expect_answer(p, running, LOST, "a running job when the coprocessor stops");
	expect_query(p, Q_TIMELINE, 1, 8);
	expect_on(p, 1, STOPPED, job(0, P_END, 1), "JOB");
	expect(p, STOPPED, ctx_create(3), "CTX_CREATE");
	expect(p, STOPPED, fw_load(1, 0, b->image_length, b->digest), "FW_LOAD");
	expect_on(p, 1, BAD_FIELD, (struct request){ .b = { JOB, 0, 0x80 } }, "a JOB with an unknown flag: step 2 is before 10");
	expect(p, OK, buf_register(p, 1, 1, READ | WRITE, &at), "BUF_REGISTER");
	expect(p, OK, buf_release(1), "BUF_RELEASE");
	expect(p, OK, ctx_signal(0, 3), "CTX_SIGNAL");
	expect(p, OK, ctx_destroy(0), "CTX_DESTROY");
	expect(p, OK, fw_unload(0), "FW_UNLOAD");
	if (peer_queue(p, 2, NORMAL, 5))
		expect(p, OK, queue_close(2), "QUEUE_CLOSE");
	expect(p, OK, queue_close(1), "QUEUE_CLOSE");
}

const struct conform_case provoked_cases[] = {
	{ "device-paused", "B-EVENT-3 B-JOB-7", NEEDS(P_END), pauses },
	{ "firmware-revoked", "B-EVENT-3", NEEDS(P_END), revoked },
	{ "device-stopped", "B-EVENT-3 B-JOB-3 B-MSG-1 B-TIME-1", NEEDS(P_END), stops },
	{ NULL, NULL, 0, NULL }
};
