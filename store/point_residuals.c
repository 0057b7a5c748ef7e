/* point_residuals.c -- residuals as bits or bytes
 *
 * Of those that are read as they lie every 64 have a width of their own: what jumps costs its neighbours, and nobody
 * else. All lengths are known from the heads of these groups, so that there is a check a group, and none an integer.
 */
#include "store/point_residuals.h"

#include <endian.h>

enum {
	GROUP = POINT_RESIDUALS_GROUP,
	PACKED = 9,    /* layouts: bytes of each from 0 to 8, or groups; */
	SPARSE = 0x10, /* only those that are not 0, and where they are */
	GROUP_SHIFTED = 0x80,
	SPARSE_MAX = POINT_BLOCK_MAX / 2,
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

/* --- writing --- */

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
	width = point_residual_width(all >> shift);
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
	return all == 0 ? 0 : shape == POINT_PACKED ? PACKED : (point_residual_width(all) + 7) / 8;
}

/* Those that are not 0, at most half of them: how many, how many zeros are before each, and they, less 1. r is used up.
 */
static uint8_t *put_sparse(uint8_t *p, uint64_t *r, size_t m, enum point_shape shape, unsigned *ret_layout)
{
	uint64_t gaps[SPARSE_MAX], all_gaps = 0, all = 0;
	size_t n = 0, next = 0;
	unsigned gap_layout;

	for (size_t i = 0; i < m; i++)
		if (r[i]) {
			gaps[n] = i - next;
			r[n] = r[i] - 1;
			all_gaps |= gaps[n];
			all |= r[n++];
			next = i + 1;
		}
	gap_layout = layout_of(all_gaps, shape);
	*ret_layout = layout_of(all, shape);
	p = put_varint(p, n);
	*p++ = (uint8_t)gap_layout;
	p = put_dense(p, gaps, n, gap_layout);
	return put_dense(p, r, n, *ret_layout);
}

/* Both ways: all bytes of all residuals, and two bytes for each group; half as many of those that are not 0, with gaps
 * of 13 bits; what a last store is too long. */
size_t point_residuals_room(size_t m)
{
	return 14 * m + 4 * (m / GROUP + 1) + VARINT_MAX + 16;
}

uint8_t *point_residuals_put(uint8_t *p, uint64_t *r, size_t m, enum point_shape shape, uint8_t *ret_layout)
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
	*ret_layout = (uint8_t)layout;
	end = put_dense(p, r, m, layout);
	if (n_set > m / 2)
		return end;
	sparse_end = put_sparse(end, r, m, shape, &layout);
	if (sparse_end - end >= end - p)
		return end;
	*ret_layout = (uint8_t)(layout | SPARSE);
	memmove(p, end, (size_t)(sparse_end - end));
	return p + (sparse_end - end);
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

/* They are taken to the end of the room, from where each goes to its place, which is never behind the ones that wait.
 */
static int get_sparse(struct span *in, size_t m, unsigned layout, uint64_t *r)
{
	uint64_t gaps[SPARSE_MAX], n, next = 0;
	const uint8_t *gap_layout;

	if (span_varint_max(in, m / 2, &n) < 0)
		return -EBADMSG;
	gap_layout = span_take(in, 1);
	if (!gap_layout || *gap_layout > PACKED || get_dense(in, n, *gap_layout, gaps) < 0 ||
	    get_dense(in, n, layout, r + (m - n)) < 0)
		return -EBADMSG;
	for (size_t i = 0; i < n; i++) {
		uint64_t x = r[m - n + i] + 1;

		if (gaps[i] > m - n + i - next)
			return -EBADMSG;
		memset(r + next, 0, gaps[i] * sizeof *r);
		next += gaps[i];
		r[next++] = x;
	}
	memset(r + next, 0, (m - next) * sizeof *r);
	return 0;
}

int point_residuals_get(struct span *in, uint8_t layout, size_t m, uint64_t *ret)
{
	unsigned dense = layout % SPARSE;

	if (dense > PACKED || layout > (SPARSE | PACKED) || m > POINT_BLOCK_MAX)
		return -EBADMSG;
	return layout & SPARSE ? get_sparse(in, m, dense, ret) : get_dense(in, m, dense, ret);
}
