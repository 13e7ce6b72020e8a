/* SPDX-License-Identifier: MIT */
/*
 * Queues: their rings mapped, submissions taken in turns, completions put.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "clock.h"
#include "session.h"

/* Submissions of one queue taken, and time spent on all of a session, before
 * the loop looks at everybody else: a guest may have thirty full queues, and
 * some requests take a hundred times as long as others. */
#define TURN            64u
#define TURN_NS         50000ull
/* What is no job takes time of nothing but the loop, which others' jobs wait
 * for: so much after connecting, so much at most, and this part in the long run. */
#define CONTROL_FIRST_NS        5000000
#define CONTROL_MOST_NS         20000000
#define CONTROL_PART            16u
/* The same for what comes in job queues and is refused, or a NOP: one costs so
 * much, its part of the notifications included. */
#define VAIN_NS                 1000
#define VAIN_FIRST_NS           20000000
#define VAIN_MOST_NS            20000000
#define VAIN_PART               16u

#define BIT(queue)      (1u << (queue)->number)

static int queue_map(struct queue *queue, const uint32_t *sq_ref, const uint32_t *cq_ref)
{
	struct session *session = queue->session;
	xengnttab_handle *gnttab = session->backend->gnttab;

	queue->sq = xengnttab_map_domain_grant_refs(gnttab, queue->sq_pages, session->domain,
						    (uint32_t *)(uintptr_t)sq_ref, PROT_READ);
	if (!queue->sq)
		return -EFAULT;
	queue->cq = xengnttab_map_domain_grant_refs(gnttab, queue->cq_pages, session->domain,
						    (uint32_t *)(uintptr_t)cq_ref,
						    PROT_READ | PROT_WRITE);
	return queue->cq ? 0 : -EFAULT;
}

static int queue_allocate(struct queue *queue, uint32_t entries)
{
	struct session *session = queue->session;

	queue->live = calloc(entries, sizeof(*queue->live));
	if (!queue->live)
		return -ENOMEM;
	if (queue->number == XENCOPROC_QUEUE_CONTROL)
		return 0;
	queue->jobs = calloc(entries, sizeof(*queue->jobs));
	queue->streams = calloc(session->limits.max_contexts, sizeof(*queue->streams));
	return queue->jobs && queue->streams ? 0 : -ENOMEM;
}

static int queue_bind(struct queue *queue, uint32_t remote_port)
{
	struct session *session = queue->session;
	int port;

	if (!remote_port) {
		queue->port = session->queues[XENCOPROC_QUEUE_CONTROL]->port;
		return 0;
	}
	port = ports_bind(session->backend->ports, session->domain, remote_port, queue);
	if (port < 0)
		return -EFAULT;
	queue->port = (uint32_t)port;
	queue->own_port = true;
	return 0;
}

int queue_open(struct session *session, uint32_t number, uint32_t qclass, uint32_t order,
	       const uint32_t *sq_ref, const uint32_t *cq_ref, uint32_t remote_port)
{
	struct queue *queue = calloc(1, sizeof(*queue));
	int rc;

	if (!queue)
		return -ENOMEM;
	*queue = (struct queue){
		.session = session,
		.number = number,
		.qclass = qclass,
		.sq_pages = XENCOPROC_SQ_PAGES(order),
		.cq_pages = XENCOPROC_CQ_PAGES(order),
		.closing = NO_SLOT,
	};
	rc = queue_allocate(queue, 1u << order);
	if (!rc)
		rc = queue_map(queue, sq_ref, cq_ref);
	if (!rc) {
		coproc_server_init(&queue->server, session->be_index, session->fe_index, number,
				   order, queue->sq, queue->cq, queue->live);
		rc = queue_bind(queue, remote_port);
	}
	if (rc) {
		queue_free(queue);
		return rc;
	}
	session->queues[number] = queue;
	/* What was put before the port was bound had nobody to tell. */
	session->pending |= BIT(queue);
	event_active(session->intake, 0, 0);
	return 0;
}

