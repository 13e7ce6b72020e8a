/* SPDX-License-Identifier: MIT */
#include "demo/wav.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAV_MAX		(256u << 20)

static uint32_t le16(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
	return le16(p) | le16(p + 2) << 16;
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v);
	put16(p + 2, v >> 16);
}

/* 1 PCM of the right kind, 0 anything else. */
static int format_ok(struct wav *wav, const uint8_t *chunk, uint32_t size)
{
	if (size < 16 || le16(chunk) != 1 || le16(chunk + 2) != 1 || le16(chunk + 14) != 16)
		return 0;
	if (wav->count && le32(chunk + 4) != wav->rate)
		return 0;
	wav->rate = le32(chunk + 4);
	return 1;
}

static int take_samples(struct wav *wav, const uint8_t *chunk, size_t size)
{
	size_t i, n = size / 2;
	int16_t *more = realloc(wav->samples, (wav->count + n + 1) * sizeof(*more));

	if (!more)
		return -1;
	for (i = 0; i < n; i++)
		more[wav->count + i] = (int16_t)le16(chunk + 2 * i);
	wav->samples = more;
	wav->count += n;
	return 0;
}

/* NULL, or what is wrong with the file. */
static const char *parse(struct wav *wav, const uint8_t *data, size_t size)
{
	size_t at = 12;
	int known = 0;

	if (size < 12 || memcmp(data, "RIFF", 4) || memcmp(data + 8, "WAVE", 4))
		return "is no WAVE file";
	while (size - at >= 8) {
		const uint8_t *chunk = data + at + 8;
		uint32_t length = le32(data + at + 4);

		if (length > size - at - 8)
			return "ends in the middle of a chunk";
		if (!memcmp(data + at, "fmt ", 4)) {
			known = format_ok(wav, chunk, length);
		} else if (!memcmp(data + at, "data", 4)) {
			if (!known)
				return "is not 16-bit PCM of one channel and the same rate";
			return take_samples(wav, chunk, length) ? "does not fit into memory" : NULL;
		}
		at += 8 + length + (length & 1);
		if (at > size)
			break;
	}
	return "has no samples";
}

int wav_append(struct wav *wav, const char *path)
{
	FILE *file = fopen(path, "rb");
	const char *why = NULL;
	uint8_t *data = NULL;
	long size = -1;

	if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0 ||
	    (unsigned long)size > WAV_MAX || fseek(file, 0, SEEK_SET)) {
		warn("cannot read %s", path);
	} else {
		data = malloc((size_t)size + 1);
		if (!data || fread(data, 1, (size_t)size, file) != (size_t)size)
			why = "cannot be read whole";
		else
			why = parse(wav, data, (size_t)size);
		if (why)
			warnx("%s %s", path, why);
	}
	free(data);
	if (file)
		fclose(file);
	return data && !why ? 0 : -1;
}

int wav_write(const char *path, const int16_t *samples, size_t count, uint32_t rate)
{
	uint8_t header[44] = "RIFF....WAVEfmt ";
	FILE *file = fopen(path, "wb");
	size_t i;
	int bad;

	if (!file) {
		warn("cannot write %s", path);
		return -1;
	}
	put32(header + 4, (uint32_t)(36 + 2 * count));
	put32(header + 16, 16);
	put16(header + 20, 1);
	put16(header + 22, 1);
	put32(header + 24, rate);
	put32(header + 28, 2 * rate);
	put16(header + 32, 2);
	put16(header + 34, 16);
	memcpy(header + 36, "data", 4);
	put32(header + 40, (uint32_t)(2 * count));
	bad = fwrite(header, sizeof(header), 1, file) != 1;
	for (i = 0; i < count && !bad; i++) {
		uint8_t two[2];

		put16(two, (uint16_t)samples[i]);
		bad = fwrite(two, 2, 1, file) != 1;
	}
	bad |= fclose(file) != 0;
	if (bad)
		warn("cannot write %s", path);
	return bad ? -1 : 0;
}
