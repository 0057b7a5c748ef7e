/* point_text.c -- points as lines */
#include "store/point_text.h"

#include "store/text.h"
#include "store/text_f64.h"

#include <assert.h>

static_assert((int)POINT_VALUE_MAX >= (int)TEXT_F64_MAX, "a value fits");
static_assert((int)POINT_TIME_LEN == (int)TEXT_TIME_LEN, "times are written as everywhere");

unsigned point_text_value_len(uint64_t bits)
{
	return text_f64_len(bits);
}

unsigned point_text_put_value(char *ret, uint64_t bits)
{
	return (unsigned)(text_f64_put(ret, bits) - ret);
}

uint64_t point_text_values_len(const uint64_t *bits, size_t n)
{
	uint64_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += text_f64_len(bits[i]);
	return len;
}

/* n digits, zeros in front. */
static void put_digits(char *ret, unsigned n, uint32_t v)
{
	for (; n-- > 0; v /= 10)
		ret[n] = (char)('0' + v % 10);
}

/* The minute that was written last: lines of a series are of the same one mostly. */
enum { MINUTE_LEN = 17 }; /* "2026-11-20T03:12:" */
struct minute {
	int64_t number;
	char text[MINUTE_LEN];
};

static const int64_t minute_ns = 60000000000;

/* Rounded down. */
static int64_t minute_of(int64_t ns)
{
	return ns / minute_ns - (ns % minute_ns < 0);
}

static void minute_set(struct minute *m, int64_t number)
{
	char text[TEXT_TIME_LEN + 1];

	text_time(text, number * 60000);
	memcpy(m->text, text, MINUTE_LEN);
	m->number = number;
}

static unsigned put_time(char *ret, int64_t ns, struct minute *m)
{
	int64_t number = minute_of(ns);
	uint64_t rest = (uint64_t)ns - (uint64_t)number * (uint64_t)minute_ns;
	uint32_t second = (uint32_t)(rest / 1000000000), fraction = (uint32_t)(rest % 1000000000);
	unsigned n = fraction % 1000000 == 0 ? 3 : 9;

	if (number != m->number)
		minute_set(m, number);
	memcpy(ret, m->text, MINUTE_LEN);
	put_digits(ret + MINUTE_LEN, 2, second);
	ret[MINUTE_LEN + 2] = '.';
	put_digits(ret + MINUTE_LEN + 3, n, n == 3 ? fraction / 1000000 : fraction);
	ret[MINUTE_LEN + 3 + n] = 'Z';
	return MINUTE_LEN + 3 + n + 1;
}

unsigned point_text_put_time(char *ret, int64_t ns)
{
	struct minute m;

	minute_set(&m, minute_of(ns));
	return put_time(ret, ns, &m);
}

void point_text_put(struct buf *out, const int64_t *ns, const uint64_t *bits, size_t n)
{
	enum { LINE_MAX = POINT_TIME_FINE_LEN + 1 + POINT_VALUE_MAX + 1 };
	struct minute m;
	char *p;

	if (n == 0 || buf_reserve(out, n * LINE_MAX) < 0)
		return;
	minute_set(&m, minute_of(ns[0]));
	p = (char *)out->p + out->len;
	for (size_t i = 0; i < n; i++) {
		p += put_time(p, ns[i], &m);
		*p++ = '\t';
		p = text_f64_put(p, bits[i]);
		*p++ = '\n';
	}
	out->len = (size_t)(p - (char *)out->p);
}
