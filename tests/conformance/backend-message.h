/* SPDX-License-Identifier: MIT */
/*
 * Messages of coprocif as bytes: the offsets of the text, nothing of
 * libcoproc-ring, because a mistake of both ends' shared code shows nowhere.
 */
#ifndef TESTS_CONFORMANCE_BACKEND_MESSAGE_H
#define TESTS_CONFORMANCE_BACKEND_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE            4096u
#define NONE            0xffffffffu
#define SQE             128u
#define CQE             32u
#define ENTRIES_CONTROL 32u
#define EVENTS          128u
#define QUEUES          31u             /* the control queue too */

enum {
	NOP = 1, QUEUE_OPEN, QUEUE_CLOSE, CTX_CREATE, CTX_DESTROY, BUF_REGISTER, BUF_RELEASE,
	FW_LOAD, FW_UNLOAD, CANCEL, CTX_SIGNAL, QUERY, JOB = 16
};

enum {
	OK, FAILED, FAULT, TIMED_OUT, EXPIRED, CANCELLED, LOST,
	BAD_OP = 16, BAD_FIELD, BAD_OBJECT, IN_USE, BAD_RANGE, BAD_ACCESS, BAD_GRANT, BAD_DIGEST,
	BAD_IMAGE, NO_QUOTA, DENIED, NOT_SUPPORTED, NOT_FOUND, STOPPED, NO_MEMORY,
	SILENCE = 0xffff                /* no completion came */
};

enum { Q_DEVICE = 1, Q_QUEUE, Q_CONTEXT, Q_TIMELINE, Q_BUFFER, Q_FIRMWARE, Q_EVENTS_LOST, Q_WEIGHT };
enum { F_WAIT = 1, F_SIGNAL = 2, F_TABLE = 4, F_RESTARTABLE = 8 };
enum { READ = 1, WRITE = 2 };
enum { REALTIME = 1, NORMAL = 2, BATCH = 3 };
enum { E_DEVICE = 1, E_CTX_RESET, E_FW_REVOKED, E_LIMITS };

struct request {
	uint8_t b[SQE];
};

struct completion {
	uint64_t id;
	uint16_t slot, status, flags, reserved;
	uint64_t result;
	uint32_t waited_us, ran_us;
};

struct notice {
	uint32_t sequence, lost;
	uint16_t type, status;
	uint32_t object;
	uint64_t value, reserved;
};

/* Little-endian numbers of 1, 2, 4 or 8 bytes. */
void put(void *at, unsigned int size, uint64_t value);
uint64_t get(const void *at, unsigned int size);

/* All that is unused as section 6 wants it; slot and id come when it is sent. */
struct request request(unsigned int op);
struct request ctx_create(uint32_t context);
struct request ctx_destroy(uint32_t context);
struct request ctx_signal(uint32_t context, uint64_t value);
struct request buf_release(uint32_t buffer);
struct request fw_load(uint32_t firmware, uint32_t buffer, uint32_t length, const uint8_t sha256[32]);
struct request fw_unload(uint32_t firmware);
struct request queue_close(uint32_t queue);
struct request cancel(uint32_t queue, uint16_t slot, uint64_t id);
struct request query(uint32_t what, uint32_t object);
struct request job(uint32_t context, uint32_t entry, uint64_t immediate);
void set_flags(struct request *r, uint16_t flags);
void set_wait(struct request *r, uint32_t context, uint64_t value, uint32_t start_limit_us);
void set_signal(struct request *r, uint64_t value);
/* Counts the operands too. */
void add_operand(struct request *r, uint16_t buffer, uint16_t access, uint32_t offset, uint32_t length);
void operand_at(uint8_t *at, uint16_t buffer, uint16_t access, uint32_t offset, uint32_t length);

struct completion completion(const uint8_t b[CQE]);
struct notice notice(const uint8_t b[CQE]);

const char *status_name(unsigned int status);
const char *op_name(unsigned int op);

/* Fields of a request by offset and size, for those who set them one by one. */
#define SET32(r, offset, value)  put((r)->b + (offset), 4, value)
#define SET16(r, offset, value)  put((r)->b + (offset), 2, value)

#endif /* TESTS_CONFORMANCE_BACKEND_MESSAGE_H */
