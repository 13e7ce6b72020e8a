/* SPDX-License-Identifier: MIT */
/* Grants between domains: who reaches which page, and what is left when one dies. */
#include "tests/loopback/pair.h"

#include <string.h>

/* Shares @n pages of @g with @domid; the references follow "ok SLOT ". */
static char *share(struct guest *g, int domid, int n, const char *mode)
{
	static char refs[65536];
	int at = 0;

	tell_ok(g, "share %d %d %s", domid, n, mode);
	ck_assert_int_eq(sscanf(g->line, "ok %*d %n", &at), 0);
	strcpy(refs, g->line + at);
	return refs;
}

START_TEST(a_page_is_the_same_page_on_both_sides)
{
	char *refs = share(a, 2, 1, "rw");

	ck_assert_int_ge(atoi(refs), 8);
	tell_ok(a, "poke 0 5 77");
	ck_assert_int_eq(tell_ok(b, "map 1 rw %s", refs), 0);
	expect(b, "ok 77", "peek 0 5");
	tell_ok(b, "poke 0 4095 9");
	expect(a, "ok 9", "peek 0 4095");
	expect(a, "ok 0", "peek 0 100");	/* zeroed before it was granted */
}
END_TEST

START_TEST(read_only_is_read_only)
{
	char *refs = share(a, 2, 1, "ro");

	tell_ok(a, "poke 0 0 65");
	expect(b, "err EINVAL", "map 1 rw %s", refs);
	tell_ok(b, "map 1 ro %s", refs);
	expect(b, "ok 65", "peek 0 0");
	expect(b, "ok 0", "force 0");	/* no way round: mprotect, reopen, write, truncate */
	tell_ok(a, "poke 0 0 66");
	expect(b, "ok 66", "peek 0 0");
}
END_TEST

START_TEST(a_writable_page_cannot_be_cut_short)
{
	char *refs = share(a, 2, 1, "rw");

	tell_ok(b, "map 1 rw %s", refs);
	ck_assert_int_eq(tell_ok(b, "force 0") & 8, 0);
	ck_assert_int_eq(tell_ok(a, "force 0") & 8, 0);
}
END_TEST

START_TEST(only_the_grantee_maps)
{
	char *refs = share(a, 0, 1, "rw");
	struct guest *dom0 = guest_start(0);

	expect(b, "err EINVAL", "map 1 ro %s", refs);	/* granted to domain 0 */
	expect(b, "err EINVAL", "map 2 ro %s", refs);
	expect(b, "err EINVAL", "map 0 ro %s", refs);
	tell_ok(dom0, "map 1 rw %s", refs);
	guest_kill(dom0);
}
END_TEST

START_TEST(bad_references_are_refused)
{
	expect(b, "err EINVAL", "map 1 ro 8");		/* nothing granted */
	expect(b, "err EINVAL", "map 1 ro 4294967295");
	expect(b, "err EINVAL", "map 1 ro 0");
	expect(b, "err EINVAL", "map 1 ro 1");		/* a's xenstore page, for domain 0 */
	expect(b, "err EINVAL", "map 77 ro 8");		/* no such domain */
	expect(b, "err EINVAL", "map 4294967295 ro 8");
	expect(b, "err EINVAL", "map 1 ro");		/* none at all */
	expect(a, "err EINVAL", "share 2 0 rw");
	expect(a, "err EINVAL", "share 2 -1 rw");
	expect(a, "err EINVAL", "share 32752 1 rw");
	expect(a, "err ENOSPC", "share 2 100000 rw");
}
END_TEST

START_TEST(many_pages_in_one_call)
{
	char *refs = share(a, 2, 1024, "rw");
	struct counts c;

	tell_ok(a, "poke 0 4190209 3");		/* the last page */
	tell_ok(b, "map 1 rw %s", refs);
	expect(b, "ok 3", "peek 0 4190209");
	stats_of(2, &c);
	ck_assert_int_eq(c.mapped, 1024);
	expect(b, "err EINVAL", "unmap 0 0 1023");	/* whole areas only */
	expect(b, "err EINVAL", "unmap 0 1 1024");
	tell_ok(b, "unmap 0 0 1024");
	expect(b, "err EINVAL", "unmap 0 0 1024");
	stats_of(2, &c);
	ck_assert_int_eq(c.mapped, 0);
}
END_TEST

