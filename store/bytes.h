/* bytes.h -- little-endian integers, doubles' bits, varints, bounded reading, growing output
 *
 * The only code that moves a pointer through bytes from a file is the span's. All functions are thread-safe on
 * distinct objects.
 */
#ifndef STORE_BYTES_H
#define STORE_BYTES_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Integers as they lie on disk; not numbers, so that none is used unconverted. */
typedef struct {
	uint8_t b[2];
} le16;
typedef struct {
	uint8_t b[4];
} le32;
typedef struct {
	uint8_t b[8];
} le64;

static inline uint16_t get_le16(le16 v)
{
	return (uint16_t)(v.b[0] | v.b[1] << 8);
}

static inline uint32_t get_le32(le32 v)
{
	return (uint32_t)v.b[0] | (uint32_t)v.b[1] << 8 | (uint32_t)v.b[2] << 16 | (uint32_t)v.b[3] << 24;
}

/* Without a loop, which gcc would leave one: this is a single instruction, as the others are. */
static inline uint64_t get_le64(le64 v)
{
	return (uint64_t)v.b[0] | (uint64_t)v.b[1] << 8 | (uint64_t)v.b[2] << 16 | (uint64_t)v.b[3] << 24 |
	       (uint64_t)v.b[4] << 32 | (uint64_t)v.b[5] << 40 | (uint64_t)v.b[6] << 48 | (uint64_t)v.b[7] << 56;
}

static inline le16 put_le16(uint16_t x)
{
	return (le16){{(uint8_t)x, (uint8_t)(x >> 8)}};
}

static inline le32 put_le32(uint32_t x)
{
	return (le32){{(uint8_t)x, (uint8_t)(x >> 8), (uint8_t)(x >> 16), (uint8_t)(x >> 24)}};
}

static inline le64 put_le64(uint64_t x)
{
	return (le64){{(uint8_t)x, (uint8_t)(x >> 8), (uint8_t)(x >> 16), (uint8_t)(x >> 24), (uint8_t)(x >> 32),
	    (uint8_t)(x >> 40), (uint8_t)(x >> 48), (uint8_t)(x >> 56)}};
}

static inline uint64_t zigzag(int64_t x)
{
	return ((uint64_t)x << 1) ^ (uint64_t)(x >> 63);
}

static inline int64_t unzigzag(uint64_t x)
{
	return (int64_t)((x >> 1) ^ (0 - (x & 1)));
}

/* The bits of a double, and back. */
static inline uint64_t f64_bits(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	return bits;
}

static inline double f64_of(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof v);
	return v;
}

/* A run of bytes that is read from its front. */
struct span {
	const uint8_t *p;
	const uint8_t *end;
};

static inline struct span span_of(const void *p, size_t len)
{
	/* Nothing may be nowhere, to which not even 0 may be added. */
	return (struct span){p, len ? (const uint8_t *)p + len : p};
}

static inline size_t span_left(const struct span *s)
{
	return (size_t)(s->end - s->p);
}

/* Takes len bytes off the front. Returns NULL, taking nothing, if there are fewer. */
static inline const void *span_take(struct span *s, size_t len)
{
	const uint8_t *p = s->p;

	if (len > span_left(s))
		return NULL;
	s->p += len;
	return p;
}

/* Takes len bytes off the front as a span of their own. -EBADMSG if there are fewer. */
static inline int span_sub(struct span *s, uint64_t len, struct span *ret)
{
	if (len > span_left(s))
		return -EBADMSG;
	*ret = (struct span){s->p, s->p + len};
	s->p += len;
	return 0;
}

int span_varint_slow(struct span *s, uint64_t *ret);

/* Takes a varint. -EBADMSG if it is cut off or does not fit in 64 bits. */
static inline int span_varint(struct span *s, uint64_t *ret)
{
	if (s->p < s->end && *s->p < 0x80) {
		*ret = *s->p++;
		return 0;
	}
	return span_varint_slow(s, ret);
}

/* Takes a varint that must not be above max. -EBADMSG otherwise. */
static inline int span_varint_max(struct span *s, uint64_t max, uint64_t *ret)
{
	int r = span_varint(s, ret);

	return r < 0 ? r : *ret > max ? -EBADMSG : 0;
}

/* Output that grows. The first failed allocation is remembered in err (-ENOMEM) and everything after it is
 * dropped, so that a caller checks once, at the end. A zeroed struct is an empty one. */
struct buf {
	uint8_t *p;
	size_t len;
	size_t cap;
	int err;
};

/* Makes room for more bytes behind len. 0 or -ENOMEM (also remembered). */
int buf_reserve_slow(struct buf *b, size_t more);

static inline int buf_reserve(struct buf *b, size_t more)
{
	if (b->cap - b->len >= more && b->err == 0)
		return 0;
	return buf_reserve_slow(b, more);
}

void buf_done(struct buf *b);

/* Empty again, and without an error; the memory is kept. */
static inline void buf_clear(struct buf *b)
{
	b->len = 0;
	b->err = 0;
}

static inline void buf_put(struct buf *b, const void *p, size_t len)
{
	if (len == 0 || buf_reserve(b, len) < 0)
		return;
	memcpy(b->p + b->len, p, len);
	b->len += len;
}

static inline void buf_put_u8(struct buf *b, uint8_t x)
{
	if (buf_reserve(b, 1) == 0)
		b->p[b->len++] = x;
}

static inline void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

/* Puts a varint where there is room for VARINT_MAX bytes; returns its end. */
enum { VARINT_MAX = 10 };
static inline uint8_t *put_varint(uint8_t *p, uint64_t x)
{
	while (x >= 0x80) {
		*p++ = (uint8_t)(x | 0x80);
		x >>= 7;
	}
	*p++ = (uint8_t)x;
	return p;
}

static inline void buf_put_varint(struct buf *b, uint64_t x)
{
	if (buf_reserve(b, VARINT_MAX) == 0)
		b->len = (size_t)(put_varint(b->p + b->len, x) - b->p);
}

void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
