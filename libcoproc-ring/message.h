/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Messages between their wire form (coprocif.h, little-endian) and the host's,
 * and the one place where a submission is validated against the spec and the
 * negotiated limits.  Pure: looks at its arguments and nothing else.
 */
#ifndef COPROC_RING_MESSAGE_H
#define COPROC_RING_MESSAGE_H

#include "port.h"
#include "protocol/coprocif.h"

/* What was negotiated; both sides hold the same.  All bounds are exclusive
 * of what they count: context < max_contexts, and so on. */
struct coproc_limits {
	uint32_t max_queues;            /* job queues; 1 .. XENCOPROC_QUEUE_MAX */
	uint32_t max_ring_order;        /* XENCOPROC_ORDER_MIN .. _MAX */
	uint32_t max_contexts;
	uint32_t max_buffers;           /* <= 65536: operands name them in 16 bits */
	uint32_t max_pages;             /* of all buffers together; one buffer may have as many */
	uint32_t max_firmware;
	uint32_t max_firmware_bytes;    /* of one image */
	uint32_t max_operands;          /* of one job, table included */
	uint32_t max_run_limit_us;
	uint32_t max_class;             /* enum xencoproc_class: the highest this frontend may use */
	uint32_t features;              /* COPROC_FEATURE_* that both sides have */
};

#define COPROC_FEATURE_JOURNAL          0x01u
#define COPROC_FEATURE_SAVE_AREA        0x02u
#define COPROC_FEATURE_CROSS_TIMELINE   0x04u
#define COPROC_FEATURE_DIGEST_LOAD      0x08u
#define COPROC_FEATURE_SIGNATURE        0x10u

/* The host forms of what is sent once a job (operand, job, completion) have
 * the order and widths of their wire forms, so that on a little-endian host
 * changing between the two is a copy of whole words. */
struct coproc_operand {
	uint16_t buffer;
	uint16_t access;                /* enum xencoproc_access bits */
	uint32_t offset;                /* bytes into the buffer */
	uint32_t length;                /* bytes */
};

/* A submission in host form.  Which member of the union holds is @op's. */
struct coproc_request {
	uint16_t op;
	uint16_t flags;
	uint16_t slot;
	uint16_t reserved;              /* 0 */
	uint64_t id;
	union {
		struct {
			uint32_t queue;
			uint32_t qclass;
			uint32_t order;
			uint32_t event_channel;
			uint32_t journal_ref;
			uint32_t sq_ref[XENCOPROC_SQ_PAGES_MAX];
			uint32_t cq_ref[XENCOPROC_CQ_PAGES_MAX];
		} queue_open;
		struct {
			uint32_t queue;
		} queue_close;
		struct {
			uint32_t context;
			uint32_t save_buffer;
		} ctx_create;
		struct {
			uint32_t context;
		} ctx_destroy;
		struct {
			uint32_t buffer;
			uint32_t pages;
			uint32_t access;
			uint32_t dirs;
			uint32_t dir_ref[XENCOPROC_DIRS_MAX];
		} buf_register;
		struct {
			uint32_t buffer;
		} buf_release;
		struct {
			uint32_t firmware;
			uint32_t kind;
			uint32_t buffer;
			uint32_t offset;
			uint32_t length;
			uint32_t sig_offset;
			uint32_t sig_length;
			uint8_t sha256[32];
		} fw_load;
		struct {
			uint32_t firmware;
		} fw_unload;
		struct {
			uint32_t queue;
			uint16_t target_slot;
			uint64_t target_id;
		} cancel;
		struct {
			uint32_t context;
			uint64_t value;
		} ctx_signal;
		struct {
			uint32_t what;
			uint32_t object;
		} query;
		struct {
			uint32_t context;
			uint32_t firmware;
			uint32_t entry;
			uint32_t run_limit_us;
			uint32_t start_limit_us;
			uint16_t operands;
			uint8_t priority;
			uint8_t reserved;       /* 0 */
			uint64_t immediate;
			uint32_t wait_context;
			uint32_t wait_device;
			uint64_t wait_value;
			uint64_t signal_value;
			struct coproc_operand operand[XENCOPROC_INLINE_OPERANDS];
		} job;
	} u;
};

