/* SPDX-License-Identifier: MIT */
/* Event channels: who binds what, what pending and mask mean, what a death leaves. */
#include "tests/loopback/pair.h"

#include <string.h>

/* A channel between the two with nothing pending; the ports go to *pa and *pb. */
static void channel(long *pa, long *pb)
{
	*pa = tell_ok(a, "alloc 2");
	*pb = tell_ok(b, "bind 1 %ld", *pa);
	ck_assert_int_eq(tell_ok(b, "pending 1000"), *pb);
	tell_ok(b, "unmask %ld", *pb);
}

START_TEST(a_new_binding_is_pending_once)
{
	long pa = tell_ok(a, "alloc 2"), pb = tell_ok(b, "bind 1 %ld", pa);

	ck_assert_int_eq(tell_ok(b, "pending 1000"), pb);
	tell_ok(b, "unmask %ld", pb);
	expect(b, "none", "pending 50");
	expect(a, "none", "pending 0");
}
END_TEST

START_TEST(notify_reaches_the_other_side_only)
{
	long pa, pb;

	channel(&pa, &pb);
	tell_ok(a, "notify %ld", pa);
	ck_assert_int_eq(tell_ok(b, "pending 1000"), pb);
	expect(a, "none", "pending 0");
	tell_ok(b, "notify %ld", pb);
	ck_assert_int_eq(tell_ok(a, "pending 1000"), pa);
}
END_TEST

START_TEST(pending_is_one_bit_and_masked_until_unmask)
{
	long pa, pb;
	int i;

	channel(&pa, &pb);
	for (i = 0; i < 1000; i++)
		tell_ok(a, "notify %ld", pa);
	ck_assert_int_eq(tell_ok(b, "pending 1000"), pb);
	expect(b, "none", "pending 0");		/* all thousand were one */
	tell_ok(a, "notify %ld", pa);
	expect(b, "none", "pending 50");	/* masked */
	tell_ok(b, "unmask %ld", pb);
	ck_assert_int_eq(tell_ok(b, "pending 1000"), pb);	/* and not lost */
	tell_ok(b, "unmask %ld", pb);
	expect(b, "none", "pending 50");
}
END_TEST

START_TEST(a_full_channel_neither_blocks_nor_fails)
{
	long pa, pb;
	int i;

	channel(&pa, &pb);
	for (i = 0; i < 6000; i++)	/* more than a page of bytes */
		tell_ok(a, "notify %ld", pa);
	ck_assert_int_eq(tell_ok(b, "pending 1000"), pb);
	tell_ok(b, "unmask %ld", pb);
	expect(b, "none", "pending 0");
}
END_TEST

START_TEST(only_the_domain_named_may_bind)
{
	long pa = tell_ok(a, "alloc 0");
	struct guest *dom0;

	expect(b, "err EINVAL", "bind 1 %ld", pa);
	expect(b, "err EINVAL", "bind 1 4095");
	expect(b, "err EINVAL", "bind 1 0");
	expect(b, "err EINVAL", "bind 1 4294967295");
	expect(b, "err ESRCH", "bind 77 1");
	dom0 = guest_start(0);
	tell_ok(dom0, "bind 1 %ld", pa);
	expect(dom0, "err EINVAL", "bind 1 %ld", pa);	/* bound already */
	guest_kill(dom0);
}
END_TEST

START_TEST(ports_of_others_are_not_connected)
{
	long pa, pb;

	channel(&pa, &pb);
	expect(a, "err ENOTCONN", "notify 900");
	expect(a, "err EINVAL", "notify 4294967295");
	expect(a, "err ENOTCONN", "unbind 900");
	expect(a, "err EINVAL", "unbind 4096");
	expect(a, "ok 0", "unmask 900");	/* as the kernel's driver: ignored */
	/* The keeper's channel to xenstored is not this handle's. */
	expect(a, "err ENOTCONN", "unbind 1");
}
END_TEST

START_TEST(a_closed_end_can_be_bound_again)
{
	long pa, pb;

	channel(&pa, &pb);
	tell_ok(b, "unbind %ld", pb);
	expect(b, "err ENOTCONN", "notify %ld", pb);
	tell_ok(a, "notify %ld", pa);		/* harmless */
	tell_ok(a, "notify %ld", pa);
	pb = tell_ok(b, "bind 1 %ld", pa);
	ck_assert_int_eq(tell_ok(b, "pending 1000"), pb);
	tell_ok(b, "unmask %ld", pb);
	expect(b, "none", "pending 0");
	tell_ok(b, "notify %ld", pb);
	ck_assert_int_eq(tell_ok(a, "pending 1000"), pa);
	tell_ok(a, "notify %ld", pa);
	ck_assert_int_eq(tell_ok(b, "pending 1000"), pb);
}
END_TEST

