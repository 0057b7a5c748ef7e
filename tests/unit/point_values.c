/* point_values.c -- values of all classes come back bit by bit, and what is regular becomes small */
#include "store/point_values.h"
#include "tests/tap.h"
#include "tests/unit/random.h"

#include <math.h>
#include <stdlib.h>

/* Packs a run and takes it again. Returns its length, 0 if other values came back. */
static size_t there_and_back(const uint64_t *bits, size_t n, enum point_shape shape)
{
	uint64_t room[POINT_BLOCK_MAX + POINT_ROOM];
	struct buf out = {0};
	size_t len = 0;

	point_values_put(bits, n, shape, &out);
	if (ok(out.err == 0) && ok_r(point_values_get(span_of(out.p, out.len), n, room)) &&
	    ok(memcmp(room, bits, n * sizeof *bits) == 0))
		len = out.len;
	buf_done(&out);
	return len;
}

static const size_t lengths[] = {1, 2, 3, 4, 63, 64, 65, 66, 67, 128, 129, 130, 240, 1000, 3600, POINT_BLOCK_MAX};

/* A value of a class. */
static uint64_t value_of(unsigned class, size_t i, uint64_t before)
{
	static const double odd[] = {0.0, -0.0, INFINITY, -INFINITY, 0x1p-1074, -0x1p-1074, 0x1p-1022,
	    0x1.fffffffffffffp1023, 0x1p51, 0x1p52, 0x1p53, 0x1p53 + 2, 0x1p62, 0x1p63, -0x1p63, -0x1p64, 1e15, 1e16,
	    1e22, 1e23, 0.1, 1e-15, 1e-16};
	double power = 1;

	switch (class) {
	case 0: /* any bits */
		return rnd();
	case 1: /* one of few */
		return f64_bits(odd[rnd() % (sizeof odd / sizeof *odd)]);
	case 2: /* a NaN, with any payload */
		return rnd() | 0x7ff0000000000001;
	case 3: /* subnormal */
		return rnd() >> 12 | (rnd() & 1) << 63;
	case 4: /* small integer */
		return f64_bits((double)(int64_t)(rnd() % 1000) - 500);
	case 5: /* integer of any size */
		return f64_bits((double)((int64_t)rnd() >> rnd() % 63));
	case 6: /* decimal */
		for (uint64_t e = rnd() % 17; e > 0; e--)
			power *= 10;
		return f64_bits((double)((int64_t)rnd() >> 11 >> rnd() % 52) / power);
	case 7: /* a counter */
		return f64_bits((double)(1000000000 + i * 17 + rnd() % 5));
	case 8: /* a walk */
		memcpy(&power, &before, sizeof power);
		return f64_bits((i == 0 ? 20.0 : power) * (1 + (double)(int64_t)(rnd() % 2001 - 1000) * 1e-6));
	default: /* decimals with one place more than seemed enough, and a NaN now and then */
		return rnd() % 100 == 0  ? f64_bits(NAN)
		       : rnd() % 50 == 0 ? f64_bits((double)(rnd() % 1000) / 1000)
		                         : f64_bits((double)(rnd() % 1000) / 10);
	}
}

static void any_run_comes_back_bit_by_bit(void)
{
	uint64_t bits[POINT_BLOCK_MAX];

	for (unsigned round = 0; round < 12; round++)
		for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
			for (unsigned class = 0; class < 11; class ++) {
				uint64_t before = 0;

				for (size_t i = 0; i < lengths[l]; i++)
					before = bits[i] =
					    value_of(class < 10 ? class : (unsigned)(rnd() % 10), i, before);
				ok(there_and_back(bits, lengths[l], POINT_PACKED) <= 1 + 8 * lengths[l]);
				ok(there_and_back(bits, lengths[l], POINT_PLAIN) <= 1 + 8 * lengths[l]);
			}
}

static void one_odd_value_anywhere_changes_nothing_of_the_others(void)
{
	static const uint64_t odd[] = {0x7ff8000000000000, 0x7ff0000000000001, 0xfff8dead00000001, 0x7ff0000000000000,
	    0xfff0000000000000, 0x8000000000000000, 1, 0x3fb999999999999b, 0x43dfffffffffffff, 0x43e0000000000000};
	uint64_t bits[200];

	for (size_t o = 0; o < sizeof odd / sizeof *odd; o++)
		for (size_t at = 0; at < 200; at++) {
			for (size_t i = 0; i < 200; i++)
				bits[i] = f64_bits((double)(1000 + i * 3) / 4);
			bits[at] = odd[o];
			ok(there_and_back(bits, 200, POINT_PACKED) < 200 * 2);
			ok(there_and_back(bits, 200, POINT_PLAIN) < 200 * 3);
		}
}

static void payloads_of_nan_are_kept(void)
{
	uint64_t bits[100];

	for (size_t i = 0; i < 100; i++)
		bits[i] = (i % 2 ? 0x7ff0000000000000 : 0xfff8000000000000) + i + 1;
	ok(there_and_back(bits, 100, POINT_PACKED) > 0);
	ok(there_and_back(bits, 100, POINT_PLAIN) > 0);
	for (size_t i = 0; i < 100; i++)
		bits[i] = i == 40 ? 0x7ff0000000000002 : f64_bits(7);
	ok(there_and_back(bits, 100, POINT_PACKED) > 0);
	ok(there_and_back(bits, 100, POINT_PLAIN) > 0);
}

