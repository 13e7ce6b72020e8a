// SPDX-License-Identifier: MIT
/* xenstore: lies in each node the backend writes, versions, and what vanishes. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend.h"

#define TEXT_MAX        64u
#define LIES_MAX        16u

struct lies {
	char text[LIES_MAX][TEXT_MAX];
	unsigned int count;
};

__attribute__((format(printf, 2, 3)))
static void lie(struct lies *lies, const char *format, ...)
{
	va_list args;

	if (lies->count == LIES_MAX)
		return;
	va_start(args, format);
	vsnprintf(lies->text[lies->count++], TEXT_MAX, format, args);
	va_end(args);
}

static void lies_of_numbers(struct lies *lies, const struct coproc_node *node)
{
	unsigned long long high = node->high;

	lie(lies, "%s", "");
	lie(lies, "x");
	lie(lies, "-1");
	lie(lies, "+%llu", high);
	lie(lies, " %llu", high);
	lie(lies, "%llu ", high);
	lie(lies, "0%llu", high);
	lie(lies, "0x1");
	lie(lies, "%llu", high + 1);
	lie(lies, "18446744073709551617");
	lie(lies, "99999999999999999999999999999999999999");
	if (node->low)
		lie(lies, "%llu", (unsigned long long)node->low - 1);
}

/* What no reader may take for a value of this node. */
static void make_lies(struct lies *lies, const struct coproc_node *node)
{
	lies->count = 0;
	switch (node->type) {
	case COPROC_TYPE_WORD:
		lie(lies, "%s", "");
		lie(lies, "nonsense");
		lie(lies, "JOB");
		lie(lies, " job");
		break;
	case COPROC_TYPE_NUMBERS:
		lie(lies, "1,,2");
		lie(lies, "1;2");
		lie(lies, ",1");
		lie(lies, "1 ,2");
		if (node->required)
			lie(lies, "%s", "");
		break;
	case COPROC_TYPE_NAME:
		lie(lies, "%s", "");
		lie(lies, "a/b");
		lie(lies, "\033[2Jx");
		lie(lies, "%.*s", (int)node->high + 1, "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq");
		break;
	default:
		lies_of_numbers(lies, node);
		break;
	}
	if (node->required)
		lie(lies, "-");         /* left out */
}

static void node_case(struct bench *b, const struct coproc_node *node)
{
	static char names[64][48];
	static unsigned int used;
	char *name = names[used++ % 64];
	struct lies lies;
	unsigned int i;

	snprintf(name, sizeof(names[0]), "node-%s", node->name);
	if (!case_begin(b, name, "F-STORE-1"))
		return;
	make_lies(&lies, node);
	for (i = 0; i < lies.count && b->x; i++) {
		if (i && !played_reset(b->p))
			break;
		played_node(b->p, node->name, lies.text[i]);
		b->p->in_case = name;
		expect_refused(b, node->name);
		if (report_failing(b->report)) {
			report_check(b->report, false, "with the value '%s'", lies.text[i]);
			break;
		}
	}
	case_end(b);
}

static void nodes(struct bench *b)
{
	unsigned int i;

	for (i = 0; i < COPROC_NODES; i++)
		if (coproc_node[i].dir == COPROC_DIR_BACKEND &&
		    coproc_node[i].writer == COPROC_PARTY_BACKEND &&
		    coproc_node[i].type != COPROC_TYPE_STATE && coproc_node[i].type != COPROC_TYPE_TEXT)
			node_case(b, &coproc_node[i]);
}

/* A node may be absent where it has a default; the frontend connects. */
static void absent(struct bench *b)
{
	static const char *const optional[] = {
		"firmware-kinds", "local-memory", "feature-journal", "feature-save-area",
		"feature-cross-timeline", "feature-digest-load", "feature-firmware-signature", "error",
	};
	unsigned int i;

	if (!case_begin(b, "nodes-with-defaults-absent", "F-STORE-1 F-VER-2"))
		return;
	for (i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
		played_node(b->p, optional[i], "-");
	if (case_connect(b))
		expect_connected(b);
	case_end(b);
}

/* What this version does not know is no reason for anything. */
static void unknown(struct bench *b)
{
	if (!case_begin(b, "nodes-unknown", "F-VER-1 F-VER-2"))
		return;
	played_node(b->p, "feature-teleport", "1");
	played_node(b->p, "max-dreams", "not a number");
	played_node(b->p, "versions", "1,31,x-2,2");
	played_node(b->p, "firmware-kinds", "1,30,29");
	if (case_ready(b) && case_jobs(b, 4, "")) {
		ask_wait(b, 5000);
		expect_ended(b, b->first, 4, XENCOPROC_OK);
	}
	case_end(b);
}

static void versions(struct bench *b)
{
	static const char *const bad[] = { "2", "2,3,31", "31" };
	unsigned int i;
	char *error;

	if (case_begin(b, "versions-unknown-only", "F-NEG-1 F-VER-3")) {
		for (i = 0; i < 3 && b->x; i++) {
			if (i && !played_reset(b->p))
				break;
			played_node(b->p, "versions", bad[i]);
			report_check(b->report, ask(b, "open") == ANSWER_FAILED,
				     "versions '%s', and it connects", bad[i]);
			report_check(b->report, b->p->connections == 0, "it published its pages for "
				     "versions '%s'", bad[i]);
			error = played_read(b->p, "error");
			report_check(b->report, error && *error, "versions '%s': error is empty", bad[i]);
			free(error);
		}
		case_end(b);
	}
	if (case_begin(b, "versions-with-others", "F-NEG-1")) {
		played_node(b->p, "versions", "31,2,1");
		case_connect(b);
		error = played_read(b->p, "version");
		report_check(b->report, error && !strcmp(error, "1"), "of 31,2,1 it chose '%s'",
			     error ? error : "");
		free(error);
		case_end(b);
	}
}

/* ---- features ---- */

static void predecessor(struct bench *b)
{
	static const char *const names[] = { "journal", "save-area", "cross-timeline", "digest-load",
					     "firmware-signature" };
	char path[COPROC_PATH_SIZE + 64], *value;
	unsigned int i;

	if (!case_begin(b, "requests-of-a-predecessor", "F-NEG-2"))
		return;
	for (i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "%s/request-%s", b->p->peer_dir, names[i]);
		xs_write(b->p->xs, XBT_NULL, path, "1", 1);
	}
	if (case_connect(b)) {
		for (i = 0; i < 5; i++) {
			snprintf(path, sizeof(path), "request-%s", names[i]);
			value = played_read(b->p, path);
			report_check(b->report, value && !strcmp(value, "0"),
				     "%s, which a predecessor left as 1 and nobody advertises, is '%s'",
				     path, value ? value : "absent");
			free(value);
		}
	}
	case_end(b);
}

