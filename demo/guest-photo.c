/* SPDX-License-Identifier: MIT */
/*
 * The photo guest: one photograph, cut into tiles, as a batch.
 *
 * The whole picture is granted to the coprocessor once, read-only, and the
 * drawing once for writing; each job names the bytes of its tile in both.  So
 * nothing is copied on the way, and rows between the tile's own are within
 * reach of this guest's own firmware only.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo/algo/edges.h"
#include "demo/guest.h"
#include "demo/picture.h"
#include "demo/tile.h"

struct photo {
	struct guest guest;
	struct picture picture;
	uint32_t columns, rows;		/* of tiles */
	uint32_t next, done;
	uint32_t failed;
	struct coproc_buffer *in, *out;
};

static uint32_t tiles(uint32_t pixels)
{
	return (pixels + EDGES_TILE - 1) / EDGES_TILE;
}

static uint32_t side(uint32_t pixels, uint32_t tile)
{
	uint32_t left = pixels - tile * EDGES_TILE;

	return left < EDGES_TILE ? left : EDGES_TILE;
}

static void taken(void *arg, struct record *record)
{
	struct photo *photo = arg;

	photo->done++;
	if (record->status == XENCOPROC_OK)
		return;
	photo->failed++;
	warnx("%s: tile %u ended as %s", photo->guest.name, record->index,
	      coproc_status_text(record->status));
}

static int hand_over(struct photo *photo)
{
	uint32_t column = photo->next % photo->columns, row = photo->next / photo->columns;
	struct tile t = {
		.w = side(photo->picture.w, column),
		.h = side(photo->picture.h, row),
		.in_pitch = (photo->picture.w + 2 * EDGES_HALO) * 3,
		.out_pitch = photo->picture.w,
	};
	/* the surrounded picture is shifted by one halo, so the tile's corner in
	 * it, halo included, has the tile's own coordinates */
	struct coproc_piece pieces[2] = {
		{ photo->in, XENCOPROC_ACCESS_READ,
		  row * EDGES_TILE * t.in_pitch + column * EDGES_TILE * 3, tile_in_bytes(&t) },
		{ photo->out, XENCOPROC_ACCESS_WRITE,
		  row * EDGES_TILE * t.out_pitch + column * EDGES_TILE, tile_out_bytes(&t) },
	};

	return guest_submit(&photo->guest, photo->next, tile_pack(&t), pieces, 0);
}

static void work(struct photo *photo, uint32_t in_flight)
{
	struct pollfd fd = { .fd = coproc_fd(photo->guest.device), .events = POLLIN };

	while (photo->done < photo->guest.count) {
		while (photo->next < photo->guest.count &&
		       photo->next - photo->done < in_flight && hand_over(photo) == 0)
			photo->next++;
		if (!guest_collect(&photo->guest, taken, photo) && poll(&fd, 1, 100) < 0 &&
		    errno != EINTR)
			err(1, "poll");
	}
}

static void prepare(struct photo *photo, const char *name, const char *firmware)
{
	uint32_t w = photo->picture.w, h = photo->picture.h;

	photo->columns = tiles(w);
	photo->rows = tiles(h);
	guest_open(&photo->guest, name, firmware, XENCOPROC_CLASS_BATCH,
		   photo->columns * photo->rows);
	photo->in = guest_buffer(&photo->guest,
				 (size_t)(w + 2 * EDGES_HALO) * (h + 2 * EDGES_HALO) * 3,
				 XENCOPROC_ACCESS_READ);
	photo->out = guest_buffer(&photo->guest, (size_t)w * h,
				  XENCOPROC_ACCESS_READ | XENCOPROC_ACCESS_WRITE);
	picture_surround(coproc_buffer_data(photo->in), &photo->picture, EDGES_HALO);
}

static int keep(struct photo *photo, const char *path)
{
	struct picture drawing = {
		.p = coproc_buffer_data(photo->out),
		.w = photo->picture.w,
		.h = photo->picture.h,
		.channels = 1,
	};

	return picture_write_png(path, &drawing) ? 1 : 0;
}

static void usage(void)
{
	fputs("usage: guest-photo --firmware ELF --output PNG --stats JSON [--in-flight N] JPEG\n",
	      stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "firmware", required_argument, NULL, 'f' },
		{ "output", required_argument, NULL, 'o' },
		{ "stats", required_argument, NULL, 's' },
		{ "in-flight", required_argument, NULL, 'n' },
		{ "name", required_argument, NULL, 'm' },
		{ NULL, 0, NULL, 0 },
	};
	const char *firmware = NULL, *output = NULL, *stats = NULL, *name = "photo";
	unsigned long in_flight = 4;
	struct photo photo = { 0 };
	int o, rc;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'f': firmware = optarg; break;
		case 'o': output = optarg; break;
		case 's': stats = optarg; break;
		case 'n': in_flight = strtoul(optarg, NULL, 10); break;
		case 'm': name = optarg; break;
		default: usage();
		}
	}
	if (!firmware || !output || !stats || optind + 1 != argc || !in_flight || in_flight > 64)
		usage();
	if (picture_read_jpeg(&photo.picture, argv[optind]))
		return 1;
	prepare(&photo, name, firmware);
	work(&photo, (uint32_t)in_flight);
	rc = keep(&photo, output);
	return guest_close(&photo.guest, stats) | rc | (photo.failed != 0);
}
