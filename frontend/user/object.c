// SPDX-License-Identifier: MIT
/*
 * Objects: queues, buffers, contexts and firmware have one life.  The caller
 * holds a handle; the backend of the present connection may or may not have
 * its counterpart.  A handle that ended ("doomed") stays in its table, and
 * keeps its index, until the backend let go of it.
 *
 *   ABSENT --make--> MAKING --OK--> MADE --doomed, older jobs ended--> ENDING
 *     ^                 |refused       |                                  |
 *     +-----------------+--------------+------ done, connection lost -----+
 *
 * After a lost connection all objects are ABSENT; restore_begin() makes those
 * with a handle again, one after the other, queues first.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static uint32_t first_index(enum object_kind kind)
{
	return kind == OBJECT_QUEUE ? 1 : 0;    /* queue 0 is the control queue */
}

/* One more than the highest index that the negotiated limits allow. */
static uint32_t end_index(const struct coproc_device *dev, enum object_kind kind)
{
	switch (kind) {
	case OBJECT_QUEUE:
		return dev->limits.max_queues + 1;
	case OBJECT_BUFFER:
		return dev->limits.max_buffers;
	case OBJECT_CONTEXT:
		return dev->limits.max_contexts;
	default:
		return dev->limits.max_firmware;
	}
}

struct object *object_at(const struct coproc_device *dev, enum object_kind kind, uint32_t index)
{
	const struct object_table *table = &dev->table[kind];

	return index < table->room ? table->at[index] : NULL;
}

static int table_grow(struct object_table *table)
{
	uint32_t room = table->room ? table->room * 2 : 16;
	struct object **at = realloc(table->at, room * sizeof(*at));

	if (!at)
		return -ENOMEM;
	memset(at + table->room, 0, (room - table->room) * sizeof(*at));
	table->at = at;
	table->room = room;
	return 0;
}

/*
 * Gives a zeroed object the lowest free index.  The tables grow with use and
 * not with what the backend claims to allow.
 * Return: 0, -ENOSPC, -ENOMEM; the object is then still the caller's.
 */
int object_add(struct coproc_device *dev, struct object *o, const struct object_class *class)
{
	struct object_table *table = &dev->table[class->kind];
	uint32_t end = end_index(dev, class->kind);
	uint32_t i;

	for (i = first_index(class->kind); i < table->room && table->at[i]; i++)
		;
	if (i >= end)
		return fail(dev, -ENOSPC, "no more than %u %s are allowed on this device",
			    end - first_index(class->kind), class->name);
	if (i >= table->room && table_grow(table))
		return fail(dev, -ENOMEM, "out of memory");
	o->dev = dev;
	o->class = class;
	o->index = i;
	table->at[i] = o;
	table->used++;
	return 0;
}

static void object_free(struct object *o)
{
	struct object_table *table = &o->dev->table[o->class->kind];

	table->at[o->index] = NULL;
	table->used--;
	if (o->doomed)
		o->dev->doomed--;
	o->class->free(o);
}

/* ---- making ---- */

static void restore_next(struct coproc_device *dev);

/* Making has ended: 0, or why not. */
void object_made(struct object *o, int error, uint16_t status, uint64_t detail)
{
	struct coproc_device *dev = o->dev;

	o->error = error;
	o->status = status;
	o->detail = detail;
	if (error) {
		o->state = OBJECT_ABSENT;
		if (o->class->gone)
			o->class->gone(o, error != -ECONNRESET);
	} else {
		o->state = OBJECT_MADE;
	}
	if (dev->restoring && o->class->kind == dev->restore_kind &&
	    o->index == dev->restore_index) {
		dev->restore_index++;
		restore_next(dev);
	}
}

/* For ctl.done of a request that makes its object. */
void object_request_done(struct ctl *ctl, int error, const struct coproc_completion *completion)
{
	struct object *o = (struct object *)((char *)ctl - offsetof(struct object, ctl));

	if (error)
		object_made(o, error, XENCOPROC_LOST, 0);
	else if (completion->status != XENCOPROC_OK)
		object_made(o, -EREMOTEIO, completion->status, completion->result);
	else
		object_made(o, 0, XENCOPROC_OK, 0);
}

/*
 * Makes an object and waits for it.  On failure the object is gone.
 * The wait ends because each request has a deadline.
 */
int object_make_wait(struct object *o)
{
	struct coproc_device *dev = o->dev;
	int rc;

	o->state = OBJECT_MAKING;
	rc = o->class->make(o);
	if (rc) {
		o->state = OBJECT_ABSENT;
		object_doom(o);
		return rc;
	}
	control_flush(dev);
	while (o->state == OBJECT_MAKING) {
		rc = pump(dev, now_us() + 1000000);
		if (rc && o->state == OBJECT_MAKING) {
			link_lose(dev, "event channels or xenstore cannot be read: %s",
				  strerror(-rc));
			connection_settle(dev);
		}
	}
	pump_ready(dev);
	if (o->state == OBJECT_MADE)
		return 0;
	/* Without an error it was made, and lost in the same breath. */
	rc = o->error ? o->error : -ECONNRESET;
	if (rc == -EREMOTEIO)
		refused(dev, o->class->name, o->status, o->detail);
	else if (rc == -ECONNRESET)
		fail(dev, rc, "%s", dev->lost_reason);
	else
		fail(dev, rc, "making %s: %s", o->class->name, strerror(-rc));
	object_doom(o);
	return rc;
}

/* ---- ending ---- */

static void object_ended(struct ctl *ctl, int error, const struct coproc_completion *completion)
{
	struct object *o = (struct object *)((char *)ctl - offsetof(struct object, ctl));

	/* A refusal leaves it unknown whether the backend still has it: keep
	 * the index and what belongs to it until the connection ends. */
	if (!error && completion->status != XENCOPROC_OK)
		return;
	o->state = OBJECT_ABSENT;
	if (o->class->gone)
		o->class->gone(o, !error);
	object_free(o);
}

