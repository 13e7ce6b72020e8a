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
	0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, -1, -2, -2, -2, -1, 0, 1, 3, 4, 5, 5, 3, 1,
	-2, -6, -9, -10, -10, -7, -2, 4, 10, 16, 18, 17, 13, 4, -6, -17, -26, -31, -29, -21,
	-8, 9, 27, 41, 49, 47, 35, 14, -13, -40, -62, -74, -72, -54, -23, 17, 58, 91, 110, 107,
	82, 37, -21, -81, -131, -159, -157, -122, -58, 26, 113, 187, 230, 230, 182, 91, -30,
	-158, -269, -336, -341, -276, -145, 34, 228, 401, 514, 535, 445, 247, -37, -362, -671,
	-896, -975, -858, -519, 38, 780, 1641, 2537, 3371, 4048, 4489, 4642, 4489, 4048, 3371,
	2537, 1641, 780, 38, -519, -858, -975, -896, -671, -362, -37, 247, 445, 535, 514, 401,
	228, 34, -145, -276, -341, -336, -269, -158, -30, 91, 182, 230, 230, 187, 113, 26, -58,
	-122, -157, -159, -131, -81, -21, 37, 82, 107, 110, 91, 58, 17, -23, -54, -72, -74,
	-62, -40, -13, 14, 35, 47, 49, 41, 27, 9, -8, -21, -29, -31, -26, -17, -6, 4, 13, 17,
	18, 16, 10, 4, -2, -7, -10, -10, -9, -6, -2, 1, 3, 5, 5, 4, 3, 1, 0, -1, -2, -2, -2,
	-1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
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
	/* the state in registers: on the core a store costs as much as many loads */
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

/* The gain for this sample, 0 .. UNITY: a gate that follows the envelope. */
static int32_t gate(struct speech *s, int32_t sample)
{
	int32_t level = sample < 0 ? -sample : sample;
	int32_t target;

	/* the envelope keeps GUARD_BITS of fraction, or slow release would stall */
	level <<= GUARD_BITS;
	s->envelope += (int32_t)(((int64_t)(level - s->envelope) *
				  (level > s->envelope ? ATTACK : RELEASE)) >> 16);
	if (s->envelope > GATE_OPEN << GUARD_BITS)
		s->open = 1;
	else if (s->envelope < GATE_CLOSE << GUARD_BITS)
		s->open = 0;
	target = s->open ? UNITY << GUARD_BITS : 0;
	s->gain += (int32_t)(((int64_t)(target - s->gain) * GAIN_STEP) >> 16);
	return s->gain >> GUARD_BITS;
}

static int16_t saturate(int32_t v)
{
	if (v > INT16_MAX)
		return INT16_MAX;
	if (v < INT16_MIN)
		return INT16_MIN;
	return (int16_t)v;
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
	for (i = 0; i < count; i++) {
		int32_t y = (fir(&line[i]) + (1 << (GUARD_BITS - 1))) >> GUARD_BITS;
		int64_t louder = (int64_t)y * gate(s, y) * MAKEUP;

		out[i] = saturate((int32_t)(louder >> (15 + MAKEUP_BITS)));
	}
	/* the newest samples become the next frame's past */
	for (k = 0; k < SPEECH_TAPS - 1; k++)
		s->line[k] = s->line[(uint32_t)k + count];
}
