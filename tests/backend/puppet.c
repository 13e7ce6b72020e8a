/* SPDX-License-Identifier: MIT */
/*
 * An engine that does what the files in $PUPPET_DIR, or in its domain's folder there, tell it, command by command:
 * a worker whose memory is out, that stands still, dies or lies at a moment that
 * a test chooses.
 *
 *   HELLO, MAP, UNMAP, LOAD, UNLOAD, CREATE, DESTROY, ABORT, CONTINUE
 *       hold     nothing happens while the file says so
 *       refuse   the answer is NO_MEMORY
 *       die      none, it ends
 *   JOB  what becomes of the job that runs
 *       run      it goes on, and lets go when told
 *       deaf     it goes on, whatever it is told
 *       first    the one whose immediate is 1 ends well, others run
 *       lie      a reply to nothing
 *       die
 *       (none)   it ends well, with its immediate for result
 *
 * It writes pid when it begins, and at with what it holds at or has begun.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "commands.h"

#define BANK_BYTES      4096u

struct run {
	bool is;
	uint32_t seq, context;
	uint64_t immediate;
};

static char dir[200];
static struct worker_page *page;
static struct worker_command command;
static struct run running, ahead, parked[WORKER_CONTEXTS_MAX];

static void tell(uint32_t seq, uint32_t outcome, uint32_t status, uint64_t result)
{
	struct worker_reply reply = { .seq = seq, .outcome = outcome, .status = status,
				      .result = result };

	reply_say(&reply, sizeof(reply));
}

static void note(const char *name, const char *text)
{
	char path[256], other[264];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(other, sizeof(other), "%s.new", path);
	out = fopen(other, "w");
	if (!out || fputs(text, out) < 0 || fclose(out) || rename(other, path))
		_exit(8);
}

static bool wished(const char *name, const char *word)
{
	char path[256], text[16] = "";
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	in = fopen(path, "r");
	if (!in)
		return false;
	if (!fgets(text, sizeof(text), in))
		text[0] = '\0';
	fclose(in);
	return !strcmp(text, word);
}

static void hold(const char *name)
{
	if (!wished(name, "hold"))
		return;
	note("at", name);
	while (wished(name, "hold"))
		usleep(1000);
}

/* ---- jobs ---- */

static void begin(struct run run)
{
	char text[32];

	running = run;
	snprintf(text, sizeof(text), "job %llu", (unsigned long long)run.immediate);
	note("at", text);
}

static void give_back(void)
{
	if (ahead.is)
		tell(ahead.seq, WORKER_RETURNED, XENCOPROC_OK, 0);
	ahead.is = false;
}

static bool told_to(uint32_t bit)
{
	uint32_t word = __atomic_load_n(&page->attention, __ATOMIC_ACQUIRE);
	uint32_t whom = word >> WORKER_ATTENTION_SHIFT;

	return word & bit && (!whom || whom == (running.seq & ~0u >> WORKER_ATTENTION_SHIFT));
}

static void mind_job(void)
{
	struct run run = running;

	if (wished("JOB", "die"))
		_exit(5);
	if (wished("JOB", "lie")) {
		tell(run.seq + 1000, WORKER_DONE, XENCOPROC_OK, 0);
		pause();
	}
	if (wished("JOB", "deaf")) {
		/* Heard, and not obeyed. */
		if (told_to(WORKER_ATTENTION_ABORT))
			note("at", "told");
		return;
	}
	if (told_to(WORKER_ATTENTION_ABORT) || told_to(WORKER_ATTENTION_PARK)) {
		bool park = !told_to(WORKER_ATTENTION_ABORT);

		running.is = false;
		parked[run.context] = run;
		parked[run.context].is = park;
		give_back();
		tell(run.seq, park ? WORKER_PARKED : WORKER_ABORTED, XENCOPROC_OK, 0);
		note("at", park ? "parked" : "aborted");
	} else if (!wished("JOB", "run") && (run.immediate == 1 || !wished("JOB", "first"))) {
		running.is = false;
		tell(run.seq, WORKER_DONE, XENCOPROC_OK, run.immediate);
		if (ahead.is)
			begin(ahead);
		ahead.is = false;
	}
}

/* ---- commands ---- */

static void take_run(void)
{
	struct run run = { true, command.seq, command.u.run.context, command.u.run.immediate };

	if (!command.u.run.after || !running.is) {
		begin(run);
		return;
	}
	ahead = run;
	note("at", "ahead");
}

static void take_continue(void)
{
	struct run run = parked[command.u.ctx.context];

	parked[command.u.ctx.context].is = false;
	run.is = true;
	run.seq = command.seq;
	begin(run);
}

static void serve(void)
{
	static const char *const names[] = {
		[WORKER_MAP] = "MAP", [WORKER_UNMAP] = "UNMAP", [WORKER_LOAD] = "LOAD",
		[WORKER_UNLOAD] = "UNLOAD", [WORKER_CTX_CREATE] = "CREATE",
		[WORKER_CTX_DESTROY] = "DESTROY", [WORKER_RUN] = "RUN",
		[WORKER_CONTINUE] = "CONTINUE", [WORKER_ABORT] = "ABORT",
		[WORKER_RECALL] = "RECALL", [WORKER_PING] = "PING",
	};
	const char *name = names[command.type];

	hold(name);
	if (wished(name, "die"))
		_exit(5);
	if (command.type == WORKER_RUN) {
		take_run();
		return;
	}
	if (command.type == WORKER_CONTINUE) {
		take_continue();
		return;
	}
	if (command.type == WORKER_RECALL)
		give_back();
	tell(command.seq, WORKER_DONE, wished(name, "refuse") ? XENCOPROC_NO_MEMORY : XENCOPROC_OK, 0);
}

static void take(void)
{
	int fd = command_take(&command);

	if (fd >= 0)
		close(fd);
	serve();
}

int main(int argc, char **argv)
{
	struct worker_reply hello = { .outcome = WORKER_HELLO };
	struct pollfd readable = { .fd = WORKER_FD_SOCKET, .events = POLLIN };
	char pid[16];

	prctl(PR_SET_PDEATHSIG, 9);
	if (argc < 3 || !getenv("PUPPET_DIR"))
		return 7;
	snprintf(dir, sizeof(dir), "%s/%s", getenv("PUPPET_DIR"), argv[2]);
	if (access(dir, X_OK))
		snprintf(dir, sizeof(dir), "%s", getenv("PUPPET_DIR"));
	page = mmap(NULL, XENCOPROC_PAGE_SIZE, PROT_READ, MAP_SHARED, WORKER_FD_PAGE, 0);
	if (page == MAP_FAILED)
		return 7;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	note("pid", pid);
	hold("HELLO");
	hello.u.hello.wire_version = WORKER_WIRE_VERSION;
	hello.u.hello.preemption = WORKER_PREEMPT_INSTANT;
	hello.u.hello.kinds = 1u << XENCOPROC_FW_KIND_ELF;
	hello.u.hello.can_yield = 1;
	hello.u.hello.bank_bytes = BANK_BYTES;
	strcpy(hello.u.hello.kind, "puppet");
	reply_say(&hello, sizeof(hello));
	note("at", "ready");
	for (;;) {
		if (poll(&readable, 1, running.is ? 1 : -1) > 0)
			take();
		if (running.is)
			mind_job();
	}
}
