/* SPDX-License-Identifier: MIT */
#ifndef COPROC_BACKEND_ENGINE_PROBE_H
#define COPROC_BACKEND_ENGINE_PROBE_H

#include "coprocessor.h"

/**
 * engine_probe() - ask an engine what it is
 * @coprocessor: program, configuration and backend are looked at
 * @hello: what it said, on success
 *
 * Starts a worker in the very way in which it will be used and ends it again:
 * so a missing engine, or a sandbox that cannot be closed on this machine, is
 * found now and not with the first guest.  Blocks for at most ten seconds.
 *
 * Return: true, or false after telling why in the log.
 */
bool engine_probe(const struct coprocessor *coprocessor, struct worker_reply *hello);

#endif /* COPROC_BACKEND_ENGINE_PROBE_H */
