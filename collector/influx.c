/* influx.c -- see influx.h */
#include "collector/influx.h"

#include "collector/decimal.h"

#include <math.h>

enum { FIELDS_MAX = 1024, FIELD_NAME_MAX = 1024 };

struct field {
	struct span name;
	double value;
};

struct line {
	const uint8_t *p, *end; /* what is left of it */
	struct span head;       /* measurement and tags */
	struct field fields[FIELDS_MAX];
	size_t n;
	size_t n_texts;
	int64_t ns;
};

/* --- bytes --- */

/* The first c that has no backslash before it; NULL: there is none. */
static const uint8_t *find_plain(const uint8_t *p, const uint8_t *end, uint8_t c)
{
	const uint8_t *begin = p;

	while (p < end && (p = memchr(p, c, (size_t)(end - p)))) {
		if (p == begin || p[-1] != '\\')
			return p;
		p++;
	}
	return NULL;
}

static bool is_special(uint8_t c)
{
	return c == ' ' || c == ',' || c == '=';
}

/* Takes the backslashes away, into room, which is moved. */
static struct span unescape(struct span s, uint8_t **room)
{
	uint8_t *to = *room, *begin = to;

	if (!memchr(s.p, '\\', span_left(&s)))
		return s;
	while (s.p < s.end) {
		if (*s.p == '\\' && s.p + 1 < s.end && is_special(s.p[1]))
			s.p++;
		*to++ = *s.p++;
	}
	*room = to;
	return span_of(begin, (size_t)(to - begin));
}

/* Behind the quote that ends a text, which begins behind one; NULL: it does not end. */
static const uint8_t *text_end(const uint8_t *p, const uint8_t *end)
{
	for (; p < end; p++) {
		if (*p == '\\' && p + 1 < end)
			p++;
		else if (*p == '"')
			return p + 1;
	}
	return NULL;
}

/* The newline that ends a line, or NULL. Within a text it ends none, but that has to end: if not, *ret_open is set. */
static const uint8_t *line_end(const uint8_t *p, const uint8_t *end, bool *ret_open)
{
	const uint8_t *newline = memchr(p, '\n', (size_t)(end - p)), *stop = newline ? newline : end;

	*ret_open = false;
	while (p < stop && *p == ' ')
		p++;
	if (p == stop || *p == '#' || !memchr(p, '"', (size_t)(stop - p)))
		return newline;
	p = find_plain(p, stop, ' ');
	if (!p)
		return newline;
	for (; p < end && *p != '\n'; p++) {
		if (*p != '"' || p[-1] != '=' || p[-2] == '\\')
			continue;
		p = text_end(p + 1, end);
		if (!p) {
			*ret_open = true;
			return NULL;
		}
		p--;
	}
	return p < end ? p : NULL;
}

/* --- fields --- */

static bool is_word(struct span s, const char *word)
{
	return span_left(&s) == strlen(word) && memcmp(s.p, word, span_left(&s)) == 0;
}

static bool parse_boolean(struct span s, double *ret)
{
	static const char *const words[2][5] = {
	    {"f", "F", "false", "False", "FALSE"}, {"t", "T", "true", "True", "TRUE"}};

	for (int v = 0; v < 2; v++)
		for (int i = 0; i < 5; i++)
			if (is_word(s, words[v][i])) {
				*ret = v;
				return true;
			}
	return false;
}

static const char *parse_integer(struct span s, double *ret)
{
	bool is_signed = s.end[-1] == 'i';
	const uint8_t *p = s.p + (*s.p == '-' && is_signed), *end = s.end - 1;
	uint64_t v = 0;

	if (p == end)
		return "a value that is no number";
	for (; p < end; p++)
		if (!decimal_is_digit(*p))
			return "a value that is no number";
		else if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
		         __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return "an integer beyond 64 bits";
	if (is_signed && v > (uint64_t)INT64_MAX + (*s.p == '-'))
		return "an integer beyond 64 bits";
	*ret = is_signed && *s.p == '-' ? -(double)v : (double)v;
	return NULL;
}

