/* SPDX-License-Identifier: MIT */
/*
 * Banks: nobody gets memory that was another's before it has been proven zero
 * (F19, promise 2), and what the evidence says is so.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/bank.h"
#include "tests/unit/tap.h"

#define BYTES   (64u * 4096u)
#define COUNT   4u

static struct bank_pool pool;
static const int anna, bob;     /* holders: known by their address alone */

static void setup(void)
{
	ck_assert_int_eq(bank_pool_init(&pool, COUNT, BYTES), 0);
}

static void teardown(void)
{
	bank_pool_fini(&pool);
}

static void put(const struct bank *bank, off_t at, const void *bytes, size_t length)
{
	ck_assert_int_eq(pwrite(bank->fd, bytes, length, at), (ssize_t)length);
}

static uint64_t count_nonzero(const struct bank *bank)
{
	static unsigned char bytes[BYTES];
	uint64_t found = 0;

	ck_assert_int_eq(pread(bank->fd, bytes, BYTES, 0), BYTES);
	for (size_t i = 0; i < BYTES; i++)
		found += bytes[i] != 0;
	return found;
}

static enum bank_state state_of(uint32_t number)
{
	return pool.banks[number].state;
}

START_TEST(taken_bank_is_zero_and_its_owners)
{
	struct bank *bank = bank_take(&pool, 7, &anna);
	struct stat stat;

	ck_assert_ptr_nonnull(bank);
	ck_assert_int_eq(bank->state, BANK_OWNED);
	ck_assert_uint_eq(bank->domain, 7);
	ck_assert_ptr_eq(bank->holder, &anna);
	ck_assert_int_eq(fstat(bank->fd, &stat), 0);
	ck_assert_int_eq(stat.st_size, BYTES);
	ck_assert_uint_eq(count_nonzero(bank), 0);
}
END_TEST

