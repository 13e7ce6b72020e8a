// SPDX-License-Identifier: MIT
#include "backend-message.h"

#include <stdio.h>
#include <string.h>

void put(void *at, unsigned int size, uint64_t value)
{
	for (unsigned int i = 0; i < size; i++)
		((uint8_t *)at)[i] = (uint8_t)(value >> 8 * i);
}

uint64_t get(const void *at, unsigned int size)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < size; i++)
		value |= (uint64_t)((const uint8_t *)at)[i] << 8 * i;
	return value;
}

struct request request(unsigned int op)
{
	struct request r;

	memset(&r, 0, sizeof(r));
	put(r.b, 2, op);
	if (op == QUEUE_OPEN)
		memset(r.b + 28, 0xff, 4 + 64 + 16);
	else if (op == CTX_CREATE)
		put(r.b + 20, 4, NONE);
	else if (op == BUF_REGISTER)
		memset(r.b + 32, 0xff, 64);
	return r;
}

static struct request with32(unsigned int op, uint32_t value)
{
	struct request r = request(op);

	SET32(&r, 16, value);
	return r;
}

struct request ctx_create(uint32_t context) { return with32(CTX_CREATE, context); }
struct request ctx_destroy(uint32_t context) { return with32(CTX_DESTROY, context); }
struct request buf_release(uint32_t buffer) { return with32(BUF_RELEASE, buffer); }
struct request fw_unload(uint32_t firmware) { return with32(FW_UNLOAD, firmware); }
struct request queue_close(uint32_t queue) { return with32(QUEUE_CLOSE, queue); }

struct request ctx_signal(uint32_t context, uint64_t value)
{
	struct request r = with32(CTX_SIGNAL, context);

	put(r.b + 24, 8, value);
	return r;
}

struct request fw_load(uint32_t firmware, uint32_t buffer, uint32_t length, const uint8_t sha256[32])
{
	struct request r = with32(FW_LOAD, firmware);

	SET32(&r, 20, 1);
	SET32(&r, 24, buffer);
	SET32(&r, 32, length);
	memcpy(r.b + 48, sha256, 32);
	return r;
}

struct request cancel(uint32_t queue, uint16_t slot, uint64_t id)
{
	struct request r = with32(CANCEL, queue);

	SET16(&r, 20, slot);
	put(r.b + 24, 8, id);
	return r;
}

struct request query(uint32_t what, uint32_t object)
{
	struct request r = with32(QUERY, what);

	SET32(&r, 20, object);
	return r;
}

struct request job(uint32_t context, uint32_t entry, uint64_t immediate)
{
	struct request r = with32(JOB, context);

	SET32(&r, 24, entry);
	put(r.b + 40, 8, immediate);
	return r;
}

void set_flags(struct request *r, uint16_t flags)
{
	put(r->b + 2, 2, get(r->b + 2, 2) | flags);
}

void set_wait(struct request *r, uint32_t context, uint64_t value, uint32_t start_limit_us)
{
	set_flags(r, F_WAIT);
	SET32(r, 32, start_limit_us);
	SET32(r, 48, context);
	put(r->b + 56, 8, value);
}

void set_signal(struct request *r, uint64_t value)
{
	set_flags(r, F_SIGNAL);
	put(r->b + 64, 8, value);
}

void operand_at(uint8_t *at, uint16_t buffer, uint16_t access, uint32_t offset, uint32_t length)
{
	put(at, 2, buffer);
	put(at + 2, 2, access);
	put(at + 4, 4, offset);
	put(at + 8, 4, length);
}

void add_operand(struct request *r, uint16_t buffer, uint16_t access, uint32_t offset, uint32_t length)
{
	unsigned int n = (unsigned int)get(r->b + 36, 2);

	operand_at(r->b + 72 + 12 * n, buffer, access, offset, length);
	SET16(r, 36, n + 1);
}

struct completion completion(const uint8_t b[CQE])
{
	return (struct completion){
		.id = get(b, 8), .slot = (uint16_t)get(b + 8, 2), .status = (uint16_t)get(b + 10, 2),
		.flags = (uint16_t)get(b + 12, 2), .reserved = (uint16_t)get(b + 14, 2),
		.result = get(b + 16, 8), .waited_us = (uint32_t)get(b + 24, 4),
		.ran_us = (uint32_t)get(b + 28, 4),
	};
}

struct notice notice(const uint8_t b[CQE])
{
	return (struct notice){
		.sequence = (uint32_t)get(b, 4), .lost = (uint32_t)get(b + 4, 4),
		.type = (uint16_t)get(b + 8, 2), .status = (uint16_t)get(b + 10, 2),
		.object = (uint32_t)get(b + 12, 4), .value = get(b + 16, 8),
		.reserved = get(b + 24, 8),
	};
}

const char *status_name(unsigned int status)
{
	static const char *const name[] = {
		"OK", "FAILED", "FAULT", "TIMED_OUT", "EXPIRED", "CANCELLED", "LOST", NULL, NULL, NULL,
		NULL, NULL, NULL, NULL, NULL, NULL, "BAD_OP", "BAD_FIELD", "BAD_OBJECT", "IN_USE",
		"BAD_RANGE", "BAD_ACCESS", "BAD_GRANT", "BAD_DIGEST", "BAD_IMAGE", "NO_QUOTA",
		"DENIED", "NOT_SUPPORTED", "NOT_FOUND", "STOPPED", "NO_MEMORY",
	};

	if (status == SILENCE)
		return "no completion";
	return status < sizeof(name) / sizeof(name[0]) && name[status] ? name[status] : "an unknown status";
}

const char *op_name(unsigned int op)
{
	static const char *const name[] = {
		"0", "NOP", "QUEUE_OPEN", "QUEUE_CLOSE", "CTX_CREATE", "CTX_DESTROY", "BUF_REGISTER",
		"BUF_RELEASE", "FW_LOAD", "FW_UNLOAD", "CANCEL", "CTX_SIGNAL", "QUERY", "13", "14", "15",
		"JOB",
	};

	return op < sizeof(name) / sizeof(name[0]) ? name[op] : "an unknown operation";
}
