/* SPDX-License-Identifier: MIT */
/*
 * The life of jobs: sections 8, 9 and 11 of coprocif.md, from being published
 * to being told to whoever submitted them, over the loss of a backend.
 *
 * Modelled: two jobs of one context in one job queue, each RESTARTABLE or not;
 * a backend that accepts, admits or refuses, starts and ends them, one at a
 * time; an engine that ends a job as it likes, also while it is being aborted;
 * run limit, start limit, faults and resets of the context; one CANCEL of any
 * job, CTX_DESTROY or QUEUE_CLOSE at any time; a backend that dies after ANY
 * step, or a connection that the frontend drops while the backend goes on for
 * a while; the frontend's verdict on what is still live (F-JRNL-2, the table of
 * section 11, with a journal and without), and the next connection, with the
 * jobs that are "again".  LOSSES connections are lost at most.
 *
 * Left out: the order in which memory shows the steps (ring.pml: each step is a
 * release store or follows one, and here each is seen before the next); slots
 * used twice in one connection (queue.pml); several queues and contexts, which
 * share nothing but the scheduler; timelines, but that SIGNAL precedes the
 * completion.  The backend today negotiates the journal off; with JOURNAL=0
 * this is what it does.
 *
 * Asserted: each job is told exactly once how it ended, and what it is told is
 * true; at most one completion for a request; a job that may have had an effect
 * is not started again unless RESTARTABLE; with a journal, LOST is said only of
 * jobs that had been marked STARTED, or had ended; jobs start in order, one at a time, never in a
 * context that was not reset; CANCEL, CTX_DESTROY and QUEUE_CLOSE are answered
 * once, after the jobs that they end, and nothing that they ended starts.  When
 * nothing can move any more, all is told.  As cycles: no run is endless, so each
 * job is told in the end whoever is slow: no fairness is needed, because nothing
 * here ever does the same again.
 *
 * Steps J1 to J6 are those of section 11, K1 to K9 those of backend/job.c and
 * its neighbours.
 */
#define JOBS    2
#ifndef LOSSES
#define LOSSES  2
#endif
#ifndef JOURNAL
#define JOURNAL 1
#endif

/* What a completion says, and what a user is told. */
mtype = { OK, FAILED, FAULT, TIMED_OUT, EXPIRED, CANCELLED, LOST, REFUSED };
/* A job's state in the backend; RUNNING and ABORTING jobs have started. */
mtype = { FREE, QUEUED, RUNNING, ABORTING };
/* The state word of a journal cell; FREE is shared. */
mtype = { ACCEPTED, STARTED };

typedef job {
	bool restartable;
	/* the frontend */
	bool live;              /* submitted in this connection, not told */
	byte at;                /* its place in the SQ */
	mtype told;             /* 0: nothing yet */
	/* shared: the journal and the completion of its slot */
	mtype cell;
	bool tagged;
	mtype status;           /* 0: no completion */
	bool started_flag;
	/* the backend */
	mtype state;
	bool overrun, cancel_owed;
	mtype ending;           /* how it ends, between J5 and J6 */
	bool signalled;
	/* what was, for the assertions: effect of all connections, the others of this */
	bool effect, effect_now, marked, completed, admitted, ended, unwanted;
}
job j[JOBS];

/* the SQ: order[] by place, published by the frontend, taken by the backend */
byte order[JOBS], published, taken, told_taken;

/* requests of the control queue, one of each; GONE with their connection */
mtype = { NONE, ASKED, UNDER_WAY, ANSWERED, GONE };
mtype cancel = NONE, destroy = NONE, close_ = NONE;
byte cancelled_job;

/* the backend and its engine */
bool serving;                   /* it has a connection, and has not let go */
bool dropped;                   /* the frontend has left it */
bool judged;                    /* and has told what became of it */
bool spoilt;                    /* what dirty must say */
bool dirty;                     /* the context must be reset before a job starts */
byte running = JOBS;            /* a job, or JOBS */
byte admitting = JOBS;          /* the job whose cell is being written, or JOBS */
bool to_tag;
bool engine_ended;              /* the engine has said so, the backend has not heard */
mtype engine_status;
byte losses;

#define nobody          JOBS
#define started(i)      (j[i].state == RUNNING || j[i].state == ABORTING)

