/* point_ints.c -- a run of 64-bit integers, packed
 *
 * WRITING. One pass over the run adds up what it would cost in each order; the cheapest is made: its residuals, the
 * unit that divides all of them, and their bits or bytes.
 *
 * READING. Residuals come first, group by group, into the caller's room, where they become the integers in place. All
 * lengths are known from the heads of the groups, so that there is a check a group, and none an integer.
 */
#include "store/point_ints.h"

#include <assert.h>
#include <endian.h>

enum order { AS_IS, DELTA, DELTA2, XOR, N_ORDERS };

enum {
	GROUP = 64, /* residuals that have a width of their own */
	PACKED = 9, /* layouts: bytes of a residual from 0 to 8, or this */
	HEAD_ZIGZAG = 4,
	HEAD_LAYOUT_SHIFT = 3,
	HEAD_SPARSE = 0x80,
	GROUP_SHIFTED = 0x80,
	SLACK = 16, /* bytes behind a group that reading it may touch */
};

static inline uint64_t load(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof x);
	return le64toh(x);
}

static inline void store(uint8_t *p, uint64_t x)
{
	x = htole64(x);
	memcpy(p, &x, sizeof x);
}

static inline unsigned width_of(uint64_t x)
{
	return x ? 64 - (unsigned)__builtin_clzll(x) : 0;
}

static inline uint64_t magnitude(uint64_t x)
{
	return (int64_t)x < 0 ? 0 - x : x;
}

/* --- choosing --- */

/* Bits of the residuals in each order, nearly: packed in groups, or one by one, as a compressor sees them. */
static void measure(const uint64_t *v, size_t n, uint64_t base, enum point_shape shape, uint64_t ret[N_ORDERS])
{
	memset(ret, 0, N_ORDERS * sizeof *ret);
	for (size_t at = 2; at < n; at += GROUP) {
		size_t end = n - at < GROUP ? n : at + GROUP;
		uint64_t as_is = 0, delta = 0, delta2 = 0, xor = 0;

		if (shape == POINT_PLAIN) {
			for (size_t i = at; i < end; i++) {
				uint64_t d = v[i] - v[i - 1], before = v[i - 1] - v[i - 2];

				as_is += width_of(v[i] - base);
				delta += width_of(zigzag((int64_t)d));
				delta2 += width_of(zigzag((int64_t)(d - before)));
				xor += width_of(v[i] ^ v[i - 1]);
			}
		} else {
			for (size_t i = at; i < end; i++) {
				uint64_t d = v[i] - v[i - 1], before = v[i - 1] - v[i - 2];

				as_is |= v[i] - base;
				delta |= zigzag((int64_t)d);
				delta2 |= zigzag((int64_t)(d - before));
				xor |= v[i] ^ v[i - 1];
			}
			as_is = width_of(as_is) * (end - at);
			delta = width_of(delta) * (end - at);
			delta2 = width_of(delta2) * (end - at);
			xor = width_of(xor) * (end - at);
		}
		ret[AS_IS] += as_is;
		ret[DELTA] += delta;
		ret[DELTA2] += delta2;
		ret[XOR] += xor;
	}
}

static uint64_t smallest(const uint64_t *v, size_t n)
{
	int64_t min = (int64_t)v[0];

	for (size_t i = 1; i < n; i++)
		min = (int64_t)v[i] < min ? (int64_t)v[i] : min;
	return (uint64_t)min;
}

static bool any_negative(const uint64_t *r, size_t m)
{
	uint64_t all = 0;

	for (size_t i = 0; i < m; i++)
		all |= r[i];
	return (int64_t)all < 0;
}

static enum order choose(const uint64_t *v, size_t n, uint64_t base, enum point_shape shape)
{
	uint64_t cost[N_ORDERS];
	enum order best = DELTA;

	if (n < 3)
		return DELTA;
	measure(v, n, base, shape, cost);
	for (enum order o = 0; o < N_ORDERS; o++)
		if (cost[o] < cost[best])
			best = o;
	return best;
}

/* --- residuals --- */

/* Writes the residuals of an order. Returns how many there are. */
static size_t take_residuals(const uint64_t *v, size_t n, uint64_t base, enum order order, uint64_t *r)
{
	switch (order) {
	case AS_IS:
		for (size_t i = 0; i < n; i++)
			r[i] = v[i] - base;
		return n;
	case DELTA:
		for (size_t i = 1; i < n; i++)
			r[i - 1] = v[i] - v[i - 1];
		return n - 1;
	case DELTA2:
		for (size_t i = 2; i < n; i++)
			r[i - 2] = v[i] - 2 * v[i - 1] + v[i - 2];
		return n - 2;
	default:
		for (size_t i = 1; i < n; i++)
			r[i - 1] = v[i] ^ v[i - 1];
		return n - 1;
	}
}

