/* SPDX-License-Identifier: MIT */
#include "demo/algo/speech.h"

/* Samples carry eight more bits inside the filters, so that rounding in the
 * recursive part stays below what 16 bits can show. */
#define GUARD_BITS	8
#define COEF_BITS	28

struct biquad {
	int32_t b0, b1, b2, a1, a2;	/* fractions of 2^COEF_BITS */
};

/* Fourth-order Butterworth high-pass at 300 Hz, in two sections (quality
 * 1/(2 cos(pi/8)) and 1/(2 cos(3 pi/8))), bilinear transform at 48 kHz. */
static const struct biquad high_pass[SPEECH_SECTIONS] = {
	{ 258939882, -517879765, 258939882, -517680055, 249644019 },
	{ 264360210, -528720420, 264360210, -528516529, 260488854 },
};

/* Low-pass at 3400 Hz: sinc under a Blackman window, sum 1, in 1/32768. */
const int16_t speech_taps[SPEECH_TAPS] = {
	0, 0, 0, 0, 1, 1, 0, 0, -2, -3, -5, -5, -5, -2, 2, 8, 13, 18, 19, 16, 8, -5, -21, -36,
	-48, -50, -42, -21, 10, 47, 82, 106, 112, 93, 49, -17, -93, -164, -213, -225, -188,
	-102, 25, 172, 311, 409, 436, 372, 211, -32, -322, -606, -823, -909, -811, -497, 37,
	761, 1613, 2509, 3350, 4037, 4486, 4642, 4486, 4037, 3350, 2509, 1613, 761, 37, -497,
	-811, -909, -823, -606, -322, -32, 211, 372, 436, 409, 311, 172, 25, -102, -188, -225,
	-213, -164, -93, -17, 49, 93, 112, 106, 82, 47, 10, -21, -42, -50, -48, -36, -21, -5,
	8, 16, 19, 18, 13, 8, 2, -2, -5, -5, -5, -3, -2, 0, 0, 1, 1, 0, 0, 0, 0,
};

/* The gate opens above -46 dB of full scale and closes below -52 dB. */
#define GATE_OPEN	164
#define GATE_CLOSE	82
/* One-pole smoothing, in 1/65536 per sample: 1 ms, 60 ms and 5 ms. */
#define ATTACK		1352
#define RELEASE		23
#define GAIN_STEP	273
#define UNITY		32768
/* The telephone band holds less of a voice: give 3.5 dB back. */
#define MAKEUP		6144
#define MAKEUP_BITS	12

/*
 * Right shifts of negative numbers below: both compilers that build this file
 * shift the sign in, and the comparison of the two results would show it if
 * one of them ever did not.
 */
static void biquad(const struct biquad *c, struct speech_section *s, int32_t *line,
		   uint32_t count)
{
	/* the state in registers: nothing is stored before the end of the line */
	int32_t x1 = s->x1, x2 = s->x2, y1 = s->y1, y2 = s->y2;
	uint32_t i;

	for (i = 0; i < count; i++) {
		int32_t x = line[i];
		int64_t sum = (int64_t)c->b0 * x + (int64_t)c->b1 * x1 + (int64_t)c->b2 * x2 -
			      (int64_t)c->a1 * y1 - (int64_t)c->a2 * y2;

		x2 = x1;
		x1 = x;
		y2 = y1;
		y1 = (int32_t)((sum + (1 << (COEF_BITS - 1))) >> COEF_BITS);
		line[i] = y1;
	}
	*s = (struct speech_section){ x1, x2, y1, y2 };
}

static int32_t fir(const int32_t *newest)
{
	int64_t sum = 1 << 14;
	int i;

	for (i = 0; i < SPEECH_TAPS; i++)
		sum += (int64_t)speech_taps[i] * newest[-i];
	return (int32_t)(sum >> 15);
}

static int16_t saturate(int32_t v)
{
	if (v > INT16_MAX)
		return INT16_MAX;
	if (v < INT16_MIN)
		return INT16_MIN;
	return (int16_t)v;
}

/* A gate that follows the envelope, and the louder sound that passes it. */
static void gate(struct speech *s, const int32_t *line, int16_t *out, uint32_t count)
{
	int32_t envelope = s->envelope, gain = s->gain, open = s->open;
	uint32_t i;

	for (i = 0; i < count; i++) {
		int32_t y = (fir(&line[i]) + (1 << (GUARD_BITS - 1))) >> GUARD_BITS;
		/* GUARD_BITS of fraction again, or the slow release would stall */
		int32_t level = (y < 0 ? -y : y) << GUARD_BITS;
		int32_t target;

		envelope += (int32_t)(((int64_t)(level - envelope) *
				       (level > envelope ? ATTACK : RELEASE)) >> 16);
		if (envelope > GATE_OPEN << GUARD_BITS)
			open = 1;
		else if (envelope < GATE_CLOSE << GUARD_BITS)
			open = 0;
		target = open ? UNITY << GUARD_BITS : 0;
		gain += (int32_t)(((int64_t)(target - gain) * GAIN_STEP) >> 16);
		out[i] = saturate((int32_t)(((int64_t)y * (gain >> GUARD_BITS) * MAKEUP) >>
					    (15 + MAKEUP_BITS)));
	}
	s->envelope = envelope;
	s->gain = gain;
	s->open = open;
}

void speech_reset(struct speech *s)
{
	*s = (struct speech){ 0 };
}

void speech_frame(struct speech *s, const int16_t *in, int16_t *out, uint32_t count)
{
	int32_t *line = s->line + SPEECH_TAPS - 1;
	uint32_t i;
	int k;

	for (i = 0; i < count; i++)
		line[i] = (int32_t)in[i] * (1 << GUARD_BITS);
	for (k = 0; k < SPEECH_SECTIONS; k++)
		biquad(&high_pass[k], &s->section[k], line, count);
	gate(s, line, out, count);
	/* the newest samples become the next frame's past */
	for (k = 0; k < SPEECH_TAPS - 1; k++)
		s->line[k] = s->line[(uint32_t)k + count];
}
