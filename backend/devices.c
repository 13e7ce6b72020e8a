/* SPDX-License-Identifier: MIT */
/*
 * All devices: found in xenstore, looked at when something about them
 * changed, and xenstore itself when it goes away and comes back.
 *
 * This and device.c are a thread of their own, with an event loop of its own:
 * each question to xenstored waits for its answer, which takes as long as
 * xenstored has others to answer, and a guest can see to it that it has (F10,
 * F20).  No job waits for that.
 */
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <xenstore.h>

#include "clock.h"
#include "device_private.h"
#include "log.h"

/* Watch events taken before devices are looked at: a flood merges (F10). */
#define EVENTS_A_TURN   256u
/* xenstored went away: try again so often. */
#define REOPEN_NS       500000000ull
/* Its end wakes nobody who watches: ask it something so often. */
#define PULSE_NS        1000000000ull
/* Of a transaction that conflicts.  Who conflicts is a guest, and the loop
 * waits meanwhile: better to look again later than to win. */
#define XS_TRIES        2u
/* The thread has so long to end: it may be waiting for a xenstored that is stuck. */
#define END_S           2
#define STORE_NICE      5
#define TOKEN_TREE      "tree"

void devices_soon(struct devices *devices)
{
	event_active(devices->again, 0, 0);
}

static struct device *device_find(struct devices *devices, uint32_t domain, uint32_t number)
{
	struct device *device;

	LIST_FOREACH(device, &devices->list, link)
		if (device->domain == domain && device->number == number && !device->forget)
			return device;
	return NULL;
}

static struct device *device_add(struct devices *devices, uint32_t domain, uint32_t number)
{
	struct device *device = device_create(devices, domain, number);

	if (device)
		LIST_INSERT_HEAD(&devices->list, device, link);
	return device;
}

void devices_forget(struct device *device)
{
	struct devices *devices = device->devices;

	if (devices->backend->xs)
		coproc_xs_unwatch(devices->backend->xs, device->fe_dir, device->token);
	LIST_REMOVE(device, link);
	device_destroy(device);
	devices_soon(devices);
}

static bool number_of(const char *text, const char **end, uint32_t *value)
{
	char *after;
	unsigned long n;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoul(text, &after, 10);
	if (errno || n > 0x7fffffff)
		return false;
	*value = (uint32_t)n;
	*end = after;
	return true;
}

static void scan_domain(struct devices *devices, const char *root, const char *domain_name)
{
	char dir[COPROC_PATH_SIZE * 2], **names;
	uint32_t domain, number;
	unsigned int count;
	const char *end;

	if (!number_of(domain_name, &end, &domain) || *end)
		return;
	snprintf(dir, sizeof(dir), "%s/%s", root, domain_name);
	if (coproc_xs_list(devices->backend->xs, XBT_NULL, dir, &names, &count))
		return;
	for (unsigned int i = 0; i < count; i++) {
		struct device *device;

		if (!number_of(names[i], &end, &number) || *end)
			continue;
		device = device_find(devices, domain, number);
		if (!device)
			device = device_add(devices, domain, number);
		if (device)
			device->dirty = true;
	}
	free(names);
}

static void tree(const struct devices *devices, char *root, size_t size)
{
	snprintf(root, size, "/local/domain/%u/backend/" XENCOPROC_DEVICE_TYPE,
		 devices->backend->domain);
}

static void scan(struct devices *devices)
{
	char root[COPROC_PATH_SIZE], **names;
	struct device *device;
	unsigned int count;

	devices->rescan = false;
	tree(devices, root, sizeof(root));
	LIST_FOREACH(device, &devices->list, link)
		device->dirty = true;
	if (coproc_xs_list(devices->backend->xs, XBT_NULL, root, &names, &count)) {
		devices_xenstore_lost(devices);
		return;
	}
	for (unsigned int i = 0; i < count; i++)
		scan_domain(devices, root, names[i]);
	free(names);
}

/* A watch fired on the tree: which device is it about? */
static void tree_changed(struct devices *devices, const char *path)
{
	char root[COPROC_PATH_SIZE];
	uint32_t domain, number;
	struct device *device;
	const char *at;

	tree(devices, root, sizeof(root));
	at = path + strlen(root);
	if (strlen(path) < strlen(root) + 4 || *at++ != '/' || !number_of(at, &at, &domain) ||
	    *at++ != '/' || !number_of(at, &at, &number)) {
		devices->rescan = true;
		return;
	}
	device = device_find(devices, domain, number);
	if (!device)
		device = device_add(devices, domain, number);
	if (device)
		device->dirty = true;
}

