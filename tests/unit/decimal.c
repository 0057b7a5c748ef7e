/* decimal.c -- tests of collector/decimal.c: times, as numbers are tested where texts are */
#include "collector/decimal.h"
#include "tests/tap.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SECOND = 1000000000 };

static void is(const char *text, int64_t unit, int64_t want)
{
	const uint8_t *p = (const uint8_t *)text, *end = p + strlen(text);
	int64_t ns = 7;

	ok(decimal_take_time(p, end, unit, true, &ns) == end);
	eq(ns, want);
}

static void is_none(const char *text)
{
	const uint8_t *p = (const uint8_t *)text, *end = p + strlen(text);
	int64_t ns = 7;

	ok(decimal_take_time(p, end, SECOND, true, &ns) != end);
}

static void times_with_an_exponent_are_exact(void)
{
	is("1700000000.123456789e0", SECOND, INT64_C(1700000000123456789));
	is("1.700000000123456789e9", SECOND, INT64_C(1700000000123456789));
	is("1.700000000123456789E+09", SECOND, INT64_C(1700000000123456789));
	is("-1.700000000123456789e9", SECOND, INT64_C(-1700000000123456789));
	is("1700000000123456789e-9", SECOND, INT64_C(1700000000123456789));
	is("0.001700000000123456789e12", SECOND, INT64_C(1700000000123456789));
	is("17000000001234567890000e-13", SECOND, INT64_C(1700000000123456789));
	is("1.700000000123456789e12", 1000000, INT64_C(1700000000123456789));
	is("1.700000000123456789e18", 1, INT64_C(1700000000123456789));
	is("9.223372036854775807e9", SECOND, INT64_MAX);
	is("-9.223372036854775808e9", SECOND, INT64_MIN);
	is(".5e1", SECOND, INT64_C(5000000000));
	is("-.5", SECOND, -500000000);
	is("17000000001234567890000.e-13", SECOND, INT64_C(1700000000123456789));
}

static void what_is_less_than_a_nanosecond_is_left_out_as_without_an_exponent(void)
{
	is("1.0000000019", SECOND, 1000000001);
	is("1.0000000019e0", SECOND, 1000000001);
	is("-1.0000000019e0", SECOND, -1000000001);
	is("9.2233720368547758079999e9", SECOND, INT64_MAX);
	is("1e-10", SECOND, 0);
	is("9999999999999999999e-100000", SECOND, 0);
	is("0e99999", SECOND, 0);
	is("-0e5", SECOND, 0);
}

static void times_beyond_64_bits_are_none(void)
{
	is_none("9.223372036854775808e9");
	is_none("-9.223372036854775809e9");
	is_none("1e10");
	is_none("1e99999999999");
	is_none("123456789012345678901e0");
	is_none("1e");
	is_none("1e+");
	is_none("1.e-x");
	is_none(".");
	is_none("9223372037");
}

/* However it is written: the point and the exponent move against each other. */
static void a_time_is_the_same_wherever_its_point_stands(void)
{
	uint64_t x = UINT64_C(88172645463325252);

	for (int i = 0; i < 2000; i++) {
		char digits[32], text[64];
		int point;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		snprintf(digits, sizeof digits, "%019" PRIu64, x >> 1);
		point = 1 + (int)(x % 18);
		snprintf(text, sizeof text, "%.*s.%se%d", point, digits, digits + point, 19 - point - 9);
		is(text, SECOND, (int64_t)(x >> 1));
	}
}

int main(void)
{
	RUN(times_with_an_exponent_are_exact);
	RUN(what_is_less_than_a_nanosecond_is_left_out_as_without_an_exponent);
	RUN(times_beyond_64_bits_are_none);
	RUN(a_time_is_the_same_wherever_its_point_stands);
	return tap_done();
}
