/* SPDX-License-Identifier: MIT */
/*
 * libsodium does the hashing, because it also has the Ed25519 that signed
 * images will need.  (Weighed: libgcrypt and OpenSSL, both larger and with
 * more ways to be misused; nettle, which would have done as well.)
 */
#include "image.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <unistd.h>

#include "clock.h"
#include "session.h"

/* What one turn of the loop copies or hashes: some tens of microseconds, so
 * that no job of anybody waits long for a neighbour's firmware.  (Priorities
 * of the event loop would do it too, but let a busy coprocessor starve it.) */
#define STEP_BYTES      8192u
/* And what all of a session's images take of the loop's time: so much after
 * connecting, so much at most, and this part in the long run. */
#define COPY_FIRST_NS   5000000
#define COPY_MOST_NS    50000000
#define COPY_PART       8u

struct copy {
	TAILQ_ENTRY(copy) link;
	uint32_t firmware;
	uint32_t buffer;
	uint32_t offset;
	uint32_t length;
	uint32_t kind;
	uint32_t at;                    /* copied, then hashed, so far */
	bool hashing;
	int fd;
	uint8_t *memory;
	uint8_t digest[32];             /* that the guest named */
	crypto_hash_sha256_state hash;
	image_done *done;
};

struct image_cache {
	struct session *session;
	struct event *step;
	struct budget budget;
	TAILQ_HEAD(, copy) copies;      /* one after the other: a guest's loads do not race */
	struct image **images;
	uint32_t count;
	uint32_t limit;
	uint64_t clock;
};

static void copy_free(struct image_cache *cache, struct copy *copy)
{
	TAILQ_REMOVE(&cache->copies, copy, link);
	if (copy->memory != MAP_FAILED)
		munmap(copy->memory, copy->length);
	if (copy->fd >= 0)
		close(copy->fd);
	free(copy);
}

static void image_free(struct image *image)
{
	close(image->fd);
	free(image);
}

/* Room for one more: the image unused for longest goes. */
static bool cache_room(struct image_cache *cache)
{
	uint32_t oldest = UINT32_MAX;

	if (cache->count < cache->limit)
		return true;
	for (uint32_t i = 0; i < cache->count; i++)
		if (!cache->images[i]->users && (oldest == UINT32_MAX ||
		    cache->images[i]->used_at < cache->images[oldest]->used_at))
			oldest = i;
	if (oldest == UINT32_MAX)
		return false;
	image_free(cache->images[oldest]);
	cache->images[oldest] = cache->images[--cache->count];
	return true;
}

struct image *image_find(struct image_cache *cache, const uint8_t digest[32], uint32_t kind)
{
	for (uint32_t i = 0; i < cache->count; i++) {
		if (cache->images[i]->kind != kind || memcmp(cache->images[i]->digest, digest, 32))
			continue;
		cache->images[i]->users++;
		return cache->images[i];
	}
	return NULL;
}

void image_put(struct image_cache *cache, struct image *image)
{
	image->users--;
	image->used_at = ++cache->clock;
}

static void finish(struct image_cache *cache, struct copy *copy, struct image *image,
		   enum xencoproc_status status)
{
	uint32_t firmware = copy->firmware;
	image_done *done = copy->done;

	copy_free(cache, copy);
	done(cache->session, firmware, image, status);
}

static void hashed(struct image_cache *cache, struct copy *copy)
{
	struct image *image;
	uint8_t digest[32];

	crypto_hash_sha256_final(&copy->hash, digest);
	if (sodium_memcmp(digest, copy->digest, 32)) {
		finish(cache, copy, NULL, XENCOPROC_BAD_DIGEST);
		return;
	}
	image = image_find(cache, digest, copy->kind);
	if (!image && !cache_room(cache)) {
		finish(cache, copy, NULL, XENCOPROC_NO_QUOTA);
		return;
	}
	if (!image) {
		image = calloc(1, sizeof(*image));
		if (!image) {
			finish(cache, copy, NULL, XENCOPROC_NO_MEMORY);
			return;
		}
		memcpy(image->digest, digest, 32);
		image->length = copy->length;
		image->kind = copy->kind;
		image->fd = copy->fd;
		image->users = 1;
		copy->fd = -1;
		cache->images[cache->count++] = image;
	}
	finish(cache, copy, image, XENCOPROC_OK);
}

