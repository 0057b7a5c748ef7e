/* statsd_line.c -- see statsd_line.h */
#include "collector/statsd_line.h"

#include "collector/decimal.h"
#include "collector/words.h"

#include <math.h>

static const char *parse_type(struct span s, enum statsd_type *ret)
{
	static const struct {
		const char *word;
		enum statsd_type type;
	} types[] = {{"c", STATSD_COUNTER}, {"g", STATSD_GAUGE}, {"ms", STATSD_TIMER}, {"h", STATSD_TIMER},
	    {"d", STATSD_TIMER}, {"s", STATSD_SET}};

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (words_is(s, types[i].word)) {
			*ret = types[i].type;
			return NULL;
		}
	return "a type that is none of c, g, ms, h, d and s";
}

static const char *parse_tags(struct span s, struct statsd_sample *ret)
{
	static const char without_value[] = "true";

	while (s.p < s.end) {
		struct span tag = words_up_to(&s, ',');
		struct point_label *l = &ret->labels[ret->n_labels];
		bool has_value = tag.p < tag.end && memchr(tag.p, ':', span_left(&tag));

		if (ret->n_labels == POINT_LABELS_MAX)
			return "more than 64 tags";
		l->name = words_up_to(&tag, ':');
		l->value = has_value ? tag : span_of(without_value, strlen(without_value));
		if (l->name.p == l->name.end)
			return "a tag without a name";
		ret->n_labels++;
	}
	return NULL;
}

static bool begins(struct span s, const char *prefix)
{
	return span_left(&s) >= strlen(prefix) && memcmp(s.p, prefix, strlen(prefix)) == 0;
}

/* One of the sections behind the type. */
static const char *parse_section(struct span s, struct statsd_sample *ret)
{
	if (begins(s, "@")) {
		if (decimal_take(s.p + 1, s.end, &ret->rate) != s.end || !(ret->rate > 0 && ret->rate <= 1))
			return "a rate that is not above 0 and up to 1";
		return NULL;
	}
	if (begins(s, "#"))
		return ret->n_labels > 0 ? "tags twice" : parse_tags(span_of(s.p + 1, span_left(&s) - 1), ret);
	if (begins(s, "c:") || begins(s, "e:") || begins(s, "card:"))
		return NULL;
	return begins(s, "T") ? "a time of its own, which is not kept" : "a section that is not known";
}

static const char *parse_value(struct span s, struct statsd_sample *ret)
{
	ret->text = s;
	if (ret->type == STATSD_SET)
		return s.p == s.end ? "a set's value that is empty" : NULL;
	ret->relative = ret->type == STATSD_GAUGE && s.p < s.end && (*s.p == '+' || *s.p == '-');
	if (decimal_take(s.p, s.end, &ret->value) != s.end || !isfinite(ret->value))
		return "a value that is no number, or too large";
	return NULL;
}

/* All but the values, which are checked, too. */
static const char *parse_line(struct span line, struct statsd_sample *ret, struct span *ret_values)
{
	struct span type, values;
	const char *why;

	if (begins(line, "_e{") || begins(line, "_sc|"))
		return "an event or a service check, which is not kept";
	if (!memchr(line.p, '|', span_left(&line)))
		return "no type";
	values = words_up_to(&line, '|');
	ret->name = words_up_to(&values, ':');
	type = words_up_to(&line, '|');
	if (ret->name.p == ret->name.end)
		return "no name";
	why = parse_type(type, &ret->type);
	while (!why && line.p < line.end)
		why = parse_section(words_up_to(&line, '|'), ret);
	*ret_values = values;
	if (!why && values.p < values.end && values.end[-1] == ':' && ret->type != STATSD_SET)
		why = "a value that is empty";
	do
		if (!why)
			why = parse_value(ret->type == STATSD_SET ? values : words_up_to(&values, ':'), ret);
	while (!why && ret->type != STATSD_SET && values.p < values.end);
	return why;
}

static void take_line(struct span line, struct statsd_sink *sink)
{
	struct point_label labels[POINT_LABELS_MAX];
	struct statsd_sample sample = {.labels = labels, .rate = 1};
	struct span values;
	const char *why;

	if (words_is_blank(line))
		return;
	why = parse_line(line, &sample, &values);
	if (why) {
		sink->refuse(sink, why);
		return;
	}
	do {
		struct span value = values;

		if (sample.type != STATSD_SET)
			value = words_up_to(&values, ':');
		parse_value(value, &sample);
		sink->sample(sink, &sample);
	} while (sample.type != STATSD_SET && values.p < values.end);
}

size_t statsd_line_parse(struct span text, bool whole, struct statsd_sink *sink)
{
	const uint8_t *begin = text.p;
	struct span line;

	while (words_line(&text, whole, &line)) {
		sink->line++;
		take_line(line, sink);
	}
	return (size_t)(text.p - begin);
}
