/* SPDX-License-Identifier: MIT */
/*
 * What a worker does where coprocd and it disagree: messages of a wrong form,
 * commands that make no sense where things stand, and a coprocd that goes away.
 * It ends, with a line that says why; it never goes on with half of a command.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/engines/play.h"
#include "tests/engines/world.h"
#include "tests/unit/tap.h"

#define RW      (XENCOPROC_ACCESS_READ | XENCOPROC_ACCESS_WRITE)

static const struct play_options plain = { .domid = WORLD_DOMID };

enum { ENTRY_END, ENTRY_SPIN };

static struct play p;

static void setup(void)
{
	play_start(&p, "coproc-engine-null", &plain);
	ck_assert_uint_eq(play_load_bytes(&p, 3, "x", 1).status, XENCOPROC_OK);
	play_context(&p, 7);
	play_context(&p, 8);
	ck_assert_uint_eq(play_map(&p, 5, XENCOPROC_ACCESS_READ, 2,
				   world_own.readonly).status, XENCOPROC_OK);
}

/* It has ended, and says why. */
static void ended_because(const char *why)
{
	struct worker_reply r;
	int status;

	ck_assert_msg(!play_receive(&p, &r, PLAY_TIMEOUT_MS), "%s: a reply", why);
	status = play_wait_end(&p);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 3, "%s: status 0x%x", why, status);
	ck_assert_msg(play_log_has(&p, why), "%s: %s", why, play_log(&p));
}

