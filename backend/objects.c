/* SPDX-License-Identifier: MIT */
/*
 * Contexts, buffers and firmware: made by the frontend under indexes of its
 * own choosing, known to the worker, gone when their last use has ended.
 *
 * coprocd itself maps none of a guest's data.  A buffer's directory and an
 * image are copied by grant copy; the pages are mapped by the worker, which
 * can map this domain's only.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "log.h"
#include "session.h"

/* What a worker's answer belongs to: the index, and whether a new worker was
 * being told of an object that exists already. */
static void *token(struct session *session, uint32_t index)
{
	bool again = !session->worker_ready;

	if (again)
		tenant_sent(session);
	return (void *)((uintptr_t)index << 1 | again);
}

static uint32_t token_index(struct session *session, void *arg, const struct worker_reply *reply)
{
	if ((uintptr_t)arg & 1)
		tenant_answered(session, reply);
	return (uint32_t)((uintptr_t)arg >> 1);
}

static enum xencoproc_status reply_status(const struct worker_reply *reply)
{
	return reply ? (enum xencoproc_status)reply->status : XENCOPROC_LOST;
}

/* The new worker refused what the old one had: no job can be served honestly. */
static void lost_object(struct session *session, const struct worker_reply *reply,
			const char *what, uint32_t index)
{
	if (reply)
		session_break(session, "%s %u could not be given to a new engine process: %s", what,
			      index, coproc_status_text(reply->status));
}

/* ---- contexts ---- */

static void context_gone(struct session *session, uint32_t index)
{
	struct context *context = &session->contexts[index];
	int owed = context->owed;

	if (context->bank)
		bank_drop(context->bank);
	*context = (struct context){ .owed = NO_SLOT };
	control_complete(session, owed, XENCOPROC_OK, 0);
}

static void context_answer(void *owner, void *arg, const struct worker_reply *reply)
{
	struct session *session = owner;
	uint32_t index = token_index(session, arg, reply);
	struct context *context = &session->contexts[index];
	enum xencoproc_status status = reply_status(reply);
	int owed = context->owed;

	if (context->state == OBJECT_PENDING) {
		context->owed = NO_SLOT;
		context->state = OBJECT_READY;
		if (status != XENCOPROC_OK) {
			if (context->bank)
				bank_drop(context->bank);
			*context = (struct context){ .owed = NO_SLOT };
		}
		control_complete(session, owed, status, 0);
	} else if (status != XENCOPROC_OK) {
		lost_object(session, reply, "context", index);
	}
}

static void context_destroyed(void *owner, void *arg, const struct worker_reply *reply)
{
	/* Also when the worker died: then there is no such context either. */
	context_gone(owner, (uint32_t)(uintptr_t)arg);
}

static int context_send(struct session *session, uint32_t index)
{
	struct context *context = &session->contexts[index];
	struct worker_command command = {
		.type = WORKER_CTX_CREATE,
		.u.ctx = { .context = index, .bank_bytes = session->coprocessor->banks.bytes },
	};

	if (!context->bank && session->coprocessor->banks.bytes) {
		context->bank = bank_take(&session->coprocessor->banks, session->domain, session);
		if (!context->bank)
			return errno == ENOSPC ? -ENOSPC : -ENOMEM;
	}
	return worker_call(session->worker, &command, context->bank ? context->bank->fd : -1,
			   context_answer, token(session, index));
}

enum xencoproc_status context_create(struct session *session, uint32_t index, int slot)
{
	struct context *context = &session->contexts[index];
	int rc;

	if (context->state != OBJECT_ABSENT)
		return XENCOPROC_IN_USE;
	*context = (struct context){ .state = OBJECT_PENDING, .owed = slot };
	if (!session->worker_live)
		return LATER;   /* told when the worker has started */
	rc = context_send(session, index);
	if (!rc)
		return LATER;
	if (context->bank)
		bank_drop(context->bank);
	*context = (struct context){ .owed = NO_SLOT };
	return rc == -ENOSPC ? XENCOPROC_NO_QUOTA : XENCOPROC_NO_MEMORY;
}

void context_settle(struct session *session, uint32_t index)
{
	struct context *context = &session->contexts[index];
	struct worker_command command = { .type = WORKER_CTX_DESTROY, .u.ctx = { .context = index } };

	if (context->state != OBJECT_LEAVING || context->jobs)
		return;
	if (!session->worker_live ||
	    worker_call(session->worker, &command, -1, context_destroyed, (void *)(uintptr_t)index))
		context_gone(session, index);
}

enum xencoproc_status context_destroy(struct session *session, uint32_t index, int slot)
{
	struct context *context = &session->contexts[index];

