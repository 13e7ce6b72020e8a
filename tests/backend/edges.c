/* SPDX-License-Identifier: MIT */
/*
 * A guest at the edges of what may be asked.  Prints "ok - what" and "not ok -
 * what"; edges.sh, which starts it, numbers the lines.
 *
 *	backend-edges FIRMWARE
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hostile/raw.h"
#include "tests/unit/verdict.h"

static struct raw raw;

static void connect_anew(void)
{
	if (raw_connect(&raw))
		return;
	check(false, "connects (backend in %d, \"%s\")", raw_backend(&raw), raw_error(&raw));
	exit(1);
}

/* Many requests that wait for others, and then this side leaves at once. */
static void leaves_in_the_midst(void)
{
	struct coproc_request r;
	unsigned int sent = 0;

	connect_anew();
	for (uint32_t i = 0; i < 16; i++) {
		r = raw_request(XENCOPROC_OP_CTX_CREATE);
		r.u.ctx_create.context = i;
		sent += raw_send(&raw, 0, &r) >= 0;
	}
	for (uint32_t i = 0; i < 12; i++) {
		r = raw_request(XENCOPROC_OP_CTX_DESTROY);
		r.u.ctx_destroy.context = i;
		sent += raw_send(&raw, 0, &r) >= 0;
	}
	check(sent == 28, "%u requests, those of ends waiting for those of makings", sent);
	check(raw_disconnect(&raw), "left at once: let go of");
}

static unsigned int firmware(const char *path)
{
	uint8_t digest[32];
	FILE *in = fopen(path, "rb");
	static uint8_t bytes[1 << 20];
	uint32_t n = in ? (uint32_t)fread(bytes, 1, sizeof(bytes), in) : 0;
	void *at;

	if (in)
		fclose(in);
	if (!n || raw_buffer(&raw, 0, (n + 4095) / 4096, XENCOPROC_ACCESS_READ, &at))
		return XENCOPROC_FAILED;
	memcpy(at, bytes, n);
	crypto_hash_sha256(digest, bytes, n);
	return raw_firmware(&raw, 0, 0, n, digest);
}

/* A table in pages whose grants the guest has ended. */
static void table_without_grant(const char *path)
{
	struct coproc_completion done = { 0 };
	struct coproc_request job = raw_job(0, 0, 0, 0), r;
	void *at;

	connect_anew();
	check(firmware(path) == XENCOPROC_OK, "firmware");
	check(raw_context(&raw, 0) == XENCOPROC_OK, "a context");
	check(raw_buffer(&raw, 1, 1, XENCOPROC_ACCESS_READ, &at) == XENCOPROC_OK, "a buffer");
	check(raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL) == XENCOPROC_OK, "a queue");
	raw_unshare(&raw, at, 1);
	job.flags = XENCOPROC_JOB_F_TABLE;
	job.u.job.operands = 1;
	job.u.job.operand[0] = (struct coproc_operand){ 1, XENCOPROC_ACCESS_READ, 0, 12 };
	check(raw_send(&raw, 1, &job) >= 0 && raw_take(&raw, 1, &done), "a job with a table there");
	check(done.status == XENCOPROC_BAD_GRANT, "is refused (%s)", coproc_status_text(done.status));
	/* What ended in use is let go of as ever. */
	r = raw_request(XENCOPROC_OP_BUF_RELEASE);
	r.u.buf_release.buffer = 1;
	check(raw_ask(&raw, &r) == XENCOPROC_OK, "its buffer is released");
	check(raw_disconnect(&raw), "let go of");
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	raw_open(&raw);
	for (int i = 0; i < 4; i++)
		leaves_in_the_midst();
	table_without_grant(argv[1]);
	return verdict;
}
