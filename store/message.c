/* message.c -- headers of a message, and a message as a line */
#include "store/message.h"

#include "store/text.h"

int message_header(struct span *at, struct span *ret_name, struct span *ret_value)
{
	struct span s = *at, name, value = {0};
	uint64_t len;
	int r;

	if (span_left(&s) == 0)
		return -ENODATA;
	r = span_varint(&s, &len);
	if (r == 0)
		r = span_sub(&s, len, &name);
	if (r == 0)
		r = span_varint(&s, &len);
	if (r == 0 && len > 0)
		r = span_sub(&s, len - 1, &value);
	if (r < 0)
		return r;
	*at = s;
	*ret_name = name;
	*ret_value = value;
	return 0;
}

void message_put_header(struct buf *headers, const void *name, size_t name_len, const void *value, size_t value_len)
{
	buf_put_varint(headers, name_len);
	buf_put(headers, name, name_len);
	buf_put_varint(headers, value ? (uint64_t)value_len + 1 : 0);
	if (value)
		buf_put(headers, value, value_len);
}

/* Writes, or only counts: out NULL. Each function returns where it is then. */
struct line {
	char *out;
	size_t len;
};

static inline void put(struct line *l, const void *p, size_t len)
{
	if (l->out)
		memcpy(l->out + l->len, p, len);
	l->len += len;
}

static inline void put_c(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

/* As JSON, and that escaped as the text of a string: of what is left in it, only backslashes are. */
static void put_json(struct line *l, struct span s)
{
	static const char hex[] = "0123456789abcdef";

	put(l, "\"", 1);
	while (span_left(&s) > 0) {
		uint8_t c = *s.p;
		unsigned n = text_utf8_len(s.p, span_left(&s));
		char code[] = {'\\', '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

		if (n == 0)
			put_c(l, "\\\\ufffd");
		else if (c == '"')
			put_c(l, "\\\\\"");
		else if (c == '\\')
			put_c(l, "\\\\\\\\");
		else if (c < 0x20 || c == 0x7f)
			put(l, code, sizeof code);
		else
			put(l, s.p, n);
		s.p += n ? n : 1;
	}
	put(l, "\"", 1);
}

/* Headers that cannot be taken apart end with those that could. */
static void put_headers(struct line *l, struct span headers)
{
	struct span name, value;

	put(l, "{", 1);
	for (bool first = true; message_header(&headers, &name, &value) == 0; first = false) {
		if (!first)
			put(l, ",", 1);
		put_json(l, name);
		put(l, ":", 1);
		if (value.p)
			put_json(l, value);
		else
			put_c(l, "null");
	}
	put(l, "}", 1);
}

uint64_t message_headers_len(struct span headers)
{
	struct line l = {0};

	put_headers(&l, headers);
	return l.len;
}

static uint64_t bytes_len(struct span s)
{
	return s.p ? text_str_len((const char *)s.p, span_left(&s)) : 2;
}

uint64_t message_text_len(const struct message *m)
{
	return text_u64_len(m->offset) + MESSAGE_TEXT_FIXED + bytes_len(m->key) + message_headers_len(m->headers) +
	       bytes_len(m->value);
}

/* Puts the text of bytes. What is plain takes one pass; room for the worst is not asked for until it is needed. */
static void put_bytes(struct buf *out, struct span s, char end)
{
	size_t len = 2;
	char *p;

	if (s.p)
		len = text_str_len((const char *)s.p, span_left(&s));
	if (buf_reserve(out, len + 1) < 0)
		return;
	p = (char *)out->p + out->len;
	if (!s.p)
		memcpy(p, "\\N", 2);
	else if (len == span_left(&s))
		memcpy(p, s.p, len);
	else
		text_put_str(p, (const char *)s.p, span_left(&s));
	p[len] = end;
	out->len += len + 1;
}

void message_put_text(struct buf *out, const struct message *m)
{
	struct line headers = {0};
	char time[TEXT_TIME_LEN + 1], *p;

	if (buf_reserve(out, TEXT_U64_MAX + 1 + TEXT_TIME_LEN + 1) < 0)
		return;
	p = text_put_u64((char *)out->p + out->len, m->offset);
	*p++ = '\t';
	text_time(time, m->time_ms);
	memcpy(p, time, TEXT_TIME_LEN);
	p += TEXT_TIME_LEN;
	*p++ = '\t';
	out->len = (size_t)(p - (char *)out->p);

	put_bytes(out, m->key, '\t');
	put_headers(&headers, m->headers);
	if (buf_reserve(out, headers.len + 1) < 0)
		return;
	headers = (struct line){.out = (char *)out->p + out->len};
	put_headers(&headers, m->headers);
	headers.out[headers.len] = '\t';
	out->len += headers.len + 1;
	put_bytes(out, m->value, '\n');
}
