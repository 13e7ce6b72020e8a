/* SPDX-License-Identifier: MIT */
/* Floods, for so many seconds: F7, F10, and requests that cost coprocd much. */
#include "attack.h"

static void storm(const char *seconds)
{
	double until = now() + atof(seconds);

	connect_();
	while (flooding(until))
		for (int i = 0; i < 1000; i++)
			raw_notify(&raw);
	check(raw_backend(&raw) == 4, "F7: still connected after the storm");
	check(raw_disconnect(&raw), "let go of");
}

static void flap(const char *seconds)
{
	static const char *const states[] = { "1", "3", "4", "5", "6", "0", "9", "x" };
	double until = now() + atof(seconds);
	unsigned int writes = 0;

	while (flooding(until)) {
		raw_write(&raw, "state", states[rand() % 8]);
		raw_write(&raw, "junk", states[rand() % 8]);
		writes += 2;
	}
	check(writes > 1000, "F10: %u writes", writes);
	connect_();
	check(raw_disconnect(&raw), "F6: connects afterwards, and lets go");
}

static void queues(const char *seconds)
{
	double until = now() + atof(seconds);
	struct coproc_request close_ = raw_request(XENCOPROC_OP_QUEUE_CLOSE);
	unsigned int rounds = 0, wrong = 0;

	connect_();
	close_.u.queue_close.queue = 1;
	for (; flooding(until); rounds++) {
		wrong += raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL) != XENCOPROC_OK;
		wrong += raw_ask(&raw, &close_) != XENCOPROC_OK;
		raw_unshare(&raw, raw.queue[1].sq, 1);
		raw_unshare(&raw, raw.queue[1].cq, 1);
		raw.queue[1].sq = raw.queue[1].cq = NULL;
	}
	check(!wrong && rounds, "%u queues opened and closed, %u wrong", rounds, wrong);
	check(raw_disconnect(&raw), "let go of");
}

static void nops(const char *seconds)
{
	double until = now() + atof(seconds);
	struct coproc_completion done;
	unsigned long taken = 0;

	connect_();
	while (flooding(until)) {
		struct coproc_request nop = raw_request(XENCOPROC_OP_NOP);

		while (coproc_client_put(&raw.queue[0].ring, &nop) >= 0)
			;
		if (coproc_client_publish(&raw.queue[0].ring))
			raw_notify(&raw);
		while (coproc_client_take(&raw.queue[0].ring, &done) > 0)
			taken++;
	}
	check(taken > 1000, "%lu requests that do nothing", taken);
	check(raw_disconnect(&raw), "let go of");
}

static void images(const char *seconds)
{
	double until = now() + atof(seconds);
	unsigned int loads = 0, wrong = 0;
	const uint8_t digest[32] = { 1 };
	void *at;

	connect_();
	wrong += raw_buffer(&raw, 0, 256, XENCOPROC_ACCESS_READ, &at) != XENCOPROC_OK;
	for (; flooding(until); loads++)
		wrong += raw_firmware(&raw, 0, 0, 1 << 20, digest) != XENCOPROC_BAD_DIGEST;
	check(!wrong && loads, "%u images of a megabyte, all refused", loads);
	check(raw_disconnect(&raw), "let go of");
}

const struct attack floods_attacks[] = {
	{ "storm", storm },
	{ "flap", flap },
	{ "queues", queues },
	{ "nops", nops },
	{ "images", images },
	{ NULL, NULL },
};
