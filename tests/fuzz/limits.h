/* SPDX-License-Identifier: MIT */
/* Negotiated limits out of an input: any that a negotiation could give. */
#ifndef TESTS_FUZZ_LIMITS_H
#define TESTS_FUZZ_LIMITS_H

#include "fuzz.h"
#include "libcoproc-ring/message.h"

#define LIMITS_BYTES    4u      /* of input */

/* The first byte 0: the limits of protocol/vectors/README.md, which its
 * vectors need; the others then choose features and class only. */
static inline void in_limits(struct input *in, struct coproc_limits *limits)
{
	uint8_t kind = in_u8(in), features = in_u8(in), qclass = in_u8(in), shift = in_u8(in);

	*limits = (struct coproc_limits){
		.max_queues = 4, .max_ring_order = 7, .max_contexts = 16, .max_buffers = 64,
		.max_pages = 4096, .max_firmware = 8, .max_firmware_bytes = 1048576,
		.max_operands = 16, .max_run_limit_us = 1000000,
		.max_class = qclass == 0 ? XENCOPROC_CLASS_NORMAL : 1 + qclass % 3,
		.features = features & 0x1f,
	};
	if (!kind)
		return;
	limits->max_queues = 1 + kind % XENCOPROC_QUEUE_MAX;
	limits->max_ring_order = XENCOPROC_ORDER_MIN + shift % 5;
	limits->max_contexts = 1u << shift % 17;
	limits->max_buffers = 1u << (shift >> 1) % 17;
	limits->max_pages = 1u << (shift >> 2) % 25;
	limits->max_firmware = 1u << (shift >> 3) % 17;
	limits->max_firmware_bytes = 1u << (kind >> 1) % 27;
	limits->max_operands = 4 + kind;
	limits->max_run_limit_us = 1u + shift * 14000000u;
}

#endif /* TESTS_FUZZ_LIMITS_H */
