/* SPDX-License-Identifier: MIT */
/*
 * Buffers: pages of the guest, by grant.  coprocd itself maps none of them: it
 * copies by grant copy what it must read, and the worker, which can map this
 * domain's grants only, maps the pages for the engine, once.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

int buffer_read(struct session *session, uint32_t index, uint64_t offset, void *to, size_t length)
{
	const struct buffer *buffer = &session->buffers[index];
	xengnttab_grant_copy_segment_t segments[16];
	uint8_t *at = to;

	while (length) {
		uint32_t n = 0;

		for (; n < 16 && length; n++) {
			uint32_t inside = (uint32_t)(offset % XENCOPROC_PAGE_SIZE);
			size_t piece = XENCOPROC_PAGE_SIZE - inside;

			if (piece > length)
				piece = length;
			segments[n] = (xengnttab_grant_copy_segment_t){
				.source.foreign = {
					.ref = buffer->ref[offset / XENCOPROC_PAGE_SIZE],
					.offset = (uint16_t)inside,
					.domid = (uint16_t)session->domain,
				},
				.dest.virt = at,
				.len = (uint16_t)piece,
				.flags = GNTCOPY_source_gref,
			};
			at += piece;
			offset += piece;
			length -= piece;
		}
		if (xengnttab_grant_copy(session->backend->gnttab, n, segments))
			return -EIO;
		for (uint32_t i = 0; i < n; i++)
			if (segments[i].status != GNTST_okay)
				return -EIO;
	}
	return 0;
}

static void buffer_gone(struct session *session, uint32_t index, enum xencoproc_status status)
{
	struct buffer *buffer = &session->buffers[index];
	int owed = buffer->owed;

	session->pages -= buffer->pages;
	free(buffer->ref);
	*buffer = (struct buffer){ .owed = NO_SLOT };
	control_complete(session, owed, status, 0);
	control_retry(session);
}

static void buffer_answer(void *owner, void *arg, const struct worker_reply *reply)
{
	struct session *session = owner;
	uint32_t index = object_index(session, arg, reply);
	struct buffer *buffer = &session->buffers[index];
	enum xencoproc_status status = object_status(reply);
	int owed = buffer->owed;

	if (buffer->state == OBJECT_PENDING) {
		if (status != XENCOPROC_OK) {
			buffer_gone(session, index, status);
			return;
		}
		buffer->owed = NO_SLOT;
		buffer->state = OBJECT_READY;
		control_complete(session, owed, XENCOPROC_OK, 0);
		control_retry(session);
	} else if (status != XENCOPROC_OK) {
		object_lost(session, reply, "buffer", index);
	}
}

static void buffer_unmapped(void *owner, void *arg, const struct worker_reply *reply)
{
	buffer_gone(owner, (uint32_t)(uintptr_t)arg, XENCOPROC_OK);
}

/* Parts that are not the last are answered too, and say nothing. */
static void buffer_part(void *owner, void *arg, const struct worker_reply *reply)
{
}

int buffer_send(struct session *session, uint32_t index)
{
	const struct buffer *buffer = &session->buffers[index];
	struct worker_command command = { .type = WORKER_MAP };

	command.u.map.buffer = index;
	command.u.map.access = buffer->access;
	command.u.map.pages = buffer->pages;
	for (uint32_t first = 0; first < buffer->pages; first += command.u.map.count) {
		uint32_t left = buffer->pages - first;
		bool last = left <= WORKER_MAP_REFS;
		int rc;

		command.u.map.first = first;
		command.u.map.count = last ? left : WORKER_MAP_REFS;
		memcpy(command.u.map.ref, buffer->ref + first,
		       command.u.map.count * sizeof(command.u.map.ref[0]));
		rc = last ? object_call(session, &command, -1, buffer_answer, index) :
			    worker_call(session->worker, &command, -1, buffer_part, NULL);
		if (rc && first)
			worker_kill(session->worker);   /* it knows half of it */
		if (rc)
			return rc;
	}
	return 0;
}

