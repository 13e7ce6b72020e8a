// SPDX-License-Identifier: MIT
/*
 * B8: each node of the backend's directory lies, by its row in nodes.tbl: all
 * that the type forbids is refused, with the node's name; the least and the
 * greatest value that the row allows are taken.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "liar.h"
#include "xenstore-schema/node-table.h"

static unsigned int good, all;

static void lie(struct liar *l, const struct coproc_node *node, const void *value, size_t length,
		bool refused)
{
	bool right;

	for (int i = 0; i < 3; i++) {
		liar_fresh(l);
		/* liar_fresh() advertised the truth; the frontend is in 6 and looks at nothing. */
		liar_state(l, "1");
		l->node = node->name;
		l->value = value;
		l->length = length;
		play(l, BOARD_OPEN, 0);
		/* A machine may stand still once for seconds; what never ends does each time. */
		if (!board->over)
			break;
	}
	right = !board->over && (refused ? board->open_rc == -EPROTO && strstr(board->reason, node->name)
					 : board->open_rc == 0);
	for (const char *c = board->reason; *c; c++)
		right = right && *c >= 32 && *c < 127;
	all++;
	good += right;
	if (!right)
		printf("# %s (%zu bytes, \"%.20s\"): open %d, %s\n", node->name, length,
		       value ? (const char *)value : "(absent)", board->open_rc, board->reason);
	l->node = NULL;
}

static void say(struct liar *l, const struct coproc_node *node, const char *text, bool refused)
{
	lie(l, node, text, strlen(text), refused);
}

/* What no node of any type may be. */
static void rubbish(struct liar *l, const struct coproc_node *node)
{
	static char huge[3000];

	memset(huge, '1', sizeof(huge));
	lie(l, node, huge, sizeof(huge), true);
	if (node->type == COPROC_TYPE_TEXT)
		return;
	lie(l, node, "1\0", 2, true);
	lie(l, node, "\377\376\200", 3, true);
	say(l, node, "\033[2J", true);
	say(l, node, " 1", true);
	say(l, node, "1\n", true);
}

static void number(struct liar *l, const struct coproc_node *node)
{
	static const char *const wrong[] = { "-1", "+1", "01", "0x1", "1.0", "1e3", "one",
					     "99999999999999999999999999" };
	char text[24];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		say(l, node, wrong[i], true);
	if (node->low > 0) {
		snprintf(text, sizeof(text), "%" PRIu64, node->low - 1);
		say(l, node, text, true);
	}
	snprintf(text, sizeof(text), "%" PRIu64, node->high + 1);
	say(l, node, text, true);
	say(l, node, "4294967296", node->high < 4294967296ull);
	say(l, node, "18446744073709551615", true);
	/* Those two have to fit each other. */
	if (strstr(node->name, "realtime"))
		return;
	snprintf(text, sizeof(text), "%" PRIu64, node->low);
	say(l, node, text, false);
	snprintf(text, sizeof(text), "%" PRIu64, node->high);
	say(l, node, text, false);
}

static void of_type(struct liar *l, const struct coproc_node *node)
{
	switch (node->type) {
	case COPROC_TYPE_WORD:
		say(l, node, "nonesuch", true);
		say(l, node, "", true);
		say(l, node, "Job", true);
		break;
	case COPROC_TYPE_NUMBERS:
		say(l, node, ",", true);
		say(l, node, "1,,2", true);
		say(l, node, "1,", true);
		say(l, node, "1 ,2", true);
		say(l, node, "1,future-9,31", false);
		break;
	case COPROC_TYPE_NAME:
		say(l, node, "", true);
		say(l, node, "a/b", true);
		say(l, node, "a b", true);
		say(l, node, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false);
		say(l, node, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true);
		break;
	case COPROC_TYPE_PATH:
		say(l, node, "", true);
		say(l, node, "relative", true);
		say(l, node, "/a//b", true);
		say(l, node, "/a/", true);
		break;
	case COPROC_TYPE_TEXT:
	case COPROC_TYPE_STATE:
		break;
	default:
		say(l, node, "", true);
		number(l, node);
		break;
	}
}

void attack_nodes(struct liar *l)
{
	for (size_t i = 0; i < COPROC_NODES; i++) {
		const struct coproc_node *node = &coproc_node[i];

		/* State nodes: liar-states.c; the frontend reads what it reads. */
		if (node->dir != COPROC_DIR_BACKEND || node->type == COPROC_TYPE_STATE)
			continue;
		if (quick && i % 3)
			continue;
		rubbish(l, node);
		of_type(l, node);
		lie(l, node, NULL, 0, node->required);
	}
	tap(good == all, "B8: %u of %u values of %u nodes were taken for what they are", good, all,
	    COPROC_DIR_BACKEND_NODES - 1);
	tap(honest(l), "B8: an honest backend is served as before");
}