	if (context->state != OBJECT_READY)
		return XENCOPROC_BAD_OBJECT;
	context->state = OBJECT_LEAVING;
	context->owed = slot;
	if (!context->jobs) {
		context_settle(session, index);
		return LATER;
	}
	for (uint32_t q = 1; q <= XENCOPROC_QUEUE_MAX; q++) {
		struct queue *queue = session->queues[q];

		for (uint32_t i = 0; queue && i < queue->server.sq.entries; i++)
			if (queue->jobs[i].state != JOB_FREE && queue->jobs[i].context == index)
				job_cancel(&queue->jobs[i]);
	}
	return LATER;
}

void context_was_reset(struct session *session, uint32_t index, enum xencoproc_status why)
{
	session->contexts[index].resets++;
	session_event(session, XENCOPROC_EVENT_CTX_RESET, why, index,
		      session->contexts[index].resets);
}

/* ---- buffers ---- */

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
}

static void buffer_answer(void *owner, void *arg, const struct worker_reply *reply)
{
	struct session *session = owner;
	uint32_t index = token_index(session, arg, reply);
	struct buffer *buffer = &session->buffers[index];
	enum xencoproc_status status = reply_status(reply);
	int owed = buffer->owed;

	if (buffer->state == OBJECT_PENDING) {
		if (status != XENCOPROC_OK) {
			/* An image may be being copied out of it: not under its feet. */
			buffer->state = OBJECT_LEAVING;
			buffer->fate = status;
			buffer_settle(session, index);
			return;
		}
		buffer->owed = NO_SLOT;
		buffer->state = OBJECT_READY;
		control_complete(session, owed, XENCOPROC_OK, 0);
	} else if (status != XENCOPROC_OK) {
		lost_object(session, reply, "buffer", index);
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

static int buffer_send(struct session *session, uint32_t index)
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
		rc = worker_call(session->worker, &command, -1, last ? buffer_answer : buffer_part,
				 last ? token(session, index) : NULL);
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
	if (buffer->fate != XENCOPROC_OK || !session->worker_live ||
	    worker_call(session->worker, &command, -1, buffer_unmapped, (void *)(uintptr_t)index))
		buffer_gone(session, index, buffer->fate);
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

/* ---- firmware ---- */

static void firmware_gone(struct session *session, uint32_t index, enum xencoproc_status status,
			  uint64_t result)
{
	struct firmware *firmware = &session->firmware[index];
	int owed = firmware->owed;

	if (firmware->image)
		image_put(session->images, firmware->image);
	*firmware = (struct firmware){ .owed = NO_SLOT };
	if (status != XENCOPROC_OK && session_may_log(session))
		log_event(LOG_WARN, "firmware-refused", "dom=%u dev=%u firmware=%u status=%s why=%llu",
			  session->domain, session->device, index, coproc_status_text(status),
			  (unsigned long long)result);
	control_complete(session, owed, status, result);
}

static void firmware_answer(void *owner, void *arg, const struct worker_reply *reply)
{
	struct session *session = owner;
	uint32_t index = token_index(session, arg, reply);
	struct firmware *firmware = &session->firmware[index];
	enum xencoproc_status status = reply_status(reply);
	int owed = firmware->owed;

	if (firmware->state == OBJECT_PENDING) {
		if (status != XENCOPROC_OK) {
			firmware_gone(session, index, status, reply ? reply->result : 0);
			return;
		}
		firmware->owed = NO_SLOT;
		firmware->state = OBJECT_READY;
		control_complete(session, owed, XENCOPROC_OK, 0);
	} else if (status != XENCOPROC_OK) {
		lost_object(session, reply, "firmware", index);
	}
}

static void firmware_unloaded(void *owner, void *arg, const struct worker_reply *reply)
{
	firmware_gone(owner, (uint32_t)(uintptr_t)arg, XENCOPROC_OK, 0);
}

static int firmware_send(struct session *session, uint32_t index)
{
	const struct firmware *firmware = &session->firmware[index];
	struct worker_command command = {
		.type = WORKER_LOAD,
		.u.load = {
			.firmware = index,
			.kind = firmware->kind,
			.length = firmware->image->length,
		},
	};

	return worker_call(session->worker, &command, firmware->image->fd, firmware_answer,
			   token(session, index));
}

/* The image is known and hashed: may it run, and will the engine take it? */
static void firmware_admit(struct session *session, uint32_t index, struct image *image)
{
	struct firmware *firmware = &session->firmware[index];
	char text[65];

	for (int i = 0; i < 32; i++)
		for (int h = 0; h < 2; h++)
			text[2 * i + h] = "0123456789abcdef"[image->digest[i] >> (h ? 0 : 4) & 15];
	text[64] = '\0';
	firmware->image = image;
	if (!config_allows(session->coprocessor->config, image->digest)) {
		if (session_may_log(session))
			log_event(LOG_WARN, "firmware-denied", "dom=%u dev=%u sha256=%s "
				  "hint=\"add it to firmware-allow of coprocessor %s\"",
				  session->domain, session->device, text,
				  session->coprocessor->config->name);
		firmware_gone(session, index, XENCOPROC_DENIED, 0);
		return;
	}
	if (session_may_log(session))
		log_event(LOG_INFO, "firmware-loaded", "dom=%u dev=%u firmware=%u bytes=%u sha256=%s",
			  session->domain, session->device, index, image->length, text);
	if (session->worker_live && firmware_send(session, index))
		firmware_gone(session, index, XENCOPROC_NO_MEMORY, 0);
}

static void firmware_copied(struct session *session, uint32_t index, struct image *image,
			    enum xencoproc_status status)
{
	struct firmware *firmware = &session->firmware[index];

	if (firmware->buffer != XENCOPROC_NONE) {
		session->buffers[firmware->buffer].users--;
		buffer_settle(session, firmware->buffer);
	}
	if (status == XENCOPROC_OK)
		firmware_admit(session, index, image);
	else
		firmware_gone(session, index, status, 0);
}

static enum xencoproc_status load_by_digest(struct session *session,
					    const struct coproc_request *request)
{
	struct image *image = image_find(session->images, request->u.fw_load.sha256);

	if (!image)
		return XENCOPROC_NOT_FOUND;
	session->firmware[request->u.fw_load.firmware] = (struct firmware){
		.state = OBJECT_PENDING,
		.owed = request->slot,
		.kind = request->u.fw_load.kind,
		.buffer = XENCOPROC_NONE,
	};
	firmware_admit(session, request->u.fw_load.firmware, image);
	return LATER;
}

enum xencoproc_status firmware_load(struct session *session, const struct coproc_request *request)
{
	uint32_t index = request->u.fw_load.firmware;
	struct firmware *firmware = &session->firmware[index];
	struct buffer *buffer;

	if (firmware->state != OBJECT_ABSENT)
		return XENCOPROC_IN_USE;
	if (!(session->coprocessor->kinds & 1u << request->u.fw_load.kind))
		return XENCOPROC_NOT_SUPPORTED;
	if (request->flags & XENCOPROC_FW_F_DIGEST_ONLY)
		return load_by_digest(session, request);
	buffer = &session->buffers[request->u.fw_load.buffer];
	/* Pipelined behind its BUF_REGISTER the buffer is still pending: its grants
	 * are known, and that is all a copy needs. */
	if (buffer->state != OBJECT_READY && buffer->state != OBJECT_PENDING)
		return XENCOPROC_BAD_OBJECT;
	if ((uint64_t)request->u.fw_load.offset + request->u.fw_load.length >
	    (uint64_t)buffer->pages * XENCOPROC_PAGE_SIZE)
		return XENCOPROC_BAD_RANGE;
	if (image_copy(session, index, request->u.fw_load.buffer, request->u.fw_load.offset,
		       request->u.fw_load.length, request->u.fw_load.sha256, firmware_copied))
		return XENCOPROC_NO_MEMORY;
	buffer->users++;
	*firmware = (struct firmware){
		.state = OBJECT_PENDING,
		.owed = request->slot,
		.kind = request->u.fw_load.kind,
		.buffer = request->u.fw_load.buffer,
	};
	return LATER;
}

void firmware_settle(struct session *session, uint32_t index)
{
	struct firmware *firmware = &session->firmware[index];
	struct worker_command command = { .type = WORKER_UNLOAD, .u.unload = { .firmware = index } };

	if (firmware->state != OBJECT_LEAVING || firmware->users)
		return;
	if (!session->worker_live ||
	    worker_call(session->worker, &command, -1, firmware_unloaded, (void *)(uintptr_t)index))
		firmware_gone(session, index, XENCOPROC_OK, 0);
}

enum xencoproc_status firmware_unload(struct session *session, uint32_t index, int slot)
{
	struct firmware *firmware = &session->firmware[index];

	if (firmware->state != OBJECT_READY)
		return XENCOPROC_BAD_OBJECT;
	firmware->state = OBJECT_LEAVING;
	firmware->owed = slot;
	firmware_settle(session, index);
	return LATER;
}

/* ---- all of them ---- */

int objects_resend(struct session *session)
{
	int rc = 0;

	for (uint32_t i = 0; !rc && i < session->limits.max_contexts; i++)
		if (session->contexts[i].state != OBJECT_ABSENT)
			rc = context_send(session, i);
	for (uint32_t i = 0; !rc && i < session->limits.max_buffers; i++)
		if (session->buffers[i].state != OBJECT_ABSENT)
			rc = buffer_send(session, i);
	/* A pending image may still be being copied: it is sent when that is done. */
	for (uint32_t i = 0; !rc && i < session->limits.max_firmware; i++)
		if (session->firmware[i].state != OBJECT_ABSENT && session->firmware[i].image)
			rc = firmware_send(session, i);
	return rc;
}

void objects_free(struct session *session)
{
	if (session->images)
		image_cache_destroy(session->images);
	for (uint32_t i = 0; session->buffers && i < session->limits.max_buffers; i++)
		free(session->buffers[i].ref);
	free(session->contexts);
	free(session->buffers);
	free(session->firmware);
}