START_TEST(pages_in_any_order_from_many_shares)
{
	static char refs[16384];
	int fds = (int)tell_ok(b, "fds"), i, at = 0, ref[150];

	/* More shares than descriptors fit in one answer, mapped backwards. */
	for (i = 0; i < 150; i++) {
		tell_ok(a, "share 2 1 rw");
		ck_assert_int_eq(sscanf(a->line, "ok 0 %d", &ref[i]), 1);
		tell_ok(a, "poke 0 0 %d", i);
		tell_ok(a, "forget 0");
	}
	for (i = 149; i >= 0; i--)
		at += snprintf(refs + at, sizeof(refs) - (size_t)at, "%d ", ref[i]);
	tell_ok(b, "map 1 ro %s", refs);
	for (i = 0; i < 150; i++) {
		tell_ok(b, "peek 0 %d", i * 4096);
		ck_assert_int_eq(atoi(b->line + 3), 149 - i);
	}
	ck_assert_int_eq(tell_ok(b, "fds"), fds);	/* closed once mapped */
	/* One bad reference at the end: nothing stays mapped. */
	expect(b, "err EINVAL", "map 1 ro %s 60000", refs);
	tell_ok(b, "unmap 0 0 150");
	wait_for(2, &(struct counts){ 5, 1, 0, 1 });
}
END_TEST

START_TEST(a_share_ends_for_new_mappers_but_not_under_an_old_one)
{
	char *refs = strdup(share(a, 2, 2, "rw"));
	int other;

	tell_ok(a, "poke 0 0 42");
	tell_ok(b, "map 1 rw %s", refs);
	tell_ok(a, "unshare 0 0 1");		/* a part: the grant goes on */
	tell_ok(b, "unmap 0 0 2");
	tell_ok(b, "forget 0");
	tell_ok(b, "map 1 rw %s", refs);
	tell_ok(a, "unshare 0 1 1");
	expect(a, "err EINVAL", "unshare 0 0 1");
	expect(b, "ok 42", "peek 0 0");		/* alive until unmapped */
	expect(b, "err EINVAL", "map 1 rw %s", refs);
	other = atoi(share(a, 2, 1, "rw"));	/* its number is not given to another page */
	ck_assert_int_ne(other, atoi(refs));
	wait_for(1, &(struct counts){ 5, 1 + 2 + 1, 0, 1 });
	tell_ok(b, "unmap 0 0 2");
	wait_for(1, &(struct counts){ 5, 1 + 1, 0, 1 });
	free(refs);
}
END_TEST

START_TEST(unmap_clears_the_byte_and_signals)
{
	char *refs = share(a, 2, 1, "rw");
	long port = tell_ok(a, "alloc 2"), theirs = tell_ok(b, "bind 1 %ld", port);

	tell_ok(a, "poke 0 7 1");
	tell_ok(b, "mapn 1 %s 7 %ld", refs, theirs);
	expect(a, "ok 1", "peek 0 7");
	expect(a, "none", "pending 20");
	tell_ok(b, "unmap 0 0 1");
	expect(a, "ok 0", "peek 0 7");
	ck_assert_int_eq(tell_ok(a, "pending 1000"), port);
}
END_TEST

START_TEST(death_of_the_mapper_clears_the_byte_and_signals)
{
	char *refs = share(a, 2, 1, "rw");
	long port = tell_ok(a, "alloc 2"), theirs = tell_ok(b, "bind 1 %ld", port);

	tell_ok(a, "poke 0 7 1");
	tell_ok(b, "mapn 1 %s 7 %ld", refs, theirs);
	guest_kill(b);
	b = NULL;
	ck_assert_int_eq(tell_ok(a, "pending 2000"), port);
	expect(a, "ok 0", "peek 0 7");
}
END_TEST

START_TEST(death_of_the_owner_clears_the_byte_and_signals)
{
	long port = tell_ok(b, "alloc 1"), theirs = tell_ok(a, "bind 2 %ld", port);
	int ref;

	tell_ok(a, "share 2 1 ro 9 %ld", theirs);
	ck_assert_int_eq(sscanf(a->line, "ok 0 %d", &ref), 1);
	tell_ok(a, "poke 0 9 1");
	tell_ok(b, "map 1 ro %d", ref);
	expect(b, "ok 1", "peek 0 9");
	guest_kill(a);
	a = NULL;
	ck_assert_int_eq(tell_ok(b, "pending 2000"), port);
	expect(b, "ok 0", "peek 0 9");		/* the page outlives its owner */
	wait_for(1, &(struct counts){ 0, 1, 0, 0 });	/* the domain waits for its page */
	tell_ok(b, "unmap 0 0 1");
	wait_gone(1);
}
END_TEST

START_TEST(bad_notifications_are_refused)
{
	char *refs = share(a, 2, 1, "rw");
	char *ro;

	expect(b, "err EINVAL", "mapn 1 %s 4096 -1", refs);
	expect(b, "err EINVAL", "mapn 1 %s 0 999", refs);
	expect(a, "err EINVAL", "share 2 1 rw 5000 -1");
	expect(a, "err EINVAL", "share 2 1 rw 0 4096");
	ro = share(a, 2, 1, "ro");
	expect(b, "err EINVAL", "mapn 1 %s 0 -1", ro);
}
END_TEST

