/* SPDX-License-Identifier: MIT */
/* The demo's algorithms against what their descriptions promise. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "demo/algo/edges.h"
#include "demo/algo/speech.h"
#include "demo/tile.h"
#include "tests/unit/tap.h"

#define PI	3.14159265358979323846
#define SECOND	SPEECH_RATE

static struct speech state;
static int16_t sound[SECOND], heard[SECOND];

static void filter(size_t piece)
{
	size_t at;

	speech_reset(&state);
	for (at = 0; at < SECOND; at += piece)
		speech_frame(&state, sound + at, heard + at,
			     (uint32_t)(SECOND - at < piece ? SECOND - at : piece));
}

/* How much louder a tone of this height comes out, once the gate is open. */
static double gain_db(double hertz, double amplitude)
{
	double in = 0, out = 0;
	size_t i;

	for (i = 0; i < SECOND; i++)
		sound[i] = (int16_t)lrint(amplitude * sin(2 * PI * hertz * (double)i / SPEECH_RATE));
	filter(SPEECH_FRAME);
	for (i = SECOND / 2; i < SECOND; i++) {
		in += (double)sound[i] * sound[i];
		out += (double)heard[i] * heard[i];
	}
	return 10 * log10((out + 1e-9) / in);
}

START_TEST(taps_are_the_window_they_claim)
{
	double h[SPEECH_TAPS], sum = 0;
	int n;

	for (n = 0; n < SPEECH_TAPS; n++) {
		double k = n - (SPEECH_TAPS - 1) / 2.0, f = 2 * 3400.0 / SPEECH_RATE;
		double t = 2 * PI * n / (SPEECH_TAPS - 1);

		h[n] = (k == 0 ? f : sin(PI * f * k) / (PI * k)) *
		       (0.42 - 0.5 * cos(t) + 0.08 * cos(2 * t));
		sum += h[n];
	}
	for (n = 0; n < SPEECH_TAPS; n++)
		ck_assert_int_eq(speech_taps[n], (int)floor(h[n] / sum * 32768 + 0.5));
}
END_TEST

START_TEST(the_band_of_a_telephone)
{
	/* 6144/4096 is 3.52 dB */
	ck_assert_double_eq_tol(gain_db(1000, 8000), 3.52, 0.1);
	ck_assert_double_eq_tol(gain_db(2500, 8000), 3.52, 0.1);
	/* Butterworth of fourth order: 3 dB down at its corner, 24 dB an octave */
	ck_assert_double_eq_tol(gain_db(300, 8000), 3.52 - 3.01, 0.2);
	ck_assert_double_lt(gain_db(75, 30000), 3.52 - 40);
	ck_assert_double_lt(gain_db(5000, 30000), 3.52 - 60);
}
END_TEST

START_TEST(the_gate_shuts_out_hiss)
{
	ck_assert_double_lt(gain_db(1000, 50), -60);
	ck_assert_double_gt(gain_db(1000, 400), 3);
}
END_TEST

START_TEST(loud_sound_saturates)
{
	size_t i, full = 0;

	gain_db(1000, 32000);
	for (i = 0; i < SECOND; i++)
		full += heard[i] == INT16_MAX || heard[i] == INT16_MIN;
	ck_assert_uint_gt(full, 1000);
}
END_TEST

START_TEST(frames_leave_no_seam)
{
	static int16_t whole[SECOND];
	size_t i;

	srand(7);
	for (i = 0; i < SECOND; i++)
		sound[i] = (int16_t)(rand() % 65536 - 32768);
	filter(SPEECH_FRAME);
	memcpy(whole, heard, sizeof(whole));
	filter(77);
	ck_assert(!memcmp(whole, heard, sizeof(whole)));
	/* in place */
	speech_reset(&state);
	speech_frame(&state, sound, sound, SPEECH_FRAME);
	ck_assert(!memcmp(whole, sound, SPEECH_FRAME * sizeof(*sound)));
}
END_TEST

#define W	150u
#define H	100u
#define IN_W	(W + 2 * EDGES_HALO)
#define IN_H	(H + 2 * EDGES_HALO)

static uint8_t photo[IN_H][IN_W][3];
static uint8_t drawing[H][W];
static uint16_t scratch[EDGES_SCRATCH(W, H) / 2];

static void paint(uint32_t x, uint32_t y, int grey)
{
	memset(photo[y][x], grey < 0 ? 0 : grey > 255 ? 255 : grey, 3);
}

static uint32_t draw(void)
{
	memset(drawing, 0xaa, sizeof(drawing));
	return edges_draw(photo[0][0], IN_W * 3, drawing[0], W, W, H, scratch);
}

START_TEST(a_blank_wall_has_no_edges)
{
	uint32_t x, y;

	memset(photo, 90, sizeof(photo));
	ck_assert_uint_eq(draw(), 0);
	for (y = 0; y < H; y++)
		for (x = 0; x < W; x++)
			ck_assert_uint_eq(drawing[y][x], 255);
}
END_TEST

