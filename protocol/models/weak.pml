/* SPDX-License-Identifier: MIT */
/*
 * Shared memory that is weaker than Spin's own, for two sides, 0 and 1.  The
 * names are those of libcoproc-ring/port.h.
 *
 * Modelled:
 * - Stores wait in a buffer of their side and reach memory in any order, those
 *   to one location in the order of the program.  A release store is the
 *   oldest of its buffer when it goes: everything before it has gone.
 * - Loads may be done early: at any moment the value of a location may be kept
 *   in `seen`, and a relaxed load may take it from there instead of memory.  An
 *   acquire load and a full fence forget what was seen early: what comes
 *   behind them is loaded behind them.
 * - A full fence waits until its side's buffer is empty.
 * - Beside values, memory carries what happened before: a release store takes
 *   along how many slots its side had written and read (`clk`), an acquire
 *   load of it learns that (`knows`).  A model asserts for each access to a
 *   slot that the other side's last access to it is known to have happened
 *   before: C11's freedom of data races, where values alone look right on
 *   machines that never store by speculation.
 *
 * Left out: stores that are done before an earlier load of the same side,
 * except where a model says so (ring.pml, late copies); the `knows` part finds
 * what they could break.  Forwarding from a side's own buffer: no side reads
 * what it wrote (F-RING-5).  More than DEPTH stores waiting at once: three are
 * two slots and their index; who has more to store waits until one has gone.
 *
 * Before inclusion define LOCS (locations) and WRAP (indexes are modulo WRAP, a
 * power of two).  NO_EARLY leaves early loads out.  Whoever uses these has a
 * variable `byte l`.
 */
#define DEPTH           3
#define mod(x)          ((x) & (WRAP - 1))
#define NEVER           255

/* Whether loads that a model lets be late have been done. */
#ifndef LOADS_DONE
#define LOADS_DONE(t)   true
#endif

typedef side {
	byte waiting;           /* stores in the buffer */
	byte loc[DEPTH];
	byte val[DEPTH];
	bool rel[DEPTH];
	byte clk[DEPTH];        /* both clocks, in one byte */
#ifndef NO_EARLY
	bool early[LOCS];       /* seen[] is valid */
	byte seen[LOCS];
#endif
	byte wrote, read;       /* its clocks: slots that it wrote and read */
	byte knows_wrote, knows_read;   /* of the other side */
}

side s[2];
byte mem[LOCS];
byte clk[LOCS];                 /* of the release store that wrote it, or NEVER */

#define clocks(t)       (mod(s[t].wrote) * WRAP + mod(s[t].read))

#ifdef NO_EARLY
#define forget(t)       skip

inline load_relaxed(t, where, to)
{
	d_step { to = mem[where] }
}
#else
inline forget(t)
{
	l = 0;
	do
	:: l < LOCS -> s[t].early[l] = false; s[t].seen[l] = 0; l++
	:: else -> l = 0; break
	od
}

inline load_relaxed(t, where, to)
{
	if
	:: d_step { to = mem[where]; s[t].early[where] = false; s[t].seen[where] = 0 }
	:: d_step { s[t].early[where] -> to = s[t].seen[where] }
	fi
}
#endif

inline enqueue(t, where, value, release)
{
	atomic {
		s[t].waiting < DEPTH && (!(release) || LOADS_DONE(t)) ->
		d_step {
			s[t].loc[s[t].waiting] = where;
			s[t].val[s[t].waiting] = value;
			s[t].rel[s[t].waiting] = release;
			if
			:: release -> s[t].clk[s[t].waiting] = clocks(t)
			:: else -> s[t].clk[s[t].waiting] = NEVER
			fi;
			s[t].waiting++
		}
	}
}
#define store_relaxed(t, where, value)  enqueue(t, where, value, false)
#define store_release(t, where, value)  enqueue(t, where, value, true)

/* What is nearer to the truth is the newer. */
#define nearer(a, b, truth)     (mod(truth - (a)) < mod(truth - (b)))

inline learn(t, where)
{
	if
	:: clk[where] != NEVER && nearer(clk[where] / WRAP, s[t].knows_wrote, s[1 - (t)].wrote) ->
		s[t].knows_wrote = clk[where] / WRAP
	:: else
	fi;
	if
	:: clk[where] != NEVER && nearer(clk[where], s[t].knows_read, s[1 - (t)].read) ->
		s[t].knows_read = mod(clk[where])
	:: else
	fi
}

inline load_acquire(t, where, to)
{
	d_step {
		to = mem[where];
		learn(t, where);
		forget(t)
	}
}

inline fence_full(t)
{
	d_step { s[t].waiting == 0 && LOADS_DONE(t) -> forget(t) }
}

/* The j-th waiting store goes to memory. */
inline drain(t, j)
{
	mem[s[t].loc[j]] = s[t].val[j];
	clk[s[t].loc[j]] = s[t].clk[j];
	l = j;
	do
	:: l + 1 < s[t].waiting ->
		s[t].loc[l] = s[t].loc[l + 1];
		s[t].val[l] = s[t].val[l + 1];
		s[t].rel[l] = s[t].rel[l + 1];
		s[t].clk[l] = s[t].clk[l + 1];
		l++
	:: else -> break
	od;
	s[t].waiting--;
	s[t].loc[s[t].waiting] = 0; s[t].val[s[t].waiting] = 0;
	s[t].rel[s[t].waiting] = false; s[t].clk[s[t].waiting] = 0;
	l = 0
}

#define apart(t, a, b)  (s[t].loc[a] != s[t].loc[b])

/* What a side's memory unit does whenever it likes: stores go. */
#define STORES_GO(t) \
	:: d_step { s[t].waiting > 0 -> drain(t, 0) } \
	:: d_step { s[t].waiting > 1 && !s[t].rel[1] && apart(t, 0, 1) -> drain(t, 1) } \
	:: d_step { s[t].waiting > 2 && !s[t].rel[2] && apart(t, 0, 2) && apart(t, 1, 2) -> \
		drain(t, 2) }

/* And a location is read before its turn. */
#define READ_EARLY(t, where) \
	:: d_step { !s[t].early[where] -> \
		s[t].seen[where] = mem[where]; s[t].early[where] = true }
