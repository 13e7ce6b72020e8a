/* SPDX-License-Identifier: MIT */
/* The Cortex-M engine against hostile firmware: every end is the job's own. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/engines/cortex-m/firmware/abi.h"
#include "backend/engines/cortex-m/result.h"
#include "tests/engines/play.h"
#include "tests/engines/world.h"
#include "tests/unit/tap.h"

enum {
	LOAD, STORE, JUMP, UNDEFINED, SUPERVISOR, BREAKPOINT, ASLEEP, OVERFLOW, SPECIAL, TWICE,
	REGISTERS, ALLOWED, BEHIND_HINTS, OPERANDS, ADDRESS_OF
};

static struct play p;
static uint8_t *bank;

static void setup(void)
{
	static const struct play_options options = { .domid = WORLD_DOMID };

	play_start(&p, "coproc-engine-cortex-m", &options);
	play_load(&p, 0, "wild");
	bank = play_context(&p, 0);
}

static void teardown(void)
{
	play_end(&p);
}

static struct worker_reply run(uint32_t entry, uint64_t immediate)
{
	struct play_job j = { .entry = entry, .immediate = immediate };
	struct worker_reply r = play_run(&p, &j);

	ck_assert_uint_eq(r.outcome, WORKER_DONE);
	return r;
}

static uint64_t fault(uint32_t kind, uint32_t address)
{
	return (uint64_t)kind << 32 | address;
}

#define CODE_END        0x00080000u
#define RAM_END         0x20080000u
#define STACK_TOP       0x20020000u     /* as linked by coproc-m4.ld */

static const struct {
	uint32_t entry;
	uint32_t immediate;
	uint32_t kind;
	uint32_t address;
} faults[] = {
	{ LOAD, 0x90000000, XENCOPROC_FAULT_READ, 0x90000000 },
	{ LOAD, 0x90000001, XENCOPROC_FAULT_READ, 0x90000001 },
	{ LOAD, 0x60000000, XENCOPROC_FAULT_READ, 0x60000000 },
	{ LOAD, CODE_END - 2, XENCOPROC_FAULT_READ, CODE_END },
	{ LOAD, RAM_END - 2, XENCOPROC_FAULT_READ, RAM_END },
	{ LOAD, 0x1ffffffc, XENCOPROC_FAULT_READ, 0x1ffffffc },
	{ LOAD, 0xfffffffc, XENCOPROC_FAULT_READ, 0xfffffffc },
	{ STORE, 0x00000000, XENCOPROC_FAULT_WRITE, 0x00000000 },
	{ STORE, 0x00000100, XENCOPROC_FAULT_WRITE, 0x00000100 },
	{ STORE, 0x30000000, XENCOPROC_FAULT_WRITE, 0x30000000 },
	{ STORE, RAM_END, XENCOPROC_FAULT_WRITE, RAM_END },
	{ STORE, 0xffffffff, XENCOPROC_FAULT_WRITE, 0xffffffff },
	{ JUMP, 0x20000001, XENCOPROC_FAULT_FETCH, 0x20000000 },
	{ JUMP, 0x30000001, XENCOPROC_FAULT_FETCH, 0x30000000 },
	{ JUMP, 0x40000001, XENCOPROC_FAULT_FETCH, 0x40000000 },
	{ JUMP, 0xe000e001, XENCOPROC_FAULT_FETCH, 0xe000e000 },
	{ JUMP, 0x60000001, XENCOPROC_FAULT_FETCH, 0x60000000 },
	{ JUMP, CODE_END - 1, XENCOPROC_FAULT_FETCH, CODE_END },
	{ JUMP, 0xfffffff9, XENCOPROC_FAULT_FETCH, 0xfffffff8 },
	{ JUMP, 0xffffffff, XENCOPROC_FAULT_FETCH, 0xfffffffe },
	{ JUMP, 0xfffffffe, XENCOPROC_FAULT_FETCH, 0xfffffffe },
	{ JUMP, 0xfeffffff, XENCOPROC_FAULT_FETCH, 0xfefffffe },
	{ JUMP, 0x00000100, XENCOPROC_FAULT_OPCODE, 0x00000100 },      /* no Thumb bit */
};

