// SPDX-License-Identifier: MIT
/*
 * coproc-attach: gives a guest a coprocessor.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach.h"

enum {
	OPT_BACKEND = 1,
	OPT_DEVID,
	OPT_WAIT,
	OPT_JSON,
	OPT_UPDATE,
	OPT_QUIET,
	OPT_HELP,
	OPT_VERSION,
	OPT_NODE = 64                   /* + place in node_option[] */
};

/* Options that are nodes of the toolstack, and what --help says of them. */
static const struct {
	unsigned int id;
	const char *help;
} node_option[] = {
	{ COPROC_NODE_TOOLSTACK_WEIGHT, "share of the coprocessor, relative to other domains'" },
	{ COPROC_NODE_TOOLSTACK_CAP, "greatest share, percent; 0: no cap" },
	{ COPROC_NODE_TOOLSTACK_MAX_CLASS, "highest class of its queues" },
	{ COPROC_NODE_TOOLSTACK_REALTIME_BUDGET_US, "realtime microseconds in each period" },
	{ COPROC_NODE_TOOLSTACK_REALTIME_PERIOD_US, "that period" },
	{ COPROC_NODE_TOOLSTACK_QUOTA_QUEUES, "most job queues; 0: the backend's limit" },
	{ COPROC_NODE_TOOLSTACK_QUOTA_CONTEXTS, "most contexts; 0: the backend's limit" },
	{ COPROC_NODE_TOOLSTACK_QUOTA_BUFFERS, "most buffers; 0: the backend's limit" },
	{ COPROC_NODE_TOOLSTACK_QUOTA_PAGES, "most 4096-byte pages; 0: the backend's limit" },
	{ COPROC_NODE_TOOLSTACK_QUOTA_FIRMWARE, "most firmware images; 0: the backend's limit" },
	{ COPROC_NODE_TOOLSTACK_QUOTA_FIRMWARE_BYTES, "largest image; 0: the backend's limit" },
};

#define NODE_OPTIONS    (sizeof(node_option) / sizeof(node_option[0]))

static const struct option plain_option[] = {
	{ "backend", required_argument, NULL, OPT_BACKEND },
	{ "devid", required_argument, NULL, OPT_DEVID },
	{ "wait", required_argument, NULL, OPT_WAIT },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "update", no_argument, NULL, OPT_UPDATE },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
};

#define PLAIN_OPTIONS   (sizeof(plain_option) / sizeof(plain_option[0]))

struct arguments {
	struct attach_request request;
	uint32_t wait;
	bool waits, json, update, quiet;
	bool done;                      /* --help and the like: nothing more to do */
};

static const char usage[] =
	"usage: coproc-attach [OPTION]... FRONTEND-DOMID COPROCESSOR\n"
	"       coproc-attach --update [OPTION]... FRONTEND-DOMID DEVID\n";

static void help(void)
{
	char allowed[COPROC_NODE_MESSAGE_SIZE];
	size_t i;

	fputs(usage, stdout);
	puts("Gives a guest a coprocessor of a backend, or changes what it has of one.\n\n"
	     "  --backend DOMID           the backend's domain (default 0; with --update: found)\n"
	     "  --devid N                 number of the device, 0 to 255 (default: first free)\n"
	     "  --wait SECONDS            wait until both sides are connected, and tell the way\n"
	     "  --quiet                   with --wait: do not tell the way\n"
	     "  --json                    tell what was made as one JSON object\n"
	     "  --update                  change a device that is attached\n"
	     "  --help, --version\n");
	for (i = 0; i < NODE_OPTIONS; i++) {
		const struct coproc_node *node = &coproc_node[node_option[i].id];

		coproc_node_allowed(node, allowed, sizeof(allowed));
		printf("  --%-23s %s\n  %-25s %s\n", node->name, node_option[i].help, "", allowed);
	}
	puts("\nExit status: 0 done, 1 refused, 2 wrong usage, 3 xenstore failed, 4 timeout.");
}

