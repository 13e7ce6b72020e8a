// SPDX-License-Identifier: MIT
#include "fields.h"

#include <stdio.h>
#include <string.h>

#include "libcoproc-ring/message.h"

#define ONE(type, member) offsetof(type, member), sizeof(((type *)0)->member), 1
#define REQUEST(member) ONE(struct coproc_request, member)
#define ARRAY(member, n) offsetof(struct coproc_request, member), sizeof(uint32_t), n

const struct place field_request[] = {
	{ 0, "op", REQUEST(op) },
	{ 0, "flags", REQUEST(flags) },
	{ 0, "slot", REQUEST(slot) },
	{ 0, "id", REQUEST(id) },
	{ XENCOPROC_OP_QUEUE_OPEN, "queue", REQUEST(u.queue_open.queue) },
	{ XENCOPROC_OP_QUEUE_OPEN, "qclass", REQUEST(u.queue_open.qclass) },
	{ XENCOPROC_OP_QUEUE_OPEN, "order", REQUEST(u.queue_open.order) },
	{ XENCOPROC_OP_QUEUE_OPEN, "event_channel", REQUEST(u.queue_open.event_channel) },
	{ XENCOPROC_OP_QUEUE_OPEN, "journal_ref", REQUEST(u.queue_open.journal_ref) },
	{ XENCOPROC_OP_QUEUE_OPEN, "sq_ref", ARRAY(u.queue_open.sq_ref, 16) },
	{ XENCOPROC_OP_QUEUE_OPEN, "cq_ref", ARRAY(u.queue_open.cq_ref, 4) },
	{ XENCOPROC_OP_QUEUE_CLOSE, "queue", REQUEST(u.queue_close.queue) },
	{ XENCOPROC_OP_CTX_CREATE, "context", REQUEST(u.ctx_create.context) },
	{ XENCOPROC_OP_CTX_CREATE, "save_buffer", REQUEST(u.ctx_create.save_buffer) },
	{ XENCOPROC_OP_CTX_DESTROY, "context", REQUEST(u.ctx_destroy.context) },
	{ XENCOPROC_OP_BUF_REGISTER, "buffer", REQUEST(u.buf_register.buffer) },
	{ XENCOPROC_OP_BUF_REGISTER, "pages", REQUEST(u.buf_register.pages) },
	{ XENCOPROC_OP_BUF_REGISTER, "access", REQUEST(u.buf_register.access) },
	{ XENCOPROC_OP_BUF_REGISTER, "dirs", REQUEST(u.buf_register.dirs) },
	{ XENCOPROC_OP_BUF_REGISTER, "dir_ref", ARRAY(u.buf_register.dir_ref, 16) },
	{ XENCOPROC_OP_BUF_RELEASE, "buffer", REQUEST(u.buf_release.buffer) },
	{ XENCOPROC_OP_FW_LOAD, "firmware", REQUEST(u.fw_load.firmware) },
	{ XENCOPROC_OP_FW_LOAD, "kind", REQUEST(u.fw_load.kind) },
	{ XENCOPROC_OP_FW_LOAD, "buffer", REQUEST(u.fw_load.buffer) },
	{ XENCOPROC_OP_FW_LOAD, "offset", REQUEST(u.fw_load.offset) },
	{ XENCOPROC_OP_FW_LOAD, "length", REQUEST(u.fw_load.length) },
	{ XENCOPROC_OP_FW_LOAD, "sig_offset", REQUEST(u.fw_load.sig_offset) },
	{ XENCOPROC_OP_FW_LOAD, "sig_length", REQUEST(u.fw_load.sig_length) },
	{ XENCOPROC_OP_FW_LOAD, "sha256", REQUEST(u.fw_load.sha256) },
	{ XENCOPROC_OP_FW_UNLOAD, "firmware", REQUEST(u.fw_unload.firmware) },
	{ XENCOPROC_OP_CANCEL, "queue", REQUEST(u.cancel.queue) },
	{ XENCOPROC_OP_CANCEL, "target_slot", REQUEST(u.cancel.target_slot) },
	{ XENCOPROC_OP_CANCEL, "target_id", REQUEST(u.cancel.target_id) },
	{ XENCOPROC_OP_CTX_SIGNAL, "context", REQUEST(u.ctx_signal.context) },
	{ XENCOPROC_OP_CTX_SIGNAL, "value", REQUEST(u.ctx_signal.value) },
	{ XENCOPROC_OP_QUERY, "what", REQUEST(u.query.what) },
	{ XENCOPROC_OP_QUERY, "object", REQUEST(u.query.object) },
	{ XENCOPROC_OP_JOB, "context", REQUEST(u.job.context) },
	{ XENCOPROC_OP_JOB, "firmware", REQUEST(u.job.firmware) },
	{ XENCOPROC_OP_JOB, "entry", REQUEST(u.job.entry) },
	{ XENCOPROC_OP_JOB, "run_limit_us", REQUEST(u.job.run_limit_us) },
	{ XENCOPROC_OP_JOB, "start_limit_us", REQUEST(u.job.start_limit_us) },
	{ XENCOPROC_OP_JOB, "operands", REQUEST(u.job.operands) },
	{ XENCOPROC_OP_JOB, "priority", REQUEST(u.job.priority) },
	{ XENCOPROC_OP_JOB, "immediate", REQUEST(u.job.immediate) },
	{ XENCOPROC_OP_JOB, "wait_context", REQUEST(u.job.wait_context) },
	{ XENCOPROC_OP_JOB, "wait_device", REQUEST(u.job.wait_device) },
	{ XENCOPROC_OP_JOB, "wait_value", REQUEST(u.job.wait_value) },
	{ XENCOPROC_OP_JOB, "signal_value", REQUEST(u.job.signal_value) },
#define OPERAND_PLACES(n) \
	{ XENCOPROC_OP_JOB, "operand." #n ".buffer", REQUEST(u.job.operand[n].buffer) }, \
	{ XENCOPROC_OP_JOB, "operand." #n ".access", REQUEST(u.job.operand[n].access) }, \
	{ XENCOPROC_OP_JOB, "operand." #n ".offset", REQUEST(u.job.operand[n].offset) }, \
	{ XENCOPROC_OP_JOB, "operand." #n ".length", REQUEST(u.job.operand[n].length) }
	OPERAND_PLACES(0), OPERAND_PLACES(1), OPERAND_PLACES(2), OPERAND_PLACES(3),
	{ 0, NULL, 0, 0, 0 }
};

const struct place *field_find_place(const struct place *places, uint16_t op, const char *name,
				     size_t *offset)
{
	const struct place *p;
	unsigned int n;
	size_t length;

	for (p = places; p->name; p++) {
		if (p->op && p->op != op)
			continue;
		*offset = p->offset;
		if (strcmp(p->name, name) == 0)
			return p;
		length = strlen(p->name);
		if (p->count > 1 && strncmp(p->name, name, length) == 0 &&
		    sscanf(name + length, ".%u", &n) == 1 && n < p->count) {
			*offset += n * p->size;
			return p;
		}
	}
	return NULL;
}

uint64_t field_get(const void *object, size_t offset, size_t size)
{
	const uint8_t *at = (const uint8_t *)object + offset;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	switch (size) {
	case 1:
		return *at;
	case 2:
		memcpy(&u16, at, 2);
		return u16;
	case 4:
		memcpy(&u32, at, 4);
		return u32;
	default:
		memcpy(&u64, at, 8);
		return u64;
	}
}

void field_put(void *object, size_t offset, size_t size, uint64_t value)
{
	uint8_t *at = (uint8_t *)object + offset;
	uint16_t u16 = (uint16_t)value;
	uint32_t u32 = (uint32_t)value;

	if (size == 1)
		*at = (uint8_t)value;
	else if (size == 2)
		memcpy(at, &u16, 2);
	else if (size == 4)
		memcpy(at, &u32, 4);
	else
		memcpy(at, &value, 8);
}

bool field_read_digest(const char *text, uint8_t digest[32])
{
	unsigned int i, byte;

	for (i = 0; i < 32; i++) {
		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			return false;
		digest[i] = (uint8_t)byte;
	}
	return strlen(text) == 64;
}

