/* SPDX-License-Identifier: MIT */
/*
 * A ring made with the macros of Xen's public io/ring.h, as blkif's is: 256
 * entries of 64 bytes, copied out before they are looked at.
 */
#include <stdint.h>
#include <string.h>

#include "bench.h"
#include "contest.h"

/* What ring.h wants to be there. */
#define mb()    __sync_synchronize()
#define rmb()   __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define wmb()   __atomic_thread_fence(__ATOMIC_RELEASE)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef"
#include <xen/io/ring.h>
#pragma GCC diagnostic pop

DEFINE_RING_TYPES(bench, struct contest_job, struct contest_job);

#define PAGES   5u              /* the least that has 256 entries */
#define BYTES   (PAGES * 4096u)

static struct contest_link link_;
static bench_front_ring_t front;
static bench_back_ring_t back;

static void ring_h_open(void)
{
	bench_sring_t *shared;

	link_open(&link_, PAGES);
	shared = link_.pages;
	SHARED_RING_INIT(shared);
	FRONT_RING_INIT(&front, shared, BYTES);
}

static void ring_h_attach(void)
{
	link_attach(&link_);
	BACK_RING_INIT(&back, (bench_sring_t *)link_.pages, BYTES);
}

static void push_replies(void)
{
	int notify;

	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&back, notify);
	if (notify)
		link_notify(&link_);
}

static void ring_h_serve(const struct contest_cell *cell)
{
	unsigned int batch = contest_batch(cell), done = 0;
	struct contest_job job;
	int more;

	while (done < cell->jobs) {
		RING_IDX prod = back.sring->req_prod;

		xen_rmb();
		if (RING_REQUEST_PROD_OVERFLOW(&back, prod))
			bench_die("ring.h: an impossible index");
		while (back.req_cons != prod) {
			RING_COPY_REQUEST(&back, back.req_cons, &job);
			back.req_cons++;
			contest_serve_one(&job, cell);
			*RING_GET_RESPONSE(&back, back.rsp_prod_pvt) = job;
			back.rsp_prod_pvt++;
			if (++done % batch == 0)
				push_replies();
		}
		push_replies();
		RING_FINAL_CHECK_FOR_REQUESTS(&back, more);
		if (!more && done < cell->jobs)
			link_wait(&link_);
	}
}

static void ring_h_drive(const struct contest_cell *cell)
{
	unsigned int sent = 0, done = 0;
	struct contest_job job;
	int notify, more;

	while (done < cell->jobs) {
		unsigned int before = done;
		RING_IDX prod;

		for (; sent < cell->jobs && sent - done < cell->depth; sent++) {
			contest_fill(&job, sent);
			*RING_GET_REQUEST(&front, front.req_prod_pvt) = job;
			front.req_prod_pvt++;
		}
		RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&front, notify);
		if (notify)
			link_notify(&link_);
		prod = front.sring->rsp_prod;
		xen_rmb();
		if (RING_RESPONSE_PROD_OVERFLOW(&front, prod))
			bench_die("ring.h: an impossible index");
		while (front.rsp_cons != prod) {
			RING_COPY_RESPONSE(&front, front.rsp_cons, &job);
			front.rsp_cons++;
			contest_check(&job, done++);
		}
		if (done != before)
			continue;
		RING_FINAL_CHECK_FOR_RESPONSES(&front, more);
		if (!more)
			link_wait(&link_);
	}
}

static void ring_h_close(void)
{
	link_close(&link_);
}

const struct contestant contest_ring_h = { "ring.h", ring_h_open, ring_h_attach, ring_h_serve,
					   ring_h_drive, ring_h_close };
