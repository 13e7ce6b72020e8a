/* SPDX-License-Identifier: MIT */
/*
 * coprocd: serves coprocessors to the domains that the toolstack attached.
 *
 * libevent is the event loop: descriptors, timers and signals, in Debian, and
 * small.  (Weighed: libuv, whose strength, threads for files, is of no use
 * here; sd-event, which ties the daemon to systemd; libev, no longer kept.)
 */
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <libgen.h>
#include <sched.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "backend.h"
#include "clock.h"
#include "coprocessor.h"
#include "device.h"
#include "inbox.h"
#include "log.h"

#ifndef COPROC_SYSCONFDIR
#define COPROC_SYSCONFDIR "/etc"
#endif
#ifndef COPROC_LIBEXECDIR
#define COPROC_LIBEXECDIR "/usr/local/libexec/xen-coproc"
#endif

#define EXIT_USAGE      2
#define EXIT_CONFIG     3
#define EXIT_XEN        4
#define EXIT_ENGINE     5

/* Connections are given so long to close on SIGTERM: more than device.c gives a
 * frontend that does not let go, so that it is told Closed all the same. */
#define STOP_NS         8000000000ull
#define HOUSEKEEPING_NS 100000000ull
#define CALLBACKS       16      /* then descriptors and timers are looked at again */
/* In levels of niceness: enough for Linux to take a processor from a worker at once. */
#define LOOP_FIRST      10

static const char usage[] =
	"Usage: coprocd [options]\n"
	"Serve coprocessors to Xen guests: run their jobs, each with its own firmware.\n"
	"\n"
	"  -c, --config FILE      configuration (" COPROC_SYSCONFDIR "/xen-coproc/coprocd.conf)\n"
	"  -C, --check            read the configuration, say whether it is good, and end\n"
	"  -e, --engine-dir DIR   where the engines are, unless the configuration says\n"
	"  -l, --log-level LEVEL  error, warn, info or debug; over the configuration\n"
	"  -t, --trace FILE       write a trace of all jobs; over the configuration\n"
	"  -h, --help             this text\n"
	"  -V, --version          the version\n"
	"\n"
	"The log goes to standard error.  SIGTERM closes all connections and ends.\n"
	"Exit status: 0 ended when told to, 2 usage, 3 configuration, 4 no Xen\n"
	"(xenstore, grants or event channels), 5 an engine could not be started.\n";

struct options {
	const char *config;
	const char *engine_dir;
	const char *trace;
	int level;
	bool check;
};

static int parse(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'C' },
		{ "engine-dir", required_argument, NULL, 'e' },
		{ "log-level", required_argument, NULL, 'l' },
		{ "trace", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:Ce:l:t:hV", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			options->config = optarg;
			break;
		case 'C':
			options->check = true;
			break;
		case 'e':
			options->engine_dir = optarg;
			break;
		case 't':
			options->trace = optarg;
			break;
		case 'l':
			options->level = log_level_parse(optarg);
			if (options->level >= 0)
				break;
			fprintf(stderr, "coprocd: --log-level %s: say error, warn, info or debug\n", optarg);
			return EXIT_USAGE;
		case 'h':
			fputs(usage, stdout);
			return -1;
		case 'V':
			puts("coprocd " XENCOPROC_VERSION);
			return -1;
		default:
			fputs("Try: coprocd --help\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "coprocd: \"%s\" is not an option; try: coprocd --help\n", argv[optind]);
		return EXIT_USAGE;
	}
	return 0;
}

/* In a build tree engines stand beside this program's folder. */
static const char *default_engine_dir(void)
{
	static char dir[4096];
	ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 32);
	static const char beside[] = "/../libexec";
	char *slash;

	if (n > 0) {
		dir[n] = '\0';
		slash = strrchr(dir, '/');
		/* readlink() left room for it. */
		memcpy(slash ? slash : dir, beside, sizeof(beside));
		if (!access(dir, X_OK))
			return dir;
	}
	return COPROC_LIBEXECDIR;
}

