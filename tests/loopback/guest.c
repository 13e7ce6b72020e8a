/* SPDX-License-Identifier: MIT */
/*
 * A domain that does what it is told: one command per line on stdin, one line
 * of answer on stdout, "ok ..." or "err ERRNO".  The tests start several and
 * play them against each other.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>
#include <xentoolcore.h>
#include <xen/grant_table.h>

#define SLOTS 64
#define REFS 4096

static xengnttab_handle *xgt;
static xengntshr_handle *xgs;
static xenevtchn_handle *xce;
static struct xs_handle *xsh;
static char *slot[SLOTS];

static void answer(bool ok, const char *more)
{
	if (ok)
		printf("ok%s%s\n", *more ? " " : "", more);
	else
		printf("err %s\n", strerrorname_np(errno));
}

static void answer_number(long v)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%ld", v);
	answer(v >= 0, buf);
}

static int free_slot(void)
{
	int i;

	for (i = 0; i < SLOTS - 1 && slot[i]; i++)
		;
	return i;
}

/* ok SLOT, then for a share its references */
static void answer_slot(void *p, const uint32_t *refs, uint32_t n)
{
	int s = free_slot();
	uint32_t i;

	if (!p) {
		answer(false, "");
		return;
	}
	slot[s] = p;
	printf("ok %d", s);
	for (i = 0; i < n; i++)
		printf(" %u", refs[i]);
	printf("\n");
}

static long arg(char **v, int i)
{
	return v[i] ? strtol(v[i], NULL, 0) : -1;
}

/* share DOMID COUNT ro|rw [OFFSET PORT] */
static void do_share(char **v)
{
	static uint32_t refs[REFS];
	int n = (int)arg(v, 2), w = !strcmp(v[3], "rw");
	void *p;

	if (v[4])
		p = xengntshr_share_page_notify(xgs, (uint32_t)arg(v, 1), refs, w,
						(uint32_t)arg(v, 4), (uint32_t)arg(v, 5));
	else
		p = xengntshr_share_pages(xgs, (uint32_t)arg(v, 1), n, refs, w);
	answer_slot(p, refs, n > 0 ? (uint32_t)n : 0);
}

/* map DOMID ro|rw REF...   mapn DOMID REF OFFSET PORT */
static void do_map(char **v)
{
	static uint32_t refs[REFS];
	int prot = PROT_READ | (!strcmp(v[2], "rw") ? PROT_WRITE : 0);
	uint32_t n = 0;

	while (v[3 + n]) {
		refs[n] = (uint32_t)arg(v, 3 + (int)n);
		n++;
	}
	answer_slot(xengnttab_map_domain_grant_refs(xgt, n, (uint32_t)arg(v, 1), refs, prot), NULL, 0);
}

static void do_mapn(char **v)
{
	answer_slot(xengnttab_map_grant_ref_notify(xgt, (uint32_t)arg(v, 1), (uint32_t)arg(v, 2),
						   PROT_READ | PROT_WRITE, (uint32_t)arg(v, 3),
						   (uint32_t)arg(v, 4)), NULL, 0);
}

/* Can a page that is mapped read-only be had for writing by any way round? */
static void do_force(char **v)
{
	char *p = slot[arg(v, 1)], path[300], link[256];
	unsigned long lo, hi;
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	int fd, ways = 0;

	if (mprotect(p, 4096, PROT_READ | PROT_WRITE) == 0)
		ways |= 1;
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &lo, &hi) == 2 && lo == (unsigned long)p) {
			snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", lo, hi);
			if (readlink(path, link, sizeof(link)) < 0)
				continue;
			chmod(path, 0777);
			fd = open(path, O_RDWR);
			if (fd < 0)
				continue;
			if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED)
				ways |= 2;
			if (pwrite(fd, "X", 1, 0) == 1)
				ways |= 4;
			if (ftruncate(fd, 0) == 0)
				ways |= 8;
			if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) == 0)
				ways |= 16;
			close(fd);
		}
	fclose(maps);
	answer_number(ways);
}

static int open_fds(void)
{
	int i, n = 0;

	for (i = 0; i < 4096; i++)
		n += fcntl(i, F_GETFD) >= 0;
	return n;
}

/* pending MS: ok PORT, or none */
static void do_pending(char **v)
{
	struct pollfd p = { .fd = xenevtchn_fd(xce), .events = POLLIN };

	if (poll(&p, 1, (int)arg(v, 1)) == 1)
		answer_number(xenevtchn_pending(xce));
	else
		printf("none\n");
}

/* copy in|out SLOT OFFSET LEN DOMID REF REFOFFSET: one segment, ok STATUS */
static void do_copy(char **v)
{
	bool in = !strcmp(v[1], "in");
	xengnttab_grant_copy_segment_t s = { .len = (uint16_t)arg(v, 4),
		.flags = in ? GNTCOPY_source_gref : GNTCOPY_dest_gref, .status = 99 };
	union xengnttab_copy_ptr *far = in ? &s.source : &s.dest, *near = in ? &s.dest : &s.source;

	near->virt = arg(v, 2) >= 0 ? slot[arg(v, 2)] + arg(v, 3) : (char *)8;
	far->foreign.domid = (uint16_t)arg(v, 5);
	far->foreign.ref = (uint32_t)arg(v, 6);
	far->foreign.offset = (uint16_t)arg(v, 7);
	if (xengnttab_grant_copy(xgt, 1, &s) < 0)
		answer(false, "");
	else
		printf("ok %d\n", s.status);
}

