/* SPDX-License-Identifier: MIT */
#include "coprocessor.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "engine_probe.h"
#include "log.h"
#include "session.h"

/* How many times its grace a worker has by the clock at most, when it does not
 * get the processor for half of that. */
#define GRACE_PATIENCE          20u

static struct session *session_of(const struct job *job)
{
	return job->queue->session;
}

static void trace_job(struct coprocessor *c, const struct job *job, uint64_t now, const char *event)
{
	const struct session *session = session_of(job);

	if (!c->backend->trace)
		return;         /* before it costs anything: this is twice in each job */
	trace_event(c->backend->trace, now, event,
		    "\"dom\":%u,\"dev\":%u,\"queue\":%u,\"class\":\"%s\",\"job\":%" PRIu64 ",\"ctx\":%u",
		    session->domain, session->device, job->queue->number,
		    coproc_class_text(queue_class(job->queue)), job->id, job->context);
}

/* ---- time ---- */

static void charge(struct coprocessor *c, const struct job *job, uint64_t ns, uint64_t now)
{
	struct lane *lane = job_lane(job);

	sched_charge(&c->sched, &lane->sched, ns, now);
	/* The cap is the domain's, whatever the class of its jobs. */
	for (uint32_t i = 0; i < SCHED_CLASSES; i++)
		if (&lane->session->lanes[i] != lane && lane->session->lanes[i].joined)
			sched_spend_cap(&c->sched, &lane->session->lanes[i].sched, ns, now);
}

/* Charge the running job for what it used since last time. */
static void account(struct coprocessor *c, uint64_t now)
{
	struct job *job = c->running;
	uint64_t used = now - job->since_ns;

	job->since_ns = now;
	job->ran_ns += used;
	charge(c, job, used, now);
}

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

/* ---- making room ---- */

static void to_idle(struct coprocessor *c)
{
	struct job *job = c->running;

	c->running = NULL;
	c->phase = PHASE_IDLE;
	c->slice_ends_ns = 0;
	if (job)
		lane_update(job_lane(job));
}

/* Nothing to do: if it was given back that has been said before. */
static void recalled(void *owner, void *arg, const struct worker_reply *reply)
{
}

static void recall(struct session *session)
{
	struct worker_command command = { .type = WORKER_RECALL };

	if (worker_call(session->worker, &command, -1, recalled, NULL))
		worker_kill(session->worker);
}

/* The worker stands still with the job inside it, and maybe with one that it
 * was handed ahead: see begin(). */
static void stop_running(struct coprocessor *c, uint64_t now)
{
	struct job *job = c->running;
	struct session *session = session_of(job);

	account(c, now);
	worker_stop(session->worker);
	session->stopped = job;
	lane_pause(job, JOB_STOPPED);
	trace_job(c, job, now, "park");
	to_idle(c);
}

/* It should let go now, and is killed if it does not. */
static void be_patient(struct coprocessor *c, uint64_t now)
{
	c->grace_ns = c->config->kill_grace_us * 1000ull;
	c->kill_at_ns = now + c->grace_ns;
	c->patience_ends_ns = now + GRACE_PATIENCE * c->grace_ns;
	c->grace_cpu_ns = worker_cpu_ns(session_of(c->running)->worker);
}

/* Its time is up by the clock; but on a busy machine it may have had none of
 * that time to let go in, and its guest is not to pay for it. */
static bool grace_used(struct coprocessor *c, uint64_t now)
{
	uint64_t had = worker_cpu_ns(session_of(c->running)->worker) - c->grace_cpu_ns;

	if (had >= c->grace_ns / 2 || now >= c->patience_ends_ns)
		return true;
	c->kill_at_ns = now + c->grace_ns;
	return false;
}

/* The engine puts the job aside, and the worker is free for another. */
static void park_running(struct coprocessor *c, uint64_t now)
{
	c->phase = PHASE_PARKING;
	be_patient(c, now);
	worker_attention(session_of(c->running)->worker, WORKER_ATTENTION_PARK, c->running->seq);
}

static void abort_running(struct coprocessor *c, uint64_t now)
{
	struct session *session = session_of(c->running);

	c->phase = PHASE_ABORTING;
	be_patient(c, now);
	if (c->can_yield)
		worker_attention(session->worker, WORKER_ATTENTION_ABORT, c->running->seq);
	else
		worker_kill(session->worker);
}

