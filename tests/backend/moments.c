/* SPDX-License-Identifier: MIT */
/*
 * What moments*.c share, and their main().  moments.sh starts it and numbers the
 * lines.
 *
 *	backend-moments DIR COPROCD-PID objects|jobs|rings|two
 *	backend-moments DIR COPROCD-PID beside          the second domain of `two`
 *	backend-moments DIR COPROCD-PID hand            beside coprocd, kills and stops for it
 */
#include "moments.h"

#include <sodium.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_US         1000u
#define WAITS           60000u          /* as long as a busy machine takes */

struct raw raw;
static const char *dir;
static pid_t coprocd;
static void *many;              /* pages that are granted once, for all */
void *pages[3];
int last_slot;
static struct coproc_completion kept[RAW_QUEUES][64];
static unsigned int keeps[RAW_QUEUES];

static _Noreturn void give_up(const char *what, const char *which)
{
	check(false, "%s %s (backend in %d, \"%s\")", what, which, raw_backend(&raw), raw_error(&raw));
	exit(1);
}

/* ---- the puppet and coprocd ---- */

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const char *text)
{
	char path[256], other[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(other, sizeof(other), "%s/%s.guest", dir, name);
	out = fopen(other, "w");
	if (!out || fputs(text, out) < 0 || fclose(out) || rename(other, path))
		give_up("cannot write", path);
}

static void get(const char *name, char *text, size_t size)
{
	FILE *in = fopen(path_of(name), "r");

	text[0] = '\0';
	if (in && !fgets(text, (int)size, in))
		text[0] = '\0';
	if (in)
		fclose(in);
}

void wish(const char *command, const char *word)
{
	if (word)
		put(command, word);
	else
		unlink(path_of(command));
}

bool wished(const char *command)
{
	return !access(path_of(command), F_OK);
}

static void wish_nothing(void)
{
	static const char *const all[] = {
		"HELLO", "MAP", "UNMAP", "LOAD", "UNLOAD", "CREATE", "DESTROY", "ABORT", "CONTINUE",
		"JOB", "soon",
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		unlink(path_of(all[i]));
}

void fail_soon(const char *function, unsigned int n)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %u\n", function, n);
	put("soon", text);
}

void hold_at(const char *function)
{
	char text[64];

	snprintf(text, sizeof(text), "%s hold\n", function);
	unlink(path_of("soon.held"));
	put("soon", text);
}

static void until_there(const char *name)
{
	for (unsigned int i = 0; i < WAITS; i++) {
		if (wished(name))
			return;
		usleep(WAIT_US);
	}
	give_up("waits in vain for", name);
}

void until_held(void)
{
	until_there("soon.held");
}

bool has_failed(void)
{
	return unlink(path_of("soon")) != 0;
}

void closing_asked(void)
{
	unlink(path_of("asks"));
	raw_write(&raw, "state", "5");
	until_there("asks");
}

void forget_at(void)
{
	unlink(path_of("at"));
}

void until_at(const char *where)
{
	char at[32];

	for (unsigned int i = 0; i < WAITS; i++) {
		get("at", at, sizeof(at));
		if (!strcmp(at, where))
			return;
		usleep(WAIT_US);
	}
	give_up("the puppet does not come to", where);
}

/* By who stands beside it: a domain sees its own processes only. */
static void hand(const char *text)
{
	put("hand", text);
	for (unsigned int i = 0; i < WAITS && !access(path_of("hand"), F_OK); i++)
		usleep(WAIT_US);
	if (!access(path_of("hand"), F_OK))
		give_up("nobody does", text);
}

static void signal_to(pid_t pid, int number)
{
	char text[64];

	snprintf(text, sizeof(text), "%d %d\n", (int)pid, number);
	hand(text);
}

static pid_t worker(void)
{
	char pid[16];

	get("pid", pid, sizeof(pid));
	return (pid_t)atoi(pid);
}

static pid_t last;

void worker_killed(void)
{
	last = worker();
	forget_at();
	signal_to(last, SIGKILL);
}

void worker_next(void)
{
	for (unsigned int i = 0; i < WAITS && worker() == last; i++)
		usleep(WAIT_US);
	if (worker() == last)
		give_up("no worker", "comes next");
}

void worker_dies(void)
{
	worker_killed();
	worker_next();
}

void coprocd_stop(void)
{
	signal_to(coprocd, SIGSTOP);
}

void coprocd_continue(void)
{
	signal_to(coprocd, SIGCONT);
}

void ask_script(const char *what)
{
	char text[64];

	snprintf(text, sizeof(text), "run %s\n", what);
	hand(text);
}

void tell_beside(const char *what)
{
	char domid[16], name[64];

	get("beside", domid, sizeof(domid));
	snprintf(name, sizeof(name), "%d/%s", atoi(domid), what);
	put(name, "");
	for (unsigned int i = 0; i < WAITS && wished(name); i++)
		usleep(WAIT_US);
	if (wished(name))
		give_up("the second domain does not", what);
}

/* ---- requests ---- */

uint64_t sent(unsigned int queue, struct coproc_request request)
{
	last_slot = raw_send(&raw, queue, &request);
	if (last_slot < 0)
		give_up("cannot send", coproc_op_text(request.op));
	return request.id;
}

unsigned int status_of(unsigned int queue, uint64_t id)
{
	struct coproc_completion done;

	for (unsigned int i = 0; i < keeps[queue]; i++)
		if (kept[queue][i].id == id) {
			done = kept[queue][i];
			kept[queue][i] = kept[queue][--keeps[queue]];
			return done.status;
		}
	while (raw_take(&raw, queue, &done)) {
		if (done.id == id)
			return done.status;
		kept[queue][keeps[queue]++ % 64] = done;
	}
	return 0xffff;
}

unsigned int asked(struct coproc_request request)
{
	return status_of(0, sent(0, request));
}

struct coproc_request of_context(unsigned int op, uint32_t context)
{
	struct coproc_request r = raw_request(op);

	r.u.ctx_create.context = context;       /* the first word of each */
	return r;
}

struct coproc_request of_buffer(uint32_t buffer)
{
	struct coproc_request r = raw_request(XENCOPROC_OP_BUF_RELEASE);

	r.u.buf_release.buffer = buffer;
	return r;
}

static const uint8_t image[16] = "\177ELF";

struct coproc_request load_of(uint32_t firmware)
{
	struct coproc_request r = raw_request(XENCOPROC_OP_FW_LOAD);

	r.u.fw_load.firmware = firmware;
	r.u.fw_load.kind = XENCOPROC_FW_KIND_ELF;
	r.u.fw_load.buffer = IMAGE_BUFFER;
	r.u.fw_load.length = sizeof(image);
	crypto_hash_sha256(r.u.fw_load.sha256, image, sizeof(image));
	return r;
}

struct coproc_request register_of(uint32_t buffer, uint32_t count)
{
	struct coproc_request r = raw_request(XENCOPROC_OP_BUF_REGISTER);
	static uint32_t refs[MANY_PAGES];
	uint32_t *directory;

	if (!many)
		many = raw_share(&raw, MANY_PAGES, refs, false);
	r.u.buf_register.buffer = buffer;
	r.u.buf_register.pages = count;
	r.u.buf_register.access = XENCOPROC_ACCESS_READ;
	r.u.buf_register.dirs = (count + XENCOPROC_DIR_ENTRIES - 1) / XENCOPROC_DIR_ENTRIES;
	for (uint32_t d = 0; d < r.u.buf_register.dirs; d++) {
		directory = raw_share(&raw, 1, &r.u.buf_register.dir_ref[d], false);
		for (uint32_t i = 0; i < XENCOPROC_DIR_ENTRIES; i++) {
			uint32_t n = d * XENCOPROC_DIR_ENTRIES + i;

			directory[i] = n < count ? refs[n] : XENCOPROC_GREF_NONE;
		}
	}
	return r;
}

struct coproc_request of_firmware(uint32_t firmware)
{
	struct coproc_request r = raw_request(XENCOPROC_OP_FW_UNLOAD);

	r.u.fw_unload.firmware = firmware;
	return r;
}

struct coproc_request cancel_of(unsigned int queue, int slot, uint64_t id)
{
	struct coproc_request r = raw_request(XENCOPROC_OP_CANCEL);

	r.u.cancel.queue = queue;
	r.u.cancel.target_slot = (uint16_t)slot;
	r.u.cancel.target_id = id;
	return r;
}

/* ---- connections ---- */

void until_ready(void)
{
	until_at("ready");
	if (asked(of_context(XENCOPROC_OP_CTX_CREATE, SPARE_CONTEXT)) ||
	    asked(of_context(XENCOPROC_OP_CTX_DESTROY, SPARE_CONTEXT)))
		give_up("the worker answers", "not");
}

void connect_anew(void)
{
	wish_nothing();
	memset(keeps, 0, sizeof(keeps));
	forget_at();
	if (!raw_connect(&raw))
		give_up("connects", "not");
	until_ready();
}

void leave(void)
{
	wish_nothing();
	if (!raw_disconnect(&raw))
		give_up("is not", "let go of");
}

void broken_because(const char *why)
{
	char error[256] = "";

	for (unsigned int i = 0; i < WAITS && !strstr(error, why); i++) {
		snprintf(error, sizeof(error), "%s", raw_error(&raw));
		usleep(WAIT_US);
	}
	check(strstr(error, why), "the connection is broken: %s (\"%s\")", why, error);
	leave();
}

void make_all(void)
{
	connect_anew();
	if (raw_context(&raw, 0) || raw_context(&raw, 1))
		give_up("makes", "no contexts");
	for (uint32_t i = 0; i < 3; i++)
		if (raw_buffer(&raw, i, 1, XENCOPROC_ACCESS_READ, &pages[i]))
			give_up("makes", "no buffers");
	memcpy(pages[IMAGE_BUFFER], image, sizeof(image));
	if (asked(load_of(0)))
		give_up("loads", "no firmware");
	if (raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL) ||
	    raw_queue_open(&raw, 2, XENCOPROC_CLASS_REALTIME) ||
	    raw_queue_open(&raw, 3, XENCOPROC_CLASS_NORMAL))
		give_up("opens", "no queues");
}

