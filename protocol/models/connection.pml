/* SPDX-License-Identifier: MIT */
/*
 * The life of connections: section 12 of coprocif.md.  What a side does is
 * asked of the C that the product is built from, coproc_state_step() of
 * xenstore-schema/state.c with the table that states.awk makes of states.tbl,
 * so the table that runs is the table that is searched.
 *
 * Modelled: both sides looking at the other's node and acting on what they saw
 * a moment ago, each step written by a transaction that fails when the peer's
 * state has moved (F-LIFE-1); pages by generation: granted, named in the
 * nodes, mapped, kept from use until the backend has let go (F-PAGE-3,
 * F-JRNL-2).  At the start the nodes say anything, 0 to 8 each.  At any point,
 * within FAULTS together: either side is killed and comes back, the
 * frontend's domain is destroyed, a deadline passes, MAP or PUBLISH fails, a
 * ring is found broken; and, with TOOLSTACK, the toolstack sets
 * `online` to 0, sets it to 1 again, removes both directories and writes
 * them anew, whether a side has looked meanwhile or not (F-LIFE-9, B-LIFE-9),
 * and the frontend's driver goes.
 *
 * Left out: the content of nodes but references (negotiation is pure); ADVERTISE
 * that fails (it writes nothing and is tried again); xenstored lost (a killed
 * side looks the same); jobs.
 *
 * Asserted: nothing is mapped when the backend says InitWait or Closed; what is
 * mapped is what the frontend named in answer to this InitWait; both Connected
 * means the same pages; what was refused is not tried again before a side
 * starts anew, if the other looked within the deadline; a frontend uses pages again only when they are mapped
 * nowhere; a side that is not connected has nothing granted to a connection.
 * When nothing can move any more: both are connected, or what was wished
 * otherwise is reached, see stillness.  As cycles: every run comes to that
 * point, so from no state is there a way that never connects.
 */
#ifndef FAULTS
#define FAULTS  2
#endif
#define VANISHED        9
#define LATE            10

c_decl {
\#include "xenstore-schema/state-table.h"

static const struct coproc_step *step(int side, int leave, int mine, int peer)
{
	return coproc_state_step(side, leave ? COPROC_WISH_LEAVE : COPROC_WISH_STAY, mine, peer);
}
}

/* xenstore */
byte be_node, fe_node;          /* states as written; VANISHED: no directory */
byte named;                     /* generation of the references in the frontend's nodes */
bool online = true;

/* A side: what it wrote last (0: nothing since it began), what it saw of its
 * peer, and what it has made of that: LOOKED, then ACTED, then written. */
mtype = { IDLE, LOOKED, ACTED };
mtype be_phase = IDLE, fe_phase = IDLE;
byte be_mine, be_own, be_peer, be_do, be_next;   /* own: what its node said then */
byte fe_mine, fe_own, fe_peer, fe_do, fe_next;
bool be_live = true, be_left;    /* be_left: it has seen the wish to leave */
bool fe_live = true, fe_leave, fe_over;

/* Pages, by the connection that they were granted for; 0: none. */
byte generation;
byte granted;                   /* in use by the frontend */
byte kept;                      /* not in use, and not free before the backend let go */
byte mapped;
bool used;                      /* the connection that they were for came to be */

/* what has happened */
byte faults;
bool refused, ended, destroyed, detached, removed, again;

#define fault           faults < FAULTS -> faults++

/* Whether the table says more than to wait.  (Spin allows no calls in c_expr.) */
#define SAYS(side, leave, mine, peer, what) \
	coproc_step_table[COPROC_SIDE_##side][leave][now.mine][now.peer].what
#define BE_MOVES        c_expr { SAYS(BACKEND, !now.online, be_mine, fe_node, action) != COPROC_DO_NONE || \
				 SAYS(BACKEND, !now.online, be_mine, fe_node, next) != now.be_mine }
#define FE_MOVES        c_expr { SAYS(FRONTEND, now.fe_leave, fe_mine, be_node, action) != COPROC_DO_NONE || \
				 SAYS(FRONTEND, now.fe_leave, fe_mine, be_node, next) != now.fe_mine }
#define BE_DOES(what)   c_expr { now.be_do == COPROC_DO_##what }
#define FE_DOES(what)   c_expr { now.fe_do == COPROC_DO_##what }

/* ---- the backend ---- */

inline be_look(as)
{
	be_peer = as;
	be_own = be_node;
	be_left = be_left || !online;
	c_code {
		const struct coproc_step *begun =
			step(COPROC_SIDE_BACKEND, !now.online, now.be_mine, now.be_peer);
		now.be_do = begun->action;
		now.be_next = begun->next;
	};
	be_phase = LOOKED
}

inline be_idle()
{
	be_phase = IDLE; be_do = 0; be_own = 0; be_peer = 0; be_next = 0
}

