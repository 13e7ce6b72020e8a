// SPDX-License-Identifier: MIT
/*
 * The exerciser of libcoproc: does what coproc-conform asks for, line by line,
 * on the library's public functions alone (exerciser.md).
 *
 *	conform-exercise [MS]   MS: deadlines of the library, 1500 unless said
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "frontend/user/coproc.h"

#define OBJECTS 64u

static struct coproc_device *dev;
static struct coproc_context *context[OBJECTS];
static struct coproc_firmware *firmware[OBJECTS];
static struct coproc_buffer *buffer[OBJECTS];
static struct coproc_queue *queue[OBJECTS];
static unsigned int contexts, firmwares, buffers, queues;
static uint64_t next_job = 1;
static uint32_t deadline_ms = 1500;
static char reason[512];

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void say(int rc)
{
	if (rc >= 0)
		printf("ok\n");
	else
		printf("failed %s: %s\n", strerror(-rc), dev ? coproc_reason(dev) : reason);
}

/* ---- the device ---- */

static void forget(void)
{
	dev = NULL;
	contexts = firmwares = buffers = queues = 0;
}

/* The device may be attached a moment after this was asked for. */
static int open_device(uint32_t flags)
{
	struct coproc_options o;
	double end = seconds() + 5;
	int rc;

	coproc_options_init(&o);
	o.flags = flags;
	o.control_timeout_ms = o.load_timeout_ms = o.close_timeout_ms = deadline_ms;
	o.connect_timeout_ms = 2 * deadline_ms;
	o.reason = reason;
	o.reason_size = sizeof(reason);
	while ((rc = coproc_open(&o, &dev)) == -ENODEV && seconds() < end)
		usleep(10000);
	if (rc)
		dev = NULL;
	return rc;
}

static void do_open(const char *how)
{
	if (dev) {
		coproc_close(dev, COPROC_DEFAULT);
		forget();
	}
	say(open_device(!strcmp(how, "nowait") ? COPROC_OPEN_NOWAIT : 0));
}

static void do_close(const char *how)
{
	int rc = dev ? coproc_close(dev, COPROC_DEFAULT) : 0;

	forget();
	if (rc)
		printf("failed %s\n", strerror(-rc));
	else
		printf("ok\n");
}

static void do_state(const char *how)
{
	static const char *const names[] = { "?", "connecting", "connected", "reconnecting", "lost" };

	if (!dev) {
		printf("ok closed\n");
		return;
	}
	coproc_dispatch(dev);
	printf("ok %s\n", names[coproc_state(dev)]);
}

static void do_wait_connected(const char *how)
{
	say(coproc_wait_connected(dev, 2 * (int)deadline_ms));
}

static void do_reconnect(const char *how)
{
	int rc = coproc_reconnect(dev);

	say(rc ? rc : coproc_wait_connected(dev, 2 * (int)deadline_ms));
}

/* ---- objects ---- */

static int new_context(void)
{
	int rc = coproc_context_create(dev, &context[contexts]);

	contexts += rc == 0;
	return rc;
}

static int new_firmware(void)
{
	static const char image[] = "\177ELF and the rest";
	int rc = coproc_firmware_load(dev, image, sizeof(image), 0, &firmware[firmwares]);

	firmwares += rc == 0;
	return rc;
}

static int new_buffer(unsigned int bytes, const char *access)
{
	unsigned int bits = 0;
	int rc;

	bits |= strchr(access, 'r') ? XENCOPROC_ACCESS_READ : 0;
	bits |= strchr(access, 'w') ? XENCOPROC_ACCESS_WRITE : 0;
	rc = coproc_buffer_create(dev, bytes, bits, &buffer[buffers]);
	buffers += rc == 0;
	return rc;
}

static int new_queue(unsigned int entries, const char *flags)
{
	int rc = coproc_queue_open_flags(dev, XENCOPROC_CLASS_NORMAL, entries,
					 strstr(flags, "own") ? COPROC_QUEUE_OWN_EVENT : 0,
					 &queue[queues]);

	queues += rc == 0;
	return rc;
}

static void do_make(const char *how)
{
	char word[16] = "", rest[32] = "";
	unsigned int n = 0;
	int rc = -EINVAL;

	sscanf(how, "%15s %u %31s", word, &n, rest);
	if (contexts >= OBJECTS || firmwares >= OBJECTS || buffers >= OBJECTS || queues >= OBJECTS)
		rc = -ENOSPC;
	else if (!strcmp(word, "context"))
		rc = new_context();
	else if (!strcmp(word, "firmware"))
		rc = new_firmware();
	else if (!strcmp(word, "buffer"))
		rc = new_buffer(n, rest);
	else if (!strcmp(word, "queue"))
		rc = new_queue(n, rest);
	say(rc);
}

static void do_end(const char *how)
{
	if (!strcmp(how, "context") && contexts)
		coproc_context_destroy(context[--contexts]);
	else if (!strcmp(how, "firmware") && firmwares)
		coproc_firmware_unload(firmware[--firmwares]);
	else if (!strcmp(how, "buffer") && buffers)
		coproc_buffer_destroy(buffer[--buffers]);
	else if (!strcmp(how, "queue") && queues)
		coproc_queue_close(queue[--queues]);
	say(coproc_settle(dev, 2 * (int)deadline_ms));
}

/* ---- jobs ---- */

