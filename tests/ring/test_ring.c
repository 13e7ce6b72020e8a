/* SPDX-License-Identifier: MIT */
/*
 * The ring alone: indexes around 2^32, notifications, and peers that lie
 * about how far they are (threats F2, B5).
 */
#include "tests/ring/pair.h"
#include "tests/unit/tap.h"

/* Where arithmetic on 32 bits goes wrong when it does; E is put in below. */
#define CORNERS 20
static const uint32_t corner_base[CORNERS] = {
	0, 1, 2, 3, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffd, 0xfffffffe,
	0xffffffff,
};

static void corners_for(uint32_t entries, uint32_t corner[CORNERS])
{
	memcpy(corner, corner_base, sizeof(corner_base));
	corner[11] = entries - 1;
	corner[12] = entries;
	corner[13] = entries + 1;
	corner[14] = 2 * entries;
	corner[15] = 0u - entries;
	corner[16] = 0u - entries - 1;
	corner[17] = 0u - entries + 1;
	corner[18] = 0x80000000u - entries;
	corner[19] = 0x80000000u + entries;
}

/* How far @to is ahead of @from, computed in another way than the ring does. */
static uint64_t ahead(uint32_t from, uint32_t to)
{
	return ((uint64_t)to + (1ull << 32) - from) % (1ull << 32);
}

struct bench {
	struct xencoproc_cell producer_cell;
	struct xencoproc_cell consumer_cell;
	_Alignas(64) uint8_t slots[PAIR_ENTRIES_MAX * XENCOPROC_SQE_SIZE];
	struct coproc_ring producer;
	struct coproc_ring consumer;
};

static struct bench b;

static void bench_begin(uint32_t entries, uint32_t slot_size, uint32_t index)
{
	memset(&b, 0xa5, sizeof(b));
	coproc_ring_init(&b.producer, &b.producer_cell, &b.consumer_cell, b.slots, entries,
			 slot_size);
	coproc_ring_init(&b.consumer, &b.consumer_cell, &b.producer_cell, b.slots, entries,
			 slot_size);
	ring_begin_at(&b.producer, index);
	ring_begin_at(&b.consumer, index);
}

START_TEST(cells_begin_as_zeroes)
{
	struct xencoproc_cell zero;
	struct coproc_ring ring;

	memset(&zero, 0, sizeof(zero));
	memset(&b, 0xff, sizeof(b));
	coproc_ring_init(&ring, &b.producer_cell, &b.consumer_cell, b.slots, 32,
			 XENCOPROC_CQE_SIZE);
	ck_assert_mem_eq(&b.producer_cell, &zero, sizeof(zero));
	ck_assert_uint_eq(ring.broken, COPROC_NOT_BROKEN);
	/* The peer's cell is the peer's. */
	ck_assert_uint_eq(b.consumer_cell.index, 0xffffffff);
}
END_TEST

/* C2 over every pair of corners: own index x what the producer claims. */
START_TEST(consumer_believes_only_what_can_be)
{
	uint32_t corner[CORNERS];
	unsigned int i, k;

	for (uint32_t entries = 32; entries <= PAIR_ENTRIES_MAX; entries *= 2) {
		corners_for(entries, corner);
		for (i = 0; i < CORNERS; i++) {
			for (k = 0; k < CORNERS; k++) {
				uint64_t far = ahead(corner[i], corner[k]);
				bool fine = far <= entries;
				uint32_t pending;

				bench_begin(entries, XENCOPROC_SQE_SIZE, corner[i]);
				b.producer_cell.index = corner[k];
				pending = coproc_ring_pending(&b.consumer);
				if (pending != (fine ? far : 0) ||
				    b.consumer.broken != (fine ? COPROC_NOT_BROKEN :
							  COPROC_BROKEN_INDEX))
					ck_abort_msg("entries %u, own %#x, peer %#x: pending %u, broken %d",
						     entries, corner[i], corner[k], pending,
						     b.consumer.broken);
			}
		}
	}
}
END_TEST