/* x with x * odd == 1 modulo 2^64: five bits are right at first, each round doubles them. */
static uint64_t inverse(uint64_t odd)
{
	uint64_t x = 3 * odd ^ 2;

	for (int i = 0; i < 4; i++)
		x *= 2 - odd * x;
	return x;
}

/* What divides all residuals, taken as numbers with a sign or without. */
struct unit {
	unsigned shift;
	uint64_t odd, inverse;
};

static struct unit unit_of(const uint64_t *r, size_t m, bool with_sign)
{
	struct unit u = {.odd = 0};
	uint64_t all = 0, inv = 0, most = 0;

	for (size_t i = 0; i < m; i++)
		all |= r[i];
	u.shift = all ? (unsigned)__builtin_ctzll(all) : 0;
	for (size_t i = 0; i < m && u.odd != 1; i++) {
		uint64_t a = (with_sign ? magnitude(r[i]) : r[i]) >> u.shift, b = u.odd;

		/* Multiples of an odd number are what its inverse takes to the smallest numbers. */
		if (a == 0 || (b != 0 && a * inv <= most))
			continue;
		while (b != 0) {
			uint64_t rest = a % b;

			a = b;
			b = rest;
		}
		u.odd = a >> __builtin_ctzll(a);
		inv = inverse(u.odd);
		most = UINT64_MAX / u.odd;
	}
	u.odd = u.odd ? u.odd : 1;
	u.inverse = inverse(u.odd);
	return u;
}

static void divide(uint64_t *r, size_t m, const struct unit *u, bool with_sign)
{
	if (u->shift == 0 && u->odd == 1)
		return;
	if (with_sign)
		for (size_t i = 0; i < m; i++)
			r[i] = (uint64_t)((int64_t)r[i] >> u->shift) * u->inverse;
	else
		for (size_t i = 0; i < m; i++)
			r[i] = (r[i] >> u->shift) * u->inverse;
}

/* --- bits and bytes --- */

static uint8_t *put_group(uint8_t *p, const uint64_t *r, size_t m)
{
	uint64_t all = 0, word = 0;
	unsigned width, shift, fill = 0;

	for (size_t i = 0; i < m; i++)
		all |= r[i];
	shift = all ? (unsigned)__builtin_ctzll(all) : 0;
	/* A byte more than without it must be won. */
	if (shift * m <= 8)
		shift = 0;
	width = width_of(all >> shift);
	*p++ = (uint8_t)(width | (shift ? GROUP_SHIFTED : 0));
	if (shift)
		*p++ = (uint8_t)shift;
	for (size_t i = 0; i < m && width > 0; i++) {
		uint64_t x = r[i] >> shift;

		word |= x << fill;
		fill += width;
		if (fill >= 64) {
			store(p, word);
			p += sizeof word;
			fill -= 64;
			word = fill ? x >> (width - fill) : 0;
		}
	}
	store(p, word);
	return p + (fill + 7) / 8;
}

static uint8_t *put_groups(uint8_t *p, const uint64_t *r, size_t m)
{
	for (size_t at = 0; at < m; at += GROUP)
		p = put_group(p, r + at, m - at < GROUP ? m - at : GROUP);
	return p;
}

static uint8_t *put_planes(uint8_t *p, const uint64_t *r, size_t m, unsigned n_bytes)
{
	for (unsigned b = 0; b < n_bytes; b++, p += m)
		for (size_t i = 0; i < m; i++)
			p[i] = (uint8_t)(r[i] >> (8 * b));
	return p;
}

static uint8_t *put_dense(uint8_t *p, const uint64_t *r, size_t m, unsigned layout)
{
	return layout == PACKED ? put_groups(p, r, m) : put_planes(p, r, m, layout);
}

static unsigned layout_of(uint64_t all, enum point_shape shape)
{
	return all == 0 ? 0 : shape == POINT_PACKED ? PACKED : (width_of(all) + 7) / 8;
}

