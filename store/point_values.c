/* point_values.c -- values of one series, packed
 *
 * The integers that stand for the values (point_scale.h), or, where there are none, the bits of all values, as integers
 * (point_ints.h); or all of them raw, if that is shorter.
 */
#include "store/point_values.h"

#include "store/point_ints.h"
#include "store/point_scale.h"

#include <endian.h>

/* The first byte: digits, what else it is, and how the digits are meant. */
enum {
	DIGITS = 0x1f,
	FORM_BITS = 23, /* in the place of digits: the integers are the values' bits */
	FORM_RAW = 24,
	HOW_SHIFT = 5,
	HOW = 3 << HOW_SHIFT,
	EXCEPTIONS = 0x80,
};

static void put_exceptions(const uint64_t *bits, const struct point_exceptions *e, struct buf *out)
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
	uint64_t integers[POINT_BLOCK_MAX];
	struct point_exceptions e;
	struct point_scale s;
	size_t begin = out->len;

	if (point_scale_find(bits, n, &s, integers, &e)) {
		buf_put_u8(out, (uint8_t)(s.digits | (unsigned)s.how << HOW_SHIFT | (e.n ? EXCEPTIONS : 0)));
		if (e.n)
			put_exceptions(bits, &e, out);
		point_ints_put(integers, n, shape, out);
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
	struct point_scale s;
	int r;

	if (!head || n == 0)
		return -EBADMSG;
	if (*head == FORM_RAW)
		return get_raw(in, n, room);
	if (*head == FORM_BITS)
		return point_ints_get(in, n, room);
	s = (struct point_scale){(*head & HOW) >> HOW_SHIFT, *head & DIGITS};
	exceptions = in;
	if (!point_scale_valid(s) || (*head & EXCEPTIONS && take_exceptions(&in, n, NULL) < 0))
		return -EBADMSG;
	r = point_ints_get(in, n, room);
	if (r < 0)
		return r;
	point_scale_apply(s, room, n);
	if (*head & EXCEPTIONS)
		(void)take_exceptions(&exceptions, n, room);
	return 0;
}
