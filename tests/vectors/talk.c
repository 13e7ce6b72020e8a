// SPDX-License-Identifier: MIT
/*
 * Plays the talks of protocol/vectors (format: its README.md) as a frontend
 * of its own against a live backend: what needs the state of objects, which
 * no vector of a single message can show.
 *
 * It is as small a frontend as can be, polls instead of sleeping, and connects
 * anew for each talk.  Runs in a guest, with device 0 attached.
 *
 *   talk FILE...
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>

#include "fields.h"
#include "libcoproc-ring/queue.h"
#include "vector.h"

#define DEVICE          "device/vcoproc/0"
#define PATIENCE_US     5000000u
#define QUEUES          8u
#define REQUESTS_MAX    64u
#define SHARED_MAX      64u

struct asked {
	uint16_t op;
	unsigned int opens;             /* QUEUE_OPEN, QUEUE_CLOSE: which queue */
	unsigned int queue;
	int slot;
	bool answered;
	struct coproc_completion got;
};

static struct {
	struct xs_handle *xs;
	xengntshr_handle *gntshr;
	xenevtchn_handle *evtchn;
	char *backend;                  /* its directory */
	uint32_t domain;
	int port;
	struct xencoproc_cell *fe, *be;
	void *event_page;
	struct coproc_ring events;
	struct coproc_client_queue queue[QUEUES];
	struct coproc_shadow shadow[QUEUES][1u << XENCOPROC_ORDER_MAX];
	bool open[QUEUES];
	struct asked asked[REQUESTS_MAX];
	unsigned int count;
	struct {
		void *at;
		uint32_t pages;
	} shared[SHARED_MAX];
	unsigned int nshared;
	char why[256];
} me;

static bool wrong(const char *what, const char *detail)
{
	snprintf(me.why, sizeof(me.why), "%s %.160s", what, detail ? detail : "");
	return false;
}

/* ---- xenstore ---- */

static char *node_read(const char *dir, const char *name)
{
	unsigned int length;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return xs_read(me.xs, XBT_NULL, path, &length);
}

static bool node_write(const char *name, unsigned int value)
{
	char path[64], text[16];

	snprintf(path, sizeof(path), DEVICE "/%s", name);
	snprintf(text, sizeof(text), "%u", value);
	return xs_write(me.xs, XBT_NULL, path, text, (unsigned int)strlen(text)) ||
	       wrong("xenstore refuses", path);
}

static bool backend_reaches(unsigned int state)
{
	unsigned int waited;
	char *text;
	int found = -1;

	for (waited = 0; waited < PATIENCE_US; waited += 2000) {
		text = node_read(me.backend, "state");
		found = text ? atoi(text) : -1;
		free(text);
		if (found == (int)state)
			return true;
		usleep(2000);
	}
	snprintf(me.why, sizeof(me.why), "the backend is in state %d and not in %u", found, state);
	return false;
}

/* ---- connecting ---- */

static void *share(uint32_t pages, uint32_t *refs, bool writable)
{
	void *at = me.nshared < SHARED_MAX ?
		   xengntshr_share_pages(me.gntshr, me.domain, (int)pages, refs, writable) : NULL;

	if (!at)
		return NULL;
	memset(at, 0, (size_t)pages * XENCOPROC_PAGE_SIZE);
	me.shared[me.nshared].at = at;
	me.shared[me.nshared++].pages = pages;
	return at;
}

static bool connect_(void)
{
	uint32_t ref[5];
	void *sq, *cq;

	if (!node_write("state", 1) || !backend_reaches(2))
		return false;
	me.fe = share(1, &ref[0], false);
	me.be = share(1, &ref[1], true);
	sq = share(1, &ref[2], false);
	cq = share(1, &ref[3], true);
	me.event_page = share(1, &ref[4], true);
	me.port = (int)xenevtchn_bind_unbound_port(me.evtchn, me.domain);
	if (!me.fe || !me.be || !sq || !cq || !me.event_page || me.port < 0)
		return wrong("no pages or port", NULL);
	coproc_client_init(&me.queue[0], me.fe, me.be, 0, 5, sq, cq, me.shadow[0]);
	coproc_ring_init(&me.events, &me.fe[0], &me.be[0], me.event_page, 128, XENCOPROC_CQE_SIZE);
	me.open[0] = true;
	return node_write("version", 1) && node_write("frontend-index-ref", ref[0]) &&
	       node_write("backend-index-ref", ref[1]) && node_write("control-sq-ref", ref[2]) &&
	       node_write("control-cq-ref", ref[3]) && node_write("event-ring-ref", ref[4]) &&
	       node_write("event-channel", (unsigned int)me.port) && node_write("state", 3) &&
	       backend_reaches(4) && node_write("state", 4);
}

