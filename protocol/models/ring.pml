/* SPDX-License-Identifier: MIT */
/*
 * One ring: section 3 of coprocif.md and libcoproc-ring/step.h, step by step,
 * under the memory of weak.pml.
 *
 * Modelled: a producer that puts batches of any size and may fall silent after
 * any of them, looks for room (R1, R2) when it must or when it likes, and a
 * consumer that takes any part of what is there, publishes its index at once
 * or later, and sleeps by A1 to A3.  Copies out of slots (C3) may be late:
 * whenever before the next release store.  One stray notification at any time
 * (F-RING-4).  The run is endless; indexes have three bits, so they wrap.
 *
 * Left out: early loads of cells; the other side's stores being late gives the
 * same.  Torn messages: each byte of a slot is written and read between the same
 * steps as every other, so what one location cannot suffer none can.  A producer
 * that never looks for room, because it counts what is outstanding: queue.pml.
 *
 * Asserted: each message arrives once, in order, as it was written; no slot is
 * written while a copy of it may be under way (values, and happened-before); no
 * honest side finds its ring broken; P5 notifies exactly when the index passes
 * the event; when nothing can move any more, all that was put has been taken
 * and the room is known.  As non-progress: no endless run without messages.
 *
 * ENTRIES is 2 or 4, FIRST the index at which the ring is found.
 */
#ifndef ENTRIES
#define ENTRIES 2
#endif
#ifndef FIRST
#define FIRST 0
#endif
#define WRAP            8
#define P_INDEX         0
#define C_INDEX         1
#define C_EVENT         2
#define SLOT(i)         (3 + ((i) & (ENTRIES - 1)))
#define LOCS            (3 + ENTRIES)
#define message(i)      (mod(i) + 1)    /* an untouched slot is 0 */

#if ENTRIES == 2
#define LOADS_DONE(t)   (t == 0 || late[0] + late[1] == 0)
#else
#define LOADS_DONE(t)   (t == 0 || late[0] + late[1] + late[2] + late[3] == 0)
#endif

byte late[ENTRIES];             /* what a late copy of this slot must find; 0: none is */
bool notified, strayed;

#include "weak.pml"

/* R1 and R2. */
inline look_room()
{
	atomic {
		load_acquire(0, C_INDEX, peer);                         /* R1 */
		assert(mod(peer - limit) <= mod(published - limit));    /* R2 */
		limit = peer
	}
}

inline put()
{
	atomic {
		store_relaxed(0, SLOT(index), message(index));          /* P1 */
		/* Nobody reads any more what the slot had. */
		assert(mod(s[0].knows_read - (index - ENTRIES) - 1) < ENTRIES);
		index = mod(index + 1);
		s[0].wrote = index
	}
}

inline publish()
{
	old = published;
	published = index;
	store_release(0, P_INDEX, index);                               /* P2 */
	fence_full(0);                                                  /* P3 */
	load_relaxed(0, C_EVENT, event);                                /* P4 */
	d_step {
		tell = mod(index - event - 1) < mod(index - old);       /* P5 */
		/* the same, message by message */
		passed = false;
		do
		:: old != index -> passed = passed || old == event; old = mod(old + 1)
		:: else -> break
		od;
		assert(tell == passed);
		notified = notified || tell;
		event = 0; old = 0; tell = false; passed = false; l = 0
	}
}

proctype producer()
{
	byte index = FIRST, published = FIRST, limit = FIRST, peer, old, event, l;
	bool tell, passed;

	do
	:: index == published -> break          /* silent for ever */
	:: mod(index - limit) < ENTRIES -> put()
	:: index != published -> publish()
	/* A look that finds nothing new changes nothing. */
	:: mem[C_INDEX] != limit -> look_room()
	od
}

/* C1 and C2. */
inline look()
{
	atomic {
		load_acquire(1, P_INDEX, peer);                         /* C1 */
		assert(mod(peer - index) <= ENTRIES)                    /* C2 */
	}
}

inline take()
{
	atomic {
		if                                                      /* C3 */
#ifdef NO_LATE
		:: assert(mem[SLOT(index)] == message(index))
#else
		:: late[index & (ENTRIES - 1)] == 0 ->
			late[index & (ENTRIES - 1)] = message(index)
#endif
#ifndef NO_EARLY
		:: s[1].early[SLOT(index)] ->
			assert(s[1].seen[SLOT(index)] == message(index))
#endif
		fi;
		/* The writing of it happened before. */
		assert(mod(s[1].knows_wrote - index - 1) < ENTRIES);
		index = mod(index + 1);
		s[1].read = index
	};
progress:
	skip
}

inline consumed()
{
	if
	:: atomic { published != index -> published = index };
		store_release(1, C_INDEX, index)                        /* C4 */
	:: else
	fi
}

inline arm()
{
	store_relaxed(1, C_EVENT, index);                               /* A1 */
	fence_full(1);                                                  /* A2 */
	look()                                                          /* A3 */
}

proctype consumer()
{
	byte index = FIRST, published = FIRST, peer = FIRST, l;

	do
	/* What A3, or the last look, left is taken without another. */
	:: if
	   :: peer == index -> look()
	   :: else
	   fi;
	   if
	   :: peer != index ->
		do
		:: take();
		   if
		   :: peer != index
		   :: break
		   fi
		od;
		if
		:: consumed()
		:: skip
		fi
	   :: else ->
		consumed();
		arm();
		if
		:: peer == index ->
end_asleep:		atomic { notified -> notified = false }
		:: else
		fi
	   fi
	od
}

#ifndef NO_EARLY
#define COPY_EARLY(k)   READ_EARLY(1, SLOT(k))
#else
#define COPY_EARLY(k)
#endif
#define COPY_LATE(k)    :: d_step { late[k] != 0 -> assert(mem[SLOT(k)] == late[k]); late[k] = 0 }

proctype memory()
{
	byte l;

end:	do
	STORES_GO(0)
	STORES_GO(1)
	COPY_EARLY(0)
	COPY_EARLY(1)
	COPY_LATE(0)
	COPY_LATE(1)
#if ENTRIES == 4
	COPY_LATE(2)
	COPY_LATE(3)
#endif
	:: d_step { !strayed -> strayed = true; notified = true }
	od
}

/* Nothing can move: nobody may be waiting for what is there. */
proctype stillness()
{
	timeout ->
	assert(s[0].wrote == s[1].read);
	assert(mem[P_INDEX] == s[0].wrote);
	assert(mem[C_INDEX] == s[1].read)
}

init
{
	atomic {
		mem[P_INDEX] = FIRST; mem[C_INDEX] = FIRST; mem[C_EVENT] = FIRST;
		s[0].wrote = FIRST; s[0].knows_read = FIRST;
		s[1].read = FIRST; s[1].knows_wrote = FIRST;
		run producer(); run consumer(); run memory(); run stillness()
	}
}
