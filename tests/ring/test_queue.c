/* SPDX-License-Identifier: MIT */
/*
 * Queues: client and server against each other in random order, and what each
 * of them keeps to.
 */
#include "tests/ring/jobs.h"

static struct pair p;

/* ---- random interleavings ---- */

struct walk {
	uint64_t seed;
	uint64_t sent, taken;
	bool client_sleeps, server_sleeps;
	uint32_t accepted[PAIR_ENTRIES_MAX];    /* slots the server owes a completion */
	uint32_t owed;
	unsigned int notified;
};

static void walk_client(struct walk *w, uint64_t jobs)
{
	struct coproc_completion done;
	uint32_t n = pair_random(&w->seed) % 9;

	if (w->client_sleeps)
		return;
	switch (pair_random(&w->seed) % 4) {
	case 0: /* submit a few */
		while (n-- > 0 && w->sent < jobs && put_job(&p, w->sent) >= 0)
			w->sent++;
		break;
	case 1: /* and let them be seen */
		if (coproc_client_publish(&p.client)) {
			w->server_sleeps = false;
			w->notified++;
		}
		break;
	case 2: /* take some completions */
		while (n-- > 0 && coproc_client_take(&p.client, &done) == 1) {
			if (done.result != pair_mix(~done.id) || done.ran_us != 7)
				ck_abort_msg("a completion came with other contents");
			w->taken++;
		}
		break;
	default: /* sleep, having published, once there is nothing to do */
		if (w->sent < jobs && p.client.outstanding < p.client.sq.entries)
			break;
		if (coproc_client_publish(&p.client)) {
			w->server_sleeps = false;
			w->notified++;
		}
		w->client_sleeps = w->taken < w->sent && !coproc_client_arm(&p.client);
		break;
	}
}

static void walk_server(struct walk *w)
{
	uint32_t n = pair_random(&w->seed) % 9;
	uint32_t pick;
	int slot;

	if (w->server_sleeps)
		return;
	switch (pair_random(&w->seed) % 4) {
	case 0: /* accept some */
		while (n-- > 0 && (slot = accept_job(&p)) >= 0)
			w->accepted[w->owed++] = (uint32_t)slot;
		coproc_server_consumed(&p.server);
		break;
	case 1: /* complete some, in any order */
		while (n-- > 0 && w->owed > 0) {
			pick = pair_random(&w->seed) % w->owed;
			complete_job(&p, w->accepted[pick]);
			w->accepted[pick] = w->accepted[--w->owed];
		}
		break;
	case 2:
		if (coproc_server_publish(&p.server)) {
			w->client_sleeps = false;
			w->notified++;
		}
		break;
	default:
		if (w->owed > 0)
			break;
		if (coproc_server_publish(&p.server)) {
			w->client_sleeps = false;
			w->notified++;
		}
		w->server_sleeps = !coproc_server_arm(&p.server);
		break;
	}
}

/* Both at once asleep, with work left, would be a lost notification. */
static void walk(uint32_t order, uint32_t index, uint64_t seed, uint64_t jobs)
{
	struct walk w = { .seed = seed };
	uint64_t steps = 0;

	pair_begin(&p, 1 + (uint32_t)(seed % 30), order, index);
	while (w.taken < jobs) {
		if (pair_random(&w.seed) & 1)
			walk_client(&w, jobs);
		else
			walk_server(&w);
		if (coproc_client_broken(&p.client) || coproc_server_broken(&p.server))
			ck_abort_msg("seed %llu: broken: %s, %s", (unsigned long long)seed,
				     coproc_broken_text(coproc_client_broken(&p.client)),
				     coproc_broken_text(coproc_server_broken(&p.server)));
		if (w.client_sleeps && w.server_sleeps)
			ck_abort_msg("seed %llu: both sleep after %llu of %llu jobs",
				     (unsigned long long)seed, (unsigned long long)w.taken,
				     (unsigned long long)jobs);
		if (++steps > 1000 + jobs * 1000)
			ck_abort_msg("seed %llu: no end", (unsigned long long)seed);
	}
	ck_assert_uint_eq(w.taken, w.sent);
	ck_assert_uint_eq(p.client.outstanding, 0);
	ck_assert_uint_eq(p.server.live, 0);
}

START_TEST(any_order_of_steps_works)
{
	for (uint64_t seed = 1; seed <= 150; seed++)
		walk((uint32_t)_i, seed % 2 ? 0 : 0u - 700, seed * 0x9e3779b97f4a7c15ull + (uint64_t)_i,
		     2000);
}
END_TEST

START_TEST(lock_step_works)
{
	struct coproc_completion done;

	pair_begin(&p, 3, XENCOPROC_ORDER_MIN, 0u - 1000);
	for (uint64_t id = 0; id < 3000; id++) {
		ck_assert_int_ge(put_job(&p, id), 0);
		coproc_client_publish(&p.client);
		complete_job(&p, (uint32_t)accept_job(&p));
		coproc_server_publish(&p.server);
		ck_assert_int_eq(coproc_client_take(&p.client, &done), 1);
		ck_assert_uint_eq(done.id, id);
		ck_assert_int_eq(coproc_client_take(&p.client, &done), 0);
	}
}
END_TEST

