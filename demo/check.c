/* SPDX-License-Identifier: MIT */
/*
 * Computes what the guests should have got, here and now on this machine, and
 * compares each byte of what they left.
 *
 *	check audio --output WAV --stats JSON INPUT.wav...
 *	check photo --output PNG --stats JSON INPUT.jpg
 *
 * It shares the algorithm's source with the firmware, and nothing else with
 * the way the guests' bytes went: the photograph is computed in one piece.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo/algo/edges.h"
#include "demo/algo/speech.h"
#include "demo/check.h"
#include "demo/picture.h"
#include "demo/wav.h"

struct task {
	const char *output;
	const char *stats;
	char **inputs;
	int input_count;
};

static int frame_right(struct speech *s, const struct outcome *outcome, uint64_t *started,
		       const int16_t *in, const int16_t *out, size_t n)
{
	int16_t want[SPEECH_FRAME] = { 0 };

	/* a frame that never ran is silence, and its past is no past */
	if (outcome->fate == FATE_OK) {
		memcpy(want, in, n * sizeof(*in));
		speech_frame(s, want, want, SPEECH_FRAME);
		if (outcome->result != ++*started)
			return 0;
	}
	return outcome->fate != FATE_OTHER && !memcmp(want, out, n * sizeof(*out));
}

static int compare_audio(const struct wav *in, const struct wav *out,
			 const struct outcome *outcomes, uint32_t frames)
{
	struct speech *s = malloc(sizeof(*s));
	uint32_t i, wrong = 0, late = 0, overdue = 0;
	uint64_t started = 0;

	if (!s)
		err(1, "check");
	speech_reset(s);
	for (i = 0; i < frames; i++) {
		size_t at = (size_t)i * SPEECH_FRAME, left = in->count - at;
		const struct outcome *o = &outcomes[i];

		if (!frame_right(s, o, &started, in->samples + at, out->samples + at,
				 left < SPEECH_FRAME ? left : SPEECH_FRAME)) {
			if (!wrong++)
				warnx("audio: frame %u differs", i);
		}
		late += o->fate == FATE_LATE;
		overdue += o->fate == FATE_OK && o->start_limit_us &&
			   o->waited_us > o->start_limit_us;
	}
	free(s);
	printf("audio: %zu bytes of %u frames compared: %u frames differ, %u late, "
	       "%u started after their limit\n", out->count * 2, frames, wrong, late, overdue);
	/* Late ones are told and were not run: that is what a start limit is for,
	 * and how many there are is the emulating machine's doing.  One that ran
	 * although it was late would be coprocd's. */
	return wrong || overdue || late == frames;
}

static int check_audio(const struct task *task)
{
	struct wav in = { 0 }, out = { 0 };
	struct outcome *outcomes;
	uint32_t frames;
	int i;

	for (i = 0; i < task->input_count; i++)
		if (wav_append(&in, task->inputs[i]))
			return 1;
	if (wav_append(&out, task->output))
		return 1;
	outcomes = records_read(task->stats, &frames);
	if (!outcomes)
		return 1;
	if (out.count != in.count || frames != (in.count + SPEECH_FRAME - 1) / SPEECH_FRAME) {
		warnx("audio: %zu samples went in, %zu came out in %u frames", in.count, out.count,
		      frames);
		return 1;
	}
	return compare_audio(&in, &out, outcomes, frames);
}

/* The whole picture as one tile. */
static uint8_t *draw(const struct picture *photo, uint32_t *drawn)
{
	uint32_t w = photo->w, h = photo->h;
	size_t wide = (size_t)(w + 2 * EDGES_HALO) * (h + 2 * EDGES_HALO);
	uint8_t *surrounded = malloc(wide * 3), *out = malloc((size_t)w * h);
	void *scratch = malloc(EDGES_SCRATCH(w, h));

	if (!surrounded || !out || !scratch)
		err(1, "check");
	picture_surround(surrounded, photo, EDGES_HALO);
	*drawn = edges_draw(surrounded, (w + 2 * EDGES_HALO) * 3, out, w, w, h, scratch);
	free(surrounded);
	free(scratch);
	return out;
}

static int compare_photo(const struct picture *out, const uint8_t *want, uint32_t drawn,
			 const struct outcome *outcomes, uint32_t tiles)
{
	size_t i, bytes = (size_t)out->w * out->h, wrong = 0;
	uint64_t told = 0;
	uint32_t t, failed = 0;

	for (i = 0; i < bytes; i++)
		if (out->p[i] != want[i] && !wrong++)
			warnx("photo: the pixel at %zu, %zu differs", i % out->w, i / out->w);
	for (t = 0; t < tiles; t++) {
		failed += outcomes[t].fate != FATE_OK;
		told += outcomes[t].result;
	}
	printf("photo: %zu bytes of %u tiles compared: %zu differ, %u tiles failed, "
	       "%u pixels of edges, the core counted %llu\n", bytes, tiles, wrong, failed, drawn,
	       (unsigned long long)told);
	return wrong || failed || told != drawn;
}

static int check_photo(const struct task *task)
{
	struct picture photo, out;
	struct outcome *outcomes;
	uint32_t tiles, drawn;
	uint8_t *want;
	int rc;

	if (task->input_count != 1 || picture_read_jpeg(&photo, task->inputs[0]) ||
	    picture_read_png(&out, task->output))
		return 1;
	outcomes = records_read(task->stats, &tiles);
	if (!outcomes)
		return 1;
	if (out.w != photo.w || out.h != photo.h) {
		warnx("photo: %u x %u pixels went in, %u x %u came out", photo.w, photo.h, out.w,
		      out.h);
		return 1;
	}
	want = draw(&photo, &drawn);
	rc = compare_photo(&out, want, drawn, outcomes, tiles);
	free(want);
	return rc;
}

static void usage(void)
{
	fputs("usage: check audio|photo --output FILE --stats JSON INPUT...\n", stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "stats", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	struct task task = { 0 };
	const char *what = argc > 1 ? argv[1] : "";
	int o;

	optind = 2;
	while (argc > 1 && (o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'o': task.output = optarg; break;
		case 's': task.stats = optarg; break;
		default: usage();
		}
	}
	task.inputs = argv + optind;
	task.input_count = argc - optind;
	if (!task.output || !task.stats || task.input_count < 1)
		usage();
	if (!strcmp(what, "audio"))
		return check_audio(&task);
	if (!strcmp(what, "photo"))
		return check_photo(&task);
	usage();
	return 2;
}
