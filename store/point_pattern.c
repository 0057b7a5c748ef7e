/* point_pattern.c -- regular expressions that values are matched with
 *
 * Most patterns that people write are words, with | between, or what a value begins with; these are answered without
 * regexec. Others are measured before they are compiled: what regcomp makes of ((a{99}){99}){99} has no limit of its
 * own, and neither has the time that \1 takes.
 */
#include "store/point_pattern.h"

#include "store/cleanup.h"

#include <ctype.h>

enum {
	PATTERN_MAX = 1024, /* bytes; of words alone there may be more */
	NODES_MAX = 1000,   /* of a pattern whose repetitions are written out */
	NESTING_MAX = 20,
};

static bool is_special(char c)
{
	return strchr(".[]()*+?{}|^$\\", c) != NULL;
}

/* Takes characters that stand for themselves. false: there was none. */
static bool take_literal(struct span *s, struct buf *out)
{
	size_t before = out->len;

	while (s->p < s->end) {
		char c = (char)*s->p;

		if (c == '\\' && s->p + 1 < s->end && is_special((char)s->p[1]))
			c = (char)*++s->p;
		else if (is_special(c))
			break;
		buf_put_u8(out, (uint8_t)c);
		s->p++;
	}
	return out->len > before;
}

static bool is_rest(const struct span *s, const char *rest)
{
	return span_left(s) == strlen(rest) && memcmp(s->p, rest, strlen(rest)) == 0;
}

/* Whether the pattern is one that needs no regexec. */
static bool is_simple(struct span s, struct point_pattern *c)
{
	/* No part of an escape is taken, so this does not stop in the middle of one. */
	for (;;) {
		take_literal(&s, &c->text);
		if (is_rest(&s, ".*") || is_rest(&s, ".+")) {
			/* Of several words the others would be prefixes. */
			c->kind = POINT_PATTERN_PREFIX;
			c->more = s.p[1] == '+';
			return !memchr(c->text.p ? c->text.p : (const uint8_t *)"", 0, c->text.len);
		}
		buf_put_u8(&c->text, 0);
		if (s.p == s.end)
			break;
		if (*s.p++ != '|')
			return false;
	}
	c->kind = POINT_PATTERN_WORDS;
	return true;
}

/* How many nodes a pattern is when its repetitions are written out. */
struct measure {
	struct span left;
	unsigned nesting;
	const char *error;
};

/* {m}, {m,}, {m,n}: the larger of them. */
static unsigned take_bounds(struct measure *m)
{
	unsigned bounds[2] = {0, 0}, k = 0;

	for (m->left.p++; m->left.p < m->left.end && *m->left.p != '}'; m->left.p++) {
		if (*m->left.p == ',' && k == 0)
			k = 1;
		else if (isdigit(*m->left.p) && bounds[k] <= NODES_MAX)
			bounds[k] = 10 * bounds[k] + (unsigned)(*m->left.p - '0');
		else
			m->error = "{ in a pattern is followed by one or two numbers up to 1000; the character is \\{";
	}
	if (m->left.p == m->left.end)
		m->error = "there is a { without } in a pattern";
	else
		m->left.p++;
	return bounds[0] > bounds[1] ? bounds[0] : bounds[1];
}

static void skip_brackets(struct measure *m)
{
	const uint8_t *begin = ++m->left.p;

	if (m->left.p < m->left.end && *m->left.p == '^')
		begin = ++m->left.p;
	while (m->left.p < m->left.end && (*m->left.p != ']' || m->left.p == begin)) {
		/* [:alpha:] and the like may have a ] of their own. */
		if (*m->left.p == '[' && m->left.p + 1 < m->left.end && strchr(":.=", m->left.p[1])) {
			uint8_t end = m->left.p[1];

			for (m->left.p += 2; m->left.p + 1 < m->left.end; m->left.p++)
				if (m->left.p[0] == end && m->left.p[1] == ']')
					break;
			if (m->left.p + 1 < m->left.end)
				m->left.p++;
		}
		m->left.p++;
	}
	if (m->left.p >= m->left.end) {
		m->left.p = m->left.end;
		m->error = "there is a [ without ] in a pattern";
		return;
	}
	m->left.p++;
}

static uint64_t measure_group(struct measure *m);

