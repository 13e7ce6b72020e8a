/* SPDX-License-Identifier: MIT */
/* Recorded sound: RIFF WAVE files of 16-bit PCM, one channel. */
#ifndef DEMO_WAV_H
#define DEMO_WAV_H

#include <stddef.h>
#include <stdint.h>

struct wav {
	int16_t *samples;	/* malloc()ed */
	size_t count;
	uint32_t rate;
};

/**
 * wav_append() - read a file behind what @wav has already
 * @wav: all zero at first; files must agree in their rate
 *
 * Return: 0, or -1 after a line on standard error.
 */
int wav_append(struct wav *wav, const char *path);

/**
 * wav_write() - write a file
 *
 * Return: 0, or -1 after a line on standard error.
 */
int wav_write(const char *path, const int16_t *samples, size_t count, uint32_t rate);

#endif /* DEMO_WAV_H */
