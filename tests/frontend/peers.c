// SPDX-License-Identifier: MIT
/*
 * libcoproc's interface against backends of all sorts: each case is a new domain
 * that runs frontend-guest with the name of what it expects.  Runs as domain 0
 * of a loopback world: see peers.sh.
 *
 * The backend is the one that coproc-conform plays; that tool shows that rules
 * are kept, this one what the library's callers see of it.  Jobs: entry 0 copies
 * piece 0 to piece 1 and gives its length, entry 1 gives the immediate + 1, entry
 * 2 fails with code 7, entry 3 gives the sum of the lengths of its pieces, entry
 * 9 waits to be cancelled.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcoproc-ring/wire.h"
#include "peers.h"

#define CASE_SECONDS    180     /* a busy machine, and sanitizers */
#define AFTER           20u     /* jobs, before the lie is told */

struct test {
	const char *name;
	const char *guest;              /* what frontend-guest is to expect */
	const char *argument;
	void (*setup)(struct played *p);
	played_hook *lie;               /* in the place of the answer to a job */
	bool after_close;               /* what is kept mapped must not change */
	bool fails;                     /* the frontend's own surroundings do */
	bool no_device;
};

/* What one case has. */
struct play {
	const struct test *test;
	unsigned int jobs;
	bool lied;
	unsigned int successor_in;      /* turns */
	bool until_called;      /* it stays away until the guest calls for it */
	unsigned int flaps;
	bool flapping;
	uint64_t seed;
	uint64_t next;          /* when it scribbles again, microseconds */
};

/* ---- honest jobs ---- */

static uint16_t copy(struct played *p, const struct coproc_operand *o, uint64_t *result)
{
	struct played_buffer *from = &p->buffer[o[0].buffer], *to = &p->buffer[o[1].buffer];
	uint16_t status;

	*result = o[0].length < o[1].length ? o[0].length : o[1].length;
	if (!from->exists || !to->exists)
		return XENCOPROC_BAD_OBJECT;
	status = (uint16_t)coproc_operand_inside(&o[0], from->pages * 4096ul, from->access);
	if (status == XENCOPROC_OK)
		status = (uint16_t)coproc_operand_inside(&o[1], to->pages * 4096ul, to->access);
	if (status == XENCOPROC_OK)
		memcpy(to->data + o[1].offset, from->data + o[0].offset, *result);
	return status;
}

static uint16_t sum(struct played *p, const struct coproc_operand *table, uint64_t *result)
{
	const struct played_buffer *b = &p->buffer[table->buffer];
	struct xencoproc_operand wire;
	struct coproc_operand o;
	uint16_t status = XENCOPROC_OK;
	uint32_t at;

	if (!b->exists)
		return XENCOPROC_BAD_OBJECT;
	for (at = 0; at < table->length && status == XENCOPROC_OK; at += sizeof(wire)) {
		memcpy(&wire, b->data + table->offset + at, sizeof(wire));
		status = (uint16_t)coproc_operand_decode(&wire, &p->limits, &o);
		if (status == XENCOPROC_OK)
			status = (uint16_t)coproc_operand_inside(&o, p->buffer[o.buffer].pages * 4096ul,
								 p->buffer[o.buffer].access);
		*result += o.length;
	}
	return status;
}

/* Whether it was no job of entry 1, which the played backend answers itself. */
static bool run(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	uint64_t result = 0;
	uint16_t status;

	switch (r->u.job.entry) {
	case 0:
		status = copy(p, r->u.job.operand, &result);
		break;
	case 2:
		status = XENCOPROC_FAILED;
		result = 7;
		break;
	case 3:
		status = sum(p, &r->u.job.operand[0], &result);
		break;
	case 9:
		played_hold(p, q, r);
		return true;
	default:
		return false;
	}
	if (r->flags & XENCOPROC_JOB_F_SIGNAL)
		p->context[r->u.job.context].timeline = r->u.job.signal_value;
	played_complete(p, q, r->slot, status, result);
	return true;
}

static bool on_request(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct play *play = p->note;

	if (r->op != XENCOPROC_OP_JOB)
		return false;
	if (play->test->lie && !play->lied && play->jobs++ == AFTER) {
		play->lied = true;
		return play->test->lie(p, q, r);
	}
	return run(p, q, r);
}

/* ---- lies ---- */

