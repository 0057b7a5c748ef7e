/* point_ints.c -- a run of 64-bit integers, packed
 *
 * WRITING. One pass over the run adds up what it would cost in each order; the cheapest is made: its residuals, the
 * unit that divides all of them, and their bits or bytes (point_residuals.h).
 *
 * READING. Residuals come first, into the caller's room, where they become the integers in place.
 */
#include "store/point_ints.h"

#include "store/point_residuals.h"

enum order { AS_IS, DELTA, DELTA2, XOR, N_ORDERS };

/* The first byte: the order, and this. */
enum { HEAD_ZIGZAG = 4, HEAD_LAYOUT_SHIFT = 3 };

static inline uint64_t magnitude(uint64_t x)
{
	return (int64_t)x < 0 ? 0 - x : x;
}

/* --- choosing --- */

/* Bits of the residuals in each order, nearly: packed in groups, or one by one, as a compressor sees them. */
static void measure(const uint64_t *v, size_t n, uint64_t base, enum point_shape shape, uint64_t ret[N_ORDERS])
{
	memset(ret, 0, N_ORDERS * sizeof *ret);
	for (size_t at = 2; at < n; at += POINT_RESIDUALS_GROUP) {
		size_t end = n - at < POINT_RESIDUALS_GROUP ? n : at + POINT_RESIDUALS_GROUP;
		uint64_t as_is = 0, delta = 0, delta2 = 0, xor = 0;

		if (shape == POINT_PLAIN) {
			for (size_t i = at; i < end; i++) {
				uint64_t d = v[i] - v[i - 1], before = v[i - 1] - v[i - 2];

				as_is += point_residual_width(v[i] - base);
				delta += point_residual_width(zigzag((int64_t)d));
				delta2 += point_residual_width(zigzag((int64_t)(d - before)));
				xor += point_residual_width(v[i] ^ v[i - 1]);
			}
		} else {
			for (size_t i = at; i < end; i++) {
				uint64_t d = v[i] - v[i - 1], before = v[i - 1] - v[i - 2];

				as_is |= v[i] - base;
				delta |= zigzag((int64_t)d);
				delta2 |= zigzag((int64_t)(d - before));
				xor |= v[i] ^ v[i - 1];
			}
			as_is = point_residual_width(as_is) * (end - at);
			delta = point_residual_width(delta) * (end - at);
			delta2 = point_residual_width(delta2) * (end - at);
			xor = point_residual_width(xor) * (end - at);
		}
		ret[AS_IS] += as_is;
		ret[DELTA] += delta;
		ret[DELTA2] += delta2;
		ret[XOR] += xor;
	}
}

/* By lanes, so that none waits for the comparison before. */
static uint64_t smallest(const uint64_t *v, size_t n)
{
	enum { LANES = 4 };
	int64_t min[LANES] = {(int64_t)v[0], (int64_t)v[0], (int64_t)v[0], (int64_t)v[0]};
	size_t i = 0;

	for (; n - i >= LANES; i += LANES)
		for (unsigned k = 0; k < LANES; k++)
			min[k] = (int64_t)v[i + k] < min[k] ? (int64_t)v[i + k] : min[k];
	for (; i < n; i++)
		min[0] = (int64_t)v[i] < min[0] ? (int64_t)v[i] : min[0];
	for (unsigned k = 1; k < LANES; k++)
		min[0] = min[k] < min[0] ? min[k] : min[0];
	return (uint64_t)min[0];
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
	uint64_t all = 0, inv = 1, most = 0;

	for (size_t i = 0; i < m; i++)
		all |= r[i];
	u.shift = all ? (unsigned)__builtin_ctzll(all) : 0;
	for (size_t i = 0; i < m && u.odd != 1; i++) {
		uint64_t a = (with_sign ? magnitude(r[i]) : r[i]) >> u.shift, b = u.odd;

		/* Multiples of an odd number are what its inverse takes to the smallest numbers; of none yet, 0. */
		if (a * inv <= most)
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

void point_ints_put(const uint64_t *v, size_t n, enum point_shape shape, struct buf *out)
{
	uint64_t r[POINT_BLOCK_MAX], all = 0, base = smallest(v, n);
	enum order order = choose(v, n, base, shape);
	bool with_sign = false;
	uint8_t *p, *head, layout = 0;
	struct unit unit;
	size_t m;

	if (buf_reserve(out, 1 + 3 * VARINT_MAX + point_residuals_room(n)) < 0)
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
		p = point_residuals_put(p, r, m, shape, &layout);
	}
	*head = (uint8_t)(order | (with_sign ? HEAD_ZIGZAG : 0) | layout << HEAD_LAYOUT_SHIFT);
	out->len = (size_t)(p - out->p);
}

/* --- reading --- */

/* Without residuals: the same integer over and over, or with the same difference. */
static void draw_line(uint64_t *v, size_t n, uint64_t first, uint64_t slope)
{
	for (size_t i = 0; i < n; i++, first += slope)
		v[i] = first;
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
	enum order order;
	uint8_t layout;
	size_t m;

	if (!head || n == 0 || n > POINT_BLOCK_MAX)
		return -EBADMSG;
	order = *head % N_ORDERS;
	layout = *head >> HEAD_LAYOUT_SHIFT;
	m = order == AS_IS ? n : order == DELTA2 ? n - 2 : n - 1;
	if ((order == DELTA2 && n < 2) || span_varint(&in, &first) < 0 ||
	    (order == DELTA2 && span_varint(&in, &slope) < 0) || (layout != 0 && span_varint(&in, &unit) < 0))
		return -EBADMSG;
	if (layout == 0) {
		draw_line(room, n, (uint64_t)unzigzag(first), (uint64_t)unzigzag(slope));
		return span_left(&in) == 0 ? 0 : -EBADMSG;
	}
	r = room + (n - m);
	if (point_residuals_get(&in, layout, m, r) < 0 || span_left(&in) != 0)
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
