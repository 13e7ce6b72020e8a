// SPDX-License-Identifier: MIT
#include "loopback/strings.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_LIMIT (16u << 20)	/* well over what execve() takes */

struct header {
	uint32_t argc, envc;
};

static int put(int fd, const void *p, size_t n)
{
	ssize_t w;

	for (; n; p = (const char *)p + w, n -= (size_t)w) {
		w = write(fd, p, n);
		if (w < 0)
			return -1;
	}
	return 0;
}

static uint32_t count(char *const v[])
{
	uint32_t n = 0;

	while (v[n])
		n++;
	return n;
}

int lb_strings_send(const char *cwd, char *const argv[], char *const envp[])
{
	struct header h = { count(argv), count(envp) };
	int fd = memfd_create("command", MFD_CLOEXEC), rc, saved;
	uint32_t i;

	if (fd < 0)
		return -1;
	rc = put(fd, &h, sizeof(h)) | put(fd, cwd, strlen(cwd) + 1);
	for (i = 0; !rc && i < h.argc; i++)
		rc = put(fd, argv[i], strlen(argv[i]) + 1);
	for (i = 0; !rc && i < h.envc; i++)
		rc = put(fd, envp[i], strlen(envp[i]) + 1);
	if (!rc)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* Reads rather than maps: the sender could still cut the file short. */
static char *slurp(int fd, size_t *len)
{
	struct stat st;
	char *buf;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return NULL;
	if (st.st_size < (off_t)sizeof(struct header) || st.st_size > SIZE_LIMIT) {
		errno = EBADMSG;
		return NULL;
	}
	buf = malloc((size_t)st.st_size);
	if (!buf)
		return NULL;
	n = pread(fd, buf, (size_t)st.st_size, 0);
	if (n < (ssize_t)sizeof(struct header) || buf[n - 1]) {
		free(buf);
		errno = EBADMSG;
		return NULL;
	}
	*len = (size_t)n;
	return buf;
}

int lb_strings_receive(int fd, struct lb_strings *s)
{
	size_t len = 0, at = sizeof(struct header), i, total;
	char *buf = slurp(fd, &len), **v = NULL;
	struct header h;

	if (!buf)
		return -1;
	memcpy(&h, buf, sizeof(h));
	total = (size_t)h.argc + h.envc;
	if (h.argc >= 1 && total < len)
		v = calloc(total + 2, sizeof(*v));
	if (!v)
		goto bad;
	s->cwd = buf + at;
	for (i = 0, at += strlen(buf + at) + 1; i < total; i++, at += strlen(buf + at) + 1) {
		if (at >= len)
			goto bad;
		v[i < h.argc ? i : i + 1] = buf + at;
	}
	s->argv = v;
	s->envp = v + h.argc + 1;
	s->mem = buf;
	return 0;
bad:
	free(v);
	free(buf);
	errno = EBADMSG;
	return -1;
}
