// SPDX-License-Identifier: MIT
/* The broker's life: domain 0, xenstored, the loop, the end. */
#include "loopback/broker/broker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loopback/domain/keeper.h"

#define XENSTORED_DEADLINE_MS 10000
#define TICK_MS 10
#define OWN_FDS 64u		/* what the broker needs whatever domains do */

struct broker {
	struct lb_world w;
	struct lb_source sig, life;
	int strings;
	int64_t xs_deadline;	/* xenstored must answer by then; 0: it does */
	bool dom0_started;
};

void lb_end(struct lb_world *w, int status)
{
	if (!w->ending)
		w->status = status;
	w->ending = true;
}

static void on_signal(struct lb_source *s, uint32_t events)
{
	struct broker *b = lb_container(s, struct broker, sig);
	struct signalfd_siginfo si;

	/* Which signal does not matter: only SIGCHLD is of interest, the
	 * others are blocked because the terminal sends them to us as well. */
	while (read(s->fd, &si, sizeof(si)) == sizeof(si))
		;
	lb_reap(&b->w);
}

/* From the launcher: a signal for domain 0's command, or its death. */
static void on_life(struct lb_source *s, uint32_t events)
{
	struct broker *b = lb_container(s, struct broker, life);
	struct lb_domain *dom0 = lb_domain_find(&b->w, 0);
	struct lb_ctl_msg m = { LB_CTL_SIGNAL, 0, 0 };
	unsigned char sig;
	ssize_t n = recv(s->fd, &sig, 1, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		lb_end(&b->w, 125);
		return;
	}
	m.value = sig;
	if (sig == SIGKILL || !b->dom0_started ||
	    send(dom0->ctl.fd, &m, sizeof(m), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		lb_end(&b->w, 128 + sig);
}

static void set_fd_limits(struct lb_world *w)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		r.rlim_cur = r.rlim_max = 1024;
	w->nofile = r.rlim_cur;
	r.rlim_cur = r.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &r) < 0)
		r.rlim_cur = w->nofile;
	/* No domain may use up what the others need: half at most for one. */
	w->max_fds = r.rlim_cur > 1u << 20 ? 1u << 19 : (uint32_t)r.rlim_cur / 2;
	if (w->max_fds > OWN_FDS)
		w->max_fds -= OWN_FDS;
}

static int watch_signals(struct broker *b)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTSTP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	b->sig = (struct lb_source){ signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), on_signal };
	return b->sig.fd < 0 ? errno : lb_loop_add(b->w.epfd, &b->sig, EPOLLIN) < 0 ? errno : 0;
}

static int start(struct broker *b, int life)
{
	struct lb_world *w = &b->w;
	struct lb_domain *dom0;
	char path[160];
	int err;

	w->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (w->epfd < 0)
		return errno;
	set_fd_limits(w);
	err = watch_signals(b);
	if (err)
		return err;
	b->life = (struct lb_source){ life, on_life };
	if (lb_loop_add(w->epfd, &b->life, EPOLLIN) < 0)
		return errno;
	err = lb_domain_new(w, 0, "Domain-0", &dom0);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/xs-hv", w->cfg->dir);
	w->xs_listener = (struct lb_listener){ .dom = dom0, .xenstored = true };
	err = lb_listen(w, &w->xs_listener, path);
	return err ? err : lb_spawn_xenstored(w);
}

static int start_dom0(struct broker *b)
{
	struct lb_keeper_args a = {
		.foreground = true, .stdio = { 0, 1, 2 }, .strings = b->strings,
		.uid = LB_DOMID_ANY, .gid = LB_DOMID_ANY, .umask = LB_DOMID_ANY,
	};

	b->dom0_started = true;
	return lb_spawn_keeper(lb_domain_find(&b->w, 0), &a);
}

/* It answers: whoever waited for it goes on. */
static void xenstored_answers(struct broker *b)
{
	int err = b->dom0_started ? 0 : start_dom0(b);

	b->xs_deadline = 0;
	lb_xenstored_up(&b->w, 0);
	if (err) {
		lb_log("starting domain 0: %s", strerror(err));
		lb_end(&b->w, 125);
	}
}

/* Waits for xenstored to answer, without waiting. */
static void try_xenstored(struct broker *b)
{
	struct lb_world *w = &b->w;
	int err = lb_ts_ready(w) ? ETIMEDOUT : lb_ts_init(w);

	if (!err || lb_now_ms() <= b->xs_deadline)
		return;
	lb_log("%s does not answer: %s", w->cfg->xenstored, strerror(err));
	b->xs_deadline = 0;
	lb_xenstored_up(w, ETIMEDOUT);
	if (!b->dom0_started)
		lb_end(w, 125);
}

/* A creation that waits for a stopped xenstored or keeper ends some day. */
static bool check_deadlines(struct lb_world *w)
{
	int64_t now = lb_now_ms();
	struct lb_domain *d;
	bool pending = false;

	for (d = w->domains; d; d = d->next) {
		if (d->deadline && now > d->deadline) {
			d->deadline = 0;
			d->ts_error = ETIMEDOUT;
			lb_domain_kill(d);
		}
		pending |= d->deadline != 0;
	}
	return pending;
}

static void turn(struct broker *b)
{
	bool pending;

	if (b->w.xenstored_pid && !b->w.xs_up) {
		if (!b->xs_deadline)
			b->xs_deadline = lb_now_ms() + XENSTORED_DEADLINE_MS;
		try_xenstored(b);
	} else if (b->w.xs_up && b->xs_deadline) {
		xenstored_answers(b);
	} else if (!b->w.xenstored_pid && !b->dom0_started) {
		lb_log("no world without xenstored");
		lb_end(&b->w, 125);
	}
	pending = check_deadlines(&b->w);
	if (!b->w.ending)
		lb_loop_once(b->w.epfd, b->xs_deadline ? TICK_MS : pending ? 1000 : -1);
}

int lb_broker_run(const struct lb_config *cfg, int life, int strings, bool proc_ours)
{
	static struct broker b;
	int err;

	b.w = (struct lb_world){ .cfg = cfg, .proc_ours = proc_ours, .next_domid = 1 };
	b.strings = strings;
	err = start(&b, life);
	if (err) {
		lb_log("starting the world: %s", strerror(err));
		return 125;
	}
	while (!b.w.ending)
		turn(&b);
	/* All at once and now: nobody is to complain about a world that ends. */
	kill(-1, SIGKILL);
	return b.w.status;
}
