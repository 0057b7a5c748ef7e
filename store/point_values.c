/* point_values.c -- values of one series, packed
 *
 * WRITING. A few values tell how many decimals the run may have; all of them are then scaled to integers and back, in a
 * loop without branches that says whether every bit came back. Where some did not, they are looked at one by one: they
 * have more decimals, or are exceptions, which are written beside the others. Too many of these, and the bits of all
 * values are the integers.
 */
#include "store/point_values.h"

#include "store/point_ints.h"

#include <endian.h>
#include <math.h>

enum {
	SCALE_MAX = 22,         /* 10^22 is the last power of ten that a double is */
	SCALE_WRITTEN_MAX = 15, /* more digits than that are not short */
	FORM_BITS = 23,         /* the integers are the values' bits */
	FORM_RAW = 24,
	FORM_EXCEPTIONS = 0x20, /* flag, of scaled ones */
	N_SAMPLES = 16,
	VALUES_AN_EXCEPTION = 16,
};

static const double powers[SCALE_MAX + 1] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13,
    1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static inline double as_double(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof v);
	return v;
}

static inline uint64_t as_bits(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	return bits;
}

/* Added to a number, this rounds it to an integer, which its lowest bits then are; up to 2^51. */
static const double rounder = 0x1.8p52, rounder_max = 0x1p51;

/* The integer that stands for a value at a scale, modulo 2^64, and what tells whether it does: 0. */
static inline uint64_t scaled(uint64_t bits, double power, uint64_t *ret_wrong)
{
	double v = as_double(bits), sum = v * power + rounder, i = sum - rounder;

	*ret_wrong = (as_bits(i / power) ^ bits) | (fabs(i) <= rounder_max ? 0 : 1);
	return as_bits(sum) - as_bits(rounder);
}

/* Likewise without decimals. */
static inline uint64_t whole(uint64_t bits, uint64_t *ret_wrong)
{
	double sum = as_double(bits) + rounder, i = sum - rounder;

	*ret_wrong = (as_bits(i) ^ bits) | (fabs(i) <= rounder_max ? 0 : 1);
	return as_bits(sum) - as_bits(rounder);
}

/* Likewise, also of the largest. */
static uint64_t large(uint64_t bits, uint64_t *ret_wrong)
{
	double v = as_double(bits);
	int64_t i = v >= -0x1p63 && v < 0x1p63 ? (int64_t)v : 0;

	*ret_wrong = as_bits((double)i) ^ bits;
	return (uint64_t)i;
}

static uint64_t exact(uint64_t bits, unsigned scale, uint64_t *ret_wrong)
{
	return scale == 0 ? large(bits, ret_wrong) : scaled(bits, powers[scale], ret_wrong);
}

static bool exact_all(const uint64_t *bits, size_t n, unsigned scale, uint64_t *ret)
{
	uint64_t all = 0, wrong;
	double power = powers[scale];

	if (scale == 0)
		for (size_t i = 0; i < n; i++) {
			ret[i] = whole(bits[i], &wrong);
			all |= wrong;
		}
	else
		for (size_t i = 0; i < n; i++) {
			ret[i] = scaled(bits[i], power, &wrong);
			all |= wrong;
		}
	return all == 0;
}

/* The first scale, from `from` on, at which a value is an integer; SCALE_MAX: none. */
static unsigned scale_of(uint64_t bits, unsigned from)
{
	uint64_t wrong;

	for (unsigned scale = from; scale <= SCALE_WRITTEN_MAX; scale++) {
		(void)exact(bits, scale, &wrong);
		if (wrong == 0)
			return scale;
	}
	return SCALE_MAX;
}

static unsigned guess_scale(const uint64_t *bits, size_t n)
{
	size_t step = n / N_SAMPLES + 1;
	unsigned scale = 0, n_without = 0;

	for (size_t i = 0; i < n && n_without < 2; i += step) {
		unsigned s = scale_of(bits[i], scale);

		if (s == SCALE_MAX)
			n_without++;
		else
			scale = s;
	}
	return n_without < 2 ? scale : SCALE_MAX;
}

/* Values that have no integer; their places have the one before. */
struct exceptions {
	size_t n;
	uint16_t at[POINT_BLOCK_MAX / VALUES_AN_EXCEPTION + 1];
};

