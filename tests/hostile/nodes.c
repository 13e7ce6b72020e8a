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

const struct attack nodes_attacks[] = {
	{ "nodes", nodes },
	{ "half", half },
	{ NULL, NULL },
};
