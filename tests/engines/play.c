/* SPDX-License-Identifier: MIT */
#include "tests/engines/play.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

const char *play_path(const char *dir, const char *name, const char *suffix)
{
	static char path[512];
	const char *b = getenv("B");

	snprintf(path, sizeof(path), "%s/%s/%s%s", b ? b : "build", dir, name, suffix);
	return path;
}

/* In the child: put the descriptors where the worker expects them. */
static void become_worker(const struct play *p, int far, int page, uid_t uid, char **argv)
{
	/* Above all targets first, so that none is overwritten. */
	int a = fcntl(far, F_DUPFD, 64), b = fcntl(page, F_DUPFD, 64),
	    c = fcntl(p->log, F_DUPFD, 64);

	if (dup2(c, 2) < 0 || dup2(a, WORKER_FD_SOCKET) < 0 || dup2(b, WORKER_FD_PAGE) < 0)
		_exit(126);
	if (uid && (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid)))
		_exit(125);
	/* Where the sanitizers are: a crash has to look like one. */
	setenv("ASAN_OPTIONS", "handle_segv=0:detect_leaks=0", 1);
	execv(argv[0], argv);
	_exit(127);
}

static void spawn(struct play *p, uid_t uid, char **argv)
{
	int pair[2], page = memfd_create("page", MFD_CLOEXEC);

	ck_assert(page >= 0 && ftruncate(page, XENCOPROC_PAGE_SIZE) == 0);
	p->page = mmap(NULL, XENCOPROC_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, page, 0);
	ck_assert_ptr_ne(p->page, MAP_FAILED);
	p->log = memfd_create("log", MFD_CLOEXEC);
	ck_assert(p->log >= 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	p->pid = fork();
	ck_assert(p->pid >= 0);
	if (p->pid == 0)
		become_worker(p, pair[1], page, uid, argv);
	close(pair[1]);
	close(page);
	p->socket = pair[0];
}

bool play_try_start(struct play *p, const char *name, const struct play_options *options)
{
	char path[512], domid[16], uid[16];
	const char *argv[16] = { path, "--domid", domid };
	size_t n = 3;

	memset(p, 0, sizeof(*p));
	snprintf(path, sizeof(path), "%s", play_path("libexec", name, ""));
	snprintf(domid, sizeof(domid), "%u", options->domid);
	if (geteuid() == 0 && !options->no_uid) {
		snprintf(uid, sizeof(uid), "%d", PLAY_UID);
		argv[n++] = "--uid";
		argv[n++] = uid;
	}
	for (size_t i = 0; i < 4 && options->extra[i]; i++)
		argv[n++] = options->extra[i];
	argv[n] = NULL;
	spawn(p, geteuid() == 0 ? options->as_uid : 0, (char **)argv);
	if (!play_receive(p, &p->hello, PLAY_TIMEOUT_MS))
		return false;
	ck_assert_uint_eq(p->hello.outcome, WORKER_HELLO);
	ck_assert_uint_eq(p->hello.u.hello.wire_version, WORKER_WIRE_VERSION);
	return true;
}

void play_start(struct play *p, const char *name, const struct play_options *options)
{
	if (!play_try_start(p, name, options))
		ck_abort_msg("%s did not say HELLO: %s", name, play_log(p));
}

static void release(struct play *p)
{
	if (p->page)
		munmap(p->page, XENCOPROC_PAGE_SIZE);
	close(p->log);
	p->page = NULL;
	p->log = -1;
}

int play_wait_end(struct play *p)
{
	int status = -1;
	double end = play_now_us() + PLAY_TIMEOUT_MS * 1000.0;

	while (waitpid(p->pid, &status, WNOHANG) == 0) {
		if (play_now_us() > end)
			ck_abort_msg("the worker does not end");
		usleep(200);
	}
	return status;
}

int play_stop(struct play *p)
{
	int status;

	close(p->socket);
	p->socket = -1;
	status = play_wait_end(p);
	release(p);
	return status;
}

void play_end(struct play *p)
{
	int status = play_stop(p);

	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}

char *play_log(struct play *p)
{
	struct stat st;
	char *text;
	ssize_t n;

	ck_assert_int_eq(fstat(p->log, &st), 0);
	text = calloc(1, (size_t)st.st_size + 1);
	ck_assert_ptr_nonnull(text);
	n = pread(p->log, text, (size_t)st.st_size, 0);
	ck_assert(n >= 0);
	return text;
}

bool play_log_has(struct play *p, const char *text)
{
	char *log = play_log(p);
	bool found = strstr(log, text) != NULL;

	free(log);
	return found;
}

uint32_t play_send(struct play *p, struct worker_command *c, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec iov = { c, worker_command_size(c) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	c->seq = ++p->seq;
	if (fd >= 0) {
		struct cmsghdr *h;

		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		h = CMSG_FIRSTHDR(&msg);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	}
	ck_assert_int_eq(sendmsg(p->socket, &msg, MSG_NOSIGNAL), iov.iov_len);
	return c->seq;
}

bool play_receive(struct play *p, struct worker_reply *reply, int timeout_ms)
{
	struct pollfd f = { p->socket, POLLIN, 0 };
	ssize_t n;

	if (poll(&f, 1, timeout_ms) <= 0)
		return false;
	n = recv(p->socket, reply, sizeof(*reply), 0);
	return n == (ssize_t)sizeof(*reply);
}

struct worker_reply play_await(struct play *p, uint32_t seq)
{
	struct worker_reply reply;

	if (!play_receive(p, &reply, PLAY_TIMEOUT_MS))
		ck_abort_msg("no reply: %s", play_log(p));
	ck_assert_uint_eq(reply.seq, seq);
	return reply;
}

struct worker_reply play_call(struct play *p, struct worker_command *c, int fd)
{
	struct worker_reply reply;
	uint32_t seq = play_send(p, c, fd);

	if (!play_receive(p, &reply, PLAY_TIMEOUT_MS))
		ck_abort_msg("no reply to command %u: %s", c->type, play_log(p));
	ck_assert_uint_eq(reply.seq, seq);
	return reply;
}

void play_attention(struct play *p, uint32_t bits)
{
	__atomic_store_n(&p->page->attention, bits, __ATOMIC_RELEASE);
}

int play_image_fd(const void *image, size_t length)
{
	int fd = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	ck_assert(fd >= 0);
	ck_assert_int_eq(write(fd, image, length), length);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
	return fd;
}

struct worker_reply play_load_bytes(struct play *p, uint32_t firmware, const void *image,
				    size_t length)
{
	struct worker_command c = { .type = WORKER_LOAD };
	int fd = play_image_fd(image, length);
	struct worker_reply reply;

	c.u.load.firmware = firmware;
	c.u.load.kind = XENCOPROC_FW_KIND_ELF;
	c.u.load.length = (uint32_t)length;
	reply = play_call(p, &c, fd);
	close(fd);
	return reply;
}

void play_load(struct play *p, uint32_t firmware, const char *name)
{
	const char *path = play_path("firmware", name, ".elf");
	struct worker_reply reply;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *bytes;

	if (fd < 0) {
		ck_abort_msg("%s: %s", path, strerror(errno));
		return;
	}
	ck_assert_int_eq(fstat(fd, &st), 0);
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	ck_assert_ptr_ne(bytes, MAP_FAILED);
	reply = play_load_bytes(p, firmware, bytes, (size_t)st.st_size);
	munmap(bytes, (size_t)st.st_size);
	close(fd);
	ck_assert_msg(reply.status == XENCOPROC_OK, "%s: status %u, why %llu", name, reply.status,
		      (unsigned long long)reply.result);
}

void play_unload(struct play *p, uint32_t firmware)
{
	struct worker_command c = { .type = WORKER_UNLOAD };

	c.u.unload.firmware = firmware;
	ck_assert_uint_eq(play_call(p, &c, -1).status, XENCOPROC_OK);
}

uint8_t *play_context(struct play *p, uint32_t context)
{
	struct worker_command c = { .type = WORKER_CTX_CREATE };
	const uint64_t bytes = p->hello.u.hello.bank_bytes;
	void *bank = NULL;
	int fd = -1;

	c.u.ctx.context = context;
	c.u.ctx.bank_bytes = bytes;
	if (bytes) {
		fd = memfd_create("bank", MFD_CLOEXEC);
		ck_assert(fd >= 0 && ftruncate(fd, (off_t)bytes) == 0);
		bank = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		ck_assert_ptr_ne(bank, MAP_FAILED);
	}
	ck_assert_uint_eq(play_call(p, &c, fd).status, XENCOPROC_OK);
	if (fd >= 0)
		close(fd);
	return bank;
}

void play_context_end(struct play *p, uint32_t context)
{
	struct worker_command c = { .type = WORKER_CTX_DESTROY };

	c.u.ctx.context = context;
	ck_assert_uint_eq(play_call(p, &c, -1).status, XENCOPROC_OK);
}

struct worker_reply play_map(struct play *p, uint32_t buffer, uint32_t access, uint32_t pages,
			     const uint32_t *refs)
{
	static struct worker_command c;
	struct worker_reply reply = { 0 };

	for (uint32_t first = 0; first < pages; first += c.u.map.count) {
		c.type = WORKER_MAP;
		c.u.map.buffer = buffer;
		c.u.map.access = access;
		c.u.map.pages = pages;
		c.u.map.first = first;
		c.u.map.count = pages - first < WORKER_MAP_REFS ? pages - first : WORKER_MAP_REFS;
		memcpy(c.u.map.ref, refs + first, c.u.map.count * sizeof(refs[0]));
		reply = play_call(p, &c, -1);
		if (reply.status != XENCOPROC_OK)
			break;
	}
	return reply;
}

struct worker_reply play_unmap(struct play *p, uint32_t buffer)
{
	struct worker_command c = { .type = WORKER_UNMAP };

	c.u.unmap.buffer = buffer;
	return play_call(p, &c, -1);
}

static void run_command(struct worker_command *c, const struct play_job *job)
{
	c->type = WORKER_RUN;
	c->u.run.context = job->context;
	c->u.run.firmware = job->firmware;
	c->u.run.entry = job->entry;
	c->u.run.immediate = job->immediate;
	c->u.run.operands = job->operands;
	c->u.run.after = job->after;
	memcpy(c->u.run.operand, job->operand, job->operands * sizeof(job->operand[0]));
}

uint32_t play_run_send(struct play *p, const struct play_job *job)
{
	struct worker_command c;

	run_command(&c, job);
	return play_send(p, &c, -1);
}

struct worker_reply play_run(struct play *p, const struct play_job *job)
{
	struct worker_command c;

	run_command(&c, job);
	return play_call(p, &c, -1);
}

uint32_t play_continue_send(struct play *p, uint32_t context)
{
	struct worker_command c = { .type = WORKER_CONTINUE };

	c.u.ctx.context = context;
	return play_send(p, &c, -1);
}

struct worker_reply play_abort(struct play *p, uint32_t context)
{
	struct worker_command c = { .type = WORKER_ABORT };

	c.u.ctx.context = context;
	return play_call(p, &c, -1);
}

struct worker_reply play_ping(struct play *p)
{
	struct worker_command c = { .type = WORKER_PING };

	return play_call(p, &c, -1);
}

bool play_is_zero(const uint8_t *memory, size_t bytes)
{
	return memory[0] == 0 && memcmp(memory, memory + 1, bytes - 1) == 0;
}

double play_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

void play_figure(const char *what, double *us, size_t count)
{
	qsort(us, count, sizeof(us[0]), ascending);
	printf("# %s: median %.1f us, 99th percentile %.1f us, of %zu\n", what, us[count / 2],
	       us[count * 99 / 100], count);
	fflush(stdout);
}
