/* SPDX-License-Identifier: MIT */
/*
 * A whole queue: submission ring and completion ring between a client (the
 * frontend, side 0) and a server (the backend, side 1), section 4 of
 * coprocif.md and libcoproc-ring/queue.c, under the memory of weak.pml.
 *
 * Modelled: slots that the client gives out and the server checks, completions
 * in any order, the client's submissions bounded by what is outstanding (it
 * never looks at the server's SQ index), the server's completions bounded by
 * B-QUEUE-3, C4 of one ring before P2 of the other on both sides, sleeping and
 * notifying on both sides.  Each use of a slot has another id (one bit).  The
 * client sends up to REQUESTS and may fall silent whenever nothing is
 * outstanding.  Begun at FIRST, the indexes wrap on the way.
 *
 * Left out: slots are written and read at once; ring.pml has them late and
 * early.  That is sound as long as each access to a slot is known to happen
 * after the other side's last, which is asserted: data without races cannot be
 * seen out of order.  P5 is taken apart in ring.pml, too.  A server that
 * sleeps with live requests is woken by itself, by one that ends.
 *
 * Asserted: no honest side finds its ring broken, for any of the reasons of
 * queue.c; a completion has slot and id of a live request; every slot of both
 * rings is written and read only after the other side's last access to it;
 * B-QUEUE-6, as the client could see it; when nothing can move any more, every
 * request was completed and every completion consumed.  As non-progress: no
 * run is endless.
 */
#define ENTRIES 2
#ifndef FIRST
#define FIRST 0
#endif
#ifndef WRAP
#define WRAP            8
#endif
#ifndef REQUESTS
#define REQUESTS 4
#endif
#define FE_SQ           0       /* cells: who writes, of which ring */
#define FE_CQ           1
#define FE_CQ_EVENT     2
#define BE_SQ           3
#define BE_SQ_EVENT     4
#define BE_CQ           5
#define SQ(i)           (6 + ((i) & 1))
#define CQ(i)           (8 + ((i) & 1))
#define LOCS            10

#define NO_EARLY
#include "weak.pml"

/* A message: slot and id, and never 0, which an untouched slot is. */
#define message(slot, id)       (4 + (slot) * 2 + (id))
#define slot_of(m)              (((m) - 4) / 2)
#define id_of(m)                (((m) - 4) & 1)

bool to_client, to_server;
bool silent;

/* P3 to P5 of side t; @peer_event is the other's cell. */
inline notify(t, peer_event, wake)
{
	atomic {
		fence_full(t);                                          /* P3 */
		load_relaxed(t, peer_event, event);                     /* P4 */
		wake = wake || mod(index - event - 1) < mod(index - published); /* P5 */
		published = index;
		event = 0
	}
}

/* The client: a producer in the SQ (index, published), a consumer in the CQ. */
inline client_put()
{
	atomic {
		/* F-QUEUE-1, F-QUEUE-3: a slot that is free, which bounds what is live. */
		if
		:: !live[0] -> slot = 0
		:: !live[1] -> slot = 1
		fi;
		live[slot] = true;
		id[slot] = 1 - id[slot];
		behind[1 - slot] = (live[1 - slot] && behind[1 - slot] < ENTRIES -> behind[1 - slot] + 1 :
				    behind[1 - slot]);
		mem[SQ(index)] = message(slot, id[slot]);               /* P1 */
		/* The server copied what the slot had. */
		assert(mod(s[0].knows_read - (index - ENTRIES) - 1) < ENTRIES);
		index = mod(index + 1);
		s[0].wrote = index;
		slot = 0
	}
}

inline client_consumed()
{
	if
	:: cq_published != cq_index ->
		cq_published = cq_index;
		store_release(0, FE_CQ, cq_index)                       /* C4 */
	:: else
	fi
}

inline client_publish()
{
	atomic {
		client_consumed();              /* the CQ's C4 before the SQ's P2 (F-QUEUE-2) */
		store_release(0, FE_SQ, index)                          /* P2 */
	};
	notify(0, BE_SQ_EVENT, to_server)
}

inline client_look()
{
	atomic {
		load_acquire(0, BE_CQ, peer);                           /* C1 */
		assert(mod(peer - cq_index) <= ENTRIES)                 /* C2 */
	}
}

inline client_take()
{
	atomic {
		m = mem[CQ(cq_index)];                                  /* C3 */
		assert(mod(s[0].knows_wrote - cq_index - 1) < ENTRIES);
		assert(m >= 4 && live[slot_of(m)]);                     /* F-DONE-1 */
		assert(id_of(m) == id[slot_of(m)]);
		/* It is told as taken, by what a frontend reads after a loss. */
		assert(mod(index - mem[BE_SQ]) <= behind[slot_of(m)]);  /* B-QUEUE-6 */
		live[slot_of(m)] = false;
		behind[slot_of(m)] = 0;
		cq_index = mod(cq_index + 1);
		s[0].read = cq_index;
		m = 0
	}
}

