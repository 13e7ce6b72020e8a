/* SPDX-License-Identifier: MIT */
/* The command line of a worker. */
#include "backend/engines/harness/worker.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

static bool number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' && *out <= max;
}

static int usage(void)
{
	engine_log("usage: --domid N [--uid U] [--memory-limit BYTES] "
		   "[--allow-weak-sandbox] [--no-restrict]");
	return -EINVAL;
}

/**
 * options_parse() - read the arguments that coprocd gave
 *
 * --domid N              map grants of this domain only
 * --uid U                the user and group to become; needed when started as root, 0: none
 * --memory-limit BYTES   private memory of the process, see engine_reserve(); 0: no limit
 * --allow-weak-sandbox   go on where the host refuses a namespace or the like
 * --no-restrict          do not call xentoolcore_restrict_all(): Xen 4.17's gnttab
 *                        library implements it by closing the handle
 *
 * Return: 0, or -EINVAL with a line in the log.
 */
int options_parse(struct options *o, int argc, char **argv)
{
	static const struct option table[] = {
		{ "domid", required_argument, NULL, 'd' },
		{ "uid", required_argument, NULL, 'u' },
		{ "memory-limit", required_argument, NULL, 'm' },
		{ "allow-weak-sandbox", no_argument, NULL, 'w' },
		{ "no-restrict", no_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 }
	};
	bool have_domid = false;
	uint64_t value = 0;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 'd' && number(optarg, 0x7fef, &value)) {
			o->domid = (uint32_t)value;
			have_domid = true;
		} else if (c == 'u' && number(optarg, 0xfffffffe, &value)) {
			o->uid = (uint32_t)value;
		} else if (c == 'm' && number(optarg, INT64_MAX, &value)) {
			o->memory_limit = value;
		} else if (c == 'w') {
			o->allow_weak_sandbox = true;
		} else if (c == 'r') {
			o->no_restrict = true;
		} else {
			return usage();
		}
	}
	return have_domid && optind == argc ? 0 : usage();
}
