/* SPDX-License-Identifier: MIT */
/* Contexts, buffers and firmware: the worker dies, refuses or is not there, or
 * coprocd has no memory, in the midst of their making and of their end. */
#include <stdio.h>

#include "moments.h"

enum kind { CONTEXT, BUFFER, FIRMWARE, KINDS };

static const char *const makes[] = { "CREATE", "MAP", "LOAD" };
static const char *const names[] = { "context", "buffer", "firmware" };

static struct coproc_request making(enum kind kind, uint32_t index)
{
	return kind == CONTEXT ? of_context(XENCOPROC_OP_CTX_CREATE, index) :
	       kind == BUFFER ? register_of(index, 1) : load_of(index);
}

/* CTX_CREATE has more words than the others. */
static struct coproc_request ending(enum kind kind, uint32_t index)
{
	return kind == CONTEXT ? of_context(XENCOPROC_OP_CTX_DESTROY, index) :
	       kind == BUFFER ? of_buffer(index) : of_firmware(index);
}

static void made_and_ended(enum kind kind, uint32_t index, const char *when)
{
	unsigned int made = asked(making(kind, index));
	unsigned int ended = asked(ending(kind, index));

	check(!made && !ended, "%s: a %s is made (%s) and ended (%s)", when, names[kind],
	      coproc_status_text(made), coproc_status_text(ended));
}

/* ---- in the midst of its making ---- */

static void dies_in_the_making(enum kind kind)
{
	uint64_t id;
	unsigned int status;

	wish(makes[kind], "hold");
	id = sent(0, making(kind, 5));
	until_at(makes[kind]);
	wish("HELLO", "hold");
	worker_dies();
	status = status_of(0, id);
	check(status == XENCOPROC_NO_MEMORY, "its worker dies while a %s is made: %s", names[kind],
	      coproc_status_text(status));
	wish(makes[kind], NULL);
	wish("HELLO", NULL);
	made_and_ended(kind, 5, "after that");
}

static void refused(enum kind kind)
{
	unsigned int status;

	wish(makes[kind], "refuse");
	status = asked(making(kind, 5));
	check(status == XENCOPROC_NO_MEMORY, "a worker without memory for a %s: %s", names[kind],
	      coproc_status_text(status));
	wish(makes[kind], NULL);
	made_and_ended(kind, 5, "when it has some again");
}

/* Each allocation of coprocd's on the way, until none is left to fail. */
static void no_memory_in_the_making(enum kind kind)
{
	static const char *const functions[] = { "malloc", "calloc", "memfd_create", "fcntl", "mmap" };
	unsigned int failures = 0, wrong = 0;

	for (size_t f = 0; f < sizeof(functions) / sizeof(functions[0]); f++)
		for (unsigned int n = 1; n < 20; n++) {
			unsigned int status;

			fail_soon(functions[f], n);
			status = asked(making(kind, 5));
			if (!has_failed()) {
				wrong += status || asked(ending(kind, 5));
				break;
			}
			failures++;
			if (status != XENCOPROC_NO_MEMORY) {
				wrong++;
				printf("# %s %u: %s\n", functions[f], n, coproc_status_text(status));
			}
		}
	check(!wrong && failures, "each of the %u allocations for a %s fails once, and is told", failures,
	      names[kind]);
	made_and_ended(kind, 5, "after them");
}

/* ---- in the midst of its end ---- */

static void ended_without_a_worker(void)
{
	uint64_t id[KINDS], later;
	unsigned int wrong = 0;

	make_all();
	wish("HELLO", "hold");
	worker_dies();
	for (enum kind k = 0; k < KINDS; k++)
		id[k] = sent(0, ending(k, 0));
	for (enum kind k = 0; k < KINDS; k++)
		wrong += status_of(0, id[k]) != XENCOPROC_OK;
	check(!wrong, "objects are ended while there is no worker to be told");
	later = sent(0, making(FIRMWARE, 3));
	wish("HELLO", NULL);
	check(status_of(0, later) == XENCOPROC_OK, "and firmware that came meanwhile is there with the next");
	leave();
}

/* coprocd cannot tell the worker: it must not live on with the object. */
static void no_memory_to_end_it(void)
{
	make_all();
	for (enum kind k = 0; k < KINDS; k++) {
		unsigned int status;

		forget_at();
		fail_soon("malloc", 1);
		status = asked(ending(k, k == BUFFER));
		check(has_failed() && status == XENCOPROC_OK, "no memory to tell the worker of a %s's end: %s",
		      names[k], coproc_status_text(status));
		until_ready();
	}
	leave();
}