static void token_changed(struct devices *devices, const char *token)
{
	struct device *device;

	LIST_FOREACH(device, &devices->list, link)
		if (!strcmp(device->token, token))
			device->dirty = true;
}

static void on_xenstore(evutil_socket_t fd, short what, void *arg)
{
	struct devices *devices = arg;
	char token[COPROC_XS_TOKEN_MAX], path[256];

	for (unsigned int i = 0; i < EVENTS_A_TURN; i++) {
		int rc = coproc_xs_event(devices->backend->xs, token, path, sizeof(path));

		if (rc < 0) {
			devices_xenstore_lost(devices);
			return;
		}
		if (!rc)
			break;
		if (!strcmp(token, TOKEN_TREE))
			tree_changed(devices, path);
		else
			token_changed(devices, token);
	}
	devices_soon(devices);
}

static void check_stopped(struct devices *devices)
{
	struct device *device;

	if (!devices->stopping || !devices->done)
		return;
	LIST_FOREACH(device, &devices->list, link) {
		if (device->tie)
			return;
		/* Without xenstore there is nobody to be told. */
		if (devices->backend->xs && (device->mine == COPROC_STATE_CONNECTED ||
					     device->mine == COPROC_STATE_CLOSING ||
					     device->mine == COPROC_STATE_INIT_WAIT))
			return;
	}
	devices->stopped = (struct inbox_call){ .make = devices->done, .arg = devices->done_arg };
	devices->done = NULL;
	inbox_send(devices->backend->inbox, &devices->stopped);
}

static int watch_tree(struct devices *devices)
{
	struct backend *backend = devices->backend;
	char root[COPROC_PATH_SIZE];
	int rc = coproc_xs_domain(backend->xs, &backend->domain);

	if (rc)
		return rc;
	coproc_xs_patience(backend->xs, XS_TRIES);
	tree(devices, root, sizeof(root));
	rc = coproc_xs_watch(backend->xs, root, TOKEN_TREE);
	if (rc)
		return rc;
	devices->readable = event_new(devices->base, coproc_xs_fd(backend->xs),
				      EV_READ | EV_PERSIST, on_xenstore, devices);
	return devices->readable && !event_add(devices->readable, NULL) ? 0 : -ENOMEM;
}

static void close_xenstore(struct devices *devices)
{
	if (devices->readable)
		event_free(devices->readable);
	devices->readable = NULL;
	coproc_xs_close(devices->backend->xs);
	devices->backend->xs = NULL;
}

static bool open_xenstore(struct devices *devices)
{
	struct backend *backend = devices->backend;
	int rc = coproc_xs_open(&backend->xs);

	if (!rc)
		rc = watch_tree(devices);
	if (!rc)
		return true;
	/* Once for each time that it is away. */
	if (!devices->reopen_ns)
		log_event(LOG_ERROR, "xenstore", "why=\"%s\" hint=\"is xenstored running, and is this a "
			  "Xen domain or inside coproc-loopback?\"",
			  backend->xs ? coproc_xs_reason(backend->xs) : "out of memory");
	close_xenstore(devices);
	return false;
}

static void wait_for_reopen(struct devices *devices)
{
	uint64_t now = clock_now();
	struct timeval later = clock_timeval(devices->reopen_ns > now ? devices->reopen_ns - now : 0);

	event_add(devices->again, &later);
}

static void reopen_later(struct devices *devices)
{
	devices->reopen_ns = clock_now() + REOPEN_NS;
	wait_for_reopen(devices);
}

/* xenstored went away.  Sessions go on: their rings do not need it. */
void devices_xenstore_lost(struct devices *devices)
{
	if (devices->backend->xs)
		log_event(LOG_ERROR, "xenstore-lost", "why=%s", log_text(coproc_xs_reason(devices->backend->xs)));
	close_xenstore(devices);
	reopen_later(devices);
}

static void on_pulse(evutil_socket_t fd, short what, void *arg)
{
	struct devices *devices = arg;

	if (devices->backend->xs && coproc_xs_exists(devices->backend->xs, XBT_NULL, "domid") < 0)
		devices_xenstore_lost(devices);
}