START_TEST(wild_accesses_tell_where)
{
	const size_t i = (size_t)_i;
	struct worker_reply r = run(faults[i].entry, faults[i].immediate);

	ck_assert_uint_eq(r.status, XENCOPROC_FAULT);
	ck_assert_uint_eq(r.result, fault(faults[i].kind, faults[i].address));
	ck_assert_uint_eq(r.flags, WORKER_REPLY_CONTEXT_RESET);
	/* The context begins anew, and nobody else noticed. */
	ck_assert(play_is_zero(bank, p.hello.u.hello.bank_bytes));
	r = run(ALLOWED, 0);
	ck_assert_uint_eq(r.status, XENCOPROC_OK);
	ck_assert_uint_eq(r.flags, 0);
	ck_assert_uint_eq(r.result, 1);
}
END_TEST

/* The instruction of that encoding, by its place in the code. */
static uint32_t find_code(uint16_t instruction)
{
	uint16_t word;

	for (uint32_t at = 8; at < CODE_END; at += 2) {
		memcpy(&word, bank + at, sizeof(word));
		if (word == instruction)
			return at;
	}
	ck_abort_msg("no such instruction");
	return 0;
}

START_TEST(instructions_that_are_none)
{
	static const struct {
		uint32_t entry;
		uint16_t encoding;
	} table[] = {
		{ UNDEFINED, 0xde07 },
		{ BREAKPOINT, 0xbe01 },
		{ SUPERVISOR, 0xdf03 },
		{ BEHIND_HINTS, 0xde01 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct worker_reply r;
		uint32_t place;

		ck_assert_uint_eq(run(ALLOWED, 0).status, XENCOPROC_OK);
		place = find_code(table[i].encoding);
		r = run(table[i].entry, 0);
		ck_assert_uint_eq(r.status, XENCOPROC_FAULT);
		ck_assert_uint_eq(r.result, fault(XENCOPROC_FAULT_OPCODE, place));
	}
}
END_TEST

/* The vector table is code as well: its first word, the stack pointer, begins
 * with an instruction that nothing stands before. */
static uint64_t begins_at_0_with(uint32_t stack)
{
	static uint8_t image[1 << 20];
	FILE *f = fopen(play_path("firmware", "wild", ".elf"), "r");
	size_t n = f ? fread(image, 1, sizeof(image), f) : 0;
	struct worker_reply r;
	Elf32_Ehdr head;
	Elf32_Phdr segment;
	uint32_t i;

	ck_assert_uint_gt(n, sizeof(head));
	fclose(f);
	memcpy(&head, image, sizeof(head));
	for (i = 0; i < head.e_phnum; i++) {
		memcpy(&segment, image + head.e_phoff + i * sizeof(segment), sizeof(segment));
		if (segment.p_type == PT_LOAD && segment.p_paddr == 0 && segment.p_filesz)
			break;
	}
	ck_assert_uint_lt(i, head.e_phnum);
	memcpy(image + segment.p_offset, &stack, sizeof(stack));
	play_unload(&p, 0);
	ck_assert_uint_eq(play_load_bytes(&p, 0, image, n).status, XENCOPROC_OK);
	r = run(JUMP, 1);
	ck_assert_uint_eq(r.status, XENCOPROC_FAULT);
	ck_assert_uint_eq(run(ALLOWED, 0).status, XENCOPROC_OK);
	return r.result;
}

START_TEST(instructions_at_address_0)
{
	ck_assert_uint_eq(begins_at_0_with(0x2000de00), fault(XENCOPROC_FAULT_OPCODE, 0)); /* udf */
	/* wfe, which is allowed: what goes wrong comes behind it. */
	ck_assert_uint_ne(begins_at_0_with(0x2000bf20), fault(XENCOPROC_FAULT_OPCODE, 2));
}
END_TEST

START_TEST(sleeping_while_it_owes_a_job)
{
	struct worker_reply r;

	for (int i = 0; i < 3; i++) {
		r = run(ASLEEP, 0);
		ck_assert_uint_eq(r.status, XENCOPROC_FAILED);
		ck_assert_uint_eq(r.result, CORTEX_M_ASLEEP);
		ck_assert_uint_eq(r.flags, WORKER_REPLY_CONTEXT_RESET);
	}
	/* It does not wake up in the middle of the old job. */
	r = run(ALLOWED, 0);
	ck_assert_uint_eq(r.status, XENCOPROC_OK);
	ck_assert_uint_eq(r.result, 1);
}
END_TEST

START_TEST(stack_overflow)
{
	struct worker_reply r = run(OVERFLOW, 0);

	ck_assert_uint_eq(r.status, XENCOPROC_FAULT);
	ck_assert_uint_eq(r.result >> 32, XENCOPROC_FAULT_WRITE);
	ck_assert((uint32_t)r.result < 0x20000000u && (uint32_t)r.result >= 0x1fffe000u);
}
END_TEST

START_TEST(what_is_allowed_works)
{
	for (uint32_t i = 1; i < 4; i++) {
		struct worker_reply r = run(ALLOWED, 0);

		ck_assert_uint_eq(r.status, XENCOPROC_OK);
		ck_assert_uint_eq(r.result, i);
		r = run(SPECIAL, 1000 + i);
		ck_assert_uint_eq(r.status, XENCOPROC_OK);
		ck_assert_uint_eq(r.result, 1000 + i);
		ck_assert_uint_eq(run(REGISTERS, COPROC_FW_MAILBOX_BASE).status, XENCOPROC_OK);
		ck_assert_uint_eq(run(REGISTERS, COPROC_FW_SCS_BASE).status, XENCOPROC_OK);
		r = run(LOAD, 0);
		ck_assert_uint_eq(r.status, XENCOPROC_OK);
		ck_assert_uint_eq(r.result, STACK_TOP);
	}
}
END_TEST

START_TEST(ending_a_job_twice)
{
	for (int i = 0; i < 3; i++) {
		struct worker_reply r = run(TWICE, 0);

		ck_assert_uint_eq(r.status, XENCOPROC_OK);
		ck_assert_uint_eq(r.result, 11);
	}
}
END_TEST

/* Operand 0 writable or not, operand 1 readable. */
static struct worker_reply use(uint32_t buffer, uint32_t access)
{
	struct play_job j = { .entry = OPERANDS, .operands = 2, .operand = {
		{ buffer, access, 8, 4 }, { 1, XENCOPROC_ACCESS_READ, 4096, 4 } } };

	return play_run(&p, &j);
}

START_TEST(read_only_operands_are)
{
	const uint32_t rw = XENCOPROC_ACCESS_READ | XENCOPROC_ACCESS_WRITE;
	struct play_job where = { .entry = ADDRESS_OF, .operands = 1, .operand = {
		{ 0, XENCOPROC_ACCESS_READ, 8, 4 } } };
	struct worker_reply r;
	uint64_t address;

	memset(world_pages, 0x11, 4 * 4096);
	ck_assert_uint_eq(play_map(&p, 0, rw, 1, world_own.writable).status, XENCOPROC_OK);
	ck_assert_uint_eq(play_map(&p, 1, XENCOPROC_ACCESS_READ, 2, world_own.readonly).status,
			  XENCOPROC_OK);
	address = play_run(&p, &where).result;
	/* Named for reading only, although the buffer is writable. */
	r = use(0, XENCOPROC_ACCESS_READ);
	ck_assert_uint_eq(r.status, XENCOPROC_FAULT);
	ck_assert_uint_eq(r.result, fault(XENCOPROC_FAULT_WRITE, (uint32_t)address));
	ck_assert_uint_eq(world_pages[8], 0x11);
	r = use(0, rw);
	ck_assert_uint_eq(r.status, XENCOPROC_OK);
	ck_assert_uint_eq(r.result, 2);
	ck_assert_uint_eq(world_pages[8], 0x0d);
	/* Not writable at all. */
	r = use(1, XENCOPROC_ACCESS_READ);
	ck_assert_uint_eq(r.status, XENCOPROC_FAULT);
	ck_assert_uint_eq(r.result >> 32, XENCOPROC_FAULT_WRITE);
}
END_TEST

START_TEST(released_buffers_are_gone)
{
	struct play_job where = { .entry = ADDRESS_OF, .operands = 1, .operand = {
		{ 0, XENCOPROC_ACCESS_READ, 0, 4 } } };
	struct worker_reply r;
	uint64_t address;

	ck_assert_uint_eq(play_map(&p, 0, XENCOPROC_ACCESS_READ, 1, world_own.readonly).status,
			  XENCOPROC_OK);
	address = play_run(&p, &where).result;
	r = run(LOAD, address);
	ck_assert_uint_eq(r.status, XENCOPROC_OK);
	ck_assert_uint_eq(r.result, 1);
	/* Another context never had it. */
	play_context(&p, 1);
	where.context = 1;
	where.entry = LOAD;
	where.operands = 0;
	where.immediate = address;
	r = play_run(&p, &where);
	ck_assert_uint_eq(r.status, XENCOPROC_FAULT);
	ck_assert_uint_eq(r.result, fault(XENCOPROC_FAULT_READ, (uint32_t)address));
	ck_assert_uint_eq(play_unmap(&p, 0).status, XENCOPROC_OK);
	r = run(LOAD, address);
	ck_assert_uint_eq(r.status, XENCOPROC_FAULT);
	ck_assert_uint_eq(r.result, fault(XENCOPROC_FAULT_READ, (uint32_t)address));
}
END_TEST

/* What was found out about a page is forgotten with its mapping. */
START_TEST(a_writable_window_becomes_a_read_only_one)
{
	const uint32_t rw = XENCOPROC_ACCESS_READ | XENCOPROC_ACCESS_WRITE;
	struct play_job where = { .entry = ADDRESS_OF, .operands = 1, .operand = {
		{ 0, rw, 0, 4 } } };
	struct worker_reply r;
	uint64_t address;

	memset(world_pages, 0x11, 2 * 4096);
	ck_assert_uint_eq(play_map(&p, 0, rw, 1, world_own.writable).status, XENCOPROC_OK);
	address = play_run(&p, &where).result;
	ck_assert_uint_eq(run(STORE, address).status, XENCOPROC_OK);
	ck_assert_uint_eq(run(STORE, address).status, XENCOPROC_OK);
	ck_assert_uint_eq(world_pages[0], 0x0d);
	/* Another buffer in the same place, whose pages could be written to. */
	ck_assert_uint_eq(play_unmap(&p, 0).status, XENCOPROC_OK);
	ck_assert_uint_eq(play_map(&p, 2, rw, 1, world_own.writable + 1).status, XENCOPROC_OK);
	where.operand[0] = (struct worker_operand){ 2, XENCOPROC_ACCESS_READ, 0, 4 };
	ck_assert_uint_eq(play_run(&p, &where).result, address);
	r = run(STORE, address);
	ck_assert_uint_eq(r.status, XENCOPROC_FAULT);
	ck_assert_uint_eq(r.result, fault(XENCOPROC_FAULT_WRITE, (uint32_t)address));
	ck_assert_uint_eq(world_pages[4096], 0x11);
}
END_TEST

/* Neither by turns nor after a store can a page be written and executed. */
START_TEST(no_page_is_both_written_and_executed)
{
	const uint32_t at = STACK_TOP + 0x10000;
	struct worker_reply r;

	ck_assert_uint_eq(run(STORE, at).status, XENCOPROC_OK);
	ck_assert_uint_eq(run(STORE, at).status, XENCOPROC_OK);
	r = run(JUMP, at | 1);
	ck_assert_uint_eq(r.status, XENCOPROC_FAULT);
	ck_assert_uint_eq(r.result, fault(XENCOPROC_FAULT_FETCH, at));
	ck_assert_uint_eq(run(LOAD, 0x100).status, XENCOPROC_OK);
	r = run(STORE, 0x100);
	ck_assert_uint_eq(r.status, XENCOPROC_FAULT);
	ck_assert_uint_eq(r.result, fault(XENCOPROC_FAULT_WRITE, 0x100));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("engine-cortex-m-wild");
	TCase *t = tcase_create("wild");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, wild_accesses_tell_where, 0, sizeof(faults) / sizeof(faults[0]));
	tcase_add_test(t, instructions_that_are_none);
	tcase_add_test(t, instructions_at_address_0);
	tcase_add_test(t, sleeping_while_it_owes_a_job);
	tcase_add_test(t, stack_overflow);
	tcase_add_test(t, what_is_allowed_works);
	tcase_add_test(t, ending_a_job_twice);
	tcase_add_test(t, read_only_operands_are);
	tcase_add_test(t, released_buffers_are_gone);
	tcase_add_test(t, a_writable_window_becomes_a_read_only_one);
	tcase_add_test(t, no_page_is_both_written_and_executed);
	suite_add_tcase(s, t);
	return s;
}

int main(int argc, char **argv)
{
	return world_main(argc, argv, suite);
}