struct coprocessor *backend_find(struct backend *backend, const char *name)
{
	for (uint32_t i = 0; i < backend->count; i++)
		if (!strcmp(backend->coprocessors[i]->config->name, name))
			return backend->coprocessors[i];
	return NULL;
}

static void on_housekeeping(evutil_socket_t fd, short what, void *arg)
{
	struct backend *backend = arg;

	trace_flush(backend->trace);
}

static void on_stopped(void *arg)
{
	struct backend *backend = arg;

	event_base_loopbreak(backend->base);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	struct backend *backend = arg;
	struct timeval patience = clock_timeval(STOP_NS);

	log_event(LOG_INFO, "stopping", "signal=%d", (int)number);
	event_base_loopexit(backend->base, &patience);
	devices_stop(backend->devices, on_stopped, backend);
}

/* Many guests need many descriptors: two per worker, a bank per context. */
static void raise_limits(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit))
			log_event(LOG_WARN, "limits", "what=descriptors error=\"%s\"", strerror(errno));
	}
}

/*
 * The loop goes before what it schedules: a worker that computes would keep a
 * processor that both have from it for milliseconds, and that is how long a
 * realtime job of another domain would wait to be looked at.  Workers, and the
 * store's thread, which runs by now, stay where coprocd was started.
 */
static void go_first(struct backend *backend)
{
	int was = getpriority(PRIO_PROCESS, 0);

	/* By a policy that knows no niceness somebody has seen to it. */
	if (sched_getscheduler(0) != SCHED_OTHER)
		return;
	if (setpriority(PRIO_PROCESS, 0, was - LOOP_FIRST))
		log_event(LOG_INFO, "priority", "nice=%d error=\"%s\" hint=\"jobs may delay each other by what "
			  "a time slice of this machine is; allow CAP_SYS_NICE\"", was, strerror(errno));
	backend->nicer = was - getpriority(PRIO_PROCESS, 0);
}

/* Nobody is told to look at an exit status alone. */
static int not_started(const char *what, int status)
{
	log_event(LOG_ERROR, "not-started", "what=\"%s\" error=\"%s\"", what, strerror(errno));
	return status;
}

static int open_xen(struct backend *backend)
{
	backend->evtchn = xenevtchn_open(NULL, 0);
	backend->gnttab = backend->evtchn ? xengnttab_open(NULL, 0) : NULL;
	if (!backend->gnttab) {
		log_event(LOG_ERROR, "xen", "what=%s error=\"%s\" hint=\"coprocd runs in a Xen domain, or on "
			  "plain Linux inside coproc-loopback\"",
			  backend->evtchn ? "gnttab" : "evtchn", strerror(errno));
		return EXIT_XEN;
	}
	backend->ports = ports_create(backend);
	if (!backend->ports)
		return not_started("event channels", EXIT_XEN);
	backend->devices = devices_create(backend);
	return backend->devices ? 0 : not_started("devices", EXIT_XEN);
}

static int open_coprocessors(struct backend *backend)
{
	backend->coprocessors = calloc(backend->config->count, sizeof(struct coprocessor *));
	if (!backend->coprocessors)
		return not_started("coprocessors", EXIT_ENGINE);
	for (uint32_t i = 0; i < backend->config->count; i++) {
		backend->coprocessors[i] = coprocessor_create(backend, &backend->config->coprocessors[i]);
		if (!backend->coprocessors[i])
			return not_started(backend->config->coprocessors[i].name, EXIT_ENGINE);
		backend->count++;
	}
	return 0;
}

static struct event_base *make_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config) {
		/* Slices and limits are in microseconds. */
		event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
		/* An event that makes itself active again, as the intake of a
		 * guest that never stops submitting does, would else be run
		 * for ever before any descriptor is looked at (F7). */
		event_config_set_max_dispatch_interval(config, NULL, CALLBACKS, 0);
		base = event_base_new_with_config(config);
		event_config_free(config);
	}
	return base;
}

