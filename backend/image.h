/* SPDX-License-Identifier: MIT */
/*
 * Firmware images: a private copy of what the guest sent, its SHA-256, and
 * the cache of one session.
 *
 * The bytes that are hashed are the bytes that run (F18): an image is copied
 * out of the guest's pages into a memfd, the memfd is sealed against writing,
 * and only then is it hashed; the worker gets that memfd.  The cache is the
 * session's own, because one shared between domains would tell by its speed
 * what others have loaded.
 */
#ifndef COPROC_BACKEND_IMAGE_H
#define COPROC_BACKEND_IMAGE_H

#include <stdint.h>

#include "protocol/coprocif.h"

struct image_cache;
struct session;

struct image {
	uint8_t digest[32];
	uint32_t length;
	uint32_t kind;          /* enum xencoproc_fw_kind */
	int fd;                 /* sealed memfd */
	uint32_t users;         /* firmware handles */
	uint64_t used_at;       /* for eviction: greater is later */
};

/**
 * image_done - a copy is complete, or failed
 * @image: counted for the caller, or NULL
 * @status: XENCOPROC_OK, _BAD_GRANT, _BAD_DIGEST, _NO_QUOTA, _NO_MEMORY
 */
typedef void image_done(struct session *session, uint32_t firmware, struct image *image,
			enum xencoproc_status status);

/* Return: NULL when out of memory. */
struct image_cache *image_cache_create(struct session *session, uint32_t limit);
void image_cache_destroy(struct image_cache *cache);

/**
 * image_copy() - begin to copy and hash; goes on in small steps of the loop
 * @firmware: given back to @done, which is called once, never from here
 * @buffer: must stay registered until then (its users are counted)
 *
 * Return: 0 or -ENOMEM.
 */
int image_copy(struct session *session, uint32_t firmware, uint32_t buffer, uint32_t offset,
	       uint32_t length, const uint8_t digest[32], uint32_t kind, image_done *done);

/* An image of this session by digest and kind, counted; NULL if it has none. */
struct image *image_find(struct image_cache *cache, const uint8_t digest[32], uint32_t kind);

void image_put(struct image_cache *cache, struct image *image);

#endif /* COPROC_BACKEND_IMAGE_H */
