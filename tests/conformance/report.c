// SPDX-License-Identifier: MIT
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT_MAX        1024

enum verdict {
	UNTESTED,
	NOT_APPLICABLE,
	PASSED,
	FAILED
};

static const char *const verdict_word[] = { "untested", "n/a", "passed", "FAILED" };
static const char *const verdict_json[] = { "untested", "not-applicable", "passed", "failed" };

struct result {
	const char *name;
	const char *rules;
	enum verdict verdict;
	unsigned int checks;
	unsigned int setup;             /* of them, not the case's own */
	bool nothing;                   /* it said that it does not apply before its own first */
	unsigned int ms;                /* that it took; when it began, until it ended */
	char text[TEXT_MAX];
};

/* The rules of the text, made by rules.awk. */
static const struct rule {
	const char *name;
	const char *says;
	const char *unseen;             /* why no case can try it; NULL: one can */
} rules[] = {
#include "rules.inc"
};

#define RULES   (sizeof(rules) / sizeof(rules[0]))

struct report {
	const struct report_options *options;
	char side;
	struct result *results;
	unsigned int count;
	struct result *now;
	enum verdict verdict[RULES];
	unsigned int cases[RULES];
};

/* ---- options ---- */

static unsigned int now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned int)t.tv_sec * 1000u + (unsigned int)(t.tv_nsec / 1000000);
}

static bool choose(const char **list, unsigned int *count, const char *what)
{
	if (*count == REPORT_CHOSEN_MAX) {
		fprintf(stderr, "coproc-conform: more than %d of --rule or --case\n", REPORT_CHOSEN_MAX);
		return false;
	}
	list[(*count)++] = what;
	return true;
}

static const struct rule *find_rule(const char *name, size_t length)
{
	for (size_t i = 0; i < RULES; i++)
		if (strlen(rules[i].name) == length && !memcmp(rules[i].name, name, length))
			return &rules[i];
	return NULL;
}

bool report_option(struct report_options *options, int option)
{
	switch (option) {
	case 256:
		options->json = true;
		return true;
	case 257:
		options->list = true;
		return true;
	case 258:
		if (!find_rule(optarg, strlen(optarg))) {
			fprintf(stderr, "coproc-conform: %s is no rule of coprocif.md; rules look like B-RING-1\n",
				optarg);
			return false;
		}
		return choose(options->rule, &options->rules, optarg);
	case 259:
		return choose(options->name, &options->names, optarg);
	default:
		return false;
	}
}

/* ---- cases ---- */

struct report *report_open(char side, const struct report_options *options)
{
	struct report *r = calloc(1, sizeof(*r));

	if (!r) {
		fprintf(stderr, "coproc-conform: no memory\n");
		exit(REPORT_UNREACHABLE);
	}
	r->side = side;
	r->options = options;
	return r;
}

/* The next name of a list; NULL at its end. */
static const char *word(const char **list, size_t *length)
{
	const char *at = *list + strspn(*list, " ");

	*length = strcspn(at, " ");
	*list = at + *length;
	return *length ? at : NULL;
}

static bool names_rule(const char *list, const char *rule)
{
	const char *at;
	size_t length;

	while ((at = word(&list, &length)))
		if (strlen(rule) == length && !memcmp(at, rule, length))
			return true;
	return false;
}

static bool chosen(const struct report_options *o, const char *name, const char *list)
{
	for (unsigned int i = 0; i < o->names; i++)
		if (!strcmp(o->name[i], name))
			return true;
	for (unsigned int i = 0; i < o->rules; i++)
		if (names_rule(list, o->rule[i]))
			return true;
	return !o->names && !o->rules;
}

bool report_begin(struct report *r, const char *name, const char *list)
{
	const char *rest = list, *at;
	struct result *grown;
	size_t length;

	while ((at = word(&rest, &length))) {
		const struct rule *rule = find_rule(at, length);

		if (!rule) {
			fprintf(stderr, "coproc-conform: case %s names %.*s, which is no rule\n",
				name, (int)length, at);
			abort();
		}
		r->cases[rule - rules]++;
	}
	if (!chosen(r->options, name, list))
		return false;
	grown = realloc(r->results, (r->count + 1) * sizeof(*grown));
	if (!grown) {
		fprintf(stderr, "coproc-conform: no memory\n");
		exit(REPORT_UNREACHABLE);
	}
	r->results = grown;
	r->now = &grown[r->count++];
	memset(r->now, 0, sizeof(*r->now));
	r->now->name = name;
	r->now->rules = list;
	r->now->ms = now_ms();
	if (r->options->list && !r->options->json)
		printf("%-36s %s\n", name, list);
	return !r->options->list;
}

/* Reasons of one case stand one after the other, "; " between them. */
static void say(struct result *now, const char *rule, const char *format, va_list args)
{
	size_t used = strlen(now->text);

	if (used && used + 2 < sizeof(now->text)) {
		strcpy(now->text + used, "; ");
		used += 2;
	}
	vsnprintf(now->text + used, sizeof(now->text) - used, format, args);
	used = strlen(now->text);
	if (rule)
		snprintf(now->text + used, sizeof(now->text) - used, " (%s)", rule);
}

static void fail(struct result *now, const char *rule, const char *format, va_list args)
{
	if (now->verdict != FAILED)
		now->text[0] = '\0';
	now->verdict = FAILED;
	say(now, rule, format, args);
}

bool report_check(struct report *r, bool good, const char *format, ...)
{
	struct result *now = r->now;
	va_list args;

	now->checks++;
	if (good)
		return true;
	va_start(args, format);
	fail(now, NULL, format, args);
	va_end(args);
	return false;
}