/* ---- the backend, a step at a time; it can die between any two ---- */

/* J1's two stores are one turn of the backend's loop, and J3 with J4: nothing
 * comes between but death. */
#define starting        (running != nobody && j[running].state == QUEUED)
#define calm            (serving && !starting && admitting == nobody)

/* What it names ends, or has ended. */
#define ends(request)   (request == UNDER_WAY || request == ANSWERED)

inline accept()
{
	i = order[taken];
	taken++;
	j[i].state = QUEUED;                                            /* K1 */
	if
	:: destroy != UNDER_WAY && destroy != ANSWERED ->
		assert(!ends(destroy) && !ends(close_));                /* B-CTRL-3 */
		j[i].admitted = true;
		admitting = i;
		to_tag = true
	:: j[i].ending = REFUSED; j[i].ended = true; j[i].signalled = true
	fi
}

#define waits(n)        (j[n].state == QUEUED && j[n].ending == 0)
/* The first of its queue that has not started, and known to be taken. */
#define is_next(n)      (waits(n) && told_taken > j[n].at && (!waits(1 - n) || j[n].at < j[1 - n].at))

inline mark()
{
	assert(running == nobody && !spoilt);                           /* B-JOB-4, B-CTX-1 */
	k = 0;
	do      /* those before it have started */
	:: k < j[i].at -> assert(j[order[k]].state != QUEUED || j[order[k]].ending != 0); k++
	:: else -> k = 0; break
	od;
	running = i;
	j[i].marked = true;
	j[i].cell = STARTED                                             /* J3 */
}

inline start()
{
	i = running;
	assert(!j[i].effect || j[i].restartable);                       /* B-JOB-8 */
	assert(j[i].told == 0 && j[i].ending == 0);
	assert(told_taken > j[i].at);                                   /* B-QUEUE-6 */
	assert(j[i].marked && j[i].admitted && !ends(destroy) && !ends(close_));
	j[i].state = RUNNING;                                           /* K2 */
	j[i].effect = true;                                             /* J4 */
	j[i].effect_now = true
}

/* K3: the engine let go of the job. */
inline reply()
{
	i = running;
	assert(started(i) && j[i].ending == 0);
	j[i].ending = engine_status;                                    /* K3 */
	if
	:: engine_status == CANCELLED && j[i].overrun -> j[i].ending = TIMED_OUT
	:: else
	fi;
	j[i].ended = true;
	spoilt = engine_status == FAULT || engine_status == CANCELLED;
	dirty = engine_status == FAULT || engine_status == CANCELLED;
	running = nobody;
	engine_ended = false;
	engine_status = 0
}

/* What is live: what has not started ends, what runs is aborted. */
inline cancel_job(which)
{
	if
	:: j[which].state == QUEUED && j[which].ending == 0 -> j[which].ending = CANCELLED; /* K4 */
		j[which].ended = true
	:: j[which].state == RUNNING && j[which].ending == 0 -> j[which].state = ABORTING /* K5 */
	:: else
	fi;
	j[which].unwanted = true
}

inline cancel_all()
{
	k = 0;
	do
	:: k < JOBS -> cancel_job(k); k++
	:: else -> k = 0; break
	od
}

inline free_cell()
{
	assert(j[i].ended && !j[i].signalled);                          /* B-TIME-1, B-JRNL-1 */
	j[i].signalled = true;
	j[i].cell = FREE                                                /* J5 */
}

inline complete()
{
	assert(j[i].signalled);                                         /* B-TIME-1 */
	assert(!j[i].completed);                                        /* B-QUEUE-5 */
	assert(told_taken > j[i].at);                                   /* B-QUEUE-6 */
	assert(j[i].cell == FREE);
	j[i].status = j[i].ending;                                      /* J6 */
	j[i].started_flag = started(i);
	j[i].completed = true;
	j[i].ending = 0;
	j[i].state = FREE;
	if
	:: j[i].cancel_owed ->
		assert(cancel == UNDER_WAY && i == cancelled_job);
		j[i].cancel_owed = false; cancel = ANSWERED             /* K6 */
	:: else
	fi
}