void queue_free(struct queue *queue)
{
	struct session *session = queue->session;
	xengnttab_handle *gnttab = session->backend->gnttab;

	if (session->queues[queue->number] == queue)
		session->queues[queue->number] = NULL;
	if (queue->own_port)
		ports_unbind(session->backend->ports, queue->port);
	if (queue->sq)
		xengnttab_unmap(gnttab, queue->sq, queue->sq_pages);
	if (queue->cq)
		xengnttab_unmap(gnttab, queue->cq, queue->cq_pages);
	if (queue->jobs)
		for (uint32_t i = 0; i < queue->server.sq.entries; i++)
			if (queue->jobs[i].expiry)
				event_free(queue->jobs[i].expiry);
	if (queue->streams)
		for (uint32_t i = 0; i < session->limits.max_contexts; i++)
			free(queue->streams[i]);
	free(queue->streams);
	free(queue->jobs);
	free(queue->live);
	free(queue);
}

static void take_one(struct queue *queue, const struct xencoproc_sqe *sqe)
{
	if (queue->number == XENCOPROC_QUEUE_CONTROL)
		control_take(queue->session, sqe);
	else
		job_take(queue, sqe);
}

void queue_vain(struct session *session)
{
	budget_spend(&session->vain, VAIN_NS);
}

/* Return: false if it must wait, because its domain has sent too much that was
 * no job. */
static bool may_drain(struct queue *queue, uint64_t now)
{
	struct session *session = queue->session;
	uint64_t wait = budget_wait(&session->vain, now);
	struct timeval later = clock_timeval(wait);

	if (!wait)
		return true;
	session->held |= BIT(queue);
	event_add(session->vain_later, &later);
	return false;
}

/* Return: whether it may hold more. */
static bool drain(struct queue *queue, uint64_t until)
{
	struct session *session = queue->session;
	_Alignas(8) struct xencoproc_sqe sqe;

	for (uint32_t taken = 0; taken < TURN; taken++) {
		int rc = coproc_server_take(&queue->server, &sqe);

		if (rc < 0) {
			session_break(session, "queue %u: %s", queue->number,
				      coproc_broken_text(coproc_server_broken(&queue->server)));
			return false;
		}
		if (!rc) {
			coproc_server_consumed(&queue->server);
			if (!coproc_server_arm(&queue->server))
				return false;
			continue;
		}
		session->took |= BIT(queue);
		take_one(queue, &sqe);
		if (session->closing || session->broken)
			return true;
		if (clock_now() >= until)
			break;
	}
	coproc_server_consumed(&queue->server);
	return true;
}

/* As drain(); what it costs is counted, and there may be none left for it. */
static bool drain_control(struct queue *queue, uint64_t until)
{
	struct session *session = queue->session;
	uint64_t begin, wait = budget_wait(&session->control, clock_now());
	struct timeval later;
	bool more;

	if (wait) {
		later = clock_timeval(wait);
		event_add(session->control_later, &later);
		return false;
	}
	begin = budget_clock();
	more = drain(queue, until);
	budget_spend(&session->control, budget_clock() - begin);
	return more;
}

/* Queues that wait to be looked at, one after the other, until time is up. */
static void take_turn(struct session *session)
{
	uint64_t until = clock_now() + TURN_NS;
	uint32_t todo = session->pending;

	while (todo) {
		uint32_t later = todo & ~0u << session->next_queue;
		uint32_t number = (uint32_t)__builtin_ctz(later ? later : todo);
		struct queue *queue = session->queues[number];
		uint32_t bit = 1u << number;

		session->next_queue = number < XENCOPROC_QUEUE_MAX ? number + 1 : 0;
		todo &= ~bit;
		session->pending &= ~bit;
		if (!queue)
			continue;
		if (queue->number == XENCOPROC_QUEUE_CONTROL ?
		    drain_control(queue, until) :
		    may_drain(queue, until - TURN_NS) && drain(queue, until))
			session->pending |= bit;
		if (session->closing || session->broken)
			return;
		if (clock_now() >= until)
			break;
	}
	if (session->pending)
		event_active(session->intake, 0, 0);
}

