/* SPDX-License-Identifier: MIT */
/* Grants that are none, that end in use (F14), or fail in the middle (F5). */
#include "attack.h"

static void grants(const char *with)
{
	struct coproc_request r = raw_request(XENCOPROC_OP_QUEUE_OPEN);
	uint32_t *directory, ref, own;
	void *at, *page;

	connect_();
	r.u.queue_open.queue = 1;
	r.u.queue_open.qclass = XENCOPROC_CLASS_NORMAL;
	r.u.queue_open.order = XENCOPROC_ORDER_MIN;
	r.u.queue_open.sq_ref[0] = 40000;
	r.u.queue_open.cq_ref[0] = 40001;
	expect("F14", &r, XENCOPROC_BAD_GRANT, "a queue of grants that are none");
	r.u.queue_open.sq_ref[0] = raw.fe_ref;
	r.u.queue_open.cq_ref[0] = raw.fe_ref;
	expect("F14", &r, XENCOPROC_BAD_GRANT, "a read-only page to be written");
	page = raw_share(&raw, 1, &own, false);
	directory = raw_share(&raw, 1, &ref, false);
	for (int bad_one = 0; bad_one < 8; bad_one += 7) {
		r = raw_request(XENCOPROC_OP_BUF_REGISTER);
		memset(directory, 0xff, 4096);
		for (int i = 0; i < 8; i++)
			directory[i] = i == bad_one ? 40000 : own;
		r.u.buf_register.pages = 8;
		r.u.buf_register.access = XENCOPROC_ACCESS_READ;
		r.u.buf_register.dirs = 1;
		r.u.buf_register.dir_ref[0] = ref;
		expect("F14", &r, XENCOPROC_BAD_GRANT, bad_one ? "a buffer whose last page is none" :
							  "a buffer whose first page is none");
	}
	r.u.buf_register.dir_ref[0] = 40000;
	expect("F14", &r, XENCOPROC_BAD_GRANT, "a directory that is none");
	check(raw_buffer(&raw, 1, 16, 3, &at) == XENCOPROC_OK, "an honest buffer");
	raw_unshare(&raw, at, 16);
	r = raw_request(XENCOPROC_OP_BUF_RELEASE);
	r.u.buf_release.buffer = 1;
	expect("F14", &r, XENCOPROC_OK, "its grants ended in use, released");
	/* All the rings' pages at once, and then a word. */
	raw_unshare(&raw, raw.queue[0].sq, 1);
	raw_unshare(&raw, raw.queue[0].cq, 1);
	raw_unshare(&raw, raw.events, 1);
	raw.queue[0].sq = raw.queue[0].cq = raw.events = NULL;
	raw_notify(&raw);
	check(raw_disconnect(&raw), "the rings' grants ended in use: let go of");
	raw_unshare(&raw, page, 1);
	raw_unshare(&raw, directory, 1);
}

/* ---- F5: the k-th map fails ---- */

static uint32_t revoked(void)
{
	uint32_t ref;

	raw_unshare(&raw, raw_share(&raw, 1, &ref, true), 1);
	return ref;
}

/* Each of the five grants of a connection, ended before it is mapped. */
static void connections(void)
{
	static const char *const nodes[] = {
		"frontend-index-ref", "backend-index-ref", "event-ring-ref", "control-sq-ref",
		"control-cq-ref",
	};
	unsigned int refused = 0;

	for (size_t k = 0; k < sizeof(nodes) / sizeof(nodes[0]); k++) {
		raw_write(&raw, "state", "1");
		raw_until(&raw, 2);
		raw_publish(&raw);
		raw_write_number(&raw, nodes[k], revoked());
		raw_write(&raw, "state", "3");
		refused += raw_until(&raw, 5) && strstr(raw_error(&raw), nodes[k]);
		raw_disconnect(&raw);
	}
	check(refused == 5, "F5: each of the five grants of a connection revoked: refused, the node named (%u)",
	      refused);
}