/* NULL, or what is wrong. */
static const char *parse_number(struct span s, double *ret)
{
	const uint8_t *behind = decimal_take(s.p, s.end, ret);

	if (behind == s.end)
		return isfinite(*ret) ? NULL : "a number that is too large";
	if (s.p < s.end && (s.end[-1] == 'i' || s.end[-1] == 'u'))
		return parse_integer(s, ret);
	return parse_boolean(s, ret) ? NULL : "a value that is no number";
}

/* A field's value, up to what ends it. */
static const char *parse_value(struct line *l, struct field *f)
{
	const uint8_t *begin = l->p;

	if (l->p < l->end && *l->p == '"') {
		l->p = text_end(l->p + 1, l->end);
		if (!l->p || (l->p < l->end && *l->p != ',' && *l->p != ' '))
			return "a text in quotes that does not end";
		l->n_texts++;
		return NULL;
	}
	while (l->p < l->end && *l->p != ',' && *l->p != ' ')
		l->p++;
	l->n++;
	return parse_number(span_of(begin, (size_t)(l->p - begin)), &f->value);
}

static const char *parse_field(struct line *l)
{
	const uint8_t *equals = find_plain(l->p, l->end, '='), *blank;
	struct field *f = &l->fields[l->n];

	if (!equals)
		return "a field without a value";
	blank = find_plain(l->p, equals, ' ');
	f->name = span_of(l->p, (size_t)(equals - l->p));
	if (equals == l->p || blank || find_plain(l->p, equals, ','))
		return "a field without a name, or without a value";
	if (equals - l->p > FIELD_NAME_MAX)
		return "a field's name that is too long";
	l->p = equals + 1;
	return parse_value(l, f);
}

static const char *parse_fields(struct line *l)
{
	for (;;) {
		const char *why = l->n == FIELDS_MAX ? "more than 1024 fields" : parse_field(l);

		if (why || l->p == l->end || *l->p == ' ')
			return why;
		l->p++;
	}
}

static void skip_blanks(struct line *l)
{
	while (l->p < l->end && *l->p == ' ')
		l->p++;
}

/* The time, if there is one, and nothing behind it. */
static const char *parse_time(struct line *l, int64_t ns_per_unit)
{
	skip_blanks(l);
	if (l->p == l->end)
		return NULL;
	l->p = decimal_take_time(l->p, l->end, ns_per_unit, false, &l->ns);
	if (!l->p)
		return "a time that is none, or beyond 64 bits of nanoseconds";
	skip_blanks(l);
	return l->p < l->end ? "something behind the time" : NULL;
}

/* --- series --- */

/* Each name, and each value, up to what ends it. */
static const char *parse_tags(struct span head, uint8_t **room, struct point_label *labels, size_t *ret_n)
{
	const uint8_t *p = head.p, *equals, *comma;
	size_t n = 0;

	for (; p < head.end; p = comma + (comma < head.end)) {
		comma = find_plain(p, head.end, ',');
		if (!comma)
			comma = head.end;
		equals = find_plain(p, comma, '=');
		if (!equals || equals == p || equals + 1 == comma || find_plain(equals + 1, comma, '='))
			return "a tag without a name, or without a value";
		if (n == POINT_LABELS_MAX)
			return "more than 64 tags";
		labels[n].name = unescape(span_of(p, (size_t)(equals - p)), room);
		labels[n++].value = unescape(span_of(equals + 1, (size_t)(comma - equals - 1)), room);
	}
	*ret_n = n;
	return head.end > head.p && head.end[-1] == ',' && (head.end - 1 == head.p || head.end[-2] != '\\')
	           ? "a tag without a name, or without a value"
	           : NULL;
}

static struct span put_metric(struct span measurement, struct span field, uint8_t **room)
{
	uint8_t *begin = *room, *to;

