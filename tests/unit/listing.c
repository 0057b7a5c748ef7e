/* listing.c -- numbers, times and sizes of snapshots, in memory and laid out */
#include "store/listing.h"
#include "store/format.h"
#include "tests/tap.h"

static void add(struct listing *l, uint32_t seq, int64_t time_ms, uint16_t id, uint64_t rows, uint64_t len)
{
	ok_r(listing_add(l, seq, time_ms));
	if (id)
		ok_r(listing_set(l, id, rows, len));
}

static void check_same(const struct listing *a, const struct listing *b)
{
	if (!ok(a->n == b->n && a->n_tables == b->n_tables))
		return;
	ok(a->n == 0 || memcmp(a->seq, b->seq, a->n * sizeof *a->seq) == 0);
	ok(a->n == 0 || memcmp(a->time_ms, b->time_ms, a->n * sizeof *a->time_ms) == 0);
	for (uint32_t k = 0; k < a->n_tables; k++) {
		eq(a->tables[k].id, b->tables[k].id);
		ok(memcmp(a->tables[k].rows, b->tables[k].rows, a->n * sizeof(uint32_t)) == 0);
		ok(memcmp(a->tables[k].len, b->tables[k].len, a->n * sizeof(uint32_t)) == 0);
	}
}

static void check_comes_back(const struct listing *l)
{
	_cleanup_(listing_done) struct listing back = {0};
	_cleanup_(buf_done) struct buf b = {0};

	listing_encode(l, &b);
	ok_r(listing_decode(span_of(b.p, b.len), &back));
	check_same(l, &back);
	/* No part of it is a listing, and nothing may follow. */
	for (size_t len = 0; len < b.len; len++) {
		_cleanup_(listing_done) struct listing cut = {0};

		eq(listing_decode(span_of(b.p, len), &cut), -EBADMSG);
	}
	buf_put_u8(&b, 0);
	eq(listing_decode(span_of(b.p, b.len), &back), -EBADMSG);
}

static void what_is_laid_out_comes_back(void)
{
	_cleanup_(listing_done) struct listing l = {0};

	check_comes_back(&l);
	add(&l, 3, 1795000000000, 7, 10, 1000);
	add(&l, 4, 1795000001000, 7, 11, UINT32_MAX);
	add(&l, 9, 1794999990000, 2, UINT32_MAX, 1);
	add(&l, SEQ_MAX, INT64_MIN, 4095, 0, 5);
	check_comes_back(&l);
	eq(l.n_tables, 3);
	eq(l.tables[0].id, 2);
	eq(l.tables[2].id, 4095);
}

static void a_table_that_is_not_there_has_no_text(void)
{
	_cleanup_(listing_done) struct listing l = {0};
	const struct listing_table *t;

	add(&l, 0, 0, 0, 0, 0);
	add(&l, 1, 0, 5, 3, 40); /* comes late */
	add(&l, 2, 0, 0, 0, 0);
	t = listing_table(&l, 5);
	if (!ok(t))
		return;
	eq(t->len[0], 0);
	eq(t->rows[0], 0);
	eq(t->len[1], 40);
	eq(t->len[2], 0);
	eq(t->rows[2], 3); /* what it had last: nothing to store */
	ok(!listing_table(&l, 4));
	ok(!listing_table(&l, 6));
}

static void numbers_are_found_with_gaps_between(void)
{
	_cleanup_(listing_done) struct listing l = {0};
	uint32_t i;

	eq(listing_find(&l, 0, &i), -ENOENT);
	for (uint32_t k = 0; k < 500; k++)
		add(&l, 10 + k + k / 7, k, 0, 0, 0);
	for (uint32_t k = 0; k < 500; k++) {
		ok_r(listing_find(&l, 10 + k + k / 7, &i));
		eq(i, k);
	}
	eq(listing_find(&l, 9, &i), -ENOENT);
	eq(listing_find(&l, 17, &i), -ENOENT);
	eq(listing_find(&l, UINT32_MAX, &i), -ENOENT);
}

static void a_text_of_four_gigabytes_is_refused(void)
{
	_cleanup_(listing_done) struct listing l = {0};

	add(&l, 0, 0, 0, 0, 0);
	ok_r(listing_set(&l, 1, 1, UINT32_MAX));
	eq(listing_set(&l, 1, 1, (uint64_t)UINT32_MAX + 1), -EMSGSIZE);
	eq(listing_set(&l, 1, (uint64_t)UINT32_MAX + 1, 1), -EMSGSIZE);
	eq(l.tables[0].len[0], UINT32_MAX);
}

static void numbers_that_do_not_ascend_are_refused(void)
{
	static const int64_t changes[] = {0, -1, INT64_MIN, (int64_t)SEQ_MAX + 1, INT64_MAX};

	for (unsigned i = 0; i < N_ELEMENTS(changes); i++) {
		_cleanup_(listing_done) struct listing l = {0};
		_cleanup_(buf_done) struct buf b = {0};

		buf_put_varint(&b, 2);
		buf_put_varint(&b, zigzag(1));
		buf_put_varint(&b, 0);
		buf_put_varint(&b, zigzag(changes[i]));
		buf_put_varint(&b, 0);
		buf_put_varint(&b, 0);
		eq(listing_decode(span_of(b.p, b.len), &l), -EBADMSG);
	}
}

static void a_number_of_snapshots_that_is_a_lie_takes_no_memory(void)
{
	_cleanup_(listing_done) struct listing l = {0};
	_cleanup_(buf_done) struct buf b = {0};

	buf_put_varint(&b, SEQ_MAX);
	buf_put_varint(&b, zigzag(1));
	eq(listing_decode(span_of(b.p, b.len), &l), -EBADMSG);
	eq(l.cap, 0);
}

int main(void)
{
	RUN(what_is_laid_out_comes_back);
	RUN(a_table_that_is_not_there_has_no_text);
	RUN(numbers_are_found_with_gaps_between);
	RUN(a_text_of_four_gigabytes_is_refused);
	RUN(numbers_that_do_not_ascend_are_refused);
	RUN(a_number_of_snapshots_that_is_a_lie_takes_no_memory);
	return tap_done();
}
