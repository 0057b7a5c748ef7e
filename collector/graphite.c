/* graphite.c -- see graphite.h */
#include "collector/graphite.h"

#include "collector/decimal.h"
#include "collector/words.h"

#include <math.h>

static const int64_t second = 1000000000;

/* What stands behind the path, tag by tag. NULL, or what is wrong. */
static const char *parse_tags(struct span s, struct point_label *labels, size_t *ret_n)
{
	size_t n = 0;

	while (s.p < s.end) {
		struct span tag = words_up_to(&s, ';');
		struct span name = words_up_to(&tag, '=');

		if (name.p == name.end || tag.p == tag.end)
			return "a tag without a name, or without a value";
		if (n == POINT_LABELS_MAX)
			return "more than 64 tags";
		labels[n++] = (struct point_label){name, tag};
	}
	*ret_n = n;
	return NULL;
}

static bool name_series(struct point_sink *sink, const struct point_spelling *spelling, uint32_t *ret)
{
	struct point_label labels[POINT_LABELS_MAX];
	struct span rest = spelling->first, path = words_up_to(&rest, ';');
	const char *why = NULL;
	size_t n = 0;

	if (span_left(&spelling->first) > POINT_SPELLING_MAX)
		why = "the path and its tags are too long";
	else if (path.p == path.end)
		why = "no path";
	else if (spelling->first.end[-1] == ';')
		why = "a tag without a name, or without a value";
	else
		why = parse_tags(rest, labels, &n);
	if (why) {
		sink->refuse(sink, why);
		return false;
	}
	return sink->name(sink, spelling, path, labels, n, ret);
}

static const char *parse_line(
    struct span line, int64_t now_ns, struct span *ret_path, double *ret_value, int64_t *ret_ns)
{
	struct span value, time;
	int64_t ns = now_ns;

	*ret_path = words_next(&line);
	value = words_next(&line);
	time = words_next(&line);
	if (time.p == time.end)
		return "a line has a path, a value and a time";
	if (words_next(&line).p)
		return "something behind the time";
	if (decimal_take(value.p, value.end, ret_value) != value.end || !isfinite(*ret_value))
		return "a value that is no number, or too large";
	if (!words_is(time, "-1") && decimal_take_time(time.p, time.end, second, true, &ns) != time.end)
		return "a time that is none, or beyond 64 bits of nanoseconds";
	*ret_ns = ns;
	return NULL;
}

static void take_line(struct span line, int64_t now_ns, struct point_sink *sink)
{
	struct point_spelling spelling = {0};
	const char *why;
	uint32_t series;
	double value;
	int64_t ns;

	if (words_is_blank(line))
		return;
	why = parse_line(line, now_ns, &spelling.first, &value, &ns);
	if (why)
		sink->refuse(sink, why);
	else if (sink->find(sink, &spelling, &series) || name_series(sink, &spelling, &series))
		sink->put(sink, series, ns, value);
}

size_t graphite_parse(struct span text, bool whole, int64_t now_ns, struct point_sink *sink)
{
	const uint8_t *begin = text.p;
	struct span line;

	while (point_sink_takes(sink, text.p) && words_line(&text, whole, &line)) {
		sink->line++;
		take_line(line, now_ns, sink);
	}
	return (size_t)(text.p - begin);
}
