/* SPDX-License-Identifier: MIT */
#include "coprocessor.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "debt.h"
#include "engine_probe.h"
#include "log.h"
#include "running.h"
#include "session.h"

/* ---- time ---- */

static uint64_t run_ends(const struct coprocessor *c)
{
	const struct job *job = c->running;
	uint64_t left = job->run_limit_ns > job->ran_ns ? job->run_limit_ns - job->ran_ns : 0;

	return job->since_ns + left;
}

static void set_alarm(struct coprocessor *c, uint64_t now)
{
	uint64_t due = sched_next(&c->sched, now);
	struct timeval later;

	if (c->phase == PHASE_RUNNING) {
		uint64_t bound = sched_bound(&job_lane(c->running)->sched, now);
		uint64_t ends = run_ends(c);

		if (ends < due)
			due = ends;
		if (c->slice_ends_ns && c->slice_ends_ns < due)
			due = c->slice_ends_ns;
		if (bound != SCHED_NEVER && now + bound < due)
			due = now + bound;
	} else if (c->phase != PHASE_IDLE && c->kill_at_ns < due) {
		due = c->kill_at_ns;
	}
	/* Only ever set to an earlier time: one that comes too early finds
	 * nothing to do, and costs less than to set it anew for each job. */
	if (due == SCHED_NEVER || (c->alarm_ns && c->alarm_ns <= due))
		return;
	c->alarm_ns = due;
	later = clock_timeval(due > now ? due - now : 0);
	event_add(c->alarm, &later);
}

/* ---- who is next ---- */

/* Stopped workers that hold what only waits to be ended: a moment each, before
 * anybody's turn, because a cancel must not wait for its job's class.  When it
 * is the job handed ahead that is to end, the one before it is put aside. */
static bool doomed_first(struct coprocessor *c, uint64_t now)
{
	struct job *job = TAILQ_FIRST(&c->doomed);

	if (!job)
		return false;
	TAILQ_REMOVE(&c->doomed, job, link);
	job->doomed = false;
	/* Attention first: the worker looks at it before it executes much. */
	if (c->can_yield)
		worker_attention(job_session(job)->worker, job->cancelled ? WORKER_ATTENTION_ABORT :
				 WORKER_ATTENTION_PARK, job->seq);
	running_begin(c, job, now);
	if (job->cancelled)
		running_abort(c, now);
	else
		running_park(c, now);
	return true;
}

/* A lane was picked whose worker is stopped with a job of another lane in it. */
static bool inner_first(struct coprocessor *c, struct lane *lane, uint64_t now)
{
	struct job *inner = lane->session->stopped;

	if (!inner || job_lane(inner) == lane)
		return false;
	lane_unpause(inner);
	if (c->can_yield)
		worker_attention(lane->session->worker, WORKER_ATTENTION_PARK, inner->seq);
	running_begin(c, inner, now);
	if (c->can_yield)
		running_park(c, now);
	return true;
}

static void start_next(struct coprocessor *c, uint64_t now)
{
	while (c->phase == PHASE_IDLE &&
	       (c->state == XENCOPROC_DEVICE_RUNNING || !TAILQ_EMPTY(&c->doomed))) {
		struct sched_lane *picked;
		struct job *job;

		if (doomed_first(c, now))
			return;
		picked = sched_pick(&c->sched, now);
		if (!picked || inner_first(c, picked->owner, now))
			return;
		job = lane_next(picked->owner);
		if (!job) {
			lane_update(picked->owner);
			continue;
		}
		/* Its timer may be as late as this turn of the loop: it starts in
		 * time or not at all. */
		if (job->state == JOB_QUEUED && now >= job->start_by_ns) {
			lane_return(job);
			job_end(job, XENCOPROC_EXPIRED, 0);
			continue;
		}
		running_begin(c, job, now);
	}
}

/*
 * While one domain alone has work, its worker is told of the next job before
 * it has ended the one that it has: so it need not wait until coprocd has
 * heard of that and chosen again, which is what jobs of some microseconds
 * would spend most of their time on.  With a second domain in sight nothing
 * is handed ahead, so that nobody's turn is given away in advance; nor where
 * a budget bounds the lane, nor to an engine that could not give it back.
 *
 * The job may begin at any moment from here on: whoever adds the journal marks
 * it STARTED here (J3).
 */
