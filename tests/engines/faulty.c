/* SPDX-License-Identifier: MIT */
/* What may fail around an engine; the list in room.mk is the same. */
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <xengnttab.h>
#include <xentoolcore.h>

#include "tests/unit/faulty.h"

FAULTY(void *, malloc, NULL, ENOMEM, (size_t n), (n))
FAULTY(void *, mmap, MAP_FAILED, ENOMEM,
       (void *at, size_t n, int prot, int flags, int fd, off_t from), (at, n, prot, flags, fd, from))
/* Without the questions which capabilities there are, and only the first drop. */
long __real_prctl(int what, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
long __wrap_prctl(int what, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
long __wrap_prctl(int what, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	if (what != PR_CAPBSET_READ && (what != PR_CAPBSET_DROP || a == 0) &&
	    fails("prctl", __builtin_return_address(0))) {
		errno = EINVAL;
		return -1;
	}
	return __real_prctl(what, a, b, c, d);
}

FAULTY(long, syscall, -1, EPERM, (long n, long a, long b, long c), (n, a, b, c))
FAULTY(int, unshare, -1, EPERM, (int flags), (flags))
FAULTY(int, mount, -1, EPERM,
       (const char *from, const char *at, const char *type, unsigned long flags, const void *data),
       (from, at, type, flags, data))
FAULTY(int, umount2, -1, EBUSY, (const char *at, int flags), (at, flags))
FAULTY(int, chroot, -1, EPERM, (const char *at), (at))
FAULTY(int, chdir, -1, ENOENT, (const char *at), (at))
FAULTY(int, setgroups, -1, EPERM, (size_t n, const gid_t *list), (n, list))
FAULTY(int, setresgid, -1, EPERM, (gid_t r, gid_t e, gid_t s), (r, e, s))
FAULTY(int, setresuid, -1, EAGAIN, (uid_t r, uid_t e, uid_t s), (r, e, s))
FAULTY(int, setrlimit, -1, EPERM, (int what, const struct rlimit *limit), (what, limit))
FAULTY(int, close_range, -1, ENOSYS, (unsigned int first, unsigned int last, int flags),
       (first, last, flags))
FAULTY(scmp_filter_ctx, seccomp_init, NULL, ENOMEM, (uint32_t action), (action))
FAULTY(int, seccomp_load, -EFAULT, EFAULT, (scmp_filter_ctx filter), (filter))
FAULTY(int, seccomp_attr_set, -EINVAL, EINVAL, (scmp_filter_ctx f, enum scmp_filter_attr a, uint32_t v),
       (f, a, v))
FAULTY(xengnttab_handle *, xengnttab_open, NULL, ENODEV, (struct xentoollog_logger *l, unsigned int f),
       (l, f))
FAULTY(void *, xengnttab_map_domain_grant_refs, NULL, ENOMEM,
       (xengnttab_handle *xgt, uint32_t n, uint32_t domid, uint32_t *refs, int prot),
       (xgt, n, domid, refs, prot))
FAULTY(int, xentoolcore_restrict_all, -1, EOPNOTSUPP, (domid_t domid), (domid))
