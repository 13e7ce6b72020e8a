/* SPDX-License-Identifier: MIT */
/*
 * What the audio guest's firmware does to recorded speech: the band of a
 * telephone and a noise gate.
 *
 * This file and speech.c are compiled twice, for the coprocessor and for the
 * machine that checks its results, so they hold integer arithmetic of known
 * width only: the two must agree on every bit.
 */
#ifndef DEMO_ALGO_SPEECH_H
#define DEMO_ALGO_SPEECH_H

#include <stdint.h>

#define SPEECH_RATE	48000
#define SPEECH_FRAME	480	/* samples: 10 ms */
#define SPEECH_TAPS	127
#define SPEECH_SECTIONS	2

struct speech_section {
	int32_t x1, x2, y1, y2;
};

/* All that one frame leaves for the next: about 2.5 KiB. */
struct speech {
	struct speech_section section[SPEECH_SECTIONS];
	int32_t envelope;
	int32_t gain;
	int32_t open;
	/* the last SPEECH_TAPS - 1 samples, then the frame in work */
	int32_t line[SPEECH_TAPS - 1 + SPEECH_FRAME];
};

extern const int16_t speech_taps[SPEECH_TAPS];

/**
 * speech_reset() - silence in the past, the gate closed
 * @s: the state
 */
void speech_reset(struct speech *s);

/**
 * speech_frame() - filter the next samples of one stream
 * @s: the stream's state
 * @in: @count samples
 * @out: room for @count samples; may be @in
 * @count: at most SPEECH_FRAME
 */
void speech_frame(struct speech *s, const int16_t *in, int16_t *out, uint32_t count);

#endif /* DEMO_ALGO_SPEECH_H */
