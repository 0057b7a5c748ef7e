/* ring.c -- tests of collector/ring.c */
#include "collector/ring.h"
#include "tests/tap.h"

enum { SIZE = 4096 };

/* A snapshot with that number as its ordinal, and so many bytes of it in either half. */
static int put(struct ring *r, uint64_t number, size_t n_schema, size_t n_frame)
{
	struct encoded e = {.hour = (int32_t)number, .ordinal = number, .keyframe = n_schema > 0};
	int k;

	for (size_t i = 0; i < n_schema; i++)
		buf_put_u8(&e.schema, (uint8_t)(number + i));
	for (size_t i = 0; i < n_frame; i++)
		buf_put_u8(&e.frame, (uint8_t)(number * 3 + i));
	k = ring_put(r, &e);
	buf_done(&e.schema);
	buf_done(&e.frame);
	return k;
}

/* The head is exactly what was put. */
static bool is_head(const struct ring *r, uint64_t number, size_t n_schema, size_t n_frame)
{
	const struct encoded *e = ring_head(r);

	if (!e || e->ordinal != number || e->hour != (int32_t)number || e->keyframe != (n_schema > 0) ||
	    e->schema.len != n_schema || e->frame.len != n_frame)
		return false;
	for (size_t i = 0; i < n_schema; i++)
		if (e->schema.p[i] != (uint8_t)(number + i))
			return false;
	for (size_t i = 0; i < n_frame; i++)
		if (e->frame.p[i] != (uint8_t)(number * 3 + i))
			return false;
	return true;
}

static void what_was_put_comes_out_in_order(void)
{
	_cleanup_(cleanup_ring) struct ring *r = NULL;

	if (!ok_r(ring_new(SIZE, &r)))
		return;
	ok(!ring_head(r) && ring_bytes(r) == 0 && ring_n(r) == 0);
	ok_r(put(r, 1, 50, 100));
	ok_r(put(r, 2, 0, 1));
	ok_r(put(r, 3, 0, 0));
	eq(ring_n(r), 3);
	ok(ring_bytes(r) >= 151 && ring_bytes(r) <= SIZE);
	ok(is_head(r, 1, 50, 100));
	ring_pop(r);
	ok(is_head(r, 2, 0, 1));
	ring_pop(r);
	ok(is_head(r, 3, 0, 0));
	ring_pop(r);
	ok(!ring_head(r) && ring_bytes(r) == 0 && ring_n(r) == 0);
}

static void what_does_not_fit_is_refused_and_harms_nothing(void)
{
	_cleanup_(cleanup_ring) struct ring *r = NULL;
	uint64_t n = 0;

	if (!ok_r(ring_new(SIZE, &r)))
		return;
	eq(put(r, 9, 0, SIZE), -ENOBUFS);
	ok(!ring_head(r));
	while (put(r, n, 0, 200) == 0)
		n++;
	ok(n > 2);
	eq(put(r, 99, 0, 200), -ENOBUFS);
	eq(ring_n(r), n);
	for (uint64_t i = 0; i < n; i++) {
		ok(is_head(r, i, 0, 200));
		ring_pop(r);
	}
	/* Empty again: whatever fits at all fits now. */
	ok_r(put(r, 7, 0, SIZE / 2));
	ok(is_head(r, 7, 0, SIZE / 2));
}

static void it_goes_round_and_round_with_snapshots_of_all_sizes(void)
{
	enum { ROUNDS = 20000 };
	_cleanup_(cleanup_ring) struct ring *r = NULL;
	uint64_t next = 0, first = 0, n_refused = 0;
	size_t sizes[64]; /* of those that are in it, by number */
	uint32_t seed = 1;

	if (!ok_r(ring_new(SIZE, &r)))
		return;
	for (int i = 0; i < ROUNDS; i++) {
		size_t size;

		seed = seed * 1103515245 + 12345;
		size = seed >> 16 & 1023;
		if ((seed >> 8) % 16 < 9 && next - first < 60) {
			if (put(r, next, size % 7, size) == 0)
				sizes[next++ % 64] = size;
			else
				n_refused++;
		} else if (first < next) {
			if (!ok(is_head(r, first, sizes[first % 64] % 7, sizes[first % 64])))
				return;
			ring_pop(r);
			first++;
		}
		if (!ok(ring_n(r) == next - first) || !ok(ring_bytes(r) <= SIZE))
			return;
	}
	ok(n_refused > 100 && next > 1000);
}

static void the_head_stays_while_others_come(void)
{
	_cleanup_(cleanup_ring) struct ring *r = NULL;
	const struct encoded *head;

	if (!ok_r(ring_new(SIZE, &r)))
		return;
	ok_r(put(r, 1, 10, 500));
	head = ring_head(r);
	for (uint64_t i = 2; put(r, i, 0, 300) == 0; i++)
		;
	ok(ring_head(r) == head && is_head(r, 1, 10, 500));
}

int main(void)
{
	RUN(what_was_put_comes_out_in_order);
	RUN(what_does_not_fit_is_refused_and_harms_nothing);
	RUN(it_goes_round_and_round_with_snapshots_of_all_sizes);
	RUN(the_head_stays_while_others_come);
	return tap_done();
}
