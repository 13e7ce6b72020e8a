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

const struct attack grants_attacks[] = {
	{ "grants", grants },
	{ NULL, NULL },
};
