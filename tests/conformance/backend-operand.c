// SPDX-License-Identifier: MIT
/*
 * What jobs reach: buffers, pieces, tables of operands (sections 6.13 and 8).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"

/* ---- memory ---- */

/* What was written before is read, what was written is seen, and nothing else changes. */
static void copies(struct bench *b)
{
	struct peer *p = &b->peer;
	uint8_t *from, *to;
	void *at;

	expect(p, OK, buf_register(p, 1, 2, READ, &at), "BUF_REGISTER");
	from = at;
	expect(p, OK, buf_register(p, 2, 3, READ | WRITE, &at), "BUF_REGISTER");
	to = at;
	for (unsigned int i = 0; i < 30; i++) {
		uint32_t length = i * 271 % 4000, in = i * 131 % 4096, out = 4096 + i * 89 % 2000;
		struct request r = job(i % 3, P_COPY, 0);
		struct asked *a;
		bool same = true;

		for (unsigned int k = 0; k < 2 * PAGE; k++)
			from[k] = (uint8_t)(k * 7 + i * 13 + (k >> 8));
		memset(to, 0xee, 3 * PAGE);
		add_operand(&r, 1, READ, in, length);
		add_operand(&r, 2, WRITE, out, length);
		a = peer_send(p, 1, r);
		if (!expect_answer(p, a, OK, "a copy"))
			return;
		report_check(b->report, !memcmp(from + in, to + out, length), "copy %u of %u bytes: other bytes than were there", i,
			     length);
		for (uint32_t k = 0; k < 3 * PAGE; k++)
			same = same && (to[k] == 0xee || (k >= out && k < out + length));
		report_check(b->report, same, "copy %u: bytes outside the operand were written", i);
	}
}

/* Across pages that are not neighbours, to the last byte of a buffer. */
static void whole_buffer(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = job(0, P_COPY, 0);
	const uint32_t bytes = 16 * PAGE;
	uint8_t *from, *to;
	void *at;

	expect(p, OK, buf_register(p, 1, 16, READ, &at), "BUF_REGISTER");
	from = at;
	expect(p, OK, buf_register(p, 2, 16, WRITE, &at), "BUF_REGISTER");
	to = at;
	for (uint32_t i = 0; i < bytes; i++)
		from[i] = (uint8_t)(i ^ i >> 12);
	add_operand(&r, 1, READ, 0, bytes);
	add_operand(&r, 2, WRITE, 0, bytes);
	expect_on(p, 1, OK, r, "a copy of 16 pages");
	report_check(b->report, !memcmp(from, to, bytes), "a copy of 16 pages: other bytes than were there");
}

static void read_only(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = job(0, P_WRITE, 0x5a);
	struct asked *a;
	void *at;

	expect(p, OK, buf_register(p, 1, 1, READ, &at), "BUF_REGISTER");
	memset(at, 0x11, PAGE);
	add_operand(&r, 1, READ, 100, 8);
	a = peer_send(p, 1, r);
	peer_wait(p, a);
	bench_said(b, a, FAULT, 1, "a store into a buffer to be read");
	report_check(b->report, ((uint8_t *)at)[100] == 0x11, "the byte changed");
	expect_on(p, 1, OK, job(0, P_END, 0), "the next job");
}

/* Four bytes behind a buffer: whatever it gets, it is not another buffer's. */
static void behind(struct bench *b)
{
	static const uint32_t far[] = { 0, 4, PAGE - 4, PAGE, 2 * PAGE, 16 * PAGE, 1u << 20 };
	struct peer *p = &b->peer;
	void *at[3];

	for (uint32_t i = 1; i < 4; i++) {
		expect(p, OK, buf_register(p, i, 1, READ, &at[i - 1]), "BUF_REGISTER");
		memset(at[i - 1], 0xc0 + (int)i, PAGE);
	}
	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		struct request r = job(0, P_BEHIND, far[i]);
		struct asked *a;
		unsigned int status;

		add_operand(&r, 2, READ, 0, PAGE);
		a = peer_send(p, 1, r);
		status = peer_wait(p, a);
		report_check(b->report, status == FAULT || (status == OK && a->got.result == 0),
			     "%u bytes behind a buffer: %s, 0x%llx; expected FAULT, or 0", far[i], status_name(status),
			     (unsigned long long)a->got.result);
	}
}

/* ---- tables ---- */

static void table(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = job(0, P_COPY, 0);
	uint8_t *table_, *from, *to;
	void *at;

	expect(p, OK, buf_register(p, 1, 1, READ, &at), "BUF_REGISTER");
	table_ = at;
	expect(p, OK, buf_register(p, 2, 1, READ, &at), "BUF_REGISTER");
	from = at;
	expect(p, OK, buf_register(p, 3, 1, READ | WRITE, &at), "BUF_REGISTER");
	to = at;
	memset(from, 0x33, PAGE);
	set_flags(&r, F_TABLE);
	add_operand(&r, 1, READ, 60, 24);
	operand_at(table_ + 60, 2, READ, 0, 512);
	operand_at(table_ + 72, 3, WRITE, 1024, 512);
	expect_on(p, 1, OK, r, "a job with its operands in a table");
	report_check(b->report, to[1024] == 0x33 && to[1535] == 0x33 && !to[1023] && !to[1536], "it did not copy what the table says");
	/* Changed after it was accepted: what was there is what counts. */
	memset(to, 0, PAGE);
	set_wait(&r, 1, 1, 60000000);
	{
		struct asked *a = peer_send(p, 1, r);

		expect_on(p, 1, OK, request(NOP), "NOP behind it");
		memset(table_, 0xff, PAGE);
		expect(p, OK, ctx_signal(1, 1), "CTX_SIGNAL");
		expect_answer(p, a, OK, "a job whose table was changed after it was accepted");
		report_check(b->report, to[1024] == 0x33 && to[1535] == 0x33 && !to[1023] && !to[1536], "it used the changed table");
	}
}