static uint64_t measure_atom(struct measure *m)
{
	uint64_t n = 1;

	switch (*m->left.p) {
	case '(':
		m->left.p++;
		if (m->nesting++ == NESTING_MAX) {
			m->error = "a pattern has too many ( within another";
			return n;
		}
		n += measure_group(m);
		m->nesting--;
		if (!m->error && m->left.p == m->left.end)
			m->error = "there is a ( without ) in a pattern";
		if (!m->error)
			m->left.p++;
		return n;
	case '[':
		skip_brackets(m);
		return n;
	case '\\':
		m->left.p++;
		if (m->left.p == m->left.end)
			m->error = "a pattern ends in \\";
		else if (isalnum(*m->left.p))
			m->error = "in a pattern \\ must stand before a character that is special";
		if (m->error)
			return n;
		break;
	default:
		break;
	}
	m->left.p++;
	return n;
}

/* Up to the ) that ends it, or the end. */
static uint64_t measure_group(struct measure *m)
{
	uint64_t n = 0;

	while (!m->error && m->left.p < m->left.end && *m->left.p != ')') {
		bool has_atom = !strchr("*+?{|^$", *m->left.p);
		uint64_t atom = 1;

		if (has_atom)
			atom = measure_atom(m);
		else if (!strchr("|^$", *m->left.p))
			m->error = "there is nothing to repeat in a pattern";
		else
			m->left.p++;
		while (!m->error && has_atom && m->left.p < m->left.end && strchr("*+?{", *m->left.p)) {
			if (*m->left.p == '{')
				atom *= 1 + take_bounds(m);
			else
				m->left.p++;
			if (atom > NODES_MAX && !m->error)
				m->error = "a pattern repeats too much";
		}
		n += atom;
	}
	if (n > NODES_MAX && !m->error)
		m->error = "a pattern is too large";
	return n;
}

/* Ret: what is wrong with the pattern, or NULL. */
static const char *check(struct span pattern)
{
	struct measure m = {.left = pattern};

	if (span_left(&pattern) > PATTERN_MAX)
		return "a pattern has more than 1024 bytes";
	measure_group(&m);
	if (!m.error && m.left.p < m.left.end)
		m.error = "there is a ) without ( in a pattern";
	return m.error;
}

/* Only what matches all of a value. */
static int compile(struct span pattern, struct point_pattern *c, const char **ret_wrong)
{
	_cleanup_(buf_done) struct buf whole = {0};
	int e;

	buf_puts(&whole, "^(");
	buf_put(&whole, pattern.p, span_left(&pattern));
	buf_put(&whole, ")$", sizeof(")$"));
	if (whole.err)
		return whole.err;
	e = regcomp(&c->regex, (const char *)whole.p, REG_EXTENDED | REG_NOSUB);
	if (e == 0) {
		c->kind = POINT_PATTERN_REGEX;
		return 0;
	}
	if (e == REG_ESPACE)
		return -ENOMEM;
	*ret_wrong = "that is no regular expression";
	return -EINVAL;
}

int point_pattern_init(struct point_pattern *c, struct span text, const char **ret_wrong)
{
	*ret_wrong = NULL;
	if (is_simple(text, c))
		return c->text.err;
	*ret_wrong = check(text);
	return *ret_wrong ? -EINVAL : compile(text, c, ret_wrong);
}

int point_pattern_init_word(struct point_pattern *c, struct span word)
{
	buf_put(&c->text, word.p, span_left(&word));
	buf_put_u8(&c->text, 0);
	return c->text.err;
}

void point_pattern_done(struct point_pattern *c)
{
	buf_done(&c->text);
	if (c->kind == POINT_PATTERN_REGEX)
		regfree(&c->regex);
}

static bool is_a_word(const struct point_pattern *c, struct span value)
{
	const char *p = (const char *)c->text.p, *end = p + c->text.len;

	for (size_t len; p < end; p += len + 1) {
		len = strlen(p);
		if (len == span_left(&value) && (len == 0 || memcmp(p, value.p, len) == 0))
			return true;
	}
	return false;
}

bool point_pattern_matches(const struct point_pattern *c, struct span value)
{
	regmatch_t whole = {.rm_so = 0, .rm_eo = (regoff_t)span_left(&value)};

	switch (c->kind) {
	case POINT_PATTERN_WORDS:
		return is_a_word(c, value);
	case POINT_PATTERN_PREFIX:
		return span_left(&value) >= c->text.len + c->more &&
		       (c->text.len == 0 || memcmp(value.p, c->text.p, c->text.len) == 0);
	default:
		return regexec(&c->regex, value.p ? (const char *)value.p : "", 1, &whole, REG_STARTEND) == 0;
	}
}

bool point_pattern_word(const struct point_pattern *c, struct span *ret)
{
	if (c->kind != POINT_PATTERN_WORDS || strlen((const char *)c->text.p) != c->text.len - 1)
		return false;
	*ret = span_of(c->text.p, c->text.len - 1);
	return true;
}
