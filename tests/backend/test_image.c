/* SPDX-License-Identifier: MIT */
/*
 * Firmware images: the bytes hashed are the bytes kept (F18), whatever the
 * guest does to its pages meanwhile.  The guest's buffer is the test's own:
 * it defines the buffer_read() that image.c calls.
 */
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend/image.h"
#include "backend/session.h"
#include "tests/unit/tap.h"

#define LENGTH  100000u
#define LIMIT   3u
#define KIND    1u

static struct backend backend;
static struct session session;
static uint8_t guest[LENGTH + 5000];
static uint64_t fails_at = UINT64_MAX;  /* a page of the guest that cannot be read */
static uint32_t reads, longest_read;
static bool hostile;                    /* the guest changes what was read already */

static uint32_t kind_wanted = KIND;
static int dones;
static struct image *image;
static enum xencoproc_status status;
static uint32_t firmware;

int buffer_read(struct session *from, uint32_t index, uint64_t offset, void *to, size_t length)
{
	ck_assert_ptr_eq(from, &session);
	ck_assert_uint_eq(index, 5);
	ck_assert_uint_le(offset + length, sizeof(guest));
	reads++;
	longest_read = length > longest_read ? (uint32_t)length : longest_read;
	if (fails_at >= offset && fails_at < offset + length)
		return -EIO;
	memcpy(to, guest + offset, length);
	if (hostile)
		memset(guest + offset, 0xee, length);
	return 0;
}

static void on_done(struct session *of, uint32_t number, struct image *result,
		    enum xencoproc_status how)
{
	ck_assert_ptr_eq(of, &session);
	dones++;
	firmware = number;
	image = result;
	status = how;
}

static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int found = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		found++;
	closedir(dir);
	return found;
}

static void setup(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	backend.base = event_base_new();
	session.backend = &backend;
	session.images = image_cache_create(&session, LIMIT);
	ck_assert_ptr_nonnull(session.images);
	for (size_t i = 0; i < sizeof(guest); i++)
		guest[i] = (uint8_t)(i * 31 + i / 256);
	fails_at = UINT64_MAX;
	reads = longest_read = 0;
	hostile = false;
	dones = 0;
	image = NULL;
}

static void teardown(void)
{
	image_cache_destroy(session.images);
	event_base_free(backend.base);
}

static void sha256(uint32_t offset, uint32_t length, uint8_t digest[32])
{
	crypto_hash_sha256(digest, guest + offset, length);
}

static void begin(uint32_t number, uint32_t offset, uint32_t length, const uint8_t digest[32])
{
	ck_assert_int_eq(image_copy(&session, number, 5, offset, length, digest, kind_wanted,
				    on_done), 0);
}

/* One copy to its end. */
static void copy(uint32_t offset, uint32_t length)
{
	uint8_t digest[32];
	int before = dones;

	sha256(offset, length, digest);
	begin(7, offset, length, digest);
	ck_assert_int_eq(dones, before);        /* never from image_copy() itself */
	event_base_dispatch(backend.base);
	ck_assert_int_eq(dones, before + 1);
	ck_assert_uint_eq(firmware, 7);
}

START_TEST(right_digest_makes_an_image)
{
	static const uint32_t lengths[] = { 1, 8191, 8192, 8193, LENGTH };
	static uint8_t kept[LENGTH];
	uint8_t digest[32];

	sha256(4001, lengths[_i], digest);
	copy(4001, lengths[_i]);
	ck_assert_int_eq(status, XENCOPROC_OK);
	ck_assert_ptr_nonnull(image);
	ck_assert_uint_eq(image->users, 1);
	ck_assert_uint_eq(image->length, lengths[_i]);
	ck_assert_mem_eq(image->digest, digest, 32);
	ck_assert_int_eq(pread(image->fd, kept, sizeof(kept), 0), (ssize_t)lengths[_i]);
	ck_assert_mem_eq(kept, guest + 4001, lengths[_i]);
	image_put(session.images, image);
}
END_TEST

