/* point_times.c -- times of any distance come back, and regular ones cost next to nothing */
#include "store/point_times.h"
#include "tests/tap.h"
#include "tests/unit/random.h"

#include <stdlib.h>

/* Length of the packed times, 0 if others came back. */
static size_t there_and_back(const int64_t *ns, size_t n, enum point_shape shape)
{
	int64_t room[POINT_BLOCK_MAX + POINT_ROOM];
	struct buf out = {0};
	size_t len = 0;

	point_times_put(ns, n, shape, &out);
	if (ok(out.err == 0) && ok_r(point_times_get(span_of(out.p, out.len), n, room)) &&
	    ok(memcmp(room, ns, n * sizeof *ns) == 0))
		len = out.len;
	buf_done(&out);
	return len;
}

static const int64_t start = 1795284913308000000, second = 1000000000;

static void every_ten_seconds_in_nanoseconds_comes_back(void)
{
	int64_t ns[360];

	for (size_t i = 0; i < 360; i++)
		ns[i] = start + (int64_t)i * 10 * second;
	ok(there_and_back(ns, 360, POINT_PACKED) < 20);
	ok(there_and_back(ns, 360, POINT_PLAIN) < 20);
	/* The difference of differences does not fit in 32 bits, once up and once down. */
	ns[100] += 5 * second;
	ok(there_and_back(ns, 360, POINT_PACKED) > 0);
	ok(there_and_back(ns, 360, POINT_PLAIN) > 0);
	for (size_t i = 0; i < 360; i++)
		ns[i] = start + (int64_t)(i / 2) * 3000 * second + (int64_t)(i % 2);
	ok(there_and_back(ns, 360, POINT_PACKED) > 0);
	ok(there_and_back(ns, 360, POINT_PLAIN) > 0);
}

static void jitter_of_milliseconds_takes_bits_of_milliseconds(void)
{
	int64_t ns[3600];

	for (size_t i = 0; i < 3600; i++)
		ns[i] = start + (int64_t)i * second + (int64_t)(rnd() % 8) * 1000000;
	ok(there_and_back(ns, 3600, POINT_PACKED) < 3600 * 6 / 8);
	ok(there_and_back(ns, 3600, POINT_PLAIN) < 3600 + 40);
}

static void all_of_64_bits_is_passed_over(void)
{
	const int64_t ends[] = {INT64_MIN, INT64_MAX};
	const int64_t many[] = {INT64_MIN, INT64_MIN + 1, -second, -1, 0, 1, second, INT64_MAX - 1, INT64_MAX};

	for (unsigned shape = 0; shape < 2; shape++) {
		for (size_t n = 1; n <= 9; n++)
			ok(there_and_back(many, n, shape) > 0);
		ok(there_and_back(ends, 2, shape) > 0);
		ok(there_and_back(ends + 1, 1, shape) > 0);
	}
}

static void before_1970_is_as_good_as_after_it(void)
{
	int64_t ns[100];

	for (size_t i = 0; i < 100; i++)
		ns[i] = -50 * second - 1 + (int64_t)i * second;
	ok(there_and_back(ns, 100, POINT_PACKED) < 20);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void any_ascending_times_come_back(void)
{
	static const size_t lengths[] = {1, 2, 3, 65, 66, 67, 1000, POINT_BLOCK_MAX};
	int64_t ns[POINT_BLOCK_MAX];

	for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
		for (unsigned bits = 20; bits <= 64; bits++) {
			size_t n = 0;

			for (size_t i = 0; i < lengths[l]; i++)
				ns[i] = (int64_t)(((rnd() << 32) ^ rnd()) << (64 - bits)) >> (64 - bits);
			qsort(ns, lengths[l], sizeof *ns, compare);
			for (size_t i = 0; i < lengths[l]; i++)
				if (n == 0 || ns[i] != ns[n - 1])
					ns[n++] = ns[i];
			ok(there_and_back(ns, n, POINT_PACKED) > 0);
			ok(there_and_back(ns, n, POINT_PLAIN) > 0);
		}
}

static void times_that_do_not_ascend_are_refused(void)
{
	const int64_t same[] = {1, 2, 2, 3}, back[] = {5, 6, 4};
	int64_t room[4 + POINT_ROOM];
	struct buf out = {0};

	point_times_put(same, 4, POINT_PACKED, &out);
	eq(point_times_get(span_of(out.p, out.len), 4, room), -EBADMSG);
	buf_clear(&out);
	point_times_put(back, 3, POINT_PLAIN, &out);
	eq(point_times_get(span_of(out.p, out.len), 3, room), -EBADMSG);
	eq(point_times_get(span_of(out.p, out.len - 1), 3, room), -EBADMSG);
	buf_done(&out);
}

int main(void)
{
	RUN(every_ten_seconds_in_nanoseconds_comes_back);
	RUN(jitter_of_milliseconds_takes_bits_of_milliseconds);
	RUN(all_of_64_bits_is_passed_over);
	RUN(before_1970_is_as_good_as_after_it);
	RUN(any_ascending_times_come_back);
	RUN(times_that_do_not_ascend_are_refused);
	return tap_done();
}
