/* SPDX-License-Identifier: MIT */
/* Connections: broken or closed while coprocd is at something else. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libcoproc-ring/wire.h"
#include "moments.h"

/* A publication that no ring holds. */
static void break_ring(unsigned int queue)
{
	struct xencoproc_cell *cell = &raw.fe[XENCOPROC_RING_SQ(queue)];

	__atomic_store_n(&cell->index, wire32(wire32(cell->index) + 5000), __ATOMIC_RELEASE);
}

/* Its own request is what finds the ring broken that it names. */
static void broken_by_a_request(bool close)
{
	struct coproc_request request = raw_request(XENCOPROC_OP_QUEUE_CLOSE);

	make_all();
	if (close)
		request.u.queue_close.queue = 1;
	else
		request = cancel_of(1, 0, 1);
	coprocd_stop();
	break_ring(1);
	sent(0, request);
	coprocd_continue();
	broken_because("queue 1: ");
}

/* Three buffers that the next worker refuses, in one turn: the first counts. */
static void broken_twice_in_a_turn(void)
{
	make_all();
	wish("MAP", "hold");
	worker_dies();
	until_at("MAP");
	coprocd_stop();
	wish("LOAD", "hold");
	wish("MAP", "refuse");
	until_at("LOAD");
	coprocd_continue();
	broken_because("buffer 0 could not be given to a new engine process");
}

/* coprocd is kept at the beginning of a turn while the frontend closes. */
static void closes_before(const char *what)
{
	make_all();
	wish("HELLO", "hold");
	worker_dies();
	until_at("HELLO");
	hold_at("xenevtchn_pending");
	raw_notify(&raw);
	until_held();
	closing_asked();
	wish("HELLO", NULL);
	until_at("ready");
	has_failed();
	check(raw_until(&raw, 6), "%s", what);
	leave();
}

static void closes_between_the_break_and_its_word(void)
{
	make_all();
	wish("MAP", "hold");
	worker_dies();
	until_at("MAP");
	hold_at("xenevtchn_pending");
	raw_notify(&raw);
	until_held();
	wish("LOAD", "hold");
	wish("MAP", "refuse");
	until_at("LOAD");
	closing_asked();
	has_failed();
	check(raw_until(&raw, 6), "a frontend closes what just broke: let go of");
	leave();
}

static void closes_what_is_closing(void)
{
	make_all();
	wish("MAP", "hold");
	worker_dies();
	until_at("MAP");
	hold_at("recv");
	wish("LOAD", "hold");
	wish("MAP", "refuse");
	until_held();
	until_at("LOAD");
	closing_asked();
	has_failed();
	check(raw_until(&raw, 6), "a frontend closes what coprocd closes: let go of");
	leave();
}

/* ---- ports ---- */

static void port_cannot_be_read(void)
{
	make_all();
	fail_soon("xenevtchn_pending", 1);
	check(asked(raw_request(XENCOPROC_OP_NOP)) == XENCOPROC_OK && has_failed(),
	      "the event channels cannot be read once: heard all the same");
	leave();
}

static void port_that_is_unbound(void)
{
	make_all();
	fail_soon("unbound-port", 1);
	check(asked(raw_request(XENCOPROC_OP_NOP)) == XENCOPROC_OK && has_failed(),
	      "a port that nobody listens to any more: nobody minds");
	leave();
}

void moments_of_rings(void)
{
	broken_by_a_request(false);
	broken_by_a_request(true);
	broken_twice_in_a_turn();
	closes_before("a frontend closes before its worker says that it is there");
	closes_between_the_break_and_its_word();
	closes_what_is_closing();
	port_cannot_be_read();
	port_that_is_unbound();
}
