/* SPDX-License-Identifier: MIT */
/*
 * One end of a libxenvchan that sums up what it carries:
 *   loopback-vchan server DOMID PATH BYTES     sends BYTES and expects their sum back
 *   loopback-vchan client DOMID PATH BYTES     receives BYTES and sends the sum
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libxenvchan.h>

static uint32_t state = 1;

static unsigned char next_byte(void)
{
	state = state * 1664525u + 1013904223u;
	return (unsigned char)(state >> 24);
}

static int transfer(struct libxenvchan *v, void *p, size_t n, int write_it)
{
	char *c = p;
	int k;

	for (; n; c += k, n -= (size_t)k) {
		k = write_it ? libxenvchan_write(v, c, n) : libxenvchan_read(v, c, n);
		if (k <= 0)
			return -1;
	}
	return 0;
}

static int serve(struct libxenvchan *v, size_t bytes)
{
	unsigned char buf[4096];
	uint64_t sum = 0, theirs = 0;
	size_t left, n, i;

	for (left = bytes; left; left -= n) {
		n = left < sizeof(buf) ? left : sizeof(buf);
		for (i = 0; i < n; i++)
			sum = sum * 31 + (buf[i] = next_byte());
		if (transfer(v, buf, n, 1) < 0)
			return 1;
	}
	if (transfer(v, &theirs, sizeof(theirs), 0) < 0)
		return 1;
	printf("server: %zu bytes, sums %s\n", bytes, sum == theirs ? "agree" : "differ");
	return sum != theirs;
}

static int consume(struct libxenvchan *v, size_t bytes)
{
	unsigned char buf[4096];
	uint64_t sum = 0;
	size_t n, i;

	for (; bytes; bytes -= n) {
		n = bytes < sizeof(buf) ? bytes : sizeof(buf);
		if (transfer(v, buf, n, 0) < 0)
			return 1;
		for (i = 0; i < n; i++)
			sum = sum * 31 + buf[i];
	}
	if (transfer(v, &sum, sizeof(sum), 1) < 0)
		return 1;
	/* Leave closing to the server, or it might not read the sum. */
	while (libxenvchan_is_open(v) == 1)
		if (libxenvchan_wait(v) < 0)
			break;
	return 0;
}

int main(int argc, char **argv)
{
	struct libxenvchan *v = NULL;
	int server, rc, i;

	if (argc != 5)
		return 2;
	server = !strcmp(argv[1], "server");
	if (server)
		v = libxenvchan_server_init(NULL, atoi(argv[2]), argv[3], 4096, 65536);
	for (i = 0; !server && !v && i < 200; i++) {
		v = libxenvchan_client_init(NULL, atoi(argv[2]), argv[3]);
		if (!v)
			usleep(20000);
	}
	if (!v) {
		perror(argv[1]);
		return 1;
	}
	v->blocking = 1;
	if (server)
		while (libxenvchan_is_open(v) == 2)
			libxenvchan_wait(v);
	rc = server ? serve(v, strtoul(argv[4], NULL, 0)) : consume(v, strtoul(argv[4], NULL, 0));
	libxenvchan_close(v);
	return rc;
}