/* Fixed from InitWait on: what changes later changes nothing. */
static void changed_later(struct bench *b)
{
	static const char *const nodes_of[][2] = {
		{ "versions", "9" }, { "max-queues", "nonsense" }, { "max-contexts", "0" },
		{ "max-buffers", "1" }, { "max-operands", "4" }, { "max-ring-order", "5" },
		{ "feature-journal", "1" }, { "kind", "" }, { "weight", "7777" }, { "cap", "x" },
	};
	unsigned int i;

	if (!case_begin(b, "limits-changed-later", "F-NEG-3"))
		return;
	if (case_ready(b)) {
		for (i = 0; i < sizeof(nodes_of) / sizeof(nodes_of[0]); i++)
			played_write(b->p, nodes_of[i][0], nodes_of[i][1]);
		played_honest_event(b->p, XENCOPROC_EVENT_LIMITS, 0, 0, 0);
		played_publish_events(b->p);
		if (must(b, "events") && must(b, "make queue 512") && case_jobs(b, 64, "pieces=9")) {
			ask_wait(b, 5000);
			expect_ended(b, b->first, 64, XENCOPROC_OK);
		}
		report_check(b->report, b->p->connections == 1 && b->p->both, "the connection was given up");
	}
	case_end(b);
}

/* ---- what vanishes ---- */

static void vanish_case(struct bench *b, const char *name, bool frontend_too)
{
	enum answer a;

	if (!case_begin(b, name, "F-STORE-4"))
		return;
	b->p->hold_jobs = true;
	if (case_ready(b) && case_jobs(b, 4, "") && until_held(b, 4)) {
		ask_begin(b, "wait 8000");
		played_run(b->p, 10);
		b->p->follow = b->p->serve = false;
		played_end(b->p);
		played_remove(b->p, true, frontend_too);
		a = ask_wait_end(b);
		report_check(b->report, a == ANSWER_OK, "'wait' gives %s: %s", answer_text(a), b->text);
		expect_all_ended(b);
		expect_ended(b, b->first, 4, XENCOPROC_LOST);
		b->p->follow = b->p->serve = true;
		b->p->hold_jobs = false;
		if (!frontend_too)
			played_remove(b->p, false, true);
		played_attach(b->p);
		if (must(b, "wait-connected") && case_jobs(b, 4, "")) {
			ask_wait(b, 5000);
			expect_ended(b, b->first, 4, XENCOPROC_OK);
		}
	}
	case_end(b);
}

/* The toolstack's nodes are not the frontend's to write. */
static void not_its_own(struct bench *b)
{
	static const char *const names[] = { "backend", "backend-id" };
	char *before[2], *after;
	unsigned int i;

	if (!case_begin(b, "nodes-of-the-toolstack", "F-STORE-4"))
		return;
	for (i = 0; i < 2; i++)
		before[i] = played_read(b->p, names[i]);
	case_connect(b);
	must(b, "close");
	for (i = 0; i < 2; i++) {
		after = played_read(b->p, names[i]);
		report_check(b->report, before[i] && after && !strcmp(before[i], after),
			     "%s was changed to '%s'", names[i], after ? after : "nothing");
		free(before[i]);
		free(after);
	}
	case_end(b);
}

void cases_store(struct bench *b)
{
	nodes(b);
	absent(b);
	unknown(b);
	versions(b);
	predecessor(b);
	changed_later(b);
	vanish_case(b, "backend-directory-vanishes", false);
	vanish_case(b, "both-directories-vanish", true);
	not_its_own(b);
}
