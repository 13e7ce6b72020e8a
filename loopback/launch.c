// SPDX-License-Identifier: MIT
/*
 * A world is one pid namespace whose process 1 is the broker: when that ends,
 * in whatever way, the kernel ends all the rest.  Its files stand in a tmpfs
 * that only its mount namespace has, so they are gone with it.  What can be
 * left on disk is the empty directory under that tmpfs, and only if launcher
 * and broker were killed together; the next start removes it.
 */
#include "loopback/launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <poll.h>
#include <unistd.h>

#include "loopback/strings.h"

#define PREFIX "coproc-loopback."
#define GRACE_MS 3000		/* between a signal and the end of the world */

struct launch {
	struct lb_config *cfg;
	char base[64];
	char dir[96];
	int lock;		/* the directory, locked as long as either of us lives */
	int life[2];
	int go[2];		/* the child waits for its user mapping */
	int strings;
	pid_t pid;
};

int lb_env_library_path(const char *libdir)
{
	const char *old = getenv("LD_LIBRARY_PATH");
	char *path;
	int rc;

	if (!old || !*old)
		return setenv("LD_LIBRARY_PATH", libdir, 1);
	if (asprintf(&path, "%s:%s", libdir, old) < 0)
		return -1;
	rc = setenv("LD_LIBRARY_PATH", path, 1);
	free(path);
	return rc;
}

/* Directories of worlds that died with nobody left to remove them. */
static void clean_stale(const char *base)
{
	DIR *d = opendir(base);
	struct dirent *e;
	int fd;

	while (d && (e = readdir(d))) {
		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)))
			continue;
		fd = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
		close(fd);
	}
	if (d)
		closedir(d);
}

static int make_dir(struct launch *l)
{
	const char *tmp = getenv("TMPDIR");
	struct stat a, b;
	int tries;

	/* A socket's path has 107 characters, so a long TMPDIR cannot serve. */
	snprintf(l->base, sizeof(l->base), "%s",
		 tmp && *tmp == '/' && strlen(tmp) < sizeof(l->base) - 1 ? tmp : "/tmp");
	clean_stale(l->base);
	for (tries = 0; tries < 10; tries++) {
		snprintf(l->dir, sizeof(l->dir), "%s/" PREFIX "XXXXXX", l->base);
		if (!mkdtemp(l->dir))
			break;
		l->lock = open(l->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		/* Another start may have taken it for stale before we locked it. */
		if (l->lock >= 0 && flock(l->lock, LOCK_EX | LOCK_NB) == 0 &&
		    fstat(l->lock, &a) == 0 && stat(l->dir, &b) == 0 && a.st_ino == b.st_ino)
			return 0;
		if (l->lock >= 0)
			close(l->lock);
	}
	lb_log("making a directory in %s: %m", l->base);
	return -1;
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return -1;
	rc = write(fd, text, strlen(text)) < 0 ? -1 : 0;
	close(fd);
	return rc;
}

/* The caller stays who it is inside: its own id maps to itself. */
static int map_user(pid_t pid)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)pid);
	if (write_text(path, "deny") < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	snprintf(text, sizeof(text), "%u %u 1", geteuid(), geteuid());
	if (write_text(path, text) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)pid);
	snprintf(text, sizeof(text), "%u %u 1", getegid(), getegid());
	return write_text(path, text);
}

static void __attribute__((noreturn)) world(struct launch *l)
{
	bool proc_ours;
	char c;
	int status;

	close(l->life[0]);
	close(l->go[1]);
	if (read(l->go[0], &c, 1) != 1)
		_exit(125);
	close(l->go[0]);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("coproc-loopback", l->dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "mode=0755,size=4m,nr_inodes=65536") < 0) {
		lb_log("mounting the world's directory: %m");
		_exit(125);
	}
	/* Refused in containers that hide parts of /proc: then the mounts
	 * alone keep domains apart, see identity.c. */
	proc_ours = mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
	status = lb_broker_run(l->cfg, l->life[1], l->strings, proc_ours);
	fflush(NULL);
	umount2(l->dir, MNT_DETACH);
	rmdir(l->dir);
	_exit(status);
}

static int start_world(struct launch *l)
{
	bool root = geteuid() == 0;
	unsigned long flags = CLONE_NEWPID | CLONE_NEWNS | (root ? 0 : CLONE_NEWUSER);

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, l->life) < 0 ||
	    pipe2(l->go, O_CLOEXEC) < 0) {
		lb_log("starting the world: %m");
		return -1;
	}
	l->pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, 0UL);
	if (l->pid == 0)
		world(l);
	close(l->life[1]);
	close(l->go[0]);
	if (l->pid < 0) {
		lb_log("new namespaces: %m (%s)", root ?
		       "root without CAP_SYS_ADMIN: give the container that capability" :
		       "this system forbids user namespaces to ordinary users: allow them, "
		       "or run as root");
		return -1;
	}
	if (!root && map_user(l->pid) < 0) {
		lb_log("mapping the user into the world: %m (user namespaces are restricted "
		       "on this system: allow them, or run as root)");
		kill(l->pid, SIGKILL);
		waitpid(l->pid, NULL, 0);
		return -1;
	}
	if (write(l->go[1], "", 1) != 1)
		kill(l->pid, SIGKILL);
	close(l->go[1]);
	return 0;
}

/* Passes a signal on, unless the terminal gave it to the command as well. */
static void forward(struct launch *l, const struct signalfd_siginfo *si, int64_t *end_at)
{
	unsigned char sig = (unsigned char)si->ssi_signo;

	if (si->ssi_code == SI_KERNEL)
		return;
	if (send(l->life[0], &sig, 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		kill(l->pid, SIGKILL);
	if (sig == SIGTERM || sig == SIGHUP)
		*end_at = lb_now_ms() + GRACE_MS;
}

static int wait_world(struct launch *l, int sigfd)
{
	struct pollfd p = { .fd = sigfd, .events = POLLIN };
	struct signalfd_siginfo si;
	int64_t end_at = 0;
	int st;

	for (;;) {
		if (waitpid(l->pid, &st, WNOHANG) == l->pid)
			break;
		(void)poll(&p, 1, end_at ? 100 : -1);
		if (end_at && lb_now_ms() > end_at)
			kill(l->pid, SIGKILL);
		if (read(sigfd, &si, sizeof(si)) == sizeof(si) && si.ssi_signo != SIGCHLD)
			forward(l, &si, &end_at);
	}
	if (WIFEXITED(st))
		return WEXITSTATUS(st);
	if (!end_at)
		lb_log("the broker was killed by signal %d", WTERMSIG(st));
	return end_at ? 128 + SIGTERM : 125;
}

static int catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGCHLD, SIG_DFL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int lb_launch(struct lb_config *cfg, char *const argv[])
{
	struct launch l = { .cfg = cfg };
	char *cwd = getcwd(NULL, 0);
	int status = 125, sigfd;

	if (make_dir(&l) < 0)
		return 125;
	cfg->dir = l.dir;
	l.strings = lb_strings_send(cwd ? cwd : "/", argv, environ);
	sigfd = catch_signals();
	if (l.strings < 0 || sigfd < 0)
		lb_log("preparing the command: %m");
	else if (start_world(&l) == 0)
		status = wait_world(&l, sigfd);
	/* The mount is gone with its namespace, or is detached by this. */
	rmdir(l.dir);
	free(cwd);
	return status;
}