static void rings_fail(void)
{
	uint32_t sq[16], cq[4], none[3] = { 40000, revoked(), raw.fe_ref };
	unsigned int refused = 0, tried = 0;
	void *sqs = raw_share(&raw, 16, sq, false), *cqs = raw_share(&raw, 4, cq, true);
	struct coproc_request r = raw_request(XENCOPROC_OP_QUEUE_OPEN), close_;

	r.u.queue_open.queue = 2;
	r.u.queue_open.qclass = XENCOPROC_CLASS_NORMAL;
	r.u.queue_open.order = XENCOPROC_ORDER_MAX;
	memcpy(r.u.queue_open.sq_ref, sq, sizeof(sq));
	memcpy(r.u.queue_open.cq_ref, cq, sizeof(cq));
	for (int how = 0; how < 3; how++)
		for (int k = 0; k < 20; k++) {
			uint32_t *ref = k < 16 ? &r.u.queue_open.sq_ref[k] : &r.u.queue_open.cq_ref[k - 16];
			uint32_t good = *ref;

			/* What may only be read will do for submissions. */
			if (how == 2 && k < 16)
				continue;
			*ref = none[how];
			tried++;
			refused += raw_ask(&raw, &r) == XENCOPROC_BAD_GRANT;
			*ref = good;
		}
	check(refused == tried, "F5: a queue of 20 pages, each in turn none, revoked or read-only: refused (%u of %u)",
	      refused, tried);
	r.u.queue_open.event_channel = 131071;
	expect("F5", &r, XENCOPROC_BAD_GRANT, "its port is none");
	r.u.queue_open.event_channel = 0;
	expect("F5", &r, XENCOPROC_OK, "with all of them good");
	close_ = raw_request(XENCOPROC_OP_QUEUE_CLOSE);
	close_.u.queue_close.queue = 2;
	raw_ask(&raw, &close_);
	raw_unshare(&raw, sqs, 16);
	raw_unshare(&raw, cqs, 4);
}

#define PAGES   1100u

static void buffers_fail(void)
{
	static uint32_t refs[PAGES];
	uint32_t ref[2], bad[2] = { 40000, revoked() };
	void *pages = raw_share(&raw, PAGES, refs, false);
	uint32_t *directory[2] = { raw_share(&raw, 1, &ref[0], false), raw_share(&raw, 1, &ref[1], false) };
	struct coproc_request r = raw_request(XENCOPROC_OP_BUF_REGISTER), release;
	unsigned int refused = 0, tried = 0;

	r.u.buf_register.buffer = 5;
	r.u.buf_register.pages = PAGES;
	r.u.buf_register.access = XENCOPROC_ACCESS_READ;
	r.u.buf_register.dirs = 2;
	memset(directory[0], 0xff, 4096);
	memset(directory[1], 0xff, 4096);
	for (uint32_t i = 0; i < PAGES; i++)
		directory[i / 1024][i % 1024] = refs[i];
	for (uint32_t k = 0; k < PAGES; k += k < 20 || k > PAGES - 4 ? 1 : k == 20 ? 319 : 53) {
		r.u.buf_register.dir_ref[0] = ref[0];
		r.u.buf_register.dir_ref[1] = ref[1];
		directory[k / 1024][k % 1024] = bad[k % 2];
		tried++;
		refused += raw_ask(&raw, &r) == XENCOPROC_BAD_GRANT;
		directory[k / 1024][k % 1024] = refs[k];
	}
	for (int k = 0; k < 4; k++) {
		r.u.buf_register.dir_ref[0] = ref[0];
		r.u.buf_register.dir_ref[1] = ref[1];
		r.u.buf_register.dir_ref[k / 2] = bad[k % 2];
		tried++;
		refused += raw_ask(&raw, &r) == XENCOPROC_BAD_GRANT;
	}
	check(refused == tried, "F5: a buffer of %u pages, one of them or a directory none or revoked: refused "
	      "(%u of %u)", PAGES, refused, tried);
	r.u.buf_register.dir_ref[0] = ref[0];
	r.u.buf_register.dir_ref[1] = ref[1];
	expect("F5", &r, XENCOPROC_OK, "with all of them good");
	release = raw_request(XENCOPROC_OP_BUF_RELEASE);
	release.u.buf_release.buffer = 5;
	raw_ask(&raw, &release);
	raw_unshare(&raw, pages, PAGES);
	raw_unshare(&raw, directory[0], 1);
	raw_unshare(&raw, directory[1], 1);
}

static void maps(const char *with)
{
	connections();
	connect_();
	rings_fail();
	buffers_fail();
	check(raw_backend(&raw) == 4, "F5: and the connection still holds");
	check(raw_disconnect(&raw), "let go of");
}

/* Connects once, if it can: for a coprocd that lacks something. */
static void once(const char *with)
{
	struct coproc_request nop = raw_request(XENCOPROC_OP_NOP);

	raw_write(&raw, "state", "1");
	if (!raw_until(&raw, 2))
		exit(4);
	raw_publish(&raw);
	raw_write(&raw, "state", "3");
	for (int i = 0; i < 2000 && raw_backend(&raw) != 4 && raw_backend(&raw) != 5; i++)
		usleep(2000);
	if (raw_backend(&raw) == 4) {
		raw_write(&raw, "state", "4");
		raw_ask(&raw, &nop);
		printf("connected\n");
	} else {
		printf("refused: %s\n", raw_error(&raw));
	}
	raw_disconnect(&raw);
}

const struct attack grants_attacks[] = {
	{ "grants", grants },
	{ "maps", maps },
	{ "once", once },
	{ NULL, NULL },
};