static void successor(struct played *p)
{
	played_end(p);
	p->follow = p->serve = true;
	played_advertise(p);
}

bool peers_honest(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	return on_request(p, q, r);
}

void peers_successor(struct played *p)
{
	successor(p);
}

void peers_away(struct played *p)
{
	struct play *play = p->note;

	p->serve = p->follow = false;
	play->until_called = true;
	played_end(p);
	played_state(p, COPROC_STATE_CLOSED);
}

static bool wrong_id(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct xencoproc_cqe cqe = { .id = wire64(r->id + 1), .slot = wire16(r->slot) };

	played_put(p, q, &cqe);
	played_publish(p, q);
	return true;
}

static bool far_index(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct xencoproc_cell *cell = &p->be[XENCOPROC_RING_CQ(q->number)];

	played_publish(p, q);
	cell->index = wire32(q->published + q->entries + 1);
	played_notify(p, q);
	p->serve = false;       /* the next true index would hide it */
	return true;
}

static bool bad_event(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	played_honest_event(p, 99, 0, 0, 0);
	played_publish_events(p);
	return true;
}

static bool restart(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	successor(p);
	return true;
}

static bool closing(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct play *play = p->note;

	played_state(p, COPROC_STATE_CLOSING);
	played_complete(p, q, r->slot, XENCOPROC_OK, 5);
	play->successor_in = 100;
	return true;
}

static bool silent(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct play *play = p->note;

	played_consume(p, q);   /* what was taken may have started */
	p->serve = p->follow = false;
	play->successor_in = 400;
	return true;
}

static bool flap(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct play *play = p->note;

	p->serve = p->follow = false;
	play->flapping = true;
	return true;
}

static bool vanish(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	p->serve = p->follow = false;
	played_end(p);
	played_remove(p, true, false);
	return true;
}

static bool deny(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	if (r->op == XENCOPROC_OP_CTX_CREATE)
		played_complete(p, q, r->slot, XENCOPROC_NO_QUOTA, 0);
	else if (r->op == XENCOPROC_OP_FW_LOAD)
		played_complete(p, q, r->slot, XENCOPROC_DENIED, 42);
	else
		return false;
	return true;
}

static bool deny_second(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	return (p->connections == 2 && deny(p, q, r)) || on_request(p, q, r);
}

/* Takes none from here on, and does not come back before it is called. */
static bool stand_still(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct play *play = p->note;

	p->serve = p->follow = false;
	play->until_called = true;
	return true;
}

static bool asked_weight(const struct coproc_request *r)
{
	return r->op == XENCOPROC_OP_QUERY && r->u.query.what == XENCOPROC_QUERY_WEIGHT;
}

/* With all that says where it was, or with the whole device. */
static bool vanish_when_asked(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct play *play = p->note;

	if (!asked_weight(r))
		return on_request(p, q, r);
	p->serve = p->follow = false;
	played_end(p);
	played_remove(p, true, !strcmp(play->test->guest, "removed"));
	return true;
}

/* The next one allows less. */
static bool shrink_when_asked(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	if (!asked_weight(r))
		return on_request(p, q, r);
	played_node(p, "max-contexts", "1");
	successor(p);
	return true;
}

static bool refuse_ends(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	if (r->op != XENCOPROC_OP_CTX_DESTROY && r->op != XENCOPROC_OP_BUF_RELEASE &&
	    r->op != XENCOPROC_OP_FW_UNLOAD)
		return on_request(p, q, r);
	played_complete(p, q, r->slot, XENCOPROC_BAD_OBJECT, 0);
	return true;
}

/* Five events lost, by the sequence alone; and then all is different. */
static bool lose_events(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct play *play = p->note;
	uint64_t value;

	if (r->op != XENCOPROC_OP_QUERY)
		return on_request(p, q, r);
	if (asked_weight(r)) {
		play->lied = true;
		p->event_sequence += 5;
		played_honest_event(p, XENCOPROC_EVENT_LIMITS, 0, 0, 0);
		played_publish_events(p);
		return false;
	}
	if (!play->lied)
		return false;
	value = r->u.query.what == XENCOPROC_QUERY_DEVICE ? XENCOPROC_DEVICE_STOPPED :
		r->u.query.what == XENCOPROC_QUERY_CONTEXT ? 8 : 2;
	played_complete(p, q, r->slot, XENCOPROC_OK, value);
	return true;
}