static void hand_ahead(struct coprocessor *c, uint64_t now)
{
	struct job *running = c->running, *job;
	struct session *session = job_session(running);
	struct lane *lane = job_lane(running);

	if (!c->config->jobs_ahead || !c->can_yield || session->ahead || running->cancelled || running->overrun ||
	    !TAILQ_EMPTY(&c->doomed) || !sched_alone(&c->sched, &lane->sched) ||
	    sched_bound(&lane->sched, now) != SCHED_NEVER)
		return;
	job = lane_ahead(lane, running);
	if (job && running_send(job, running))
		lane_unahead(job);
}

/* ---- pre-emption ---- */

static bool must_yield(struct coprocessor *c, uint64_t now, bool *same_session)
{
	struct lane *mine = job_lane(c->running), *other;
	struct sched_lane *picked;

	*same_session = false;
	if (c->preemption == WORKER_PREEMPT_JOB)
		return false;
	if (!TAILQ_EMPTY(&c->doomed)) {
		*same_session = job_session(TAILQ_FIRST(&c->doomed)) == job_session(c->running);
		return !*same_session;
	}
	picked = sched_pick(&c->sched, now);
	/* Over its cap it makes room for nobody, too. */
	if (mine->sched.throttled && (!picked || picked->owner != mine) &&
	    (!picked || ((struct lane *)picked->owner)->session != mine->session))
		return true;
	if (!picked || picked->owner == mine)
		return false;
	other = picked->owner;
	*same_session = other->session == mine->session;
	if (*same_session && !c->can_yield)
		return false;
	if (other->sched.effective != mine->sched.effective)
		return other->sched.effective < mine->sched.effective;
	return c->slice_ends_ns && now >= c->slice_ends_ns;
}

void coprocessor_turn(struct coprocessor *c)
{
	uint64_t now = clock_now();
	bool same_session;

	/* Where nobody is picked, too: else the alarm would ring until somebody is. */
	sched_refill(&c->sched, now);
	if (c->phase == PHASE_RUNNING) {
		if (c->slice_ends_ns && now >= c->slice_ends_ns)
			running_account(c, now);        /* so that it competes by what it has had */
		if (must_yield(c, now, &same_session)) {
			if (same_session)
				running_park(c, now);
			else
				running_stop(c, now);
		} else if (c->slice_ends_ns && now >= c->slice_ends_ns) {
			c->slice_ends_ns = now + c->config->slice_us * 1000ull;
		}
	}
	if (c->phase == PHASE_IDLE)
		start_next(c, now);
	if (c->phase == PHASE_RUNNING)
		hand_ahead(c, now);
	set_alarm(c, clock_now());
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	coprocessor_turn(arg);
}

static void on_alarm(evutil_socket_t fd, short what, void *arg)
{
	struct coprocessor *c = arg;
	uint64_t now = clock_now();

	c->alarm_ns = 0;
	if (c->phase == PHASE_RUNNING) {
		running_account(c, now);
		if (c->running->ran_ns >= c->running->run_limit_ns) {
			c->running->overrun = true;     /* K7 */
			running_abort(c, now);
		}
	} else if (c->phase != PHASE_IDLE && now >= c->kill_at_ns && running_grace_used(c, now)) {
		struct session *session = job_session(c->running);

		log_event(LOG_WARN, "hang", "dom=%u dev=%u coprocessor=%s job=%" PRIu64
			  " what=\"the engine did not let go in %u us and is killed\"",
			  session->domain, session->device, c->config->name, c->running->id,
			  c->config->kill_grace_us);
		worker_kill(session->worker);
		c->kill_at_ns = SCHED_NEVER;
	}
	coprocessor_turn(c);
}

void coprocessor_abort(struct coprocessor *c, struct job *job)
{
	struct session *session = job_session(job);

	switch (job->state) {
	case JOB_RUNNING:
		/* Unless its worker let go of it and is being killed for what it said. */
		if (c->running == job && c->phase == PHASE_RUNNING)
			running_abort(c, clock_now());
		/* Parking: it is aborted when it says that it is parked. */
		set_alarm(c, clock_now());
		break;
	case JOB_PARKED:
		/* Out of its lane: to continue it now would be to continue nothing. */
		lane_unpause(job);
		job->state = JOB_LEAVING;
		lane_update(job_lane(job));
		running_give_up(job);
		break;
	case JOB_STOPPED:
		running_doom(c, job);
		break;
	case JOB_AHEAD:
		if (session->stopped)
			running_doom(c, session->stopped);
		else
			running_recall(session);
		break;
	default:
		break;
	}
}