/* copyff DOMID REF OFFSET DOMID REF OFFSET LEN: foreign to foreign */
static void do_copyff(char **v)
{
	xengnttab_grant_copy_segment_t s = { .len = (uint16_t)arg(v, 7),
		.flags = GNTCOPY_source_gref | GNTCOPY_dest_gref };

	s.source.foreign.domid = (uint16_t)arg(v, 1);
	s.source.foreign.ref = (uint32_t)arg(v, 2);
	s.source.foreign.offset = (uint16_t)arg(v, 3);
	s.dest.foreign.domid = (uint16_t)arg(v, 4);
	s.dest.foreign.ref = (uint32_t)arg(v, 5);
	s.dest.foreign.offset = (uint16_t)arg(v, 6);
	if (xengnttab_grant_copy(xgt, 1, &s) < 0)
		answer(false, "");
	else
		printf("ok %d\n", s.status);
}

/* copymany COUNT DOMID REF: COUNT segments of one byte each, answers how many are okay */
static void do_copymany(char **v)
{
	uint32_t n = (uint32_t)arg(v, 1), i, good = 0;
	xengnttab_grant_copy_segment_t *s = calloc(n, sizeof(*s));
	char *to = calloc(1, n);

	for (i = 0; s && to && i < n; i++) {
		s[i].flags = GNTCOPY_source_gref;
		s[i].len = 1;
		s[i].source.foreign.domid = (uint16_t)arg(v, 2);
		s[i].source.foreign.ref = (uint32_t)arg(v, 3) + (i % 5 == 4 ? 60000 : 0);
		s[i].source.foreign.offset = (uint16_t)(i % 4096);
		s[i].dest.virt = to + i;
	}
	if (!s || !to || xengnttab_grant_copy(xgt, n, s) < 0) {
		answer(false, "");
	} else {
		for (i = 0; i < n; i++)
			good += s[i].status == GNTST_okay && to[i] == 'm';
		answer_number(good);
	}
	free(to);
	free(s);
}

static bool grant_command(const char *c, char **v)
{
	if (!strcmp(c, "share"))
		do_share(v);
	else if (!strcmp(c, "unshare"))
		answer_number(xengntshr_unshare(xgs, slot[arg(v, 1)] + 4096 * arg(v, 2),
						(uint32_t)arg(v, 3)));
	else if (!strcmp(c, "map"))
		do_map(v);
	else if (!strcmp(c, "mapn"))
		do_mapn(v);
	else if (!strcmp(c, "unmap"))
		answer_number(xengnttab_unmap(xgt, slot[arg(v, 1)] + 4096 * arg(v, 2),
					      (uint32_t)arg(v, 3)));
	else if (!strcmp(c, "maxmaps"))
		answer_number(xengnttab_set_max_grants(xgt, (uint32_t)arg(v, 1)));
	else if (!strcmp(c, "forget"))
		answer_number((slot[arg(v, 1)] = NULL, 0));
	else if (!strcmp(c, "poke"))
		answer_number((slot[arg(v, 1)][arg(v, 2)] = (char)arg(v, 3), 0));
	else if (!strcmp(c, "fill"))
		answer_number((memset(slot[arg(v, 1)], (int)arg(v, 2), 4096), 0));
	else if (!strcmp(c, "peek"))
		answer_number((unsigned char)slot[arg(v, 1)][arg(v, 2)]);
	else if (!strcmp(c, "force"))
		do_force(v);
	else if (!strcmp(c, "copy"))
		do_copy(v);
	else if (!strcmp(c, "copyff"))
		do_copyff(v);
	else if (!strcmp(c, "copymany"))
		do_copymany(v);
	else
		return false;
	return true;
}

static bool event_command(const char *c, char **v)
{
	if (!strcmp(c, "alloc"))
		answer_number(xenevtchn_bind_unbound_port(xce, (uint32_t)arg(v, 1)));
	else if (!strcmp(c, "bind"))
		answer_number(xenevtchn_bind_interdomain(xce, (uint32_t)arg(v, 1), (evtchn_port_t)arg(v, 2)));
	else if (!strcmp(c, "virq"))
		answer_number(xenevtchn_bind_virq(xce, (unsigned int)arg(v, 1)));
	else if (!strcmp(c, "unbind"))
		answer_number(xenevtchn_unbind(xce, (evtchn_port_t)arg(v, 1)));
	else if (!strcmp(c, "notify"))
		answer_number(xenevtchn_notify(xce, (evtchn_port_t)arg(v, 1)));
	else if (!strcmp(c, "unmask"))
		answer_number(xenevtchn_unmask(xce, (evtchn_port_t)arg(v, 1)));
	else if (!strcmp(c, "pending"))
		do_pending(v);
	else if (!strcmp(c, "evrestrict"))
		answer_number(xenevtchn_restrict(xce, (domid_t)arg(v, 1)));
	else
		return false;
	return true;
}

