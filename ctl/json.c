/* json.c -- see json.h */
#include "ctl/json.h"

#include "store/cleanup.h"
#include "store/json_check.h"
#include "store/text.h"

enum { DEPTH_MAX = JSON_DEPTH_MAX };

char json_peek(struct span *in)
{
	while (in->p < in->end && (*in->p == ' ' || *in->p == '\t' || *in->p == '\n' || *in->p == '\r'))
		in->p++;
	return in->p < in->end ? (char)*in->p : '\0';
}

int json_take(struct span *in, char c)
{
	if (json_peek(in) != c || c == '\0')
		return -EBADMSG;
	in->p++;
	return 0;
}

int json_more(struct span *in, char close, size_t *n)
{
	if (json_take(in, close) == 0)
		return 0;
	if ((*n)++ > 0 && json_take(in, ',') < 0)
		return -EBADMSG;
	return 1;
}

/* --- strings --- */

static int take_hex(struct span *in, uint32_t *ret)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++) {
		const uint8_t *c = span_take(in, 1);

		if (!c)
			return -EBADMSG;
		if (*c >= '0' && *c <= '9')
			v = v << 4 | (uint32_t)(*c - '0');
		else if ((*c | 32) >= 'a' && (*c | 32) <= 'f')
			v = v << 4 | (uint32_t)((*c | 32) - 'a' + 10);
		else
			return -EBADMSG;
	}
	*ret = v;
	return 0;
}

static void put_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_put_u8(out, (uint8_t)c);
	} else if (c < 0x800) {
		buf_put_u8(out, (uint8_t)(0xc0 | c >> 6));
		buf_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_put_u8(out, (uint8_t)(0xe0 | c >> 12));
		buf_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		buf_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
	} else {
		buf_put_u8(out, (uint8_t)(0xf0 | c >> 18));
		buf_put_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		buf_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		buf_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
	}
}

/* Behind \u. */
static int take_unicode(struct span *in, struct buf *out)
{
	const uint32_t replacement = 0xfffd;
	struct span behind;
	uint32_t c, low;

	if (take_hex(in, &c) < 0)
		return -EBADMSG;
	if (c < 0xd800 || c > 0xdfff) {
		put_utf8(out, c);
		return 0;
	}
	behind = *in;
	if (c < 0xdc00 && span_left(&behind) >= 6 && behind.p[0] == '\\' && behind.p[1] == 'u') {
		behind.p += 2;
		if (take_hex(&behind, &low) < 0)
			return -EBADMSG;
		if (low >= 0xdc00 && low <= 0xdfff) {
			*in = behind;
			put_utf8(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
			return 0;
		}
	}
	put_utf8(out, replacement);
	return 0;
}

static int take_escape(struct span *in, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const uint8_t *c = span_take(in, 1);
	const char *at;

	if (!c || *c == '\0')
		return -EBADMSG;
	if (*c == 'u')
		return take_unicode(in, out);
	at = strchr(from, *c);
	if (!at)
		return -EBADMSG;
	buf_put_u8(out, (uint8_t)to[at - from]);
	return 0;
}

int json_string(struct span *in, struct buf *out)
{
	int r = json_take(in, '"');

	while (r == 0) {
		const uint8_t *begin = in->p;

		while (in->p < in->end && *in->p != '"' && *in->p != '\\' && *in->p >= ' ')
			in->p++;
		buf_put(out, begin, (size_t)(in->p - begin));
		if (in->p == in->end || *in->p < ' ')
			return -EBADMSG;
		if (*in->p++ == '"')
			return out->err;
		r = take_escape(in, out);
	}
	return r;
}

/* --- other values --- */

int json_integer(struct span *in, int64_t *ret)
{
	bool negative = json_take(in, '-') == 0;
	uint64_t v = 0;
	size_t n = 0;

	for (; in->p < in->end && *in->p >= '0' && *in->p <= '9'; in->p++, n++) {
		if (v > (INT64_MAX - 9) / 10)
			return -EBADMSG;
		v = v * 10 + (uint64_t)(*in->p - '0');
	}
	/* What follows would be the rest of a number that is none. */
	if (n == 0 || (in->p < in->end && strchr(".eE", *in->p) && *in->p))
		return -EBADMSG;
	*ret = negative ? -(int64_t)v : (int64_t)v;
	return 0;
}

static int skip_word(struct span *in)
{
	static const char *const words[] = {"null", "true", "false"};
	const uint8_t *begin = in->p;

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t len = strlen(words[i]);

		if (span_left(in) >= len && memcmp(in->p, words[i], len) == 0) {
			in->p += len;
			return 0;
		}
	}
	while (in->p < in->end && *in->p && strchr("+-.0123456789eE", *in->p))
		in->p++;
	return in->p > begin ? 0 : -EBADMSG;
}

static int skip_value(struct span *in, unsigned depth);

static int skip_members(struct span *in, char open, char close, unsigned depth)
{
	_cleanup_(buf_done) struct buf name = {0};
	size_t n = 0;
	int r = depth < DEPTH_MAX ? json_take(in, open) : -EBADMSG;

	while (r == 0) {
		r = json_more(in, close, &n);
		if (r <= 0)
			return r;
		r = 0;
		if (open == '{') {
			buf_clear(&name);
			r = json_string(in, &name);
			if (r == 0)
				r = json_take(in, ':');
		}
		if (r == 0)
			r = skip_value(in, depth + 1);
	}
	return r;
}

static int skip_value(struct span *in, unsigned depth)
{
	_cleanup_(buf_done) struct buf string = {0};

	switch (json_peek(in)) {
	case '{':
		return skip_members(in, '{', '}', depth);
	case '[':
		return skip_members(in, '[', ']', depth);
	case '"':
		return json_string(in, &string);
	default:
		return skip_word(in);
	}
}

int json_skip(struct span *in, struct span *ret)
{
	const uint8_t *begin;
	int r;

	json_peek(in);
	begin = in->p;
	r = skip_value(in, 0);
	if (r == 0 && ret)
		*ret = (struct span){begin, in->p};
	return r;
}

/* --- writing --- */

bool json_is_utf8(struct span s)
{
	while (s.p < s.end) {
		size_t n = text_utf8_len(s.p, span_left(&s));

		if (n == 0)
			return false;
		s.p += n;
	}
	return true;
}

static const char *escape(uint8_t c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\b':
		return "\\b";
	case '\f':
		return "\\f";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		return NULL;
	}
}

void json_put_string(struct buf *out, struct span s)
{
	buf_put_u8(out, '"');
	while (s.p < s.end) {
		size_t n = text_utf8_len(s.p, span_left(&s));
		const char *e = escape(*s.p);

		if (e)
			buf_puts(out, e);
		else if (n == 0)
			buf_puts(out, "\xef\xbf\xbd");
		else if (*s.p < ' ')
			buf_printf(out, "\\u%04X", *s.p);
		else
			buf_put(out, s.p, n);
		s.p += n ? n : 1;
	}
	buf_put_u8(out, '"');
}