/* Gone, instead of an answer to the last question of a caller that asks much. */
static bool go_when_asked(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	if (!asked_weight(r))
		return on_request(p, q, r);
	successor(p);
	return true;
}

/* ---- what goes on all the time ---- */

static bool was_called(struct played *p)
{
	char *go = played_read(p, "go");

	free(go);
	return go != NULL;
}

static void each_turn(struct played *p)
{
	static const unsigned int states[] = { 5, 2, 6, 4, 0, 1, 3, 7, 8, 2 };
	struct play *play = p->note;

	if (play->flapping) {
		played_state(p, states[play->flaps % 10]);
		if (++play->flaps == 200) {
			play->flapping = false;
			successor(p);
		}
	}
	if (play->successor_in && --play->successor_in == 0)
		successor(p);
	if (play->until_called && was_called(p)) {
		play->until_called = false;
		successor(p);
	}
	/* After a broken ring its caller connects again. */
	if (!p->connected && !play->flapping && !play->successor_in && !play->until_called && p->follow)
		p->serve = true;
}

static uint32_t random32(struct play *play)
{
	play->seed = play->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(play->seed >> 32);
}

/* One word, somewhere; small numbers are likelier to look true. */
static void scribble_turn(struct played *p)
{
	static const uint32_t masks[] = { 0xffffffff, 0xffff, 0xff, 0x1f };
	struct play *play = p->note;
	uint32_t q = random32(play) % 5;
	uint32_t *page[4], *at;

	if (!p->both || !play->lied || played_now() < play->next)
		return;
	play->next = played_now() + random32(play) % 16000;
	page[0] = (uint32_t *)p->be;
	page[1] = (uint32_t *)p->events;
	page[2] = (uint32_t *)p->queue[0].cq;
	page[3] = (uint32_t *)(p->queue[q].open ? p->queue[q].cq : p->queue[0].cq);
	at = page[random32(play) % 4] + random32(play) % 1024;
	/* Mostly an index or an event index of a ring that is in use. */
	if (random32(play) % 4 == 0)
		at = (uint32_t *)&p->be[random32(play) % 6] + random32(play) % 2;
	*at = random32(play) % 2 ? *at + random32(play) % 8 :
				   random32(play) & masks[random32(play) % 4];
	played_notify(p, NULL);
}

static bool scribble(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	p->polls = true;        /* its own words no longer ask for notifications */
	p->each_turn = scribble_turn;
	return run(p, q, r);
}

static void flood_turn(struct played *p)
{
	unsigned int i;

	for (i = 0; p->both && i < 200; i++)
		played_honest_event(p, XENCOPROC_EVENT_LIMITS, 0, 0, 0);
	if (p->both)
		played_publish_events(p);
}

static void deaf_when_connected(struct played *p)
{
	p->follow = !p->both;
}

static void deaf_when_advertised(struct played *p)
{
	p->follow = p->mine != COPROC_STATE_INIT_WAIT;
}

/* ---- how cases begin ---- */

static void versions(struct played *p)
{
	played_node(p, "versions", "7,9");
}

static void many_queues(struct played *p)
{
	played_node(p, "max-queues", "4000000000");
}

static void escapes(struct played *p)
{
	played_node(p, "kind", "\033[2Jx");
}

static void refuses(struct played *p)
{
	p->refuse = true;
}

static void never_connects(struct played *p)
{
	p->each_turn = deaf_when_advertised;
}

static void answers_nothing(struct played *p)
{
	p->serve = false;
	p->each_turn = NULL;
}

static void keeps_mapped(struct played *p)
{
	p->keep = p->keep_buffers = true;
}

static void never_closes(struct played *p)
{
	p->each_turn = deaf_when_connected;
}

static void storms(struct played *p)
{
	p->storm = true;
}

static void floods(struct played *p)
{
	p->each_turn = flood_turn;
}

static void denies(struct played *p)
{
	p->hook = deny;
}

static void denies_second(struct played *p)
{
	p->hook = deny_second;
}

static void goes_when_asked(struct played *p)
{
	p->hook = go_when_asked;
}

static void obeys(struct played *p)
{
	p->hook = peers_obey;
}

static void has_no_backend(struct played *p)
{
	p->follow = p->serve = false;
	played_remove(p, true, false);
}

static void vanishes_when_asked(struct played *p)
{
	p->hook = vanish_when_asked;
}

