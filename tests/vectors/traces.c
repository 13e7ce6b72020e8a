// SPDX-License-Identifier: MIT
/*
 * Plays the ring and queue traces of protocol/vectors (format: its README.md)
 * against the ring and queue functions of either side.
 */
#include <stdlib.h>
#include <string.h>

#include "libcoproc-ring/queue.h"
#include "vector.h"

#define ENTRIES_MAX     (1u << XENCOPROC_ORDER_MAX)
#define REQUESTS_MAX    128

/* One trace at a time; what a peer would write is written here directly. */
static struct {
	char file[64];
	char name[80];
	bool open;
	bool good;
	char why[200];

	uint32_t entries;
	struct coproc_ring ring;
	struct coproc_client_queue client;
	struct coproc_server_queue server;
	struct coproc_shadow shadow[ENTRIES_MAX];
	struct coproc_live live[ENTRIES_MAX];
	struct xencoproc_cell fe[XENCOPROC_CELLS];
	struct xencoproc_cell be[XENCOPROC_CELLS];
	uint8_t sq[ENTRIES_MAX * XENCOPROC_SQE_SIZE] __attribute__((aligned(8)));
	uint8_t cq[ENTRIES_MAX * XENCOPROC_CQE_SIZE] __attribute__((aligned(8)));
	uint32_t peer_index;                    /* of the ring that the peer produces */
	int slot[REQUESTS_MAX];                 /* client: of request 1, 2, ... */
	bool ended[REQUESTS_MAX];
	uint64_t id[REQUESTS_MAX];
	unsigned int requests;
	uint64_t job_position, job_id, sq_index, cell_state, cell_tag;
} t;

#define SQ XENCOPROC_RING_SQ(1)
#define CQ XENCOPROC_RING_CQ(1)

static bool expect(const char *what, uint64_t got, uint64_t wanted)
{
	if (got != wanted)
		snprintf(t.why, sizeof(t.why), "%s: %llu, expected %llu", what,
			 (unsigned long long)got, (unsigned long long)wanted);
	return got == wanted;
}

static bool expect_text(const char *what, const char *got, const char *wanted)
{
	bool same = wanted && !strcmp(got, wanted);

	if (!same)
		snprintf(t.why, sizeof(t.why), "%s: %s, expected %s", what, got, wanted ? wanted : "?");
	return same;
}

static uint64_t number(const char *text)
{
	uint64_t value = 0;

	if (!text || !vector_number(text, &value)) {
		t.good = false;
		snprintf(t.why, sizeof(t.why), "\"%s\" is no number", text ? text : "");
	}
	return value;
}

static uint32_t word(const char *text)
{
	return (uint32_t)number(text);
}

static void start_at(struct coproc_ring *ring, struct xencoproc_cell *peer, uint32_t index)
{
	ring->index = ring->published = ring->limit = index;
	ring->own->index = index;
	peer->index = index;
}

/* ---- rings ---- */

static bool ring_begin(char **arg)
{
	memset(t.fe, 0xee, sizeof(t.fe));
	memset(t.be, 0, sizeof(t.be));
	t.entries = word(arg[2]);
	coproc_ring_init(&t.ring, &t.fe[0], &t.be[0], t.cq, t.entries, XENCOPROC_CQE_SIZE);
	if (!expect("own cell's index", t.fe[0].index, 0) || !expect("own event", t.fe[0].event, 0))
		return false;
	start_at(&t.ring, &t.be[0], word(arg[3]));
	return true;
}

/* "pending 5", "room broken index" */
static bool ring_count(char **arg, uint32_t got)
{
	if (strcmp(arg[1], "broken") != 0)
		return expect_text(arg[0], vector_broken_name(t.ring.broken), "OK") &&
		       expect(arg[0], got, number(arg[1]));
	return expect(arg[0], got, 0) && expect_text(arg[0], vector_broken_name(t.ring.broken) + 7, arg[2]);
}