inline take_cancel()
{
	i = cancelled_job;
	assert(cancel == ASKED);                                        /* B-QUEUE-5 */
	if
	:: j[i].state != FREE -> cancel = UNDER_WAY; j[i].cancel_owed = true; cancel_job(i)
	:: else ->
		assert(!j[i].live || j[i].completed || j[i].at >= published); /* B-CANCEL-2 */
		cancel = ANSWERED
	fi
}

#define none_live       (j[0].state == FREE && j[1].state == FREE)

/* K9 is a start limit that has passed. */
#define EACH_JOB(n) \
	:: atomic { calm && waits(n) -> j[n].ending = EXPIRED; j[n].ended = true } \
	:: atomic { calm && j[n].ending != 0 && !j[n].signalled -> i = n; free_cell(); i = 0 } \
	:: atomic { calm && j[n].ending != 0 && j[n].signalled && told_taken > j[n].at -> \
		i = n; complete(); i = 0 }

proctype backend()
{
	byte i, k;

end:	do
	:: atomic { calm && taken < published -> accept(); i = 0 }
	:: atomic { serving && admitting != nobody && to_tag ->
		j[admitting].tagged = true; to_tag = false }            /* J1 */
	:: atomic { serving && admitting != nobody && !to_tag ->
		j[admitting].cell = ACCEPTED; admitting = nobody }      /* J1 */
	:: atomic { calm && told_taken != taken -> told_taken = taken }  /* J2 */
	:: atomic { calm && running == nobody && !dirty && is_next(0) -> mark() }
	:: atomic { calm && running == nobody && !dirty && is_next(1) -> i = 1; mark(); i = 0 }
	:: atomic { serving && starting -> start(); i = 0 }
	:: atomic { calm && engine_ended -> reply(); i = 0 }
	:: atomic { calm && running != nobody && j[running].state == RUNNING ->
		j[running].overrun = true; j[running].state = ABORTING } /* K7 */
	:: atomic { calm && dirty -> dirty = false; spoilt = false }                    /* K8 */
	:: atomic { calm && cancel == ASKED && taken == published -> take_cancel();
		assert(cancel != ANSWERED || !j[i].live || j[i].completed);     /* B-CANCEL-1 */
		i = 0 }
	:: atomic { calm && destroy == ASKED -> destroy = UNDER_WAY; cancel_all() }
	:: atomic { calm && close_ == ASKED && taken == published -> close_ = UNDER_WAY; cancel_all() }
	:: atomic { calm && destroy == UNDER_WAY && none_live && running == nobody ->
		assert(!j[0].admitted || j[0].completed); assert(!j[1].admitted || j[1].completed);
		assert(running == nobody);
		destroy = ANSWERED }
	:: atomic { calm && close_ == UNDER_WAY && none_live && taken == published ->
		assert(!j[0].live || j[0].completed); assert(!j[1].live || j[1].completed);
		close_ = ANSWERED }
	/* Its connection was left: all is ended and unmapped. */
	:: atomic { serving && dropped -> serving = false }
	EACH_JOB(0)
	EACH_JOB(1)
	od
}

proctype engine()
{
end:	do
	:: atomic { serving && running != nobody && started(running) && !engine_ended ->
		if
		:: engine_status = OK
		:: engine_status = FAILED
		:: engine_status = FAULT
		:: j[running].state == ABORTING -> engine_status = CANCELLED
		fi;
		engine_ended = true }
	od
}

/* ---- the frontend ---- */

/* The job's user is told: once, and the truth. */
inline tell(how)
{
	assert(j[i].told == 0);
	assert(!(how == OK || how == FAILED || how == FAULT || how == TIMED_OUT) || j[i].effect_now);
	assert(!(how == EXPIRED || how == REFUSED) || !j[i].effect_now);
	assert(how != REFUSED || !j[i].admitted);
	assert(how != CANCELLED || j[i].unwanted && j[i].started_flag == j[i].effect_now);
	assert(how != TIMED_OUT || j[i].overrun);
	assert(how != LOST || !j[i].restartable);
	assert(how != LOST || !JOURNAL || j[i].marked || j[i].ended);
	assert(how != LOST || JOURNAL || told_taken > j[i].at);
	assert(how != LOST || j[i].status == 0);        /* F-JRNL-2: completions first */
	j[i].told = how;
	j[i].live = false
}