void report_breach(struct report *r, const char *name, const char *format, ...)
{
	const struct rule *rule = find_rule(name, strlen(name));
	va_list args;

	va_start(args, format);
	fail(r->now, name, format, args);
	va_end(args);
	r->now->checks++;
	r->verdict[rule - rules] = FAILED;
}

void report_na(struct report *r, const char *format, ...)
{
	va_list args;

	if (r->now->verdict == FAILED)
		return;
	r->now->verdict = NOT_APPLICABLE;
	r->now->nothing = r->now->nothing || r->now->checks == r->now->setup;
	va_start(args, format);
	say(r->now, NULL, format, args);
	va_end(args);
}

void report_ready(struct report *r)
{
	r->now->setup = r->now->checks;
}

bool report_failing(const struct report *r)
{
	return r->now->verdict == FAILED;
}

bool report_end(struct report *r)
{
	struct result *now = r->now;
	const char *rest = now->rules, *at;
	size_t length;

	if (now->verdict != FAILED && now->checks && !now->nothing)
		now->verdict = PASSED;
	if (now->verdict == UNTESTED) {
		now->verdict = FAILED;
		strcpy(now->text, "nothing was checked");
	}
	now->ms = now_ms() - now->ms;
	while ((at = word(&rest, &length))) {
		enum verdict *v = &r->verdict[find_rule(at, length) - rules];

		if (now->verdict > *v)
			*v = now->verdict;
	}
	if (!r->options->json) {
		printf("%-7s %-36s %s (%u ms)\n", verdict_word[now->verdict], now->name, now->rules, now->ms);
		if (now->text[0])
			printf("        %s\n", now->text);
		fflush(stdout);
	}
	return now->verdict != FAILED;
}

/* ---- the end ---- */

static void put_json(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void put_json_rules(const char *list)
{
	const char *at;
	size_t length;

	putchar('[');
	for (bool first = true; (at = word(&list, &length)); first = false)
		printf("%s\"%.*s\"", first ? "" : ",", (int)length, at);
	putchar(']');
}

static void print_json(const struct report *r, const unsigned int count[])
{
	bool first = true;

	printf("{\"peer\":\"%s\",\"version\":1,\"passed\":%u,\"failed\":%u,\"not-applicable\":%u,"
	       "\n\"cases\":[", r->side == 'B' ? "backend" : "frontend", count[PASSED],
	       count[FAILED], count[NOT_APPLICABLE]);
	for (unsigned int i = 0; i < r->count; i++) {
		const struct result *c = &r->results[i];

		printf("%s\n{\"name\":", i ? "," : "");
		put_json(c->name);
		fputs(",\"rules\":", stdout);
		put_json_rules(c->rules);
		printf(",\"verdict\":\"%s\",\"checks\":%u,\"ms\":%u,\"text\":",
		       verdict_json[c->verdict], c->checks, c->ms);
		put_json(c->text);
		putchar('}');
	}
	fputs("],\n\"rules\":[", stdout);
	for (size_t i = 0; i < RULES; i++) {
		if (rules[i].name[0] != r->side)
			continue;
		printf("%s\n{\"rule\":\"%s\",\"verdict\":\"%s\",\"cases\":%u,\"unseen\":", first ? "" : ",",
		       rules[i].name, verdict_json[r->verdict[i]], r->cases[i]);
		if (rules[i].unseen)
			put_json(rules[i].unseen);
		else
			fputs("null", stdout);
		putchar('}');
		first = false;
	}
	puts("]}");
}

static void print_rules(const struct report *r, enum verdict verdict, const char *title)
{
	unsigned int n = 0;

	for (size_t i = 0; i < RULES; i++) {
		if (rules[i].name[0] != r->side || r->verdict[i] != verdict || (verdict == UNTESTED && r->cases[i]))
			continue;
		if (!n++)
			printf("\n%s:\n", title);
		if (verdict == FAILED)
			printf("  %-12s %s\n", rules[i].name, rules[i].says);
		else if (verdict == UNTESTED)
			printf("  %-12s %s\n", rules[i].name, rules[i].unseen ? rules[i].unseen : "no case yet");
		else
			printf("%s%s", n % 8 == 1 ? n > 1 ? "\n  " : "  " : " ", rules[i].name);
	}
	if (n && verdict != FAILED && verdict != UNTESTED)
		putchar('\n');
}

static void print_text(const struct report *r, const unsigned int count[])
{
	print_rules(r, PASSED, "Rules that passed");
	print_rules(r, NOT_APPLICABLE, "Rules that do not apply here");
	print_rules(r, UNTESTED, "Rules that no case tries");
	print_rules(r, FAILED, "Rules that FAILED");
	printf("\n%u cases passed, %u failed, %u not applicable\n", count[PASSED], count[FAILED],
	       count[NOT_APPLICABLE]);
}

int report_close(struct report *r)
{
	unsigned int count[4] = { 0 };
	int status;

	for (unsigned int i = 0; i < r->count; i++)
		count[r->results[i].verdict]++;
	if (!r->count) {
		fprintf(stderr, "coproc-conform: no case was chosen; --list says which there are\n");
		status = REPORT_USAGE;
	} else {
		if (r->options->json)
			print_json(r, count);
		else if (!r->options->list)
			print_text(r, count);
		status = count[FAILED] ? REPORT_FAILED : REPORT_PASSED;
	}
	free(r->results);
	free(r);
	return status;
}
