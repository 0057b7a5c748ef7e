/* bytes.c -- the parts of bytes.h that are not worth inlining */
#include "store/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int span_varint_slow(struct span *s, uint64_t *ret)
{
	const uint8_t *p = s->p;
	uint64_t x = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t c;

		if (p == s->end)
			return -EBADMSG;
		c = *p++;
		if (shift == 63 && c > 1)
			return -EBADMSG;
		x |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			s->p = p;
			*ret = x;
			return 0;
		}
	}
	return -EBADMSG;
}

int buf_reserve_slow(struct buf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : 256;
	uint8_t *p;

	if (b->err < 0)
		return b->err;
	if (more > SIZE_MAX / 4 || b->len > SIZE_MAX / 4)
		return b->err = -ENOMEM;
	while (cap < b->len + more)
		cap *= 2;
	p = realloc(b->p, cap);
	if (!p)
		return b->err = -ENOMEM;
	b->p = p;
	b->cap = cap;
	return 0;
}

void buf_done(struct buf *b)
{
	free(b->p);
	*b = (struct buf){0};
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || buf_reserve(b, (size_t)n + 1) < 0)
		return;
	va_start(ap, fmt);
	vsnprintf((char *)b->p + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}
