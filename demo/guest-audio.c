/* SPDX-License-Identifier: MIT */
/*
 * The audio guest: recorded speech, a job for each frame of 10 ms, on time.
 *
 * It behaves as a sound card would make it: a frame is handed over when its
 * time has come, whether or not the last one is back, and a frame that the
 * core did not start within its limit is replaced by silence.
 *
 * The first frames are a run-up: handed over one after the other, as a player
 * fills its buffer, and timed.  On a machine too slow or too busy for sound in
 * real time, which an emulated core can be, the rest is played more slowly
 * rather than in pieces, and that is said.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "demo/algo/speech.h"
#include "demo/guest.h"
#include "demo/wav.h"

/* Frames that can be under way: more than any start limit lets wait. */
#define SLOTS		16u
#define SLOT_BYTES	1024u
_Static_assert(SLOT_BYTES >= SPEECH_FRAME * sizeof(int16_t), "a frame fits into its slot");

/* Frames of the run-up, and how much of a frame's time one may take. */
#define RUN_UP		40u
#define SPARE		3u
#define SLOWEST		0.25

struct audio {
	struct guest guest;
	struct wav wav;
	int16_t *output;	/* whole frames */
	uint32_t frames;
	uint32_t next;		/* to be submitted */
	uint32_t done;
	uint64_t interval_ns;
	uint64_t begin_ns;
	uint32_t late_frames;	/* start limit, in frames */
	uint32_t start_limit_us;
	struct coproc_buffer *in, *out;
};

static void taken(void *arg, struct record *record)
{
	struct audio *audio = arg;
	const uint8_t *slots = coproc_buffer_data(audio->out);

	/* output starts as silence, which is what a frame that was late leaves */
	if (record->status == XENCOPROC_OK)
		memcpy(audio->output + (size_t)record->index * SPEECH_FRAME,
		       slots + record->index % SLOTS * SLOT_BYTES,
		       SPEECH_FRAME * sizeof(int16_t));
	audio->done++;
}

static void hand_over(struct audio *audio)
{
	uint32_t offset = audio->next % SLOTS * SLOT_BYTES;
	uint32_t length = SPEECH_FRAME * sizeof(int16_t);
	size_t first = (size_t)audio->next * SPEECH_FRAME;
	size_t left = audio->wav.count - first;
	uint8_t *slot = (uint8_t *)coproc_buffer_data(audio->in) + offset;
	struct coproc_piece pieces[2] = {
		{ audio->in, XENCOPROC_ACCESS_READ, offset, length },
		{ audio->out, XENCOPROC_ACCESS_WRITE, offset, length },
	};

	memset(slot, 0, length);
	memcpy(slot, audio->wav.samples + first,
	       (left < SPEECH_FRAME ? left : SPEECH_FRAME) * sizeof(int16_t));
	if (guest_submit(&audio->guest, audio->next, 0, pieces, audio->start_limit_us) == 0)
		audio->next++;
}

/* Late frames end out of order, so it is the slot's own last frame that counts. */
static int slot_free(const struct audio *audio)
{
	return audio->next < SLOTS || audio->guest.records[audio->next - SLOTS].done;
}

static uint64_t due(const struct audio *audio)
{
	return audio->begin_ns + audio->next * audio->interval_ns;
}

