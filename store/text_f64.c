/* text_f64.c -- a double as text, with as few digits as read back to the same bits
 *
 * What there is most of comes first: integers; one to three decimals; up to 15 digits, which are enough if the double
 * that is nearest to them is this one. 16 and 17 digits are computed exactly, in 128 bits, where these hold the number
 * multiplied by its power of ten. So are those that have fewer bits than others, being below
 * 2^-1022. The C library does the rest: the very small and the very large.
 */
#include "store/text_f64.h"

#include "store/text.h"

#include <math.h>
#include <stdlib.h>

enum { DIGITS = 15, DIGITS_MAX = 17, POWER_MAX = 22 };

/* Those that are doubles. */
static const double powers[POWER_MAX + 1] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13,
    1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

typedef unsigned __int128 wide;

/* An integer of at most 15 digits. */
static inline bool is_whole(double a)
{
	return a < 1e15 && (double)(int64_t)a == a;
}

/* The integer next to what is below 2^52. */
static inline double next_integer(double a)
{
	return (a + 0x1p52) - 0x1p52;
}

/* One to three decimals, and no more than 15 digits: the number times 10^*ret_decimals. */
static inline bool is_short(double a, uint64_t *ret, unsigned *ret_decimals)
{
	if (!(a >= 1e-3 && a < 1e12))
		return false;
	for (unsigned e = 1; e <= 3; e++) {
		double i = next_integer(a * powers[e]);

		if (i / powers[e] == a) {
			*ret = (uint64_t)i;
			*ret_decimals = e;
			return true;
		}
	}
	return false;
}

/* --- any digits --- */

/* d.ddd * 10^exponent: n digits, no zeros at their end; as many were asked for. */
struct digits {
	uint64_t d;
	int n, asked, exponent;
};

static wide power_of_ten(int e)
{
	wide x = 1;

	while (e-- > 0)
		x *= 10;
	return x;
}

/* That of the first digit, of numbers from 1e-8 to 2^64. */
static int exponent_of(double a)
{
	int e = -1;

	if (a >= 1)
		return a < 1e15 ? (int)text_u64_len((uint64_t)(int64_t)a) - 1 : (int)text_u64_len((uint64_t)a) - 1;
	while (a * powers[-e] < 1)
		e--;
	return e;
}

static void trim(struct digits *g)
{
	while (g->d % 10 == 0) {
		g->d /= 10;
		g->n--;
	}
}

/* At most 15 digits. a * 10^e is off by less than a fifth there, so that if any integer is it, it is the next one. */
static bool few_digits(double a, int exponent, struct digits *ret)
{
	int e = DIGITS - 1 - exponent;
	double i;

	if (e < 0 || e > POWER_MAX)
		return false;
	i = next_integer(a * powers[e]);
	if (i / powers[e] != a || i >= 1e15 || i < 1e14)
		return false;
	*ret = (struct digits){.d = (uint64_t)i, .n = DIGITS, .asked = DIGITS, .exponent = exponent};
	trim(ret);
	return true;
}

/* The n digits that are nearest to the number; whether they read back. */
static bool nearest_digits(double a, int exponent, int n, struct digits *ret)
{
	uint64_t bits = f64_bits(a), m = (bits & (((uint64_t)1 << 52) - 1)) | (uint64_t)1 << 52;
	int q = (int)(bits >> 52) - 1075, k = n - 1 - exponent;
	wide one = power_of_ten(k) << (q > 0 ? q : 0); /* of the last bit of the number */
	wide num = m * one, den = power_of_ten(-k) << (q < 0 ? -q : 0), d = num / den, rest = num % den, off;

	if (rest * 2 > den || (rest * 2 == den && d % 2 == 1))
		d++;
	off = d * den > num ? d * den - num : num - d * den;
	/* Half way to the next number counts for the even one; the next one down is at half the distance from a power
	 * of two. */
	off *= m == (uint64_t)1 << 52 && d * den < num ? 4 : 2;
	*ret = (struct digits){.d = (uint64_t)d, .n = n, .asked = n, .exponent = exponent};
	if (d == power_of_ten(n)) {
		ret->d /= 10;
		ret->exponent++;
	}
	return off < one || (off == one && m % 2 == 0);
}

/* Below 2^-1022 numbers are multiples of 2^-1074, which is 49406564584124654.4… times 10^-340: as many digits of them
 * as are ever needed fit into 128 bits. The fewest are wanted, which may be off by half of that distance. False: it is
 * too near to tell. */