START_TEST(image_cannot_be_changed)
{
	copy(0, LENGTH);
	ck_assert_int_lt(pwrite(image->fd, "x", 1, 0), 0);
	ck_assert_int_lt(ftruncate(image->fd, 0), 0);
	ck_assert_int_lt(ftruncate(image->fd, 2 * LENGTH), 0);
	ck_assert_ptr_eq(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, image->fd, 0), MAP_FAILED);
	ck_assert_int_eq(fcntl(image->fd, F_GET_SEALS),
			 F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE);
	ck_assert_int_eq(fcntl(image->fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	image_put(session.images, image);
}
END_TEST

/* Each byte is read once, in steps that keep nobody waiting. */
START_TEST(guest_is_read_once_in_small_steps)
{
	static uint8_t was[LENGTH], kept[LENGTH];

	memcpy(was, guest, LENGTH);
	hostile = true;
	copy(0, LENGTH);
	ck_assert_int_eq(status, XENCOPROC_OK);
	ck_assert_int_eq(pread(image->fd, kept, LENGTH, 0), LENGTH);
	ck_assert_mem_eq(kept, was, LENGTH);
	ck_assert_uint_le(longest_read, 65536);
	ck_assert_uint_ge(reads, LENGTH / 65536);
	image_put(session.images, image);
}
END_TEST

START_TEST(wrong_digest_is_refused)
{
	uint8_t digest[32];
	int before = descriptors();

	sha256(0, LENGTH, digest);
	digest[_i] ^= 1;
	begin(9, 0, LENGTH, digest);
	event_base_dispatch(backend.base);
	ck_assert_int_eq(dones, 1);
	ck_assert_int_eq(status, XENCOPROC_BAD_DIGEST);
	ck_assert_ptr_null(image);
	ck_assert_uint_eq(firmware, 9);
	ck_assert_ptr_null(image_find(session.images, digest, KIND));
	ck_assert_int_eq(descriptors(), before);
}
END_TEST

START_TEST(page_that_cannot_be_read)
{
	static const uint64_t places[] = { 0, LENGTH / 2, LENGTH - 1 };
	int before = descriptors();

	for (int i = 0; i < 3; i++) {
		fails_at = places[i];
		copy(0, LENGTH);
		ck_assert_int_eq(status, XENCOPROC_BAD_GRANT);
		ck_assert_ptr_null(image);
	}
	ck_assert_int_eq(descriptors(), before);
	fails_at = UINT64_MAX;
	copy(0, LENGTH);
	ck_assert_int_eq(status, XENCOPROC_OK);
	image_put(session.images, image);
}
END_TEST

/* ---- the cache ---- */

START_TEST(same_bytes_are_one_image)
{
	struct image *first;
	uint8_t digest[32];
	int before;

	sha256(0, 500, digest);
	copy(0, 500);
	first = image;
	before = descriptors();
	copy(0, 500);
	ck_assert_ptr_eq(image, first);
	ck_assert_uint_eq(first->users, 2);
	ck_assert_ptr_eq(image_find(session.images, digest, KIND), first);
	ck_assert_uint_eq(first->users, 3);
	ck_assert_int_eq(descriptors(), before);
	for (int i = 0; i < 3; i++)
		image_put(session.images, first);
	ck_assert_uint_eq(first->users, 0);
	/* Unused, it stays for the next. */
	ck_assert_ptr_eq(image_find(session.images, digest, KIND), first);
	image_put(session.images, first);
}
END_TEST

/* The same bytes as another kind of firmware are another image. */
START_TEST(kinds_are_kept_apart)
{
	struct image *first;

	copy(0, 500);
	first = image;
	kind_wanted = KIND + 1;
	copy(0, 500);
	kind_wanted = KIND;
	ck_assert_int_eq(status, XENCOPROC_OK);
	ck_assert_ptr_ne(image, first);
	ck_assert_uint_eq(image->kind, KIND + 1);
	ck_assert_uint_eq(first->kind, KIND);
	ck_assert_ptr_eq(image_find(session.images, first->digest, KIND), first);
	ck_assert_ptr_eq(image_find(session.images, first->digest, KIND + 1), image);
}
END_TEST

static bool cached(uint32_t offset)
{
	struct image *found;
	uint8_t digest[32];

	sha256(offset, 500, digest);
	found = image_find(session.images, digest, KIND);
	if (found)
		image_put(session.images, found);
	return found;
}

START_TEST(unused_for_longest_makes_room)
{
	struct image *images[LIMIT];
	int before = descriptors();

	for (uint32_t i = 0; i < LIMIT; i++) {
		copy(i, 500);
		images[i] = image;
	}
	image_put(session.images, images[1]);
	image_put(session.images, images[0]);
	copy(10, 500);
	ck_assert_int_eq(status, XENCOPROC_OK);
	ck_assert(!cached(1));
	ck_assert(cached(0) && cached(10));
	/* One in use stays, however old. */
	image_put(session.images, image);
	copy(11, 500);
	copy(12, 500);
	ck_assert(cached(2));
	ck_assert_int_eq(descriptors(), before + (int)LIMIT);
}
END_TEST

START_TEST(all_in_use_is_no_quota)
{
	struct image *images[LIMIT];

	for (uint32_t i = 0; i < LIMIT; i++) {
		copy(i, 500);
		images[i] = image;
	}
	copy(10, 500);
	ck_assert_int_eq(status, XENCOPROC_NO_QUOTA);
	ck_assert_ptr_null(image);
	/* One of those that are there costs no room. */
	copy(1, 500);
	ck_assert_int_eq(status, XENCOPROC_OK);
	image_put(session.images, images[0]);
	copy(10, 500);
	ck_assert_int_eq(status, XENCOPROC_OK);
}
END_TEST

START_TEST(copies_end_in_their_order)
{
	uint8_t digest[32];

	for (uint32_t i = 0; i < LIMIT; i++) {
		sha256(i, LENGTH, digest);
		begin(20 + i, i, LENGTH, digest);
	}
	for (uint32_t i = 0; i < LIMIT; i++) {
		while (dones == (int)i)
			event_base_loop(backend.base, EVLOOP_ONCE);
		ck_assert_uint_eq(firmware, 20 + i);
		ck_assert_int_eq(status, XENCOPROC_OK);
	}
}
END_TEST

/* The session goes while copies are under way: nothing is called any more. */
START_TEST(destroyed_in_mid_copy)
{
	uint8_t digest[32];
	int before = descriptors();

	sha256(0, LENGTH, digest);
	begin(1, 0, LENGTH, digest);
	begin(2, 0, LENGTH, digest);
	for (int turn = 0; turn < _i; turn++)
		event_base_loop(backend.base, EVLOOP_ONCE);
	ck_assert_int_eq(dones, 0);
	image_cache_destroy(session.images);
	session.images = NULL;
	event_base_dispatch(backend.base);
	ck_assert_int_eq(dones, 0);
	ck_assert_int_eq(descriptors(), before);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backend-image");
	TCase *tc = tcase_create("image");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, right_digest_makes_an_image, 0, 5);
	tcase_add_test(tc, image_cannot_be_changed);
	tcase_add_test(tc, guest_is_read_once_in_small_steps);
	tcase_add_loop_test(tc, wrong_digest_is_refused, 0, 32);
	tcase_add_test(tc, page_that_cannot_be_read);
	tcase_add_test(tc, same_bytes_are_one_image);
	tcase_add_test(tc, kinds_are_kept_apart);
	tcase_add_test(tc, unused_for_longest_makes_room);
	tcase_add_test(tc, all_in_use_is_no_quota);
	tcase_add_test(tc, copies_end_in_their_order);
	tcase_add_loop_test(tc, destroyed_in_mid_copy, 0, 4);
	suite_add_tcase(suite, tc);
	return tap_main(suite);
}