inline be_act()
{
	if
	:: BE_DOES(MAP) ->
		/* In answer to this side's own InitWait alone (B-LIFE-2). */
		assert(be_mine == 2 && be_peer == 3 && mapped == 0);
		if
		:: mapped = named
		:: fault; be_next = 5
		fi
	:: BE_DOES(TEARDOWN) -> mapped = 0
	:: BE_DOES(REMOVE) -> assert(mapped == 0)
	:: else
	fi;
	be_phase = ACTED
}

/* Step 4 of state.h: only if both are still where they were looked at. */
inline be_write()
{
	if
	:: be_node != be_own || be_peer != LATE && be_peer != fe_node ||
	   BE_DOES(MAP) && mapped != 0 && mapped != named ->
		/* Undone: what was mapped belongs to a past. */
		if
		:: BE_DOES(MAP) -> mapped = 0
		:: else
		fi
	:: else ->
		if
		:: BE_DOES(REMOVE) -> be_node = VANISHED; be_mine = 0
		:: else ->
			if
			:: BE_DOES(MAP) && mapped == 0 -> refused = true; ended = true
			:: be_mine == 0 -> refused = false      /* it starts anew */
			:: else
			fi;
			be_node = be_next;
			be_mine = be_next;
			assert(!(be_mine == 2 || be_mine == 6) || mapped == 0); /* B-LIFE-4 */
			assert(be_mine != 4 || mapped != 0 && mapped == named && !refused) /* F-LIFE-7 */
		fi
	fi;
	be_idle()
}

#define be_looks        (be_live && be_node != VANISHED && be_phase == IDLE)
#define be_given        (be_node == 1 && be_mine != 0 || online && be_left && be_mine == 6)
#define be_acts         (be_looks && !be_given)

/* All that it holds ends, and it goes on as just started. */
inline be_anew()
{
	mapped = 0; be_mine = 0; be_left = false; refused = false
}

proctype backend()
{
end:	do
	/* B-LIFE-9: its directory is another, or it is wanted again. */
	:: atomic { be_looks && be_given -> be_anew() }
	/* What it saw of `online` while it was busy with the end it remembers. */
	:: atomic { be_acts && !online && !be_left -> be_left = true }
	:: atomic { be_acts && BE_MOVES -> be_look(fe_node) }
	:: atomic { be_acts && be_mine == 5 && !BE_MOVES -> be_look(LATE); refused = false }
	:: atomic { be_phase == LOOKED -> be_act() }
	:: atomic { be_phase == ACTED -> be_write() }
	/* Its directory is gone: FORGET. */
	:: atomic { be_live && be_phase == IDLE && be_node == VANISHED && be_mine != 0 ->
		mapped = 0; be_mine = 0; be_left = false }
	/* A ring that the frontend broke: F-LIFE-6, B-LIFE-6. */
	:: atomic { be_acts && be_mine == 4 && fault ->
		ended = ended || be_node == 4; be_node = 5; be_mine = 5 }
	od
}

/* ---- the frontend ---- */

inline fe_look(as)
{
	fe_peer = as;
	fe_own = fe_node;
	c_code {
		const struct coproc_step *begun =
			step(COPROC_SIDE_FRONTEND, now.fe_leave, now.fe_mine, now.fe_peer);
		now.fe_do = begun->action;
		now.fe_next = begun->next;
	};
	fe_phase = LOOKED
}

inline fe_idle()
{
	fe_phase = IDLE; fe_do = 0; fe_own = 0; fe_peer = 0; fe_next = 0
}

inline fe_act()
{
	if
	:: FE_DOES(PUBLISH) ->
		/* InitWait: whoever was there before has let go of all (B-LIFE-4). */
		if
		:: fe_peer == be_node && used -> assert(mapped == 0)
		:: else
		fi;
		assert(granted == 0);
		kept = 0;
		if
		:: generation++; granted = generation; used = false
		:: fault; fe_next = 5
		fi
	:: else
	fi;
	fe_phase = ACTED
}

/* The pages of a connection that is over are kept until the backend let go. */
inline fe_keep()
{
	if
	:: granted != 0 -> kept = granted; granted = 0
	:: else
	fi
}

inline fe_write()
{
	if
	:: fe_node != fe_own || fe_peer != LATE && fe_peer != be_node ->
		if
		:: FE_DOES(PUBLISH) -> granted = 0      /* nobody knows of them */
		:: else
		fi
	:: else ->
		if
		:: FE_DOES(PUBLISH) && granted != 0 -> named = granted
		:: else
		fi;
		if
		:: FE_DOES(FORGET) -> fe_over = true
		:: else ->
			if
			:: FE_DOES(PUBLISH) && granted == 0 -> refused = true; ended = true
			:: fe_mine == 0 -> refused = false      /* it starts anew */
			:: else
			fi;
			fe_node = fe_next;
			fe_mine = fe_next
		fi;
		if      /* RESET and LOST; CLOSE that need not wait for the backend */
		:: fe_mine == 1 || fe_mine == 6 -> fe_keep()
		:: else
		fi;
		assert(fe_mine != 4 || granted != 0);
		assert(fe_mine != 3 || !refused);                       /* F-LIFE-7 */
		used = used || fe_mine == 4
	fi;
	fe_idle()
}

