// SPDX-License-Identifier: MIT
/*
 * What was seen, as text: one line for each breach, with the instructions as
 * module+offset (trace.sh turns them into lines of source), then counts.  To
 * the file $COPROC_TRACE, with the program's name and process id behind it; a
 * worker, which cannot open files, says it on standard error.
 */
#include "trace.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BREACHES        64u

struct breach {
	const char *rule;
	void *first, *second;
	char where[96];
	uint64_t times;
};

static struct breach breaches[BREACHES];
static unsigned int count;
static uint64_t total, undecoded, copies, copied;
static void *undecoded_at;
static int out = -1;

static const char *place(void *rip, char *text, size_t room)
{
	Dl_info info;

	if (!rip)
		return "-";
	if (dladdr(rip, &info) && info.dli_fname)
		snprintf(text, room, "%s+0x%zx", info.dli_fname,
			 (size_t)((char *)rip - (char *)info.dli_fbase));
	else
		snprintf(text, room, "%p", rip);
	return text;
}

/* By write() alone: dprintf() asks for a file position, which kills a worker. */
static void say(const struct breach *b)
{
	char first[300], second[300], line[900];
	int n = snprintf(line, sizeof(line), "BREACH\t%s\t%s\t%s\t%s\n", b->rule, b->where,
			 place(b->first, first, sizeof(first)),
			 place(b->second, second, sizeof(second)));

	if (write(out, line, n < (int)sizeof(line) ? (size_t)n : sizeof(line) - 1) < 0)
		abort();
}

void report_violation_at(const char *rule, const char *where, void *first, void *second)
{
	unsigned int i;

	total++;
	for (i = 0; i < count; i++)
		if (breaches[i].rule == rule && breaches[i].first == first &&
		    breaches[i].second == second) {
			breaches[i].times++;
			return;
		}
	if (count == BREACHES)
		return;
	breaches[count] = (struct breach){ .rule = rule, .first = first, .second = second, .times = 1 };
	snprintf(breaches[count].where, sizeof(breaches[count].where), "%s", where);
	say(&breaches[count++]);        /* at once: the program may not end well */
}

static void ring_name(uint32_t ring, char *text, size_t room)
{
	if (ring == XENCOPROC_RING_EVENT)
		snprintf(text, room, "event ring");
	else
		snprintf(text, room, "%s of queue %u", ring % 2 ? "CQ" : "SQ", (ring - 2) / 2);
}

void report_violation(const char *rule, const struct area *area, size_t offset, void *first,
		      void *second)
{
	char where[96], ring[32];
	uint32_t size;

	switch (area->what.role) {
	case ROLE_FE_INDEX:
	case ROLE_BE_INDEX:
		ring_name((uint32_t)(offset / CELL), ring, sizeof(ring));
		snprintf(where, sizeof(where), "cell of the %s, byte %zu", ring,
			 offset % CELL);
		break;
	case ROLE_RING:
		ring_name(area->what.ring, ring, sizeof(ring));
		size = area->what.ring && area->what.ring % 2 == 0 ? XENCOPROC_SQE_SIZE :
								    XENCOPROC_CQE_SIZE;
		snprintf(where, sizeof(where), "%s, slot %zu, byte %zu", ring, offset / size,
			 offset % size);
		break;
	default:
		snprintf(where, sizeof(where), "grant %u, byte %zu", area->refs[offset / PAGE],
			 offset % PAGE);
		break;
	}
	report_violation_at(rule, where, first, second);
}

void report_copy(uint32_t size)
{
	copies++;
	copied += size;
}

void report_undecoded(void *rip)
{
	undecoded++;
	undecoded_at = rip;
}

static void say_rings(const struct peer *peer)
{
	char name[32];

	for (uint32_t r = 0; r < RINGS; r++) {
		const struct ring *ring = &peer->ring[r];

		ring_name(r, name, sizeof(name));
		if (ring->messages)
			dprintf(out, "ring\tdomain %u, %s\t%llu messages, %llu bytes, most loads of one "
				"byte of one message: %u\n", peer->domain, name,
				(unsigned long long)ring->messages, (unsigned long long)ring->bytes,
				ring->most);
		if (ring->index.loads || ring->event.loads)
			dprintf(out, "cell\tdomain %u, %s\t%llu looks at the index, %llu at the event "
				"index\n", peer->domain, name, (unsigned long long)ring->index.loads,
				(unsigned long long)ring->event.loads);
	}
	for (uint32_t op = 0; op <= XENCOPROC_OP_JOB; op++)
		if (peer->op[op])
			dprintf(out, "op\t%u\t%llu\n", op, (unsigned long long)peer->op[op]);
	dprintf(out, "tables\t%llu\n", (unsigned long long)peer->tables);
}

__attribute__((destructor)) static void end(void)
{
	char at[300];

	if (out < 0 || trace_worker)
		return;
	for (const struct peer *p = trace_peers; p; p = p->next)
		say_rings(p);
	dprintf(out, "copies\t%llu\t%llu bytes\n", (unsigned long long)copies,
		(unsigned long long)copied);
	dprintf(out, "undecoded\t%llu\t%s\n", (unsigned long long)undecoded,
		place(undecoded_at, at, sizeof(at)));
	dprintf(out, "breaches\t%llu\n", (unsigned long long)total);
	close(out);
	out = -1;
}

void report_start(void)
{
	const char *to = getenv("COPROC_TRACE");
	char path[256];

	if (trace_worker || !to) {
		out = STDERR_FILENO;
		return;
	}
	snprintf(path, sizeof(path), "%s.%s.%d", to, program_invocation_short_name, (int)getpid());
	out = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}