static bool store_command(const char *c, char **v)
{
	static xs_transaction_t tx;
	unsigned int len;
	char *val, **ev;
	struct pollfd p = { .events = POLLIN };

	if (!strcmp(c, "xsopen")) {
		answer((xsh = xs_open(0)) != NULL, "");
	} else if (!strcmp(c, "xsclose")) {
		xs_close(xsh);
		xsh = NULL;
		answer(true, "");
	} else if (!strcmp(c, "xsread")) {
		val = xs_read(xsh, XBT_NULL, v[1], &len);
		answer(val != NULL, val ? val : "");
		free(val);
	} else if (!strcmp(c, "xswrite")) {
		answer(xs_write(xsh, XBT_NULL, v[1], v[2], (unsigned int)strlen(v[2])), "");
	} else if (!strcmp(c, "xsrm")) {
		answer(xs_rm(xsh, XBT_NULL, v[1]), "");
	} else if (!strcmp(c, "xswatch")) {
		answer(xs_watch(xsh, v[1], v[2]), "");
	} else if (!strcmp(c, "xsunwatch")) {
		answer(xs_unwatch(xsh, v[1], v[2]), "");
	} else if (!strcmp(c, "xsevent")) {
		p.fd = xs_fileno(xsh);
		ev = poll(&p, 1, (int)arg(v, 1)) == 1 ? xs_read_watch(xsh, &len) : NULL;
		if (ev)
			printf("ok %s %s\n", ev[0], ev[1]);
		else
			printf("none\n");
		free(ev);
	} else if (!strcmp(c, "xsbegin")) {
		tx = xs_transaction_start(xsh);
		answer(tx != XBT_NULL, "");
	} else if (!strcmp(c, "xstwrite")) {
		answer(xs_write(xsh, tx, v[1], v[2], (unsigned int)strlen(v[2])), "");
	} else if (!strcmp(c, "xsend")) {
		answer(xs_transaction_end(xsh, tx, v[1] != NULL), "");
	} else {
		return false;
	}
	return true;
}

#define ALLOW(nr) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##nr, 0, 1), \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* The calls that loopback/README.md lists, and what this program itself needs
 * to read commands and to answer.  Anything else kills the process. */
static void do_seccomp(void)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(sendmsg), ALLOW(recvmsg), ALLOW(mmap), ALLOW(munmap), ALLOW(close),
		ALLOW(pread64), ALLOW(pwrite64), ALLOW(read), ALLOW(write), ALLOW(futex),
		ALLOW(brk), ALLOW(epoll_ctl), ALLOW(epoll_pwait), ALLOW(fcntl), ALLOW(ppoll),
#ifdef __NR_poll
		ALLOW(epoll_wait), ALLOW(poll),
#endif
		ALLOW(exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog p = { sizeof(f) / sizeof(f[0]), f };

	answer_number(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -1 :
		      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p));
}

/* A child does the one thing that is allowed to it, closing; we go on. */
static void do_fork_close(void)
{
	pid_t pid = fork();
	int st;

	if (!pid) {
		xengnttab_close(xgt);
		xengntshr_close(xgs);
		xenevtchn_close(xce);
		_exit(0);
	}
	answer_number(waitpid(pid, &st, 0) == pid ? st : -1);
}

static bool process_command(const char *c, char **v)
{
	if (!strcmp(c, "restrict"))
		answer_number(xentoolcore_restrict_all((domid_t)arg(v, 1)));
	else if (!strcmp(c, "fds"))
		answer_number(open_fds());
	else if (!strcmp(c, "seccomp"))
		do_seccomp();
	else if (!strcmp(c, "forkclose"))
		do_fork_close();
	else if (!strcmp(c, "reopen")) {
		xengnttab_close(xgt);
		xengntshr_close(xgs);
		xenevtchn_close(xce);
		xgt = xengnttab_open(NULL, 0);
		xgs = xengntshr_open(NULL, 0);
		xce = xenevtchn_open(NULL, 0);
		answer(xgt && xgs && xce, "");
	} else if (!strcmp(c, "getpid"))
		answer_number(getpid());
	else
		return false;
	return true;
}

int main(void)
{
	static char line[65536];
	char *v[REFS + 8], *save, *w;
	int n;

	setvbuf(stdout, NULL, _IOLBF, 0);
	xgt = xengnttab_open(NULL, 0);
	xgs = xengntshr_open(NULL, 0);
	xce = xenevtchn_open(NULL, 0);
	answer(xgt && xgs && xce, "ready");
	while (fgets(line, sizeof(line), stdin)) {
		n = 0;
		for (w = strtok_r(line, " \n", &save); w && n < REFS + 7; w = strtok_r(NULL, " \n", &save))
			v[n++] = w;
		v[n] = NULL;
		errno = 0;
		if (n && !grant_command(v[0], v) && !event_command(v[0], v) &&
		    !store_command(v[0], v) && !process_command(v[0], v))
			printf("err UNKNOWN\n");
	}
	return 0;
}
