/* SPDX-License-Identifier: MIT */
/*
 * What coproc-attach and coproc-detach share: exit statuses, messages, domain
 * arguments, and finding a device without believing a guest.
 */
#ifndef COPROC_SCHEMA_TOOL_H
#define COPROC_SCHEMA_TOOL_H

#include "xenstore-schema/xs.h"

/* Exit statuses, as the manual pages list them. */
enum tool_exit {
	TOOL_OK         = 0,
	TOOL_REFUSED    = 1,    /* understood, and not done; the reason is printed */
	TOOL_USAGE      = 2,
	TOOL_XENSTORE   = 3,    /* xenstore could not be used */
	TOOL_TIMEOUT    = 4
};

#define TOOL_DEVID_MAX  255u
#define TOOL_NO_DEVID   0xffffffffu
#define TOOL_NO_DOMAIN  0xffffffffu

/* A device and its two directories. */
struct tool_device {
	uint32_t frontend;
	uint32_t backend;
	uint32_t devid;
	char frontend_dir[COPROC_PATH_SIZE];
	char backend_dir[COPROC_PATH_SIZE];
};

/** tool_name() - what the program calls itself in messages */
void tool_name(const char *name);

/** tool_say() - one message to standard error, with the program's name */
void tool_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** tool_xenstore_failed() - says why; @rc negative errno.  Return: TOOL_XENSTORE */
int tool_xenstore_failed(struct coproc_xs *xs, int rc);

/**
 * tool_domain() - a domain id from the command line
 * @what: for the message: "FRONTEND-DOMID"
 *
 * Return: true, or false after a message.
 */
bool tool_domain(const char *what, const char *text, uint32_t *domid);

/** tool_number() - a decimal from @low to @high from the command line */
bool tool_number(const char *what, const char *text, uint32_t low, uint32_t high, uint32_t *out);

/** tool_device_at() - fills the directories from the three numbers */
void tool_device_at(struct tool_device *device, uint32_t frontend, uint32_t backend,
		    uint32_t devid);

/** tool_domain_exists() - 1, 0, or negative errno */
int tool_domain_exists(struct coproc_xs *xs, uint32_t t, uint32_t domid);

/**
 * tool_find() - finds the backend of a frontend's device
 * @device: frontend and devid set; backend set too, or TOOL_NO_DOMAIN to
 *          search for it
 *
 * A frontend's directory belongs to the guest, and a driver domain can make
 * directories too, so neither is believed: a backend's directory counts when
 * its `frontend-id` belongs to the toolstack's domain and says this frontend.
 *
 * Return: TOOL_OK; TOOL_REFUSED after a message when there is none or more
 * than one; TOOL_XENSTORE after a message.
 */
int tool_find(struct coproc_xs *xs, struct tool_device *device);

/** tool_deadline() - @seconds from now, milliseconds of the monotonic clock */
int64_t tool_deadline(uint32_t seconds);

/**
 * tool_wait_event() - waits for any watch event, or a second, and eats all there are
 * @deadline: from tool_deadline()
 *
 * Return: 1: look again; 0: the deadline has passed; negative errno.
 */
int tool_wait_event(struct coproc_xs *xs, int64_t deadline);

#endif /* COPROC_SCHEMA_TOOL_H */
