// SPDX-License-Identifier: MIT
/* coproc-loopback domain: asks for a domain, waits for its end. */
#include "loopback/cli.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loopback/broker/broker.h"
#include "loopback/lib/client.h"
#include "loopback/strings.h"

struct request {
	struct lb_create_req r;
	bool detach;
};

static bool parse_id(const char *text, uint32_t *id)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	*id = (uint32_t)v;
	return *text && !*end && v < UINT32_MAX;
}

/* USER[:GROUP], names or numbers. */
static int parse_user(char *arg, struct lb_create_req *r)
{
	char *colon = strchr(arg, ':');
	const struct passwd *pw;
	const struct group *gr;

	if (colon)
		*colon++ = 0;
	pw = getpwnam(arg);
	if (pw) {
		r->uid = pw->pw_uid;
		r->gid = pw->pw_gid;
	} else if (parse_id(arg, &r->uid)) {
		r->gid = r->uid;
	} else {
		lb_log("--user: there is no user '%s'", arg);
		return -1;
	}
	if (!colon)
		return 0;
	gr = getgrnam(colon);
	if (gr) {
		r->gid = gr->gr_gid;
	} else if (!parse_id(colon, &r->gid)) {
		lb_log("--user: there is no group '%s'", colon);
		return -1;
	}
	return 0;
}

static int parse_name(const char *arg, struct lb_create_req *r)
{
	size_t length = strlen(arg);

	if (!length || length >= sizeof(r->name) || strchr(arg, '/')) {
		lb_log("--name: 1 to %zu characters without '/'", sizeof(r->name) - 1);
		return -1;
	}
	memcpy(r->name, arg, length + 1);
	return 0;
}

static int parse(int argc, char **argv, struct request *q)
{
	static const struct option opts[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "domid", required_argument, NULL, 'i' },
		{ "detach", no_argument, NULL, 'd' },
		{ "user", required_argument, NULL, 'u' },
		{ NULL, 0, NULL, 0 },
	};
	int o, rc = 0;

	while (!rc && (o = getopt_long(argc, argv, "+", opts, NULL)) != -1) {
		if (o == 'n') {
			rc = parse_name(optarg, &q->r);
		} else if (o == 'i') {
			long v = lb_cli_number(optarg, 1, LB_DOMID_MAX - 1, "--domid");

			q->r.h.arg[0] = (uint32_t)v;
			rc = v < 0 ? -1 : 0;
		} else if (o == 'd') {
			q->detach = true;
		} else if (o == 'u') {
			rc = parse_user(optarg, &q->r);
		} else {
			rc = -1;
		}
	}
	if (!rc && optind == argc) {
		lb_log("domain: which command? (see --help)");
		rc = -1;
	}
	return rc;
}

static const char *why(int err)
{
	switch (err) {
	case EPERM: return "only domain 0 may create domains";
	case EEXIST: return "that domid is taken";
	case EHOSTDOWN: return "xenstored has died ('coproc-loopback xenstored' starts it)";
	case ETIMEDOUT: return "xenstored did not answer in time";
	case ECHILD: return "its first process died at once (see above)";
	default: return strerror(err);
	}
}

/* Sends the request with the command's descriptors; lb_call() sends none. */
static int create(int sock, struct request *q, char **argv, uint32_t *domid)
{
	char *cwd = getcwd(NULL, 0);
	int fd[4] = { 0, 1, 2, lb_strings_send(cwd ? cwd : "/", argv, environ) };
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(fd))];
	} ctl = { .align = { .cmsg_len = CMSG_LEN(sizeof(fd)), .cmsg_level = SOL_SOCKET,
			     .cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { &q->r, sizeof(q->r) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = ctl.buf, .msg_controllen = sizeof(ctl.buf) };
	struct lb_rep rep;
	ssize_t n;

	free(cwd);
	memcpy(CMSG_DATA(&ctl.align), fd, sizeof(fd));
	if (fd[3] < 0 || sendmsg(sock, &m, MSG_NOSIGNAL) < 0) {
		lb_log("asking for a domain: %m (are descriptors 0, 1 and 2 open?)");
		return -1;
	}
	close(fd[3]);
	do {
		n = recv(sock, &rep, sizeof(rep), 0);
	} while (n < 0 && errno == EINTR);
	if (n != sizeof(rep) || rep.error) {
		lb_log("creating the domain: %s", n == sizeof(rep) ? why(rep.error) : "the world has ended");
		return -1;
	}
	*domid = rep.value;
	return 0;
}

static int catch_signals(void)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaddset(&set, sigs[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Signals go to the domain's command; its exit status becomes ours. */
static int wait_end(int sock, int sigfd, uint32_t domid)
{
	struct pollfd p[2] = { { .fd = sock, .events = POLLIN }, { .fd = sigfd, .events = POLLIN } };
	struct signalfd_siginfo si;
	struct lb_exit_msg bye;
	int other = lb_cli_connect();

	/* Signals travel on a connection of their own: the first one carries
	 * the domain's end. */
	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return LB_EXIT_FAILED;
		if (p[1].revents & POLLIN && read(sigfd, &si, sizeof(si)) == sizeof(si) && other >= 0)
			lb_ask(other, LB_OP_SIGNAL, domid, si.ssi_signo, 0, NULL);
		if (p[0].revents)
			break;
	}
	return recv(sock, &bye, sizeof(bye), 0) == sizeof(bye) ? (int)bye.status : LB_EXIT_FAILED;
}

int lb_cli_domain(int argc, char **argv)
{
	struct request q = { .r = { .h = { LB_OP_CREATE, { LB_DOMID_ANY, 0, 0 } },
				    .uid = LB_DOMID_ANY, .gid = LB_DOMID_ANY } };
	mode_t mask = umask(0);
	uint32_t domid;
	int sock, sigfd;

	umask(mask);
	q.r.umask = mask;
	if (parse(argc, argv, &q) < 0)
		return LB_EXIT_USAGE;
	if (q.detach)
		q.r.h.arg[1] |= LB_CREATE_DETACH;
	sock = lb_cli_connect();
	if (sock < 0)
		return LB_EXIT_FAILED;
	sigfd = catch_signals();
	if (create(sock, &q, argv + optind, &domid) < 0)
		return LB_EXIT_FAILED;
	if (!q.detach)
		return wait_end(sock, sigfd, domid);
	printf("%u\n", domid);
	return fflush(stdout) ? LB_EXIT_FAILED : 0;
}