static bool ring_step(char **arg)
{
	uint8_t message[XENCOPROC_CQE_SIZE] __attribute__((aligned(8)));
	bool flag;
	uint32_t i;

	if (strcmp(arg[0], "peer-index") == 0) {
		t.be[0].index = word(arg[1]);
		return true;
	}
	if (strcmp(arg[0], "peer-event") == 0) {
		t.be[0].event = word(arg[1]);
		return true;
	}
	if (strcmp(arg[0], "pending") == 0)
		return ring_count(arg, coproc_ring_pending(&t.ring));
	if (strcmp(arg[0], "room") == 0)
		return ring_count(arg, coproc_ring_room(&t.ring));
	if (strcmp(arg[0], "take") == 0) {
		for (i = word(arg[1]); i; i--) {
			/* each message says where it should come from */
			memset(t.cq + (t.ring.index & (t.entries - 1)) * sizeof(message), (int)i, 32);
			coproc_ring_take(&t.ring, message);
			if (!expect("message", message[31], i & 0xff))
				return false;
		}
		return true;
	}
	if (strcmp(arg[0], "put") == 0) {
		for (i = word(arg[1]); i; i--) {
			memset(message, (int)i, sizeof(message));
			coproc_ring_put(&t.ring, message);
			if (!expect("slot", t.cq[((t.ring.index - 1) & (t.entries - 1)) * sizeof(message)],
				    i & 0xff))
				return false;
		}
		return true;
	}
	if (strcmp(arg[0], "consumed") == 0) {
		coproc_ring_consumed(&t.ring);
		return expect("own index", t.fe[0].index, number(arg[1]));
	}
	if (strcmp(arg[0], "event") == 0)
		return expect("own event", t.fe[0].event, number(arg[1]));
	if (strcmp(arg[0], "arm") == 0 || strcmp(arg[0], "publish") == 0) {
		flag = *arg[0] == 'a' ? coproc_ring_arm(&t.ring) : coproc_ring_publish(&t.ring);
		return expect(arg[0], *arg[0] == 'a' ? t.fe[0].event : t.fe[0].index, number(arg[1])) &&
		       expect_text(arg[0], flag ? "yes" : "no", arg[2]);
	}
	snprintf(t.why, sizeof(t.why), "%s is no step of a ring", arg[0]);
	return false;
}

/* ---- the backend's side of a queue ---- */

static void server_begin(char **arg)
{
	uint32_t order = 0, index = arg[3] ? word(arg[3]) : 0;

	while (1u << order < t.entries)
		order++;
	coproc_server_init(&t.server, t.be, t.fe, 1, order, t.sq, t.cq, t.live);
	start_at(&t.server.sq, &t.fe[SQ], index);
	start_at(&t.server.cq, &t.fe[CQ], index);
	t.peer_index = index;
}

static void submit(uint32_t slot, uint64_t id)
{
	struct coproc_request request = { .op = XENCOPROC_OP_NOP, .slot = (uint16_t)slot, .id = id };

	coproc_request_encode(&request, (struct xencoproc_sqe *)(t.sq + (t.peer_index & (t.entries - 1)) *
								XENCOPROC_SQE_SIZE));
	t.fe[SQ].index = ++t.peer_index;
}

static bool server_take(char **arg)
{
	struct xencoproc_sqe sqe;
	int got = coproc_server_take(&t.server, &sqe);

	if (strcmp(arg[1], "none") == 0)
		return expect("taken", (uint64_t)got, 0);
	if (strcmp(arg[1], "broken") == 0)
		return expect("taken", (uint64_t)got, (uint64_t)-1) &&
		       expect_text("broken", vector_broken_name(coproc_server_broken(&t.server)) + 7, arg[2]);
	return expect("taken", (uint64_t)got, 1) && expect("slot", coproc_sqe_slot(&sqe), number(arg[1]));
}

static bool complete(uint32_t slot, const char *status)
{
	struct coproc_completion c = { .slot = (uint16_t)slot };
	bool refused = strcmp(status, "refused") == 0;

	if (!refused)
		c.status = (uint16_t)vector_status(status);
	return expect("completed", coproc_server_complete(&t.server, &c), !refused);
}

static bool check_cqe(char **arg)
{
	struct coproc_completion c;
	uint32_t at = word(arg[1]) & (t.entries - 1);
	int why = coproc_completion_decode((struct xencoproc_cqe *)(t.cq + at * XENCOPROC_CQE_SIZE), &c);

	return expect("decoded", (uint64_t)why, COPROC_NOT_BROKEN) && expect("slot", c.slot, number(arg[2])) &&
	       expect_text("status", vector_status_name(c.status), arg[3]) &&
	       expect("id", c.id, number(arg[4]));
}