/* Copy the directory pages; what they say is only passed on to the hypervisor,
 * which checks that each grant is the domain's. */
static enum xencoproc_status read_directories(struct session *session,
					      const struct coproc_request *request, uint32_t *ref)
{
	uint32_t pages = request->u.buf_register.pages;
	struct xencoproc_directory directory;

	for (uint32_t d = 0; d < request->u.buf_register.dirs; d++) {
		uint32_t first = d * XENCOPROC_DIR_ENTRIES;
		uint32_t used = pages - first < XENCOPROC_DIR_ENTRIES ? pages - first :
				XENCOPROC_DIR_ENTRIES;
		xengnttab_grant_copy_segment_t segment = {
			.source.foreign = {
				.ref = request->u.buf_register.dir_ref[d],
				.domid = (uint16_t)session->domain,
			},
			.dest.virt = &directory,
			.len = sizeof(directory),
			.flags = GNTCOPY_source_gref,
		};

		if (xengnttab_grant_copy(session->backend->gnttab, 1, &segment) ||
		    segment.status != GNTST_okay)
			return XENCOPROC_BAD_GRANT;
		for (uint32_t i = 0; i < XENCOPROC_DIR_ENTRIES; i++) {
			uint32_t value = le32toh(directory.gref[i]);

			/* Used ones are grants, unused ones all ones: F-BUF rules. */
			if ((i < used) == (value == XENCOPROC_GREF_NONE))
				return XENCOPROC_BAD_FIELD;
			if (i < used)
				ref[first + i] = value;
		}
	}
	return XENCOPROC_OK;
}

enum xencoproc_status buffer_register(struct session *session, const struct coproc_request *request)
{
	uint32_t index = request->u.buf_register.buffer;
	uint32_t pages = request->u.buf_register.pages;
	struct buffer *buffer = &session->buffers[index];
	enum xencoproc_status status;
	uint32_t *ref;

	if (buffer->state != OBJECT_ABSENT)
		return XENCOPROC_IN_USE;
	if (pages > session->limits.max_pages - session->pages)
		return XENCOPROC_NO_QUOTA;
	ref = malloc(pages * sizeof(*ref));
	if (!ref)
		return XENCOPROC_NO_MEMORY;
	status = read_directories(session, request, ref);
	if (status != XENCOPROC_OK) {
		free(ref);
		return status;
	}
	*buffer = (struct buffer){
		.state = OBJECT_PENDING,
		.owed = request->slot,
		.pages = pages,
		.access = request->u.buf_register.access,
		.ref = ref,
	};
	session->pages += pages;
	if (!session->worker_live)
		return LATER;
	if (!buffer_send(session, index))
		return LATER;
	buffer->owed = NO_SLOT;
	buffer_gone(session, index, XENCOPROC_NO_MEMORY);
	return XENCOPROC_NO_MEMORY;
}

void buffer_settle(struct session *session, uint32_t index)
{
	struct buffer *buffer = &session->buffers[index];
	struct worker_command command = { .type = WORKER_UNMAP, .u.unmap = { .buffer = index } };

	if (buffer->state != OBJECT_LEAVING || buffer->users)
		return;
	if (!session->worker_live)
		buffer_gone(session, index, XENCOPROC_OK);
	else if (worker_call(session->worker, &command, -1, buffer_unmapped,
			     (void *)(uintptr_t)index))
		worker_kill(session->worker);   /* mapped until it is dead (B-BUF-1) */
}

enum xencoproc_status buffer_release(struct session *session, uint32_t index, int slot)
{
	struct buffer *buffer = &session->buffers[index];

	if (buffer->state != OBJECT_READY)
		return XENCOPROC_BAD_OBJECT;
	buffer->state = OBJECT_LEAVING;
	buffer->owed = slot;
	buffer_settle(session, index);
	return LATER;
}
