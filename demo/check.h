/* SPDX-License-Identifier: MIT */
/* The records that a guest left, as its check needs them. */
#ifndef DEMO_CHECK_H
#define DEMO_CHECK_H

#include <stdint.h>

enum fate {
	FATE_OK,
	FATE_LATE,		/* never started: over its start limit */
	FATE_OTHER
};

struct outcome {
	enum fate fate;
	uint64_t result;
	uint32_t waited_us;
	uint32_t start_limit_us;
};

/**
 * records_read() - a guest's JSON file
 * @count: set to the number of jobs
 *
 * Return: one outcome for each frame or tile, malloc()ed; NULL after a line on
 * standard error, also when an index is missing or twice there.
 */
struct outcome *records_read(const char *path, uint32_t *count);

#endif /* DEMO_CHECK_H */
