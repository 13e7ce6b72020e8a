// SPDX-License-Identifier: MIT
#include "vector.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "libcoproc-ring/ring.h"

/* ---- words ---- */

static const char *const status_names[] = {
	[0] = "OK", [1] = "FAILED", [2] = "FAULT", [3] = "TIMED_OUT", [4] = "EXPIRED",
	[5] = "CANCELLED", [6] = "LOST", [16] = "BAD_OP", [17] = "BAD_FIELD", [18] = "BAD_OBJECT",
	[19] = "IN_USE", [20] = "BAD_RANGE", [21] = "BAD_ACCESS", [22] = "BAD_GRANT",
	[23] = "BAD_DIGEST", [24] = "BAD_IMAGE", [25] = "NO_QUOTA", [26] = "DENIED",
	[27] = "NOT_SUPPORTED", [28] = "NOT_FOUND", [29] = "STOPPED", [30] = "NO_MEMORY",
};

static const char *const broken_names[COPROC_BROKEN_COUNT] = {
	[COPROC_NOT_BROKEN] = "OK", [COPROC_BROKEN_INDEX] = "broken index",
	[COPROC_BROKEN_SLOT] = "broken slot", [COPROC_BROKEN_LIVE] = "broken live",
	[COPROC_BROKEN_ROOM] = "broken room", [COPROC_BROKEN_UNKNOWN] = "broken unknown",
	[COPROC_BROKEN_ID] = "broken id", [COPROC_BROKEN_STATUS] = "broken status",
	[COPROC_BROKEN_RESERVED] = "broken reserved",
};

static int find_word(const char *const *names, size_t count, const char *word)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (names[i] && strcmp(names[i], word) == 0)
			return (int)i;
	return -1;
}

int vector_status(const char *word)
{
	return find_word(status_names, sizeof(status_names) / sizeof(status_names[0]), word);
}

int vector_broken(const char *words)
{
	return find_word(broken_names, COPROC_BROKEN_COUNT, words);
}

const char *vector_status_name(unsigned int status)
{
	if (status < sizeof(status_names) / sizeof(status_names[0]) && status_names[status])
		return status_names[status];
	return "(no status)";
}

const char *vector_broken_name(unsigned int why)
{
	return why < COPROC_BROKEN_COUNT ? broken_names[why] : "(no reason)";
}

bool vector_number(const char *text, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*value = strtoull(text, &end, strncmp(text, "0x", 2) == 0 ? 16 : 10);
	return *end == '\0';
}

/* ---- limits ---- */

void vector_default_limits(struct coproc_limits *limits)
{
	*limits = (struct coproc_limits){
		.max_queues = 4, .max_ring_order = 7, .max_contexts = 16, .max_buffers = 64,
		.max_pages = 4096, .max_firmware = 8, .max_firmware_bytes = 1048576,
		.max_operands = 16, .max_run_limit_us = 1000000,
		.max_class = XENCOPROC_CLASS_NORMAL,
	};
}

static bool set_features(struct coproc_limits *limits, const char *list)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} all[] = {
		{ "journal", COPROC_FEATURE_JOURNAL },
		{ "save-area", COPROC_FEATURE_SAVE_AREA },
		{ "cross-timeline", COPROC_FEATURE_CROSS_TIMELINE },
		{ "digest-load", COPROC_FEATURE_DIGEST_LOAD },
		{ "firmware-signature", COPROC_FEATURE_SIGNATURE },
	};
	size_t i, n;

	while (*list) {
		n = strcspn(list, ",");
		for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			if (strlen(all[i].name) == n && strncmp(all[i].name, list, n) == 0)
				break;
		if (i == sizeof(all) / sizeof(all[0]))
			return false;
		limits->features |= all[i].bit;
		list += n + (list[n] == ',');
	}
	return true;
}

static bool set_class(struct coproc_limits *limits, const char *word)
{
	static const char *const names[] = { "", "realtime", "normal", "batch" };
	int found = find_word(names, 4, word);

	limits->max_class = (uint32_t)found;
	return found > 0;
}

static bool set_limit(struct coproc_limits *limits, const char *name, const char *value)
{
	const struct {
		const char *name;
		uint32_t *where;
	} all[] = {
		{ "max-queues", &limits->max_queues },
		{ "max-ring-order", &limits->max_ring_order },
		{ "max-contexts", &limits->max_contexts },
		{ "max-buffers", &limits->max_buffers },
		{ "max-pages", &limits->max_pages },
		{ "max-firmware", &limits->max_firmware },
		{ "max-firmware-bytes", &limits->max_firmware_bytes },
		{ "max-operands", &limits->max_operands },
		{ "max-run-limit-us", &limits->max_run_limit_us },
	};
	uint64_t number;
	size_t i;

	if (strcmp(name, "features") == 0)
		return set_features(limits, value);
	if (strcmp(name, "max-class") == 0)
		return set_class(limits, value);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].name, name) == 0 && vector_number(value, &number)) {
			*all[i].where = (uint32_t)number;
			return true;
		}
	return false;
}

