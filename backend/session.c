/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <errno.h>
#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "clock.h"
#include "debt.h"
#include "image.h"
#include "log.h"

/* Lines that one guest can make us log in so long. */
#define LOG_WINDOW_NS   10000000000ull
#define LOG_LINES       50u

bool session_may_log(struct session *session)
{
	uint64_t now = clock_now();

	if (now - session->log_window_ns > LOG_WINDOW_NS) {
		session->log_window_ns = now;
		session->log_lines = 0;
	}
	return session->log_lines++ < LOG_LINES;
}

void session_break(struct session *session, const char *format, ...)
{
	va_list args;

	if (session->broken || session->closing)
		return;
	session->broken = true;
	va_start(args, format);
	vsnprintf(session->why, sizeof(session->why), format, args);
	va_end(args);
	event_active(session->breaking, 0, 0);
}

static void on_breaking(evutil_socket_t fd, short what, void *arg)
{
	struct session *session = arg;

	if (session->closing)
		return;
	log_event(LOG_WARN, "connection-broken", "dom=%u dev=%u why=%s", session->domain,
		  session->device, log_text(session->why));
	session->owner->broken(session->owner_arg, session->why);
}

static void on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct session *session = arg;
	uint32_t unflushed = session->unflushed;

	session->unflushed = 0;
	/* A broken connection's rings are left alone, all of them (B-LIFE-6). */
	if (session->broken || session->closing)
		return;
	/* The control queue last: a CANCEL is not answered before its job is (B-CANCEL-1). */
	while (unflushed) {
		uint32_t number = 31u - (uint32_t)__builtin_clz(unflushed);

		unflushed &= ~(1u << number);
		if (session->queues[number])
			queue_flush(session->queues[number]);
	}
	if (coproc_ring_publish(&session->events))
		ports_notify(session->backend->ports, session->queues[0]->port);
}

void session_event(struct session *session, unsigned int type, unsigned int status,
		   uint32_t object, uint64_t value)
{
	_Alignas(8) struct xencoproc_event event;
	struct coproc_notice notice = {
		.sequence = ++session->event_sequence,
		.type = (uint16_t)type,
		.status = (uint16_t)status,
		.object = object,
		.value = value,
	};

	if (!coproc_ring_room(&session->events)) {
		if (session->events.broken)
			session_break(session, "event ring: %s",
				      coproc_broken_text(session->events.broken));
		session->events_lost++;
		return;
	}
	notice.lost = session->events_lost;
	coproc_notice_encode(&notice, &event);
	coproc_ring_put(&session->events, &event);
	event_active(session->flush, 0, 0);
}

/* ---- connecting ---- */

static void *map_page(struct session *session, uint32_t ref, int prot)
{
	return xengnttab_map_grant_ref(session->backend->gnttab, session->domain, ref, prot);
}

static int session_map(struct session *session, const struct session_grants *grants, char *why)
{
	uint32_t cq[XENCOPROC_CQ_PAGES_MAX] = { grants->control_cq };
	uint32_t sq[XENCOPROC_SQ_PAGES_MAX] = { grants->control_sq };
	int rc;

	session->fe_index = map_page(session, grants->frontend_index, PROT_READ);
	session->be_index = session->fe_index ?
		map_page(session, grants->backend_index, PROT_READ | PROT_WRITE) : NULL;
	session->event_page = session->be_index ?
		map_page(session, grants->event_ring, PROT_READ | PROT_WRITE) : NULL;
	if (!session->event_page) {
		snprintf(why, 256, "the hypervisor refused the grant of %s: %s",
			 !session->fe_index ? "frontend-index-ref" :
			 !session->be_index ? "backend-index-ref" : "event-ring-ref",
			 strerror(errno));
		return -EFAULT;
	}
	coproc_ring_init(&session->events, &session->be_index[XENCOPROC_RING_EVENT],
			 &session->fe_index[XENCOPROC_RING_EVENT], session->event_page,
			 1u << XENCOPROC_EVENT_ORDER, XENCOPROC_CQE_SIZE);
	rc = queue_open(session, XENCOPROC_QUEUE_CONTROL, 0, XENCOPROC_CONTROL_ORDER, sq, cq,
			grants->port);
	if (rc)
		snprintf(why, 256, "control-sq-ref, control-cq-ref or event-channel was refused: %s",
			 strerror(errno ? errno : -rc));
	return rc;
}