static void aborted(void *owner, void *arg, const struct worker_reply *reply)
{
	struct job *job = arg;
	enum xencoproc_status status = job_forced_status(job);

	/* NULL: the worker died, and its end will end the job. */
	if (!reply)
		return;
	/* The event says why as the completion does (section 10). */
	context_was_reset(owner, job->context, status);
	job_end(job, status, 0);
}

/* It is inside a stopped worker, or is handed ahead behind one that is: that
 * worker gets a moment of its own, see doomed_first(). */
static void doom(struct coprocessor *c, struct job *stopped)
{
	if (stopped->doomed)
		return;
	/* Out of its lane until then. */
	lane_unpause(stopped);
	stopped->doomed = true;
	TAILQ_INSERT_TAIL(&c->doomed, stopped, link);
	lane_update(job_lane(stopped));
	coprocessor_kick(c);
}

void coprocessor_abort(struct coprocessor *c, struct job *job)
{
	struct session *session = session_of(job);
	struct worker_command command = { .type = WORKER_ABORT, .u.ctx = { .context = job->context } };

	switch (job->state) {
	case JOB_RUNNING:
		/* Unless its worker let go of it and is being killed for what it said. */
		if (c->running == job && c->phase == PHASE_RUNNING)
			abort_running(c, clock_now());
		/* Parking: it is aborted when it says that it is parked. */
		set_alarm(c, clock_now());
		break;
	case JOB_PARKED:
		/* Out of its lane: to continue it now would be to continue nothing. */
		lane_unpause(job);
		job->state = JOB_LEAVING;
		lane_update(job_lane(job));
		if (worker_call(session->worker, &command, -1, aborted, job))
			worker_kill(session->worker);
		break;
	case JOB_STOPPED:
		doom(c, job);
		break;
	case JOB_AHEAD:
		if (session->stopped)
			doom(c, session->stopped);
		else
			recall(session);
		break;
	default:
		break;
	}
}

/* ---- starting ---- */

static const enum xencoproc_status job_statuses[] = {
	XENCOPROC_OK, XENCOPROC_FAILED, XENCOPROC_FAULT, XENCOPROC_BAD_FIELD,
	XENCOPROC_BAD_IMAGE, XENCOPROC_NO_MEMORY,
};

static bool job_status_ok(uint32_t status)
{
	for (size_t i = 0; i < sizeof(job_statuses) / sizeof(job_statuses[0]); i++)
		if (status == job_statuses[i])
			return true;
	return false;
}

/* How a job ended that its worker has let go of.  Return: false if nothing is
 * believed of that worker any more. */
static bool ended(struct job *job, const struct worker_reply *reply)
{
	struct session *session = session_of(job);
	enum xencoproc_status status = (enum xencoproc_status)reply->status;

	if (reply->outcome == WORKER_ABORTED) {
		status = job_forced_status(job);
	} else if (!job_status_ok(status)) {
		/* The worker is not itself. */
		worker_distrust(session->worker, "said of a job what an engine may not say");
		return false;
	}
	if (reply->outcome == WORKER_ABORTED || status == XENCOPROC_FAULT ||
	    reply->flags & WORKER_REPLY_CONTEXT_RESET)
		context_was_reset(session, job->context, status);
	else if (status == XENCOPROC_OK)
		session->deaths = 0;
	job_end(job, status, reply->outcome == WORKER_ABORTED ? 0 : reply->result); /* K3 */
	return true;
}

/* A doomed job goes back to where every other stopped job is. */
static void spare(struct coprocessor *c, struct job *job)
{
	TAILQ_REMOVE(&c->doomed, job, link);
	job->doomed = false;
	lane_pause(job, JOB_STOPPED);
}

static void turn(struct coprocessor *c);

/* The job that was handed ahead has been begun: the one before it has ended. */
static struct job *begun(struct session *session)
{
	struct job *job = session->ahead;

	session->ahead = NULL;
	session->contexts[job->context].active = job;
	job->told |= XENCOPROC_CQE_F_STARTED;
	return job;
}

/* On the coprocessor. */
static void succeed(struct coprocessor *c, struct session *session, uint64_t now)
{
	struct job *job = begun(session);

	job->started_ns = job->since_ns = now;
	trace_job(c, job, now, "start");
	c->running = job;
	c->phase = PHASE_RUNNING;
	c->slice_ends_ns = c->config->slice_us ? now + c->config->slice_us * 1000ull : 0;
	job->state = JOB_RUNNING;
	lane_update(job_lane(job));
	if (job->cancelled)
		abort_running(c, now);
}

/* About the job that was handed ahead: not begun, because the one before it
 * was put aside or ended by force. */
