/* SPDX-License-Identifier: MIT */
/*
 * A second opinion on requests: steps 1 to 9 of B-MSG-1, written from
 * coprocif.md by offsets, each step by itself and not in the order in which
 * decode.c goes.  Slow and plain; not to be shared with the product.
 */
#ifndef TESTS_FUZZ_JUDGE_H
#define TESTS_FUZZ_JUDGE_H

#include "libcoproc-ring/message.h"

enum xencoproc_status judge_request(const uint8_t sqe[128], bool control,
				    const struct coproc_limits *limits);
enum xencoproc_status judge_operand(const uint8_t operand[12], const struct coproc_limits *limits);
/* COPROC_NOT_BROKEN, or why (enum coproc_broken): F-DONE-1, F-EVENT-1. */
int judge_completion(const uint8_t cqe[32]);
int judge_event(const uint8_t event[32]);

#endif /* TESTS_FUZZ_JUDGE_H */
