/* SPDX-License-Identifier: MIT */
#include "tests/loopback/world.h"

#include <signal.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char self_path[4000], bin[4096], guest_path[4096];

static void find_programs(void)
{
	char self[4000];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0) {
		perror("/proc/self/exe");
		exit(1);
	}
	self[n] = 0;
	strcpy(self_path, self);
	*strrchr(self, '/') = 0;
	snprintf(guest_path, sizeof(guest_path), "%s/loopback-guest", self);
	snprintf(bin, sizeof(bin), "%s/../bin/coproc-loopback", self);
}

int world_main(char **argv, Suite *(*suite)(void))
{
	find_programs();
	if (!getenv("COPROC_LOOPBACK_SOCKET")) {
		execl(bin, bin, "run", "--", self_path, (char *)NULL);
		perror(bin);
		return 1;
	}
	return tap_main(suite());
}

static void guest_exec(int domid)
{
	char num[16];

	snprintf(num, sizeof(num), "%d", domid);
	if (domid)
		execl(bin, bin, "domain", "--domid", num, "--", guest_path, (char *)NULL);
	else
		execl(guest_path, guest_path, (char *)NULL);
	_exit(127);
}

static const char *read_answer(struct guest *g)
{
	if (!fgets(g->line, sizeof(g->line), g->out))
		g->line[0] = 0;
	g->line[strcspn(g->line, "\n")] = 0;
	return g->line;
}

struct guest *guest_start(int domid)
{
	struct guest *g = calloc(1, sizeof(*g));
	int to[2], from[2];

	ck_assert(g && !pipe2(to, O_CLOEXEC) && !pipe2(from, O_CLOEXEC));
	g->domid = domid;
	g->pid = fork();
	if (!g->pid) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		guest_exec(domid);
	}
	close(to[0]);
	close(from[1]);
	g->in = fdopen(to[1], "w");
	g->out = fdopen(from[0], "r");
	setvbuf(g->in, NULL, _IOLBF, 0);
	ck_assert_str_eq(read_answer(g), "ok ready");
	return g;
}

static const char *vtell(struct guest *g, const char *fmt, va_list ap)
{
	signal(SIGPIPE, SIG_IGN);
	vfprintf(g->in, fmt, ap);
	fputc('\n', g->in);
	fflush(g->in);
	return read_answer(g);
}

const char *tell(struct guest *g, const char *fmt, ...)
{
	const char *a;
	va_list ap;

	va_start(ap, fmt);
	a = vtell(g, fmt, ap);
	va_end(ap);
	return a;
}

long tell_ok(struct guest *g, const char *fmt, ...)
{
	const char *a;
	va_list ap;

	va_start(ap, fmt);
	a = vtell(g, fmt, ap);
	va_end(ap);
	ck_assert_msg(!strncmp(a, "ok", 2), "'%s' to '%s' in domain %d", a, fmt, g->domid);
	return strtol(a + 2, NULL, 10);
}

static void guest_free(struct guest *g)
{
	waitpid(g->pid, NULL, 0);
	fclose(g->in);
	fclose(g->out);
	free(g);
}

void guest_kill(struct guest *g)
{
	char cmd[4200];

	if (g->domid) {
		snprintf(cmd, sizeof(cmd), "%s destroy %d", bin, g->domid);
		ck_assert_int_eq(system(cmd), 0);
	} else {
		kill(g->pid, SIGKILL);
	}
	guest_free(g);
}

void guest_end(struct guest *g)
{
	int domid = g->domid;

	fclose(g->in);
	g->in = fopen("/dev/null", "w");
	guest_free(g);
	if (domid)
		wait_gone(domid);
}

bool stats_of(int domid, struct counts *c)
{
	char cmd[4200], name[80];
	bool found = false;
	FILE *f;
	int id;

	snprintf(cmd, sizeof(cmd), "%s stats", bin);
	f = popen(cmd, "r");
	ck_assert(f && fgets(cmd, sizeof(cmd), f));
	while (fscanf(f, "%d %79s %d %d %d %d", &id, name, &c->handles, &c->grants, &c->mapped,
		      &c->ports) == 6)
		if (id == domid) {
			found = true;
			break;
		}
	pclose(f);
	return found;
}

void wait_for(int domid, const struct counts *want)
{
	struct counts c = { 0, 0, 0, 0 };
	int i;

	for (i = 0; i < 300; i++) {
		if (stats_of(domid, &c) && c.handles == want->handles && c.grants == want->grants &&
		    c.mapped == want->mapped && c.ports == want->ports)
			return;
		usleep(10000);
	}
	ck_abort_msg("domain %d holds %d handles, %d grants, %d mapped, %d ports; "
		     "expected %d, %d, %d, %d", domid, c.handles, c.grants, c.mapped, c.ports,
		     want->handles, want->grants, want->mapped, want->ports);
}

void wait_gone(int domid)
{
	struct counts c;
	int i;

	for (i = 0; i < 300; i++) {
		if (!stats_of(domid, &c))
			return;
		usleep(10000);
	}
	ck_abort_msg("domain %d is still there: %d handles, %d grants, %d mapped, %d ports",
		     domid, c.handles, c.grants, c.mapped, c.ports);
}

static struct counts before;

void world_before(void)
{
	ck_assert(stats_of(0, &before));
}

void world_after(void)
{
	int i;

	for (i = 1; i <= 9; i++)
		wait_gone(i);
	wait_for(0, &before);
}