/* What a worker could do with its descriptor. */
START_TEST(size_is_sealed)
{
	struct bank *bank = bank_take(&pool, 7, &anna);

	ck_assert_int_lt(ftruncate(bank->fd, 0), 0);
	ck_assert_int_lt(ftruncate(bank->fd, 2 * BYTES), 0);
	ck_assert_int_lt(fcntl(bank->fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	ck_assert_int_eq(fcntl(bank->fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}
END_TEST

START_TEST(pool_is_exhausted_and_says_so)
{
	uint32_t taken = 0;

	for (uint32_t i = 0; i < COUNT; i++) {
		struct bank *bank = bank_take(&pool, 1, &anna);

		ck_assert_ptr_nonnull(bank);
		ck_assert_uint_eq(taken & 1u << bank->number, 0);
		taken |= 1u << bank->number;
	}
	errno = 0;
	ck_assert_ptr_null(bank_take(&pool, 2, &bob));
	ck_assert_int_eq(errno, ENOSPC);
	/* Also for the holder of them all, as long as they back contexts. */
	errno = 0;
	ck_assert_ptr_null(bank_take(&pool, 1, &anna));
	ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

START_TEST(dirty_bank_is_nobody_elses)
{
	struct bank *banks[COUNT];

	for (uint32_t i = 0; i < COUNT; i++) {
		banks[i] = bank_take(&pool, 1, &anna);
		put(banks[i], 0, "secret", 6);
	}
	for (uint32_t i = 0; i < COUNT; i++) {
		bank_drop(banks[i]);
		ck_assert_int_eq(banks[i]->state, BANK_DIRTY);
	}
	errno = 0;
	ck_assert_ptr_null(bank_take(&pool, 2, &bob));
	ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

/* The same holder gets it back, but never the bytes. */
START_TEST(own_dirty_bank_comes_back_scrubbed)
{
	struct bank *first = bank_take(&pool, 1, &anna), *again;

	put(first, 12345, "secret", 6);
	bank_drop(first);
	again = bank_take(&pool, 1, &anna);
	ck_assert_ptr_eq(again, first);
	ck_assert_int_eq(again->state, BANK_OWNED);
	ck_assert_uint_eq(count_nonzero(again), 0);
}
END_TEST

START_TEST(reclaim_is_of_one_holder)
{
	struct bank_evidence evidence = { 0 };
	struct bank *a = bank_take(&pool, 1, &anna), *b = bank_take(&pool, 1, &bob);
	struct bank *c = bank_take(&pool, 1, &anna);
	uint32_t numbers[3] = { a->number, b->number, c->number };

	put(a, 0, "anna", 4);
	put(b, 0, "bob", 3);
	bank_drop(c);
	ck_assert_int_eq(bank_reclaim(&pool, &anna, &evidence), 0);
	ck_assert_int_eq(state_of(numbers[0]), BANK_CLEAN);
	ck_assert_int_eq(state_of(numbers[1]), BANK_OWNED);
	ck_assert_int_eq(state_of(numbers[2]), BANK_CLEAN);
	ck_assert_uint_eq(a->domain, BANK_NOBODY);
	ck_assert_ptr_null(a->holder);
	ck_assert_uint_eq(count_nonzero(a), 0);
	ck_assert_uint_eq(count_nonzero(b), 3);
	ck_assert_uint_eq(evidence.bytes, 2 * BYTES);
	/* Clean ones are free for anybody. */
	ck_assert_ptr_nonnull(bank_take(&pool, 2, &bob));
}
END_TEST

/* Pages that held data, counted by the kernel; one page for each byte here. */
START_TEST(evidence_is_true)
{
	struct bank_evidence evidence = { 0 };
	struct bank *bank = bank_take(&pool, 1, &anna);

	for (int page = 0; page < 10; page++)
		put(bank, page * 4096 * 3 + 17, "x", 1);
	ck_assert_int_eq(bank_scrub(&pool, bank, &evidence), 0);
	ck_assert_uint_eq(evidence.bytes, BYTES);
	ck_assert_uint_eq(evidence.resident, 10 * 4096);
	ck_assert_uint_eq(evidence.nonzero, 0);
	ck_assert_uint_gt(evidence.ns, 0);
	/* Summed; and now there is nothing to give back. */
	ck_assert_int_eq(bank_scrub(&pool, bank, &evidence), 0);
	ck_assert_uint_eq(evidence.bytes, 2 * BYTES);
	ck_assert_uint_eq(evidence.resident, 10 * 4096);
}
END_TEST

/* Instead of a bank: a file that cannot be punched, with so many bytes not 0. */
static void spoil(struct bank *bank, unsigned int nonzero, unsigned int seals)
{
	int fd = memfd_create("spoilt", MFD_ALLOW_SEALING);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, BYTES), 0);
	for (unsigned int i = 0; i < nonzero; i++)
		ck_assert_int_eq(pwrite(fd, "\xff", 1, i * 977), 1);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, (int)seals), 0);
	ck_assert_int_ge(dup2(fd, bank->fd), 0);
	close(fd);
}

/* Fail closed: a bank that cannot be scrubbed stays with whom it was, and the
 * others of the holder are scrubbed all the same. */
START_TEST(failed_scrub_keeps_the_bank)
{
	struct bank_evidence evidence = { 0 };
	struct bank *bad = bank_take(&pool, 1, &anna), *good = bank_take(&pool, 1, &anna);

	put(good, 0, "x", 1);
	spoil(bad, 100, F_SEAL_WRITE);
	ck_assert_int_eq(bank_reclaim(&pool, &anna, &evidence), -EIO);
	ck_assert_int_eq(bad->state, BANK_DIRTY);
	ck_assert_ptr_eq(bad->holder, &anna);
	ck_assert_uint_eq(bad->domain, 1);
	ck_assert_int_eq(good->state, BANK_CLEAN);
	ck_assert_uint_eq(count_nonzero(good), 0);
	for (uint32_t i = 1; i < COUNT; i++)
		ck_assert_ptr_nonnull(bank_take(&pool, 2, &bob));
	ck_assert_ptr_null(bank_take(&pool, 2, &bob));
	ck_assert_ptr_ne(bad->holder, &bob);
	/* Nor does the holder get it. */
	ck_assert_ptr_null(bank_take(&pool, 1, &anna));
	ck_assert_int_eq(bad->state, BANK_DIRTY);
}
END_TEST

/* Zero, but not by us: what could not be scrubbed is not taken for clean. */
START_TEST(zero_by_chance_is_not_scrubbed)
{
	struct bank_evidence evidence = { 0 };
	struct bank *bank = bank_take(&pool, 1, &anna);

	spoil(bank, 0, F_SEAL_WRITE);
	ck_assert_int_lt(bank_scrub(&pool, bank, &evidence), 0);
}
END_TEST

/* A descriptor too short, or gone: what cannot be read is not proven. */
START_TEST(unreadable_bank_fails)
{
	struct bank_evidence evidence = { 0 };
	struct bank *bank = bank_take(&pool, 1, &anna);
	int fd = memfd_create("short", 0);

	ck_assert_int_eq(ftruncate(fd, BYTES / 2), 0);
	ck_assert_int_ge(dup2(fd, bank->fd), 0);
	close(fd);
	ck_assert_int_eq(bank_reclaim(&pool, &anna, &evidence), -EIO);
	ck_assert_int_eq(bank->state, BANK_DIRTY);
}
END_TEST

/* ---- a worker that is not as dead as it should be ---- */

static unsigned char *late;      /* what it writes, right after the scrub */

/* room.mk has the linker put it before the system's. */
int __real_fallocate(int fd, int mode, off_t offset, off_t length);
int __wrap_fallocate(int fd, int mode, off_t offset, off_t length);
int __wrap_fallocate(int fd, int mode, off_t offset, off_t length)
{
	int rc = __real_fallocate(fd, mode, offset, length);

	if (late)
		*late = 0xff;
	return rc;
}

/* Its one byte is found, wherever it is: at the edges of the blocks that are
 * read, at both ends, in the middle. */
START_TEST(what_is_written_after_the_scrub_is_found)
{
	static const size_t places[] = { 0, 1, 65535, 65536, 65537, BYTES / 2, BYTES - 1 };
	struct bank *bank = bank_take(&pool, 1, &anna);
	struct bank_evidence evidence = { 0 };
	unsigned char *written;

	written = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, bank->fd, 0);
	ck_assert_ptr_ne(written, MAP_FAILED);
	late = written + places[_i];
	ck_assert_int_eq(bank_reclaim(&pool, &anna, &evidence), -EIO);
	late = NULL;
	ck_assert_uint_eq(evidence.nonzero, 1);
	ck_assert_uint_eq(evidence.bytes, BYTES);
	ck_assert_int_eq(bank->state, BANK_DIRTY);
	munmap(written, BYTES);
	/* Once it is really dead the bank can be had again. */
	ck_assert_int_eq(bank_reclaim(&pool, &anna, &evidence), 0);
	ck_assert_int_eq(bank->state, BANK_CLEAN);
}
END_TEST

START_TEST(banks_are_reused_without_leaks)
{
	int before = dup(0), after;

	close(before);
	for (int round = 0; round < 1000; round++) {
		struct bank_evidence evidence = { 0 };
		struct bank *bank = bank_take(&pool, 1, round & 1 ? &anna : &bob);

		ck_assert_ptr_nonnull(bank);
		put(bank, 0, "x", 1);
		ck_assert_int_eq(bank_reclaim(&pool, round & 1 ? &anna : &bob, &evidence), 0);
		ck_assert_uint_eq(evidence.resident, 4096);
	}
	bank_pool_fini(&pool);
	after = dup(0);
	close(after);
	ck_assert_int_eq(before, after);
	setup();
}
END_TEST

START_TEST(empty_pool_has_nothing)
{
	struct bank_pool none;

	ck_assert_int_eq(bank_pool_init(&none, 0, BYTES), 0);
	ck_assert_ptr_null(bank_take(&none, 1, &anna));
	ck_assert_int_eq(errno, ENOSPC);
	bank_pool_fini(&none);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backend-bank");
	TCase *tc = tcase_create("bank");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, taken_bank_is_zero_and_its_owners);
	tcase_add_test(tc, size_is_sealed);
	tcase_add_test(tc, pool_is_exhausted_and_says_so);
	tcase_add_test(tc, dirty_bank_is_nobody_elses);
	tcase_add_test(tc, own_dirty_bank_comes_back_scrubbed);
	tcase_add_test(tc, reclaim_is_of_one_holder);
	tcase_add_test(tc, evidence_is_true);
	tcase_add_test(tc, failed_scrub_keeps_the_bank);
	tcase_add_test(tc, zero_by_chance_is_not_scrubbed);
	tcase_add_test(tc, unreadable_bank_fails);
	tcase_add_loop_test(tc, what_is_written_after_the_scrub_is_found, 0, 7);
	tcase_add_test(tc, banks_are_reused_without_leaks);
	tcase_add_test(tc, empty_pool_has_nothing);
	suite_add_tcase(suite, tc);
	return tap_main(suite);
}