/* Each queue has its own cells, and nothing else is written. */
START_TEST(queues_use_their_own_cells)
{
	for (uint32_t queue = 0; queue <= XENCOPROC_QUEUE_MAX; queue++) {
		pair_begin(&p, queue, XENCOPROC_ORDER_MIN, 0);
		memset(p.pages.fe, 0xee, sizeof(p.pages.fe));
		memset(p.pages.be, 0xee, sizeof(p.pages.be));
		coproc_client_init(&p.client, p.pages.fe, p.pages.be, queue, XENCOPROC_ORDER_MIN,
				   p.pages.sq, p.pages.cq, p.shadow);
		for (uint32_t cell = 0; cell < XENCOPROC_CELLS; cell++) {
			bool ours = cell == 2 * queue + 2 || cell == 2 * queue + 3;

			ck_assert_uint_eq(p.pages.fe[cell].index, ours ? 0 : 0xeeeeeeee);
			ck_assert_uint_eq(p.pages.be[cell].index, 0xeeeeeeee);
		}
		coproc_server_init(&p.server, p.pages.be, p.pages.fe, queue, XENCOPROC_ORDER_MIN,
				   p.pages.sq, p.pages.cq, p.live);
		put_job(&p, 1);
		coproc_client_publish(&p.client);
		ck_assert_uint_eq(p.pages.fe[2 * queue + 2].index, 1);
		complete_job(&p, (uint32_t)accept_job(&p));
		coproc_server_publish(&p.server);
		ck_assert_uint_eq(p.pages.be[2 * queue + 3].index, 1);
	}
}
END_TEST

/* ---- limits ---- */

START_TEST(client_stops_at_the_number_of_entries)
{
	uint32_t entries = 1u << _i;
	struct coproc_completion done;
	bool seen[PAIR_ENTRIES_MAX] = { false };

	pair_begin(&p, 1, (uint32_t)_i, 0xffffffff);
	for (uint32_t i = 0; i < entries; i++) {
		int slot = put_job(&p, i);

		ck_assert_int_ge(slot, 0);
		ck_assert_int_lt(slot, (int)entries);
		ck_assert(!seen[slot]);
		seen[slot] = true;
	}
	ck_assert_int_eq(put_job(&p, 99), -1);
	coproc_client_publish(&p.client);
	ck_assert_int_eq(put_job(&p, 99), -1);
	/* All accepted, all completed, none consumed: still none may be put. */
	for (uint32_t i = 0; i < entries; i++)
		complete_job(&p, (uint32_t)accept_job(&p));
	ck_assert_int_eq(accept_job(&p), -1);
	coproc_server_publish(&p.server);
	ck_assert_int_eq(put_job(&p, 99), -1);
	ck_assert_int_eq(coproc_client_take(&p.client, &done), 1);
	ck_assert_int_ge(put_job(&p, 99), 0);
	ck_assert_int_eq(put_job(&p, 99), -1);
	coproc_client_publish(&p.client);
	ck_assert_int_ge(accept_job(&p), 0);
	ck_assert_uint_eq(coproc_server_broken(&p.server), COPROC_NOT_BROKEN);
}
END_TEST

START_TEST(server_completes_live_slots_once)
{
	struct coproc_completion done = { .slot = 0 };

	pair_begin(&p, 1, XENCOPROC_ORDER_MIN, 0);
	ck_assert(!coproc_server_complete(&p.server, &done));
	/* what lies behind the table must not matter */
	p.live[32].live = 1;
	done.slot = 32;
	ck_assert(!coproc_server_complete(&p.server, &done));
	done.slot = 0xffff;
	ck_assert(!coproc_server_complete(&p.server, &done));
	put_job(&p, 5);
	coproc_client_publish(&p.client);
	done.slot = (uint16_t)accept_job(&p);
	done.id = 0xbad;        /* not the caller's to say */
	ck_assert(coproc_server_complete(&p.server, &done));
	ck_assert(!coproc_server_complete(&p.server, &done));
	coproc_server_publish(&p.server);
	ck_assert_int_eq(coproc_client_take(&p.client, &done), 1);
	ck_assert_uint_eq(done.id, 5);
}
END_TEST

/* B-QUEUE-6, whether or not the caller thinks of it. */
START_TEST(server_tells_what_it_took_before_what_it_did)
{
	pair_begin(&p, 1, XENCOPROC_ORDER_MIN, 0);
	put_job(&p, 1);
	put_job(&p, 2);
	coproc_client_publish(&p.client);
	complete_job(&p, (uint32_t)accept_job(&p));
	accept_job(&p);
	ck_assert_uint_eq(p.pages.be[4].index, 0);
	coproc_server_publish(&p.server);
	ck_assert_uint_eq(p.pages.be[4].index, 2);
	ck_assert_uint_eq(p.pages.be[5].index, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("queue");
	TCase *t = tcase_create("queue");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, any_order_of_steps_works, XENCOPROC_ORDER_MIN,
			    XENCOPROC_ORDER_MAX + 1);
	tcase_add_test(t, lock_step_works);
	tcase_add_test(t, queues_use_their_own_cells);
	tcase_add_loop_test(t, client_stops_at_the_number_of_entries, XENCOPROC_ORDER_MIN,
			    XENCOPROC_ORDER_MAX + 1);
	tcase_add_test(t, server_completes_live_slots_once);
	tcase_add_test(t, server_tells_what_it_took_before_what_it_did);
	suite_add_tcase(suite, t);
	return tap_main(suite);
}
