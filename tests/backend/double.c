/* SPDX-License-Identifier: MIT */
/* A worker process that behaves well, or badly in one of many ways. */
#include "double.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"

static struct worker_command command;
static int passed = -1;

static void hello(uint32_t version)
{
	struct worker_reply reply = { .outcome = WORKER_HELLO };

	reply.u.hello.wire_version = version;
	reply.u.hello.bank_bytes = 4096;
	strcpy(reply.u.hello.kind, "double");
	reply_say(&reply, sizeof(reply));
}

static uint64_t descriptors(void)
{
	uint64_t found = 0;
	struct stat stat;

	for (int fd = 0; fd < 1024; fd++)
		found += fd != passed && !fstat(fd, &stat);
	return found;
}

static uint64_t passed_word(void)
{
	uint64_t word = ~0ull;

	if (passed >= 0 && pread(passed, &word, sizeof(word), 0) != sizeof(word))
		word = ~1ull;
	return word;
}

static uint64_t result_of(void)
{
	uint64_t sum = 0;

	switch (command.type) {
	case WORKER_PING:
		return descriptors();
	case WORKER_LOAD:
	case WORKER_CTX_CREATE:
		return passed_word();
	case WORKER_MAP:
		for (uint32_t i = 0; i < command.u.map.count; i++)
			sum += command.u.map.ref[i];
		return sum;
	case WORKER_RUN:
		return command.u.run.immediate;
	default:
		return 0;
	}
}

static void take(void)
{
	if (passed >= 0)
		close(passed);
	passed = command_take(&command);
}

static void answer(void)
{
	struct worker_reply reply = {
		.seq = command.seq,
		.outcome = WORKER_DONE,
		.status = XENCOPROC_OK,
		.result = result_of(),
	};

	reply_say(&reply, sizeof(reply));
}

static void misbehave(unsigned int kind)
{
	struct worker_reply reply = { .seq = command.seq, .outcome = WORKER_DONE };

	switch (kind) {
	case DOUBLE_UNKNOWN:
		reply.seq += 1000;
		break;
	case DOUBLE_TWICE:
		reply_say(&reply, sizeof(reply));
		break;
	case DOUBLE_BAD_OUTCOME:
		reply.outcome = WORKER_HELLO;
		break;
	case DOUBLE_BAD_STATUS:
		reply.status = XENCOPROC_NO_MEMORY + 1;
		break;
	case DOUBLE_DIE:
		_exit(5);
	default:
		answer();
		return;
	}
	reply_say(&reply, sizeof(reply));
}

static void begin_badly(unsigned int kind)
{
	static const unsigned char garbage[2 * sizeof(struct worker_reply)] = { 0xa5, 0x5a, 1, 2, 3 };

	switch (kind) {
	case DOUBLE_GARBAGE:
		reply_say(garbage, sizeof(struct worker_reply));
		break;
	case DOUBLE_SHORT:
		reply_say(garbage, 5);
		break;
	case DOUBLE_LONG:
		reply_say(garbage, sizeof(garbage));
		break;
	case DOUBLE_EMPTY:
		reply_say(garbage, 0);
		break;
	case DOUBLE_OLD:
		hello(WORKER_WIRE_VERSION + 1);
		break;
	case DOUBLE_CLOSE:
		close(WORKER_FD_SOCKET);
		break;
	case DOUBLE_EXIT:
		_exit(3);
	case DOUBLE_ABORT:
		abort();
	default:
		break;
	}
	for (;;)
		pause();
}

static void flood(void)
{
	struct worker_reply reply = { .seq = 1, .outcome = WORKER_DONE };

	for (;;)
		reply_say(&reply, sizeof(reply));
}

int main(int argc, char **argv)
{
	unsigned int kind = argc > 2 && !strcmp(argv[1], "--domid") ? (unsigned int)atoi(argv[2]) : 0;

	prctl(PR_SET_PDEATHSIG, 9);
	prctl(PR_SET_DUMPABLE, 0);
	if (kind == 0 || kind >= DOUBLE_KINDS)
		_exit(8);
	if ((kind >= DOUBLE_SILENT && kind <= DOUBLE_OLD) ||
	    (kind >= DOUBLE_CLOSE && kind <= DOUBLE_ABORT))
		begin_badly(kind);
	hello(WORKER_WIRE_VERSION);
	if (kind == DOUBLE_HELLO_TWICE)
		hello(WORKER_WIRE_VERSION);
	if (kind == DOUBLE_FLOOD)
		flood();
	if (kind == DOUBLE_SLOW)
		usleep(300000);
	for (unsigned int taken = 1;; taken++) {
		take();
		misbehave(command.type == WORKER_PING ? kind : DOUBLE_GOOD);
		if (kind == DOUBLE_LAST_WORDS && taken == 100)
			_exit(6);
	}
}