static void what_is_the_same_costs_nothing(void)
{
	static const double same[] = {0, 1, 0.25, 123456789, -3.5, NAN, INFINITY, 0.1 + 0.2};
	uint64_t bits[3600];

	for (size_t s = 0; s < sizeof same / sizeof *same; s++) {
		for (size_t i = 0; i < 3600; i++)
			bits[i] = f64_bits(same[s]);
		ok(there_and_back(bits, 3600, POINT_PACKED) <= 12);
		ok(there_and_back(bits, 3600, POINT_PLAIN) <= 12);
	}
}

static void integers_and_decimals_take_the_bits_that_change(void)
{
	uint64_t bits[3600];

	for (size_t i = 0; i < 3600; i++) /* differences of 0 to 15 */
		bits[i] = f64_bits((double)(1000000000000 + i * 8 + rnd() % 8));
	ok(there_and_back(bits, 3600, POINT_PACKED) < 3600 * 5 / 8 + 3600 / 64 + 16);
	for (size_t i = 0; i < 3600; i++) /* of two decimals */
		bits[i] = f64_bits((double)(2000 + rnd() % 16) / 100);
	ok(there_and_back(bits, 3600, POINT_PACKED) < 3600 / 2 + 3600 / 64 + 16);
	for (size_t i = 0; i < 3600; i++) /* pages, in bytes */
		bits[i] = f64_bits((double)(1000000 + rnd() % 64) * 4096);
	ok(there_and_back(bits, 3600, POINT_PACKED) < 3600 * 6 / 8 + 3600 / 64 + 16);
	for (size_t i = 0; i < 3600; i++) /* steady */
		bits[i] = f64_bits((double)i * 300 * 1024);
	ok(there_and_back(bits, 3600, POINT_PACKED) < 16);
}

/* As exporters make seconds of what the kernel counts: not always the double that is nearest to the decimal. */
static void decimals_that_were_multiplied_or_divided_twice_are_integers(void)
{
	static const double parts[] = {1e-1, 1e-2, 1e-3, 1e-6, 1e-9};
	uint64_t bits[3600];

	for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
		for (size_t i = 0; i < 3600; i++)
			bits[i] = f64_bits((double)(123456789 + i * 16 + rnd() % 16) * parts[p]);
		ok(there_and_back(bits, 3600, POINT_PACKED) < 3600 * 6 / 8 + 3600 / 64 + 16);
		ok(there_and_back(bits, 3600, POINT_PLAIN) < 3600 + 16);
	}
	for (double last = 10; last <= 1e6; last *= 10) {
		for (size_t i = 0; i < 3600; i++)
			bits[i] = f64_bits((double)(1234567890123 + i * 16 + rnd() % 16) / 1000 / last);
		ok(there_and_back(bits, 3600, POINT_PACKED) < 3600 * 6 / 8 + 3600 / 64 + 16);
	}
}

/* Of numbers without short decimals, few bits of which change, only these are written. */
static void a_window_is_as_narrow_as_what_changes(void)
{
	uint64_t bits[3600];

	for (size_t i = 0; i < 3600; i++)
		bits[i] = f64_bits(1.0 / 3) ^ (rnd() % 16) << 20;
	ok(there_and_back(bits, 3600, POINT_PACKED) * 10 < 3600 * 8);
	/* None of the first group's changes: there is no window to take over. */
	for (size_t i = 0; i < 3600; i++)
		bits[i] = f64_bits(1.0 / 3) ^ (i < 100 ? 0 : rnd() % 16);
	ok(there_and_back(bits, 3600, POINT_PACKED) * 10 < 3600 * 8);
	/* Bits of both ends change, but not in the same group. */
	for (size_t i = 0; i < 3600; i++)
		bits[i] = f64_bits(1.0 / 3) ^ (i < 1800 ? rnd() % 16 : (rnd() % 16) << 50);
	ok(there_and_back(bits, 3600, POINT_PACKED) * 10 < 3600 * 8);
	for (size_t i = 0; i < 3600; i++) /* all bits: nothing is lost but a byte */
		bits[i] = rnd();
	ok(there_and_back(bits, 3600, POINT_PACKED) <= 1 + 3600 * 8);
}

static void a_run_of_another_length_is_refused(void)
{
	uint64_t bits[300], room[400 + POINT_ROOM];

	for (unsigned class = 0; class < 10; class ++)
		for (unsigned shape = 0; shape < 2; shape++) {
			struct buf out = {0};
			uint64_t before = 0;

			for (size_t i = 0; i < 300; i++)
				before = bits[i] = value_of(class, i, before);
			point_values_put(bits, 300, shape, &out);
			for (size_t len = 0; len < out.len; len++)
				eq(point_values_get(span_of(out.p, len), 300, room), -EBADMSG);
			buf_put_u8(&out, 0);
			eq(point_values_get(span_of(out.p, out.len), 300, room), -EBADMSG);
			buf_done(&out);
		}
}

int main(void)
{
	RUN(any_run_comes_back_bit_by_bit);
	RUN(one_odd_value_anywhere_changes_nothing_of_the_others);
	RUN(payloads_of_nan_are_kept);
	RUN(what_is_the_same_costs_nothing);
	RUN(integers_and_decimals_take_the_bits_that_change);
	RUN(decimals_that_were_multiplied_or_divided_twice_are_integers);
	RUN(a_window_is_as_narrow_as_what_changes);
	RUN(a_run_of_another_length_is_refused);
	return tap_done();
}