/* A completion in host form. */
struct coproc_completion {
	uint64_t id;
	uint16_t slot;
	uint16_t status;
	uint16_t flags;
	uint16_t reserved;              /* 0 */
	uint64_t result;
	uint32_t waited_us;
	uint32_t ran_us;
};

/* An event in host form. */
struct coproc_notice {
	uint32_t sequence;
	uint32_t lost;
	uint32_t object;
	uint16_t type;
	uint16_t status;
	uint64_t value;
};

/**
 * coproc_sqe_slot() - slot and id of a submission, before it is validated
 * @sqe: a private copy
 */
uint16_t coproc_sqe_slot(const struct xencoproc_sqe *sqe);
uint64_t coproc_sqe_id(const struct xencoproc_sqe *sqe);

/**
 * coproc_request_encode() - host form to wire form
 * @sqe: filled whole, reserved fields zero
 *
 * For the frontend; it does not validate.  An unknown op gives a message
 * with the op and a zero body.
 */
void coproc_request_encode(const struct coproc_request *request, struct xencoproc_sqe *sqe);

/**
 * coproc_request_decode() - wire form to host form, validated
 * @sqe: a private copy; never shared memory
 * @control: true if it came on the control queue
 * @limits: what was negotiated
 * @request: filled as far as the message was understood; op, flags, slot and
 *           id always
 *
 * Checks everything that needs no knowledge of objects: the operation and
 * its queue, flags, reserved fields, ranges against @limits, features, unused
 * array members, arithmetic: steps 1 to 9 of B-MSG-1, in that order, which
 * decode.c lists.  An index outside its negotiated range is BAD_OBJECT, in
 * requests that create too.  Whether an object exists, and whether a piece
 * lies in its buffer, is the backend's; so is CANCEL's target_slot, which may
 * be any number here.
 *
 * Return: XENCOPROC_OK, or the status that the completion must carry.
 */
enum xencoproc_status coproc_request_decode(const struct xencoproc_sqe *sqe, bool control,
					    const struct coproc_limits *limits,
					    struct coproc_request *request);

/**
 * coproc_operand_decode() - one operand of a table, wire to host, validated
 * @wire: a private copy
 * @limits: what was negotiated
 *
 * Return: XENCOPROC_OK, BAD_OBJECT, BAD_FIELD, or BAD_RANGE when the piece
 * ends behind the largest possible buffer; looked for in this order.
 */
enum xencoproc_status coproc_operand_decode(const struct xencoproc_operand *wire,
					    const struct coproc_limits *limits,
					    struct coproc_operand *operand);
void coproc_operand_encode(const struct coproc_operand *operand, struct xencoproc_operand *wire);

/**
 * coproc_operand_inside() - whether a piece lies in a buffer
 * @buffer_bytes: the buffer's size
 * @buffer_access: enum xencoproc_access bits of the buffer
 *
 * Return: XENCOPROC_OK, BAD_RANGE or BAD_ACCESS; the range first.
 */
enum xencoproc_status coproc_operand_inside(const struct coproc_operand *operand,
					    uint64_t buffer_bytes, uint32_t buffer_access);

/* Completions and events; decode validates against a lying backend and gives
 * COPROC_NOT_BROKEN (0) or why it cannot be (enum coproc_broken): first
 * BROKEN_RESERVED, then BROKEN_STATUS, which for an event also means a type
 * or a device state that does not exist. */
void coproc_completion_encode(const struct coproc_completion *completion,
			      struct xencoproc_cqe *cqe);
int coproc_completion_decode(const struct xencoproc_cqe *cqe, struct coproc_completion *completion);
void coproc_notice_encode(const struct coproc_notice *notice, struct xencoproc_event *event);
int coproc_notice_decode(const struct xencoproc_event *event, struct coproc_notice *notice);

/**
 * coproc_status_text() - a status as one lower-case word, "timed-out"
 * coproc_status_explain() - as a sentence for people
 *
 * Return: static strings, never NULL; "unknown-status" for what is not one.
 */
const char *coproc_status_text(unsigned int status);
const char *coproc_status_explain(unsigned int status);

/* Names of operations and classes as the spec spells them, or NULL. */
const char *coproc_op_text(unsigned int op);
const char *coproc_class_text(unsigned int qclass);

#endif /* COPROC_RING_MESSAGE_H */
