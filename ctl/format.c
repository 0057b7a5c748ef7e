/* format.c -- see format.h
 *
 * A format is kept as a run of pieces: a token, or TEXT and a length, and that many bytes.
 */
#include "ctl/format.h"

#include <inttypes.h>

enum { TEXT = 'x' };

struct format {
	struct buf pieces;
	struct buf null;
};

void format_unescape(struct buf *out, const char *text, size_t len)
{
	static const char from[] = "nrt", to[] = "\n\r\t";
	const char *end = text + len;

	while (text < end) {
		const char *at;
		char *behind;
		int base = 0;

		if (*text != '\\' || text + 1 == end) {
			buf_put_u8(out, (uint8_t)*text++);
			continue;
		}
		text++;
		at = strchr(from, *text);
		if (at) {
			buf_put_u8(out, (uint8_t)to[at - from]);
			text++;
			continue;
		}
		if (*text == 'x') {
			text++;
			base = 16;
		}
		if (base == 16 || (*text >= '0' && *text <= '9')) {
			unsigned long c = strtoul(text, &behind, base);

			/* A number goes on up to what is no digit; the text's end is one, too. */
			if (behind > end)
				behind = (char *)(uintptr_t)end;
			buf_put_u8(out, (uint8_t)c);
			text = behind;
			continue;
		}
		buf_put_u8(out, (uint8_t)*text++);
	}
}

static void add_text(struct format *f, const char *text, size_t len)
{
	_cleanup_(buf_done) struct buf bytes = {0};

	format_unescape(&bytes, text, len);
	buf_put_u8(&f->pieces, TEXT);
	buf_put_varint(&f->pieces, bytes.len);
	buf_put(&f->pieces, bytes.p, bytes.len);
	if (bytes.err)
		f->pieces.err = bytes.err;
}

static int parse(struct format *f, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "%");

		if (len > 0)
			add_text(f, text, len);
		text += len;
		if (*text == '\0')
			break;
		text++;
		if (*text == '%')
			add_text(f, text, 1);
		else if (*text && strchr("sSRkKThtpo", *text))
			buf_put_u8(&f->pieces, (uint8_t)*text);
		else
			return -EINVAL;
		text++;
	}
	return f->pieces.err;
}

int format_new(const char *text, const char *null, struct format **ret)
{
	_cleanup_(cleanup_format) struct format *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	buf_puts(&f->null, null);
	r = parse(f, text);
	if (r < 0 || f->null.err)
		return r < 0 ? r : f->null.err;
	*ret = TAKE(f);
	return 0;
}

void format_free(struct format *f)
{
	buf_done(&f->pieces);
	buf_done(&f->null);
	free(f);
}

/* --- printing --- */

/* As kcat: what is empty is printed as NULL, too. */
static void put_value(const struct format *f, struct buf *out, struct span s)
{
	if (span_left(&s) > 0)
		buf_put(out, s.p, span_left(&s));
	else
		buf_put(out, f->null.p, f->null.len);
}

static void put_headers(struct buf *out, struct span headers)
{
	struct span name, value;
	const char *sep = "";

	while (message_header(&headers, &name, &value) == 0) {
		buf_puts(out, sep);
		sep = ",";
		buf_put(out, name.p, span_left(&name));
		buf_put_u8(out, '=');
		if (value.p)
			buf_put(out, value.p, span_left(&value));
		else
			buf_puts(out, "NULL");
	}
}

static int64_t length(struct span s)
{
	return s.p ? (int64_t)span_left(&s) : -1;
}

static void put_binary_length(struct buf *out, struct span s)
{
	uint32_t n = (uint32_t)length(s);

	for (int shift = 24; shift >= 0; shift -= 8)
		buf_put_u8(out, (uint8_t)(n >> shift));
}

static void put_token(
    const struct format *f, struct buf *out, char token, const char *topic, uint32_t partition, const struct message *m)
{
	switch (token) {
	case 's':
		put_value(f, out, m->value);
		break;
	case 'S':
		buf_printf(out, "%" PRId64, length(m->value));
		break;
	case 'R':
		put_binary_length(out, m->value);
		break;
	case 'k':
		put_value(f, out, m->key);
		break;
	case 'K':
		buf_printf(out, "%" PRId64, length(m->key));
		break;
	case 'T':
		buf_printf(out, "%" PRId64, m->time_ms);
		break;
	case 'h':
		put_headers(out, m->headers);
		break;
	case 't':
		buf_puts(out, topic);
		break;
	case 'p':
		buf_printf(out, "%" PRIu32, partition);
		break;
	default:
		buf_printf(out, "%" PRIu64, m->offset);
		break;
	}
}

void format_put(const struct format *f, struct buf *out, const char *topic, uint32_t partition, const struct message *m)
{
	struct span in = span_of(f->pieces.p, f->pieces.len), text;
	uint64_t len;

	while (in.p < in.end) {
		char token = (char)*in.p++;

		if (token != TEXT)
			put_token(f, out, token, topic, partition, m);
		else if (span_varint(&in, &len) == 0 && span_sub(&in, len, &text) == 0)
			buf_put(out, text.p, span_left(&text));
	}
}