START_TEST(closing_a_handle_ends_what_it_held)
{
	char *refs = share(a, 2, 3, "rw");

	tell_ok(b, "map 1 rw %s", refs);
	tell_ok(b, "alloc 1");
	wait_for(2, &(struct counts){ 5, 1, 3, 2 });
	tell_ok(b, "reopen");
	wait_for(2, &(struct counts){ 5, 1, 0, 1 });
	tell_ok(a, "reopen");
	wait_for(1, &(struct counts){ 5, 1, 0, 1 });
	expect(b, "err EINVAL", "map 1 rw %s", refs);
}
END_TEST

START_TEST(a_restricted_handle_reaches_one_domain)
{
	struct guest *dom0 = guest_start(0);
	char *one = strdup(share(a, 0, 1, "rw")), *two = share(b, 0, 1, "rw");
	long p1 = tell_ok(a, "alloc 0"), p2 = tell_ok(b, "alloc 0");

	tell_ok(dom0, "restrict 1");
	tell_ok(dom0, "map 1 rw %s", one);
	expect(dom0, "err EACCES", "map 2 rw %s", two);
	expect(dom0, "err EACCES", "share 2 1 rw");
	tell_ok(dom0, "bind 1 %ld", p1);
	expect(dom0, "err EACCES", "bind 2 %ld", p2);
	expect(dom0, "err EACCES", "alloc 2");
	expect(dom0, "err EACCES", "virq 3");
	expect(dom0, "ok -8", "copy in 0 0 1 2 %s 0", two);	/* permission denied */
	expect(dom0, "err EACCES", "restrict 2");
	tell_ok(dom0, "restrict 1");
	free(one);
	guest_kill(dom0);
}
END_TEST

START_TEST(a_sandboxed_worker_needs_only_the_calls_listed)
{
	struct guest *w = guest_start(0);
	char *refs = strdup(share(a, 0, 3, "rw"));
	long theirs = tell_ok(a, "alloc 0"), port;
	int one = atoi(refs);

	tell_ok(w, "restrict 1");
	tell_ok(w, "seccomp");
	tell_ok(w, "map 1 rw %s", refs);
	tell_ok(w, "poke 0 0 7");
	expect(a, "ok 7", "peek 0 0");
	expect(w, "ok 0", "copy in 0 4096 8 1 %d 0", one);
	expect(w, "ok 7", "peek 0 4096");
	expect(w, "ok 0", "copy out 0 0 8 1 %d 100", one);
	expect(w, "err EINVAL", "map 1 rw 50000");
	port = tell_ok(w, "bind 1 %ld", theirs);
	ck_assert_int_eq(tell_ok(w, "pending 1000"), port);
	tell_ok(w, "unmask %ld", port);
	tell_ok(w, "notify %ld", port);
	ck_assert_int_eq(tell_ok(a, "pending 1000"), theirs);
	tell_ok(w, "unbind %ld", port);
	tell_ok(w, "unmap 0 0 3");
	tell_ok(w, "share 1 1 rw");
	free(refs);
	guest_kill(w);
}
END_TEST

START_TEST(a_child_that_closes_takes_nothing_from_its_parent)
{
	char *refs = share(a, 2, 1, "rw");
	long port = tell_ok(a, "alloc 2"), theirs = tell_ok(b, "bind 1 %ld", port);

	tell_ok(b, "map 1 rw %s", refs);
	tell_ok(b, "pending 1000");
	tell_ok(b, "unmask %ld", theirs);
	expect(b, "ok 0", "forkclose");
	tell_ok(b, "poke 0 0 8");
	expect(a, "ok 8", "peek 0 0");
	tell_ok(a, "notify %ld", port);
	ck_assert_int_eq(tell_ok(b, "pending 1000"), theirs);
	tell_ok(b, "unmap 0 0 1");
}
END_TEST

START_TEST(the_limit_of_mappings_holds)
{
	char *refs = share(a, 2, 3, "rw");

	tell_ok(b, "maxmaps 2");
	expect(b, "err ENOSPC", "map 1 rw %s", refs);
	wait_for(2, &(struct counts){ 5, 1, 0, 1 });
}
END_TEST

