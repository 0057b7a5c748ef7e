/* envelope.c -- see envelope.h */
#include "ctl/envelope.h"

#include "ctl/base64.h"
#include "ctl/json.h"

#include <inttypes.h>

/* --- writing --- */

static void put_base64(struct buf *out, struct span s)
{
	buf_put_u8(out, '"');
	base64_put(out, s);
	buf_put_u8(out, '"');
}

static void put_value(struct buf *out, const char *name, struct span s)
{
	buf_printf(out, ",\"%s\":", name);
	if (!s.p) {
		buf_puts(out, "null");
		return;
	}
	json_put_string(out, s);
	if (!json_is_utf8(s)) {
		buf_printf(out, ",\"%s_base64\":", name);
		put_base64(out, s);
	}
}

/* The list of names and values; ret: whether all of them were UTF-8. What is damaged in it ends it. */
static bool put_list(struct buf *out, struct span headers, void (*put)(struct buf *out, struct span s))
{
	struct span name, value;
	bool exact = true;
	const char *sep = "[";

	while (message_header(&headers, &name, &value) == 0) {
		buf_puts(out, sep);
		sep = ",";
		put(out, name);
		buf_puts(out, sep);
		if (value.p)
			put(out, value);
		else
			buf_puts(out, "null");
		exact = exact && json_is_utf8(name) && (!value.p || json_is_utf8(value));
	}
	buf_puts(out, "]");
	return exact;
}

void envelope_put(struct buf *out, const char *topic, uint32_t partition, const struct message *m)
{
	buf_puts(out, "{\"topic\":");
	json_put_string(out, span_of(topic, strlen(topic)));
	buf_printf(out, ",\"partition\":%" PRIu32 ",\"offset\":%" PRIu64 ",\"tstype\":\"%s\",\"ts\":%" PRId64,
	    partition, m->offset, m->append_time ? "logappend" : "create", m->time_ms);
	buf_puts(out, ",\"broker\":-1");
	if (span_left(&m->headers) > 0) {
		buf_puts(out, ",\"headers\":");
		if (!put_list(out, m->headers, json_put_string)) {
			buf_puts(out, ",\"headers_base64\":");
			put_list(out, m->headers, put_base64);
		}
	}
	put_value(out, "key", m->key);
	put_value(out, "payload", m->value);
	buf_puts(out, "}");
}

/* --- reading --- */

/* A header while it is gathered, when texts can still move: where its bytes begin, in the places of pointers. */
static int add_header(struct envelope *e, struct span name, const struct span *value)
{
	struct histfs_header h = {.name_len = span_left(&name)};

	buf_put(&e->texts, name.p, span_left(&name));
	buf_put_u8(&e->texts, '\0');
	if (value) {
		h.value = "";
		h.value_len = span_left(value);
		buf_put(&e->texts, value->p, span_left(value));
		buf_put_u8(&e->texts, '\0');
	}
	buf_put(&e->headers, &h, sizeof(h));
	return e->texts.err ? e->texts.err : e->headers.err;
}

static int take_base64(struct span *in, struct buf *out)
{
	_cleanup_(buf_done) struct buf text = {0};
	int r = json_string(in, &text);

	return r < 0 ? r : base64_take(span_of(text.p, text.len), out);
}

/* A string, null (1), or the text of something else. */
static int take_value(struct span *in, bool base64, struct buf *out)
{
	struct span text;
	int r;

	buf_clear(out);
	if (base64)
		return take_base64(in, out);
	if (json_peek(in) == '"')
		return json_string(in, out);
	r = json_skip(in, &text);
	if (r < 0 || (span_left(&text) == 4 && memcmp(text.p, "null", 4) == 0))
		return r < 0 ? r : 1;
	buf_put(out, text.p, span_left(&text));
	return out->err;
}

static int take_header_value(struct envelope *e, struct span *in, const struct buf *name, bool base64)
{
	_cleanup_(buf_done) struct buf value = {0};
	int r = take_value(in, base64 && json_peek(in) == '"', &value);
	struct span bytes = span_of(value.p, value.len);

	return r < 0 ? r : add_header(e, span_of(name->p, name->len), r == 1 ? NULL : &bytes);
}

/* A list of names and values. */
static int take_list(struct envelope *e, struct span *in, bool base64)
{
	_cleanup_(buf_done) struct buf name = {0};
	size_t n = 0;
	int r = json_take(in, '[');

	while (r == 0) {
		r = json_more(in, ']', &n);
		if (r <= 0)
			return r;
		buf_clear(&name);
		r = base64 ? take_base64(in, &name) : json_string(in, &name);
		if (r == 0)
			r = json_take(in, ',');
		if (r == 0)
			r = take_header_value(e, in, &name, base64);
	}
	return r;
}

