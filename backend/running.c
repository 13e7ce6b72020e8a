/* SPDX-License-Identifier: MIT */
#include "running.h"

#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "coprocessor.h"
#include "log.h"
#include "session.h"

/* How many times its grace a worker has by the clock at most, when it does not
 * get the processor for half of that. */
#define GRACE_PATIENCE          20u

static void trace_job(struct coprocessor *c, const struct job *job, uint64_t now, const char *event)
{
	const struct session *session = job_session(job);

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

void running_account(struct coprocessor *c, uint64_t now)
{
	struct job *job = c->running;
	uint64_t used = now - job->since_ns;

	job->since_ns = now;
	job->ran_ns += used;
	charge(c, job, used, now);
}

/* ---- it makes room ---- */

void running_idle(struct coprocessor *c)
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

void running_recall(struct session *session)
{
	struct worker_command command = { .type = WORKER_RECALL };

	if (worker_call(session->worker, &command, -1, recalled, NULL))
		worker_kill(session->worker);
}

void running_stop(struct coprocessor *c, uint64_t now)
{
	struct job *job = c->running;
	struct session *session = job_session(job);

	running_account(c, now);
	worker_stop(session->worker);
	session->stopped = job;
	lane_pause(job, JOB_STOPPED);
	trace_job(c, job, now, "park");
	running_idle(c);
}

/* It should let go now, and is killed if it does not. */
static void be_patient(struct coprocessor *c, uint64_t now)
{
	c->grace_ns = c->config->kill_grace_us * 1000ull;
	c->kill_at_ns = now + c->grace_ns;
	c->patience_ends_ns = now + GRACE_PATIENCE * c->grace_ns;
	c->grace_cpu_ns = worker_cpu_ns(job_session(c->running)->worker);
}

bool running_grace_used(struct coprocessor *c, uint64_t now)
{
	uint64_t had = worker_cpu_ns(job_session(c->running)->worker) - c->grace_cpu_ns;

	if (had >= c->grace_ns / 2 || now >= c->patience_ends_ns)
		return true;
	c->kill_at_ns = now + c->grace_ns;
	return false;
}

void running_park(struct coprocessor *c, uint64_t now)
{
	c->phase = PHASE_PARKING;
	be_patient(c, now);
	worker_attention(job_session(c->running)->worker, WORKER_ATTENTION_PARK, c->running->seq);
}

void running_abort(struct coprocessor *c, uint64_t now)
{
	struct session *session = job_session(c->running);

	c->phase = PHASE_ABORTING;
	be_patient(c, now);
	if (c->can_yield)
		worker_attention(session->worker, WORKER_ATTENTION_ABORT, c->running->seq);
	else
		worker_kill(session->worker);
}

void running_doom(struct coprocessor *c, struct job *stopped)
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

void running_give_up(struct job *job)
{
	struct worker_command command = { .type = WORKER_ABORT, .u.ctx = { .context = job->context } };

	if (worker_call(job_session(job)->worker, &command, -1, aborted, job))
		worker_kill(job_session(job)->worker);
}

/* ---- its worker lets go of it ---- */

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
	struct session *session = job_session(job);
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

void running_spare(struct coprocessor *c, struct job *job)
{
	TAILQ_REMOVE(&c->doomed, job, link);
	job->doomed = false;
	lane_pause(job, JOB_STOPPED);
}

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
		running_abort(c, now);
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
		running_idle(c);
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
		running_doom(c, job);
}

/* The worker let go of its job, on the coprocessor or while it was stopped. */
static void let_go(struct coprocessor *c, struct session *session, struct job *job,
		   const struct worker_reply *reply, uint64_t now)
{
	bool next_begun = session->ahead && reply->outcome == WORKER_DONE;

	if (c->running == job) {
		running_account(c, now);
		worker_attention_clear(session->worker);
		if (next_begun) {
			pass_on(c, session, job, reply);
			return;
		}
		running_idle(c);
	} else if (session->stopped == job) {
		if (job->doomed)
			running_spare(c, job);
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
	coprocessor_turn(c);
}

/* ---- it is begun ---- */

int running_send(struct job *job, const struct job *after)
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
	rc = worker_call(job_session(job)->worker, &command, -1, on_reply, job);
	job->seq = command.seq;
	return rc;
}

static int send_continue(struct job *job)
{
	struct worker_command command = {
		.type = WORKER_CONTINUE,
		.u.ctx = { .context = job->context },
	};
	int rc = worker_call(job_session(job)->worker, &command, -1, on_reply, job);

	job->seq = command.seq;
	return rc;
}

/* The coprocessor changes hands: counted, and charged to who caused it. */
static void switched(struct coprocessor *c, struct job *job, uint64_t began)
{
	struct session *session = job_session(job);
	uint64_t now;

	if (c->last == session)
		return;
	if (!c->last) {
		c->last = session;      /* from nobody: there was nothing to put away */
		return;
	}
	now = clock_now();
	c->switches++;
	c->switch_ns += now - began;
	charge(c, job, now - began, now);
	trace_event(c->backend->trace, now, "switch", "\"from\":%u,\"to\":%u,\"us\":%" PRIu64 ".%03u",
		    c->last->domain, session->domain,
		    (now - began) / 1000, (unsigned int)((now - began) % 1000));
	c->last = session;
}

/* The job has been taken out of its lane and nothing runs. */
void running_begin(struct coprocessor *c, struct job *job, uint64_t now)
{
	struct session *session = job_session(job);
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
			running_recall(session);
		worker_continue(session->worker);
	} else if (was == JOB_PARKED) {
		rc = send_continue(job);
	} else {
		rc = running_send(job, NULL);
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