START_TEST(copy_moves_bytes_both_ways)
{
	int ref = atoi(share(a, 2, 1, "rw"));

	tell_ok(b, "share 1 1 rw");	/* a local buffer */
	tell_ok(a, "poke 0 100 55");
	expect(b, "ok 0", "copy in 0 10 8 1 %d 100", ref);
	expect(b, "ok 55", "peek 0 10");
	tell_ok(b, "poke 0 11 56");
	expect(b, "ok 0", "copy out 0 11 1 1 %d 4095", ref);
	expect(a, "ok 56", "peek 0 4095");
	expect(b, "ok 0", "copy in 0 0 0 1 %d 0", ref);		/* nothing to do */
	expect(b, "ok 0", "copyff 1 %d 100 1 %d 0 4", ref, ref);
	expect(a, "ok 55", "peek 0 0");
}
END_TEST

START_TEST(copy_refuses_what_xen_refuses)
{
	int ref = atoi(share(a, 2, 1, "rw")), ro = atoi(share(a, 2, 1, "ro"));
	int other = atoi(share(a, 0, 1, "rw"));

	tell_ok(b, "share 1 1 rw");
	expect(b, "err EINVAL", "copy in 0 0 2 1 %d 4095", ref);	/* crosses the page */
	expect(b, "err EINVAL", "copy out 0 0 4097 1 %d 0", ref);
	expect(b, "err EINVAL", "copyff 1 %d 4000 1 %d 0 100", ref, ref);
	expect(b, "ok -1", "copy out 0 0 1 1 %d 0", ro);	/* general error: read-only */
	expect(b, "ok 0", "copy in 0 0 1 1 %d 0", ro);
	expect(b, "ok -1", "copy in 0 0 1 1 %d 0", other);	/* not granted to us */
	expect(b, "ok -3", "copy in 0 0 1 1 70000 0");		/* bad reference */
	expect(b, "ok -2", "copy in 0 0 1 99 %d 0", ref);	/* bad domain */
	expect(b, "ok -1", "copyff 1 %d 0 1 %d 0 1", ref, ro);
	expect(b, "err EFAULT", "copy in -1 0 1 1 %d 0", ref);	/* a bad local pointer */
	expect(b, "err EFAULT", "copy out -1 0 1 1 %d 0", ref);
}
END_TEST

START_TEST(copy_reports_each_segment)
{
	int ref = atoi(share(a, 2, 1, "rw")), fds = (int)tell_ok(b, "fds");

	tell_ok(a, "fill 0 109");		/* 'm' */
	expect(b, "ok 800", "copymany 1000 1 %d", ref);
	ck_assert_int_eq(tell_ok(b, "fds"), fds);
}
END_TEST

START_TEST(one_domain_with_itself)
{
	char *refs = share(a, 1, 1, "rw");

	tell_ok(a, "map 1 rw %s", refs);
	tell_ok(a, "poke 1 3 4");
	expect(a, "ok 4", "peek 0 3");
}
END_TEST

START_TEST(numbers_return_after_use)
{
	int i;

	/* More than the table holds, in all: each is given back in time. */
	for (i = 0; i < 40; i++) {
		tell_ok(a, "share 2 2000 rw");
		tell_ok(a, "unshare 0 0 2000");
		tell_ok(a, "forget 0");
	}
	wait_for(1, &(struct counts){ 5, 1, 0, 1 });
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("loopback grants");
	TCase *t = tcase_create("grants");

	tcase_add_checked_fixture(t, two_guests, no_guests);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, a_page_is_the_same_page_on_both_sides);
	tcase_add_test(t, read_only_is_read_only);
	tcase_add_test(t, a_writable_page_cannot_be_cut_short);
	tcase_add_test(t, only_the_grantee_maps);
	tcase_add_test(t, bad_references_are_refused);
	tcase_add_test(t, many_pages_in_one_call);
	tcase_add_test(t, pages_in_any_order_from_many_shares);
	tcase_add_test(t, a_share_ends_for_new_mappers_but_not_under_an_old_one);
	tcase_add_test(t, unmap_clears_the_byte_and_signals);
	tcase_add_test(t, death_of_the_mapper_clears_the_byte_and_signals);
	tcase_add_test(t, death_of_the_owner_clears_the_byte_and_signals);
	tcase_add_test(t, bad_notifications_are_refused);
	tcase_add_test(t, closing_a_handle_ends_what_it_held);
	tcase_add_test(t, a_restricted_handle_reaches_one_domain);
	tcase_add_test(t, a_sandboxed_worker_needs_only_the_calls_listed);
	tcase_add_test(t, a_child_that_closes_takes_nothing_from_its_parent);
	tcase_add_test(t, the_limit_of_mappings_holds);
	tcase_add_test(t, copy_moves_bytes_both_ways);
	tcase_add_test(t, copy_refuses_what_xen_refuses);
	tcase_add_test(t, copy_reports_each_segment);
	tcase_add_test(t, one_domain_with_itself);
	tcase_add_test(t, numbers_return_after_use);
	suite_add_tcase(s, t);
	return s;
}

int main(int argc, char **argv)
{
	return world_main(argv, suite);
}
