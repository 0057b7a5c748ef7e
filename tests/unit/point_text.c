/* point_text.c -- points as lines, whose lengths are known without writing them */
#include "store/cleanup.h"
#include "store/point_text.h"
#include "tests/tap.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

static void time_is(int64_t ns, const char *text)
{
	char have[POINT_TIME_FINE_LEN + 1];
	unsigned len = point_text_put_time(have, ns);

	have[len] = 0;
	str_eq(have, text);
	eq(len, ns % 1000000 ? POINT_TIME_FINE_LEN : POINT_TIME_LEN);
}

static void times_have_three_digits_or_nine(void)
{
	time_is(0, "1970-01-01T00:00:00.000Z");
	time_is(1795284913308000000, "2026-11-21T18:15:13.308Z");
	time_is(1795284913308000001, "2026-11-21T18:15:13.308000001Z");
	time_is(1795284913000001000, "2026-11-21T18:15:13.000001000Z");
	time_is(-1, "1969-12-31T23:59:59.999999999Z");
	time_is(-1000000, "1969-12-31T23:59:59.999Z");
	time_is(-1000000000, "1969-12-31T23:59:59.000Z");
	time_is(INT64_MAX, "2262-04-11T23:47:16.854775807Z");
	time_is(INT64_MIN, "1677-09-21T00:12:43.145224192Z");
}

static void times_are_those_of_the_c_library(void)
{
	for (int64_t ns = INT64_MIN / 2; ns < INT64_MAX / 2; ns += INT64_MAX / 5000 / 1000000 * 1000000) {
		time_t second = (time_t)(ns / 1000000000 - (ns % 1000000000 < 0));
		char have[POINT_TIME_FINE_LEN + 1], want[32];
		struct tm tm;

		point_text_put_time(have, ns);
		have[19] = 0;
		strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S", gmtime_r(&second, &tm));
		str_eq(have, want);
	}
}

static void lines_are_as_long_as_was_said(void)
{
	static const double values[] = {0, -0.0, 1, -1, 0.1, 1e15, 1e100, 0.1 + 0.2, 1.0 / 3, 1e-5, 5e-324, NAN,
	    INFINITY, -INFINITY, 123456.789, 4096, 1795284913308123392, 1.7976931348623157e308,
	    -2.2250738585072014e-308};
	enum { N = sizeof values / sizeof *values };
	_cleanup_(buf_done) struct buf out = {0};
	uint64_t bits[N], len = 0;
	int64_t ns[N];
	char *p;

	for (size_t i = 0; i < N; i++) {
		bits[i] = f64_bits(values[i]);
		ns[i] = (int64_t)i * 17000500000 - 30000000000;
		len += (i % 2 ? POINT_TIME_FINE_LEN : POINT_TIME_LEN) + 2;
	}
	point_text_put(&out, ns, bits, N);
	eq(out.len, len + point_text_values_len(bits, N));
	buf_put_u8(&out, 0);
	p = (char *)out.p;
	for (size_t i = 0; i < N; i++) {
		char time[POINT_TIME_FINE_LEN], *tab = strchr(p, '\t'), *end = strchr(p, '\n');
		double back;

		if (!ok(tab && end && tab < end))
			return;
		eq(tab - p, i % 2 ? POINT_TIME_FINE_LEN : POINT_TIME_LEN);
		eq(end - tab - 1, point_text_value_len(bits[i]));
		point_text_put_time(time, ns[i]);
		ok(memcmp(p, time, (size_t)(tab - p)) == 0);
		back = strtod(tab + 1, NULL);
		ok(f64_bits(back) == bits[i] || values[i] != values[i]);
		p = end + 1;
	}
	str_eq(p, "");
}

int main(void)
{
	RUN(times_have_three_digits_or_nine);
	RUN(times_are_those_of_the_c_library);
	RUN(lines_are_as_long_as_was_said);
	return tap_done();
}
