/* point_select.c -- which series
 *
 * A selector is a list of conditions, all of which must hold: the metric is the label __name__.
 */
#include "store/point_select.h"

#include "store/point_pattern.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

enum {
	TEXT_MAX = 16384,
	CONDITIONS_MAX = 64,
};

static const char name_label[] = "__name__";

struct condition {
	struct buf label;
	bool negated, is_pattern;
	struct point_pattern pattern;
};

struct point_select {
	char *text;
	struct condition conditions[CONDITIONS_MAX];
	size_t n;
};

/* --- the text --- */

struct parser {
	const char *begin;
	struct span left;
	char *error;
};

static int fail(struct parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int fail(struct parser *p, const char *fmt, ...)
{
	int n = snprintf(
	    p->error, POINT_SELECT_ERROR_MAX, "at character %zu: ", (size_t)((const char *)p->left.p - p->begin) + 1);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->error + n, POINT_SELECT_ERROR_MAX - (size_t)n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static char peek(const struct parser *p)
{
	return p->left.p < p->left.end ? (char)*p->left.p : '\0';
}

static void skip_blanks(struct parser *p)
{
	while (p->left.p < p->left.end && strchr(" \t\r\n", *p->left.p) && *p->left.p)
		p->left.p++;
}

static bool take(struct parser *p, const char *what)
{
	if (span_left(&p->left) < strlen(what) || memcmp(p->left.p, what, strlen(what)) != 0)
		return false;
	p->left.p += strlen(what);
	return true;
}

static bool is_word(char c, const char *more)
{
	return isalnum((unsigned char)c) || (c && strchr(more, c));
}

/* Letters, digits, and what else is named. */
static void take_word(struct parser *p, const char *more, struct buf *out)
{
	for (; is_word(peek(p), more); p->left.p++)
		buf_put_u8(out, *p->left.p);
}

static int unescape(struct parser *p, struct buf *out)
{
	static const char names[] = "\\\"'`ntr", values[] = "\\\"'`\n\t\r";
	const char *at;

	at = peek(p) ? strchr(names, peek(p)) : NULL;
	if (!at)
		return fail(p, "in quotes \\ must be followed by \\ \" ' n t or r (\\\\ is a single one)");
	buf_put_u8(out, (uint8_t)values[at - names]);
	p->left.p++;
	return 0;
}

/* A text in quotes: "…" or '…' with escapes, `…` without. */
static int take_quoted(struct parser *p, struct buf *out)
{
	char quote = peek(p);
	int r = 0;

	if (!quote || !strchr("\"'`", quote))
		return fail(p, "expected a text in quotes");
	p->left.p++;
	while (r == 0) {
		if (p->left.p == p->left.end)
			return fail(p, "the text in quotes does not end");
		if (*p->left.p == '\0')
			return fail(p, "there is a NUL");
		if (peek(p) == quote)
			break;
		if (peek(p) == '\\' && quote != '`') {
			p->left.p++;
			r = unescape(p, out);
		} else {
			buf_put_u8(out, *p->left.p++);
		}
	}
	if (r == 0)
		p->left.p++;
	return r < 0 ? r : out->err;
}

static int take_operator(struct parser *p, struct condition *c)
{
	c->negated = peek(p) == '!';
	if (take(p, "=~") || take(p, "!~"))
		c->is_pattern = true;
	else if (!take(p, "=") && !take(p, "!="))
		return fail(p, "expected = != =~ or !~");
	return 0;
}

static int set_value(struct parser *p, struct condition *c, struct span value)
{
	const char *wrong;
	int r;

	if (!c->is_pattern)
		return point_pattern_init_word(&c->pattern, value);
	r = point_pattern_init(&c->pattern, value, &wrong);
	return wrong ? fail(p, "%s", wrong) : r;
}

/* label="value", or a metric in quotes alone. */
static int take_condition(struct parser *p, struct condition *c)
{
	_cleanup_(buf_done) struct buf value = {0};
	bool quoted = peek(p) && strchr("\"'`", peek(p));
	int r = 0;

	if (quoted)
		r = take_quoted(p, &c->label);
	else
		take_word(p, "_:.-", &c->label);
	if (r == 0)
		r = c->label.err;
	if (r == 0 && c->label.len == 0)
		r = fail(p, "expected the name of a label");
	skip_blanks(p);
	if (r == 0 && quoted && (peek(p) == ',' || peek(p) == '}')) {
		value = c->label;
		c->label = (struct buf){0};
		buf_puts(&c->label, name_label);
		return set_value(p, c, span_of(value.p, value.len));
	}
	if (r == 0)
		r = take_operator(p, c);
	skip_blanks(p);
	if (r == 0)
		r = take_quoted(p, &value);
	if (r == 0)
		r = set_value(p, c, span_of(value.p, value.len));
	return r < 0 ? r : c->label.err;
}

/* NULL: there are too many, which has been said. */
static struct condition *new_condition(struct parser *p, struct point_select *s)
{
	if (s->n < CONDITIONS_MAX)
		return &s->conditions[s->n++];
	fail(p, "there are more than %d conditions", CONDITIONS_MAX);
	return NULL;
}

static int take_conditions(struct parser *p, struct point_select *s)
{
	struct condition *c;
	int r = 0;

	for (;;) {
		skip_blanks(p);
		if (take(p, "}"))
			return 0;
		c = new_condition(p, s);
		r = c ? take_condition(p, c) : -EINVAL;
		skip_blanks(p);
		if (r == 0 && !take(p, ",") && peek(p) != '}')
			r = fail(p, "expected , or }");
		if (r < 0)
			return r;
	}
}

static int parse(struct parser *p, struct point_select *s)
{
	_cleanup_(buf_done) struct buf metric = {0};
	struct condition *c;
	int r = 0;

	skip_blanks(p);
	if (is_word(peek(p), "_:.")) {
		c = new_condition(p, s);
		if (!c)
			return -EINVAL;
		buf_puts(&c->label, name_label);
		take_word(p, "_:.", &metric);
		r = c->label.err ? c->label.err : metric.err;
		if (r == 0)
			r = set_value(p, c, span_of(metric.p, metric.len));
	}
	skip_blanks(p);
	if (r == 0 && take(p, "{"))
		r = take_conditions(p, s);
	skip_blanks(p);
	if (r == 0 && p->left.p < p->left.end)
		r = fail(p, s->n ? "expected the end, or {" : "expected a metric, or {");
	if (r == 0 && s->n == 0)
		r = fail(p, "nothing is selected; all series are {__name__=~\".+\"}");
	return r;
}

int point_select_new(const char *text, size_t len, char error[POINT_SELECT_ERROR_MAX], struct point_select **ret)
{
	_cleanup_(cleanup_point_select) struct point_select *s = calloc(1, sizeof(*s));
	struct parser p = {.begin = text, .left = span_of(text, len), .error = error};
	int r;

	if (!s)
		return -ENOMEM;
	if (len > TEXT_MAX)
		return fail(&p, "there are more than %d bytes", TEXT_MAX);
	s->text = strndup(text, len);
	if (!s->text)
		return -ENOMEM;
	r = parse(&p, s);
	if (r == 0)
		*ret = TAKE(s);
	return r;
}

void point_select_free(struct point_select *s)
{
	for (size_t i = 0; i < s->n; i++) {
		buf_done(&s->conditions[i].label);
		point_pattern_done(&s->conditions[i].pattern);
	}
	free(s->text);
	free(s);
}

/* --- matching --- */

bool point_select_matches(const struct point_select *s, struct span key)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct condition *c = &s->conditions[i];
		struct span value = point_key_get(key, span_of(c->label.p, c->label.len));

		if (point_pattern_matches(&c->pattern, value) == c->negated)
			return false;
	}
	return true;
}

bool point_select_equal(const struct point_select *s, size_t nth, struct span *ret_label, struct span *ret_value)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct condition *c = &s->conditions[i];

		if (c->negated || !point_pattern_word(&c->pattern, ret_value) || span_left(ret_value) == 0 || nth-- > 0)
			continue;
		*ret_label = span_of(c->label.p, c->label.len);
		return true;
	}
	return false;
}

const char *point_select_text(const struct point_select *s)
{
	return s->text;
}