proctype client()
{
	byte index = FIRST, published = FIRST, cq_index = FIRST, cq_published = FIRST;
	byte peer = FIRST, m, slot, event, sent, l;
	byte behind[2];         /* requests behind this slot's in the SQ, no more than ENTRIES */
	bool live[2], id[2];

	do
	:: !(live[0] && live[1]) && sent < REQUESTS -> client_put(); sent++
	:: index != published -> client_publish()
	:: peer != cq_index -> client_take()
	:: peer == cq_index && mem[BE_CQ] != cq_index -> client_look()
	:: (live[0] || live[1]) && index == published && peer == cq_index ->
		/* It waits for a completion. */
		atomic {
			client_consumed();
			store_relaxed(0, FE_CQ_EVENT, cq_index)         /* A1 */
		};
		atomic {
			fence_full(0);                                  /* A2 */
			client_look()                                   /* A3 */
		};
		if
		:: peer == cq_index ->
end_asleep:		atomic { to_client -> to_client = false }
		:: else
		fi
	:: !live[0] && !live[1] -> silent = true; break
	od
}

/* The server: a consumer in the SQ, a producer in the CQ (index, published). */
inline server_look()
{
	atomic {
		load_acquire(1, FE_SQ, peer);                           /* C1 */
		assert(mod(peer - sq_index) <= ENTRIES)                 /* C2 */
	}
}

#define has_room        (live[0] + live[1] + mod(index - limit) < ENTRIES)

inline server_take()
{
	atomic {
		m = mem[SQ(sq_index)];                                  /* C3 */
		assert(mod(s[1].knows_wrote - sq_index - 1) < ENTRIES);
		sq_index = mod(sq_index + 1);
		s[1].read = sq_index;
		assert(m >= 4 && slot_of(m) < ENTRIES);                 /* B-QUEUE-1 */
		assert(!live[slot_of(m)]);                              /* B-QUEUE-2 */
	};
	if                                                              /* B-QUEUE-3 */
	:: has_room
	:: else ->
		atomic {
			load_acquire(1, FE_CQ, room);                   /* R1 */
			assert(mod(room - limit) <= mod(published - limit)); /* R2 */
			limit = room;
			room = 0;
			assert(has_room)
		}
	fi;
	d_step { live[slot_of(m)] = true; id[slot_of(m)] = id_of(m); m = 0 }
}

inline server_complete(which)
{
	atomic {
		live[which] = false;
		mem[CQ(index)] = message(which, id[which]);             /* P1 */
		/* The client copied what the slot had. */
		assert(mod(s[1].knows_read - (index - ENTRIES) - 1) < ENTRIES);
		id[which] = 0;
		index = mod(index + 1);
		s[1].wrote = index
	}
}

inline server_consumed()
{
	if
	:: sq_published != sq_index ->
		sq_published = sq_index;
		store_release(1, BE_SQ, sq_index)                       /* C4 */
	:: else
	fi
}

inline server_publish()
{
	atomic {
		server_consumed();              /* the SQ's C4 before the CQ's P2 (B-QUEUE-6) */
		store_release(1, BE_CQ, index)                          /* P2 */
	};
	notify(1, FE_CQ_EVENT, to_client)
}

proctype server()
{
	byte index = FIRST, published = FIRST, sq_index = FIRST, sq_published = FIRST;
	byte peer = FIRST, limit = FIRST, room, m, event, l;
	bool live[2], id[2];

	do
	:: peer != sq_index -> server_take()
	:: peer == sq_index && mem[FE_SQ] != sq_index -> server_look()
	:: live[0] -> server_complete(0)
	:: live[1] -> server_complete(1)
	:: index != published -> server_publish()
	:: index == published && peer == sq_index ->
		atomic {
			server_consumed();
			store_relaxed(1, BE_SQ_EVENT, sq_index)         /* A1 */
		};
		atomic {
			fence_full(1);                                  /* A2 */
			server_look()                                   /* A3 */
		};
		if
		:: peer == sq_index ->
end_asleep:		if
			:: atomic { to_server -> to_server = false }
			:: live[0] -> server_complete(0)        /* it ended */
			:: live[1] -> server_complete(1)
			fi
		:: else
		fi
	od
}

proctype memory()
{
	byte l;

end:	do
	STORES_GO(0)
	STORES_GO(1)
	od
}

/* Nothing can move: everything was answered, and each answer taken. */
proctype stillness()
{
	timeout ->
	assert(silent);
	assert(mem[FE_SQ] == s[0].wrote && s[0].wrote == s[1].read);
	assert(mem[BE_CQ] == s[1].wrote && s[1].wrote == s[0].read);
	assert(s[0].wrote == s[1].wrote);
	assert(mem[BE_SQ] == s[1].read)
}

init
{
	atomic {
		mem[FE_SQ] = FIRST; mem[FE_CQ] = FIRST; mem[FE_CQ_EVENT] = FIRST;
		mem[BE_SQ] = FIRST; mem[BE_CQ] = FIRST; mem[BE_SQ_EVENT] = FIRST;
		s[0].wrote = FIRST; s[0].read = FIRST;
		s[0].knows_wrote = FIRST; s[0].knows_read = FIRST;
		s[1].wrote = FIRST; s[1].read = FIRST;
		s[1].knows_wrote = FIRST; s[1].knows_read = FIRST;
		run client(); run server(); run memory(); run stillness()
	}
}
