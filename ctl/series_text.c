/* series_text.c -- see series_text.h */
#include "ctl/series_text.h"

#include "ctl/opened.h"

#include <math.h>
#include <time.h>

static const int64_t second = 1000000000;

/* A reader of text that puts what it reads one behind the other, a NUL behind each. */
struct reading {
	struct span text;
	char *to;
};

static bool take_char(struct reading *rd, char c)
{
	if (rd->text.p == rd->text.end || *rd->text.p != (uint8_t)c)
		return false;
	rd->text.p++;
	return true;
}

/* Up to one of the characters, which stays. NULL: a backslash, or a zero byte, is where it cannot be. */
static const char *take_up_to(struct reading *rd, const char *ends)
{
	char *begin = rd->to;

	while (rd->text.p < rd->text.end && (*rd->text.p == '\0' || !strchr(ends, *rd->text.p))) {
		uint8_t c = *rd->text.p++;

		if (c == '\\') {
			c = rd->text.p < rd->text.end ? *rd->text.p++ : 0;
			if (c != '\\' && c != '"' && c != 'n')
				return NULL;
			c = c == 'n' ? '\n' : c;
		}
		if (c == '\0')
			return NULL;
		*rd->to++ = (char)c;
	}
	*rd->to++ = '\0';
	return begin;
}

static const char *take_label(struct reading *rd, struct histfs_label *ret)
{
	ret->name = take_up_to(rd, "=");
	if (!ret->name || !*ret->name || !take_char(rd, '='))
		return "a label has a name and, behind =, a value";
	if (!take_char(rd, '"'))
		return "a label's value stands in double quotes";
	ret->value = take_up_to(rd, "\"");
	if (!ret->value)
		return "a backslash stands before \\, \" or n";
	return take_char(rd, '"') ? NULL : "a label's value does not end";
}

static const char *take_labels(struct reading *rd, struct series_text *ret)
{
	if (take_char(rd, '}'))
		return NULL;
	for (;;) {
		const char *why;

		if (ret->n == POINT_LABELS_MAX)
			return "more than 64 labels";
		why = take_label(rd, &ret->labels[ret->n++]);
		if (why || take_char(rd, '}'))
			return why;
		if (!take_char(rd, ','))
			return "no comma, or }, behind a label";
	}
}

static const char *parse(struct reading *rd, struct series_text *ret)
{
	const char *why = NULL;

	ret->metric = take_up_to(rd, "{");
	if (!ret->metric || !*ret->metric)
		return "a series has a metric";
	if (take_char(rd, '{'))
		why = take_labels(rd, ret);
	return why || rd->text.p == rd->text.end ? why : "something stands behind the labels";
}

int series_text_parse(struct span text, struct series_text **ret, const char **ret_why)
{
	/* Each name is shorter than its text with what is behind it; the last has nothing behind it. */
	_cleanup_(cleanup_free) struct series_text *s = calloc(1, sizeof *s + span_left(&text) + 1);
	struct reading rd = {.text = text};

	*ret_why = NULL;
	if (!s)
		return -ENOMEM;
	rd.to = s->bytes;
	*ret_why = parse(&rd, s);
	if (*ret_why)
		return -EINVAL;
	*ret = TAKE(s);
	return 0;
}

bool series_text_value(const char *text, double *ret)
{
	char *end;

	if (strcmp(text, "NaN") == 0)
		*ret = NAN;
	else if (strcmp(text, "Infinity") == 0)
		*ret = INFINITY;
	else if (strcmp(text, "-Infinity") == 0)
		*ret = -INFINITY;
	else if (*text == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0')
		return false;
	else {
		*ret = strtod(text, &end);
		return *end == '\0' && isfinite(*ret);
	}
	return true;
}

/* The fraction of a second behind a point, and the Z. */
static bool parse_fraction(const char *text, int64_t *ret_ns)
{
	int64_t unit = second, ns = 0;

	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9' && unit > 1; text++) {
			unit /= 10;
			ns += unit * (*text - '0');
		}
	*ret_ns = ns;
	return strcmp(text, "Z") == 0;
}

bool series_text_time(const char *text, int64_t *ret_ns)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t ns, fraction;

	/* Years that strptime takes and 64 bits do not hold are told by the sum. */
	return rest && parse_fraction(rest, &fraction) && !__builtin_mul_overflow((int64_t)timegm(&tm), second, &ns) &&
	       !__builtin_add_overflow(ns, fraction, ret_ns);
}

bool series_text_moment(const char *text, int64_t *ret_ns)
{
	int64_t ms;

	if (series_text_time(text, ret_ns))
		return true;
	if (opened_time(text, &ms) < 0)
		return false;
	return !__builtin_mul_overflow(ms, (int64_t)1000000, ret_ns);
}

bool series_text_unescape(char *text)
{
	static const char escaped[] = "\\tnrbfv", plain[] = "\\\t\n\r\b\f\v";
	char *to = text;

	for (; *text; text++) {
		const char *which;

		if (*text != '\\') {
			*to++ = *text;
			continue;
		}
		which = *++text ? strchr(escaped, *text) : NULL;
		if (!which)
			return false;
		*to++ = plain[which - escaped];
	}
	*to = '\0';
	return true;
}