void coprocessor_kick(struct coprocessor *c)
{
	event_active(c->turn, 0, 0);
}

void coprocessor_forget(struct coprocessor *c, struct session *session)
{
	struct job *job, *next;

	if (c->running && job_session(c->running) == session) {
		running_account(c, clock_now());
		running_idle(c);
	}
	for (job = TAILQ_FIRST(&c->doomed); job; job = next) {
		next = TAILQ_NEXT(job, link);
		if (job_session(job) == session)
			running_spare(c, job);
	}
	/* All that the worker said before it died has been heard: it did not end
	 * the job before this one, so it did not begin this one. */
	if (session->ahead)
		lane_unahead(session->ahead);
	session->stopped = NULL;
	if (c->last == session)
		c->last = NULL;
	coprocessor_kick(c);
}

void coprocessor_stop(struct coprocessor *c, const char *why)
{
	struct session *session;

	if (c->state == XENCOPROC_DEVICE_STOPPED)
		return;
	c->state = XENCOPROC_DEVICE_STOPPED;
	log_event(LOG_ERROR, "coprocessor-stopped", "coprocessor=%s why=\"%s\"", c->config->name, why);
	LIST_FOREACH(session, &c->sessions, link) {
		if (session->closing)
			continue;
		session_lose_jobs(session);
		session_tell_stopped(session);
	}
}

/* ---- making one ---- */

static bool take_hello(struct coprocessor *c, const struct worker_reply *hello)
{
	uint64_t bank = hello->u.hello.bank_bytes;

	snprintf(c->kind, sizeof(c->kind), "%.15s", hello->u.hello.kind);
	c->kinds = hello->u.hello.kinds;
	c->preemption = hello->u.hello.preemption;
	c->can_yield = hello->u.hello.can_yield;
	if (bank % XENCOPROC_PAGE_SIZE || bank > 1ull << 32) {
		log_event(LOG_ERROR, "engine-nonsense", "coprocessor=%s bank_bytes=%" PRIu64,
			  c->config->name, bank);
		return false;
	}
	return !bank_pool_init(&c->banks, c->config->banks, bank);
}

struct coprocessor *coprocessor_create(struct backend *backend,
				       const struct config_coprocessor *config)
{
	struct coprocessor *c = calloc(1, sizeof(*c));
	struct worker_reply hello;

	if (!c)
		return NULL;
	c->backend = backend;
	c->config = config;
	c->state = XENCOPROC_DEVICE_RUNNING;
	LIST_INIT(&c->sessions);
	LIST_INIT(&c->debts);
	TAILQ_INIT(&c->doomed);
	if (asprintf(&c->program, "%s/coproc-engine-%s", backend->config->engine_dir,
		     config->engine) < 0)
		c->program = NULL;
	c->turn = event_new(backend->base, -1, 0, on_turn, c);
	c->alarm = evtimer_new(backend->base, on_alarm, c);
	if (!c->program || !c->turn || !c->alarm || sched_init(&c->sched, config->policy) ||
	    !engine_probe(c, &hello) || !take_hello(c, &hello)) {
		coprocessor_destroy(c);
		return NULL;
	}
	log_event(LOG_INFO, "coprocessor", "name=%s kind=%s engine=%s preemption=%s bank_bytes=%" PRIu64
		  " banks=%u policy=%s", config->name, c->kind, config->engine,
		  c->preemption == WORKER_PREEMPT_INSTANT ? "instant" :
		  c->preemption == WORKER_PREEMPT_CHECKPOINT ? "checkpoint" : "job",
		  c->banks.bytes, c->banks.count, config->policy->name);
	return c;
}

void coprocessor_destroy(struct coprocessor *c)
{
	struct session *session;

	if (!c)
		return;
	/* What had not closed when patience ended on SIGTERM. */
	while ((session = LIST_FIRST(&c->sessions)))
		session_abandon(session);
	debt_forget_all(c);
	if (c->turn)
		event_free(c->turn);
	if (c->alarm)
		event_free(c->alarm);
	sched_fini(&c->sched);
	if (c->banks.banks)
		bank_pool_fini(&c->banks);
	free(c->program);
	free(c);
}