/* A step between columns 59 and 60 of the drawing: one line, one pixel wide. */
START_TEST(a_step_is_one_line)
{
	uint32_t x, y;

	for (y = 0; y < IN_H; y++)
		for (x = 0; x < IN_W; x++)
			paint(x, y, x < 60 + EDGES_HALO ? 40 : 200);
	ck_assert_uint_eq(draw(), H);
	/* the blurred step is (40 x (1 5 11 15 16) + 200 x the rest) / 16, its
	 * slope over three columns (200 - 40) x 10/16 x 4 = 400, drawn as
	 * 64 + 400/2 of ink, which is all there is */
	for (y = 0; y < H; y++)
		for (x = 0; x < W; x++)
			ck_assert_uint_eq(drawing[y][x], x == 59 ? 0 : 255);
}
END_TEST

START_TEST(noise_is_smoothed_away)
{
	uint32_t x, y;

	srand(3);
	for (y = 0; y < IN_H; y++)
		for (x = 0; x < IN_W; x++)
			paint(x, y, 100 + rand() % 13 - 6);
	ck_assert_uint_eq(draw(), 0);
}
END_TEST

/*
 * A step that fades from row to row: below a contrast of 84/2.5 it is a weak
 * edge, which lives on for as many rows as hysteresis goes, and no further.
 */
START_TEST(a_weak_edge_lives_by_a_strong_one)
{
	uint32_t x, y, here = 0, far = 0;

	for (y = 0; y < IN_H; y++) {
		int faded = (int)y - 30 - EDGES_HALO;
		int contrast = faded < 0 ? 60 : faded > 38 ? 22 : 60 - faded;

		for (x = 0; x < IN_W; x++)
			paint(x, y, x < 60 + EDGES_HALO ? 100 : 100 + contrast);
	}
	draw();
	for (y = 58; y < 63; y++)
		for (x = 55; x < 65; x++)
			here += drawing[y][x] != 255;
	for (y = 72; y < H; y++)
		for (x = 55; x < 65; x++)
			far += drawing[y][x] != 255;
	ck_assert_uint_eq(here, 5);
	ck_assert_uint_eq(far, 0);
}
END_TEST

static void paint_shapes(void)
{
	uint32_t x, y;

	srand(11);
	for (y = 0; y < IN_H; y++)
		for (x = 0; x < IN_W; x++)
			paint(x, y, (int)(x * 3 / 2) % 140 + ((x - 90) * (x - 90) + (y - 70) * (y - 70) < 900 ?
						     90 : 0) + rand() % 30);
}

START_TEST(tiles_leave_no_seam)
{
	static uint8_t whole[H][W];
	uint32_t x, y, all, sum = 0;

	paint_shapes();
	all = draw();
	ck_assert_uint_gt(all, 200);
	memcpy(whole, drawing, sizeof(whole));
	memset(drawing, 0, sizeof(drawing));
	for (y = 0; y < H; y += EDGES_TILE)
		for (x = 0; x < W; x += EDGES_TILE)
			sum += edges_draw(photo[y][x], IN_W * 3, &drawing[y][x], W,
					  W - x < EDGES_TILE ? W - x : EDGES_TILE,
					  H - y < EDGES_TILE ? H - y : EDGES_TILE, scratch);
	ck_assert(!memcmp(whole, drawing, sizeof(whole)));
	ck_assert_uint_eq(sum, all);
}
END_TEST

START_TEST(a_tile_fits_into_an_immediate)
{
	struct tile t = { .w = 64, .h = 1, .in_pitch = 0xabcdef, .out_pitch = 0x123456 };
	struct tile back = tile_unpack(tile_pack(&t));

	ck_assert(!memcmp(&t, &back, sizeof(t)));
	t = (struct tile){ .w = 2, .h = 3, .in_pitch = 1000, .out_pitch = 100 };
	ck_assert_uint_eq(tile_in_bytes(&t), 34 * 1000 + 34 * 3);
	ck_assert_uint_eq(tile_out_bytes(&t), 202);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("demo-algo");
	TCase *speech = tcase_create("speech"), *edges = tcase_create("edges");

	tcase_add_test(speech, taps_are_the_window_they_claim);
	tcase_add_test(speech, the_band_of_a_telephone);
	tcase_add_test(speech, the_gate_shuts_out_hiss);
	tcase_add_test(speech, loud_sound_saturates);
	tcase_add_test(speech, frames_leave_no_seam);
	tcase_add_test(edges, a_blank_wall_has_no_edges);
	tcase_add_test(edges, a_step_is_one_line);
	tcase_add_test(edges, noise_is_smoothed_away);
	tcase_add_test(edges, a_weak_edge_lives_by_a_strong_one);
	tcase_add_test(edges, tiles_leave_no_seam);
	tcase_add_test(edges, a_tile_fits_into_an_immediate);
	suite_add_tcase(suite, speech);
	suite_add_tcase(suite, edges);
	return tap_main(suite);
}
