/* SPDX-License-Identifier: MIT */
/* Which function an address of another process belongs to. */
#ifndef TESTS_BENCH_SYMBOLS_H
#define TESTS_BENCH_SYMBOLS_H

#include <stdint.h>
#include <sys/types.h>

struct symbols;

/* Return: NULL without memory. */
struct symbols *symbols_new(void);

/* A line of the process's /proc/PID/maps; what it executes there is looked up
 * in the file that the line names.  Return: 0 or -1, no memory. */
int symbols_map(struct symbols *symbols, const char *line);
void symbols_close(struct symbols *symbols);

/* "function" and the file it is of; "?" where there is no symbol.  Both are
 * the table's. */
void symbols_find(const struct symbols *symbols, uint64_t address, const char **function,
		  const char **object);

#endif /* TESTS_BENCH_SYMBOLS_H */
