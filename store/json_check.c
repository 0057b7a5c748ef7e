/* json_check.c -- see json_check.h
 *
 * One pass without a recursion: what is open is a bit a level, and what may come next is a state. Strings, which are
 * most of a usual document, are gone through eight bytes at a time until one of them needs to be looked at.
 */
#include "store/json_check.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct text {
	const uint8_t *p, *end;
	const char *why;
};

enum state { VALUE, VALUE_OR_END, KEY, KEY_OR_END, BEHIND };

static const char cut_off[] = "the text ends here";

static int wrong(struct text *t, const char *why)
{
	t->why = t->p < t->end ? why : cut_off;
	return -EINVAL;
}

static inline void skip_space(struct text *t)
{
	while (t->p < t->end && (*t->p == ' ' || *t->p == '\n' || *t->p == '\t' || *t->p == '\r'))
		t->p++;
}

#define EACH(x) (UINT64_C(0x0101010101010101) * (x))

/* Whether one of the eight bytes is a quotation mark, a backslash, a control character or not ASCII. Bytes above one
 * that is may be taken for one, too: only whether there is any counts. */
static inline bool has_special(uint64_t v)
{
	uint64_t quote = v ^ EACH('"'), slash = v ^ EACH('\\');

	return ((quote - EACH(1)) | (slash - EACH(1)) | (v - EACH(0x20)) | v) & EACH(0x80);
}

static inline void skip_plain(struct text *t)
{
	uint64_t v;

	while (t->end - t->p >= (ptrdiff_t)sizeof v) {
		memcpy(&v, t->p, sizeof v);
		if (has_special(v))
			break;
		t->p += sizeof v;
	}
	while (t->p < t->end && *t->p >= 0x20 && *t->p < 0x80 && *t->p != '"' && *t->p != '\\')
		t->p++;
}

/* Bytes that may follow a first one, and how many do: those that RFC 3629 has. */
static unsigned utf8_tail(uint8_t c, uint8_t *ret_from, uint8_t *ret_to)
{
	*ret_from = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	*ret_to = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	return c < 0xc2 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : 0;
}

static int utf8(struct text *t)
{
	uint8_t from, to;
	unsigned n = utf8_tail(*t->p, &from, &to);

	if (n == 0)
		return wrong(t, "not UTF-8");
	for (t->p++; n > 0; n--, t->p++, from = 0x80, to = 0xbf)
		if (t->p == t->end || *t->p < from || *t->p > to)
			return wrong(t, "not UTF-8");
	return 0;
}

static int hex4(struct text *t, unsigned *ret)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++, t->p++) {
		uint8_t c = t->p < t->end ? *t->p : 0, lower = c | 0x20;

		if (c >= '0' && c <= '9')
			v = v << 4 | (c - '0');
		else if (lower >= 'a' && lower <= 'f')
			v = v << 4 | (lower - 'a' + 10u);
		else
			return wrong(t, "not a hexadecimal digit");
	}
	*ret = v;
	return 0;
}

/* Behind \u. */
static int escaped_char(struct text *t)
{
	const uint8_t *at = t->p;
	unsigned high, low;
	int r = hex4(t, &high);

	if (r < 0 || high < 0xd800 || high > 0xdfff)
		return r;
	if (high < 0xdc00 && t->end - t->p >= 2 && t->p[0] == '\\' && t->p[1] == 'u') {
		t->p += 2;
		r = hex4(t, &low);
		if (r < 0 || (low >= 0xdc00 && low <= 0xdfff))
			return r;
	}
	t->p = at;
	return wrong(t, "half of a surrogate pair");
}

/* At a backslash. */
static int escape(struct text *t)
{
	t->p++;
	if (t->p < t->end && *t->p == 'u') {
		t->p++;
		return escaped_char(t);
	}
	if (t->p == t->end || *t->p == 0 || !strchr("\"\\/bfnrt", *t->p))
		return wrong(t, "not an escape");
	t->p++;
	return 0;
}

/* At a quotation mark. */
static int string(struct text *t)
{
	int r;

	for (t->p++;;) {
		skip_plain(t);
		if (t->p == t->end)
			return wrong(t, cut_off);
		if (*t->p == '"') {
			t->p++;
			return 0;
		}
		if (*t->p < 0x20)
			return wrong(t, "a control character in a string");
		r = *t->p == '\\' ? escape(t) : utf8(t);
		if (r < 0)
			return r;
	}
}

