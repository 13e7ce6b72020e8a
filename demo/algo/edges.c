/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "demo/algo/edges.h"

/* Each stage for itself: merged into one function they are short of registers
 * on the core, which has few. */
#define STAGE static __attribute__((noinline))

/* How far each stage looks; together they are the halo. */
#define SMOOTH_R	3
#define BLUR_R		2
#define SOBEL_R		1
#define THIN_R		1
#define GROW_STEPS	9
_Static_assert(SMOOTH_R + BLUR_R + SOBEL_R + THIN_R + GROW_STEPS == EDGES_HALO,
	       "what a pixel depends on is what the halo holds");

/* Bilateral weights by difference in brightness, 255 exp(-d^2 / (2 * 14^2)),
 * for d from -255 to 255; what is not named is 0. */
static const uint8_t alike[511] = {
	[206] =
	1, 1, 1, 1, 1, 2, 2, 3, 4, 4, 5, 6, 8, 9, 11, 13, 16, 19, 22, 26, 30, 35, 40, 45, 52,
	59, 66, 74, 83, 92, 102, 112, 122, 133, 144, 155, 166, 177, 187, 198, 207, 217, 225,
	233, 239, 245, 249, 252, 254, 255, 254, 252, 249, 245, 239, 233, 225, 217, 207, 198,
	187, 177, 166, 155, 144, 133, 122, 112, 102, 92, 83, 74, 66, 59, 52, 45, 40, 35, 30,
	26, 22, 19, 16, 13, 11, 9, 8, 6, 5, 4, 4, 3, 2, 2, 1, 1, 1, 1, 1,
};

/* Gradients are |gx| + |gy|, 0 .. 2040. */
#define STRONG		84
#define WEAK		36
#define GRADIENT_MASK	0x0fffu
#define DIRECTION_SHIFT	14

enum direction { ACROSS, FALLING, DOWN, RISING };	/* which way brightness changes */

/* Marks during hysteresis: an edge that grew in step n is EDGE + n. */
enum mark { NOTHING = 0, MAYBE = 1, EDGE = 2 };

/* A plane of bytes or of gradients with its own width; no rows between. */
struct plane {
	uint8_t *p;
	uint32_t w, h;
};

struct gradients {
	uint16_t *p;
	uint32_t w, h;
};

STAGE void to_grey(const uint8_t *rgb, uint32_t pitch, struct plane *to)
{
	uint32_t x, y;

	for (y = 0; y < to->h; y++) {
		const uint8_t *s = rgb + y * pitch;
		uint8_t *d = to->p + y * to->w;

		for (x = 0; x < to->w; x++, s += 3)
			d[x] = (uint8_t)((77u * s[0] + 150u * s[1] + 29u * s[2] + 128u) >> 8);
	}
}

/*
 * One neighbour, and a row of seven.  Written out with the weights as
 * constants, 32 exp(-(x^2 + y^2) / (2 * 2^2)), the sums stay in registers.
 */
#define TAP(at, weight) do {					\
	uint32_t pixel = (at), w = (weight) * likeness[pixel];	\
	sum += w * pixel;					\
	weights += w;						\
} while (0)
#define ROW(a, b, c, d) do {					\
	TAP(s[0], a); TAP(s[1], b); TAP(s[2], c); TAP(s[3], d);	\
	TAP(s[4], c); TAP(s[5], b); TAP(s[6], a);		\
	s += pitch;						\
} while (0)

static inline uint8_t smooth_pixel(const uint8_t *s, uint32_t pitch)
{
	const uint8_t *likeness = alike + 255 - s[SMOOTH_R * pitch + SMOOTH_R];
	uint32_t sum = 0, weights = 0;

	ROW(3u, 6u, 9u, 10u);
	ROW(6u, 12u, 17u, 19u);
	ROW(9u, 17u, 25u, 28u);
	ROW(10u, 19u, 28u, 32u);
	ROW(9u, 17u, 25u, 28u);
	ROW(6u, 12u, 17u, 19u);
	ROW(3u, 6u, 9u, 10u);
	/* the centre always counts, so weights is never 0 */
	return (uint8_t)((sum + weights / 2) / weights);
}

STAGE void smooth(const struct plane *from, struct plane *to)
{
	uint32_t y, pitch = from->w;

	for (y = 0; y < to->h; y++) {
		const uint8_t *s = from->p + y * pitch;
		uint8_t *d = to->p + y * to->w, *end = d + to->w;

		for (; d < end; s++, d++)
			*d = smooth_pixel(s, pitch);
	}
}

/* The binomial 1 4 6 4 1 both ways, about a Gaussian of one pixel. */
#define LINE(row, weight) \
	((weight) * (s[(row) * w] + 4u * s[(row) * w + 1] + 6u * s[(row) * w + 2] + \
		   4u * s[(row) * w + 3] + s[(row) * w + 4]))

STAGE void blur(const struct plane *from, struct plane *to)
{
	uint32_t y, w = from->w;

	for (y = 0; y < to->h; y++) {
		const uint8_t *s = from->p + y * w;
		uint8_t *d = to->p + y * to->w, *end = d + to->w;

		for (; d < end; s++, d++)
			*d = (uint8_t)((LINE(0, 1u) + LINE(1, 4u) + LINE(2, 6u) + LINE(3, 4u) +
					LINE(4, 1u) + 128u) >> 8);
	}
}

