/* SPDX-License-Identifier: MIT */
/*
 * The session's worker process: started before it is needed, told again of
 * everything when it had to be replaced, and buried with its memory scrubbed.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "session.h"

/* A domain whose firmware kills its engine so often in a row, without one job
 * that ended well, is not served any longer. */
#define DEATHS_MAX              10u
#define BACKOFF_FIRST_NS        10000000ull
#define BACKOFF_MAX_NS          1000000000ull
/* A worker that answers nothing from one look to the next stands still. */
#define WATCH_NS                4000000000ull

static void all_told(struct session *session)
{
	session->worker_ready = true;
	log_event(LOG_DEBUG, "worker-ready", "dom=%u dev=%u pid=%d", session->domain,
		  session->device, worker_pid(session->worker));
	session_update_streams(session);
	coprocessor_kick(session->coprocessor);
}

void tenant_sent(struct session *session)
{
	session->rebuilding++;
}

void tenant_answered(struct session *session, const struct worker_reply *reply)
{
	if (--session->rebuilding == 0 && reply && !session->worker_ready && !session->broken)
		all_told(session);
}

static void on_ready(void *owner, const struct worker_reply *hello)
{
	struct session *session = owner;

	session->worker_live = true;
	trace_event(session->backend->trace, clock_now(), "worker",
		    "\"dom\":%u,\"dev\":%u,\"what\":\"start\"", session->domain, session->device);
	if (session->closing)
		return;
	if (objects_resend(session)) {
		session_break(session, "out of memory while a new engine process was told of the objects");
		return;
	}
	if (!session->rebuilding)
		all_told(session);
}

/* Promise 2: nothing of this domain's is left for the next, or all stops. */
void tenant_scrub(struct session *session)
{
	struct coprocessor *coprocessor = session->coprocessor;
	struct bank_evidence evidence = { 0 };
	int rc = bank_reclaim(&coprocessor->banks, session, &evidence);

	for (uint32_t i = 0; i < session->limits.max_contexts; i++)
		session->contexts[i].bank = NULL;
	if (evidence.bytes || rc) {
		log_event(rc ? LOG_ERROR : LOG_INFO, "scrub",
			  "dom=%u dev=%u coprocessor=%s bytes=%llu resident_before=%llu "
			  "nonzero_after=%llu us=%llu verified=%s",
			  session->domain, session->device, coprocessor->config->name,
			  (unsigned long long)evidence.bytes, (unsigned long long)evidence.resident,
			  (unsigned long long)evidence.nonzero,
			  (unsigned long long)evidence.ns / 1000, rc ? "FAILED" : "zero");
		trace_event(session->backend->trace, clock_now(), "scrub",
			    "\"dom\":%u,\"dev\":%u,\"us\":%llu,\"bytes\":%llu,\"resident\":%llu,"
			    "\"nonzero\":%llu", session->domain, session->device,
			    (unsigned long long)evidence.ns / 1000,
			    (unsigned long long)evidence.bytes,
			    (unsigned long long)evidence.resident,
			    (unsigned long long)evidence.nonzero);
	}
	if (rc)
		coprocessor_stop(coprocessor, "memory of a domain could not be proven scrubbed");
}

static enum xencoproc_status fate_of(const struct job *job, uint64_t *result)
{
	*result = 0;
	if (job->overrun || job->lost)
		return job_forced_status(job);
	if (job->cancelled || job->queue->session->closing)
		return XENCOPROC_CANCELLED;
	/* What was put aside has not killed the engine (B-CTX-3). */
	if (job->state != JOB_RUNNING)
		return XENCOPROC_LOST;
	*result = (uint64_t)XENCOPROC_FAULT_ENGINE << 32;
	return XENCOPROC_FAULT;
}

/* Whether the job that was handed ahead had begun is not known when the worker
 * lied: as far as anybody may tell, it had, and is not run again (B-JOB-8). */
static void end_doubtful(struct session *session)
{
	struct job *job = session->ahead;

	if (!job || !worker_distrusted(session->worker))
		return;
	session->ahead = NULL;
	job->state = JOB_RUNNING;
	job_end(job, XENCOPROC_FAULT, (uint64_t)XENCOPROC_FAULT_ENGINE << 32);
}

