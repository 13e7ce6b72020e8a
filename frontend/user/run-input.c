// SPDX-License-Identifier: MIT
/* coproc-run's input: a file is mapped, anything else is read to its end. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"

static int read_all(struct run_input *input, int fd)
{
	size_t room = 0;
	ssize_t n;
	char *more;

	for (;;) {
		if (input->size == room) {
			room = room ? room * 2 : 65536;
			more = realloc(input->data, room);
			if (!more)
				return -ENOMEM;
			input->data = more;
		}
		n = read(fd, input->data + input->size, room - input->size);
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		input->size += n > 0 ? (size_t)n : 0;
	}
}

static int map_or_read(struct run_input *input, int fd)
{
	struct stat st;
	void *at;

	if (fstat(fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode) || !st.st_size)
		return read_all(input, fd);
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		return read_all(input, fd);
	madvise(at, (size_t)st.st_size, MADV_SEQUENTIAL);
	input->data = at;
	input->size = (size_t)st.st_size;
	input->mapped = true;
	return 0;
}

int run_input_open(struct run_input *input, const char *path)
{
	int fd, rc;

	memset(input, 0, sizeof(*input));
	if (!path)
		return 0;
	fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(0);
	if (fd < 0)
		return -errno;
	rc = map_or_read(input, fd);
	close(fd);
	if (rc)
		run_input_close(input);
	return rc;
}

void run_input_close(struct run_input *input)
{
	if (input->mapped)
		munmap(input->data, input->size);
	else
		free(input->data);
	memset(input, 0, sizeof(*input));
}