/* R2 over corners: the consumer may be anywhere from where it was last seen
 * to what was published, and nowhere else. */
START_TEST(producer_believes_only_what_can_be)
{
	uint32_t corner[CORNERS];
	const uint32_t entries = 64;
	const uint8_t message[XENCOPROC_CQE_SIZE] = { 0 };
	unsigned int i, k;

	corners_for(entries, corner);
	for (i = 0; i < CORNERS; i++) {
		for (uint32_t published = 0; published <= entries; published += 16) {
			for (k = 0; k < CORNERS + 80; k++) {
				/* the corners, and everything near */
				uint32_t peer = k < CORNERS ? corner[k] :
						corner[i] + (k - CORNERS) - 8;
				uint64_t far = ahead(corner[i], peer);
				uint32_t unpublished = published < entries ? 1 : 0;
				bool fine = far <= published;
				uint32_t room, want;

				bench_begin(entries, XENCOPROC_CQE_SIZE, corner[i]);
				for (uint32_t n = 0; n < published; n++)
					coproc_ring_put(&b.producer, message);
				coproc_ring_publish(&b.producer);
				if (unpublished)
					coproc_ring_put(&b.producer, message);
				b.consumer_cell.index = peer;
				room = coproc_ring_room(&b.producer);
				want = fine ? entries - published - unpublished + (uint32_t)far : 0;
				if (room != want || (b.producer.broken == COPROC_NOT_BROKEN) != fine)
					ck_abort_msg("last seen %#x, published %u, peer %#x: room %u, not %u",
						     corner[i], published, peer, room, want);
			}
		}
	}
}
END_TEST

/* A consumer that goes back is lying even if it stays within the ring. */
START_TEST(producer_sees_a_consumer_go_back)
{
	const uint8_t message[XENCOPROC_CQE_SIZE] = { 0 };

	bench_begin(32, XENCOPROC_CQE_SIZE, 0xfffffff0);
	for (int i = 0; i < 20; i++)
		coproc_ring_put(&b.producer, message);
	coproc_ring_publish(&b.producer);
	b.consumer_cell.index = 0xfffffff0 + 10;
	ck_assert_uint_eq(coproc_ring_room(&b.producer), 22);
	b.consumer_cell.index = 0xfffffff0 + 9;
	ck_assert_uint_eq(coproc_ring_room(&b.producer), 0);
	ck_assert_uint_eq(b.producer.broken, COPROC_BROKEN_INDEX);
}
END_TEST

START_TEST(broken_is_for_good)
{
	_Alignas(8) uint8_t message[XENCOPROC_SQE_SIZE] = { 1 };
	struct xencoproc_cell before;

	bench_begin(32, XENCOPROC_SQE_SIZE, 7);
	b.producer_cell.index = 7 + 33;
	ck_assert_uint_eq(coproc_ring_pending(&b.consumer), 0);
	ck_assert_uint_eq(b.consumer.broken, COPROC_BROKEN_INDEX);
	/* The peer takes the lie back: too late. */
	b.producer_cell.index = 7 + 1;
	before = b.consumer_cell;
	ck_assert_uint_eq(coproc_ring_pending(&b.consumer), 0);
	ck_assert(!coproc_ring_arm(&b.consumer));
	coproc_ring_consumed(&b.consumer);
	ck_assert_mem_eq(&b.consumer_cell, &before, sizeof(before));

	bench_begin(32, XENCOPROC_SQE_SIZE, 7);
	b.consumer_cell.index = 8;
	ck_assert_uint_eq(coproc_ring_room(&b.producer), 0);
	before = b.producer_cell;
	coproc_ring_put(&b.producer, message);
	ck_assert(!coproc_ring_publish(&b.producer));
	ck_assert_uint_eq(coproc_ring_room(&b.producer), 0);
	ck_assert_mem_eq(&b.producer_cell, &before, sizeof(before));
	ck_assert_uint_ne(b.slots[7 * XENCOPROC_SQE_SIZE], 1);
}
END_TEST