static bool disconnect(void)
{
	bool good = node_write("state", 5) && backend_reaches(6);

	while (me.nshared) {
		me.nshared--;
		good = xengntshr_unshare(me.gntshr, me.shared[me.nshared].at,
					 me.shared[me.nshared].pages) == 0 && good;
	}
	if (me.port >= 0)
		xenevtchn_unbind(me.evtchn, (evtchn_port_t)me.port);
	me.port = -1;
	memset(me.open, 0, sizeof(me.open));
	me.count = 0;
	return node_write("state", 6) && good;
}

/* ---- requests ---- */

static uint16_t op_of(const char *name)
{
	unsigned int op;

	for (op = 1; op < 32; op++)
		if (coproc_op_text(op) && strcmp(coproc_op_text(op), name) == 0)
			return (uint16_t)op;
	return 0;
}

/* The pages and the directory of a buffer; `dirty`: an unused entry is not NONE. */
static bool share_buffer(struct coproc_request *r, bool dirty)
{
	uint32_t *refs, *directory, i, d;
	uint32_t pages = r->u.buf_register.pages;

	refs = malloc(pages * sizeof(*refs));
	if (!refs || !share(pages, refs, (r->u.buf_register.access & XENCOPROC_ACCESS_WRITE) != 0))
		return wrong("no pages", NULL);
	for (d = 0; d < r->u.buf_register.dirs; d++) {
		directory = share(1, &r->u.buf_register.dir_ref[d], false);
		for (i = 0; directory && i < XENCOPROC_DIR_ENTRIES; i++)
			directory[i] = d * XENCOPROC_DIR_ENTRIES + i < pages ?
				       refs[d * XENCOPROC_DIR_ENTRIES + i] : XENCOPROC_GREF_NONE;
		if (directory && dirty)
			directory[XENCOPROC_DIR_ENTRIES - 1] = 0;
	}
	free(refs);
	return true;
}

static bool share_queue(struct coproc_request *r)
{
	uint32_t order = r->u.queue_open.order, queue = r->u.queue_open.queue;
	void *sq = share(XENCOPROC_SQ_PAGES(order), r->u.queue_open.sq_ref, false);
	void *cq = share(XENCOPROC_CQ_PAGES(order), r->u.queue_open.cq_ref, true);

	if (!sq || !cq || queue >= QUEUES)
		return wrong("no queue", NULL);
	coproc_client_init(&me.queue[queue], me.fe, me.be, queue, order, sq, cq, me.shadow[queue]);
	return true;
}

/* "field=value", "on=QUEUE", "refs=@" for fresh pages of a buffer or queue. */
static bool set(struct coproc_request *r, unsigned int *on, char *word)
{
	char *value = strchr(word, '=');
	const struct place *place;
	size_t offset;
	uint64_t number;

	if (!value)
		return wrong("no field:", word);
	*value++ = '\0';
	if (strcmp(word, "refs") == 0 && r->op == XENCOPROC_OP_QUEUE_OPEN)
		return share_queue(r);
	if (strcmp(word, "refs") == 0)
		return share_buffer(r, strcmp(value, "dirty") == 0);
	if (strcmp(word, "on") == 0) {
		*on = (unsigned int)atoi(value);
		return *on < QUEUES && me.open[*on];
	}
	place = field_find_place(field_request, r->op, word, &offset);
	if (!place)
		return wrong("no such field:", word);
	if (place->size == 32)
		return field_read_digest(value, (uint8_t *)r + offset);
	if (!vector_number(value, &number))
		return wrong("no number:", value);
	field_put(r, offset, place->size, number);
	return true;
}

static void unused(struct coproc_request *r)
{
	if (r->op == XENCOPROC_OP_QUEUE_OPEN) {
		r->u.queue_open.journal_ref = XENCOPROC_GREF_NONE;
		memset(r->u.queue_open.sq_ref, 0xff, sizeof(r->u.queue_open.sq_ref));
		memset(r->u.queue_open.cq_ref, 0xff, sizeof(r->u.queue_open.cq_ref));
	} else if (r->op == XENCOPROC_OP_BUF_REGISTER) {
		memset(r->u.buf_register.dir_ref, 0xff, sizeof(r->u.buf_register.dir_ref));
	} else if (r->op == XENCOPROC_OP_CTX_CREATE) {
		r->u.ctx_create.save_buffer = XENCOPROC_NONE;
	}
}

