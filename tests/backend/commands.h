/* SPDX-License-Identifier: MIT */
/* A worker's end of its socket, for workers that are no engine. */
#ifndef TESTS_BACKEND_COMMANDS_H
#define TESTS_BACKEND_COMMANDS_H

#include "backend/engines/wire.h"

/* The next command; ends the process where coprocd has gone.
 * Return: the descriptor that came along, the caller's to close, or -1. */
int command_take(struct worker_command *command);
/* Any bytes, as one message. */
void reply_say(const void *bytes, size_t size);

#endif /* TESTS_BACKEND_COMMANDS_H */
