/* base64.c -- see base64.h */
#include "ctl/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_put(struct buf *out, struct span bytes)
{
	while (bytes.p < bytes.end) {
		size_t n = span_left(&bytes) < 3 ? span_left(&bytes) : 3;
		uint32_t v = (uint32_t)bytes.p[0] << 16;

		if (n > 1)
			v |= (uint32_t)bytes.p[1] << 8;
		if (n > 2)
			v |= bytes.p[2];
		for (unsigned i = 0; i < 4; i++)
			buf_put_u8(out, (uint8_t)(i <= n ? digits[v >> (18 - 6 * i) & 63] : '='));
		bytes.p += n;
	}
}

/* Four characters, the last of which may be padding: so many bytes, or -EBADMSG. */
static int take_group(const uint8_t *p, bool last, uint8_t ret[3])
{
	uint32_t v = 0;
	int n = 3;

	if (last && p[3] == '=')
		n = p[2] == '=' ? 1 : 2;
	for (int i = 0; i <= n; i++) {
		const char *at = p[i] ? strchr(digits, p[i]) : NULL;

		if (!at)
			return -EBADMSG;
		v |= (uint32_t)(at - digits) << (18 - 6 * i);
	}
	ret[0] = (uint8_t)(v >> 16);
	ret[1] = (uint8_t)(v >> 8);
	ret[2] = (uint8_t)v;
	/* Bits behind the last byte would be lost. */
	for (int i = n; i < 3; i++)
		if (ret[i])
			return -EBADMSG;
	return n;
}

int base64_take(struct span text, struct buf *out)
{
	if (span_left(&text) % 4)
		return -EBADMSG;
	for (; text.p < text.end; text.p += 4) {
		uint8_t bytes[3];
		int n = take_group(text.p, text.end - text.p == 4, bytes);

		if (n < 0)
			return n;
		buf_put(out, bytes, (size_t)n);
	}
	return out->err;
}