/* Of any length, with any number of descriptors. */
static void send_raw(const void *bytes, size_t length, int fds)
{
	union {
		char bytes[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec iov = { (void *)(uintptr_t)bytes, length };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fds) {
		struct cmsghdr *h = &control.align;

		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE((size_t)fds * sizeof(int));
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN((size_t)fds * sizeof(int));
		/* Standard input, as often as asked for. */
	}
	ck_assert_int_eq(sendmsg(p.socket, &msg, MSG_NOSIGNAL), length);
}

/* ---- forms ---- */

#define HEAD            offsetof(struct worker_command, u)
#define MAP_HEAD        offsetof(struct worker_command, u.map.ref)
#define RUN_HEAD        offsetof(struct worker_command, u.run.operand)

static const struct {
	const char *why;
	size_t length;
	int fds;
	struct worker_command c;
} forms[] = {
	{ "a command shorter than its head", 1, 0, { .type = WORKER_PING } },
	{ "a command shorter than its head", HEAD - 1, 0, { .type = WORKER_PING } },
	{ "a MAP of a wrong size", MAP_HEAD - 1, 0, { .type = WORKER_MAP } },
	{ "a MAP of a wrong size", sizeof(struct worker_command), 0,
	  { .type = WORKER_MAP, .u.map = { 1, 1, 2000, 0, WORKER_MAP_REFS + 1 } } },
	{ "a RUN of a wrong size", RUN_HEAD - 1, 0, { .type = WORKER_RUN } },
	{ "a RUN of a wrong size", sizeof(struct worker_command), 0,
	  { .type = WORKER_RUN, .u.run = { .context = 7, .firmware = 3,
					   .operands = WORKER_OPERANDS_MAX + 1 } } },
	{ "a command shorter than it says", MAP_HEAD + 4, 0,
	  { .type = WORKER_MAP, .u.map = { 1, 1, 2, 0, 2 } } },
	{ "a command shorter than it says", HEAD, 0, { .type = WORKER_UNMAP } },
	{ "a command longer than any", sizeof(struct worker_command) + 1, 0, { .type = WORKER_PING } },
	{ "unknown control data with a command", HEAD, 2, { .type = WORKER_PING } },
	{ "more than one descriptor with a command", HEAD, 5, { .type = WORKER_PING } },
	{ "a descriptor with a command that takes none", HEAD, 1, { .type = WORKER_PING } },
	{ "a descriptor that nobody wanted", HEAD + sizeof(forms[0].c.u.ctx), 1,
	  { .type = WORKER_CTX_CREATE, .u.ctx = { 1, 0 } } },
};

START_TEST(messages_of_a_wrong_form)
{
	static char room[sizeof(struct worker_command) + 1];

	memcpy(room, &forms[_i].c, sizeof(forms[_i].c));
	send_raw(room, forms[_i].length, forms[_i].fds);
	/* The last of them is found out when the command has been carried out. */
	if (_i == (int)(sizeof(forms) / sizeof(forms[0])) - 1) {
		struct worker_reply r;

		ck_assert(play_receive(&p, &r, PLAY_TIMEOUT_MS));
	}
	ended_because(forms[_i].why);
}
END_TEST

/* ---- commands that do not fit what there is ---- */

static const struct {
	const char *why;
	struct worker_command c;
} unfit[] = {
	{ "an operand in a buffer that is not there", { .type = WORKER_RUN, .u.run = {
		.context = 7, .firmware = 3, .operands = 1,
		.operand = { { WORKER_BUFFERS_MAX, 1, 0, 1 } } } } },
	{ "an operand beyond its buffer", { .type = WORKER_RUN, .u.run = { .context = 7,
		.firmware = 3, .operands = 1, .operand = { { 5, XENCOPROC_ACCESS_WRITE, 0, 1 } } } } },
	{ "an operand beyond its buffer", { .type = WORKER_RUN, .u.run = { .context = 7,
		.firmware = 3, .operands = 1,
		.operand = { { 5, XENCOPROC_ACCESS_READ, 8192, 1 } } } } },
	{ "an operand beyond its buffer", { .type = WORKER_RUN, .u.run = { .context = 7,
		.firmware = 3, .operands = 1,
		.operand = { { 5, XENCOPROC_ACCESS_READ, UINT32_MAX, UINT32_MAX } } } } },
	{ "a job in a context that is not there", { .type = WORKER_RUN, .u.run = {
		.context = WORKER_CONTEXTS_MAX, .firmware = 3 } } },
	{ "RUN of a firmware that is not there", { .type = WORKER_RUN, .u.run = {
		.context = 7, .firmware = WORKER_FIRMWARE_MAX } } },
	{ "MAP out of order", { .type = WORKER_MAP, .u.map = { 5, 1, 2, 0, 2 } } },
	{ "LOAD of a firmware that cannot be", { .type = WORKER_LOAD, .u.load = { 3, 1, 1 } } },
	{ "LOAD of a firmware that cannot be", { .type = WORKER_LOAD, .u.load = { 4, 1, 0 } } },
	{ "LOAD of a kind that HELLO does not offer", { .type = WORKER_LOAD, .u.load = { 4, 5, 1 } } },
	{ "UNLOAD of a firmware that is not there", { .type = WORKER_UNLOAD,
		.u.unload = { WORKER_FIRMWARE_MAX } } },
	{ "CTX_DESTROY of a context that is not there", { .type = WORKER_CTX_DESTROY,
		.u.ctx = { WORKER_CONTEXTS_MAX } } },
};

START_TEST(commands_that_do_not_fit)
{
	struct worker_command c = unfit[_i].c;

	play_send(&p, &c, -1);
	ended_because(unfit[_i].why);
}
END_TEST

/* The parts of one buffer have to agree on what it is. */
START_TEST(parts_that_do_not_fit_together)
{
	static const struct { uint32_t pages, access, count; } second[] = {
		{ 5, XENCOPROC_ACCESS_READ, 1 }, { 4, RW, 1 }, { 4, XENCOPROC_ACCESS_READ, 3 },
	};
	struct worker_command c = { .type = WORKER_MAP,
				    .u.map = { 6, XENCOPROC_ACCESS_READ, 4, 0, 2 } };

	ck_assert_uint_eq(play_call(&p, &c, -1).status, XENCOPROC_OK);
	c.u.map.first = 2;
	c.u.map.pages = second[_i].pages;
	c.u.map.access = second[_i].access;
	c.u.map.count = second[_i].count;
	play_send(&p, &c, -1);
	ended_because("MAP whose parts do not fit together");
}
END_TEST

/* ---- while a job runs or is parked ---- */

static const struct {
	const char *why;
	uint32_t type, context;
} midst[] = {
	{ "RUN while a job runs, or in a context that has one", WORKER_RUN, 8 },
	{ "RUN while a job runs, or in a context that has one", WORKER_RUN, 7 },
	{ "CONTINUE of what is not parked, or while a job runs", WORKER_CONTINUE, 7 },
	{ "CONTINUE of what is not parked, or while a job runs", WORKER_CONTINUE, 8 },
	{ "ABORT of what is not parked", WORKER_ABORT, 7 },
};

static void send_midst(uint32_t type, uint32_t context)
{
	struct worker_command c = { .type = type };

	if (type == WORKER_RUN) {
		c.u.run.context = context;
		c.u.run.firmware = 3;
	} else {
		c.u.ctx.context = context;
	}
	play_send(&p, &c, -1);
}

START_TEST(commands_in_the_midst_of_a_job)
{
	const struct play_job spin = { .context = 7, .firmware = 3, .entry = ENTRY_SPIN,
				       .immediate = 60000000 };

	play_run_send(&p, &spin);
	send_midst(midst[_i].type, midst[_i].context);
	play_attention(&p, WORKER_ATTENTION_SERVICE);
	ended_because(midst[_i].why);
}
END_TEST

START_TEST(a_second_job_beside_a_parked_one)
{
	const struct play_job spin = { .context = 7, .firmware = 3, .entry = ENTRY_SPIN,
				       .immediate = 60000000 };
	struct worker_reply r;

	play_attention(&p, WORKER_ATTENTION_PARK);
	play_run_send(&p, &spin);
	ck_assert(play_receive(&p, &r, PLAY_TIMEOUT_MS));
	ck_assert_uint_eq(r.outcome, WORKER_PARKED);
	play_attention(&p, 0);
	send_midst(WORKER_RUN, 7);
	ended_because("RUN while a job runs, or in a context that has one");
}
END_TEST

/* ---- coprocd goes ---- */

START_TEST(ends_well_when_nobody_wants_its_reply)
{
	struct play_job spin = { .context = 7, .firmware = 3, .entry = ENTRY_SPIN,
				 .immediate = 300000 };

	play_run_send(&p, &spin);
	usleep(20000);
	play_end(&p);
}
END_TEST

/* With commands unread on coprocd's side's way here, and replies on the way back. */
START_TEST(ends_well_when_coprocd_leaves_replies_unread)
{
	struct worker_command c = { .type = WORKER_PING };

	for (int i = 0; i < 50; i++)
		play_send(&p, &c, -1);
	usleep(100000);
	play_end(&p);
}
END_TEST

/* ---- what guests can have written into the log ---- */

/* A line for each grant that Xen refuses: few, and then only their number. */
START_TEST(refused_grants_do_not_flood_the_log)
{
	uint32_t bad = 0x7ffffff0;
	char *log, *line;
	unsigned int lines = 0;

	for (int i = 0; i < 400; i++)
		ck_assert_uint_eq(play_map(&p, 1, RW, 1, &bad).status, XENCOPROC_BAD_GRANT);
	sleep(2);
	ck_assert_uint_eq(play_map(&p, 1, RW, 1, &bad).status, XENCOPROC_BAD_GRANT);
	log = play_log(&p);
	for (line = strchr(log, '\n'); line; line = strchr(line + 1, '\n'))
		lines++;
	ck_assert_msg(lines > 10 && lines < 200, "%u lines", lines);
	ck_assert_msg(strstr(log, "lines left out"), "%s", log);
	free(log);
	play_end(&p);
}
END_TEST

/* ---- banks ---- */

/* Contexts of an engine with local memory come with as much of it as it wants. */
START_TEST(banks_have_to_be_there)
{
	struct worker_command c = { .type = WORKER_CTX_CREATE };
	int fd = -1;

	play_stop(&p);
	play_start(&p, "coproc-engine-cortex-m", &plain);
	c.u.ctx.bank_bytes = p.hello.u.hello.bank_bytes;
	if (_i) {
		fd = memfd_create("bank", MFD_CLOEXEC);
		ck_assert(fd >= 0);
		ck_assert_int_eq(ftruncate(fd, (off_t)c.u.ctx.bank_bytes - 1), 0);
	}
	play_send(&p, &c, fd);
	close(fd);
	ended_because("CTX_CREATE without a bank");
}
END_TEST

/* ---- the command line ---- */

START_TEST(command_lines_that_are_wrong)
{
	static const char *const wrong[][4] = {
		{ "--uid", "none" }, { "--uid", "4294967295" }, { "--memory-limit", "1k" },
		{ "--domid", "32752" }, { "--domid", "-1" }, { "--nonesuch" }, { "more" },
		{ "--memory-limit", "99999999999999999999" },
	};
	struct play_options options = plain;

	play_stop(&p);
	memcpy(options.extra, wrong[_i], sizeof(options.extra));
	ck_assert(!play_try_start(&p, "coproc-engine-null", &options));
	ck_assert_int_eq(WEXITSTATUS(play_wait_end(&p)), 1);
	ck_assert(play_log_has(&p, "usage: --domid N"));
}
END_TEST

#define count_of(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *suite(void)
{
	Suite *s = suite_create("engine-channel");
	TCase *t = tcase_create("channel");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_loop_test(t, messages_of_a_wrong_form, 0, count_of(forms));
	tcase_add_loop_test(t, commands_that_do_not_fit, 0, count_of(unfit));
	tcase_add_loop_test(t, parts_that_do_not_fit_together, 0, 3);
	tcase_add_loop_test(t, commands_in_the_midst_of_a_job, 0, count_of(midst));
	tcase_add_test(t, a_second_job_beside_a_parked_one);
	tcase_add_test(t, ends_well_when_nobody_wants_its_reply);
	tcase_add_test(t, ends_well_when_coprocd_leaves_replies_unread);
	tcase_add_test(t, refused_grants_do_not_flood_the_log);
	tcase_add_loop_test(t, banks_have_to_be_there, 0, 2);
	tcase_add_loop_test(t, command_lines_that_are_wrong, 0, 8);
	suite_add_tcase(s, t);
	return s;
}

int main(int argc, char **argv)
{
	return world_main(argc, argv, suite);
}
