/* SPDX-License-Identifier: MIT */
/*
 * A guest at the limits that the toolstack and the configuration set, and one
 * above each.  Prints "ok - what" and "not ok - what".
 *
 *	guest-quota quotas FIRMWARE      quotas: 2 queues, 3 contexts, 4 buffers,
 *	                                 40 pages, 2 images
 *	guest-quota banks FREE           contexts until banks are used up: FREE of them
 *	guest-quota hold COUNT FILE      holds contexts until FILE is there
 *	guest-quota noise                causes as many lines of log as it can
 *	guest-quota events COUNT         waits for so many LIMITS events
 */
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "raw.h"

static struct raw raw;
static int bad;

static void expect(unsigned int is, unsigned int status, const char *what)
{
	printf("%s - F8: %s: %s (is %s)\n", is == status ? "ok" : "not ok", what,
	       coproc_status_text(status), coproc_status_text(is));
	fflush(stdout);
	bad |= is != status;
}

static unsigned int release(uint32_t buffer)
{
	struct coproc_request r = raw_request(XENCOPROC_OP_BUF_RELEASE);

	r.u.buf_release.buffer = buffer;
	return raw_ask(&raw, &r);
}

static void quotas(const char *path)
{
	static uint8_t image[1 << 20];
	uint8_t digest[32];
	FILE *in = fopen(path, "rb");
	uint32_t n = in ? (uint32_t)fread(image, 1, sizeof(image), in) : 0;
	void *at[5];

	if (in)
		fclose(in);
	crypto_hash_sha256(digest, image, n);
	expect(raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL), XENCOPROC_OK, "the first queue");
	expect(raw_queue_open(&raw, 2, XENCOPROC_CLASS_NORMAL), XENCOPROC_OK, "the last queue");
	expect(raw_queue_open(&raw, 3, XENCOPROC_CLASS_NORMAL), XENCOPROC_BAD_OBJECT, "one more");
	for (uint32_t c = 0; c < 3; c++)
		expect(raw_context(&raw, c), XENCOPROC_OK, "a context");
	expect(raw_context(&raw, 3), XENCOPROC_BAD_OBJECT, "one more");
	expect(raw_buffer(&raw, 0, 41, 3, &at[0]), XENCOPROC_NO_QUOTA, "more pages than there are in all");
	for (uint32_t b = 0; b < 3; b++)
		expect(raw_buffer(&raw, b, 10, 3, &at[b]), XENCOPROC_OK, "a buffer of ten pages");
	expect(raw_buffer(&raw, 3, 11, 3, &at[3]), XENCOPROC_NO_QUOTA, "eleven where ten are left");
	expect(raw_buffer(&raw, 3, 10, 3, &at[3]), XENCOPROC_OK, "ten");
	expect(raw_buffer(&raw, 4, 1, 3, &at[4]), XENCOPROC_BAD_OBJECT, "one buffer more");
	expect(release(0), XENCOPROC_OK, "a release");
	expect(raw_buffer(&raw, 0, 11, 3, &at[4]), XENCOPROC_NO_QUOTA, "gives back ten pages, not eleven");
	expect(raw_buffer(&raw, 0, 10, 3, &at[0]), XENCOPROC_OK, "ten");
	memcpy(at[0], image, n);
	for (uint32_t f = 0; f < 2; f++)
		expect(raw_firmware(&raw, f, 0, n, digest), XENCOPROC_OK, "an image");
	expect(raw_firmware(&raw, 2, 0, n, digest), XENCOPROC_BAD_OBJECT, "one more");
}

/* At once after connecting: the worker may not even have started. */
static void banks(uint32_t left)
{
	struct coproc_request r = raw_request(XENCOPROC_OP_CTX_DESTROY);
	uint32_t c = 0;

	for (; c < left; c++)
		expect(raw_context(&raw, c), XENCOPROC_OK, "a context with a bank");
	expect(raw_context(&raw, c), XENCOPROC_NO_QUOTA, "one without");
	if (!left)
		return;
	expect(raw_ask(&raw, &r), XENCOPROC_OK, "a context goes");
	expect(raw_context(&raw, c), XENCOPROC_OK, "and makes room");
}

static void hold(uint32_t count, const char *until)
{
	for (uint32_t c = 0; c < count; c++)
		expect(raw_context(&raw, c), XENCOPROC_OK, "a context");
	puts("holding");
	fflush(stdout);
	while (access(until, F_OK))
		usleep(10000);
}

static void noise(void)
{
	struct coproc_request r = raw_request(XENCOPROC_OP_CTX_DESTROY);
	unsigned int refused = 0;

	for (int i = 0; i < 2000; i++)
		refused += raw_ask(&raw, &r) == XENCOPROC_BAD_OBJECT;
	expect(refused == 2000 ? XENCOPROC_OK : XENCOPROC_FAILED, XENCOPROC_OK, "refused 2000 times");
}

static void events(unsigned int count)
{
	_Alignas(8) struct xencoproc_event wire;
	struct coproc_notice notice;
	struct coproc_ring ring;
	unsigned int limits = 0;

	coproc_ring_init(&ring, &raw.fe[XENCOPROC_RING_EVENT], &raw.be[XENCOPROC_RING_EVENT],
			 raw.events, 1u << XENCOPROC_EVENT_ORDER, XENCOPROC_CQE_SIZE);
	puts("listening");
	fflush(stdout);
	for (int waited = 0; limits < count && waited < 50000; waited++) {
		while (coproc_ring_pending(&ring)) {
			coproc_ring_take(&ring, &wire);
			coproc_ring_consumed(&ring);
			limits += coproc_notice_decode(&wire, &notice) == COPROC_NOT_BROKEN &&
				  notice.type == XENCOPROC_EVENT_LIMITS && !notice.object &&
				  !notice.status && !notice.value;
		}
		usleep(1000);
	}
	expect(limits == count ? XENCOPROC_OK : XENCOPROC_LOST, XENCOPROC_OK, "each change was told");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *with = argc > 2 ? argv[2] : "1";

	raw_open(&raw);
	if (!raw_connect(&raw)) {
		expect(XENCOPROC_LOST, XENCOPROC_OK, "connects");
		return 1;
	}
	if (!strcmp(what, "quotas"))
		quotas(with);
	else if (!strcmp(what, "banks"))
		banks((uint32_t)atoi(with));
	else if (!strcmp(what, "hold") && argc > 3)
		hold((uint32_t)atoi(with), argv[3]);
	else if (!strcmp(what, "noise"))
		noise();
	else if (!strcmp(what, "events"))
		events((unsigned int)atoi(with));
	else
		return 2;
	expect(raw_backend(&raw) == 4 ? XENCOPROC_OK : XENCOPROC_LOST, XENCOPROC_OK, "still connected");
	raw_disconnect(&raw);
	return bad;
}