/* P5: notify exactly if one of the messages old .. new - 1 is number event. */
START_TEST(notifies_when_the_event_is_passed)
{
	const uint8_t message[XENCOPROC_CQE_SIZE] = { 0 };
	static const uint32_t start[] = { 0, 5, 0x7ffffff8, 0x80000000, 0xffffffe0, 0xfffffffe,
					  0xffffffff };
	unsigned int asked = 0;

	for (unsigned int s = 0; s < sizeof(start) / sizeof(start[0]); s++) {
		for (uint32_t count = 0; count <= 32; count++) {
			for (int32_t at = -40; at <= 40; at++) {
				uint32_t event = start[s] + (uint32_t)at;
				bool want = false;
				bool got;

				for (uint32_t n = 0; n < count; n++)
					want |= start[s] + n == event;
				bench_begin(32, XENCOPROC_CQE_SIZE, start[s]);
				b.consumer_cell.event = event;
				for (uint32_t n = 0; n < count; n++)
					coproc_ring_put(&b.producer, message);
				got = coproc_ring_publish(&b.producer);
				asked += got;
				if (got != want)
					ck_abort_msg("old %#x, %u messages, event %#x: notify %d",
						     start[s], count, event, got);
				if (coproc_ring_publish(&b.producer))
					ck_abort_msg("notifies of nothing");
			}
		}
	}
	ck_assert_uint_eq(asked, 7 * (32 * 33 / 2));
}
END_TEST

START_TEST(polling_consumer_is_left_alone)
{
	_Alignas(8) uint8_t message[XENCOPROC_CQE_SIZE] = { 0 };
	unsigned int notified = 0;

	bench_begin(32, XENCOPROC_CQE_SIZE, 0);
	for (int i = 0; i < 1000; i++) {
		coproc_ring_put(&b.producer, message);
		notified += coproc_ring_publish(&b.producer);
		ck_assert_uint_eq(coproc_ring_pending(&b.consumer), 1);
		coproc_ring_take(&b.consumer, message);
		coproc_ring_consumed(&b.consumer);
	}
	/* Of message 0 it is told, since both cells begin as zeroes. */
	ck_assert_uint_eq(notified, 1);
}
END_TEST

START_TEST(arming_looks_again)
{
	_Alignas(8) uint8_t message[XENCOPROC_CQE_SIZE] = { 0 };

	bench_begin(32, XENCOPROC_CQE_SIZE, 0xffffffff);
	b.consumer_cell.event = 0;
	ck_assert(!coproc_ring_arm(&b.consumer));
	ck_assert_uint_eq(b.consumer_cell.event, 0xffffffff);
	coproc_ring_put(&b.producer, message);
	ck_assert(coproc_ring_publish(&b.producer));
	/* Came before arming: told by the return, whether or not notified. */
	ck_assert(coproc_ring_arm(&b.consumer));
	ck_assert_uint_eq(coproc_ring_pending(&b.consumer), 1);
	coproc_ring_take(&b.consumer, message);
	ck_assert(!coproc_ring_arm(&b.consumer));
	ck_assert_uint_eq(b.consumer_cell.event, 0);
	/* A lie found while arming is news once, then no reason to spin. */
	b.producer_cell.index = 0x1000;
	ck_assert(coproc_ring_arm(&b.consumer));
	ck_assert_uint_eq(b.consumer.broken, COPROC_BROKEN_INDEX);
	ck_assert(!coproc_ring_arm(&b.consumer));
}
END_TEST

/* Batches of every size through the wrap, contents and order checked, for
 * both sizes of slot and every length of ring. */