static int session_allocate(struct session *session)
{
	const struct coproc_limits *limits = &session->limits;

	session->contexts = calloc(limits->max_contexts, sizeof(*session->contexts));
	session->buffers = calloc(limits->max_buffers, sizeof(*session->buffers));
	session->firmware = calloc(limits->max_firmware, sizeof(*session->firmware));
	/* As many images as handles, twice over: what was unloaded stays for a while. */
	session->images = image_cache_create(session, 2 * limits->max_firmware);
	session->flush = event_new(session->backend->base, -1, 0, on_flush, session);
	session->breaking = event_new(session->backend->base, -1, 0, on_breaking, session);
	if (control_init(session) || intake_init(session) || !session->contexts || !session->buffers || !session->firmware || !session->images ||
	    !session->flush || !session->breaking)
		return -ENOMEM;
	for (uint32_t i = 0; i < SCHED_CLASSES; i++) {
		TAILQ_INIT(&session->lanes[i].ready);
		TAILQ_INIT(&session->lanes[i].paused);
		session->lanes[i].session = session;
	}
	return 0;
}

/* A lane for each class: which of them the domain may use can change (B-CLASS-4). */
static int session_join(struct session *session)
{
	uint64_t now = clock_now();

	for (uint32_t c = XENCOPROC_CLASS_REALTIME; c <= XENCOPROC_CLASS_BATCH; c++) {
		struct lane *lane = &session->lanes[c - 1];
		int rc = sched_add(&session->coprocessor->sched, &lane->sched, c,
				   SCHED_WEIGHT_DEFAULT, now);

		if (rc)
			return rc;
		lane->sched.owner = lane;
		lane->joined = true;
	}
	return 0;
}

void session_set_share(struct session *session, const struct session_share *share)
{
	const struct config_coprocessor *config = session->coprocessor->config;
	struct sched *sched = &session->coprocessor->sched;
	bool own = share->realtime_budget_ns && share->realtime_period_ns;
	uint64_t now = clock_now();

	lanes_set_class(session, share->max_class);
	for (uint32_t i = 0; i < SCHED_CLASSES; i++) {
		struct lane *lane = &session->lanes[i];

		if (!lane->joined)
			continue;
		sched_set_weight(sched, &lane->sched, share->weight);
		sched_set_cap(sched, &lane->sched, share->cap, now);
		sched_set_realtime(sched, &lane->sched,
				   own ? share->realtime_budget_ns : config->realtime_budget_us * 1000ull,
				   own ? share->realtime_period_ns : config->realtime_period_us * 1000ull,
				   now);
	}
	coprocessor_kick(session->coprocessor);
}

static void session_free(struct session *session)
{
	struct backend *backend = session->backend;

	for (uint32_t i = XENCOPROC_QUEUE_MAX + 1; i > 0; i--)
		if (session->queues[i - 1])
			queue_free(session->queues[i - 1]);
	if (session->event_page)
		xengnttab_unmap(backend->gnttab, session->event_page, 1);
	if (session->be_index)
		xengnttab_unmap(backend->gnttab, session->be_index, 1);
	if (session->fe_index)
		xengnttab_unmap(backend->gnttab, session->fe_index, 1);
	control_free(session);
	intake_free(session);
	objects_free(session);
	for (uint32_t i = 0; i < SCHED_CLASSES; i++)
		if (session->lanes[i].joined)
			sched_remove(&session->coprocessor->sched, &session->lanes[i].sched);
	if (session->flush)
		event_free(session->flush);
	if (session->breaking)
		event_free(session->breaking);
	if (session->restart)
		event_free(session->restart);
	if (session->watch)
		event_free(session->watch);
	LIST_REMOVE(session, link);
	free(session);
}