static void shrinks_when_asked(struct played *p)
{
	p->hook = shrink_when_asked;
}

static void refuses_ends(struct played *p)
{
	p->hook = refuse_ends;
}

static void loses_events(struct played *p)
{
	p->hook = lose_events;
}

static void misspelt(struct played *p)
{
	char path[COPROC_PATH_SIZE + 16];

	snprintf(path, sizeof(path), "%s/backend-id", p->peer_dir);
	xs_write(p->xs, XBT_NULL, path, "zero", 4);
}

static void allows_batch(struct played *p)
{
	played_node(p, "max-class", "batch");
}

static const struct test tests[] = {
	{ .name = "honest backend: the whole interface", .guest = "whole" },
	{ .name = "honest backend: a hundred thousand jobs in flat memory", .guest = "flat" },
	{ .name = "honest backend: a caller that polls the descriptor", .guest = "poll" },
	{ .name = "honest backend: a clean close, and the same device again", .guest = "again" },
	{ .name = "honest backend: opened without waiting", .guest = "nowait" },
	{ .name = "honest backend: each allocation of the library fails once", .guest = "memory" },
	{ .name = "honest backend: each call to Xen and the kernel fails once", .guest = "failing",
	  .setup = goes_when_asked, .fails = true },
	{ .name = "a store whose nodes are gone, question by question", .guest = "gone",
	  .setup = goes_when_asked, .fails = true },
	{ .name = "calls that make no sense, before, in and after a connection", .guest = "refused",
	  .setup = goes_when_asked },
	{ .name = "a backend that goes or lies at each moment", .guest = "moments", .setup = obeys },
	{ .name = "a backend's directory that is not there", .guest = "open-fails",
	  .argument = "-ETIMEDOUT", .setup = has_no_backend },
	{ .name = "what is known of a backend that never connects", .guest = "unknown",
	  .setup = never_connects },
	{ .name = "a completion with another id", .guest = "broken", .lie = wrong_id },
	{ .name = "a completion index beyond the ring", .guest = "broken", .lie = far_index },
	{ .name = "an event of a type that does not exist", .guest = "broken", .lie = bad_event },
	{ .name = "a backend that restarts in mid-job", .guest = "reconnect", .lie = restart },
	{ .name = "a backend that closes in mid-job", .guest = "reconnect", .lie = closing },
	{ .name = "a backend that dies without a word", .guest = "reconnect", .lie = silent },
	{ .name = "a backend that dies, and a caller that only polls", .guest = "poll-lost",
	  .lie = silent },
	{ .name = "a backend that changes its state 200 times", .guest = "reconnect", .lie = flap },
	{ .name = "a backend that writes rubbish everywhere", .guest = "scribble",
	  .lie = scribble },
	{ .name = "a restart that the caller does not want to survive", .guest = "stays-lost",
	  .lie = restart },
	{ .name = "a device whose backend is removed in mid-job", .guest = "vanish",
	  .lie = vanish },
	{ .name = "objects that the next backend refuses", .guest = "stale",
	  .lie = restart, .setup = denies_second },
	{ .name = "a backend without a common version", .guest = "open-fails",
	  .argument = "-EPROTONOSUPPORT", .setup = versions },
	{ .name = "a number of queues out of range", .guest = "open-fails",
	  .argument = "-EPROTO", .setup = many_queues },
	{ .name = "a kind with escape sequences", .guest = "open-fails",
	  .argument = "-EPROTO", .setup = escapes },
	{ .name = "a backend that refuses, with a reason", .guest = "open-fails",
	  .argument = "-EREMOTEIO", .setup = refuses },
	{ .name = "a backend that never connects", .guest = "open-fails",
	  .argument = "-ETIMEDOUT", .setup = never_connects },
	{ .name = "a backend that connects and answers nothing", .guest = "control-silent",
	  .setup = answers_nothing },
	{ .name = "a backend that keeps pages mapped", .guest = "kept",
	  .setup = keeps_mapped, .after_close = true },
	{ .name = "a backend that never closes", .guest = "never-closes", .setup = never_closes },
	{ .name = "a storm of notifications", .guest = "storm", .setup = storms },
	{ .name = "a flood of events", .guest = "flood", .setup = floods },
	{ .name = "jobs that were never taken, with tables, cancelled or not", .guest = "tables-again",
	  .lie = stand_still },
	{ .name = "a buffer whose backend is another domain's next time", .guest = "moved",
	  .setup = goes_when_asked },
	{ .name = "a backend that does not come back in time", .guest = "gives-up",
	  .setup = vanishes_when_asked },
	{ .name = "a device that is taken away for good", .guest = "removed",
	  .setup = vanishes_when_asked },
	{ .name = "a domain without a device", .guest = "absent", .no_device = true },
	{ .name = "a toolstack's node that is no number", .guest = "open-fails",
	  .argument = "-EPROTO", .setup = misspelt },
	{ .name = "events that were lost, by the gap alone", .guest = "missed",
	  .setup = loses_events },
	{ .name = "a class that the toolstack does not allow", .guest = "class",
	  .setup = allows_batch },
	{ .name = "a next backend that allows fewer contexts", .guest = "fewer",
	  .setup = shrinks_when_asked },
	{ .name = "a backend that refuses to let go", .guest = "kept-objects", .setup = refuses_ends },
	{ .name = "refusals of objects", .guest = "deny", .setup = denies },
};

