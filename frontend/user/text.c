// SPDX-License-Identifier: MIT
/*
 * Words for people, and the way from the protocol's numbers to errno.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "internal.h"

/* coprocif.md section 9, the column for Linux. */
int coproc_status_errno(unsigned int status)
{
	static const int table[] = {
		[XENCOPROC_FAILED] = EREMOTEIO,
		[XENCOPROC_FAULT] = EFAULT,
		[XENCOPROC_TIMED_OUT] = ETIMEDOUT,
		[XENCOPROC_EXPIRED] = ETIME,
		[XENCOPROC_CANCELLED] = ECANCELED,
		[XENCOPROC_LOST] = ECONNRESET,
		[XENCOPROC_BAD_OP] = ENOSYS,
		[XENCOPROC_BAD_FIELD] = EINVAL,
		[XENCOPROC_BAD_OBJECT] = ENOENT,
		[XENCOPROC_IN_USE] = EEXIST,
		[XENCOPROC_BAD_RANGE] = ERANGE,
		[XENCOPROC_BAD_ACCESS] = EACCES,
		[XENCOPROC_BAD_GRANT] = ENXIO,
		[XENCOPROC_BAD_DIGEST] = EBADMSG,
		[XENCOPROC_BAD_IMAGE] = ENOEXEC,
		[XENCOPROC_NO_QUOTA] = EDQUOT,
		[XENCOPROC_DENIED] = EPERM,
		[XENCOPROC_NOT_SUPPORTED] = EOPNOTSUPP,
		[XENCOPROC_NOT_FOUND] = ESRCH,
		[XENCOPROC_STOPPED] = ENODEV,
		[XENCOPROC_NO_MEMORY] = ENOMEM,
	};

	if (status == XENCOPROC_OK)
		return 0;
	if (status >= sizeof(table) / sizeof(table[0]) || !table[status])
		return -EPROTO;
	return -table[status];
}

const char *coproc_version(void)
{
	return XENCOPROC_VERSION;
}

int fail(struct coproc_device *dev, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(dev->reason, sizeof(dev->reason), format, args);
	va_end(args);
	return error;
}

int refused(struct coproc_device *dev, const char *what, unsigned int status, uint64_t detail)
{
	dev->refusal = status;
	dev->refusal_detail = detail;
	return fail(dev, -EREMOTEIO, "the backend refused (%s): %s (%s, detail %llu)", what,
		    coproc_status_explain(status), coproc_status_text(status),
		    (unsigned long long)detail);
}