struct session *session_connect(struct coprocessor *coprocessor, uint32_t domain, uint32_t device,
				const struct coproc_limits *limits,
				const struct session_grants *grants,
				const struct session_share *share,
				const struct session_owner *owner, void *arg, char *why)
{
	struct session *session = calloc(1, sizeof(*session));
	int rc;

	if (!session) {
		snprintf(why, 256, "the backend is out of memory");
		return NULL;
	}
	session->backend = coprocessor->backend;
	session->coprocessor = coprocessor;
	session->owner = owner;
	session->owner_arg = arg;
	session->domain = domain;
	session->device = device;
	session->limits = *limits;
	LIST_INSERT_HEAD(&coprocessor->sessions, session, link);
	snprintf(why, 256, "the backend is out of memory");
	rc = session_allocate(session);
	if (!rc)
		rc = session_join(session);
	if (!rc)
		rc = session_map(session, grants, why);
	if (!rc) {
		rc = tenant_start(session);
		if (rc)
			snprintf(why, 256, "the engine could not be started: %s", strerror(-rc));
	}
	if (rc) {
		session_free(session);
		return NULL;
	}
	session_set_share(session, share);
	debt_take(session);
	return session;
}

/* ---- shutting down ---- */

void session_abandon(struct session *session)
{
	session->closing = true;
	worker_free(session->worker);
	session_free(session);
}

void session_lose_jobs(struct session *session)
{
	for (uint32_t q = 1; q <= XENCOPROC_QUEUE_MAX; q++) {
		struct queue *queue = session->queues[q];

		for (uint32_t i = 0; queue && i < queue->server.sq.entries; i++)
			if (queue->jobs[i].state != JOB_FREE)
				job_lose(&queue->jobs[i]);
	}
}

void session_tell_stopped(struct session *session)
{
	struct coprocessor *coprocessor = session->coprocessor;

	if (coprocessor->state != XENCOPROC_DEVICE_STOPPED || session->jobs || session->stop_told ||
	    session->closing)
		return;
	session->stop_told = true;
	for (uint32_t q = 1; q <= XENCOPROC_QUEUE_MAX; q++)
		if (session->queues[q])
			queue_flush(session->queues[q]);
	session_event(session, XENCOPROC_EVENT_DEVICE, XENCOPROC_OK, 0, coprocessor->state);
}

static void drop_jobs(struct session *session)
{
	for (uint32_t q = 1; q <= XENCOPROC_QUEUE_MAX; q++) {
		struct queue *queue = session->queues[q];

		for (uint32_t i = 0; queue && i < queue->server.sq.entries; i++)
			if (queue->jobs[i].state != JOB_FREE && queue->jobs[i].state != JOB_RUNNING)
				job_end(&queue->jobs[i], XENCOPROC_CANCELLED, 0);
	}
}

void session_shutdown(struct session *session)
{
	if (session->closing)
		return;
	/* What has ended by itself is told yet. */
	on_flush(-1, 0, session);
	session->closing = true;
	session_update_streams(session);
	if (session->restart)
		event_del(session->restart);
	if (session->worker) {
		/* What runs in it ends when the process is dead: tenant.c goes on. */
		worker_kill(session->worker);
		return;
	}
	drop_jobs(session);
	tenant_scrub(session);
	session_finish(session);
}

void session_finish(struct session *session)
{
	const struct session_owner *owner = session->owner;
	struct coprocessor *coprocessor = session->coprocessor;
	void *arg = session->owner_arg;

	drop_jobs(session);
	coprocessor_forget(coprocessor, session);
	debt_keep(session);
	log_event(LOG_INFO, "disconnected", "dom=%u dev=%u coprocessor=%s", session->domain,
		  session->device, coprocessor->config->name);
	session_free(session);
	owner->over(arg);
	coprocessor_kick(coprocessor);
}