/* Entries that are wrong, and the step that says so. */
static const struct {
	const char *what;
	uint32_t buffer, access, offset, length;
	unsigned int step, status;
} entry[] = {
	{ "a buffer that does not exist", 3, READ, 0, 4, 11, BAD_OBJECT },
	{ "a buffer that cannot exist", 0xffff, READ, 0, 4, 5, BAD_OBJECT },
	{ "access 0", 2, 0, 0, 4, 6, BAD_FIELD },
	{ "access 7", 2, 7, 0, 4, 6, BAD_FIELD },
	{ "a piece behind 2^26", 2, READ, 1u << 26, 1, 7, BAD_RANGE },
	{ "a piece that wraps", 2, READ, 0xffffffffu, 2, 7, BAD_RANGE },
	{ "a piece behind its buffer", 2, READ, PAGE - 3, 4, 13, BAD_RANGE },
	{ "more access than the buffer has", 2, READ | WRITE, 0, 4, 14, BAD_ACCESS },
};

#define ENTRIES (sizeof(entry) / sizeof(entry[0]))

static void good_table(uint8_t *at)
{
	for (unsigned int k = 0; k < 3; k++)
		operand_at(at + 12 * k, 2, READ, 0, 4);
}

static void bad_entry(uint8_t *at, unsigned int place, size_t i)
{
	operand_at(at + 12 * place, (uint16_t)entry[i].buffer, (uint16_t)entry[i].access, entry[i].offset, entry[i].length);
}

static void table_lengths(struct bench *b, uint8_t *table_)
{
	struct peer *p = &b->peer;
	uint32_t most = p->offer.max_operands;
	struct request r = job(0, P_END, 3);

	for (unsigned int k = 0; k <= most && 12 * (k + 1) <= 16 * PAGE; k++)
		operand_at(table_ + 12 * k, 2, READ, 0, 4);
	set_flags(&r, F_TABLE);
	add_operand(&r, 1, READ, 0, 12 * most);
	expect_on(p, 1, OK, r, "max-operands operands");
	SET32(&r, 80, 12 * (most + 1));
	expect_on(p, 1, NO_QUOTA, r, "one operand more");
	SET32(&r, 80, 13);
	expect_on(p, 1, BAD_FIELD, r, "a table of 13 bytes");
	SET32(&r, 80, 0);
	expect_on(p, 1, BAD_FIELD, r, "a table of 0 bytes");
	SET32(&r, 80, 12);
	SET16(&r, 74, READ | WRITE);
	expect_on(p, 1, BAD_FIELD, r, "a table with access READ and WRITE");
	SET16(&r, 74, READ);
	SET32(&r, 76, 16 * PAGE - 11);
	expect_on(p, 1, BAD_RANGE, r, "a table behind its buffer");
	SET16(&r, 72, 3);
	expect_on(p, 1, BAD_OBJECT, r, "a table in no buffer");
}

static void table_checks(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = job(0, P_END, 3);
	uint8_t *table_;
	void *at;

	expect(p, OK, buf_register(p, 1, 16, READ, &at), "BUF_REGISTER");
	table_ = at;
	expect(p, OK, buf_register(p, 2, 1, READ, &at), "BUF_REGISTER");
	set_flags(&r, F_TABLE);
	set_signal(&r, 8);
	add_operand(&r, 1, READ, 0, 36);
	for (size_t i = 0; i < ENTRIES; i++)
		for (unsigned int place = 0; place < 3; place++) {
			good_table(table_);
			bad_entry(table_, place, i);
			expect_on(p, 1, entry[i].status, r, entry[i].what);
		}
	expect_query(p, Q_TIMELINE, 0, 0);
	/* Two entries, two faults: the earlier step, wherever it stands. */
	for (size_t i = 0; i < ENTRIES; i++)
		for (size_t j = 0; j < ENTRIES; j++) {
			good_table(table_);
			bad_entry(table_, 0, i);
			bad_entry(table_, 1, j);
			expect_on(p, 1, entry[entry[i].step <= entry[j].step ? i : j].status, r,
				  "two entries of a table with faults");
		}
	table_lengths(b, table_);
}

const struct conform_case operand_cases[] = {
	{ "job-copies", "B-JOB-9 B-JOB-2", NEEDS(P_COPY), copies },
	{ "job-copies-16-pages", "B-JOB-9 B-PAGE-1", NEEDS(P_COPY), whole_buffer },
	{ "job-writes-what-is-to-be-read", "B-JOB-2 B-PAGE-1", NEEDS(P_END) | NEEDS(P_WRITE), read_only },
	{ "job-reads-behind-its-buffer", "B-JOB-2", NEEDS(P_BEHIND), behind },
	{ "table-of-operands", "B-JOB-1 B-PAGE-3", NEEDS(P_COPY), table },
	{ "table-checked", "B-JOB-1 B-MSG-1", NEEDS(P_END), table_checks },
	{ NULL, NULL, 0, NULL }
};
