/* SPDX-License-Identifier: MIT */
/* Memory that changes while it is looked at: F1, and firmware after its hash, F18. */
#include "attack.h"

static void scribble(void *at, size_t size)
{
	((volatile uint8_t *)at)[(size_t)rand() % size] = (uint8_t)rand();
}

static void memory(const char *with)
{
	unsigned int broken = 0, rounds = 0;

	/* Six times; more where a busy machine gave the child no time to hit. */
	for (; rounds < 6 || (!broken && rounds < 60); rounds++) {
		struct coproc_request nop = raw_request(XENCOPROC_OP_NOP);
		struct coproc_completion done;
		double until = now() + 0.25;
		pid_t pid;

		connect_();
		pid = child(scribble, rounds % 2 ? (void *)raw.fe : raw.queue[0].sq, rounds % 2 ? 512 : 4096);
		while (now() < until && raw_backend(&raw) == 4) {
			raw_send(&raw, 0, &nop);
			while (coproc_client_take(&raw.queue[0].ring, &done) > 0)
				;
			raw_notify(&raw);
		}
		end(pid);
		broken += raw_backend(&raw) != 4;
		check(raw_disconnect(&raw), "F1: %s scribbled over while read: let go of",
		      rounds % 2 ? "an index page" : "a ring");
	}
	check(broken, "F1: which broke %u connections of %u", broken, rounds);
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
	for (int i = 0; i < 300 || (!(ok && digest_bad) && i < 10000); i++) {
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

/* ---- F1: a word with two values, and nothing in between may come of it ---- */

static struct {
	volatile uint32_t *word;
	uint32_t one, other;
} flipped;

static void flip_word(void *at, size_t size)
{
	*flipped.word = flipped.one;
	*flipped.word = flipped.other;
}

static pid_t flip_between(volatile uint32_t *word, uint32_t one, uint32_t other)
{
	flipped.word = word;
	flipped.one = one;
	flipped.other = other;
	return child(flip_word, NULL, 0);
}

/* A submitted slot: the immediate, and an operand's offset that is beyond its buffer. */
static void slots(unsigned int at, uint32_t one, uint32_t other, unsigned int bad_status, const char *what)
{
	unsigned int first = 0, second = 0, neither = 0;

	for (int i = 0; i < 300; i++) {
		struct coproc_request job = raw_job(0, 0, WORK_CHAIN, 100);
		struct coproc_client_queue *ring = &raw.queue[1].ring;
		uint32_t place = ring->sq.index % 32;
		struct coproc_completion done;
		volatile uint32_t *word;
		pid_t pid = -1;

		job.u.job.operands = 1;
		job.u.job.operand[0] = (struct coproc_operand){ 0, XENCOPROC_ACCESS_READ, 0, 64 };
		job.id = ++raw.id;
		coproc_client_put(ring, &job);
		word = (volatile uint32_t *)((uint8_t *)raw.queue[1].sq + place * 128 + at);
		/* In this very process half of the time: closer to the store of the index. */
		if (i % 2)
			pid = flip_between(word, one, other);
		coproc_client_publish(ring);
		raw_notify(&raw);
		for (int n = 0; n < 2000; n++) {
			*word = one;
			*word = other;
		}
		if (!raw_take(&raw, 1, &done)) {
			neither++;
		} else if (bad_status) {
			first += done.status == XENCOPROC_OK && done.result == work_chain(100);
			second += done.status == bad_status;
			neither += (done.status != XENCOPROC_OK || done.result != work_chain(100)) &&
				   done.status != bad_status;
		} else {
			first += done.result == work_chain(one);
			second += done.result == work_chain(other);
			neither += done.result != work_chain(one) && done.result != work_chain(other) &&
				   done.result != work_chain(100);
		}
		if (pid > 0)
			end(pid);
	}
	check(!neither && first + second, "F1: %s changed while it is taken: %u as the one, %u as the other, "
	      "%u neither", what, first, second, neither);
}

/* A directory whose entry is one page, another, or none: who reads through it? */
static void directories(void)
{
	uint32_t ref[2], directory_ref, good[2] = { 0, 0 }, refused = 0, neither = 0;
	uint32_t *directory = raw_share(&raw, 1, &directory_ref, false);
	struct coproc_completion done;
	uint8_t *page[2];

	for (int i = 0; i < 2; i++) {
		page[i] = raw_share(&raw, 1, &ref[i], false);
		memset(page[i], i, 4096);
	}
	memset(directory, 0xff, 4096);
	for (int i = 0; i < 200; i++) {
		struct coproc_request r = raw_request(XENCOPROC_OP_BUF_REGISTER);
		struct coproc_request job = raw_job(0, 0, 8, 1);        /* fold */
		unsigned int status;
		pid_t pid;

		directory[0] = ref[0];
		pid = flip_between(directory, i % 3 ? ref[0] : 40000, ref[1]);
		r.u.buf_register.buffer = 2;
		r.u.buf_register.pages = 1;
		r.u.buf_register.access = XENCOPROC_ACCESS_READ;
		r.u.buf_register.dirs = 1;
		r.u.buf_register.dir_ref[0] = directory_ref;
		status = raw_ask(&raw, &r);
		end(pid);
		if (status != XENCOPROC_OK) {
			refused += status == XENCOPROC_BAD_GRANT;
			neither += status != XENCOPROC_BAD_GRANT;
			continue;
		}
		job.u.job.operands = 1;
		job.u.job.operand[0] = (struct coproc_operand){ 2, XENCOPROC_ACCESS_READ, 0, 4 };
		raw_send(&raw, 1, &job);
		if (raw_take(&raw, 1, &done) && done.status == XENCOPROC_OK) {
			uint64_t h = 1 * 31 + 4 + 1, h0 = h, h1 = h;

			for (int k = 0; k < 4; k++) {
				h0 = h0 * 131 + 0;
				h1 = h1 * 131 + 1;
			}
			good[0] += done.result == h0;
			good[1] += done.result == h1;
			neither += done.result != h0 && done.result != h1;
		} else {
			neither++;
		}
		r = raw_request(XENCOPROC_OP_BUF_RELEASE);
		r.u.buf_release.buffer = 2;
		raw_ask(&raw, &r);
	}
	check(!neither && good[0] + good[1], "F1: a directory changed while it is read: %u the one page, %u the "
	      "other, %u refused, %u neither", good[0], good[1], refused, neither);
}

/* A table whose operand lies in its buffer, or behind it. */
static void tables(void)
{
	unsigned int ok = 0, range = 0, neither = 0;
	struct coproc_completion done;
	uint32_t *words;
	pid_t pid;
	void *at;

	raw_buffer(&raw, 3, 1, XENCOPROC_ACCESS_READ, &at);
	words = at;
	words[0] = 0 | XENCOPROC_ACCESS_READ << 16;     /* buffer, access */
	words[1] = 0;                                   /* offset */
	words[2] = 64;                                  /* length */
	pid = flip_between(&words[1], 0, 1u << 25);
	for (int i = 0; i < 400 || (!(ok && range) && i < 10000); i++) {
		struct coproc_request job = raw_job(0, 0, WORK_CHAIN, 10);

		job.flags = XENCOPROC_JOB_F_TABLE;
		job.u.job.operands = 1;
		job.u.job.operand[0] = (struct coproc_operand){ 3, XENCOPROC_ACCESS_READ, 0, 12 };
		raw_send(&raw, 1, &job);
		if (!raw_take(&raw, 1, &done)) {
			neither++;
			break;
		}
		ok += done.status == XENCOPROC_OK;
		range += done.status == XENCOPROC_BAD_RANGE;
		neither += done.status != XENCOPROC_OK && done.status != XENCOPROC_BAD_RANGE;
	}
	end(pid);
	check(!neither && ok && range, "F1: an operand table changed while it is copied: %u as the one, %u as the "
	      "other, %u neither", ok, range, neither);
}

static void changes(const char *firmware)
{
	connect_();
	load(firmware);
	raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL);
	slots(40, 50, 60, 0, "a job's immediate");
	slots(76, 0, 1u << 25, XENCOPROC_BAD_RANGE, "a job's operand");
	slots(16, 0, 0x80000000, XENCOPROC_BAD_OBJECT, "a job's context");
	directories();
	tables();
	check(raw_backend(&raw) == 4 && raw_disconnect(&raw), "F1: the connection holds, and is let go of");
}

const struct attack changes_attacks[] = {
	{ "memory", memory },
	{ "changes", changes },
	{ "swap", swap },
	{ NULL, NULL },
};