static bool subnormal_digits(uint64_t m, struct digits *ret)
{
	const uint64_t unit = UINT64_C(49406564584124654), unit_rest = UINT64_C(7704409562828211840); /* of 2^64 */
	wide u = (wide)m * unit + (uint64_t)((wide)m * unit_rest >> 64), one = power_of_ten(16), ten = one * 10;
	int all = 17; /* digits of u */

	for (; u >= ten; ten *= 10)
		all++;
	for (int n = all - 16; n > 0; n--, one *= 10) {
		wide d = u / one, rest = u % one, off = rest * 2 < one ? rest : one - rest;

		if ((off + 2 > unit / 2 && off < unit / 2 + 2) || off + 2 > one / 2)
			return false;
		if (off > unit / 2)
			break;
		d += rest * 2 >= one;
		*ret = (struct digits){.d = (uint64_t)d, .n = n, .asked = n, .exponent = all - 341};
	}
	if (ret->n == 1 && ret->d == 10) {
		ret->d = 1;
		ret->exponent++;
	}
	return true;
}

/* Of numbers that 128 bits are enough for. */
static bool digits_of(double a, struct digits *ret)
{
	int exponent;

	if (a > 0 && a < 0x1p-1022)
		return subnormal_digits(f64_bits(a), ret);
	if (!(a >= 1e-8 && a < 0x1p64))
		return false;
	exponent = exponent_of(a);
	if (few_digits(a, exponent, ret))
		return true;
	if (a < 1e-6)
		return false;
	for (int n = exponent < DIGITS ? DIGITS + 1 : DIGITS; !nearest_digits(a, exponent, n, ret) && n < DIGITS_MAX;
	     n++)
		;
	trim(ret);
	return true;
}

static bool with_exponent(const struct digits *g)
{
	return g->exponent < -4 || g->exponent >= g->asked;
}

static unsigned digits_len(const struct digits *g)
{
	if (with_exponent(g))
		return (unsigned)(g->n + (g->n > 1)) + (g->exponent <= -100 ? 5 : 4);
	if (g->exponent < 0)
		return (unsigned)(2 + (-1 - g->exponent) + g->n);
	return (unsigned)(g->exponent + 1 >= g->n ? g->exponent + 1 : g->n + 1);
}

/* Of two digits, or three of them below -99. */
static char *put_exponent(char *out, int e)
{
	*out++ = 'e';
	*out++ = e < 0 ? '-' : '+';
	e = e < 0 ? -e : e;
	if (e >= 100)
		*out++ = (char)('0' + e / 100);
	*out++ = (char)('0' + e / 10 % 10);
	*out++ = (char)('0' + e % 10);
	return out;
}

static char *put_digits(char *out, const struct digits *g)
{
	int whole = with_exponent(g) ? 1 : g->exponent + 1; /* digits before the point */

	if (whole <= 0) {
		*out++ = '0';
		*out++ = '.';
		for (int i = whole; i < 0; i++)
			*out++ = '0';
		return text_put_u64(out, g->d);
	}
	text_put_u64(out, g->d);
	if (whole < g->n) {
		memmove(out + whole + 1, out + whole, (size_t)(g->n - whole));
		out[whole] = '.';
		out += g->n + 1;
	} else {
		for (int i = g->n; i < whole; i++)
			out[i] = '0';
		out += whole;
	}
	return with_exponent(g) ? put_exponent(out, g->exponent) : out;
}

/* What has no digits, and those of all other numbers; a is not negative. */
static char *put_any(char *out, double a)
{
	char text[TEXT_F64_MAX];
	int len;

	if (a != a || a - a != 0) {
		const char *name = a != a ? "NaN" : "Infinity";

		len = (int)strlen(name);
		memcpy(out, name, (size_t)len);
		return out + len;
	}
	/* 15 digits are never too many, but for numbers that have fewer bits than others. */
	for (int digits = isnormal(a) ? DIGITS : 1;; digits++) {
		len = snprintf(text, sizeof text, "%.*g", digits, a);
		if (digits == DIGITS_MAX || strtod(text, NULL) == a)
			break;
	}
	memcpy(out, text, (size_t)len);
	return out + len;
}

unsigned text_f64_len(uint64_t bits)
{
	unsigned sign = bits >> 63, decimals;
	double a = f64_of(bits & INT64_MAX);
	char any[TEXT_F64_MAX];
	struct digits g;
	uint64_t i;

	if (is_whole(a))
		return sign + text_u64_len((uint64_t)(int64_t)a);
	if (is_short(a, &i, &decimals))
		return sign + text_u64_len((uint64_t)(int64_t)a) + 1 + decimals;
	if (digits_of(a, &g))
		return sign + digits_len(&g);
	return (a == a ? sign : 0) + (unsigned)(put_any(any, a) - any);
}

char *text_f64_put(char *out, uint64_t bits)
{
	double a = f64_of(bits & INT64_MAX);
	struct digits g;
	unsigned decimals;
	uint64_t i;

	if (bits >> 63 && a == a)
		*out++ = '-';
	if (is_whole(a))
		return text_put_u64(out, (uint64_t)(int64_t)a);
	if (is_short(a, &i, &decimals))
		return text_put_dec(out, i, decimals);
	if (digits_of(a, &g))
		return put_digits(out, &g);
	return put_any(out, a);
}