static bool put(char **word)
{
	struct coproc_request r;
	unsigned int on = 0;
	struct asked *a = &me.asked[me.count];

	memset(&r, 0, sizeof(r));
	r.op = op_of(*word++);
	if (!r.op || me.count == REQUESTS_MAX)
		return wrong("no such operation", NULL);
	unused(&r);
	for (; *word; word++)
		if (!set(&r, &on, *word))
			return false;
	r.id = (uint64_t)(me.count + 1) << 32 | (0x100 + me.count);
	*a = (struct asked){ .op = r.op, .queue = on, .opens = r.u.queue_close.queue, .slot = coproc_client_put(&me.queue[on], &r) };
	me.count++;
	return a->slot >= 0 || wrong("the queue is full or broken", NULL);
}

/* Job queues first, the control queue last, and one notification: so that
 * what the control queue says arrives together with what it is about. */
static bool go(void)
{
	bool tell = false;
	unsigned int q;

	for (q = QUEUES; q-- > 0;)
		if (me.open[q])
			tell |= coproc_client_publish(&me.queue[q]);
	return !tell || xenevtchn_notify(me.evtchn, (evtchn_port_t)me.port) == 0 ||
	       wrong("cannot notify", NULL);
}

static bool take_all(unsigned int q);

/* A queue is neither written nor looked at before it is open (F-QOPEN-1): until
 * then the backend's cells are those of a queue before.  What it completed is
 * there before QUEUE_CLOSE completes (B-QCLOSE-1). */
static bool answered(struct asked *a, const struct coproc_completion *c)
{
	bool good = true;

	a->answered = true;
	a->got = *c;
	if (c->status == XENCOPROC_OK && a->op == XENCOPROC_OP_QUEUE_OPEN)
		me.open[a->opens] = true;
	if (c->status == XENCOPROC_OK && a->op == XENCOPROC_OP_QUEUE_CLOSE) {
		good = take_all(a->opens);
		me.open[a->opens] = false;
	}
	return good;
}

static bool take_all(unsigned int q)
{
	struct coproc_completion c;
	unsigned int i;
	int rc;

	while ((rc = coproc_client_take(&me.queue[q], &c)) > 0)
		for (i = 0; i < me.count; i++)
			if (me.asked[i].queue == q && !me.asked[i].answered && c.id >> 32 == i + 1 &&
			    !answered(&me.asked[i], &c))
				return false;
	return rc == 0 || wrong("the backend broke a queue:",
				coproc_broken_text(coproc_client_broken(&me.queue[q])));
}

static bool reap(void)
{
	unsigned int q;

	for (q = 0; q < QUEUES; q++)
		if (me.open[q] && !take_all(q))
			return false;
	return true;
}

/* "want R STATUS [result=N] [flags=N]" */
static bool want(unsigned int r, char **word)
{
	struct asked *a = &me.asked[r - 1];
	unsigned int waited;
	uint64_t number;
	char text[80];

	if (r == 0 || r > me.count)
		return wrong("no such request", NULL);
	for (waited = 0; !a->answered && waited < PATIENCE_US; waited += 200) {
		if (!reap())
			return false;
		if (!a->answered)
			usleep(200);
	}
	snprintf(text, sizeof(text), "%u: %s, expected %s", r,
		 a->answered ? vector_status_name(a->got.status) : "no completion", *word);
	if (!a->answered || strcmp(vector_status_name(a->got.status), *word) != 0)
		return wrong("request", text);
	for (word++; *word; word++) {
		number = 0;
		if (strncmp(*word, "result=", 7) == 0 && vector_number(*word + 7, &number) &&
		    number == a->got.result)
			continue;
		if (strncmp(*word, "flags=", 6) == 0 && vector_number(*word + 6, &number) &&
		    number == a->got.flags)
			continue;
		snprintf(text, sizeof(text), "%u: result %llu, flags %u; expected %s", r,
			 (unsigned long long)a->got.result, a->got.flags, *word);
		return wrong("request", text);
	}
	return true;
}