static const char *option(const char *how, const char *name)
{
	const char *at = strstr(how, name);

	return at ? at + strlen(name) : NULL;
}

/* "COUNT [signal=V] [pieces=N] [restartable]": in the queue made last. */
static void do_jobs(const char *how)
{
	struct coproc_piece piece[64];
	struct coproc_job job = {
		.context = contexts ? context[contexts - 1] : NULL,
		.firmware = firmwares ? firmware[firmwares - 1] : NULL,
		.pieces = piece,
	};
	unsigned int count = (unsigned int)strtoul(how, NULL, 10), done, i;
	const char *signal = option(how, "signal="), *pieces = option(how, "pieces=");
	int rc = 1;

	if (signal) {
		job.flags |= COPROC_JOB_SIGNAL;
		job.signal_value = strtoull(signal, NULL, 10);
	}
	if (option(how, "restartable"))
		job.flags |= COPROC_JOB_RESTARTABLE;
	job.piece_count = pieces ? (uint32_t)strtoul(pieces, NULL, 10) : 0;
	for (i = 0; i < job.piece_count && i < 64; i++)
		piece[i] = (struct coproc_piece){ buffer[buffers - 1], XENCOPROC_ACCESS_READ, i, 1 };
	for (done = 0; done < count && rc == 1; done += rc == 1) {
		job.immediate = job.cookie = next_job + done;
		rc = coproc_submit(queue[queues - 1], &job, 1, NULL);
	}
	if (rc < 0 && !done) {
		say(rc);
		return;
	}
	printf("ok %llu %u\n", (unsigned long long)next_job, done);
	next_job += done;
}

static void do_wait(const char *how)
{
	double end = seconds() + strtod(how, NULL) / 1000;
	struct coproc_done done[64];
	unsigned int outstanding, i;
	int n = 0, k;

	printf("ok");
	do {
		outstanding = 0;
		for (i = 0; i < queues; i++) {
			while ((n = coproc_read(queue[i], done, 64)) > 0)
				for (k = 0; k < n; k++)
					printf(" %llu:%u:%llu", (unsigned long long)done[k].cookie,
					       done[k].status, (unsigned long long)done[k].result);
			outstanding += coproc_queue_outstanding(queue[i]);
		}
		if (!outstanding || seconds() >= end)
			break;
		for (i = 0; i < queues && !coproc_queue_outstanding(queue[i]); i++)
			;
		n = coproc_wait_any(queue[i], done, 1, 20);
		if (n == 1)
			printf(" %llu:%u:%llu", (unsigned long long)done[0].cookie, done[0].status,
			       (unsigned long long)done[0].result);
	} while (n >= 0 || n == -ETIMEDOUT || n == -ENOENT);
	printf(" outstanding=%u\n", outstanding);
}

static void do_cancel(const char *how)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < queues && rc == 0; i++)
		rc = coproc_cancel_all(queue[i]);
	say(rc);
}

/* ---- news, and questions ---- */

static void do_events(const char *how)
{
	static const char *const names[] = { "?", "device", "ctx-reset", "fw-revoked", "limits" };
	struct coproc_event event;

	coproc_dispatch(dev);
	printf("ok");
	while (coproc_read_event(dev, &event))
		if (event.type == COPROC_EVENT_STATE)
			printf(" state");
		else if (event.type == COPROC_EVENT_MISSED)
			printf(" missed");
		else
			printf(" %s", event.type <= COPROC_EVENT_LIMITS ? names[event.type] : "?");
	printf("\n");
}

static void do_query(const char *how)
{
	uint64_t value = 0;
	int rc = coproc_query(dev, XENCOPROC_QUERY_DEVICE, NULL, &value);

	if (rc)
		say(rc);
	else
		printf("ok %llu\n", (unsigned long long)value);
}

static void do_signal(const char *how)
{
	say(coproc_context_signal(context[contexts - 1], strtoull(how, NULL, 10)));
}

static void do_timeline(const char *how)
{
	say(coproc_context_wait(context[contexts - 1], strtoull(how, NULL, 10), (int)deadline_ms));
}

static const struct verb {
	const char *name;
	void (*run)(const char *rest);
	int needs_device;
} verbs[] = {
	{ "open", do_open, 0 }, { "close", do_close, 0 }, { "state", do_state, 0 },
	{ "wait-connected", do_wait_connected, 1 }, { "reconnect", do_reconnect, 1 },
	{ "make", do_make, 1 }, { "end", do_end, 1 }, { "jobs", do_jobs, 1 },
	{ "wait", do_wait, 1 }, { "cancel", do_cancel, 1 }, { "events", do_events, 1 },
	{ "query", do_query, 1 }, { "signal", do_signal, 1 }, { "timeline", do_timeline, 1 },
};

static void obey(char *line)
{
	char *rest = strchr(line, ' ');
	unsigned int i;

	if (rest)
		*rest++ = '\0';
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, line))
			continue;
		if (verbs[i].needs_device && !dev)
			printf("failed no device is open\n");
		else
			verbs[i].run(rest ? rest : "");
		return;
	}
	printf("n.a. libcoproc's exerciser does not know '%s'\n", line);
}

int main(int argc, char **argv)
{
	char line[256];

	if (argc > 1)
		deadline_ms = (uint32_t)strtoul(argv[1], NULL, 10);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		obey(line);
		fflush(stdout);
	}
	if (dev)
		coproc_close(dev, COPROC_DEFAULT);
	return 0;
}
