/* SPDX-License-Identifier: MIT */
/*
 * What a run of coproc-conform found: cases, and by them the rules of
 * coprocif.md that they try.
 *
 * A case names its rules, says what it checked with report_check(), and ends.
 * It failed when a check failed, passed when all its checks were good, and is
 * not applicable when it said so before it checked anything.  A case that
 * checked nothing failed.  A rule failed when any case that names it failed.
 *
 *	if (report_begin(r, "slot-reused", "B-QUEUE-2 B-QUEUE-4")) {
 *		...
 *		report_check(r, status == 17, "status: expected BAD_FIELD, came %u", status);
 *		report_end(r);
 *	}
 *
 * Each case is printed as it ends, so that a long run shows where it is.
 */
#ifndef TESTS_CONFORMANCE_REPORT_H
#define TESTS_CONFORMANCE_REPORT_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

enum report_exit {
	REPORT_PASSED           = 0,
	REPORT_FAILED           = 1,
	REPORT_USAGE            = 2,
	REPORT_UNREACHABLE      = 3     /* no connection at all: nothing is said of any rule */
};

#define REPORT_CHOSEN_MAX       64

/* Options that both peers have. */
struct report_options {
	bool json;
	bool list;
	const char *rule[REPORT_CHOSEN_MAX];    /* only cases that name one of them */
	unsigned int rules;
	const char *name[REPORT_CHOSEN_MAX];    /* only these cases */
	unsigned int names;
};

/* For getopt_long(); values from 256 on, a peer's own are letters. */
#define REPORT_LONG_OPTIONS \
	{ "json", no_argument, NULL, 256 }, \
	{ "list", no_argument, NULL, 257 }, \
	{ "rule", required_argument, NULL, 258 }, \
	{ "case", required_argument, NULL, 259 }

/* For --help. */
#define REPORT_OPTIONS_HELP \
	"  --rule RULE    only cases that try this rule; may be given several times\n" \
	"  --case NAME    only this case; may be given several times\n" \
	"  --list         say which cases there are, and the rules they try; run none\n" \
	"  --json         print one JSON object at the end instead of lines\n"

/**
 * report_option() - takes what getopt_long() returned
 * @options: is set by it
 * @option: getopt_long()'s value; its argument is optarg
 *
 * Return: whether it was one of REPORT_LONG_OPTIONS, and good.  What is wrong
 * with it is said on standard error.
 */
bool report_option(struct report_options *options, int option);

struct report;

/**
 * report_open() - begins a report
 * @side: whose rules are tried: 'B' a backend's, 'F' a frontend's
 * @options: as report_option() made them; kept by reference
 *
 * Return: the report, freed by report_close(); exits without memory.
 */
struct report *report_open(char side, const struct report_options *options);

/**
 * report_begin() - begins a case
 * @name: unique
 * @rules: names of rules, separated by spaces; each must stand in the text
 *
 * Return: false: it was not asked for, or is only listed; go on to the next
 * without report_end().
 */
bool report_begin(struct report *r, const char *name, const char *rules);

/* What is checked, and when it is not good, what was expected and what came.
 * Return: @good */
__attribute__((format(printf, 3, 4)))
bool report_check(struct report *r, bool good, const char *format, ...);

/* As a check that is not good, for a rule that the case need not name: what a
 * peer sees by the way.  That rule failed too. */
__attribute__((format(printf, 3, 4)))
void report_breach(struct report *r, const char *rule, const char *format, ...);

/* What was checked until here made the case ready and says nothing of its rules. */
void report_ready(struct report *r);

/* Why the case, or the rest of it, does not apply to this peer. */
__attribute__((format(printf, 2, 3)))
void report_na(struct report *r, const char *format, ...);

/* Return: whether a check of the case at hand has failed. */
bool report_failing(const struct report *r);

/* Return: whether the case passed or did not apply. */
bool report_end(struct report *r);

/**
 * report_close() - prints the rules and frees the report
 *
 * Rules of the side that no case names are listed as untested, with the reason
 * of unseen.md where it has one.
 *
 * Return: REPORT_PASSED or REPORT_FAILED; REPORT_USAGE when what --rule and
 * --case chose named no case.
 */
int report_close(struct report *r);

#endif /* TESTS_CONFORMANCE_REPORT_H */
