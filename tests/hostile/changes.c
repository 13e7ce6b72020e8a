/* SPDX-License-Identifier: MIT */
/* Memory that changes while it is looked at: F1, and firmware after its hash, F18. */
#include "attack.h"

static void scribble(void *at, size_t size)
{
	((volatile uint8_t *)at)[(size_t)rand() % size] = (uint8_t)rand();
}

static void memory(const char *with)
{
	unsigned int broken = 0;

	for (int i = 0; i < 6; i++) {
		struct coproc_request nop = raw_request(XENCOPROC_OP_NOP);
		struct coproc_completion done;
		double until = now() + 0.25;
		pid_t pid;

		connect_();
		pid = child(scribble, i % 2 ? (void *)raw.fe : raw.queue[0].sq, i % 2 ? 512 : 4096);
		while (now() < until && raw_backend(&raw) == 4) {
			raw_send(&raw, 0, &nop);
			while (coproc_client_take(&raw.queue[0].ring, &done) > 0)
				;
			raw_notify(&raw);
		}
		end(pid);
		broken += raw_backend(&raw) != 4;
		check(raw_disconnect(&raw), "F1: %s scribbled over while read: let go of",
		      i % 2 ? "an index page" : "a ring");
	}
	check(broken, "F1: which broke %u connections of 6", broken);
}
static void flip(void *at, size_t size)
{
	volatile uint8_t *byte = (volatile uint8_t *)at + size / 2;

	*byte ^= 1;
	usleep(50);
}

static void swap(const char *path)
{
	unsigned int ok = 0, digest_bad = 0, other = 0, ran_other = 0;
	struct coproc_request unload = raw_request(XENCOPROC_OP_FW_UNLOAD);
	struct coproc_completion done;
	uint8_t digest[32];
	uint32_t n;
	const uint8_t *bytes = image(path, &n, digest);
	pid_t pid;
	void *at;

	connect_();
	raw_context(&raw, 0);
	raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL);
	raw_buffer(&raw, 0, (n + 4095) / 4096, XENCOPROC_ACCESS_READ, &at);
	memcpy(at, bytes, n);
	pid = child(flip, at, n);
	for (int i = 0; i < 300; i++) {
		struct coproc_request job = raw_job(0, 0, WORK_CHAIN, 1000);
		unsigned int status = raw_firmware(&raw, 0, 0, n, digest);

		ok += status == XENCOPROC_OK;
		digest_bad += status == XENCOPROC_BAD_DIGEST;
		other += status != XENCOPROC_OK && status != XENCOPROC_BAD_DIGEST;
		if (status != XENCOPROC_OK)
			continue;
		raw_send(&raw, 1, &job);
		ran_other += !raw_take(&raw, 1, &done) || done.status != XENCOPROC_OK ||
			     done.result >> 32 != 1000;
		raw_ask(&raw, &unload);
	}
	end(pid);
	check(!other && ok && digest_bad, "F18: an image that changes: %u as named, %u refused by digest, %u else",
	      ok, digest_bad, other);
	check(!ran_other, "F18: what ran is what was hashed (%u not)", ran_other);
	check(raw_disconnect(&raw), "let go of");
}

const struct attack changes_attacks[] = {
	{ "memory", memory },
	{ "swap", swap },
	{ NULL, NULL },
};
