/* SPDX-License-Identifier: MIT */
/*
 * F17: images whose headers lie, by the path that every image takes: the
 * coprocessor is configured to take any digest.  What is loaded is run, too.
 */
#include <sodium.h>

#include "attack.h"

static const uint32_t corners[] = {
	0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0, 0x20000000, 0x1000,
};

static uint8_t *shared;
static unsigned int loaded, refused, other, last_other, ran, no_end;

/* As it lies in the shared pages: load it, run it if that went well. */
static void try(uint32_t length)
{
	struct coproc_request job = raw_job(0, 0, WORK_CHAIN, 100);
	struct coproc_request unload = raw_request(XENCOPROC_OP_FW_UNLOAD);
	struct coproc_completion done;
	uint8_t digest[32];
	unsigned int status;

	crypto_hash_sha256(digest, shared, length);
	status = raw_firmware(&raw, 0, 0, length, digest);
	loaded += status == XENCOPROC_OK;
	refused += status == XENCOPROC_BAD_IMAGE;
	if (status != XENCOPROC_OK && status != XENCOPROC_BAD_IMAGE) {
		other++;
		last_other = status;
	}
	if (status != XENCOPROC_OK)
		return;
	job.u.job.run_limit_us = 5000;
	raw_send(&raw, 1, &job);
	if (raw_take(&raw, 1, &done))
		ran++;
	else
		no_end++;
	raw_ask(&raw, &unload);
}

static void headers(const uint8_t *good, uint32_t length)
{
	uint32_t phoff, phnum;

	memcpy(&phoff, good + 28, 4);
	phnum = good[44] | good[45] << 8;
	for (uint32_t at = 0; at < phoff + 32 * phnum && at + 4 <= length; at += 4) {
		if (at >= 52 && at < phoff)
			continue;
		for (size_t i = 0; i < sizeof(corners) / sizeof(corners[0]); i++) {
			memcpy(shared, good, length);
			memcpy(shared + at, &corners[i], 4);
			try(length);
		}
	}
	check(!other && !no_end, "F17: each word of the headers at its extremes: %u loaded, %u refused, "
	      "%u else (last status %u); %u jobs ended, %u did not", loaded, refused, other,
	      last_other, ran, no_end);
	check(loaded && refused > 50, "F17: some of both");
}

static void cut(const uint8_t *good, uint32_t length)
{
	static const uint32_t lengths[] = { 1, 4, 16, 51, 52, 53, 83, 84, 85, 116, 200, 4095, 4096, 4097 };
	unsigned int before = loaded, not_told = other;

	memcpy(shared, good, length);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]) && lengths[i] < length; i++)
		try(lengths[i]);
	check(other == not_told, "F17: an image cut off anywhere is refused as an image (%u loaded)",
	      loaded - before);
}

static void noise(const uint8_t *good, uint32_t length)
{
	unsigned int before = loaded, not_told = other;

	for (unsigned int i = 0; i < 150; i++) {
		memcpy(shared, good, length);
		for (unsigned int n = 0; n <= i % 16; n++)
			shared[(uint32_t)rand() % (i % 3 ? 160 : length)] = (uint8_t)rand();
		try(length);
	}
	check(other == not_told && !no_end, "F17: 150 images with bytes changed at random: %u loaded, "
	      "%u else (last status %u), %u jobs did not end", loaded - before, other - not_told,
	      last_other, no_end);
}

static void headers_(const char *path)
{
	uint8_t digest[32];
	uint32_t length;
	const uint8_t *good = image(path, &length, digest);
	void *at;

	connect_();
	raw_context(&raw, 0);
	raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL);
	raw_buffer(&raw, 0, (length + 4095) / 4096, XENCOPROC_ACCESS_READ, &at);
	shared = at;
	headers(good, length);
	cut(good, length);
	noise(good, length);
	memcpy(shared, good, length);
	loaded = 0;
	try(length);
	check(loaded == 1 && raw_backend(&raw) == 4, "F17: the honest image is taken after all that");
	check(raw_disconnect(&raw), "let go of");
}

const struct attack firmware_attacks[] = {
	{ "headers", headers_ },
	{ NULL, NULL },
};
