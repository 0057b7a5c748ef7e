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

enum { SECOND_LEN = 20 }; /* with the point */

static int64_t second_of(int64_t ns)
{
	return ns / 1000000000 - (ns % 1000000000 < 0);
}

static void put_second(char ret[SECOND_LEN], int64_t second)
{
	char text[TEXT_TIME_LEN + 1];

	text_time(text, second * 1000);
	memcpy(ret, text, SECOND_LEN);
}

/* What stands behind the second's point. Returns its length. */
static unsigned put_rest(char *ret, uint32_t ns)
{
	unsigned n = ns % 1000000 == 0 ? 3 : 9;

	put_digits(ret, n, n == 3 ? ns / 1000000 : ns);
	ret[n] = 'Z';
	return n + 1;
}

unsigned point_text_put_time(char *ret, int64_t ns)
{
	int64_t second = second_of(ns);

	put_second(ret, second);
	return SECOND_LEN + put_rest(ret + SECOND_LEN, (uint32_t)((uint64_t)ns - (uint64_t)second * 1000000000));
}

void point_text_put(struct buf *out, const int64_t *ns, const uint64_t *bits, size_t n)
{
	enum { LINE_MAX = POINT_TIME_FINE_LEN + 1 + POINT_VALUE_MAX + 1 };
	char *p;

	if (buf_reserve(out, n * LINE_MAX) < 0)
		return;
	p = (char *)out->p + out->len;
	for (size_t i = 0; i < n; i++) {
		p += point_text_put_time(p, ns[i]);
		*p++ = '\t';
		p = text_f64_put(p, bits[i]);
		*p++ = '\n';
	}
	out->len = (size_t)(p - (char *)out->p);
}
