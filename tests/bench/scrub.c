/* SPDX-License-Identifier: MIT */
/*
 * How fast a bank is scrubbed (backend/bank.c: its pages given back, then all of
 * it read to be zero), beside the best of two ways to write zeroes into as much
 * memory that is there, which prove nothing: memset() and stores that go around
 * the caches.  The first half of the scrub by itself, too.
 *
 *	bench-scrub [--quick] RAW.csv >> RESULTS
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "backend/bank.h"
#include "bench.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define ROUNDS  9u

static uint64_t bytes;
static char *memory;            /* bytes of it, mapped and there */
static struct bank_pool pool;
static struct bank *bank;
static char *bank_memory;

static void zero_by_memset(void)
{
	memset(memory, 0, bytes);
	__asm__ volatile("" : : "r"(memory) : "memory");
}

static void zero_around_caches(void)
{
#ifdef __SSE2__
	__m128i zero = _mm_setzero_si128();

	for (uint64_t i = 0; i < bytes; i += 64) {
		_mm_stream_si128((__m128i *)(memory + i), zero);
		_mm_stream_si128((__m128i *)(memory + i + 16), zero);
		_mm_stream_si128((__m128i *)(memory + i + 32), zero);
		_mm_stream_si128((__m128i *)(memory + i + 48), zero);
	}
	_mm_sfence();
#else
	zero_by_memset();
#endif
}

static void scrub(void)
{
	struct bank_evidence evidence = { 0 };

	if (bank_scrub(&pool, bank, &evidence) || evidence.resident < bytes)
		bench_die("the scrub failed, or there was nothing to scrub");
}

/* What bank_scrub() does before it reads. */
static void give_back(void)
{
	if (fallocate(bank->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes))
		bench_die("fallocate: %s", strerror(errno));
}

/* Gigabytes a second. */
static double speed(void (*zero)(void))
{
	uint64_t begin;

	memset(memory, 0x5a, bytes);
	memset(bank_memory, 0xa5, bytes);
	begin = bench_now();
	zero();
	return (double)bytes / (double)(bench_now() - begin);
}

static void open_memory(void)
{
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || bank_pool_init(&pool, 1, bytes))
		bench_die("memory: %s", strerror(errno));
	bank = bank_take(&pool, 1, &pool);
	bank_memory = bank ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bank->fd, 0) :
			     MAP_FAILED;
	if (bank_memory == MAP_FAILED)
		bench_die("a bank: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	bool quick = argc > 2 && !strcmp(argv[1], "--quick");
	FILE *raw = argc > 1 ? fopen(argv[argc - 1], "we") : NULL;
	double with[4][ROUNDS], ratio[ROUNDS], half[ROUNDS];

	if (!raw)
		bench_die("usage: bench-scrub [--quick] RAW.csv");
	bytes = quick ? 4u << 20 : 64u << 20;
	open_memory();
	fputs("round,memset_gbs,nontemporal_gbs,given_back_gbs,scrub_gbs\n", raw);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		double best;

		with[0][round] = speed(zero_by_memset);
		with[1][round] = speed(zero_around_caches);
		with[2][round] = speed(give_back);
		with[3][round] = speed(scrub);
		best = with[0][round] > with[1][round] ? with[0][round] : with[1][round];
		half[round] = with[2][round] / best;
		ratio[round] = with[3][round] / best;
		fprintf(raw, "%u,%.3f,%.3f,%.3f,%.3f\n", round, with[0][round], with[1][round],
			with[2][round], with[3][round]);
	}
	printf("memset-gbs %.3f\nnontemporal-gbs %.3f\ngiven-back-gbs %.3f\nscrub-gbs %.3f\n",
	       bench_median(with[0], ROUNDS), bench_median(with[1], ROUNDS),
	       bench_median(with[2], ROUNDS), bench_median(with[3], ROUNDS));
	printf("given-back-to-best %.3f\nscrub-to-best %.3f\n", bench_median(half, ROUNDS),
	       bench_median(ratio, ROUNDS));
	return fclose(raw) ? 1 : 0;
}