/* ---- the hand, in domain 0 ---- */

static bool stands_still(pid_t pid)
{
	char name[64], line[256], *state = NULL;
	FILE *in;

	snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
	in = fopen(name, "r");
	if (in && fgets(line, sizeof(line), in))
		state = strrchr(line, ')');
	if (in)
		fclose(in);
	return !state || state[2] == 'T';
}

static _Noreturn void be_the_hand(void)
{
	char text[128], command[256];
	int pid, number;

	for (;; usleep(WAIT_US)) {
		get("hand", text, sizeof(text));
		if (sscanf(text, "%d %d", &pid, &number) == 2) {
			if (pid <= 1 || kill(pid, number))
				perror("kill");
			while (number == SIGSTOP && !stands_still(pid))
				usleep(WAIT_US);
		} else if (!strncmp(text, "run ", 4)) {
			text[strcspn(text, "\n")] = '\0';
			snprintf(command, sizeof(command), "%s/%s", dir, text + 4);
			if (system(command))
				fprintf(stderr, "%s failed\n", command);
		} else {
			continue;
		}
		unlink(path_of("hand"));
	}
}

int main(int argc, char **argv)
{
	const char *which = argc > 3 ? argv[3] : "";

	if (argc != 4)
		return 2;
	dir = argv[1];
	coprocd = (pid_t)atoi(argv[2]);
	if (!strcmp(which, "hand"))
		be_the_hand();
	raw_open(&raw);
	if (!strcmp(which, "objects"))
		moments_of_objects();
	else if (!strcmp(which, "jobs"))
		moments_of_jobs();
	else if (!strcmp(which, "rings"))
		moments_of_rings();
	else if (!strcmp(which, "two"))
		moments_of_two();
	else
		moments_beside();
	return verdict;
}