/* "event TYPE OBJECT STATUS VALUE": the next one is this */
static bool event(char **word)
{
	struct xencoproc_event wire __attribute__((aligned(8)));
	struct coproc_notice n;
	unsigned int waited;
	char text[80];

	for (waited = 0; waited < PATIENCE_US && !coproc_ring_pending(&me.events); waited += 200)
		usleep(200);
	if (!coproc_ring_pending(&me.events))
		return wrong("no event", NULL);
	coproc_ring_take(&me.events, &wire);
	coproc_ring_consumed(&me.events);
	if (coproc_notice_decode(&wire, &n) != COPROC_NOT_BROKEN)
		return wrong("a broken event", NULL);
	snprintf(text, sizeof(text), "%u %u %s %llu", n.type, n.object, vector_status_name(n.status),
		 (unsigned long long)n.value);
	return (n.type == atoi(word[0]) && n.object == (uint32_t)atoi(word[1]) &&
		strcmp(vector_status_name(n.status), word[2]) == 0 &&
		n.value == (uint64_t)atoi(word[3])) || wrong("event", text);
}

/* ---- talks ---- */

static bool step(char **word)
{
	char *status[4] = { NULL };
	unsigned int n = 0, last = 0;

	if (strcmp(word[0], "send") == 0)
		return put(word + 1);
	if (strcmp(word[0], "go") == 0)
		return go();
	if (strcmp(word[0], "want") == 0)
		return want((unsigned int)atoi(word[1]), word + 2);
	if (strcmp(word[0], "event") == 0)
		return event(word + 1);
	if (strcmp(word[0], "sleep-us") == 0)
		return usleep((unsigned int)atoi(word[1])) == 0;
	if (strcmp(word[0], "ask") != 0)
		return wrong("no such step:", word[0]);
	/* ask STATUS [result=N] OP field=value... */
	status[n++] = word[1];
	while (n < 3 && word[1 + n] && strncmp(word[1 + n], "result=", 7) == 0) {
		status[n] = word[1 + n];
		n++;
	}
	last = n + 1;
	return put(word + last) && go() && want(me.count, status);
}

static void finish(const char *file, const char *name, bool good)
{
	if (!*name)
		return;
	good = (me.fe == NULL || disconnect()) && good;
	me.fe = NULL;
	tap_result(good, file, name, me.why);
}

static void play(const char *path)
{
	const char *file = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	char line[VECTOR_LINE_MAX], shown[64], why[sizeof(me.why)], name[80] = "";
	bool good = true;
	char *word[40];
	FILE *in = fopen(path, "r");
	size_t i;

	while (in && fgets(line, sizeof(line), in)) {
		snprintf(shown, sizeof(shown), "%.60s", line);
		shown[strcspn(shown, "\n")] = '\0';
		for (i = 0; i < 39 && (word[i] = strtok(i ? NULL : line, " \n")); i++)
			;
		word[i] = NULL;
		if (!word[0] || *word[0] == '#' || !strcmp(word[0], "about") || !strcmp(word[0], "rule"))
			continue;
		if (strcmp(word[0], "talk") == 0) {
			finish(file, name, good);
			snprintf(name, sizeof(name), "%s", word[1]);
			good = connect_();
		} else if (good && !step(word)) {
			good = false;
			snprintf(why, sizeof(why), "%s: %.180s", shown, me.why);
			memcpy(me.why, why, sizeof(why));
		}
	}
	finish(file, name, good);
	if (in)
		fclose(in);
}

int main(int argc, char **argv)
{
	char *domain;

	setvbuf(stdout, NULL, _IOLBF, 0);
	me.xs = xs_open(0);
	me.gntshr = xengntshr_open(NULL, 0);
	me.evtchn = xenevtchn_open(NULL, 0);
	me.port = -1;
	if (!me.xs || !me.gntshr || !me.evtchn || !(me.backend = node_read(DEVICE, "backend")) ||
	    !(domain = node_read(DEVICE, "backend-id"))) {
		tap_result(false, "talk", "no device", "run in a guest with a device");
		return tap_done();
	}
	me.domain = (uint32_t)atoi(domain);
	free(domain);
	for (; argc > 1; argc--)
		play(*++argv);
	free(me.backend);
	xenevtchn_close(me.evtchn);
	xengntshr_close(me.gntshr);
	xs_close(me.xs);
	return tap_done();
}
