/* SPDX-License-Identifier: MIT */
/* Two pipes: what one has without Xen and without a ring. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "contest-messages.h"

#define SIZE    sizeof(struct contest_job)

static int down[2], up[2];
static int in, out;                     /* of this process */

static void pipe_open(void)
{
	if (pipe(down) || pipe(up))
		bench_die("pipe: %s", strerror(errno));
	in = up[0];
	out = down[1];
}

static void pipe_attach(void)
{
	in = down[0];
	out = up[1];
}

static void pipe_close(void)
{
	close(down[0]);
	close(down[1]);
	close(up[0]);
	close(up[1]);
}

/* Less than PIPE_BUF goes in whole, and so comes out whole. */
static void receive(struct contest_job *job)
{
	if (read(in, job, SIZE) != (ssize_t)SIZE)
		bench_die("read: %s", strerror(errno));
}

static void send_(const struct contest_job *job)
{
	if (write(out, job, SIZE) != (ssize_t)SIZE)
		bench_die("write: %s", strerror(errno));
}

static void pipe_serve(const struct contest_cell *cell)
{
	messages_serve(cell, receive, send_);
}

static void pipe_drive(const struct contest_cell *cell)
{
	messages_drive(cell, receive, send_);
}

const struct contestant contest_pipe = { "pipe", pipe_open, pipe_attach, pipe_serve, pipe_drive,
					 pipe_close };