static bool server_step(char **arg)
{
	char text[16];
	char *one[] = { arg[0], text, NULL };
	bool flag, good = true;
	uint32_t i;

	if (strcmp(arg[0], "submit") == 0) {
		submit(word(arg[1]), number(arg[2]));
	} else if (strcmp(arg[0], "submit-all") == 0) {
		for (i = 0; i < word(arg[2]); i++)
			submit(word(arg[1]) + i, word(arg[1]) + i);
	} else if (strcmp(arg[0], "take") == 0) {
		good = server_take(arg);
	} else if (strcmp(arg[0], "take-all") == 0) {
		for (i = 0; good && i < word(arg[2]); i++) {
			snprintf(text, sizeof(text), "%u", word(arg[1]) + i);
			good = server_take(one);
		}
	} else if (strcmp(arg[0], "complete") == 0) {
		good = complete(word(arg[1]), arg[2]);
	} else if (strcmp(arg[0], "complete-all") == 0) {
		for (i = 0; good && i < word(arg[2]); i++)
			good = complete(word(arg[1]) + i, "OK");
	} else if (strcmp(arg[0], "consumed") == 0) {
		coproc_server_consumed(&t.server);
		good = expect("own SQ index", t.be[SQ].index, number(arg[1]));
	} else if (strcmp(arg[0], "sq-consumed") == 0) {
		good = expect("own SQ index", t.be[SQ].index, number(arg[1]));
	} else if (strcmp(arg[0], "publish") == 0) {
		flag = coproc_server_publish(&t.server);
		good = expect("own CQ index", t.be[CQ].index, number(arg[1])) &&
		       expect_text("publish", flag ? "yes" : "no", arg[2]);
	} else if (strcmp(arg[0], "peer-consumed") == 0) {
		t.fe[CQ].index = word(arg[1]);
	} else if (strcmp(arg[0], "cqe") == 0) {
		good = check_cqe(arg);
	} else {
		snprintf(t.why, sizeof(t.why), "%s is no step of a server", arg[0]);
		good = false;
	}
	return good;
}

/* ---- the frontend's side ---- */

static void client_begin(char **arg)
{
	uint32_t order = 0, index = arg[3] ? word(arg[3]) : 0;

	while (1u << order < t.entries)
		order++;
	coproc_client_init(&t.client, t.fe, t.be, 1, order, t.sq, t.cq, t.shadow);
	start_at(&t.client.sq, &t.be[SQ], index);
	start_at(&t.client.cq, &t.be[CQ], index);
	t.peer_index = index;
	t.requests = 0;
}

static bool client_put(uint64_t id)
{
	struct coproc_request request = { .op = XENCOPROC_OP_NOP, .id = id };
	int slot = coproc_client_put(&t.client, &request);
	unsigned int i;

	if (!expect("put", slot >= 0 && (uint32_t)slot < t.entries, 1))
		return false;
	/* F-QUEUE-1: no other live request has it */
	for (i = 0; i < t.requests; i++)
		if (t.slot[i] == slot && !t.ended[i])
			return expect("slot of a live request", (uint64_t)slot, (uint64_t)-1);
	t.id[t.requests] = id;
	t.ended[t.requests] = false;
	t.slot[t.requests++] = slot;
	return true;
}

static void answer(uint32_t slot, uint64_t id, const char *status)
{
	struct coproc_completion c = { .slot = (uint16_t)slot, .id = id };

	c.status = (uint16_t)(strncmp(status, "status-", 7) == 0 ? atoi(status + 7) : vector_status(status));
	coproc_completion_encode(&c, (struct xencoproc_cqe *)(t.cq + (t.peer_index & (t.entries - 1)) *
							     XENCOPROC_CQE_SIZE));
	t.be[CQ].index = ++t.peer_index;
}

static bool client_take(char **arg)
{
	struct coproc_completion c;
	int got = coproc_client_take(&t.client, &c);
	uint32_t r;

	if (strcmp(arg[1], "none") == 0)
		return expect("taken", (uint64_t)got, 0);
	if (strcmp(arg[1], "broken") == 0)
		return expect("taken", (uint64_t)got, (uint64_t)-1) &&
		       expect_text("broken", vector_broken_name(coproc_client_broken(&t.client)) + 7, arg[2]);
	r = word(arg[1]) - 1;
	if (!expect("taken", (uint64_t)got, 1) || !expect("slot", c.slot, (uint64_t)t.slot[r]) ||
	    !expect("id", c.id, t.id[r]) || !expect_text("status", vector_status_name(c.status), arg[2]))
		return false;
	t.ended[r] = true;
	return true;
}

static uint32_t other_slot(void)
{
	uint32_t slot;
	unsigned int i;

	for (slot = 0; slot < t.entries; slot++) {
		for (i = 0; i < t.requests && (t.ended[i] || t.slot[i] != (int)slot); i++)
			;
		if (i == t.requests)
			return slot;
	}
	return slot;
}

static bool client_puts(char **arg)
{
	struct coproc_request request = { .op = XENCOPROC_OP_NOP };
	bool good = true;
	uint32_t i;

	if (strcmp(arg[0], "put-all") == 0) {
		for (i = 0; good && i < word(arg[2]); i++)
			good = client_put(number(arg[1]) + i);
		return good;
	}
	if (strcmp(arg[1], "full") == 0)
		return expect("put", (uint64_t)coproc_client_put(&t.client, &request), (uint64_t)-1);
	return client_put(number(arg[1]));
}

