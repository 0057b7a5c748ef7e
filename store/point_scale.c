/* point_scale.c -- doubles as integers
 *
 * A few values tell how many decimals there may be; all of them are then scaled to integers and back, in a loop without
 * branches that says whether every bit came back. Where some did not, they are looked at one by one: they have more
 * decimals, or are exceptions. Too many of these, and the next way is tried.
 */
#include "store/point_scale.h"

#include <math.h>

enum {
	DIGITS_FOUND_MAX = 15, /* more are not short */
	NO_DIGITS = UINT8_MAX,
	N_SAMPLES = 16,
};

static const double powers[POINT_DIGITS_MAX + 1] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
    1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
static const double parts[POINT_DIGITS_MAX + 1] = {1e-0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10,
    1e-11, 1e-12, 1e-13, 1e-14, 1e-15, 1e-16, 1e-17, 1e-18, 1e-19, 1e-20, 1e-21, 1e-22};

/* The fewest digits that there are with each. */
static const unsigned digits_min[POINT_N_HOWS] = {[POINT_MULTIPLIED] = 1, [POINT_DIVIDED_TWICE] = 4};

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* What the integer is multiplied with, or divided by last. */
static double factor_of(struct point_scale s)
{
	return s.how == POINT_MULTIPLIED ? parts[s.digits] : powers[s.digits - (s.how == POINT_DIVIDED_TWICE ? 3 : 0)];
}

static ALWAYS_INLINE double value_of(double i, enum point_how how, double factor)
{
	return how == POINT_MULTIPLIED ? i * factor : how == POINT_DIVIDED_TWICE ? i / 1000 / factor : i / factor;
}

/* Added to a number, this rounds it to an integer, which its lowest bits then are; up to 2^51. */
static const double rounder = 0x1.8p52, rounder_max = 0x1p51;

/* The integer for a value, modulo 2^64, and what tells whether it is one: 0. */
static ALWAYS_INLINE uint64_t scaled(
    uint64_t bits, enum point_how how, double power, double factor, uint64_t *ret_wrong)
{
	double sum = f64_of(bits) * power + rounder, i = sum - rounder;

	*ret_wrong = (f64_bits(value_of(i, how, factor)) ^ bits) | (fabs(i) <= rounder_max ? 0 : 1);
	return f64_bits(sum) - f64_bits(rounder);
}

/* Likewise without decimals. */
static ALWAYS_INLINE uint64_t whole(uint64_t bits, uint64_t *ret_wrong)
{
	double sum = f64_of(bits) + rounder, i = sum - rounder;

	*ret_wrong = (f64_bits(i) ^ bits) | (fabs(i) <= rounder_max ? 0 : 1);
	return f64_bits(sum) - f64_bits(rounder);
}

/* Likewise, also of the largest. */
static uint64_t large(uint64_t bits, uint64_t *ret_wrong)
{
	double v = f64_of(bits);
	int64_t i = v >= -0x1p63 && v < 0x1p63 ? (int64_t)v : 0;

	*ret_wrong = f64_bits((double)i) ^ bits;
	return (uint64_t)i;
}

static uint64_t exact(uint64_t bits, struct point_scale s, uint64_t *ret_wrong)
{
	return s.digits == 0 ? large(bits, ret_wrong) : scaled(bits, s.how, powers[s.digits], factor_of(s), ret_wrong);
}

static ALWAYS_INLINE bool scale_all(
    const uint64_t *bits, size_t n, enum point_how how, double power, double factor, uint64_t *ret)
{
	uint64_t all = 0, wrong;

	for (size_t i = 0; i < n; i++) {
		ret[i] = scaled(bits[i], how, power, factor, &wrong);
		all |= wrong;
	}
	return all == 0;
}