/* ---- one line ---- */

static bool read_hex(struct vector *v, const char *text)
{
	unsigned int byte;

	for (; *text; text += 2) {
		while (*text == ' ')
			text++;
		if (v->size == sizeof(v->data) || sscanf(text, "%2x", &byte) != 1 || !text[1])
			return false;
		v->data[v->size++] = (uint8_t)byte;
	}
	return true;
}

static bool read_message(struct vector *v, const char *word)
{
	static const char *const names[] = { "request", "operand", "completion", "event" };
	int found = find_word(names, 4, word);

	v->message = (enum vector_message)found;
	return found >= 0;
}

static bool read_field(struct vector *v, const char *text)
{
	struct vector_field *f = &v->field[v->fields];

	return v->fields < VECTOR_FIELDS_MAX && ++v->fields &&
	       sscanf(text, "%39s %79s", f->name, f->value) == 2;
}

static bool read_flip(struct vector *v, const char *text)
{
	struct vector_flip *f = &v->flip[v->flips];

	return v->flips < VECTOR_FLIPS_MAX && ++v->flips &&
	       sscanf(text, "%u %u %39[^\n]", &f->first, &f->last, f->expect) == 3 &&
	       f->first <= f->last;
}

static bool read_limit(struct vector *v, const char *text)
{
	char name[40], value[80];

	return sscanf(text, "%39s %79s", name, value) == 2 && set_limit(&v->limits, name, value);
}

static bool read_line(struct vector *v, const char *key, const char *rest)
{
	uint64_t number;

	if (strcmp(key, "about") == 0 || strcmp(key, "rule") == 0)
		return true;
	if (strcmp(key, "message") == 0)
		return read_message(v, rest);
	if (strcmp(key, "queue") == 0) {
		v->control = strcmp(rest, "control") == 0;
		return v->control || strcmp(rest, "job") == 0;
	}
	if (strcmp(key, "limit") == 0)
		return read_limit(v, rest);
	if (strcmp(key, "hex") == 0)
		return read_hex(v, rest);
	if (strcmp(key, "expect") == 0)
		return snprintf(v->expect, sizeof(v->expect), "%s", rest) > 0;
	if (strcmp(key, "field") == 0)
		return read_field(v, rest);
	if (strcmp(key, "flip") == 0)
		return read_flip(v, rest);
	if (strcmp(key, "buffer-bytes") == 0)
		return vector_number(rest, &v->buffer_bytes);
	if (strcmp(key, "buffer-access") == 0 && vector_number(rest, &number)) {
		v->buffer_access = (uint32_t)number;
		return true;
	}
	return false;
}

/* Splits "key rest" in place; NULL for a blank or comment line. */
static char *split(char *line)
{
	char *rest;

	line[strcspn(line, "\n")] = '\0';
	if (*line == '#' || *line == '\0')
		return NULL;
	rest = line + strcspn(line, " ");
	if (*rest)
		*rest++ = '\0';
	return rest;
}

int vector_next(FILE *in, const char *path, struct vector *v)
{
	char line[VECTOR_LINE_MAX];
	bool begun = false;
	char *rest;

	memset(v, 0, sizeof(*v));
	vector_default_limits(&v->limits);
	snprintf(v->file, sizeof(v->file), "%s", strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
	while (fgets(line, sizeof(line), in)) {
		rest = split(line);
		if (!rest) {
			if (begun && *line == '\0')
				return 1;
			continue;
		}
		if (!begun && strcmp(line, "vector") == 0) {
			snprintf(v->name, sizeof(v->name), "%s", rest);
			begun = true;
		} else if (!begun || !read_line(v, line, rest)) {
			tap_result(false, v->file, v->name, "a line cannot be read");
			return -1;
		}
	}
	return begun;
}

/* ---- files and results ---- */

static unsigned int results, failures;

void tap_result(bool good, const char *file, const char *name, const char *why)
{
	results++;
	failures += !good;
	printf("%sok %u - %s: %s\n", good ? "" : "not ", results, file, name);
	if (!good)
		printf("# %s\n", why);
}

int tap_done(void)
{
	printf("1..%u\n", results);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

void vector_each_file(const char *suffix, void (*run)(FILE *in, const char *path))
{
	static const char dir[] = "protocol/vectors";
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort);
	char path[320];
	int i, found = 0;
	size_t length;
	FILE *in;

	for (i = 0; i < n; i++) {
		length = strlen(names[i]->d_name);
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		if (length > strlen(suffix) &&
		    strcmp(names[i]->d_name + length - strlen(suffix), suffix) == 0 &&
		    (in = fopen(path, "r"))) {
			run(in, path);
			fclose(in);
			found++;
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	if (!found)
		tap_result(false, dir, suffix, "no files: run from the top of the tree");
}
