// SPDX-License-Identifier: MIT
#include "loopback/domain/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loopback/domain/bridge.h"
#include "loopback/launch.h"
#include "loopback/loop.h"
#include "loopback/strings.h"

#define FAILED 125

struct keeper {
	const struct lb_keeper_args *a;
	struct lb_strings cmd;
	int epfd;
	struct lb_source ctl, sig;
	struct lb_bridge *bridge;
	pid_t main;
};

static void __attribute__((noreturn)) fail(const char *what, int err)
{
	lb_log("%s: %s", what, strerror(err));
	_exit(FAILED);
}

/* Everything but the command's descriptors and ours came along from the broker. */
static void keep_fds(struct keeper *k, const struct lb_keeper_args *a)
{
	unsigned int lo, hi;
	int i, strings = a->strings, ctl = a->ctl;

	for (i = 0; i < 3; i++)
		if (a->stdio[i] != i && dup2(a->stdio[i], i) < 0)
			fail("taking the command's descriptors", errno);
	lo = (unsigned int)(strings < ctl ? strings : ctl);
	hi = (unsigned int)(strings < ctl ? ctl : strings);
	if (lo > 3)
		close_range(3, lo - 1, 0);
	if (hi > lo + 1)
		close_range(lo + 1, hi - 1, 0);
	close_range(hi + 1, ~0u, 0);
}

/*
 * The domain sees its own directory where the world's was.  The world's file
 * system is unmounted first, so that not even root finds another domain's
 * socket, or xenstored's, below.
 */
static void own_view(const struct lb_keeper_args *a)
{
	int tree = open_tree(AT_FDCWD, a->subdir, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (tree < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    umount2(a->dir, MNT_DETACH) < 0 ||
	    move_mount(tree, "", AT_FDCWD, a->dir, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		fail("making the domain's view of files", errno);
	close(tree);
	/* Where that is refused, /proc shows the world's pids; nothing else
	 * depends on it here. */
	mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

/* The command is to connect to what is there, not to put anything beside it.
 * (Domain 0's has xenstored's socket, which comes and goes.) */
static void close_view(const struct lb_keeper_args *a)
{
	if (mount(NULL, a->dir, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV |
		  MS_NOEXEC, NULL) < 0)
		fail("making the domain's directory read-only", errno);
}

static void own_environment(const struct lb_keeper_args *a)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/hv", a->dir);
	setenv(LB_ENV_SOCKET, path, 1);
	snprintf(path, sizeof(path), "%s/xenstored", a->dir);
	setenv("XENSTORED_PATH", path, 1);
	setenv("XENSTORED_RUNDIR", a->dir, 1);
}

static void use_command_environment(const struct lb_keeper_args *a, char **envp)
{
	const char *lib;
	size_t n = strlen(a->libdir);

	environ = envp;
	own_environment(a);
	lib = getenv("LD_LIBRARY_PATH");
	/* It is there already when one domain's command starts another's. */
	if (lib && !strncmp(lib, a->libdir, n) && (lib[n] == ':' || !lib[n]))
		return;
	if (lb_env_library_path(a->libdir) < 0)
		fail("setting LD_LIBRARY_PATH", errno);
}

static void become_user(const struct lb_keeper_args *a)
{
	if (a->gid != LB_DOMID_ANY && (setgroups(1, &a->gid) < 0 || setgid(a->gid) < 0))
		fail("changing the group", errno);
	if (a->uid != LB_DOMID_ANY && setuid(a->uid) < 0)
		fail("changing the user", errno);
}

static void __attribute__((noreturn)) run_command(const struct keeper *k)
{
	struct rlimit r;
	sigset_t none;
	int err;

	prctl(PR_SET_DUMPABLE, 1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (!k->a->foreground)
		setpgid(0, 0);
	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = k->a->nofile;
		(void)setrlimit(RLIMIT_NOFILE, &r);     /* it keeps the broker's */
	}
	if (k->a->umask != LB_DOMID_ANY)
		umask(k->a->umask);
	use_command_environment(k->a, k->cmd.envp);
	become_user(k->a);
	if (chdir(k->cmd.cwd) < 0 && chdir("/") < 0)
		fail("entering the working directory", errno);
	execvp(k->cmd.argv[0], k->cmd.argv);
	err = errno;
	lb_log("cannot run %s: %s", k->cmd.argv[0], strerror(err));
	_exit(err == ENOENT ? 127 : 126);
}

static void on_child(struct lb_source *s, uint32_t events)
{
	struct keeper *k = lb_container(s, struct keeper, sig);
	struct signalfd_siginfo si;
	pid_t pid;
	int st;

	while (read(s->fd, &si, sizeof(si)) == sizeof(si))
		;
	/* Orphans of the domain come to us as well. */
	while ((pid = waitpid(-1, &st, WNOHANG)) > 0)
		if (pid == k->main)
			_exit(WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st));
}

static void on_ctl(struct lb_source *s, uint32_t events)
{
	struct keeper *k = lb_container(s, struct keeper, ctl);
	struct lb_ctl_msg m;
	ssize_t n = recv(s->fd, &m, sizeof(m), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != sizeof(m))
		_exit(FAILED);		/* the broker is gone: so is the world */
	if (m.type == LB_CTL_START && !k->main) {
		k->main = fork();
		if (k->main == 0)
			run_command(k);
		if (k->main < 0)
			fail("starting the command", errno);
	} else if (m.type == LB_CTL_SIGNAL && k->main) {
		/* The command's whole group, as a terminal would. */
		kill(k->a->foreground ? k->main : -k->main, (int)m.value);
	}
}

static void watch_children(struct keeper *k)
{
	sigset_t set;

	/* The terminal's signals are for the command, not for us. */
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	k->sig = (struct lb_source){ signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), on_child };
	if (k->sig.fd < 0 || lb_loop_add(k->epfd, &k->sig, EPOLLIN) < 0)
		fail("watching for children", errno);
}

static void announce(struct keeper *k, uint32_t port)
{
	struct lb_ctl_msg m = { LB_CTL_READY, port, 0 };
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) == 0)
		m.pidns = st.st_ino;
	if (send(k->a->ctl, &m, sizeof(m), MSG_NOSIGNAL) < 0)
		fail("reporting to the broker", errno);
}

void lb_keeper_main(const struct lb_keeper_args *a)
{
	static struct keeper k;
	char path[160];
	uint32_t port = 0;
	int err;

	k.a = a;
	keep_fds(&k, a);
	(void)fcntl(a->ctl, F_SETFD, FD_CLOEXEC);
	if (!a->foreground)
		setsid();
	if (lb_strings_receive(a->strings, &k.cmd) < 0)
		fail("reading the command", errno);
	close(a->strings);
	own_view(a);
	own_environment(a);
	/* Its own processes may not look into their kernel. */
	prctl(PR_SET_DUMPABLE, 0);
	k.epfd = epoll_create1(EPOLL_CLOEXEC);
	k.ctl = (struct lb_source){ a->ctl, on_ctl };
	if (k.epfd < 0 || lb_loop_add(k.epfd, &k.ctl, EPOLLIN) < 0)
		fail("starting the keeper", errno);
	watch_children(&k);
	if (a->bridge) {
		snprintf(path, sizeof(path), "%s/xenstored", a->dir);
		err = lb_bridge_open(k.epfd, path, &k.bridge, &port);
		if (err)
			fail("making the xenstore ring", err);
	}
	close_view(a);
	announce(&k, port);
	for (;;)
		lb_loop_once(k.epfd, -1);
}
