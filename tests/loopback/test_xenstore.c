/* SPDX-License-Identifier: MIT */
/* Debian's xenstored between domains, each on its own ring. */
#include "tests/loopback/pair.h"

#include <string.h>

static void two_in_xenstore(void)
{
	two_guests();
	tell_ok(a, "xsopen");
	tell_ok(b, "xsopen");
}

START_TEST(a_domain_knows_itself)
{
	expect(a, "ok 1", "xsread domid");
	expect(b, "ok 2", "xsread domid");
	expect(a, "ok dom1", "xsread name");
	expect(a, "ok dom1", "xsread /local/domain/1/name");
}
END_TEST

START_TEST(permissions_between_domains)
{
	expect(a, "ok", "xswrite data/x 1");
	expect(a, "ok 1", "xsread /local/domain/1/data/x");
	expect(b, "err EACCES", "xsread /local/domain/1/data/x");
	expect(b, "err EACCES", "xswrite /local/domain/1/data/x 2");
	expect(b, "err EACCES", "xswrite /local/domain/1/data/y 2");
	expect(b, "err EACCES", "xsrm /local/domain/1/data");
	expect(a, "err EACCES", "xswrite name other");		/* domain 0's, readable */
	expect(a, "err EACCES", "xswrite /local/domain/0/name other");
	expect(a, "err EACCES", "xswrite /tool/x other");
	expect(a, "ok 1", "xsread data/x");
}
END_TEST

START_TEST(the_quota_of_nodes_holds)
{
	char want[64];
	int i;

	for (i = 0; i < 5000; i++) {
		/* Few in each directory, whose own size has a limit, too. */
		snprintf(want, sizeof(want), "xswrite data/%d/%d 1", i / 50, i % 50);
		if (strcmp(tell(a, "%s", want), "ok"))
			break;
	}
	ck_assert_str_eq(a->line, "err ENOSPC");
	ck_assert_int_ge(i, 900);
	expect(b, "ok", "xswrite data/n 1");	/* another domain has its own */
}
END_TEST

START_TEST(watches_reach_their_process)
{
	struct guest *dom0 = guest_start(0);

	tell_ok(dom0, "xsopen");
	expect(a, "ok", "xswatch data token-1");
	expect(a, "ok data token-1", "xsevent 1000");	/* once, at once */
	expect(a, "err EEXIST", "xswatch data token-1");
	expect(dom0, "ok", "xswrite /local/domain/1/data/x 5");
	expect(a, "ok data/x token-1", "xsevent 1000");
	expect(a, "ok", "xswatch /local/domain/1/data token-2");
	expect(a, "ok /local/domain/1/data token-2", "xsevent 1000");
	expect(a, "ok", "xsunwatch data token-1");
	expect(a, "err ENOENT", "xsunwatch data token-1");
	expect(dom0, "ok", "xswrite /local/domain/1/data/x 6");
	expect(a, "ok /local/domain/1/data/x token-2", "xsevent 1000");
	expect(a, "none", "xsevent 50");
	guest_kill(dom0);
}
END_TEST

START_TEST(transactions_conflict)
{
	struct guest *dom0 = guest_start(0);

	tell_ok(dom0, "xsopen");
	expect(a, "ok", "xsbegin");
	expect(a, "ok", "xstwrite data/x mine");
	expect(dom0, "ok", "xswrite /local/domain/1/data/x theirs");
	expect(a, "err EAGAIN", "xsend");
	expect(a, "ok theirs", "xsread data/x");
	expect(a, "ok", "xsbegin");
	expect(a, "ok", "xstwrite data/x mine");
	expect(a, "ok theirs", "xsread data/x");
	expect(a, "ok", "xsend");
	expect(a, "ok mine", "xsread data/x");
	guest_kill(dom0);
}
END_TEST

START_TEST(closing_aborts_and_unwatches)
{
	int i;

	/* Far beyond the quotas of transactions (10) and watches (128): each
	 * is given back when its process closes. */
	for (i = 0; i < 200; i++) {
		expect(a, "ok", "xswatch data token");
		expect(a, "ok", "xsbegin");
		expect(a, "ok", "xstwrite data/t %d", i);
		expect(a, "ok", "xsclose");
		tell_ok(a, "xsopen");
	}
	expect(a, "err ENOENT", "xsread data/t");
	expect(a, "ok", "xswrite data/t 1");
	expect(a, "none", "xsevent 20");
}
END_TEST

START_TEST(death_fires_releaseDomain_and_removes_nodes)
{
	struct guest *dom0 = guest_start(0);

	tell_ok(dom0, "xsopen");
	expect(dom0, "ok", "xswatch @releaseDomain r");
	expect(dom0, "ok @releaseDomain r", "xsevent 1000");
	expect(dom0, "ok", "xswatch /local/domain/2 d");
	expect(dom0, "ok /local/domain/2 d", "xsevent 1000");
	expect(b, "ok", "xswrite data/x 1");
	expect(dom0, "ok /local/domain/2/data/x d", "xsevent 1000");
	guest_kill(b);
	b = NULL;
	/* Among the events of the nodes that go with it. */
	while (strcmp(tell(dom0, "xsevent 2000"), "ok @releaseDomain r"))
		ck_assert_msg(!strncmp(dom0->line, "ok /local/domain/2", 18), "%s", dom0->line);
	wait_gone(2);
	expect(dom0, "err ENOENT", "xsread /local/domain/2/data/x");
	expect(dom0, "err ENOENT", "xsread /local/domain/2/name");
	guest_kill(dom0);
}
END_TEST

START_TEST(a_number_used_again_is_a_new_domain)
{
	expect(b, "ok", "xswrite data/secret 1");
	guest_kill(b);
	wait_gone(2);
	b = guest_start(2);
	tell_ok(b, "xsopen");
	expect(b, "err ENOENT", "xsread data/secret");
	expect(b, "ok", "xswrite data/mine 1");
}
END_TEST

START_TEST(a_restricted_process_has_no_xenstore)
{
	/* libxenstore's own reaction to xentoolcore_restrict_all(). */
	tell_ok(a, "restrict 2");
	ck_assert(strncmp(tell(a, "xsread domid"), "err", 3) == 0);
	expect(b, "ok 2", "xsread domid");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("loopback xenstore");
	TCase *t = tcase_create("xenstore");

	tcase_add_checked_fixture(t, two_in_xenstore, no_guests);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_domain_knows_itself);
	tcase_add_test(t, permissions_between_domains);
	tcase_add_test(t, the_quota_of_nodes_holds);
	tcase_add_test(t, watches_reach_their_process);
	tcase_add_test(t, transactions_conflict);
	tcase_add_test(t, closing_aborts_and_unwatches);
	tcase_add_test(t, death_fires_releaseDomain_and_removes_nodes);
	tcase_add_test(t, a_number_used_again_is_a_new_domain);
	tcase_add_test(t, a_restricted_process_has_no_xenstore);
	suite_add_tcase(s, t);
	return s;
}

int main(int argc, char **argv)
{
	return world_main(argv, suite);
}
