/* SPDX-License-Identifier: MIT */
#include "backend/engines/cortex-m/console.h"

#include "backend/engines/engine.h"

void console_put(struct console *c, uint32_t context, uint8_t character)
{
	/* NUL would cut the line short; engine_log() takes care of the rest. */
	if (character != '\n' && c->used < CONSOLE_LINE)
		c->line[c->used++] = (char)(character ? character : '?');
	if (character != '\n' && c->used < CONSOLE_LINE)
		return;
	c->line[c->used] = '\0';
	if (c->used)
		engine_log("firmware of context %u: %s", context, c->line);
	c->used = 0;
}

void console_reset(struct console *c)
{
	c->used = 0;
}