START_TEST(the_first_end_closed_can_be_bound_from_its_side)
{
	long pa, pb;

	channel(&pa, &pb);
	tell_ok(a, "unbind %ld", pa);
	tell_ok(b, "notify %ld", pb);
	pa = tell_ok(a, "bind 2 %ld", pb);
	ck_assert_int_eq(tell_ok(a, "pending 1000"), pa);
	tell_ok(a, "unmask %ld", pa);
	tell_ok(b, "notify %ld", pb);
	ck_assert_int_eq(tell_ok(a, "pending 1000"), pa);
}
END_TEST

START_TEST(after_a_death_notify_is_harmless)
{
	long pa, pb;

	channel(&pa, &pb);
	guest_kill(b);
	b = NULL;
	wait_gone(2);
	tell_ok(a, "notify %ld", pa);
	expect(a, "none", "pending 50");
	wait_for(1, &(struct counts){ 5, 1, 0, 2 });
	tell_ok(a, "unbind %ld", pa);
	wait_for(1, &(struct counts){ 5, 1, 0, 1 });
}
END_TEST

START_TEST(a_domain_with_itself)
{
	long one = tell_ok(a, "alloc 32752"), two = tell_ok(a, "bind 32752 %ld", one);	/* DOMID_SELF */

	ck_assert_int_eq(tell_ok(a, "pending 1000"), two);
	tell_ok(a, "unmask %ld", two);
	tell_ok(a, "notify %ld", two);
	ck_assert_int_eq(tell_ok(a, "pending 1000"), one);
}
END_TEST

START_TEST(virqs)
{
	struct guest *dom0 = guest_start(0);

	expect(a, "err EPERM", "virq 3");
	expect(dom0, "err EEXIST", "virq 3");		/* xenstored has it */
	expect(dom0, "err EINVAL", "virq 24");
	expect(dom0, "err EOPNOTSUPP", "virq 0");
	guest_kill(dom0);
}
END_TEST

START_TEST(a_restricted_handle)
{
	long pa = tell_ok(a, "alloc 0");
	struct guest *dom0 = guest_start(0);

	expect(dom0, "err EINVAL", "evrestrict 0");
	expect(dom0, "err EINVAL", "evrestrict 32752");
	tell_ok(dom0, "evrestrict 1");
	expect(dom0, "err EACCES", "alloc 2");
	expect(dom0, "err EACCES", "virq 3");
	expect(dom0, "err EACCES", "evrestrict 2");
	tell_ok(dom0, "bind 1 %ld", pa);
	tell_ok(dom0, "alloc 1");
	guest_kill(dom0);
}
END_TEST

START_TEST(the_table_has_an_end)
{
	long n = 0;

	while (!strncmp(tell(a, "alloc 2"), "ok", 2))
		ck_assert_int_lt(++n, 5000);
	ck_assert_str_eq(a->line, "err ENOSPC");
	ck_assert_int_ge(n, 900);
	tell_ok(b, "alloc 1");		/* another domain does not suffer */
	tell_ok(a, "reopen");
	tell_ok(a, "alloc 2");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("loopback events");
	TCase *t = tcase_create("events");

	tcase_add_checked_fixture(t, two_guests, no_guests);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, a_new_binding_is_pending_once);
	tcase_add_test(t, notify_reaches_the_other_side_only);
	tcase_add_test(t, pending_is_one_bit_and_masked_until_unmask);
	tcase_add_test(t, a_full_channel_neither_blocks_nor_fails);
	tcase_add_test(t, only_the_domain_named_may_bind);
	tcase_add_test(t, ports_of_others_are_not_connected);
	tcase_add_test(t, a_closed_end_can_be_bound_again);
	tcase_add_test(t, the_first_end_closed_can_be_bound_from_its_side);
	tcase_add_test(t, after_a_death_notify_is_harmless);
	tcase_add_test(t, a_domain_with_itself);
	tcase_add_test(t, virqs);
	tcase_add_test(t, a_restricted_handle);
	tcase_add_test(t, the_table_has_an_end);
	suite_add_tcase(s, t);
	return s;
}

int main(int argc, char **argv)
{
	return world_main(argv, suite);
}
