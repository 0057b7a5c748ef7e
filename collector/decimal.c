/* decimal.c -- see decimal.h */
#include "collector/decimal.h"

#include <stdlib.h>
#include <string.h>

enum {
	TEXT_MAX = 400, /* bytes of a number */
	EXPONENT_MAX = 100000,
	EXACT_TENS = 22, /* powers of ten that are exact as doubles */
};

static const uint64_t room_for_digit = UINT64_C(1000000000000000000);
static const uint64_t exact_max = UINT64_C(1) << 53;

struct scanned {
	bool minus, inexact; /* digits were left out */
	uint64_t digits;
	int exponent;
};

static const uint8_t *scan_digits(const uint8_t *p, const uint8_t *end, bool behind_point, struct scanned *s)
{
	for (; p < end && decimal_is_digit(*p); p++) {
		unsigned digit = *p - '0';

		if (s->digits < room_for_digit) {
			s->digits = s->digits * 10 + digit;
			s->exponent -= behind_point;
		} else {
			s->inexact |= digit != 0;
			s->exponent += !behind_point;
		}
	}
	return p;
}

static const uint8_t *scan_exponent(const uint8_t *p, const uint8_t *end, int *exponent)
{
	const uint8_t *digits;
	bool minus = false;
	int e = 0;

	if (p < end && (*p == '-' || *p == '+'))
		minus = *p++ == '-';
	for (digits = p; p < end && decimal_is_digit(*p); p++)
		if (e < EXPONENT_MAX)
			e = e * 10 + (*p - '0');
	*exponent += minus ? -e : e;
	return p > digits ? p : NULL;
}

static const uint8_t *scan(const uint8_t *p, const uint8_t *end, struct scanned *ret)
{
	const uint8_t *digits;
	bool any;

	*ret = (struct scanned){0};
	if (p < end && (*p == '-' || *p == '+'))
		ret->minus = *p++ == '-';
	digits = p;
	p = scan_digits(p, end, false, ret);
	any = p > digits;
	if (p < end && *p == '.') {
		digits = ++p;
		p = scan_digits(p, end, true, ret);
		any |= p > digits;
	}
	if (!any)
		return NULL;
	if (p < end && (*p == 'e' || *p == 'E'))
		return scan_exponent(p + 1, end, &ret->exponent);
	return p;
}

const uint8_t *decimal_take(const uint8_t *p, const uint8_t *end, double *ret)
{
	static const double tens[EXACT_TENS + 1] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
	    1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	const uint8_t *behind;
	char text[TEXT_MAX];
	struct scanned s;
	double v;

	behind = scan(p, end, &s);
	if (!behind)
		return NULL;
	/* One operation on two exact numbers is rounded correctly. */
	if (!s.inexact && s.digits <= exact_max && s.exponent >= -EXACT_TENS && s.exponent <= EXACT_TENS) {
		v = (double)s.digits;
		v = s.exponent < 0 ? v / tens[-s.exponent] : v * tens[s.exponent];
		*ret = s.minus ? -v : v;
		return behind;
	}
	if ((size_t)(behind - p) >= sizeof text)
		return NULL;
	memcpy(text, p, (size_t)(behind - p));
	text[behind - p] = '\0';
	*ret = strtod(text, NULL);
	return behind;
}

const uint8_t *decimal_take_i64(const uint8_t *p, const uint8_t *end, int64_t *ret)
{
	const uint8_t *digits;
	bool minus = false;
	uint64_t v = 0;

	if (p < end && (*p == '-' || *p == '+'))
		minus = *p++ == '-';
	for (digits = p; p < end && decimal_is_digit(*p); p++)
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) || __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return NULL;
	if (p == digits || v > (uint64_t)INT64_MAX + minus)
		return NULL;
	*ret = minus ? (int64_t)(0 - v) : (int64_t)v;
	return p;
}

/* Adds the digits behind a point, towards what the number already leans to. */
static const uint8_t *add_fraction(const uint8_t *p, const uint8_t *end, bool minus, int64_t unit, int64_t *ns)
{
	int64_t part = 0;

	for (; p < end && decimal_is_digit(*p); p++) {
		unit /= 10;
		part += unit * (*p - '0');
	}
	return __builtin_add_overflow(*ns, minus ? -part : part, ns) ? NULL : p;
}

/* Of digits * 10^tens the whole part. False: it is beyond 64 bits. */
static bool scale(uint64_t digits, int tens, uint64_t *ret)
{
	for (; digits != 0 && tens < 0; tens++)
		digits /= 10;
	for (; digits != 0 && tens > 0; tens--)
		if (__builtin_mul_overflow(digits, (uint64_t)10, &digits))
			return false;
	*ret = digits;
	return true;
}

/* Digits that were left out are behind the nineteenth: what they would add to is beyond 64 bits or no nanosecond. */
static const uint8_t *take_time_scaled(const uint8_t *p, const uint8_t *end, int64_t unit, int64_t *ret_ns)
{
	const uint8_t *behind;
	struct scanned s;
	uint64_t ns;

	behind = scan(p, end, &s);
	if (!behind || behind - p >= TEXT_MAX)
		return NULL;
	for (; unit > 1; unit /= 10)
		s.exponent++;
	if (!scale(s.digits, s.exponent, &ns) || ns > (uint64_t)INT64_MAX + s.minus)
		return NULL;
	*ret_ns = s.minus ? (int64_t)(0 - ns) : (int64_t)ns;
	return behind;
}

const uint8_t *decimal_take_time(
    const uint8_t *p, const uint8_t *end, int64_t ns_per_unit, bool fraction, int64_t *ret_ns)
{
	const uint8_t *begin = p;
	bool minus = p < end && *p == '-';
	int64_t ns;

	p = decimal_take_i64(p, end, &ns);
	if (p && __builtin_mul_overflow(ns, ns_per_unit, &ns))
		p = NULL;
	if (p && fraction && p < end && *p == '.')
		p = add_fraction(p + 1, end, minus, ns_per_unit, &ns);
	/* What is too large without its exponent, or begins with the point, may be a time yet. */
	if (fraction && (!p || (p < end && (*p == 'e' || *p == 'E'))))
		return take_time_scaled(begin, end, ns_per_unit, ret_ns);
	if (p)
		*ret_ns = ns;
	return p;
}
