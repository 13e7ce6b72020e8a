// SPDX-License-Identifier: MIT
/*
 * The command that uses the frontend under test.  It reads one line for each
 * thing to do and answers with one line (exerciser.md).
 * While it is at work the played backend serves.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frontend.h"

struct exerciser {
	pid_t pid;
	int in;                 /* its standard input */
	int out;                /* its standard output, not blocking */
	size_t got;
	bool ended;
	uint64_t asked_at;
	unsigned int patience_ms;
	char line[65536];
};

static void child(const char *command, int in, int out)
{
	dup2(in, 0);
	dup2(out, 1);
	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	execl("/bin/sh", "sh", "-c", command, NULL);
	perror("coproc-conform: sh");
	_exit(127);
}

struct exerciser *exerciser_open(const char *command, unsigned int patience_ms)
{
	struct exerciser *x = calloc(1, sizeof(*x));
	int to[2], from[2];

	if (!x || pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC)) {
		free(x);
		return NULL;
	}
	signal(SIGPIPE, SIG_IGN);
	x->patience_ms = patience_ms;
	x->in = to[1];
	x->out = from[0];
	fcntl(x->out, F_SETFL, O_NONBLOCK);
	x->pid = fork();
	if (x->pid == 0)
		child(command, to[0], from[1]);
	close(to[0]);
	close(from[1]);
	if (x->pid > 0)
		return x;
	close(x->in);
	close(x->out);
	free(x);
	return NULL;
}

/* Its standard input ends; it has a moment to end by itself. */
void exerciser_close(struct exerciser *x)
{
	unsigned int tries;
	int status = 0;

	if (!x)
		return;
	close(x->in);
	for (tries = 0; tries < 500 && waitpid(x->pid, &status, WNOHANG) == 0; tries++)
		usleep(10000);
	if (tries == 500) {
		fprintf(stderr, "coproc-conform: the exerciser does not end with its input; "
			"it is killed\n");
		kill(-x->pid, SIGKILL);
		waitpid(x->pid, &status, 0);
	}
	close(x->out);
	free(x);
}

/* Whether a whole line is there; it then stands in @text without its end. */
static bool take_line(struct exerciser *x, char *text, size_t room)
{
	ssize_t n = 0;
	char *end;

	while (!(end = memchr(x->line, '\n', x->got)) && x->got < sizeof(x->line) - 1 &&
	       (n = read(x->out, x->line + x->got, sizeof(x->line) - 1 - x->got)) > 0)
		x->got += (size_t)n;
	if (!end) {
		x->ended |= n == 0;
		return false;
	}
	*end = '\0';
	snprintf(text, room, "%s", x->line);
	x->got -= (size_t)(end + 1 - x->line);
	memmove(x->line, end + 1, x->got);
	return true;
}

/* ---- questions ---- */

bool exerciser_ready(struct bench *b)
{
	if (b->hopeless)
		return false;
	if (!b->x)
		b->x = exerciser_open(b->command, b->patience_ms);
	return b->x != NULL;
}

void ask_begin(struct bench *b, const char *format, ...)
{
	char line[256];
	va_list args;
	int length;

	if (!exerciser_ready(b))
		return;
	va_start(args, format);
	length = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	line[length++] = '\n';
	b->x->asked_at = played_now();
	b->text[0] = '\0';
	if (write(b->x->in, line, (size_t)length) != length)
		b->x->ended = true;
}

bool ask_answered(struct bench *b)
{
	return b->x && (b->text[0] || b->x->ended || take_line(b->x, b->text, sizeof(b->text)));
}

/* What has no answer is ended for good: the next case starts it anew. */
static enum answer give_up(struct bench *b, enum answer a)
{
	int status;

	kill(-b->x->pid, SIGKILL);
	if (waitpid(b->x->pid, &status, 0) == b->x->pid && a == ANSWER_ENDED)
		snprintf(b->text, sizeof(b->text), WIFSIGNALED(status) ?
			 "it was ended by signal %d" : "it exited with status %d",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	close(b->x->in);
	close(b->x->out);
	free(b->x);
	b->x = NULL;
	return a;
}

static enum answer understand(struct bench *b)
{
	static const struct { const char *word; enum answer a; } words[] = {
		{ "ok", ANSWER_OK }, { "failed", ANSWER_FAILED }, { "n.a.", ANSWER_NA },
	};
	unsigned int i;
	size_t length;

	for (i = 0; i < 3; i++) {
		length = strlen(words[i].word);
		if (!strncmp(b->text, words[i].word, length) &&
		    (b->text[length] == ' ' || !b->text[length])) {
			length += b->text[length] == ' ';
			memmove(b->text, b->text + length, strlen(b->text + length) + 1);
			return words[i].a;
		}
	}
	fprintf(stderr, "coproc-conform: the exerciser says '%s', which is no answer\n", b->text);
	return ANSWER_FAILED;
}

enum answer ask_end(struct bench *b)
{
	uint64_t end;

	if (!b->x)
		return ANSWER_ENDED;
	end = b->x->asked_at + b->x->patience_ms * 1000ull;
	while (!ask_answered(b)) {
		if (played_now() >= end)
			return give_up(b, ANSWER_LATE);
		played_turn(b->p, 2, b->x->out);
	}
	if (!b->text[0] && b->x->ended) {
		usleep(20000);  /* for its status */
		return give_up(b, ANSWER_ENDED);
	}
	return understand(b);
}

enum answer ask(struct bench *b, const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	ask_begin(b, "%s", line);
	return ask_end(b);
}

const char *answer_text(enum answer a)
{
	static const char *const text[] = { "ok", "failed", "n.a.", "no answer in time",
					    "the exerciser ended" };

	return text[a];
}

/* "outstanding=N JOB:STATUS:RESULT ..." */
enum answer ask_wait(struct bench *b, unsigned int ms)
{
	ask_begin(b, "wait %u", ms);
	return ask_wait_end(b);
}

enum answer ask_wait_end(struct bench *b)
{
	enum answer a = ask_end(b);
	unsigned int job, status;
	unsigned long long result;
	char *at;

	if (a != ANSWER_OK)
		return a;
	b->outstanding = 0;
	for (at = strtok(b->text, " "); at; at = strtok(NULL, " ")) {
		if (sscanf(at, "outstanding=%u", &b->outstanding) == 1)
			continue;
		if (sscanf(at, "%u:%u:%llu", &job, &status, &result) != 3 || job >= EXERCISER_JOBS) {
			report_check(b->report, false, "the exerciser reports '%s'", at);
			continue;
		}
		b->ended[job].times++;
		b->ended[job].status = (uint16_t)status;
		b->ended[job].result = result;
	}
	return a;
}