/* What had started is over; what had not will run in the next worker. */
static void end_started(struct session *session)
{
	for (uint32_t c = 0; c < session->limits.max_contexts; c++) {
		struct job *job = session->contexts[c].active;
		enum xencoproc_status status;
		uint64_t result;

		if (!job)
			continue;
		status = fate_of(job, &result);
		job_end(job, status, result);
	}
}

static void reset_contexts(struct session *session)
{
	for (uint32_t c = 0; c < session->limits.max_contexts; c++)
		if (session->contexts[c].state == OBJECT_READY)
			context_was_reset(session, c, XENCOPROC_FAULT);
}

static void on_restart(evutil_socket_t fd, short what, void *arg)
{
	struct session *session = arg;
	int rc = tenant_start(session);

	if (rc)
		session_break(session, "the engine could not be started again: %s", strerror(-rc));
}

static void replace(struct session *session)
{
	uint64_t wait = session->deaths < 2 ? 0 : BACKOFF_FIRST_NS << (session->deaths - 2);
	struct timeval later;

	if (wait > BACKOFF_MAX_NS)
		wait = BACKOFF_MAX_NS;
	later = clock_timeval(wait);
	if (!session->restart)
		session->restart = evtimer_new(session->backend->base, on_restart, session);
	if (!session->restart || event_add(session->restart, &later))
		session_break(session, "out of memory while the engine was to be started again");
}

static void on_gone(void *owner, const char *why)
{
	struct session *session = owner;
	struct coprocessor *coprocessor = session->coprocessor;

	log_event(session->closing ? LOG_DEBUG : LOG_WARN,
		  session->closing ? "worker-ended" : "worker-gone",
		  "dom=%u dev=%u pid=%d why=\"%s\"", session->domain, session->device,
		  worker_pid(session->worker), why);
	trace_event(session->backend->trace, clock_now(), "worker",
		    "\"dom\":%u,\"dev\":%u,\"what\":\"exit\"", session->domain, session->device);
	end_doubtful(session);
	worker_free(session->worker);
	session->worker = NULL;
	session->worker_live = false;
	session->worker_ready = false;
	session->rebuilding = 0;
	coprocessor_forget(coprocessor, session);
	end_started(session);
	objects_settle(session);
	session_update_streams(session);
	tenant_scrub(session);
	if (session->closing) {
		session_finish(session);
		return;
	}
	contexts_take_banks(session);
	reset_contexts(session);
	if (++session->deaths > DEATHS_MAX)
		session_break(session, "the engine process of this domain died %u times in a row, last: %s",
			      session->deaths, why);
	else
		replace(session);
	coprocessor_kick(coprocessor);
}

/* Jobs have their limits; all else that the frontend waits for has this one
 * (B-LIFE-3).  What coprocd stopped, or has busy with a job, is excused. */
static void on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct session *session = arg;
	const struct job *running = session->coprocessor->running;
	uint32_t owes = 0;

	if (session->worker && !worker_stopped(session->worker) &&
	    !(running && running->queue->session == session))
		owes = worker_owes(session->worker);
	if (owes && owes == session->owed) {
		log_event(LOG_WARN, "worker-stuck", "dom=%u dev=%u pid=%d what=\"it answers nothing and is "
			  "killed\"", session->domain, session->device, worker_pid(session->worker));
		worker_kill(session->worker);
	}
	session->owed = owes;
}

static const struct worker_events events = { .ready = on_ready, .gone = on_gone };

int tenant_start(struct session *session)
{
	const struct coprocessor *coprocessor = session->coprocessor;
	struct worker_options options = {
		.program = coprocessor->program,
		.domain = session->domain,
		.uid = session->backend->config->worker_uid_base + session->domain,
		.memory_limit = coprocessor->config->worker_memory,
		.weak_sandbox = session->backend->config->weak_sandbox,
		.nicer = session->backend->nicer,
	};

	struct timeval often = clock_timeval(WATCH_NS);

	if (!session->watch) {
		session->watch = event_new(session->backend->base, -1, EV_PERSIST, on_watch, session);
		if (!session->watch || event_add(session->watch, &often))
			return -ENOMEM;
	}
	session->owed = 0;
	session->worker = worker_start(session->backend->base, &options, &events, session);
	return session->worker ? 0 : -errno;
}
