/* SPDX-License-Identifier: MIT */
/* Between device.c, one device, and devices.c, all of them. */
#ifndef COPROC_BACKEND_DEVICE_PRIVATE_H
#define COPROC_BACKEND_DEVICE_PRIVATE_H

#include <pthread.h>
#include <sys/queue.h>

#include "device.h"
#include "tie.h"
#include "xenstore-schema/xs.h"

struct device {
	LIST_ENTRY(device) link;
	struct devices *devices;
	uint32_t domain;
	uint32_t number;
	char be_dir[COPROC_PATH_SIZE];
	char fe_dir[COPROC_PATH_SIZE];
	char token[COPROC_XS_TOKEN_MAX];
	unsigned int mine;              /* enum coproc_state, as we wrote it */
	bool dirty;
	bool late;                      /* the deadline passed */
	bool left;                      /* the last step was made because it must leave */
	bool forget;                    /* freed when its session is over */
	bool broken;                    /* for the reason below, and it is not in xenstore yet */
	char why[256];
	char refused[256];              /* why it could not be advertised, as xenstore says */
	struct tie *tie;                /* NULL: not connected */
	bool deaf;                      /* not watched, because it spent all its credit */
	struct session_share share;     /* in force */
	struct event *deadline;
	struct event *later;            /* to look again */
	struct budget credit;           /* of the thread's time */
};

struct devices {
	struct backend *backend;
	struct event_base *base;        /* of the thread */
	struct inbox *inbox;
	pthread_t thread;
	bool running;
	struct inbox_call stop;
	struct inbox_call stopped;      /* to the loop */
	struct inbox_call end;
	struct event *readable;
	struct event *again;            /* some are dirty; or reopen xenstore */
	struct event *pulse;
	LIST_HEAD(, device) list;
	uint64_t reopen_ns;             /* not before; 0: it is open, or never was */
	bool rescan;
	bool stopping;
	void (*done)(void *arg);
	void *done_arg;
};

/* device.c */

/* Return: the device, watched, in no list; NULL after telling why. */
struct device *device_create(struct devices *devices, uint32_t domain, uint32_t number);
void device_destroy(struct device *device);
/* Looks at it and takes the steps that are due; it may be gone after. */
void device_step(struct device *device);
/* Our own wish changed: look now, whatever its frontend cost us before. */
void device_hurry(struct device *device);

/* devices.c */
void devices_soon(struct devices *devices);
void devices_xenstore_lost(struct devices *devices);
/* It has no session and no directory: unwatch and destroy. */
void devices_forget(struct device *device);

#endif /* COPROC_BACKEND_DEVICE_PRIVATE_H */