/* Nearest of four directions; 2/5 stands for the tangent of 22.5 degrees. */
static enum direction direction(int32_t gx, int32_t gy)
{
	int32_t ax = gx < 0 ? -gx : gx, ay = gy < 0 ? -gy : gy;

	if (5 * ay <= 2 * ax)
		return ACROSS;
	if (5 * ax <= 2 * ay)
		return DOWN;
	return (gx < 0) == (gy < 0) ? FALLING : RISING;
}

STAGE void sobel(const struct plane *from, struct gradients *to)
{
	uint32_t x, y, w = from->w;

	for (y = 0; y < to->h; y++) {
		for (x = 0; x < to->w; x++) {
			const uint8_t *a = from->p + y * w + x, *b = a + w, *c = b + w;
			int32_t gx = a[2] + 2 * b[2] + c[2] - a[0] - 2 * b[0] - c[0];
			int32_t gy = c[0] + 2 * c[1] + c[2] - a[0] - 2 * a[1] - a[2];
			uint32_t g = (uint32_t)((gx < 0 ? -gx : gx) + (gy < 0 ? -gy : gy));

			to->p[y * to->w + x] = (uint16_t)
				(g | (uint32_t)direction(gx, gy) << DIRECTION_SHIFT);
		}
	}
}

/* Keep the crest of each slope, one pixel wide, and grade it. */
STAGE void thin(const struct gradients *from, struct plane *to)
{
	const int32_t step[4] = {
		[ACROSS] = 1,
		[FALLING] = (int32_t)from->w + 1,
		[DOWN] = (int32_t)from->w,
		[RISING] = (int32_t)from->w - 1,
	};
	uint32_t x, y;

	memset(to->p, NOTHING, (size_t)to->w * to->h);
	for (y = 0; y < to->h; y++) {
		for (x = 0; x < to->w; x++) {
			const uint16_t *s = from->p + (y + 1) * from->w + x + 1;
			int32_t d = step[*s >> DIRECTION_SHIFT];
			uint32_t g = *s & GRADIENT_MASK;

			/* > on one side and >= on the other: a flat crest gives one line */
			if (g >= WEAK && g > (s[-d] & GRADIENT_MASK) && g >= (s[d] & GRADIENT_MASK))
				to->p[y * to->w + x] = g >= STRONG ? EDGE : MAYBE;
		}
	}
}

/* Whether one of the eight neighbours was an edge before this step. */
static int touches(const uint8_t *m, uint32_t w, uint32_t step)
{
	const uint8_t *row = m - w - 1;
	uint32_t i, j;

	for (j = 0; j < 3; j++, row += w)
		for (i = 0; i < 3; i++)
			if (row[i] >= EDGE && row[i] < EDGE + step)
				return 1;
	return 0;
}

/*
 * Hysteresis: in each step a weak edge beside an edge becomes one.  The step
 * is kept in the mark, so that the order of the pixels makes no difference.
 */
STAGE void grow(struct plane *marks)
{
	uint32_t x, y, step;

	for (step = 1; step <= GROW_STEPS; step++) {
		for (y = 1; y + 1 < marks->h; y++) {
			uint8_t *m = marks->p + y * marks->w;

			for (x = 1; x + 1 < marks->w; x++)
				if (m[x] == MAYBE && touches(m + x, marks->w, step))
					m[x] = (uint8_t)(EDGE + step);
		}
	}
}

STAGE uint32_t draw(const struct gradients *g, const struct plane *marks, uint8_t *out,
		     uint32_t pitch, uint32_t w, uint32_t h)
{
	uint32_t x, y, drawn = 0;

	for (y = 0; y < h; y++) {
		const uint8_t *m = marks->p + (y + GROW_STEPS) * marks->w + GROW_STEPS;
		const uint16_t *s = g->p + (y + GROW_STEPS + THIN_R) * g->w + GROW_STEPS + THIN_R;

		for (x = 0; x < w; x++) {
			uint32_t ink = 0;

			if (m[x] >= EDGE) {
				ink = 64 + (s[x] & GRADIENT_MASK) / 2;
				drawn++;
			}
			out[y * pitch + x] = (uint8_t)(ink > 255 ? 0 : 255 - ink);
		}
	}
	return drawn;
}

uint32_t edges_draw(const uint8_t *rgb, uint32_t rgb_pitch, uint8_t *out, uint32_t out_pitch,
		    uint32_t w, uint32_t h, void *scratch)
{
	uint32_t ww = w + 2 * EDGES_HALO, wh = h + 2 * EDGES_HALO;
	struct gradients slope = { scratch, ww, wh };
	/* two planes in turn: each stage is done with the one before the last */
	uint8_t *one = (uint8_t *)(slope.p + ww * wh), *two = one + ww * wh;
	struct plane grey = { one, ww, wh };
	struct plane smoothed = { two, grey.w - 2 * SMOOTH_R, grey.h - 2 * SMOOTH_R };
	struct plane blurred = { one, smoothed.w - 2 * BLUR_R, smoothed.h - 2 * BLUR_R };
	struct plane marks;

	slope.w = blurred.w - 2 * SOBEL_R;
	slope.h = blurred.h - 2 * SOBEL_R;
	marks = (struct plane){ two, slope.w - 2 * THIN_R, slope.h - 2 * THIN_R };

	to_grey(rgb, rgb_pitch, &grey);
	smooth(&grey, &smoothed);
	blur(&smoothed, &blurred);
	sobel(&blurred, &slope);
	thin(&slope, &marks);
	grow(&marks);
	return draw(&slope, &marks, out, out_pitch, w, h);
}
