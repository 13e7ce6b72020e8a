/* SPDX-License-Identifier: MIT */
/*
 * libconfuse does the syntax: sections with titles, types, line numbers.
 * (Weighed: libconfig, which has no titled sections, and JSON by jansson,
 * which has no comments and so is no format for an administrator's file.)
 *
 * Three things of it do not do for an administrator, so the text is read here
 * and handed over without its comments: it counts the lines of a comment
 * several times over, takes a file that ends inside a section for a good one,
 * and ends the program when the file cannot be read.
 */
#include "config.h"

#include <confuse.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protocol/coprocif.h"
#include "engines/wire.h"
#include "sched/policy.h"

/* An integer option and where it may lie. */
struct range {
	const char *name;
	long low, high;
};

static const struct range ranges[] = {
	{ "slice-us", 0, 10000000 },
	{ "jobs-ahead", 0, 1 },
	{ "max-run-limit-us", 100, 3600000000L },
	{ "kill-grace-us", 1000, 10000000 },
	{ "realtime-budget-us", 0, 10000000 },
	{ "realtime-period-us", 0, 10000000 },
	{ "banks", 1, 4096 },
	{ "worker-memory-mib", 16, 65536 },
	{ "max-queues", 1, XENCOPROC_QUEUE_MAX },
	{ "max-ring-order", XENCOPROC_ORDER_MIN, XENCOPROC_ORDER_MAX },
	{ "max-contexts", 1, 64 },
	{ "max-buffers", 1, 1024 },
	{ "max-pages", 1, 1048576 },
	{ "max-firmware", 1, 64 },
	{ "max-firmware-bytes", 4096, 67108864 },
	{ "max-operands", XENCOPROC_INLINE_OPERANDS, WORKER_OPERANDS_MAX },
	{ "worker-uid-base", 1, 2000000000 },
};

static int check_range(cfg_t *cfg, cfg_opt_t *opt)
{
	long value = cfg_opt_getnint(opt, cfg_opt_size(opt) - 1);

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		const struct range *range = &ranges[i];

		if (strcmp(range->name, cfg_opt_name(opt)))
			continue;
		if (value >= range->low && value <= range->high)
			return 0;
		cfg_error(cfg, "%s is %ld, allowed is %ld to %ld", range->name, value,
			  range->low, range->high);
		return -1;
	}
	return 0;
}

static int check_level(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *text = cfg_opt_getnstr(opt, cfg_opt_size(opt) - 1);

	if (text && log_level_parse(text) >= 0)
		return 0;
	cfg_error(cfg, "log-level is \"%s\", allowed is error, warn, info or debug", text);
	return -1;
}

static int check_policy(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *text = cfg_opt_getnstr(opt, cfg_opt_size(opt) - 1);

	if (text && sched_policy_find(text))
		return 0;
	cfg_error(cfg, "there is no policy \"%s\"; this build has: wfq", text);
	return -1;
}

/* Names become xenstore values, log words and file names. */
static bool name_ok(const char *text)
{
	size_t n = text ? strlen(text) : 0;

	if (n < 1 || n > 31)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("_.-", text[i]))
			return false;
	return true;
}

static int check_name(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *text = cfg_opt_getnstr(opt, cfg_opt_size(opt) - 1);

	if (name_ok(text) && text[0] != '.')
		return 0;
	cfg_error(cfg, "%s is \"%s\", allowed are 1 to 31 letters, digits, '_', '.', '-'",
		  cfg_opt_name(opt), text);
	return -1;
}