/* ---- running them ---- */

static const char *tool(const char *name)
{
	static char path[2][256];
	static int turn;
	const char *b = getenv("B");

	turn ^= 1;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", b ? b : "build", name);
	return path[turn];
}

static pid_t start_guest(const struct test *test, unsigned int domid)
{
	char id[16];
	pid_t pid = fork();

	if (pid)
		return pid;
	snprintf(id, sizeof(id), "%u", domid);
	/* TAP is this program's: what a guest says are remarks. */
	dup2(2, 1);
	execl(tool("bin/coproc-loopback"), "coproc-loopback", "domain", "--domid", id, "--name",
	      "guest", "--", tool("test/frontend-guest"), test->guest, test->argument, NULL);
	perror("coproc-loopback");
	_exit(126);
}

/* Serves until the guest ends.  Its exit status, or -1. */
static int serve(struct played *p, pid_t guest)
{
	uint64_t end = played_now() + CASE_SECONDS * 1000000ull;
	int status;

	while (waitpid(guest, &status, WNOHANG) == 0) {
		if (played_now() > end) {
			fprintf(stderr, "# the guest does not end\n");
			kill(guest, SIGKILL);
			waitpid(guest, &status, 0);
			return -1;
		}
		played_turn(p, 2, -1);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool judge(struct played *p, const struct test *test, int rc)
{
	unsigned int i;
	bool good = rc == 0;

	if (!good)
		fprintf(stderr, "# guest %s: exit status %d\n", test->guest, rc);
	if (test->after_close)
		watch_kept(p);
	/* A backend that writes rubbish cannot say what is the frontend's fault; nor
	 * can a frontend that may not even wait give its pages back in order. */
	for (i = 0; i < p->nfaults && test->lie != scribble && !test->fails; i++) {
		fprintf(stderr, "# %s: %s\n", p->fault[i].rule, p->fault[i].text);
		good = false;
	}
	return good;
}

static bool run_test(const struct test *test, unsigned int domid)
{
	struct play play = { .test = test, .seed = domid };
	pid_t guest = start_guest(test, domid);
	struct played *p = played_open(domid, 0);
	bool good = false;

	if (p && (test->no_device || played_reset(p))) {
		p->in_case = test->guest;
		p->note = &play;
		p->hook = on_request;
		p->each_turn = test->no_device ? NULL : each_turn;
		if (test->setup)
			test->setup(p);
		good = judge(p, test, serve(p, guest));
	} else {
		kill(guest, SIGKILL);
		waitpid(guest, NULL, 0);
	}
	played_close(p);
	return good;
}

int main(int argc, char **argv)
{
	unsigned int count = sizeof(tests) / sizeof(tests[0]);
	unsigned int i, failed = 0;
	bool good;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%u\n", argc > 1 ? 1 : count);
	for (i = 0; i < count; i++) {
		if (argc > 1 && (unsigned int)atoi(argv[1]) != i + 1)
			continue;
		/* Some look at a moment that a busy machine moves: what is wrong is
		 * wrong twice. */
		good = run_test(&tests[i], 10 + i) || run_test(&tests[i], 10 + count + i);
		failed += !good;
		printf("%sok %u - %s\n", good ? "" : "not ", argc > 1 ? 1 : i + 1, tests[i].name);
	}
	return failed ? 1 : 0;
}