/* An object of names, each with a value or a list of them. */
static int take_map(struct envelope *e, struct span *in)
{
	_cleanup_(buf_done) struct buf name = {0};
	size_t n = 0, n_values;
	int r = json_take(in, '{');

	while (r == 0) {
		r = json_more(in, '}', &n);
		if (r <= 0)
			return r;
		buf_clear(&name);
		r = json_string(in, &name);
		if (r == 0)
			r = json_take(in, ':');
		if (r == 0 && json_peek(in) != '[') {
			r = take_header_value(e, in, &name, false);
			continue;
		}
		if (r == 0)
			r = json_take(in, '[');
		n_values = 0;
		while (r == 0) {
			r = json_more(in, ']', &n_values);
			if (r <= 0)
				break;
			r = take_header_value(e, in, &name, false);
		}
	}
	return r;
}

static bool is(const struct buf *name, const char *s)
{
	return name->len == strlen(s) && memcmp(name->p, s, name->len) == 0;
}

/* What was seen of members that there are twice, exactly and for the eye: the exact one counts, in any order. */
struct seen {
	bool key, payload, headers; /* exactly */
	bool null_key, null_payload;
};

static int take_member(struct envelope *e, struct seen *seen, const struct buf *name, struct span *in)
{
	bool exact_headers = is(name, "headers_base64"), exact_key = is(name, "key_base64"),
	     exact_payload = is(name, "payload_base64");
	int r;

	if (exact_headers || (is(name, "headers") && !seen->headers)) {
		seen->headers = exact_headers;
		buf_clear(&e->headers);
		buf_clear(&e->texts);
		return json_peek(in) == '{' ? take_map(e, in) : take_list(e, in, exact_headers);
	}
	if (exact_key || (is(name, "key") && !seen->key)) {
		seen->key = exact_key;
		r = take_value(in, exact_key, &e->key);
		seen->null_key = r == 1;
		return r < 0 ? r : 0;
	}
	if (exact_payload || (is(name, "payload") && !seen->payload)) {
		seen->payload = exact_payload;
		r = take_value(in, exact_payload, &e->payload);
		seen->null_payload = r == 1;
		return r < 0 ? r : 0;
	}
	if (is(name, "partition"))
		return json_integer(in, &e->partition);
	if (is(name, "ts"))
		return json_integer(in, &e->message.time_ms);
	return json_skip(in, NULL);
}

/* Not NULL where there are no bytes. */
static const void *pointer(const struct buf *b)
{
	return b->len ? (const void *)b->p : "";
}

static void finish(struct envelope *e, const struct seen *seen)
{
	struct histfs_header *h = (struct histfs_header *)(void *)e->headers.p;
	const char *p = (const char *)e->texts.p;

	e->message.headers = h;
	e->message.n_headers = e->headers.len / sizeof(*h);
	for (size_t i = 0; i < e->message.n_headers; i++) {
		h[i].name = p;
		p += h[i].name_len + 1;
		if (h[i].value) {
			h[i].value = p;
			p += h[i].value_len + 1;
		}
	}
	if (!seen->null_key) {
		e->message.key = pointer(&e->key);
		e->message.key_len = e->key.len;
	}
	if (!seen->null_payload) {
		e->message.value = pointer(&e->payload);
		e->message.value_len = e->payload.len;
	}
}

int envelope_parse(struct envelope *e, struct span line)
{
	_cleanup_(buf_done) struct buf name = {0};
	struct seen seen = {.null_key = true, .null_payload = true};
	size_t n = 0;
	int r = json_take(&line, '{');

	buf_clear(&e->headers);
	buf_clear(&e->texts);
	e->message = (struct histfs_message){.time_ms = HISTFS_NOW};
	e->partition = -1;
	while (r == 0) {
		r = json_more(&line, '}', &n);
		if (r <= 0)
			break;
		buf_clear(&name);
		r = json_string(&line, &name);
		if (r == 0)
			r = json_take(&line, ':');
		if (r == 0)
			r = take_member(e, &seen, &name, &line);
	}
	if (r == 0 && json_peek(&line) != '\0')
		r = -EBADMSG;
	if (r == 0)
		finish(e, &seen);
	return r;
}

void envelope_done(struct envelope *e)
{
	buf_done(&e->key);
	buf_done(&e->payload);
	buf_done(&e->texts);
	buf_done(&e->headers);
}