static void on_intake(evutil_socket_t fd, short what, void *arg)
{
	struct session *session = arg;

	if (!session->closing && !session->broken)
		take_turn(session);
}

static void on_control_later(evutil_socket_t fd, short what, void *arg)
{
	struct session *session = arg;

	session->pending |= 1u << XENCOPROC_QUEUE_CONTROL;
	on_intake(fd, what, session);
}

static void on_vain_later(evutil_socket_t fd, short what, void *arg)
{
	struct session *session = arg;

	session->pending |= session->held;
	session->held = 0;
	on_intake(fd, what, session);
}

int intake_init(struct session *session)
{
	budget_init(&session->vain, VAIN_FIRST_NS, VAIN_MOST_NS, VAIN_PART, clock_now());
	session->vain_later = evtimer_new(session->backend->base, on_vain_later, session);
	budget_init(&session->control, CONTROL_FIRST_NS, CONTROL_MOST_NS, CONTROL_PART, clock_now());
	session->intake = event_new(session->backend->base, -1, 0, on_intake, session);
	session->control_later = evtimer_new(session->backend->base, on_control_later, session);
	return session->intake && session->control_later && session->vain_later ? 0 : -ENOMEM;
}

void intake_free(struct session *session)
{
	if (session->intake)
		event_free(session->intake);
	if (session->control_later)
		event_free(session->control_later);
	if (session->vain_later)
		event_free(session->vain_later);
}

void queue_accept(struct queue *queue)
{
	_Alignas(8) struct xencoproc_sqe sqe;

	/* A ring's length is all that can have been published before. */
	for (uint32_t i = 0; i < queue->server.sq.entries; i++) {
		int rc = coproc_server_take(&queue->server, &sqe);

		if (rc < 0)
			session_break(queue->session, "queue %u: %s", queue->number,
				      coproc_broken_text(coproc_server_broken(&queue->server)));
		if (rc <= 0 || queue->session->broken)
			break;
		take_one(queue, &sqe);
	}
	coproc_server_consumed(&queue->server);
}

bool queue_intake(struct queue *queue)
{
	struct session *session = queue->session;
	uint32_t told = BIT(queue);

	if (session->closing || session->broken)
		return false;
	if (queue->number == XENCOPROC_QUEUE_CONTROL)
		for (uint32_t i = 1; i <= XENCOPROC_QUEUE_MAX; i++)
			if (session->queues[i] && !session->queues[i]->own_port)
				told |= BIT(session->queues[i]);
	session->pending |= told;
	session->took &= ~told;
	take_turn(session);
	/* What was not reached is not known to be nothing. */
	return (session->took | session->pending | session->held) & told;
}

void queue_put(struct queue *queue, const struct coproc_completion *completion)
{
	/* What will not be published any more is not written (B-PAGE-4, B-LIFE-6). */
	if (queue->session->closing || queue->session->broken)
		return;
	if (!coproc_server_complete(&queue->server, completion))
		return;
	queue->dirty = true;
	/* Activated with the first one: once a turn, not once a completion. */
	if (!queue->session->unflushed)
		event_active(queue->session->flush, 0, 0);
	queue->session->unflushed |= BIT(queue);
}

void queue_complete(struct queue *queue, uint16_t slot, enum xencoproc_status status,
		    uint64_t result)
{
	struct coproc_completion completion = {
		.slot = slot,
		.status = (uint16_t)status,
		.result = result,
	};

	queue_put(queue, &completion);
}

void queue_flush(struct queue *queue)
{
	if (!queue->dirty)
		return;
	queue->dirty = false;
	if (coproc_server_publish(&queue->server))
		ports_notify(queue->session->backend->ports, queue->port);
}