inline consume()
{
	if
	:: j[i].live && j[i].status != 0 -> tell(j[i].status); j[i].status = 0
	:: else
	fi
}

#define behind          (j[i].at < told_taken)

/* The table of section 11. */
inline judge()
{
	if
	:: !j[i].live
	:: j[i].live && !behind && (!JOURNAL || j[i].cell == FREE || j[i].cell == ACCEPTED) ->
		j[i].live = false
	:: j[i].live && JOURNAL && behind && j[i].cell == ACCEPTED && j[i].tagged -> j[i].live = false
	:: else ->
		if
		:: j[i].restartable -> j[i].live = false
		:: else -> tell(LOST)
		fi
	fi;
	/* "Again": then it never had an effect, or may have it again. */
	assert(j[i].told != 0 || !j[i].effect || j[i].restartable)
}

/* The next connection: fresh pages, and a backend that knows of nothing. */
inline connect()
{
	i = 0;
	do
	:: i < JOBS ->
		j[i].at = 0; j[i].cell = FREE; j[i].tagged = false; j[i].status = 0;
		j[i].started_flag = false; j[i].state = FREE; j[i].overrun = false;
		j[i].cancel_owed = false; j[i].ending = 0; j[i].signalled = false;
		j[i].marked = false; j[i].effect_now = false; j[i].completed = false;
		j[i].admitted = false; j[i].ended = false; j[i].unwanted = false;
		order[i] = 0;
		i++
	:: else -> i = 0; break
	od;
	/* Control requests of the last one are lost, and their objects gone. */
	cancel = (cancel == NONE -> NONE : GONE);
	destroy = (destroy == NONE -> NONE : GONE);
	close_ = (close_ == NONE -> NONE : GONE);
	published = 0; taken = 0; told_taken = 0; running = nobody; dirty = false; spoilt = false;
	admitting = nobody; to_tag = false; engine_ended = false; engine_status = 0; dropped = false; judged = false;
	serving = true
}

#define nothing_asked   (cancel == NONE && destroy == NONE && close_ == NONE)
#define to_submit(n)    (j[n].told == 0 && !j[n].live)

proctype frontend()
{
	byte i;

end:	do
	/* In order; not in a queue that is being closed (F-QCLOSE-1). */
	:: atomic { serving && !dropped && close_ != ASKED && close_ != UNDER_WAY &&
		(to_submit(0) || to_submit(1)) && published < JOBS ->
		i = (to_submit(0) -> 0 : 1);
		order[published] = i; j[i].at = published; j[i].live = true; published++;
		i = 0 }
	:: atomic { serving && !judged && j[0].status != 0 -> i = 0; consume() }
	:: atomic { serving && !judged && j[1].status != 0 -> i = 1; consume(); i = 0 }
	:: atomic { serving && !dropped && nothing_asked && published > 0 -> cancel = ASKED;
		if
		:: cancelled_job = 0
		:: cancelled_job = 1
		fi }
	:: atomic { serving && !dropped && nothing_asked && published > 0 -> destroy = ASKED }
	:: atomic { serving && !dropped && nothing_asked && !to_submit(0) && !to_submit(1) ->
		close_ = ASKED }
	:: atomic { serving && !dropped && losses < LOSSES -> losses++; dropped = true }
	/* It has let go, or is dead: what was published counts, then the table. */
	:: atomic { !serving && !judged -> judged = true;
		i = 0; consume(); judge();
		i = 1; consume(); judge();
		i = 0 }
	:: atomic { !serving && judged -> connect() }
	od
}

/* The backend dies, between any two steps. */
proctype death()
{
end:	do
	:: atomic { serving && losses < LOSSES -> losses++; serving = false }
	od
}

proctype stillness()
{
	timeout ->
	assert(j[0].told != 0 && j[1].told != 0);
	assert(cancel != ASKED && cancel != UNDER_WAY);
	assert(destroy != ASKED && destroy != UNDER_WAY);
	assert(close_ != ASKED && close_ != UNDER_WAY)
}

init
{
	byte i;

	atomic {
		if
		:: j[0].restartable = true
		:: skip
		fi;
		if
		:: j[1].restartable = true
		:: skip
		fi;
		connect();
		run backend(); run engine(); run frontend(); run death(); run stillness()
	}
}