/* The few that are not 0: how many, how many zeros are before each, and they, less 1. */
static uint8_t *put_sparse(uint8_t *p, const uint64_t *r, size_t m, enum point_shape shape, unsigned *ret_layout)
{
	uint64_t gaps[POINT_BLOCK_MAX], values[POINT_BLOCK_MAX], all_gaps = 0, all = 0;
	size_t n = 0, next = 0;
	unsigned gap_layout;

	for (size_t i = 0; i < m; i++)
		if (r[i]) {
			gaps[n] = i - next;
			values[n] = r[i] - 1;
			all_gaps |= gaps[n];
			all |= values[n++];
			next = i + 1;
		}
	gap_layout = layout_of(all_gaps, shape);
	*ret_layout = layout_of(all, shape);
	p = put_varint(p, n);
	*p++ = (uint8_t)gap_layout;
	p = put_dense(p, gaps, n, gap_layout);
	return put_dense(p, values, n, *ret_layout);
}

/* In whichever way is shorter. *ret: what the head says of it. */
static uint8_t *put_residuals(uint8_t *p, const uint64_t *r, size_t m, enum point_shape shape, unsigned *ret)
{
	uint8_t *end, *sparse_end;
	uint64_t all = 0;
	unsigned layout;
	size_t n_set = 0;

	for (size_t i = 0; i < m; i++) {
		all |= r[i];
		n_set += r[i] != 0;
	}
	layout = layout_of(all, shape);
	*ret = layout << HEAD_LAYOUT_SHIFT;
	end = put_dense(p, r, m, layout);
	if (n_set > m / 2)
		return end;
	sparse_end = put_sparse(end, r, m, shape, &layout);
	if (sparse_end - end >= end - p)
		return end;
	*ret = layout << HEAD_LAYOUT_SHIFT | HEAD_SPARSE;
	memmove(p, end, (size_t)(sparse_end - end));
	return p + (sparse_end - end);
}

/* Head, two integers, unit; all bytes of all residuals, and two bytes for each group; half as much for the few that are
 * not 0, which have gaps; what a last store is too long. */
static size_t room_for(size_t n)
{
	return 1 + 4 * VARINT_MAX + 2 * (8 * n + 2 * (n / GROUP + 1)) + 2 * n + 32;
}

void point_ints_put(const uint64_t *v, size_t n, enum point_shape shape, struct buf *out)
{
	uint64_t r[POINT_BLOCK_MAX], all = 0, base = smallest(v, n);
	enum order order = choose(v, n, base, shape);
	bool with_sign = false;
	unsigned layout = 0;
	uint8_t *p, *head;
	struct unit unit;
	size_t m;

	if (buf_reserve(out, room_for(n)) < 0)
		return;
	m = take_residuals(v, n, base, order, r);
	if (order == DELTA || order == DELTA2)
		with_sign = any_negative(r, m);
	unit = unit_of(r, m, with_sign);
	divide(r, m, &unit, with_sign);
	for (size_t i = 0; i < m; i++) {
		all |= r[i];
		r[i] = with_sign ? zigzag((int64_t)r[i]) : r[i];
	}

	head = p = out->p + out->len;
	p = put_varint(p + 1, zigzag((int64_t)(order == AS_IS ? base : v[0])));
	if (order == DELTA2)
		p = put_varint(p, zigzag((int64_t)(v[1] - v[0])));
	if (all != 0) {
		p = put_varint(p, unit.odd << unit.shift);
		p = put_residuals(p, r, m, shape, &layout);
	}
	*head = (uint8_t)(order | (with_sign ? HEAD_ZIGZAG : 0) | layout);
	out->len = (size_t)(p - out->p);
}

/* --- reading --- */

/* Bits to m integers; p: what is read goes up to 9 bytes beyond them. */
static inline void unpack(const uint8_t *p, size_t m, unsigned width, unsigned shift, uint64_t *r)
{
	uint64_t mask = UINT64_MAX >> (64 - width);
	size_t bit = 0;

	if (width <= 57)
		for (size_t i = 0; i < m; i++, bit += width)
			r[i] = (load(p + bit / 8) >> bit % 8 & mask) << shift;
	else
		for (size_t i = 0; i < m; i++, bit += width)
			r[i] = ((load(p + bit / 8) >> bit % 8 | (uint64_t)p[bit / 8 + 8] << 1 << (63 - bit % 8)) & mask)
			       << shift;
}

/* Takes m residuals, from 1 to GROUP. */
static int get_group(struct span *in, size_t m, uint64_t *r)
{
	const uint8_t *head = span_take(in, 1), *p, *shifted;
	unsigned width, shift = 0;
	size_t len;

	if (!head)
		return -EBADMSG;
	width = *head & (GROUP_SHIFTED - 1);
	if (*head & GROUP_SHIFTED) {
		shifted = span_take(in, 1);
		if (!shifted || *shifted > 63)
			return -EBADMSG;
		shift = *shifted;
	}
	len = (m * width + 7) / 8;
	if (width + shift > 64 || !(p = span_take(in, len)))
		return -EBADMSG;
	if (width == 0) {
		memset(r, 0, m * sizeof *r);
	} else if (span_left(in) >= SLACK) {
		if (m == GROUP)
			unpack(p, GROUP, width, shift, r);
		else
			unpack(p, m, width, shift, r);
	} else {
		uint8_t copy[GROUP * 8 + SLACK];

		memcpy(copy, p, len);
		memset(copy + len, 0, SLACK);
		unpack(copy, m, width, shift, r);
	}
	return 0;
}