static void returned(struct session *session, struct job *job, const struct worker_reply *reply)
{
	if (job->state != JOB_AHEAD || reply->outcome != WORKER_RETURNED) {
		worker_distrust(session->worker, "did not return what it was handed ahead");
		return;
	}
	lane_unahead(job);
	if (job->cancelled)
		job_end(job, job_forced_status(job), 0);
}

static void parked(struct coprocessor *c, struct job *job, uint64_t now)
{
	trace_job(c, job, now, "park");
	if (job->state == JOB_RUNNING)
		lane_pause(job, JOB_PARKED);
	else
		job->state = JOB_PARKED;        /* stopped: it has its place already */
	if (job->cancelled || job->overrun)
		coprocessor_abort(c, job);
}

/* The running job has ended by itself, and the one behind it has begun. */
static void pass_on(struct coprocessor *c, struct session *session, struct job *job,
		    const struct worker_reply *reply)
{
	/* At once, so that its lane is not taken for idle in between. */
	c->running = session->ahead;
	/* By the clock after that: a trace never shows two jobs at once. */
	if (ended(job, reply))
		succeed(c, session, clock_now());
	else
		to_idle(c);
}

/* The stopped job had ended by itself before the stop reached its worker: the
 * one behind it is what stands still in there, or begins with the first step
 * that the worker makes. */
static void pass_on_stopped(struct coprocessor *c, struct session *session, struct job *job,
			    const struct worker_reply *reply)
{
	if (!ended(job, reply))
		return;
	job = session->stopped = begun(session);
	lane_pause(job, JOB_STOPPED);
	if (job->cancelled)
		doom(c, job);
}

/* The worker let go of its job, on the coprocessor or while it was stopped. */
static void let_go(struct coprocessor *c, struct session *session, struct job *job,
		   const struct worker_reply *reply, uint64_t now)
{
	bool next_begun = session->ahead && reply->outcome == WORKER_DONE;

	if (c->running == job) {
		account(c, now);
		worker_attention_clear(session->worker);
		if (next_begun) {
			pass_on(c, session, job, reply);
			return;
		}
		to_idle(c);
	} else if (session->stopped == job) {
		if (job->doomed)
			spare(c, job);
		if (next_begun) {
			pass_on_stopped(c, session, job, reply);
			return;
		}
		/* It had ended before the stop reached it: the worker is free. */
		session->stopped = NULL;
		worker_continue(session->worker);
	}
	if (reply->outcome == WORKER_PARKED)
		parked(c, job, now);
	else
		ended(job, reply);
}

static void on_reply(void *owner, void *arg, const struct worker_reply *reply)
{
	struct session *session = owner;
	struct coprocessor *c = session->coprocessor;
	struct job *job = arg;

	if (!reply)
		return;         /* its worker died: tenant.c ends the job */
	if (job == session->ahead || reply->outcome == WORKER_RETURNED)
		returned(session, job, reply);
	else
		let_go(c, session, job, reply, clock_now());
	turn(c);
}

/* @after: the job that the worker has, when this is handed ahead; or NULL */
static int send_run(struct job *job, const struct job *after)
{
	struct worker_command command = { .type = WORKER_RUN };
	int rc;

	command.u.run.context = job->context;
	command.u.run.firmware = job->firmware;
	command.u.run.entry = job->entry;
	command.u.run.after = after ? after->seq : 0;
	command.u.run.immediate = job->immediate;
	command.u.run.operands = job->operands;
	memcpy(command.u.run.operand, job->operand, job->operands * sizeof(job->operand[0]));
	rc = worker_call(session_of(job)->worker, &command, -1, on_reply, job);
	job->seq = command.seq;
	return rc;
}

static int send_continue(struct job *job)
{
	struct worker_command command = {
		.type = WORKER_CONTINUE,
		.u.ctx = { .context = job->context },
	};
	int rc = worker_call(session_of(job)->worker, &command, -1, on_reply, job);

	job->seq = command.seq;
	return rc;
}

/* The coprocessor changes hands: counted, and charged to who caused it. */
static void switched(struct coprocessor *c, struct job *job, uint64_t began)
{
	struct session *session = session_of(job);
	uint64_t now = clock_now();

	if (c->last == session)
		return;
	if (!c->last) {
		c->last = session;      /* from nobody: there was nothing to put away */
		return;
	}
	c->switches++;
	c->switch_ns += now - began;
	charge(c, job, now - began, now);
	trace_event(c->backend->trace, now, "switch", "\"from\":%u,\"to\":%u,\"us\":%" PRIu64 ".%03u",
		    c->last->domain, session->domain,
		    (now - began) / 1000, (unsigned int)((now - began) % 1000));
	c->last = session;
}