	measurement = unescape(measurement, room);
	if (is_word(field, "value"))
		return measurement;
	field = unescape(field, room);
	begin = to = *room;
	memcpy(to, measurement.p, span_left(&measurement));
	to += span_left(&measurement);
	*to++ = '_';
	memcpy(to, field.p, span_left(&field));
	to += span_left(&field);
	*room = to;
	return span_of(begin, (size_t)(to - begin));
}

static bool name_series(
    struct point_sink *sink, const struct point_spelling *spelling, struct span field, uint32_t *ret)
{
	/* The head and the field, without backslashes, and once more as the metric. */
	uint8_t room[2 * (POINT_SPELLING_MAX + FIELD_NAME_MAX + 1)], *at = room;
	struct point_label labels[POINT_LABELS_MAX];
	struct span head = spelling->first, tags = {0};
	const uint8_t *comma;
	const char *why = NULL;
	size_t n = 0;

	if (span_left(&head) > POINT_SPELLING_MAX) {
		sink->refuse(sink, "the measurement and its tags are too long");
		return false;
	}
	comma = find_plain(head.p, head.end, ',');
	if (comma) {
		tags = span_of(comma + 1, (size_t)(head.end - comma - 1));
		head.end = comma;
		why =
		    tags.p == tags.end ? "a tag without a name, or without a value" : parse_tags(tags, &at, labels, &n);
	}
	if (!why && head.p == head.end)
		why = "no measurement";
	if (why) {
		sink->refuse(sink, why);
		return false;
	}
	return sink->name(sink, spelling, put_metric(head, field, &at), labels, n, ret);
}

/* --- lines --- */

static const char *parse_line(struct line *l, int64_t ns_per_unit)
{
	const uint8_t *blank = find_plain(l->p, l->end, ' ');
	const char *why;

	if (!blank)
		return "no fields";
	l->head = span_of(l->p, (size_t)(blank - l->p));
	l->p = blank;
	skip_blanks(l);
	why = parse_fields(l);
	return why ? why : parse_time(l, ns_per_unit);
}

static void put_line(const struct line *l, struct point_sink *sink)
{
	for (size_t i = 0; i < l->n_texts; i++)
		sink->refuse(sink, "a field that is text, which is not kept");
	for (size_t i = 0; i < l->n && sink->err == 0; i++) {
		const struct field *f = &l->fields[i];
		struct point_spelling spelling = {l->head, f->name};
		uint32_t series;

		if (sink->find(sink, &spelling, &series) || name_series(sink, &spelling, f->name, &series))
			sink->put(sink, series, l->ns, f->value);
	}
}

static void take_line(
    const uint8_t *p, const uint8_t *end, int64_t now_ns, int64_t ns_per_unit, struct point_sink *sink)
{
	struct line l;
	const char *why;

	if (end > p && end[-1] == '\r')
		end--;
	while (p < end && *p == ' ')
		p++;
	if (p == end || *p == '#')
		return;
	l.p = p;
	l.end = end;
	l.ns = now_ns;
	l.n = l.n_texts = 0;
	why = parse_line(&l, ns_per_unit);
	if (why)
		sink->refuse(sink, why);
	else
		put_line(&l, sink);
}

size_t influx_parse(struct span text, bool whole, int64_t now_ns, int64_t ns_per_unit, struct point_sink *sink)
{
	const uint8_t *p = text.p;

	while (p < text.end && point_sink_takes(sink, p)) {
		bool open;
		const uint8_t *newline = line_end(p, text.end, &open);

		if (!newline && !whole)
			break;
		sink->line++;
		take_line(p, newline ? newline : text.end, now_ns, ns_per_unit, sink);
		/* A text may have newlines of its own. */
		for (const uint8_t *in = p; newline && in < newline && (in = memchr(in, '\n', (size_t)(newline - in)));
		     in++)
			sink->line++;
		p = newline ? newline + 1 : text.end;
	}
	return (size_t)(p - text.p);
}
