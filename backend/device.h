/* SPDX-License-Identifier: MIT */
/*
 * Devices: what the toolstack attached to this backend, as xenstore tells,
 * each walked through the table of states and given its session.
 */
#ifndef COPROC_BACKEND_DEVICE_H
#define COPROC_BACKEND_DEVICE_H

#include <stdbool.h>

#include "backend.h"

/**
 * devices_create() - connect to xenstored and watch for devices
 *
 * Return: NULL after telling why in the log.
 */
struct devices *devices_create(struct backend *backend);

/**
 * devices_start() - the thread that walks them; coprocessors are there before it
 *
 * Return: 0 or -errno, told in the log.
 */
int devices_start(struct devices *devices);

/**
 * devices_stop() - close every connection; @done is called, in the loop, when all are closed
 */
void devices_stop(struct devices *devices, void (*done)(void *arg), void *arg);

/**
 * devices_end() - ends the thread; the backend's inbox is closed before
 *
 * Return: whether it ended; if not, xenstored does not answer it, and what it
 * may use must be left as it is.
 */
bool devices_end(struct devices *devices);

/* Abandons what is left: for the end of the program. */
void devices_destroy(struct devices *devices);

#endif /* COPROC_BACKEND_DEVICE_H */
