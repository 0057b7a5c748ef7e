/* promtext.c -- see promtext.h */
#include "collector/promtext.h"

#include "collector/decimal.h"
#include "collector/words.h"

#include <math.h>

static const char end_mark[] = "# EOF";

/* --- names --- */

static bool is_name(struct span s, bool colons)
{
	const uint8_t *p = s.p;

	for (; p < s.end; p++) {
		bool letter = (*p | 32) >= 'a' && (*p | 32) <= 'z';

		if (!letter && *p != '_' && !(colons && *p == ':') && !(p > s.p && decimal_is_digit(*p)))
			return false;
	}
	return p > s.p;
}

/* Behind the quote that ends a value, which begins behind one; NULL: it does not end. */
static const uint8_t *value_end(const uint8_t *p, const uint8_t *end)
{
	for (; p < end; p++)
		if (*p == '\\' && p + 1 < end)
			p++;
		else if (*p == '"')
			return p + 1;
	return NULL;
}

/* Takes the backslashes away, into room, which is moved. False: one stands before what it cannot. */
static bool unescape(struct span s, uint8_t **room, struct span *ret)
{
	uint8_t *to = *room;

	*ret = s;
	if (!memchr(s.p, '\\', span_left(&s)))
		return true;
	ret->p = to;
	for (; s.p < s.end; s.p++) {
		uint8_t c = *s.p;

		if (c == '\\') {
			c = ++s.p < s.end ? *s.p : 0;
			if (c != '\\' && c != '"' && c != 'n')
				return false;
			c = c == 'n' ? '\n' : c;
		}
		*to++ = c;
	}
	ret->end = *room = to;
	return true;
}

/* One label, up to what is behind its value. NULL, or what is wrong. */
static const char *parse_label(struct span *s, uint8_t **room, struct point_label *ret)
{
	struct span value;
	const uint8_t *end;

	ret->name = words_up_to(s, '=');
	while (ret->name.end > ret->name.p && words_blank(ret->name.end[-1]))
		ret->name.end--;
	words_skip_blanks(s);
	if (!is_name(ret->name, false))
		return "a label's name that is none";
	if (s->p == s->end || *s->p != '"')
		return "a label's value that is not in quotes";
	end = value_end(s->p + 1, s->end);
	if (!end)
		return "a label's value that does not end";
	value = span_of(s->p + 1, (size_t)(end - s->p - 2));
	s->p = end;
	return unescape(value, room, &ret->value) ? NULL : "a backslash before what needs none";
}

/* All that stands in the braces. */
static const char *parse_labels(struct span s, uint8_t *room, struct point_label *labels, size_t *ret_n)
{
	size_t n = 0;

	for (;;) {
		const char *why;

		words_skip_blanks(&s);
		if (s.p == s.end)
			break;
		if (n == POINT_LABELS_MAX)
			return "more than 64 labels";
		why = parse_label(&s, &room, &labels[n++]);
		if (why)
			return why;
		words_skip_blanks(&s);
		if (s.p == s.end)
			break;
		if (*s.p++ != ',')
			return "no comma between labels";
	}
	*ret_n = n;
	return NULL;
}

/* The series' text: the name, and its labels in braces if there are any. */
static bool name_series(struct point_sink *sink, const struct point_spelling *spelling, uint32_t *ret)
{
	struct point_label labels[POINT_LABELS_MAX];
	struct span inner = spelling->first, name = words_up_to(&inner, '{');
	uint8_t room[POINT_SPELLING_MAX];
	const char *why = NULL;
	size_t n = 0;

	while (name.end > name.p && words_blank(name.end[-1]))
		name.end--;
	if (span_left(&spelling->first) > POINT_SPELLING_MAX)
		why = "the name and its labels are too long";
	else if (!is_name(name, true))
		why = "a metric's name that is none";
	else if (inner.p < inner.end)
		why = parse_labels(span_of(inner.p, span_left(&inner) - 1), room, labels, &n);
	if (why) {
		sink->refuse(sink, why);
		return false;
	}
	return sink->name(sink, spelling, name, labels, n, ret);
}

