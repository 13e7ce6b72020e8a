/* SPDX-License-Identifier: MIT */
/* Xenstore: numbers that cannot be (F11), states that race (F6), half a connection. */
#include "attack.h"

static void nodes(const char *with)
{
	static const char *const names[] = {
		"version", "frontend-index-ref", "backend-index-ref", "control-sq-ref",
		"control-cq-ref", "event-ring-ref", "event-channel",
	};
	static const char *const values[] = {
		"", "-1", "4294967295", "99999999999999999999", "x", "007", "40000",
	};
	unsigned int refused = 0, named = 0, tried = 0;

	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			bool closing = raw_write(&raw, "state", "1") && raw_until(&raw, 2) &&
				       raw_publish(&raw) && raw_write(&raw, names[n], values[v]) &&
				       raw_write(&raw, "state", "3") && raw_until(&raw, 5);

			tried++;
			refused += closing;
			named += strstr(raw_error(&raw), names[n]) != NULL;
			if (!closing || !strstr(raw_error(&raw), names[n]))
				printf("# %s=%s: %d \"%s\"\n", names[n], values[v], raw_backend(&raw),
				       raw_error(&raw));
			raw_disconnect(&raw);
		}
	}
	check(refused == tried, "F11: %u of %u spoilt nodes refused", refused, tried);
	check(named == tried, "F11: and named in the reason (%u)", named);
	raw_write(&raw, "state", "1");
	raw_until(&raw, 2);
	raw_publish(&raw);
	raw_write_number(&raw, "control-cq-ref", raw.events_ref);
	raw_write(&raw, "state", "3");
	check(raw_until(&raw, 5) && *raw_error(&raw), "B-STORE-2: one grant in two nodes is refused");
	raw_disconnect(&raw);
}
/* Published, mapped by the backend, and nothing more. */
static void half(const char *with)
{
	check(raw_write(&raw, "state", "1") && raw_until(&raw, 2) && raw_publish(&raw) &&
	      raw_write(&raw, "state", "3") && raw_until(&raw, 4), "a frontend that stops half-way");
}

/* ---- F6: states, as fast as they can be written, some of them true ---- */

static void give_back(void)
{
	raw_unshare(&raw, raw.fe, 1);
	raw_unshare(&raw, raw.be, 1);
	raw_unshare(&raw, raw.events, 1);
	raw_unshare(&raw, raw.queue[0].sq, 1);
	raw_unshare(&raw, raw.queue[0].cq, 1);
	if (raw.port >= 0)
		xenevtchn_unbind(raw.evtchn, (evtchn_port_t)raw.port);
	raw.fe = raw.be = NULL;
	raw.events = raw.queue[0].sq = raw.queue[0].cq = NULL;
	raw.port = -1;
}

static void race(const char *count)
{
	static const char *const states[] = { "1", "3", "4", "5", "6", "1", "3", "5" };
	unsigned long changes = strtoul(count, NULL, 10), published = 0;
	bool good = true;

	for (unsigned long i = 0; i < changes; i++) {
		unsigned int what = (unsigned int)rand();

		if (what % 64 == 0 && !raw.fe && raw_backend(&raw) == 2) {
			raw_publish(&raw);
			good &= raw_write(&raw, "state", "3");
			published++;
			usleep(what >> 8 & 0xfff);
		} else if (what % 97 == 0 && raw.fe) {
			give_back();    /* under the backend's hands */
		} else {
			good &= raw_write(&raw, "state", states[what >> 16 & 7]);
		}
		if (what % 997 == 0)
			usleep(50000);  /* let it get somewhere */
	}
	give_back();
	check(good, "F6: %lu changes of state, %lu connections offered among them", changes, published);
	raw_write(&raw, "state", "6");
	connect_();
	check(raw_disconnect(&raw), "F6: connects afterwards, and lets go");
}

/* ---- F20: transactions that conflict with every look, some never ended ---- */

static void transactions(const char *seconds)
{
	double until = now() + atof(seconds);
	unsigned int ended = 0, open_ = 0;

	connect_();
	while (!ended || now() < until) {
		xs_transaction_t t = xs_transaction_start(raw.xs);

		if (t == XBT_NULL) {
			usleep(1000);
			continue;
		}
		xs_write(raw.xs, t, RAW_DEVICE "/junk", "x", 1);
		xs_write(raw.xs, t, RAW_DEVICE "/state", "4", 1);
		if (open_ < 5)
			open_++;        /* stays */
		else
			ended += xs_transaction_end(raw.xs, t, false);
		raw_write(&raw, "junk", "y");
	}
	check(ended && open_, "F20: %u transactions in the way, %u of them left open", ended, open_);
	check(raw_disconnect(&raw), "F20: and the device is let go of");
}

const struct attack nodes_attacks[] = {
	{ "nodes", nodes },
	{ "half", half },
	{ "race", race },
	{ "transactions", transactions },
	{ NULL, NULL },
};
