// SPDX-License-Identifier: MIT
/* The processes that the broker starts: keepers and xenstored. */
#include "loopback/broker/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loopback/domain/keeper.h"
#include "loopback/launch.h"

/* fork() with new namespaces; safe because the broker has one thread. */
static pid_t fork_into(unsigned long flags)
{
	return (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, 0UL);
}

static void start_command(struct lb_domain *d)
{
	struct lb_ctl_msg m = { LB_CTL_START, 0, 0 };

	d->state = LB_DOM_RUNNING;
	if (send(d->ctl.fd, &m, sizeof(m), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		lb_domain_kill(d);
}

static void ctl_ready(struct lb_source *s, uint32_t events)
{
	struct lb_domain *d = lb_container(s, struct lb_domain, ctl);
	struct lb_ctl_msg m;
	ssize_t n = recv(s->fd, &m, sizeof(m), MSG_DONTWAIT);

	if (n == sizeof(m) && m.type == LB_CTL_READY && d->state == LB_DOM_NEW) {
		d->pidns = (ino_t)m.pidns;
		if (d->id)
			lb_ts_introduce(d, m.value);
		else
			start_command(d);
	} else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	} else {
		/* It is ending; SIGCHLD brings the rest. */
		lb_loop_del(d->w->epfd, s);
	}
}

void lb_domain_start(struct lb_domain *d, int error)
{
	if (error || d->state != LB_DOM_NEW) {
		if (!d->ts_error)
			d->ts_error = error;
		lb_domain_kill(d);
		return;
	}
	lb_created(d, 0);
	start_command(d);
}

int lb_spawn_keeper(struct lb_domain *d, struct lb_keeper_args *a)
{
	char subdir[128];
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return errno;
	lb_domain_dir(d, subdir, sizeof(subdir));
	a->domid = d->id;
	a->dir = d->w->cfg->dir;
	a->subdir = subdir;
	a->libdir = d->w->cfg->libdir;
	a->nofile = d->w->nofile;
	a->ctl = pair[1];
	pid = fork_into(CLONE_NEWPID | CLONE_NEWNS);
	if (pid == 0)
		lb_keeper_main(a);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return errno;
	}
	d->keeper = pid;
	d->ctl = (struct lb_source){ pair[0], ctl_ready };
	if (lb_loop_add(d->w->epfd, &d->ctl, EPOLLIN) < 0)
		lb_domain_kill(d);
	return 0;
}

static int write_file(const char *path, const char *text, off_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return -1;
	if (ftruncate(fd, size) < 0 || (text && write(fd, text, strlen(text)) < 0)) {
		close(fd);
		return -1;
	}
	return close(fd);
}

/*
 * xenstored opens /proc/xen/xsd_port and maps /proc/xen/xsd_kva to find
 * domain 0's own ring.  Its private view of /proc is a small file system with
 * just those two: real files, no interposed open().
 */
static int xenstored_view(uint32_t port)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", port);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("xenfs", "/proc", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64k") < 0 ||
	    mkdir("/proc/xen", 0755) < 0 ||
	    write_file("/proc/xen/xsd_port", text, 0) < 0 ||
	    write_file("/proc/xen/xsd_kva", NULL, (off_t)LB_PAGE_SIZE) < 0)
		return -1;
	return 0;
}

static void __attribute__((noreturn)) run_xenstored(const struct lb_world *w, uint32_t port)
{
	char dir[128], path[160];
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	lb_domain_dir(w->domains, dir, sizeof(dir));	/* domain 0 is the first */
	setenv("XENSTORED_RUNDIR", dir, 1);
	snprintf(path, sizeof(path), "%s/xenstored", dir);
	setenv("XENSTORED_PATH", path, 1);
	snprintf(path, sizeof(path), "%s/xs-hv", w->cfg->dir);
	setenv(LB_ENV_SOCKET, path, 1);
	if (null < 0 || dup2(null, 0) < 0 || setpgid(0, 0) < 0 || xenstored_view(port) < 0 ||
	    lb_env_library_path(w->cfg->libdir) < 0) {
		lb_log("preparing xenstored: %m");
		_exit(125);
	}
	execl(w->cfg->xenstored, w->cfg->xenstored, "-N", (char *)NULL);
	lb_log("running %s: %m", w->cfg->xenstored);
	_exit(125);
}

int lb_spawn_xenstored(struct lb_world *w)
{
	struct lb_domain *dom0 = lb_domain_find(w, 0);
	struct lb_port *p;
	uint32_t i;
	int err;
	pid_t pid;

	/* The channel that xenstored binds for domain 0's own ring: ours from
	 * the first start, waiting again after a restart. */
	for (i = 1; i < LB_PORT_MAX && (!dom0->port[i] || dom0->port[i]->conn ||
				     dom0->port[i]->closing); i++)
		;
	if (i == LB_PORT_MAX) {
		err = lb_port_new(dom0, NULL, 0, &p);
		if (err)
			return err;
		i = p->num;
	}
	pid = fork_into(CLONE_NEWNS);
	if (pid == 0)
		run_xenstored(w, i);
	if (pid < 0)
		return errno;
	w->xenstored_pid = pid;
	return 0;
}

void lb_reap(struct lb_world *w)
{
	struct lb_domain *d;
	int st;
	pid_t pid;

	while ((pid = waitpid(-1, &st, WNOHANG)) > 0) {
		uint32_t status = WIFEXITED(st) ? (uint32_t)WEXITSTATUS(st)
						: 128 + (uint32_t)WTERMSIG(st);

		if (pid == w->xenstored_pid) {
			w->xenstored_pid = 0;
			lb_log("xenstored has ended (status %u): domains keep running without "
			       "it; 'coproc-loopback xenstored' starts an empty one", status);
			lb_ts_xenstored_died(w);
			lb_xenstored_up(w, ECHILD);
			continue;
		}
		for (d = w->domains; d && d->keeper != pid; d = d->next)
			;
		if (!d)
			continue;	/* a stray that was left to us, process 1 */
		if (d->id)
			lb_domain_dead(d, status);
		else
			lb_end(w, (int)status);
	}
}