/* --- lines --- */

/* Behind the brace that ends labels, which begin behind one; NULL: they do not end. */
static const uint8_t *labels_end(const uint8_t *p, const uint8_t *end)
{
	while (p && p < end) {
		if (*p == '}')
			return p + 1;
		p = *p == '"' ? value_end(p + 1, end) : p + 1;
	}
	return NULL;
}

/* The text of the series, in front of a line. */
static const char *take_series(struct span *line, struct span *ret)
{
	const uint8_t *begin = line->p, *p = begin;

	while (p < line->end && *p != '{' && !words_blank(*p))
		p++;
	line->p = p;
	ret->p = begin;
	ret->end = p;
	words_skip_blanks(line);
	if (line->p == line->end || *line->p != '{')
		return NULL;
	p = labels_end(line->p + 1, line->end);
	if (!p)
		return "labels that do not end";
	line->p = ret->end = p;
	return NULL;
}

static bool parse_value(struct span s, double *ret)
{
	static const struct {
		const char *word;
		double value;
	} words[] = {{"NaN", NAN}, {"nan", NAN}, {"+Inf", INFINITY}, {"-Inf", -INFINITY}, {"Inf", INFINITY},
	    {"+inf", INFINITY}, {"-inf", -INFINITY}, {"inf", INFINITY}};

	if (s.p && decimal_take(s.p, s.end, ret) == s.end)
		return isfinite(*ret);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (s.p && words_is(s, words[i].word)) {
			*ret = words[i].value;
			return true;
		}
	return false;
}

static const char *parse_line(struct span line, enum promtext_form form, int64_t now_ns, struct span *ret_series,
    double *ret_value, int64_t *ret_ns)
{
	bool open = form == PROMTEXT_OPENMETRICS;
	const char *why = take_series(&line, ret_series);
	struct span time;

	if (why)
		return why;
	if (!parse_value(words_next(&line), ret_value))
		return "a value that is no number, or too large";
	time = words_next(&line);
	*ret_ns = now_ns;
	if (time.p && !(open && *time.p == '#')) {
		if (decimal_take_time(time.p, time.end, open ? 1000000000 : 1000000, open, ret_ns) != time.end)
			return "a time that is none, or beyond 64 bits of nanoseconds";
		time = words_next(&line);
	}
	return time.p && !(open && *time.p == '#') ? "something behind the time" : NULL;
}

static void take_line(struct span line, enum promtext_form form, int64_t now_ns, struct point_sink *sink)
{
	struct point_spelling spelling = {0};
	const char *why;
	uint32_t series;
	double value;
	int64_t ns;

	words_skip_blanks(&line);
	if (line.p == line.end || *line.p == '#')
		return;
	why = parse_line(line, form, now_ns, &spelling.first, &value, &ns);
	if (why)
		sink->refuse(sink, why);
	else if (sink->find(sink, &spelling, &series) || name_series(sink, &spelling, &series))
		sink->put(sink, series, ns, value);
}

size_t promtext_parse(struct span text, bool whole, enum promtext_form form, int64_t now_ns, struct point_sink *sink)
{
	const uint8_t *begin = text.p;
	struct span line;

	while (point_sink_takes(sink, text.p) && words_line(&text, whole, &line)) {
		sink->line++;
		if (form == PROMTEXT_OPENMETRICS && words_is(line, end_mark)) {
			if (text.p < text.end)
				sink->refuse(sink, "something behind # EOF");
			text.p = text.end;
			break;
		}
		take_line(line, form, now_ns, sink);
	}
	return (size_t)(text.p - begin);
}

bool promtext_is_ended(struct span text)
{
	struct span line = {0};

	while (words_line(&text, true, &line) && !words_is(line, end_mark))
		;
	return line.p && words_is(line, end_mark) && text.p == text.end;
}
