/* SPDX-License-Identifier: MIT */
#include "demo/check.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static int take(struct outcome *all, uint8_t *seen, size_t count, json_t *job)
{
	json_int_t index, result, waited, limit;
	const char *status;

	if (json_unpack(job, "{s:I,s:I,s:I,s:I,s:s}", "index", &index, "result", &result,
			"waited_us", &waited, "start_limit_us", &limit, "status", &status) ||
	    index < 0 || (size_t)index >= count || seen[index])
		return -1;
	seen[index] = 1;
	all[index] = (struct outcome){
		.fate = !strcmp(status, "ok") ? FATE_OK :
			!strcmp(status, "expired") ? FATE_LATE : FATE_OTHER,
		.result = (uint64_t)result,
		.waited_us = (uint32_t)waited,
		.start_limit_us = (uint32_t)limit,
	};
	return 0;
}

struct outcome *records_read(const char *path, uint32_t *count)
{
	json_error_t error;
	json_t *root = json_load_file(path, 0, &error), *jobs, *job;
	struct outcome *all = NULL;
	uint8_t *seen = NULL;
	size_t i, n;

	if (!root) {
		warnx("%s: %s", path, error.text);
		return NULL;
	}
	jobs = json_object_get(root, "jobs");
	n = json_array_size(jobs);
	all = calloc(n + 1, sizeof(*all));
	seen = calloc(n + 1, 1);
	if (n && n < UINT32_MAX && all && seen) {
		json_array_foreach(jobs, i, job)
			if (take(all, seen, n, job))
				break;
		*count = (uint32_t)n;
	} else {
		i = n + 1;
	}
	free(seen);
	json_decref(root);
	if (i == n)
		return all;
	warnx("%s: these are no records of a guest", path);
	free(all);
	return NULL;
}