/* One by one: with *scale as large as they need, and exceptions. false: there are too many. */
static bool exact_most(const uint64_t *bits, size_t n, unsigned *scale, uint64_t *ret, struct exceptions *e)
{
	uint64_t before = 0, wrong;

	e->n = 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t x = exact(bits[i], *scale, &wrong);

		if (wrong) {
			unsigned s = scale_of(bits[i], *scale + 1);

			if (s != SCALE_MAX) {
				*scale = s;
				return exact_most(bits, n, scale, ret, e);
			}
			if (e->n == n / VALUES_AN_EXCEPTION)
				return false;
			e->at[e->n++] = (uint16_t)i;
			x = before;
		}
		ret[i] = before = x;
	}
	return true;
}

static void put_exceptions(const uint64_t *bits, const struct exceptions *e, struct buf *out)
{
	size_t next = 0;

	buf_put_varint(out, e->n);
	for (size_t i = 0; i < e->n; i++) {
		le64 v = put_le64(bits[e->at[i]]);

		buf_put_varint(out, e->at[i] - next);
		buf_put(out, &v, sizeof v);
		next = (size_t)e->at[i] + 1;
	}
}

static void put_raw(const uint64_t *bits, size_t n, struct buf *out)
{
	buf_put_u8(out, FORM_RAW);
	if (buf_reserve(out, n * 8) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		le64 v = put_le64(bits[i]);

		memcpy(out->p + out->len + 8 * i, &v, sizeof v);
	}
	out->len += n * 8;
}

void point_values_put(const uint64_t *bits, size_t n, enum point_shape shape, struct buf *out)
{
	uint64_t ints[POINT_BLOCK_MAX];
	struct exceptions e = {.n = 0};
	unsigned scale = guess_scale(bits, n);
	size_t begin = out->len;

	if (scale != SCALE_MAX && !exact_all(bits, n, scale, ints) && !exact_most(bits, n, &scale, ints, &e))
		scale = SCALE_MAX;
	if (scale != SCALE_MAX) {
		buf_put_u8(out, (uint8_t)(scale | (e.n ? FORM_EXCEPTIONS : 0)));
		if (e.n)
			put_exceptions(bits, &e, out);
		point_ints_put(ints, n, shape, out);
	} else {
		buf_put_u8(out, FORM_BITS);
		point_ints_put(bits, n, shape, out);
	}
	if (out->err == 0 && out->len - begin > 1 + n * 8) {
		out->len = begin;
		put_raw(bits, n, out);
	}
}

/* --- reading --- */

static void take_scaled(uint64_t *v, size_t n, unsigned scale)
{
	double power = powers[scale];

	if (scale == 0)
		for (size_t i = 0; i < n; i++)
			v[i] = as_bits((double)(int64_t)v[i]);
	else
		for (size_t i = 0; i < n; i++)
			v[i] = as_bits((double)(int64_t)v[i] / power);
}

/* Goes over exceptions, which must be within n values; with v, puts them there. */
static int take_exceptions(struct span *in, size_t n, uint64_t *v)
{
	uint64_t n_exceptions, gap, next = 0;

	if (span_varint_max(in, n, &n_exceptions) < 0)
		return -EBADMSG;
	for (uint64_t i = 0; i < n_exceptions; i++, next++) {
		const uint8_t *p;

		if (span_varint_max(in, n, &gap) < 0)
			return -EBADMSG;
		next += gap;
		p = span_take(in, 8);
		if (!p || next >= n)
			return -EBADMSG;
		if (v) {
			memcpy(&v[next], p, 8);
			v[next] = le64toh(v[next]);
		}
	}
	return 0;
}

static int get_raw(struct span in, size_t n, uint64_t *room)
{
	if (span_left(&in) != n * 8)
		return -EBADMSG;
	memcpy(room, in.p, n * 8);
	for (size_t i = 0; i < n; i++)
		room[i] = le64toh(room[i]);
	return 0;
}

int point_values_get(struct span in, size_t n, uint64_t *room)
{
	const uint8_t *head = span_take(&in, 1);
	struct span exceptions;
	int r;

	if (!head || n == 0)
		return -EBADMSG;
	if (*head == FORM_RAW)
		return get_raw(in, n, room);
	if (*head == FORM_BITS)
		return point_ints_get(in, n, room);
	if ((*head & ~FORM_EXCEPTIONS) > SCALE_MAX)
		return -EBADMSG;
	exceptions = in;
	if (*head & FORM_EXCEPTIONS && take_exceptions(&in, n, NULL) < 0)
		return -EBADMSG;
	r = point_ints_get(in, n, room);
	if (r < 0)
		return r;
	take_scaled(room, n, *head & ~FORM_EXCEPTIONS);
	if (*head & FORM_EXCEPTIONS)
		(void)take_exceptions(&exceptions, n, room);
	return 0;
}