/* All is copied: from here on nobody can change it, only then is it hashed. */
static int seal(struct copy *copy)
{
	munmap(copy->memory, copy->length);
	copy->memory = MAP_FAILED;
	/* The only writable mapping is gone, so nobody can write from here on.
	 * F_SEAL_WRITE would look for mappings once more, and wait for pages that
	 * the kernel moves or scans at that moment, or fail because of them. */
	if (fcntl(copy->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) < 0)
		return -errno;
	copy->memory = mmap(NULL, copy->length, PROT_READ, MAP_SHARED, copy->fd, 0);
	if (copy->memory == MAP_FAILED)
		return -errno;
	crypto_hash_sha256_init(&copy->hash);
	copy->hashing = true;
	copy->at = 0;
	return 0;
}

static void step(struct image_cache *cache, struct copy *copy)
{
	uint32_t n = copy->length - copy->at;

	if (n > STEP_BYTES)
		n = STEP_BYTES;
	if (copy->hashing) {
		crypto_hash_sha256_update(&copy->hash, copy->memory + copy->at, n);
	} else if (buffer_read(cache->session, copy->buffer, (uint64_t)copy->offset + copy->at,
			       copy->memory + copy->at, n)) {
		finish(cache, copy, NULL, XENCOPROC_BAD_GRANT);
		return;
	}
	copy->at += n;
	if (copy->at < copy->length)
		return;
	if (copy->hashing)
		hashed(cache, copy);
	else if (seal(copy))
		finish(cache, copy, NULL, XENCOPROC_NO_MEMORY);
}

/* By a timer, not at once: all that became ready meanwhile goes first. */
static void step_later(struct image_cache *cache)
{
	uint64_t wait = budget_wait(&cache->budget, clock_now());
	struct timeval later = clock_timeval(wait);

	event_add(cache->step, &later);
}

static void on_step(evutil_socket_t fd, short what, void *arg)
{
	struct image_cache *cache = arg;
	uint64_t begin = budget_clock();

	if (!TAILQ_EMPTY(&cache->copies))
		step(cache, TAILQ_FIRST(&cache->copies));
	budget_spend(&cache->budget, budget_clock() - begin);
	if (!TAILQ_EMPTY(&cache->copies))
		step_later(cache);
}

int image_copy(struct session *session, uint32_t firmware, uint32_t buffer, uint32_t offset,
	       uint32_t length, const uint8_t digest[32], uint32_t kind, image_done *done)
{
	struct copy *copy = calloc(1, sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	copy->firmware = firmware;
	copy->buffer = buffer;
	copy->offset = offset;
	copy->length = length;
	copy->kind = kind;
	copy->done = done;
	copy->memory = MAP_FAILED;
	memcpy(copy->digest, digest, 32);
	TAILQ_INSERT_TAIL(&session->images->copies, copy, link);
	copy->fd = memfd_create("coproc-firmware", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (copy->fd >= 0 && !ftruncate(copy->fd, length))
		copy->memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, copy->fd, 0);
	if (copy->memory == MAP_FAILED) {
		copy_free(session->images, copy);
		return -ENOMEM;
	}
	if (!evtimer_pending(session->images->step, NULL))
		step_later(session->images);
	return 0;
}

struct image_cache *image_cache_create(struct session *session, uint32_t limit)
{
	struct image_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return NULL;
	cache->session = session;
	cache->limit = limit;
	TAILQ_INIT(&cache->copies);
	budget_init(&cache->budget, COPY_FIRST_NS, COPY_MOST_NS, COPY_PART, clock_now());
	cache->images = calloc(limit, sizeof(struct image *));
	cache->step = evtimer_new(session->backend->base, on_step, cache);
	if (!cache->images || !cache->step) {
		image_cache_destroy(cache);
		return NULL;
	}
	return cache;
}

void image_cache_destroy(struct image_cache *cache)
{
	if (!cache)
		return;
	while (!TAILQ_EMPTY(&cache->copies))
		copy_free(cache, TAILQ_FIRST(&cache->copies));
	for (uint32_t i = 0; i < cache->count; i++)
		image_free(cache->images[i]);
	if (cache->step)
		event_free(cache->step);
	free(cache->images);
	free(cache);
}
