// SPDX-License-Identifier: MIT
/* The real backend, killed and started again by run.sh. */
#include "guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void real_job(uint64_t value)
{
	struct coproc_piece piece[6];
	struct coproc_job job = simple(value);
	struct coproc_done done;
	char *to = coproc_buffer_data(out);
	uint64_t id;
	int i;

	job.entry = 0;
	want(coproc_submit(queue, &job, 1, &id) == 1);
	want(coproc_wait(queue, id, 5000, &done) == 0);
	want(done.status == XENCOPROC_OK && done.result == value);
	/* The same with a table, which null's entry 0 does not look at. */
	for (i = 0; i < 6; i++)
		piece[i] = (struct coproc_piece){ in, XENCOPROC_ACCESS_READ, 0, 1 };
	job.pieces = piece;
	job.piece_count = 6;
	want(coproc_submit(queue, &job, 1, &id) == 1);
	want(coproc_wait(queue, id, 5000, &done) == 0);
	want(done.status == XENCOPROC_OK);
	/* And one that moves bytes. */
	memset(to, 0, 8192);
	piece[1] = (struct coproc_piece){ out, XENCOPROC_ACCESS_WRITE, 100, 8000 };
	piece[0].length = 8000;
	job.entry = 2;
	job.piece_count = 2;
	want(coproc_submit(queue, &job, 1, &id) == 1);
	want(coproc_wait(queue, id, 5000, &done) == 0);
	want(done.status == XENCOPROC_OK && done.result == 8000);
	want(!memcmp(to + 100, coproc_buffer_data(in), 8000));
}

static void real_lose(const char *ask)
{
	struct coproc_stats before, after;
	struct coproc_job job = simple(1);
	struct coproc_done done[64];
	unsigned int lost = 0;
	int n, left = 0;
	FILE *f;

	coproc_stats(dev, &before);
	job.entry = 1;
	job.immediate = 300000;
	for (left = 0; left < 5; left++)
		want(coproc_submit(queue, &job, 1, NULL) == 1);
	f = fopen(ask, "w");
	want(f && fclose(f) == 0);
	while (left > 0) {
		n = coproc_wait_any(queue, done, 64, 10000);
		want(n > 0);
		for (left -= n; n-- > 0; )
			lost += done[n].status == XENCOPROC_LOST;
	}
	want(lost >= 4);
	want(coproc_wait_connected(dev, 10000) == 0);
	coproc_stats(dev, &after);
	want(after.connections > before.connections && after.lost == before.lost + lost);
}

void real_backend(void)
{
	char path[256], ask[256];
	struct coproc_options o;
	uint64_t value;
	int i;

	snprintf(path, sizeof(path), "%s/allowed.elf", getenv("RUN_DIR"));
	snprintf(ask, sizeof(ask), "%s/restart", getenv("RUN_DIR"));
	options(&o);
	o.control_timeout_ms = 5000;
	want(coproc_open(&o, &dev) == 0);
	want(coproc_firmware_load_file(dev, path, 0, &fw) == 0);
	want(coproc_context_create(dev, &ctx) == 0);
	want(coproc_buffer_create(dev, 8192, XENCOPROC_ACCESS_READ, &in) == 0);
	want(coproc_buffer_create(dev, 8192, XENCOPROC_ACCESS_READ | XENCOPROC_ACCESS_WRITE,
				  &out) == 0);
	want(coproc_queue_open(dev, XENCOPROC_CLASS_NORMAL, 64, &queue) == 0);
	for (i = 0; i < 8192; i++)
		((char *)coproc_buffer_data(in))[i] = (char)(i * 13);
	want(coproc_context_signal(ctx, 5) == 0);
	for (i = 0; i < 3; i++) {
		real_job(1234);
		real_lose(ask);
	}
	real_job(99);
	want(coproc_query(dev, XENCOPROC_QUERY_TIMELINE, ctx, &value) == 0 && value == 5);
	want(coproc_settle(dev, 5000) == 0);
	want(coproc_close(dev, 5000) == 0);
}