static bool digest_parse(const char *text, uint8_t digest[32])
{
	static const char prefix[] = "sha256:";

	if (!strncmp(text, prefix, strlen(prefix)))
		text += strlen(prefix);
	if (strlen(text) != 64 || strspn(text, "0123456789abcdefABCDEF") != 64)
		return false;
	for (int i = 0; i < 32; i++) {
		char byte[3] = { text[2 * (size_t)i], text[2 * (size_t)i + 1], '\0' };

		digest[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	return true;
}

static int check_digest(cfg_t *cfg, cfg_opt_t *opt)
{
	uint8_t digest[32];
	const char *text = cfg_opt_getnstr(opt, cfg_opt_size(opt) - 1);

	if (text && digest_parse(text, digest))
		return 0;
	cfg_error(cfg, "firmware-allow has \"%s\", which is no SHA-256 digest "
		  "(64 hexadecimal digits, as sha256sum prints it)", text);
	return -1;
}

static void complain(cfg_t *cfg, const char *format, va_list args)
{
	fprintf(stderr, "coprocd: ");
	if (cfg && cfg->filename)
		fprintf(stderr, "%s:%d: ", cfg->filename, cfg->line);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

static char *copy(const char *text)
{
	return text && *text ? strdup(text) : NULL;
}

static int take_allowed(struct config_coprocessor *c, cfg_t *section)
{
	unsigned int n = cfg_size(section, "firmware-allow");

	c->any_firmware = cfg_getbool(section, "firmware-any");
	c->allowed = calloc(n ? n : 1, sizeof(*c->allowed));
	if (!c->allowed)
		return -ENOMEM;
	c->allowed_count = n;
	for (unsigned int i = 0; i < n; i++)
		digest_parse(cfg_getnstr(section, "firmware-allow", i), c->allowed[i]);
	return 0;
}

static int take_coprocessor(struct config_coprocessor *c, cfg_t *section)
{
	c->name = copy(cfg_title(section));
	c->engine = copy(cfg_getstr(section, "engine"));
	c->policy = sched_policy_find(cfg_getstr(section, "policy"));
	if (!name_ok(c->name)) {
		cfg_error(section, "coprocessor \"%s\": a name has 1 to 31 letters, digits, '_', '.', '-'",
			  cfg_title(section));
		return -EINVAL;
	}
	if (!c->engine) {
		cfg_error(section, "coprocessor \"%s\" has no engine; say for example engine = \"cortex-m\"",
			  c->name);
		return -EINVAL;
	}
	c->slice_us = (uint32_t)cfg_getint(section, "slice-us");
	c->jobs_ahead = (uint32_t)cfg_getint(section, "jobs-ahead");
	c->max_run_limit_us = (uint32_t)cfg_getint(section, "max-run-limit-us");
	c->kill_grace_us = (uint32_t)cfg_getint(section, "kill-grace-us");
	c->realtime_budget_us = (uint32_t)cfg_getint(section, "realtime-budget-us");
	c->realtime_period_us = (uint32_t)cfg_getint(section, "realtime-period-us");
	c->banks = (uint32_t)cfg_getint(section, "banks");
	c->worker_memory = (uint64_t)cfg_getint(section, "worker-memory-mib") << 20;
	c->max_queues = (uint32_t)cfg_getint(section, "max-queues");
	c->max_ring_order = (uint32_t)cfg_getint(section, "max-ring-order");
	c->max_contexts = (uint32_t)cfg_getint(section, "max-contexts");
	c->max_buffers = (uint32_t)cfg_getint(section, "max-buffers");
	c->max_pages = (uint32_t)cfg_getint(section, "max-pages");
	c->max_firmware = (uint32_t)cfg_getint(section, "max-firmware");
	c->max_firmware_bytes = (uint32_t)cfg_getint(section, "max-firmware-bytes");
	c->max_operands = (uint32_t)cfg_getint(section, "max-operands");
	if (c->realtime_budget_us > c->realtime_period_us) {
		cfg_error(section, "realtime-budget-us %u is more than realtime-period-us %u",
			  c->realtime_budget_us, c->realtime_period_us);
		return -EINVAL;
	}
	return take_allowed(c, section);
}

static int take(struct config *config, cfg_t *cfg, const char *engine_dir)
{
	const char *dir = cfg_getstr(cfg, "engine-dir");

	config->log_level = (enum log_level)log_level_parse(cfg_getstr(cfg, "log-level"));
	config->trace_file = copy(cfg_getstr(cfg, "trace-file"));
	config->engine_dir = copy(dir && *dir ? dir : engine_dir);
	config->worker_uid_base = (uint32_t)cfg_getint(cfg, "worker-uid-base");
	config->weak_sandbox = cfg_getbool(cfg, "allow-weak-sandbox");
	config->count = cfg_size(cfg, "coprocessor");
	if (!config->count) {
		fprintf(stderr, "coprocd: %s: the configuration names no coprocessor; "
			"it needs at least one section: coprocessor \"NAME\" { engine = \"cortex-m\" }\n",
			cfg->filename);
		return -EINVAL;
	}
	config->coprocessors = calloc(config->count, sizeof(*config->coprocessors));
	if (!config->coprocessors)
		return -ENOMEM;
	for (uint32_t i = 0; i < config->count; i++) {
		int rc = take_coprocessor(&config->coprocessors[i], cfg_getnsec(cfg, "coprocessor", i));

		if (rc)
			return rc;
	}
	return 0;
}

static cfg_t *parser(void)
{
	static cfg_opt_t coprocessor[] = {
		CFG_STR("engine", NULL, CFGF_NONE),
		CFG_STR("policy", "wfq", CFGF_NONE),
		CFG_INT("slice-us", 5000, CFGF_NONE),
		CFG_INT("jobs-ahead", 1, CFGF_NONE),
		CFG_INT("max-run-limit-us", 1000000, CFGF_NONE),
		CFG_INT("kill-grace-us", 100000, CFGF_NONE),
		CFG_INT("realtime-budget-us", 50000, CFGF_NONE),
		CFG_INT("realtime-period-us", 100000, CFGF_NONE),
		CFG_INT("banks", 64, CFGF_NONE),
		CFG_INT("worker-memory-mib", 4096, CFGF_NONE),
		CFG_INT("max-queues", 8, CFGF_NONE),
		CFG_INT("max-ring-order", 9, CFGF_NONE),
		CFG_INT("max-contexts", 8, CFGF_NONE),
		CFG_INT("max-buffers", 256, CFGF_NONE),
		CFG_INT("max-pages", 16384, CFGF_NONE),
		CFG_INT("max-firmware", 8, CFGF_NONE),
		CFG_INT("max-firmware-bytes", 1048576, CFGF_NONE),
		CFG_INT("max-operands", 16, CFGF_NONE),
		CFG_BOOL("firmware-any", cfg_false, CFGF_NONE),
		CFG_STR_LIST("firmware-allow", NULL, CFGF_NONE),
		CFG_END()
	};
	static cfg_opt_t options[] = {
		CFG_STR("log-level", "info", CFGF_NONE),
		CFG_STR("trace-file", "", CFGF_NONE),
		CFG_STR("engine-dir", "", CFGF_NONE),
		CFG_INT("worker-uid-base", 700000, CFGF_NONE),
		CFG_BOOL("allow-weak-sandbox", cfg_false, CFGF_NONE),
		CFG_SEC("coprocessor", coprocessor, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_END()
	};
	cfg_t *cfg = cfg_init(options, CFGF_NONE);
	char path[64];

	if (!cfg)
		return NULL;
	cfg_set_error_function(cfg, complain);
	cfg_set_validate_func(cfg, "log-level", check_level);
	cfg_set_validate_func(cfg, "worker-uid-base", check_range);
	cfg_set_validate_func(cfg, "coprocessor|engine", check_name);
	cfg_set_validate_func(cfg, "coprocessor|policy", check_policy);
	cfg_set_validate_func(cfg, "coprocessor|firmware-allow", check_digest);
	for (size_t i = 0; i + 1 < sizeof(ranges) / sizeof(ranges[0]); i++) {
		snprintf(path, sizeof(path), "coprocessor|%s", ranges[i].name);
		cfg_set_validate_func(cfg, path, check_range);
	}
	return cfg;
}

/* ---- the text ---- */

#define TEXT_MAX        (1u << 20)
#define DEPTH_MAX       8

/* Return: the file's text, or NULL with errno. */
static char *text_read(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = file ? malloc(TEXT_MAX + 2) : NULL;
	int error = 0;
	size_t n;

	if (text) {
		n = fread(text, 1, TEXT_MAX + 1, file);
		if (ferror(file))
			error = errno;
		else if (n > TEXT_MAX)
			error = EFBIG;
		else if (memchr(text, '\0', n))
			error = EILSEQ;
		else
			memcpy(text + n, "\n", 2);      /* fmemopen() wants some text */
	} else {
		error = errno;
	}
	if (file)
		fclose(file);
	if (!error)
		return text;
	free(text);
	errno = error;
	return NULL;
}

/* To the end of a string, which is where libconfuse would see it. */
static char *skip_string(char *at, int *line)
{
	char quote = *at++;

	for (; *at && *at != quote; at++) {
		if (*at == '\\' && at[1])
			at++;
		*line += *at == '\n';
	}
	return *at ? at + 1 : at;
}

/* Blanks for a comment; its lines stay.  Slashes begin one only where a word
 * could begin: a path may have two in a row. */
static char *skip_comment(char *at, const char *begin, int *line)
{
	bool word = at > begin && !strchr(" \t\r\n{}=,;", at[-1]);
	bool block = at[0] == '/' && at[1] == '*' && !word;

	if (*at != '#' && !block && (at[0] != '/' || at[1] != '/' || word))
		return at + 1;
	for (; *at && (block || *at != '\n'); at++) {
		if (block && at[0] == '*' && at[1] == '/') {
			at[0] = at[1] = ' ';
			return at + 2;
		}
		if (*at == '\n')
			(*line)++;
		else
			*at = ' ';
	}
	return at;
}

/* Return: 0, or the line of a brace that is never closed. */
static int text_clean(char *text)
{
	int opened[DEPTH_MAX] = { 0 }, depth = 0, line = 1;

	for (char *at = text; *at;) {
		switch (*at) {
		case '"':
		case '\'':
			at = skip_string(at, &line);
			continue;
		case '#':
		case '/':
			at = skip_comment(at, text, &line);
			continue;
		case '{':
			if (depth < DEPTH_MAX)
				opened[depth] = line;
			depth++;
			break;
		case '}':
			depth -= depth > 0;
			break;
		case '\n':
			line++;
			break;
		default:
			break;
		}
		at++;
	}
	return depth ? opened[depth < DEPTH_MAX ? depth - 1 : DEPTH_MAX - 1] : 0;
}

/* Return: 0, or -errno after telling why unless that is -ENOMEM. */
static int parse(cfg_t *cfg, const char *path)
{
	char *text = text_read(path);
	FILE *file;
	int line, rc;

	if (!text) {
		rc = -errno;
		fprintf(stderr, "coprocd: cannot read %s: %s; name a configuration with --config\n",
			path, strerror(errno));
		return rc == -ENOMEM ? -EIO : rc;
	}
	line = text_clean(text);
	cfg->filename = strdup(path);
	file = fmemopen(text, strlen(text), "r");
	if (line) {
		fprintf(stderr, "coprocd: %s:%d: what begins here with '{' is never closed\n", path, line);
		rc = -EINVAL;
	} else if (!cfg->filename || !file) {
		rc = -ENOMEM;
	} else {
		/* complain() tells what it does not like. */
		rc = cfg_parse_fp(cfg, file) == CFG_SUCCESS ? 0 : -EINVAL;
	}
	if (file)
		fclose(file);
	free(text);
	return rc;
}

struct config *config_load(const char *path, const char *engine_dir)
{
	struct config *config = calloc(1, sizeof(*config));
	cfg_t *cfg = parser();
	int rc = config && cfg ? 0 : -ENOMEM;

	if (!rc)
		rc = parse(cfg, path);
	if (!rc)
		rc = take(config, cfg, engine_dir);
	if (rc == -ENOMEM)
		fprintf(stderr, "coprocd: out of memory while reading %s\n", path);
	if (cfg)
		cfg_free(cfg);
	if (rc) {
		config_free(config);
		return NULL;
	}
	return config;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (uint32_t i = 0; i < config->count && config->coprocessors; i++) {
		free(config->coprocessors[i].name);
		free(config->coprocessors[i].engine);
		free(config->coprocessors[i].allowed);
	}
	free(config->coprocessors);
	free(config->trace_file);
	free(config->engine_dir);
	free(config);
}

bool config_allows(const struct config_coprocessor *coprocessor, const uint8_t digest[32])
{
	if (coprocessor->any_firmware)
		return true;
	for (uint32_t i = 0; i < coprocessor->allowed_count; i++)
		if (!memcmp(coprocessor->allowed[i], digest, 32))
			return true;
	return false;
}