static void half_told(void)
{
	unsigned int status;

	connect_anew();
	forget_at();
	fail_soon("malloc", 3);         /* the grants, the first part, the second */
	status = asked(register_of(9, MANY_PAGES));
	check(has_failed() && status == XENCOPROC_NO_MEMORY, "no memory for the second half of a buffer: %s",
	      coproc_status_text(status));
	until_ready();
	check(asked(register_of(9, MANY_PAGES)) == XENCOPROC_OK, "and then it is had");
	leave();
}

/* ---- the next worker ---- */

static void refused_by_the_next(enum kind kind)
{
	char why[64];

	make_all();
	wish(makes[kind], "refuse");
	wish("HELLO", "hold");
	worker_dies();
	/* All refusals are there when coprocd looks: the first one counts. */
	coprocd_stop();
	wish("HELLO", NULL);
	coprocd_continue();
	snprintf(why, sizeof(why), "%s 0 could not be given to a new engine process", names[kind]);
	broken_because(why);
}

static void no_memory_for_the_next(void)
{
	make_all();
	fail_soon("event_new", 1);
	worker_killed();
	broken_because("out of memory while the engine was to be started again");
	make_all();
	fail_soon("memfd_create", 1);
	worker_killed();
	broken_because("the engine could not be started again");
	make_all();
	wish("HELLO", "hold");
	worker_dies();
	fail_soon("malloc", 1);
	wish("HELLO", NULL);
	broken_because("out of memory while a new engine process was told of the objects");
}

/* ---- requests that wait for others ---- */

static void waits_without_memory(void)
{
	uint64_t create, destroy;

	connect_anew();
	wish("CREATE", "hold");
	create = sent(0, making(CONTEXT, 1));
	until_at("CREATE");
	fail_soon("malloc", 1);
	destroy = sent(0, ending(CONTEXT, 1));
	check(status_of(0, destroy) == XENCOPROC_NO_MEMORY && has_failed(),
	      "no memory for a request that has to wait: refused at once");
	wish("CREATE", NULL);
	check(status_of(0, create) == XENCOPROC_OK, "what it would have waited for is made");
	leave();
}

/* Behind who waits for the same object, which is not there yet. */
static void waits_behind_another(void)
{
	uint64_t map, load, unload;

	make_all();
	asked(of_buffer(IMAGE_BUFFER));
	wish("MAP", "hold");
	map = sent(0, register_of(IMAGE_BUFFER, 1));
	until_at("MAP");
	load = sent(0, load_of(3));
	unload = sent(0, of_firmware(3));
	check(asked(raw_request(XENCOPROC_OP_NOP)) == XENCOPROC_OK, "what names no object goes ahead");
	wish("MAP", NULL);
	check(status_of(0, map) == XENCOPROC_OK, "a buffer is made");
	/* Another page, that it knows no digest of. */
	check(status_of(0, load) == XENCOPROC_BAD_DIGEST, "then the firmware is copied from it");
	check(status_of(0, unload) == XENCOPROC_BAD_OBJECT, "and then only it is looked for");
	leave();
}

static void leaves_while_some_wait(void)
{
	connect_anew();
	wish("CREATE", "hold");
	sent(0, making(CONTEXT, 1));
	until_at("CREATE");
	for (int i = 0; i < 5; i++)
		sent(0, ending(CONTEXT, 1));
	check(asked(raw_request(XENCOPROC_OP_NOP)) == XENCOPROC_OK, "five requests wait");
	/* Held until it is killed. */
	raw_write(&raw, "state", "5");
	check(raw_until(&raw, 6), "and go with their connection");
	leave();
}

void moments_of_objects(void)
{
	make_all();
	for (enum kind k = 0; k < KINDS; k++) {
		dies_in_the_making(k);
		refused(k);
		no_memory_in_the_making(k);
	}
	leave();
	ended_without_a_worker();
	no_memory_to_end_it();
	half_told();
	for (enum kind k = 0; k < KINDS; k++)
		refused_by_the_next(k);
	no_memory_for_the_next();
	waits_without_memory();
	waits_behind_another();
	leaves_while_some_wait();
}