/* Whether the scale is right for all values. The loops are vectors: one for each way. */
static bool exact_all(const uint64_t *bits, size_t n, struct point_scale s, uint64_t *ret)
{
	double power = powers[s.digits], factor = factor_of(s);
	uint64_t all = 0, wrong;

	if (s.how == POINT_MULTIPLIED)
		return scale_all(bits, n, POINT_MULTIPLIED, power, factor, ret);
	if (s.how == POINT_DIVIDED_TWICE)
		return scale_all(bits, n, POINT_DIVIDED_TWICE, power, factor, ret);
	if (s.digits > 0)
		return scale_all(bits, n, POINT_DIVIDED, power, factor, ret);
	for (size_t i = 0; i < n; i++) {
		ret[i] = whole(bits[i], &wrong);
		all |= wrong;
	}
	return all == 0;
}

/* The fewest digits, from s.digits on, with which a value is an integer; NO_DIGITS. */
static unsigned digits_of(uint64_t bits, struct point_scale s)
{
	uint64_t wrong;

	for (; s.digits <= DIGITS_FOUND_MAX; s.digits++) {
		(void)exact(bits, s, &wrong);
		if (wrong == 0)
			return s.digits;
	}
	return NO_DIGITS;
}

static bool guess(const uint64_t *bits, size_t n, struct point_scale *s)
{
	size_t step = n / N_SAMPLES + 1;
	unsigned n_without = 0;

	for (size_t i = 0; i < n; i += step) {
		unsigned digits = digits_of(bits[i], *s);

		if (digits != NO_DIGITS)
			s->digits = digits;
		else if (++n_without == 2)
			return false;
	}
	return true;
}

/* One by one, with as many digits as they need. false: there are too many exceptions. */
static bool exact_most(
    const uint64_t *bits, size_t n, struct point_scale *s, uint64_t *ret, struct point_exceptions *ret_exceptions)
{
	struct point_exceptions *e = ret_exceptions;
	uint64_t before = 0, wrong;

	for (size_t i = 0; i < n; i++) {
		uint64_t x = exact(bits[i], *s, &wrong);

		if (wrong) {
			unsigned digits = digits_of(bits[i], (struct point_scale){s->how, s->digits + 1});

			if (digits != NO_DIGITS) {
				s->digits = digits;
				e->n = 0;
				i = SIZE_MAX; /* from the beginning */
				continue;
			}
			if (e->n == n / POINT_VALUES_AN_EXCEPTION)
				return false;
			e->at[e->n++] = (uint16_t)i;
			x = before;
		}
		ret[i] = before = x;
	}
	return true;
}

bool point_scale_find(const uint64_t *bits, size_t n, struct point_scale *ret, uint64_t *ret_integers,
    struct point_exceptions *ret_exceptions)
{
	for (enum point_how how = 0; how < POINT_N_HOWS; how++) {
		struct point_scale s = {how, digits_min[how]};

		ret_exceptions->n = 0;
		if (guess(bits, n, &s) &&
		    (exact_all(bits, n, s, ret_integers) || exact_most(bits, n, &s, ret_integers, ret_exceptions))) {
			*ret = s;
			return true;
		}
	}
	return false;
}

bool point_scale_valid(struct point_scale s)
{
	return s.how < POINT_N_HOWS && s.digits >= digits_min[s.how] && s.digits <= POINT_DIGITS_MAX;
}

static ALWAYS_INLINE void apply(uint64_t *v, size_t n, enum point_how how, double factor)
{
	for (size_t i = 0; i < n; i++)
		v[i] = f64_bits(value_of((double)(int64_t)v[i], how, factor));
}

void point_scale_apply(struct point_scale s, uint64_t *v, size_t n)
{
	if (s.how == POINT_MULTIPLIED)
		apply(v, n, POINT_MULTIPLIED, factor_of(s));
	else if (s.how == POINT_DIVIDED_TWICE)
		apply(v, n, POINT_DIVIDED_TWICE, factor_of(s));
	else if (s.digits > 0)
		apply(v, n, POINT_DIVIDED, factor_of(s));
	else
		for (size_t i = 0; i < n; i++)
			v[i] = f64_bits((double)(int64_t)v[i]);
}