/* The job has been taken out of its lane and nothing runs. */
static void begin(struct coprocessor *c, struct job *job, uint64_t now)
{
	struct session *session = session_of(job);
	enum job_state was = job->state;
	bool first;
	int rc = 0;

	/* Before the worker is told: what it does while we are descheduled counts. */
	job->since_ns = clock_now();
	c->running = job;
	c->phase = PHASE_RUNNING;
	job->state = JOB_RUNNING;               /* K2 */
	if (was == JOB_STOPPED) {
		session->stopped = NULL;
		/* It is the scheduler that says again who is next. */
		if (session->ahead)
			recall(session);
		worker_continue(session->worker);
	} else if (was == JOB_PARKED) {
		rc = send_continue(job);
	} else {
		rc = send_run(job, NULL);
	}
	/* Or it was handed ahead, begun by its worker, and stopped there. */
	first = !job->started_ns;
	if (first) {
		job->started_ns = now;
		job->told |= XENCOPROC_CQE_F_STARTED;
	}
	switched(c, job, now);
	c->slice_ends_ns = c->config->slice_us ? job->since_ns + c->config->slice_us * 1000ull : 0;
	trace_job(c, job, job->since_ns, first ? "start" : "continue");
	lane_update(job_lane(job));
	if (rc)
		worker_kill(session->worker);   /* out of memory: its end ends the job */
}

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
		worker_attention(session_of(job)->worker, job->cancelled ? WORKER_ATTENTION_ABORT :
				 WORKER_ATTENTION_PARK, job->seq);
	begin(c, job, now);
	if (job->cancelled)
		abort_running(c, now);
	else
		park_running(c, now);
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
	begin(c, inner, now);
	if (c->can_yield)
		park_running(c, now);
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
		begin(c, job, now);
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
	struct session *session = session_of(running);
	struct lane *lane = job_lane(running);

	if (!c->config->jobs_ahead || !c->can_yield || session->ahead || running->cancelled || running->overrun ||
	    !TAILQ_EMPTY(&c->doomed) || !sched_alone(&c->sched, &lane->sched) ||
	    sched_bound(&lane->sched, now) != SCHED_NEVER)
		return;
	job = lane_ahead(lane, running);
	if (job && send_run(job, running))
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
		*same_session = session_of(TAILQ_FIRST(&c->doomed)) == session_of(c->running);
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

static void turn(struct coprocessor *c)
{
	uint64_t now = clock_now();
	bool same_session;

	/* Where nobody is picked, too: else the alarm would ring until somebody is. */
	sched_refill(&c->sched, now);
	if (c->phase == PHASE_RUNNING) {
		if (c->slice_ends_ns && now >= c->slice_ends_ns)
			account(c, now);        /* so that it competes by what it has had */
		if (must_yield(c, now, &same_session)) {
			if (same_session)
				park_running(c, now);
			else
				stop_running(c, now);
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
	turn(arg);
}

static void on_alarm(evutil_socket_t fd, short what, void *arg)
{
	struct coprocessor *c = arg;
	uint64_t now = clock_now();

	c->alarm_ns = 0;
	if (c->phase == PHASE_RUNNING) {
		account(c, now);
		if (c->running->ran_ns >= c->running->run_limit_ns) {
			c->running->overrun = true;     /* K7 */
			abort_running(c, now);
		}
	} else if (c->phase != PHASE_IDLE && now >= c->kill_at_ns && grace_used(c, now)) {
		struct session *session = session_of(c->running);

		log_event(LOG_WARN, "hang", "dom=%u dev=%u coprocessor=%s job=%" PRIu64
			  " what=\"the engine did not let go in %u us and is killed\"",
			  session->domain, session->device, c->config->name, c->running->id,
			  c->config->kill_grace_us);
		worker_kill(session->worker);
		c->kill_at_ns = SCHED_NEVER;
	}
	turn(c);
}

void coprocessor_kick(struct coprocessor *c)
{
	event_active(c->turn, 0, 0);
}

void coprocessor_forget(struct coprocessor *c, struct session *session)
{
	struct job *job, *next;

	if (c->running && session_of(c->running) == session) {
		account(c, clock_now());
		to_idle(c);
	}
	for (job = TAILQ_FIRST(&c->doomed); job; job = next) {
		next = TAILQ_NEXT(job, link);
		if (session_of(job) == session)
			spare(c, job);
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