#define fe_looks        (fe_live && !fe_over && fe_node != VANISHED && fe_phase == IDLE)
/* Initialising is what it writes itself, too: then nothing is granted yet. */
#define fe_given        (fe_node == 1 && fe_mine > 1)
#define fe_acts         (fe_looks && !fe_given)

proctype frontend()
{
end:	do
	:: atomic { fe_looks && fe_given -> fe_keep(); fe_mine = 0 }            /* F-LIFE-9 */
	:: atomic { fe_acts && FE_MOVES -> fe_look(be_node) }
	:: atomic { fe_acts && fe_mine == 5 && !FE_MOVES -> fe_look(LATE); refused = false }
	/* Silence: completions do not come. */
	:: atomic { fe_acts && fe_mine == 4 && !FE_MOVES && fault -> fe_look(LATE) }
	:: atomic { fe_phase == LOOKED -> fe_act() }
	:: atomic { fe_phase == ACTED -> fe_write() }
	/* Let go, as F-JRNL-2 tells it from the backend's state.  An InitWait that
	 * was answered, and came to nothing, says nothing: it may be mapping. */
	:: atomic { fe_live && fe_phase == IDLE && kept != 0 &&
		(be_node == 2 && used || be_node == 6 || be_node == VANISHED) ->
		assert(mapped != kept || be_node == VANISHED); kept = 0 }
	:: atomic { fe_live && fe_phase == IDLE && fe_node == VANISHED && fe_mine != 0 ->
		fe_keep(); fe_mine = 0; fe_leave = false; fe_over = false }
	/* A ring that the backend broke. */
	:: atomic { fe_acts && fe_mine == 4 && fault -> ended = ended || fe_node == 4; fe_node = 5; fe_mine = 5 }
	od
}

/* ---- what happens to them ---- */

proctype world()
{
end:	do
	/* Killed: the kernel unmaps what the process had mapped. */
	:: atomic { be_live && fault -> be_live = false; be_mine = 0; mapped = 0; be_idle() }
	:: atomic { !be_live -> be_live = true; be_left = false; refused = false }
	:: atomic { fe_live && !destroyed && fault -> fe_live = false; fe_mine = 0; granted = 0; kept = 0;
		fe_idle() }
	:: atomic { !fe_live && !destroyed -> fe_live = true; fe_leave = false; fe_over = false;
		refused = false }
	:: atomic { !destroyed && fault -> destroyed = true; fe_live = false; fe_node = VANISHED;
		named = 0; granted = 0; kept = 0; fe_mine = 0; fe_idle() }
#ifdef TOOLSTACK
	:: atomic { online && !detached && be_node != VANISHED -> online = false; detached = true }
	:: atomic { !online && detached && be_node != VANISHED && fault -> online = true }
	/* Both directories away, whatever goes on, and anew, seen or unseen. */
	:: atomic { !removed && !destroyed && be_node != VANISHED && fault ->
		removed = true; named = 0; be_node = VANISHED; fe_node = VANISHED }
	:: atomic { removed && !again && !destroyed && be_node == VANISHED ->
		again = true; be_node = 1; fe_node = 1; online = true; ended = false; refused = false }
	:: atomic { fe_live && !fe_leave && fault -> fe_leave = true }
#endif
	od
}

#define connected       (be_mine == 4 && fe_mine == 4 && be_node == 4 && fe_node == 4)

/* Both believe it: then it is so. */
#define same_pages      (!connected || !be_live || !fe_live || mapped == granted && mapped == named)

proctype stillness()
{
end:	do
	:: timeout -> break
	:: !same_pages -> assert(same_pages)
	od;
	assert(be_phase == IDLE && fe_phase == IDLE);
	if
	:: destroyed || be_node == VANISHED -> assert(mapped == 0)
	:: else ->
		if
		/* The toolstack, or the driver, wished an end, and it came. */
		:: !online -> assert(be_mine == 6 && mapped == 0 && granted == 0)
		:: online && fe_leave -> assert(fe_over && mapped == 0 && granted == 0)
		/* What was refused is not tried again before a side starts anew. */
		:: online && !fe_leave && ended && !connected ->
			assert(be_mine == 6 && fe_mine == 6 && mapped == 0 && granted == 0)
		:: else -> assert(connected && mapped == granted)
		fi
	fi
}

init
{
	atomic {
		do      /* any pair of states, left by predecessors */
		:: be_node < 8 -> be_node++
		:: break
		od;
		do
		:: fe_node < 8 -> fe_node++
		:: break
		od;
		run backend(); run frontend(); run world(); run stillness()
	}
}