static void rewatch(struct devices *devices)
{
	struct device *device;

	LIST_FOREACH(device, &devices->list, link)
		device->deaf = coproc_xs_watch(devices->backend->xs, device->fe_dir, device->token) != 0;
	devices->rescan = true;
	log_event(LOG_INFO, "xenstore-back", "devices=\"are looked at again\"");
}

/* Return: whether xenstore is there. */
static bool reopened(struct devices *devices)
{
	if (devices->backend->xs)
		return true;
	/* Somebody was in a hurry, which ended the wait for the timer. */
	if (clock_now() < devices->reopen_ns) {
		wait_for_reopen(devices);
		return false;
	}
	if (!open_xenstore(devices)) {
		reopen_later(devices);
		return false;
	}
	devices->reopen_ns = 0;
	rewatch(devices);
	return true;
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	struct devices *devices = arg;
	struct device *device, *next;

	if (reopened(devices)) {
		if (devices->rescan)
			scan(devices);
		for (device = LIST_FIRST(&devices->list); device; device = next) {
			next = LIST_NEXT(device, link);
			if (device->dirty && !device->forget)
				device_step(device);
		}
	}
	check_stopped(devices);
}

struct devices *devices_create(struct backend *backend)
{
	struct devices *devices = calloc(1, sizeof(*devices));
	struct timeval often = clock_timeval(PULSE_NS);

	if (!devices)
		return NULL;
	devices->backend = backend;
	LIST_INIT(&devices->list);
	devices->base = event_base_new();
	if (!devices->base)
		goto fail;
	devices->inbox = inbox_create(devices->base);
	devices->again = evtimer_new(devices->base, on_again, devices);
	devices->pulse = event_new(devices->base, -1, EV_PERSIST, on_pulse, devices);
	if (!devices->inbox || !devices->again || !devices->pulse ||
	    event_add(devices->pulse, &often) || !open_xenstore(devices))
		goto fail;
	return devices;
fail:
	devices_destroy(devices);
	return NULL;
}

static void *thread_main(void *arg)
{
	struct devices *devices = arg;

	/* Where processors are scarce, jobs go first. */
	setpriority(PRIO_PROCESS, (id_t)gettid(), getpriority(PRIO_PROCESS, 0) + STORE_NICE);
	event_base_dispatch(devices->base);
	return NULL;
}

int devices_start(struct devices *devices)
{
	sigset_t all, before;
	int rc;

	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&devices->thread, NULL, thread_main, devices);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	devices->running = !rc;
	if (rc)
		log_event(LOG_ERROR, "thread", "error=\"%s\"", strerror(rc));
	return -rc;
}

static void on_stop(void *arg)
{
	struct devices *devices = arg;
	struct device *device, *next;

	devices->stopping = true;
	for (device = LIST_FIRST(&devices->list); device; device = next) {
		next = LIST_NEXT(device, link);
		device_hurry(device);
		/* No way to ask the frontend first. */
		if (!devices->backend->xs && device->tie)
			tie_shutdown(device->tie);
	}
	devices_soon(devices);
}

void devices_stop(struct devices *devices, void (*done)(void *arg), void *arg)
{
	if (devices->stop.make)
		return;         /* told twice */
	devices->done = done;
	devices->done_arg = arg;
	devices->stop = (struct inbox_call){ .make = on_stop, .arg = devices };
	inbox_send(devices->inbox, &devices->stop);
}

static void on_end(void *arg)
{
	struct devices *devices = arg;

	event_base_loopbreak(devices->base);
}

bool devices_end(struct devices *devices)
{
	struct timespec until;

	if (!devices || !devices->running)
		return true;
	devices->end = (struct inbox_call){ .make = on_end, .arg = devices };
	inbox_send(devices->inbox, &devices->end);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += END_S;
	if (pthread_timedjoin_np(devices->thread, NULL, &until))
		return false;
	devices->running = false;
	return true;
}

void devices_destroy(struct devices *devices)
{
	if (!devices)
		return;
	while (!LIST_EMPTY(&devices->list)) {
		struct device *device = LIST_FIRST(&devices->list);

		LIST_REMOVE(device, link);
		device_destroy(device);
	}
	close_xenstore(devices);
	if (devices->again)
		event_free(devices->again);
	if (devices->pulse)
		event_free(devices->pulse);
	inbox_destroy(devices->inbox);
	if (devices->base)
		event_base_free(devices->base);
	free(devices);
}