/* Whether jobs that were submitted while there was a handle come again. */
static bool is_needed(const struct object *o)
{
	return o->class->kind != OBJECT_QUEUE && o->after > queues_oldest_again(o->dev);
}

void objects_sweep(struct coproc_device *dev)
{
	struct object *o;
	uint32_t kind, i;

	for (kind = 0; dev->doomed && kind < OBJECT_KINDS; kind++) {
		for (i = 0; i < dev->table[kind].room; i++) {
			o = dev->table[kind].at[i];
			if (o && o->doomed && o->state == OBJECT_ABSENT && !is_needed(o))
				object_free(o);
		}
	}
}

/* The caller's handle is over; the object follows when it can. */
void object_doom(struct object *o)
{
	struct coproc_device *dev = o->dev;

	o->doomed = true;
	o->after = dev->next_job;
	dev->doomed++;
	events_forget(dev, o);
	if (o->state == OBJECT_ABSENT && !is_needed(o))
		object_free(o);
	else
		objects_pump(dev);
}

static bool object_try_end(struct object *o, uint64_t oldest)
{
	struct coproc_device *dev = o->dev;
	int rc;

	if (!o->doomed || o->state != OBJECT_MADE)
		return false;
	/* A queue ends with its jobs (QUEUE_CLOSE cancels them). */
	if (o->class->kind != OBJECT_QUEUE && o->after > oldest)
		return false;
	memset(&o->ctl.request, 0, sizeof(o->ctl.request));
	o->class->end(o, &o->ctl.request);
	o->ctl.done = object_ended;
	rc = control_send(dev, &o->ctl, control_patience(dev));
	if (rc)
		return false;
	o->state = OBJECT_ENDING;
	return true;
}

/*
 * Asks the backend to end what has no handle any more and no older job; also of
 * those that go into a connection when all is made again.  The requests travel
 * on another queue than the jobs, so an end that is sent too early would
 * overtake them.
 */
void objects_pump(struct coproc_device *dev)
{
	uint64_t oldest, again;
	uint32_t kind, i;

	if (!dev->doomed || !dev->link.ready)
		return;
	oldest = queues_oldest(dev);
	again = queues_oldest_again(dev);
	oldest = again < oldest ? again : oldest;
	for (kind = 0; kind < OBJECT_KINDS; kind++)
		for (i = 0; i < dev->table[kind].room; i++)
			if (dev->table[kind].at[i])
				object_try_end(dev->table[kind].at[i], oldest);
}

/* ---- a lost connection ---- */

/* After control_fail_all(): none is MAKING or ENDING any more. */
void objects_lost(struct coproc_device *dev, bool confirmed)
{
	struct object *o;
	uint32_t kind, i;

	dev->restoring = false;
	for (kind = 0; kind < OBJECT_KINDS; kind++) {
		for (i = 0; i < dev->table[kind].room; i++) {
			o = dev->table[kind].at[i];
			if (!o)
				continue;
			if (o->state != OBJECT_ABSENT && o->class->gone)
				o->class->gone(o, confirmed);
			o->state = OBJECT_ABSENT;
			if (o->doomed && !is_needed(o))
				object_free(o);
		}
	}
}

void objects_free(struct coproc_device *dev)
{
	uint32_t kind, i;

	/* Queues and firmware own buffers: these are still in their table. */
	for (kind = 0; kind < OBJECT_KINDS; kind++) {
		for (i = 0; i < dev->table[kind].room; i++)
			if (dev->table[kind].at[i])
				object_free(dev->table[kind].at[i]);
		free(dev->table[kind].at);
		memset(&dev->table[kind], 0, sizeof(dev->table[kind]));
	}
}

/* ---- making all again ---- */

/* The object at the cursor, or NULL when its kind is through. */
static struct object *restore_candidate(struct coproc_device *dev)
{
	struct object_table *table = &dev->table[dev->restore_kind];
	struct object *o;

	for (; dev->restore_index < table->room; dev->restore_index++) {
		o = table->at[dev->restore_index];
		if (!o || (o->doomed && !is_needed(o)) || o->state != OBJECT_ABSENT)
			continue;
		if (o->index < end_index(dev, o->class->kind))
			return o;
		o->error = -ENOSPC;     /* the new backend allows fewer */
	}
	return NULL;
}

static void restore_next(struct coproc_device *dev)
{
	struct object *o;
	int rc;

	while (dev->restoring && dev->restore_kind < OBJECT_KINDS) {
		o = restore_candidate(dev);
		if (!o) {
			dev->restore_kind++;
			dev->restore_index = 0;
			continue;
		}
		o->state = OBJECT_MAKING;
		rc = o->class->make(o);
		if (rc == 0)
			return;         /* object_made() goes on */
		o->state = OBJECT_ABSENT;
		if (rc == -ENOTCONN || rc == -ECONNRESET)
			return;         /* lost again: everything begins anew */
		o->error = rc;
		dev->restore_index++;
	}
	if (dev->restoring) {
		dev->restoring = false;
		connection_restored(dev);
	}
}

/* Once both sides are Connected.  Ends in connection_restored(), at once when
 * there is nothing to make. */
void restore_begin(struct coproc_device *dev)
{
	dev->restoring = true;
	dev->restore_kind = 0;
	dev->restore_index = 0;
	restore_next(dev);
	control_flush(dev);
}

int object_usable(const struct object *o, const struct coproc_device *dev)
{
	if (!o || o->dev != dev)
		return -EINVAL;
	return o->state == OBJECT_MADE ? 0 : -ESTALE;
}