static int get_groups(struct span *in, size_t m, uint64_t *r)
{
	for (size_t at = 0; at < m; at += GROUP)
		if (get_group(in, m - at < GROUP ? m - at : GROUP, r + at) < 0)
			return -EBADMSG;
	return 0;
}

static int get_planes(struct span *in, size_t m, unsigned n_bytes, uint64_t *r)
{
	const uint8_t *p = span_take(in, n_bytes * m);

	if (!p)
		return -EBADMSG;
	memset(r, 0, m * sizeof *r);
	for (unsigned b = 0; b < n_bytes; b++, p += m)
		for (size_t i = 0; i < m; i++)
			r[i] |= (uint64_t)p[i] << (8 * b);
	return 0;
}

static int get_dense(struct span *in, size_t m, unsigned layout, uint64_t *r)
{
	return layout == PACKED ? get_groups(in, m, r) : get_planes(in, m, layout, r);
}

static int get_sparse(struct span *in, size_t m, unsigned layout, uint64_t *r)
{
	uint64_t gaps[POINT_BLOCK_MAX], values[POINT_BLOCK_MAX], n, next = 0;
	const uint8_t *gap_layout;

	if (span_varint_max(in, m, &n) < 0)
		return -EBADMSG;
	gap_layout = span_take(in, 1);
	if (!gap_layout || *gap_layout > PACKED || get_dense(in, n, *gap_layout, gaps) < 0 ||
	    get_dense(in, n, layout, values) < 0)
		return -EBADMSG;
	memset(r, 0, m * sizeof *r);
	for (size_t i = 0; i < n; i++, next++) {
		if (gaps[i] >= m - next)
			return -EBADMSG;
		next += gaps[i];
		r[next] = values[i] + 1;
	}
	return 0;
}

/* From residuals, which begin where they belong, to integers. */
static void integrate(uint64_t *v, size_t n, enum order order, uint64_t first, uint64_t slope)
{
	uint64_t x = first;

	switch (order) {
	case AS_IS:
		for (size_t i = 0; i < n; i++)
			v[i] += first;
		return;
	case DELTA:
		v[0] = first;
		for (size_t i = 1; i < n; i++)
			v[i] = x += v[i];
		return;
	case DELTA2:
		v[0] = first;
		v[1] = x = first + slope;
		for (size_t i = 2; i < n; i++)
			v[i] = x += slope += v[i];
		return;
	default:
		v[0] = first;
		for (size_t i = 1; i < n; i++)
			v[i] = x ^= v[i];
	}
}

int point_ints_get(struct span in, size_t n, uint64_t *room)
{
	const uint8_t *head = span_take(&in, 1);
	uint64_t first, slope = 0, unit = 1, *r;
	unsigned layout;
	enum order order;
	size_t m;

	if (!head || n == 0 || n > POINT_BLOCK_MAX)
		return -EBADMSG;
	order = *head % N_ORDERS;
	layout = *head % HEAD_SPARSE >> HEAD_LAYOUT_SHIFT;
	m = order == AS_IS ? n : order == DELTA2 ? n - 2 : n - 1;
	if (layout > PACKED || (order == DELTA2 && n < 2) || span_varint(&in, &first) < 0 ||
	    (order == DELTA2 && span_varint(&in, &slope) < 0) ||
	    (*head >> HEAD_LAYOUT_SHIFT && span_varint(&in, &unit) < 0))
		return -EBADMSG;
	r = room + (n - m);
	if ((*head & HEAD_SPARSE ? get_sparse(&in, m, layout, r) : get_dense(&in, m, layout, r)) < 0 ||
	    span_left(&in) != 0)
		return -EBADMSG;
	if (*head & HEAD_ZIGZAG)
		for (size_t i = 0; i < m; i++)
			r[i] = (uint64_t)unzigzag(r[i]);
	if (unit != 1)
		for (size_t i = 0; i < m; i++)
			r[i] *= unit;
	integrate(room, n, order, (uint64_t)unzigzag(first), (uint64_t)unzigzag(slope));
	return 0;
}
