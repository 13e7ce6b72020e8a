/* SPDX-License-Identifier: MIT */
/*
 * The main loop of every worker process.
 *
 * First everything that needs the host: descriptors, Xen, the engine's own
 * preparations.  Then the sandbox closes, HELLO says so, and from there on
 * only commands from coprocd.
 */
#include "backend/engines/harness/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xentoolcore.h>

static struct worker worker;
static struct worker_page no_page;      /* before the real one is mapped */

const uint32_t *engine_attention_bits = &no_page.attention;

void worker_serve(struct worker *w, struct received *in)
{
	const struct worker_command *c = &in->command;

	if (in->fd >= 0 && c->type != WORKER_LOAD && c->type != WORKER_CTX_CREATE)
		channel_broken("a descriptor with a command that takes none");
	switch (c->type) {
	case WORKER_MAP:
		grants_map(w, c);
		break;
	case WORKER_UNMAP:
		grants_unmap(w, c);
		break;
	case WORKER_LOAD:
		object_load(w, in);
		break;
	case WORKER_UNLOAD:
		object_unload(w, c);
		break;
	case WORKER_CTX_CREATE:
		object_ctx_create(w, in);
		break;
	case WORKER_CTX_DESTROY:
		object_ctx_destroy(w, c);
		break;
	case WORKER_RUN:
		job_run(w, c);
		break;
	case WORKER_CONTINUE:
		job_continue(w, c);
		break;
	case WORKER_ABORT:
		job_abort(w, c);
		break;
	case WORKER_RECALL:
		job_recall(w, c);
		break;
	case WORKER_PING:
		channel_done(c->seq, XENCOPROC_OK, 0);
		break;
	default:
		channel_broken("an unknown command");
	}
	if (in->fd >= 0)
		channel_broken("a descriptor that nobody wanted");
}

static int fail(const char *what, int error)
{
	engine_log("%s: %s", what, strerror(error));
	return -error;
}

/* 0 and 1 to nowhere; 2, 3 and 4 stay; whatever else came along goes. */
static int take_descriptors(struct worker *w)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	void *page;

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return fail("/dev/null", errno);
	page = mmap(NULL, XENCOPROC_PAGE_SIZE, PROT_READ, MAP_SHARED, WORKER_FD_PAGE, 0);
	if (page == MAP_FAILED)
		return fail("descriptor 4, the attention page", errno);
	w->page = page;
	engine_attention_bits = &w->page->attention;
	if (close_range(WORKER_FD_PAGE, ~0u, 0))
		return fail("close_range", errno);
	if (fcntl(WORKER_FD_SOCKET, F_SETFD, FD_CLOEXEC))
		return fail("descriptor 3, the socket", errno);
	return 0;
}

/* A handle that maps grants of this one domain. */
static int open_grants(struct worker *w)
{
	w->xgt = grants_open();
	if (!w->xgt)
		return fail("xengnttab_open", errno);
	if (w->options.no_restrict)
		return 0;
	if (xentoolcore_restrict_all((domid_t)w->options.domid))
		return fail("xentoolcore_restrict_all", errno);
	return 0;
}

static int prepare(struct worker *w)
{
	int rc = w->engine->prepare ? w->engine->prepare() : 0;

	return rc ? fail("the engine cannot be prepared", -rc) : 0;
}

static void hello(const struct engine *engine)
{
	struct worker_reply r = {
		.outcome = WORKER_HELLO,
		.u.hello = {
			.wire_version = WORKER_WIRE_VERSION,
			.preemption = engine->preemption,
			.kinds = engine->kinds,
			.can_yield = engine->can_yield,
			.bank_bytes = engine->bank_bytes,
		},
	};

	strncpy(r.u.hello.kind, engine->kind, sizeof(r.u.hello.kind) - 1);
	channel_reply(&r);
}

int engine_main(const struct engine *engine, int argc, char **argv)
{
	static struct received in;
	struct worker *w = &worker;

	w->engine = engine;
	w->page = &no_page;
	if (options_parse(&w->options, argc, argv) || take_descriptors(w) || open_grants(w) ||
	    prepare(w) || sandbox_close(w))
		return 1;
	hello(engine);
	for (;;) {
		/* While that runs another may have been handed ahead of the next. */
		while (w->held)
			job_run_held(w);
		channel_receive(&in, true);
		worker_serve(w, &in);
	}
}
