// SPDX-License-Identifier: MIT
/* libxentoolcore.so.1: the list of this process's open handles. */
#include "loopback/lib/toolcore.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <xentoolcore.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct lb_active_handle *handles;

void xentoolcore__register_active_handle(struct lb_active_handle *ah)
{
	pthread_mutex_lock(&lock);
	ah->next = handles;
	ah->prev = &handles;
	if (handles)
		handles->prev = &ah->next;
	handles = ah;
	pthread_mutex_unlock(&lock);
}

void xentoolcore__deregister_active_handle(struct lb_active_handle *ah)
{
	pthread_mutex_lock(&lock);
	if (ah->next)
		ah->next->prev = ah->prev;
	*ah->prev = ah->next;
	pthread_mutex_unlock(&lock);
}

int xentoolcore__restrict_by_dup2_null(int fd)
{
	int null, rc, saved;

	if (fd < 0)
		return 0;
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0)
		return -1;
	rc = dup3(null, fd, O_CLOEXEC);
	saved = errno;
	close(null);
	errno = saved;
	return rc < 0 ? -1 : 0;
}

/*
 * Stops at the first handle that refuses: a caller that sees -1 must treat
 * none of its handles as restricted.
 */
int xentoolcore_restrict_all(domid_t domid)
{
	struct lb_active_handle *ah;
	int rc = 0;

	pthread_mutex_lock(&lock);
	for (ah = handles; ah && !rc; ah = ah->next)
		rc = ah->restrict_callback(ah, domid);
	pthread_mutex_unlock(&lock);
	return rc ? -1 : 0;
}