/* Sleep until the next frame is due or something came back. */
static void sleep_until_due(const struct audio *audio, uint64_t now)
{
	struct pollfd fd = { .fd = coproc_fd(audio->guest.device), .events = POLLIN };
	uint64_t wait = 0;
	struct timespec t;

	if (!audio->interval_ns || audio->next == audio->frames || !slot_free(audio))
		wait = 100000000u;
	else if (due(audio) > now)
		wait = due(audio) - now;
	t = (struct timespec){ (time_t)(wait / 1000000000u), (long)(wait % 1000000000u) };
	if (ppoll(&fd, 1, &t, NULL) < 0 && errno != EINTR)
		err(1, "poll");
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* One frame after the other; what nine of ten do not exceed, in nanoseconds. */
static uint64_t run_up(struct audio *audio)
{
	uint64_t took[RUN_UP] = { 0 };
	uint32_t i, n = audio->frames < RUN_UP ? audio->frames : RUN_UP;

	for (i = 0; i < n; i++) {
		hand_over(audio);
		while (audio->done < audio->next) {
			sleep_until_due(audio, guest_now());
			guest_collect(&audio->guest, taken, audio);
		}
		took[i] = audio->guest.records[i].complete_ns - audio->guest.records[i].submit_ns;
	}
	qsort(took, n, sizeof(took[0]), by_value);
	return took[n * 9 / 10];
}

/* @speed: 0 to find the one that this machine can keep. */
static void set_pace(struct audio *audio, double speed)
{
	double real = 1e9 * SPEECH_FRAME / SPEECH_RATE;
	double took = (double)run_up(audio);

	if (!(speed > 0)) {
		speed = real / (SPARE * took);
		speed = speed > 1 ? 1 : speed < SLOWEST ? SLOWEST : speed;
	}
	audio->interval_ns = (uint64_t)(real / speed);
	audio->start_limit_us = (uint32_t)(audio->late_frames * audio->interval_ns / 1000);
	audio->begin_ns = guest_now() - audio->next * audio->interval_ns;
	printf("audio: %.2f times real time; a frame takes %.2f ms here, the next one comes after "
	       "%.1f ms and is late after %.1f ms\n", speed, took / 1e6,
	       (double)audio->interval_ns / 1e6, audio->start_limit_us / 1e3);
	fflush(stdout);
}

static void play(struct audio *audio)
{
	while (audio->done < audio->frames) {
		guest_collect(&audio->guest, taken, audio);
		if (audio->next < audio->frames && slot_free(audio) &&
		    guest_now() >= due(audio)) {
			hand_over(audio);
			continue;
		}
		if (audio->done < audio->frames)
			sleep_until_due(audio, guest_now());
	}
}

static void prepare(struct audio *audio, const char *firmware)
{
	audio->frames = (uint32_t)((audio->wav.count + SPEECH_FRAME - 1) / SPEECH_FRAME);
	audio->output = calloc(audio->frames, SPEECH_FRAME * sizeof(int16_t));
	if (!audio->output)
		err(1, "audio");
	guest_open(&audio->guest, "audio", firmware, XENCOPROC_CLASS_REALTIME, audio->frames);
	audio->in = guest_buffer(&audio->guest, SLOTS * SLOT_BYTES, XENCOPROC_ACCESS_READ);
	audio->out = guest_buffer(&audio->guest, SLOTS * SLOT_BYTES,
				  XENCOPROC_ACCESS_READ | XENCOPROC_ACCESS_WRITE);
}

static void usage(void)
{
	fputs("usage: guest-audio --firmware ELF --output WAV --stats JSON\n"
	      "                   [--late-after FRAMES] [--speed FACTOR] WAV...\n", stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "firmware", required_argument, NULL, 'f' },
		{ "output", required_argument, NULL, 'o' },
		{ "stats", required_argument, NULL, 's' },
		{ "late-after", required_argument, NULL, 'l' },
		{ "speed", required_argument, NULL, 'x' },
		{ NULL, 0, NULL, 0 },
	};
	const char *firmware = NULL, *output = NULL, *stats = NULL;
	struct audio audio = { .late_frames = 2 };
	double speed = 0;
	int o, rc;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'f': firmware = optarg; break;
		case 'o': output = optarg; break;
		case 's': stats = optarg; break;
		case 'l': audio.late_frames = (uint32_t)strtoul(optarg, NULL, 10); break;
		case 'x': speed = strtod(optarg, NULL); break;
		default: usage();
		}
	}
	if (!firmware || !output || !stats || optind == argc || !(speed >= 0) ||
	    audio.late_frames < 1 || audio.late_frames >= SLOTS)
		usage();
	for (; optind < argc; optind++)
		if (wav_append(&audio.wav, argv[optind]))
			return 1;
	if (audio.wav.rate != SPEECH_RATE || !audio.wav.count)
		errx(1, "audio: the filters are made for %d Hz", SPEECH_RATE);
	prepare(&audio, firmware);
	set_pace(&audio, speed);
	play(&audio);
	rc = wav_write(output, audio.output, audio.wav.count, SPEECH_RATE) ? 1 : 0;
	return guest_close(&audio.guest, stats) | rc;
}
