/* SPDX-License-Identifier: MIT */
/* Lines that firmware writes character by character, for the worker's log. */
#ifndef COPROC_CORTEX_M_CONSOLE_H
#define COPROC_CORTEX_M_CONSOLE_H

#include <stdint.h>

#define CONSOLE_LINE    120u

struct console {
	uint32_t used;
	char line[CONSOLE_LINE + 1];
};

/* A character; the line goes to the log at '\n', or when it is full. */
void console_put(struct console *c, uint32_t context, uint8_t character);
/* Drop a line that was begun. */
void console_reset(struct console *c);

#endif /* COPROC_CORTEX_M_CONSOLE_H */
