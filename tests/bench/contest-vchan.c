/* SPDX-License-Identifier: MIT */
/*
 * Debian's libxenvchan, unmodified, over the loopback's grants and event
 * channels: one call for each message, as one would use it, and the same with
 * as many messages as there are written and read at once, by hand.
 */
#include <errno.h>
#include <libxenvchan.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "contest-messages.h"

#define RING    32768u          /* bytes each way: 512 jobs */
#define SIZE    sizeof(struct contest_job)

static struct libxenvchan *chan;
static char path[64];

static void vchan_open(void)
{
	static unsigned int number;

	snprintf(path, sizeof(path), "/local/domain/0/data/bench-vchan/%d-%u", (int)getpid(), number++);
	chan = libxenvchan_server_init(NULL, 0, path, RING, RING);
	if (!chan)
		bench_die("libxenvchan_server_init: %s", strerror(errno));
	chan->blocking = 1;
}

static void vchan_attach(void)
{
	chan = libxenvchan_client_init(NULL, 0, path);
	if (!chan)
		bench_die("libxenvchan_client_init: %s", strerror(errno));
	chan->blocking = 1;
}

static void vchan_close(void)
{
	libxenvchan_close(chan);
}

/* ---- one call for each message ---- */

static void receive(struct contest_job *job)
{
	if (libxenvchan_recv(chan, job, SIZE) != (int)SIZE)
		bench_die("libxenvchan_recv: %s", strerror(errno));
}

static void send_(const struct contest_job *job)
{
	if (libxenvchan_send(chan, job, SIZE) != (int)SIZE)
		bench_die("libxenvchan_send: %s", strerror(errno));
}

static void vchan_serve(const struct contest_cell *cell)
{
	messages_serve(cell, receive, send_);
}

static void vchan_drive(const struct contest_cell *cell)
{
	messages_drive(cell, receive, send_);
}

const struct contestant contest_vchan = { "vchan", vchan_open, vchan_attach, vchan_serve, vchan_drive,
					  vchan_close };

/* ---- batched by hand ---- */

static struct contest_job batch[2 * CONTEST_DEPTH_MAX];

static void write_all(const void *from, size_t bytes)
{
	if (bytes && libxenvchan_write(chan, from, bytes) != (int)bytes)
		bench_die("libxenvchan_write: %s", strerror(errno));
}

/* Waits for something.  Return: whole jobs in the batch; @have is all its bytes. */
static unsigned int read_some(size_t *have)
{
	int got = libxenvchan_read(chan, (char *)batch + *have, sizeof(batch) - *have);

	if (got <= 0)
		bench_die("libxenvchan_read: %s", strerror(errno));
	*have += (size_t)got;
	return (unsigned int)(*have / SIZE);
}

static void keep_rest(size_t *have, unsigned int used)
{
	*have -= used * SIZE;
	if (*have)
		memmove(batch, &batch[used], *have);
}

static void batched_serve(const struct contest_cell *cell)
{
	unsigned int most = contest_batch(cell), done = 0;
	size_t have = 0;

	while (done < cell->jobs) {
		unsigned int n = read_some(&have), first = 0;

		for (unsigned int i = 0; i < n; i++, done++) {
			contest_serve_one(&batch[i], cell);
			if (i + 1 - first == most || i + 1 == n) {
				write_all(&batch[first], (i + 1 - first) * SIZE);
				first = i + 1;
			}
		}
		keep_rest(&have, n);
	}
}

static void batched_drive(const struct contest_cell *cell)
{
	static struct contest_job out[CONTEST_DEPTH_MAX];
	unsigned int sent = 0, done = 0;
	size_t have = 0;

	while (done < cell->jobs) {
		unsigned int count = 0, n;

		for (; sent < cell->jobs && sent - done < cell->depth; sent++)
			contest_fill(&out[count++], sent);
		write_all(out, count * SIZE);
		n = read_some(&have);
		for (unsigned int i = 0; i < n; i++)
			contest_check(&batch[i], done++);
		keep_rest(&have, n);
	}
}

const struct contestant contest_vchan_batched = { "vchan-batched", vchan_open, vchan_attach,
						  batched_serve, batched_drive, vchan_close };
