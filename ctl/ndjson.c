/* ndjson.c -- see ndjson.h */
#include "ctl/ndjson.h"

#include "ctl/base64.h"
#include "ctl/json.h"
#include "store/cleanup.h"
#include "store/json_check.h"

#include <inttypes.h>

/* --- out --- */

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Whether a value can stand in a line as it is, and comes back as it was. */
static bool fits(struct span value)
{
	return span_left(&value) > 0 && !is_blank(value.p[0]) && !is_blank(value.end[-1]) &&
	       !memchr(value.p, '\n', span_left(&value)) && !memchr(value.p, '\r', span_left(&value));
}

static void put_base64(struct buf *out, struct span bytes)
{
	buf_puts(out, "\"");
	base64_put(out, bytes);
	buf_puts(out, "\"");
}

void ndjson_put(struct buf *out, const struct payload_key *key, struct span value, bool raw)
{
	if (key->is_number) {
		buf_printf(out, "{\"key\":%" PRIu64, key->number);
	} else if (json_is_utf8(key->string)) {
		buf_puts(out, "{\"key\":");
		json_put_string(out, key->string);
	} else {
		buf_puts(out, "{\"key_base64\":");
		put_base64(out, key->string);
	}
	if (raw) {
		buf_puts(out, ",\"value_base64\":");
		put_base64(out, value);
	} else if (fits(value)) {
		buf_puts(out, ",\"value\":");
		buf_put(out, value.p, span_left(&value));
	} else {
		buf_puts(out, ",\"value_text\":");
		json_put_string(out, value);
	}
	buf_puts(out, "}\n");
}

/* --- in --- */

enum { HAS_KEY = 1, HAS_VALUE = 2 };

struct parse {
	struct ndjson *n;
	const uint8_t *begin; /* of the line */
	struct span in;
	unsigned has;
};

static int refuse(struct parse *p, const uint8_t *at, const char *why)
{
	p->n->at = (size_t)(at - p->begin);
	p->n->why = why;
	return -EBADMSG;
}

static bool name_is(const struct buf *name, const char *s)
{
	return name->len == strlen(s) && memcmp(name->p, s, name->len) == 0;
}

static int take_number(struct parse *p)
{
	const uint8_t *begin = p->in.p;
	uint64_t n = 0;

	for (; p->in.p < p->in.end && *p->in.p >= '0' && *p->in.p <= '9'; p->in.p++) {
		uint64_t digit = *p->in.p - (uint64_t)'0';

		if (n > (UINT64_MAX - digit) / 10)
			return refuse(p, begin, "a number that is a key is below 2^64");
		n = n * 10 + digit;
	}
	if (p->in.p == begin || (*begin == '0' && p->in.p > begin + 1) ||
	    (p->in.p < p->in.end && *p->in.p && strchr(".eE", *p->in.p)))
		return refuse(p, begin, "expected a string or a whole number as the key");
	p->n->put.key = (struct payload_key){.is_number = true, .number = n};
	return 0;
}

/* A string, or the bytes that it stands for in base64. */
static int take_string(struct parse *p, bool is_base64, struct buf *out)
{
	_cleanup_(buf_done) struct buf text = {0};
	const uint8_t *begin;
	int r;

	json_peek(&p->in);
	begin = p->in.p;
	buf_clear(out);
	r = json_string(&p->in, is_base64 ? &text : out);
	if (r == 0 && is_base64)
		r = base64_take(span_of(text.p, text.len), out);
	if (r == -EBADMSG)
		return refuse(p, begin, is_base64 ? "expected a string of base64" : "expected a string");
	return r;
}

static int take_key(struct parse *p, bool is_base64)
{
	struct ndjson *n = p->n;
	int r;

	if (p->has & HAS_KEY)
		return refuse(p, p->in.p, "there are two keys");
	p->has |= HAS_KEY;
	if (!is_base64 && json_peek(&p->in) != '"')
		return take_number(p);
	r = take_string(p, is_base64, &n->key);
	n->put.key = (struct payload_key){.string = span_of(n->key.p, n->key.len)};
	if (r == 0 && (n->key.len == 0 || n->key.len > PAYLOAD_KEY_MAX))
		return refuse(p, p->in.p, "a key has 1 to 512 bytes");
	return r;
}

/* What stands there as it is: json_check says where it is none. */
static int take_json(struct parse *p)
{
	struct span rest;
	const char *why;
	size_t at;

	json_peek(&p->in);
	rest = p->in;
	if (json_skip(&p->in, &p->n->put.value) < 0) {
		if (json_check((const char *)rest.p, span_left(&rest), &at, &why) < 0)
			return refuse(p, rest.p + at, why);
		return refuse(p, rest.p, "expected a value");
	}
	if (json_check((const char *)p->n->put.value.p, span_left(&p->n->put.value), &at, &why) < 0)
		return refuse(p, p->n->put.value.p + at, why);
	return 0;
}

static int take_value(struct parse *p, const struct buf *name)
{
	struct ndjson *n = p->n;
	const uint8_t *begin = p->in.p;
	const char *why;
	size_t at;
	int r;

	if (p->has & HAS_VALUE)
		return refuse(p, begin, "there are two values");
	p->has |= HAS_VALUE;
	if (name_is(name, "value"))
		return take_json(p);
	n->put.raw = name_is(name, "value_base64");
	r = take_string(p, n->put.raw, &n->value);
	n->put.value = span_of(n->value.p, n->value.len);
	if (r == 0 && !n->put.raw && json_check((const char *)n->value.p, n->value.len, &at, &why) < 0)
		return refuse(p, begin, "the text is no JSON");
	return r;
}

static int take_member(struct parse *p)
{
	_cleanup_(buf_done) struct buf name = {0};
	const uint8_t *begin;

	json_peek(&p->in);
	begin = p->in.p;
	if (json_string(&p->in, &name) < 0 || json_take(&p->in, ':') < 0)
		return refuse(p, p->in.p, "expected a member's name");
	if (name_is(&name, "key") || name_is(&name, "key_base64"))
		return take_key(p, name.len > strlen("key"));
	if (name_is(&name, "value") || name_is(&name, "value_text") || name_is(&name, "value_base64"))
		return take_value(p, &name);
	return refuse(p, begin, "expected a key or a value");
}

int ndjson_parse(struct ndjson *n, struct span line)
{
	struct parse p = {.n = n, .begin = line.p, .in = line};
	size_t members = 0;
	int r, more;

	n->put = (struct payload_put){0};
	if (json_take(&p.in, '{') < 0)
		return refuse(&p, p.in.p, "expected {");
	for (r = 0; r == 0;) {
		more = json_more(&p.in, '}', &members);
		if (more == 0)
			break;
		r = more < 0 ? refuse(&p, p.in.p, "expected , or }") : take_member(&p);
	}
	if (r < 0)
		return r;
	if (json_peek(&p.in))
		return refuse(&p, p.in.p, "there is more behind the document");
	if (p.has != (HAS_KEY | HAS_VALUE))
		return refuse(&p, p.in.p, p.has & HAS_KEY ? "there is no value" : "there is no key");
	return 0;
}

void ndjson_done(struct ndjson *n)
{
	buf_done(&n->key);
	buf_done(&n->value);
}
