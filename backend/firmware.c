/* SPDX-License-Identifier: MIT */
/*
 * Firmware: an image that was copied, hashed and allowed (image.c), and that
 * the engine in the worker took.
 */
#include "image.h"
#include "log.h"
#include "session.h"

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
	control_retry(session);
}

static void firmware_answer(void *owner, void *arg, const struct worker_reply *reply)
{
	struct session *session = owner;
	uint32_t index = object_index(session, arg, reply);
	struct firmware *firmware = &session->firmware[index];
	enum xencoproc_status status = object_status(reply);
	int owed = firmware->owed;

	if (firmware->state == OBJECT_PENDING) {
		if (status != XENCOPROC_OK) {
			firmware_gone(session, index, status, reply ? reply->result : 0);
			return;
		}
		firmware->owed = NO_SLOT;
		firmware->state = OBJECT_READY;
		control_complete(session, owed, XENCOPROC_OK, 0);
		control_retry(session);
	} else if (status != XENCOPROC_OK) {
		object_lost(session, reply, "firmware", index);
	}
}

static void firmware_unloaded(void *owner, void *arg, const struct worker_reply *reply)
{
	firmware_gone(owner, (uint32_t)(uintptr_t)arg, XENCOPROC_OK, 0);
}

int firmware_send(struct session *session, uint32_t index)
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

	return object_call(session, &command, firmware->image->fd, firmware_answer, index);
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
	struct image *image = image_find(session->images, request->u.fw_load.sha256,
					 request->u.fw_load.kind);

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

	if (session->coprocessor->state == XENCOPROC_DEVICE_STOPPED)
		return XENCOPROC_STOPPED;
	if (firmware->state != OBJECT_ABSENT)
		return XENCOPROC_IN_USE;
	if (!(session->coprocessor->kinds & 1u << request->u.fw_load.kind))
		return XENCOPROC_NOT_SUPPORTED;
	if (request->flags & XENCOPROC_FW_F_DIGEST_ONLY)
		return load_by_digest(session, request);
	buffer = &session->buffers[request->u.fw_load.buffer];
	if (buffer->state != OBJECT_READY)
		return XENCOPROC_BAD_OBJECT;
	if ((uint64_t)request->u.fw_load.offset + request->u.fw_load.length >
	    (uint64_t)buffer->pages * XENCOPROC_PAGE_SIZE)
		return XENCOPROC_BAD_RANGE;
	if (!(buffer->access & XENCOPROC_ACCESS_READ))
		return XENCOPROC_BAD_ACCESS;
	if (image_copy(session, index, request->u.fw_load.buffer, request->u.fw_load.offset,
		       request->u.fw_load.length, request->u.fw_load.sha256,
		       request->u.fw_load.kind, firmware_copied))
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
	if (!session->worker_live)
		firmware_gone(session, index, XENCOPROC_OK, 0);
	else if (worker_call(session->worker, &command, -1, firmware_unloaded,
			     (void *)(uintptr_t)index))
		worker_kill(session->worker);   /* it has it until it is dead */
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