static bool take_option(struct arguments *args, int option, const char *value)
{
	struct tool_device *device = &args->request.device;

	switch (option) {
	case OPT_BACKEND:
		return tool_domain("--backend", value, &device->backend);
	case OPT_DEVID:
		return tool_number("--devid", value, 0, TOOL_DEVID_MAX, &device->devid);
	case OPT_WAIT:
		args->waits = true;
		return tool_number("--wait", value, 1, 86400, &args->wait);
	case OPT_JSON:
		return args->json = true;
	case OPT_UPDATE:
		return args->update = true;
	case OPT_QUIET:
		return args->quiet = true;
	case OPT_HELP:
		help();
		return args->done = true;
	case OPT_VERSION:
		puts("coproc-attach " XENCOPROC_VERSION);
		return args->done = true;
	default:
		return false;           /* getopt has said why */
	}
}

/* A later --weight replaces an earlier one. */
static void take_node(struct attach_request *request, const char *name, const char *value)
{
	size_t i;

	for (i = 0; i < request->given_count; i++)
		if (strcmp(request->given[i].name, name) == 0)
			break;
	request->given[i] = (struct coproc_node_text){ name, value, strlen(value) };
	if (i == request->given_count)
		request->given_count++;
}

static bool take_options(struct arguments *args, int argc, char **argv)
{
	struct option options[PLAIN_OPTIONS + NODE_OPTIONS + 1];
	size_t i;
	int option;

	memset(options, 0, sizeof(options));
	memcpy(options, plain_option, sizeof(plain_option));
	for (i = 0; i < NODE_OPTIONS; i++)
		options[PLAIN_OPTIONS + i] = (struct option){
			coproc_node[node_option[i].id].name, required_argument, NULL,
			(int)(OPT_NODE + i)
		};
	while (!args->done && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option >= OPT_NODE && option < (int)(OPT_NODE + NODE_OPTIONS))
			take_node(&args->request,
				  coproc_node[node_option[option - OPT_NODE].id].name, optarg);
		else if (!take_option(args, option, optarg))
			return false;
	}
	return true;
}

static bool take_arguments(struct arguments *args, int argc, char **argv)
{
	struct tool_device *device = &args->request.device;

	device->backend = TOOL_NO_DOMAIN;
	device->devid = TOOL_NO_DEVID;
	if (!take_options(args, argc, argv))
		return false;
	if (args->done)
		return true;
	if (argc - optind != 2 || (args->update && device->devid != TOOL_NO_DEVID)) {
		fputs(usage, stderr);
		return false;
	}
	if (!tool_domain("FRONTEND-DOMID", argv[optind], &device->frontend))
		return false;
	if (args->update)
		return tool_number("DEVID", argv[optind + 1], 0, TOOL_DEVID_MAX, &device->devid);
	if (device->backend == TOOL_NO_DOMAIN)
		device->backend = 0;
	take_node(&args->request, "coprocessor", argv[optind + 1]);
	return true;
}

/* Every string here is digits or a path of ours: nothing to escape. */
static void report(const struct arguments *args, bool connected)
{
	const struct tool_device *device = &args->request.device;
	const unsigned int f = device->frontend, b = device->backend, n = device->devid;

	if (args->json)
		printf("{\"frontend\":%u,\"backend\":%u,\"devid\":%u,\"frontend_path\":\"%s\","
		       "\"backend_path\":\"%s\",\"connected\":%s}\n", f, b, n,
		       device->frontend_dir, device->backend_dir, connected ? "true" : "false");
	else
		printf("device %u of domain %u %s domain %u%s\n", n, f,
		       args->update ? "changed at" : "attached to", b,
		       connected ? ", connected" : "");
}

static int run(struct coproc_xs *xs, struct arguments *args)
{
	int rc = args->update ? attach_update(xs, &args->request)
			      : attach_device(xs, &args->request);

	if (rc != TOOL_OK)
		return rc;
	if (args->waits)
		rc = attach_wait(xs, &args->request.device, args->wait, !args->quiet);
	/* Attached it is, connected or not; coproc-detach takes it back. */
	report(args, args->waits && rc == TOOL_OK);
	return rc;
}

int main(int argc, char **argv)
{
	static struct arguments args;
	struct coproc_xs *xs;
	int rc;

	tool_name("coproc-attach");
	if (!take_arguments(&args, argc, argv))
		return TOOL_USAGE;
	if (args.done)
		return TOOL_OK;
	rc = coproc_xs_open(&xs);
	rc = rc ? tool_xenstore_failed(xs, rc) : run(xs, &args);
	coproc_xs_close(xs);
	return rc;
}