static bool client_step(char **arg)
{
	bool flag;
	uint32_t r;

	if (strncmp(arg[0], "put", 3) == 0)
		return client_puts(arg);
	if (strcmp(arg[0], "publish") == 0) {
		flag = coproc_client_publish(&t.client);
		return expect("own SQ index", t.fe[SQ].index, number(arg[1])) &&
		       expect_text("publish", flag ? "yes" : "no", arg[2]);
	}
	if (strcmp(arg[0], "answer") == 0 || strcmp(arg[0], "answer-id") == 0) {
		r = word(arg[1]) - 1;
		if (arg[0][6])
			answer((uint32_t)t.slot[r], number(arg[2]), arg[3]);
		else
			answer((uint32_t)t.slot[r], t.id[r], arg[2]);
		return true;
	}
	if (strcmp(arg[0], "answer-slot") == 0) {
		answer(strcmp(arg[1], "other") == 0 ? other_slot() : word(arg[1]), number(arg[2]), arg[3]);
		return true;
	}
	if (strcmp(arg[0], "cq-index") == 0) {
		t.be[CQ].index = word(arg[1]);
		return true;
	}
	if (strcmp(arg[0], "take") == 0)
		return client_take(arg);
	if (strcmp(arg[0], "cq-consumed") == 0)
		return expect("own CQ index", t.fe[CQ].index, number(arg[1]));
	snprintf(t.why, sizeof(t.why), "%s is no step of a client", arg[0]);
	return false;
}

/* ---- the journal ---- */

/*
 * Section 11's table as the text has it.  Until a frontend has this function
 * of its own, this holds the traces to the text.
 */
static const char *verdict(bool restartable)
{
	bool behind = (uint32_t)((uint32_t)t.sq_index - (uint32_t)t.job_position - 1) < t.entries;

	if (!behind && (t.cell_state == XENCOPROC_JOURNAL_FREE ||
			t.cell_state == XENCOPROC_JOURNAL_ACCEPTED))
		return "again";
	if (behind && t.cell_state == XENCOPROC_JOURNAL_ACCEPTED && t.cell_tag == (uint32_t)t.job_id)
		return "again";
	return restartable ? "again" : "lost";
}

static bool journal_step(char **arg)
{
	if (strcmp(arg[0], "job") == 0) {
		t.job_position = number(arg[1]);
		t.job_id = number(arg[2]);
		return true;
	}
	if (strcmp(arg[0], "sq-index") == 0) {
		t.sq_index = number(arg[1]);
		return true;
	}
	if (strcmp(arg[0], "cell") == 0) {
		t.cell_state = number(arg[1]);
		t.cell_tag = number(arg[2]);
		return true;
	}
	return strcmp(arg[0], "verdict") == 0 && expect_text("not restartable", verdict(false), arg[1]) &&
	       expect_text("restartable", verdict(true), arg[2]);
}

/* ---- files ---- */

static bool (*step)(char **arg);

static bool begin(char **arg)
{
	memset(t.fe, 0, sizeof(t.fe));
	memset(t.be, 0, sizeof(t.be));
	if (strcmp(arg[0], "ring") == 0) {
		step = ring_step;
		return ring_begin(arg);
	}
	if (strcmp(arg[0], "journal") == 0) {
		step = journal_step;
		t.entries = word(arg[1]);
		return true;
	}
	t.entries = word(arg[2]);
	step = strcmp(arg[1], "server") == 0 ? server_step : client_step;
	if (step == server_step)
		server_begin(arg);
	else
		client_begin(arg);
	return strcmp(arg[0], "queue") == 0;
}

static void finish(void)
{
	if (t.open)
		tap_result(t.good && step, t.file, t.name, t.why);
	t.open = false;
	step = NULL;
}

static void run_line(char *line)
{
	static const char none[] = "";
	char *arg[6] = { 0 };
	unsigned int i;

	for (i = 0; i < 5 && (arg[i] = strtok(i ? NULL : line, " \n")); i++)
		;
	if (!arg[0] || *arg[0] == '#')
		return;
	if (strcmp(arg[0], "trace") == 0) {
		finish();
		snprintf(t.name, sizeof(t.name), "%s", arg[1] ? arg[1] : none);
		t.open = t.good = true;
		return;
	}
	if (strcmp(arg[0], "about") == 0 || strcmp(arg[0], "rule") == 0 || !t.good || !t.open)
		return;
	if (!(step ? step : begin)(arg))
		t.good = false;
}

static void run_file(FILE *in, const char *path)
{
	char line[VECTOR_LINE_MAX];

	snprintf(t.file, sizeof(t.file), "%s", strrchr(path, '/') + 1);
	while (fgets(line, sizeof(line), in))
		run_line(line);
	finish();
}

int main(void)
{
	vector_each_file(".trace", run_file);
	return tap_done();
}