START_TEST(messages_survive_the_wrap)
{
	_Alignas(8) uint8_t out[XENCOPROC_SQE_SIZE], in[XENCOPROC_SQE_SIZE];

	for (uint32_t entries = 32; entries <= PAIR_ENTRIES_MAX; entries *= 2) {
		uint32_t size = _i ? XENCOPROC_SQE_SIZE : XENCOPROC_CQE_SIZE;
		uint32_t sent = 0, got = 0;

		bench_begin(entries, size, 0u - 3 * entries);
		for (uint32_t batch = 0; batch <= entries; batch++) {
			for (uint32_t n = 0; n < batch; n++, sent++) {
				for (uint32_t i = 0; i < size; i++)
					out[i] = (uint8_t)pair_mix(sent * 131ull + i);
				coproc_ring_put(&b.producer, out);
			}
			/* Nothing is seen before it is published. */
			ck_assert_uint_eq(coproc_ring_pending(&b.consumer), 0);
			coproc_ring_publish(&b.producer);
			ck_assert_uint_eq(coproc_ring_pending(&b.consumer), batch);
			ck_assert_uint_eq(coproc_ring_room(&b.producer), entries - batch);
			for (uint32_t n = 0; n < batch; n++, got++) {
				coproc_ring_take(&b.consumer, in);
				for (uint32_t i = 0; i < size; i++)
					if (in[i] != (uint8_t)pair_mix(got * 131ull + i))
						ck_abort_msg("message %u, byte %u differs", got, i);
			}
			coproc_ring_consumed(&b.consumer);
			ck_assert_uint_eq(coproc_ring_room(&b.producer), entries);
		}
		ck_assert_uint_eq(b.consumer_cell.index, 0u - 3 * entries + sent);
	}
}
END_TEST

START_TEST(slots_are_written_whole_and_alone)
{
	_Alignas(8) uint8_t message[XENCOPROC_SQE_SIZE];
	uint32_t size = _i ? XENCOPROC_SQE_SIZE : XENCOPROC_CQE_SIZE;

	memset(message, 0x3c, sizeof(message));
	for (uint32_t at = 0; at < 32; at++) {
		bench_begin(32, size, at);
		coproc_ring_put(&b.producer, message);
		for (uint32_t i = 0; i < 33 * size; i++)
			if (b.slots[i] != (i / size == at ? 0x3c : 0xa5))
				ck_abort_msg("slot %u, byte %u", at, i);
	}
}
END_TEST

START_TEST(every_reason_has_its_text)
{
	for (int why = 0; why < COPROC_BROKEN_COUNT; why++) {
		ck_assert_str_ne(coproc_broken_text((enum coproc_broken)why), "unknown reason");
		for (int other = 0; other < why; other++)
			ck_assert_str_ne(coproc_broken_text((enum coproc_broken)why),
					 coproc_broken_text((enum coproc_broken)other));
	}
	ck_assert_str_eq(coproc_broken_text(COPROC_BROKEN_COUNT), "unknown reason");
	ck_assert_str_eq(coproc_broken_text((enum coproc_broken)-1), "unknown reason");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ring");
	TCase *t = tcase_create("ring");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, cells_begin_as_zeroes);
	tcase_add_test(t, consumer_believes_only_what_can_be);
	tcase_add_test(t, producer_believes_only_what_can_be);
	tcase_add_test(t, producer_sees_a_consumer_go_back);
	tcase_add_test(t, broken_is_for_good);
	tcase_add_test(t, notifies_when_the_event_is_passed);
	tcase_add_test(t, polling_consumer_is_left_alone);
	tcase_add_test(t, arming_looks_again);
	tcase_add_loop_test(t, messages_survive_the_wrap, 0, 2);
	tcase_add_loop_test(t, slots_are_written_whole_and_alone, 0, 2);
	tcase_add_test(t, every_reason_has_its_text);
	suite_add_tcase(suite, t);
	return tap_main(suite);
}
