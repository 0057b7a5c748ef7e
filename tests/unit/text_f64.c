/* text_f64.c -- doubles as text: what printf and strtod say, found without them */
#include "store/text_f64.h"
#include "store/bytes.h"
#include "tests/tap.h"
#include "tests/unit/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* As the header says it. */
static void expected(char ret[TEXT_F64_MAX], double v)
{
	for (int digits = isnormal(v) ? 15 : 1; digits <= 17; digits++) {
		double back;

		snprintf(ret, TEXT_F64_MAX, "%.*g", digits, v);
		back = strtod(ret, NULL);
		if (memcmp(&back, &v, sizeof v) == 0)
			return;
	}
}

static bool is_so(double v)
{
	char want[TEXT_F64_MAX], have[TEXT_F64_MAX];

	expected(want, v);
	*text_f64_put(have, f64_bits(v)) = 0;
	if (strcmp(have, want) == 0 && text_f64_len(f64_bits(v)) == strlen(want))
		return true;
	printf("# %a: %s, but %s of length %u\n", v, want, have, text_f64_len(f64_bits(v)));
	return false;
}

/* The number, and those beside it. */
static bool around(double v)
{
	return is_so(v) && is_so(-v) && is_so(nextafter(v, INFINITY)) && is_so(nextafter(v, -INFINITY));
}

static void powers_and_their_neighbours_are_as_printf_has_them(void)
{
	ok(around(0) && is_so(0x1.fffffffffffffp1023));
	for (int e = -1074; e < 1024; e++)
		ok(around(ldexp(1, e)));
	for (int e = -320; e < 308; e++) {
		char text[16];

		snprintf(text, sizeof text, "1e%d", e);
		ok(around(strtod(text, NULL)));
		snprintf(text, sizeof text, "5e%d", e);
		ok(around(strtod(text, NULL)));
	}
}

static void numbers_of_any_size_are_as_printf_has_them(void)
{
	for (int i = 0; i < 200000; i++) {
		uint64_t bits = rnd();
		double v;

		/* Most of them where there is more than one way. */
		if (i % 4)
			bits = (bits & 0x800fffffffffffff) | (uint64_t)(1023 - 30 + rnd() % 100) << 52;
		if ((bits >> 52 & 0x7ff) == 0x7ff)
			continue;
		v = f64_of(bits);
		if (!ok(is_so(v)))
			return;
	}
}

static void decimals_of_any_length_are_as_printf_has_them(void)
{
	for (int i = 0; i < 200000; i++) {
		double v = (double)(int64_t)(rnd() >> rnd() % 64);

		for (uint64_t e = rnd() % 24; e > 0; e--)
			v /= 10;
		if (!ok(is_so(v)))
			return;
	}
	for (int i = 0; i < 200000; i++) {
		double v = (double)(rnd() % 100000000) / pow(10, (double)(rnd() % 10));

		if (!ok(is_so(v)))
			return;
	}
}

static void few_bits_are_as_printf_has_them(void)
{
	for (int i = 0; i < 100000; i++)
		if (!ok(is_so(ldexp((double)(rnd() % 64), (int)(rnd() % 2117) - 1100))))
			return;
}

/* Below 2^-1022, where numbers have fewer bits the smaller they are. */
static void the_smallest_are_as_printf_has_them(void)
{
	for (uint64_t m = 1; m < 3000; m++)
		if (!ok(is_so(f64_of(m)) && is_so(f64_of((UINT64_C(1) << 52) - m))))
			return;
	for (int i = 0; i < 20000; i++)
		if (!ok(is_so(f64_of((rnd() >> 12) >> rnd() % 52))))
			return;
	/* Of few digits. */
	for (int i = 0; i < 5000; i++) {
		char text[32];

		snprintf(text, sizeof text, "%llde-%d", (long long)(rnd() % 1000), 310 + (int)(rnd() % 14));
		if (!ok(around(strtod(text, NULL))))
			return;
	}
}

static void what_is_no_number_has_a_name(void)
{
	static const struct {
		uint64_t bits;
		const char *text;
	} names[] = {{0x7ff8000000000000, "NaN"}, {0xfff8000000000000, "NaN"}, {0x7ff0000000000001, "NaN"},
	    {0xfff4000000000001, "NaN"}, {0x7ff0000000000000, "Infinity"}, {0xfff0000000000000, "-Infinity"}};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char text[TEXT_F64_MAX];

		*text_f64_put(text, names[i].bits) = 0;
		str_eq(text, names[i].text);
		eq(text_f64_len(names[i].bits), strlen(names[i].text));
	}
}

int main(void)
{
	RUN(powers_and_their_neighbours_are_as_printf_has_them);
	RUN(numbers_of_any_size_are_as_printf_has_them);
	RUN(decimals_of_any_length_are_as_printf_has_them);
	RUN(few_bits_are_as_printf_has_them);
	RUN(the_smallest_are_as_printf_has_them);
	RUN(what_is_no_number_has_a_name);
	return tap_done();
}