static inline bool is_digit(const struct text *t)
{
	return t->p < t->end && *t->p >= '0' && *t->p <= '9';
}

static int digits(struct text *t)
{
	if (!is_digit(t))
		return wrong(t, "not a digit");
	while (is_digit(t))
		t->p++;
	return 0;
}

static int number(struct text *t)
{
	int r = 0;

	if (*t->p == '-')
		t->p++;
	if (t->p < t->end && *t->p == '0')
		t->p++;
	else
		r = digits(t);
	if (r == 0 && t->p < t->end && *t->p == '.') {
		t->p++;
		r = digits(t);
	}
	if (r == 0 && t->p < t->end && (*t->p | 0x20) == 'e') {
		t->p++;
		if (t->p < t->end && (*t->p == '+' || *t->p == '-'))
			t->p++;
		r = digits(t);
	}
	return r;
}

static int literal(struct text *t, const char *word)
{
	for (; *word; word++, t->p++)
		if (t->p == t->end || *t->p != (uint8_t)*word)
			return wrong(t, "neither true, false nor null");
	return 0;
}

/* A value that has nothing in it. */
static int scalar(struct text *t)
{
	switch (*t->p) {
	case '"':
		return string(t);
	case 't':
		return literal(t, "true");
	case 'f':
		return literal(t, "false");
	case 'n':
		return literal(t, "null");
	default:
		return *t->p == '-' || is_digit(t) ? number(t) : wrong(t, "not a value");
	}
}

/* A name and its colon. */
static int name(struct text *t)
{
	int r;

	if (*t->p != '"')
		return wrong(t, "not a name in quotation marks");
	r = string(t);
	if (r < 0)
		return r;
	skip_space(t);
	if (t->p == t->end || *t->p != ':')
		return wrong(t, "not a colon");
	t->p++;
	return 0;
}

/* What is open, from the outside: a bit each, set for an object. */
struct nesting {
	uint64_t is_object[JSON_DEPTH_MAX / 64];
	unsigned depth;
};

static inline bool in_object(const struct nesting *n)
{
	unsigned i = n->depth - 1;

	return n->is_object[i / 64] >> i % 64 & 1;
}

static int open_one(struct text *t, struct nesting *n, bool object)
{
	unsigned i = n->depth;

	if (i == JSON_DEPTH_MAX)
		return wrong(t, "nested too deep");
	n->is_object[i / 64] = (n->is_object[i / 64] & ~(UINT64_C(1) << i % 64)) | (uint64_t)object << i % 64;
	n->depth++;
	t->p++;
	return 0;
}

/* Behind a value that lies in another. */
static int behind(struct text *t, struct nesting *n, enum state *state)
{
	bool object = in_object(n);

	if (*t->p == ',')
		*state = object ? KEY : VALUE;
	else if (*t->p == (object ? '}' : ']'))
		n->depth--;
	else
		return wrong(t, object ? "neither a comma nor }" : "neither a comma nor ]");
	t->p++;
	return 0;
}

static int step(struct text *t, struct nesting *n, enum state *state)
{
	uint8_t c = *t->p;
	int r;

	if (*state == BEHIND)
		return behind(t, n, state);
	if ((*state == KEY_OR_END && c == '}') || (*state == VALUE_OR_END && c == ']')) {
		*state = BEHIND;
		n->depth--;
		t->p++;
		return 0;
	}
	if (*state == KEY || *state == KEY_OR_END) {
		*state = VALUE;
		return name(t);
	}
	if (c == '{' || c == '[') {
		*state = c == '{' ? KEY_OR_END : VALUE_OR_END;
		return open_one(t, n, c == '{');
	}
	r = scalar(t);
	*state = BEHIND;
	return r;
}

int json_check(const char *text, size_t len, size_t *ret_at, const char **ret_why)
{
	const uint8_t *start = (const uint8_t *)text;
	struct text t = {.p = start, .end = len ? start + len : start};
	struct nesting n = {.depth = 0};
	enum state state = VALUE;
	int r = 0;

	do {
		skip_space(&t);
		if (state == BEHIND && n.depth == 0) {
			if (t.p == t.end)
				return 0;
			r = wrong(&t, "more behind the value");
		} else {
			r = t.p == t.end ? wrong(&t, cut_off) : step(&t, &n, &state);
		}
	} while (r == 0);
	*ret_at = (size_t)(t.p - start);
	*ret_why = t.why;
	return r;
}
