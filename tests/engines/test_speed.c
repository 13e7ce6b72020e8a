/* SPDX-License-Identifier: MIT */
/*
 * How fast firmware runs in a worker, beside the same firmware in Unicorn and
 * nothing else, by turns.  As TAP comments; only absurd figures fail,
 * and stores that are not much faster, as they are with Unicorn 2.0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo/algo/speech.h"
#include "demo/tile.h"
#include "tests/engines/bare.h"
#include "tests/engines/play.h"
#include "tests/engines/world.h"
#include "tests/unit/tap.h"

#ifdef __SANITIZE_ADDRESS__
#define ROUNDS          1u      /* no figures, only whether it works */
#else
#define ROUNDS          11u
#endif
#define RW              (XENCOPROC_ACCESS_READ | XENCOPROC_ACCESS_WRITE)
#define OUT             (128u * 1024u)          /* where operand 1 is in its buffer */

static const struct play_options plain = { .domid = WORLD_DOMID };

struct work {
	const char *what;
	const char *firmware;
	uint32_t entry;
	uint64_t immediate;
	uint32_t in, out;       /* bytes of operands 0 and 1 */
	double units;           /* a figure is time over this many */
	const char *unit;
	double most;            /* of Unicorn's time */
};

static const struct work works[] = {
	/* Otherwise stores.c has no effect. */
	{ "a store to RAM", "speed", 0, 25000, 0, 0, 16 * 25000 / 1e3, "ns", 0.5 },
	{ "a store to an operand", "speed", 0, 25000, 4096, 0, 16 * 25000 / 1e3, "ns", 0.5 },
	{ "a load from RAM", "speed", 1, 100000, 0, 0, 16 * 100000 / 1e3, "ns", 20 },
	{ "an addition", "speed", 2, 1000000, 0, 0, 16 * 1000000 / 1e3, "ns", 20 },
	{ "a frame of the demo's audio", "demo-speech", 0, 0, 2 * SPEECH_FRAME, 2 * SPEECH_FRAME,
	  1, "us", 20 },
	{ "a tile of the demo's picture", "demo-edges", 0, 0,
	  EDGES_WINDOW * EDGES_WINDOW * 3, EDGES_TILE * EDGES_TILE, 1, "us", 20 },
};

static uint64_t immediate(const struct work *w)
{
	const struct tile tile = { .w = EDGES_TILE, .h = EDGES_TILE,
				   .in_pitch = EDGES_WINDOW * 3, .out_pitch = EDGES_TILE };

	return strcmp(w->firmware, "demo-edges") ? w->immediate : tile_pack(&tile);
}

static void fill(uint8_t *p)
{
	uint32_t x = 1;

	for (uint32_t i = 0; i < OUT; i++) {
		x = x * 1664525u + 1013904223u;
		/* Noise on a slope: neither all edges nor none. */
		p[i] = (uint8_t)(i / 3 + (x >> 28));
	}
}

static double bare_time(struct bare *b, const struct work *w, uint64_t *result)
{
	struct coproc_fw_abi_job job = { .entry = w->entry, .immediate = immediate(w) };
	double t;

	if (w->in)
		job.operand[job.operands++] = (struct coproc_fw_abi_operand){
			BARE_ADDRESS, w->in, COPROC_FW_ACCESS_READ | COPROC_FW_ACCESS_WRITE, 0 };
	if (w->out)
		job.operand[job.operands++] = (struct coproc_fw_abi_operand){
			BARE_ADDRESS + OUT, w->out, COPROC_FW_ACCESS_WRITE, 0 };
	t = play_now_us();
	*result = bare_run(b, &job);
	return play_now_us() - t;
}

static double engine_time(struct play *p, const struct work *w, uint64_t *result)
{
	struct play_job job = { .entry = w->entry, .immediate = immediate(w) };
	struct worker_reply r;
	double t;

	if (w->in)
		job.operand[job.operands++] = (struct worker_operand){ 0, RW, 0, w->in };
	if (w->out)
		job.operand[job.operands++] = (struct worker_operand){ 0, RW, OUT, w->out };
	t = play_now_us();
	r = play_run(p, &job);
	t = play_now_us() - t;
	ck_assert_uint_eq(r.status, XENCOPROC_OK);
	*result = r.result;
	return t;
}

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof(v[0]), ascending);
	return v[ROUNDS / 2];
}

START_TEST(speed)
{
	const struct work *w = &works[_i];
	double engine[ROUNDS], alone[ROUNDS], ratio[ROUNDS], m;
	struct play p;
	uint8_t *memory;
	struct bare *b = bare_open(w->firmware, &memory);
	uint64_t got, want;

	play_start(&p, "coproc-engine-cortex-m", &plain);
	play_load(&p, 0, w->firmware);
	play_context(&p, 0);
	ck_assert_uint_eq(play_map(&p, 0, RW, BARE_OPERANDS / XENCOPROC_PAGE_SIZE,
				   world_own.writable).status, XENCOPROC_OK);
	fill(memory);
	fill(world_pages);
	bare_time(b, w, &want);
	engine_time(&p, w, &got);
	for (size_t i = 0; i < ROUNDS; i++) {
		alone[i] = bare_time(b, w, &want) / w->units;
		engine[i] = engine_time(&p, w, &got) / w->units;
		ratio[i] = engine[i] / alone[i];
		ck_assert_uint_eq(got, want);
	}
	if (w->out)
		ck_assert(memcmp(memory + OUT, world_pages + OUT, w->out) == 0);
	m = median(ratio);
	printf("# %s: engine %.2f %s, bare %.2f %s, ratio %.2f (%.2f to %.2f), median of %u\n",
	       w->what, median(engine), w->unit, median(alone), w->unit, m, ratio[0],
	       ratio[ROUNDS - 1], ROUNDS);
	fflush(stdout);
	ck_assert(m < w->most);
	bare_close(b);
	play_stop(&p);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("engine-speed");
	TCase *t = tcase_create("speed");

	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, speed, 0, sizeof(works) / sizeof(works[0]));
	suite_add_tcase(s, t);
	return s;
}

int main(int argc, char **argv)
{
	return world_main(argc, argv, suite);
}