static int serve(struct backend *backend)
{
	struct timeval often = clock_timeval(HOUSEKEEPING_NS);
	struct event *term, *intr;
	int rc;

	backend->base = make_base();
	backend->inbox = backend->base ? inbox_create(backend->base) : NULL;
	if (!backend->inbox)
		return not_started("event loop", EXIT_XEN);
	/* First what needs this process alone: workers begin with their Xen handles. */
	rc = open_xen(backend);
	if (!rc)
		rc = open_coprocessors(backend);
	if (rc)
		return rc;
	term = evsignal_new(backend->base, SIGTERM, on_signal, backend);
	intr = evsignal_new(backend->base, SIGINT, on_signal, backend);
	backend->housekeeping = event_new(backend->base, -1, EV_PERSIST, on_housekeeping, backend);
	if (!term || !intr || !backend->housekeeping || event_add(term, NULL) ||
	    event_add(intr, NULL) || event_add(backend->housekeeping, &often) ||
	    devices_start(backend->devices))
		return not_started("signals, housekeeping or the watch of devices", EXIT_XEN);
	go_first(backend);
	log_event(LOG_INFO, "serving", "version=" XENCOPROC_VERSION " domain=%u coprocessors=%u",
		  backend->domain, backend->count);
	event_base_dispatch(backend->base);
	for (uint32_t i = 0; i < backend->count; i++)
		log_event(LOG_INFO, "stopped", "coprocessor=%s switches=%llu switch_us=%llu",
			  backend->config->coprocessors[i].name,
			  (unsigned long long)backend->coprocessors[i]->switches,
			  (unsigned long long)backend->coprocessors[i]->switch_ns / 1000);
	event_free(term);
	event_free(intr);
	return 0;
}

static void close_all(struct backend *backend)
{
	bool ended;

	if (backend->inbox)
		inbox_close(backend->inbox);
	ended = devices_end(backend->devices);
	for (uint32_t i = 0; i < backend->count; i++)
		coprocessor_destroy(backend->coprocessors[i]);
	if (!ended) {
		/* It may wake any moment: no worker is left, and the kernel does the rest. */
		trace_close(backend->trace);
		log_event(LOG_WARN, "store-stuck", "what=\"xenstored does not answer; ending all the same\"");
		_exit(0);
	}
	devices_destroy(backend->devices);
	free(backend->coprocessors);
	ports_destroy(backend->ports);
	if (backend->gnttab)
		xengnttab_close(backend->gnttab);
	if (backend->evtchn)
		xenevtchn_close(backend->evtchn);
	if (backend->housekeeping)
		event_free(backend->housekeeping);
	inbox_destroy(backend->inbox);
	if (backend->base)
		event_base_free(backend->base);
	trace_close(backend->trace);
	config_free(backend->config);
}

int main(int argc, char **argv)
{
	struct options options = {
		.config = COPROC_SYSCONFDIR "/xen-coproc/coprocd.conf",
		.level = -1,
	};
	struct backend backend = { 0 };
	int rc = parse(argc, argv, &options);

	if (rc)
		return rc < 0 ? 0 : rc;
	if (!options.engine_dir)
		options.engine_dir = default_engine_dir();
	backend.config = config_load(options.config, options.engine_dir);
	if (!backend.config)
		return EXIT_CONFIG;
	if (options.check) {
		printf("%s: good, %u coprocessors\n", options.config, backend.config->count);
		config_free(backend.config);
		return 0;
	}
	log_set_level(options.level >= 0 ? (enum log_level)options.level : backend.config->log_level);
	if (!options.trace)
		options.trace = backend.config->trace_file;
	if (options.trace) {
		backend.trace = trace_open(options.trace);
		if (!backend.trace) {
			fprintf(stderr, "coprocd: cannot write the trace %s: %s\n", options.trace,
				strerror(errno));
			config_free(backend.config);
			return EXIT_CONFIG;
		}
	}
	signal(SIGPIPE, SIG_IGN);
	raise_limits();
	if (sodium_init() < 0) {
		fprintf(stderr, "coprocd: libsodium does not work on this machine\n");
		return EXIT_CONFIG;
	}
	rc = serve(&backend);
	close_all(&backend);
	return rc;
}
