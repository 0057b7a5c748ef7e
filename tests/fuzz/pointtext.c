/* pointtext.c -- fuzz target: points in texts of other programs
 *
 * The first byte says of which form, the second where the text is cut: what comes in two pieces gives the same points
 * and the same refusals as in one.
 */
#include "collector/graphite.h"
#include "collector/influx.h"
#include "collector/promtext.h"
#include "collector/statsd.h"
#include "ctl/series_text.h"
#include "tests/fuzz/must.h"
#include "tests/point_trap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum form { INFLUX, GRAPHITE, PROMETHEUS, OPENMETRICS, STATSD, TYPED, N_FORMS };

static size_t parse(enum form form, struct span text, bool whole, struct point_sink *sink)
{
	switch (form) {
	case INFLUX:
		return influx_parse(text, whole, 7, 1000, sink);
	case GRAPHITE:
		return graphite_parse(text, whole, 7, sink);
	case PROMETHEUS:
		return promtext_parse(text, whole, PROMTEXT_PLAIN, 7, sink);
	default:
		return promtext_parse(text, whole, PROMTEXT_OPENMETRICS, 7, sink);
	}
}

static void in_pieces(enum form form, struct span text, size_t cut)
{
	struct point_trap one, two;
	size_t taken;

	/* Only the piece that has the end mark knows that something is behind it. */
	if (form == OPENMETRICS && memmem(text.p, span_left(&text), "# EOF", 5))
		cut = 0;
	point_trap_init(&one);
	point_trap_init(&two);
	must(parse(form, text, true, &one.sink) == span_left(&text));
	taken = parse(form, span_of(text.p, cut), false, &two.sink);
	must(taken <= cut);
	must(parse(form, span_of(text.p + taken, span_left(&text) - taken), true, &two.sink) ==
	     span_left(&text) - taken);
	must(one.sink.line == two.sink.line && one.text.len == two.text.len);
	must(one.text.len == 0 || memcmp(one.text.p, two.text.p, one.text.len) == 0);
	point_trap_done(&one);
	point_trap_done(&two);
}

/* Stopped where a line begins, and gone on with: what comes of it, also of what must be at the end, is the same. */
static void in_steps(enum form form, struct span text, size_t cut)
{
	struct point_trap one, two;
	size_t taken;

	point_trap_init(&one);
	point_trap_init(&two);
	must(parse(form, text, true, &one.sink) == span_left(&text));
	two.sink.until = text.p + cut;
	taken = parse(form, text, true, &two.sink);
	two.sink.until = NULL;
	must(taken >= cut || taken == span_left(&text));
	must(parse(form, span_of(text.p + taken, span_left(&text) - taken), true, &two.sink) ==
	     span_left(&text) - taken);
	must(one.sink.line == two.sink.line && one.text.len == two.text.len);
	must(one.text.len == 0 || memcmp(one.text.p, two.text.p, one.text.len) == 0);
	point_trap_done(&one);
	point_trap_done(&two);
}

struct taker {
	struct statsd_sink sink; /* first */
	struct statsd *statsd;
};

static void refuse(struct statsd_sink *s, const char *why)
{
	(void)s;
	must(*why);
}

static void sample(struct statsd_sink *s, const struct statsd_sample *v)
{
	must(v->rate > 0 && v->rate <= 1);
	(void)statsd_add(((struct taker *)s)->statsd, v, 0);
}

static void summed_up(struct span text)
{
	struct taker t = {.sink = {.sample = sample, .refuse = refuse}};
	struct point_trap trap;

	if (statsd_new(100, 1, &t.statsd) < 0)
		return;
	must(statsd_line_parse(text, true, &t.sink) == span_left(&text));
	point_trap_init(&trap);
	for (int64_t ms = 0; ms < 5; ms++)
		statsd_flush(t.statsd, ms, ms, &trap.sink);
	point_trap_text(&trap);
	/* By then all names are forgotten. */
	statsd_flush(t.statsd, 9, 9, &trap.sink);
	must(trap.text.len == 0);
	point_trap_done(&trap);
	statsd_free(t.statsd);
}

/* What is typed comes back when its key is written. */
static void typed(struct span text)
{
	_cleanup_(cleanup_free) struct series_text *s = NULL, *again = NULL;
	_cleanup_(buf_done) struct buf key = {0}, out = {0};
	struct point_label labels[POINT_LABELS_MAX];
	const char *why;
	size_t n = 0;

	if (series_text_parse(text, &s, &why) < 0)
		return;
	for (; n < s->n; n++)
		labels[n] = (struct point_label){span_of(s->labels[n].name, strlen(s->labels[n].name)),
		    span_of(s->labels[n].value, strlen(s->labels[n].value))};
	if (point_key_put(&key, span_of(s->metric, strlen(s->metric)), labels, n) < 0)
		return;
	point_key_put_text(&out, span_of(key.p, key.len), false);
	must(series_text_parse(span_of(out.p, out.len), &again, &why) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text;
	enum form form;

	if (size < 2)
		return 0;
	form = data[0] % N_FORMS;
	text = span_of(data + 2, size - 2);
	if (form == STATSD)
		summed_up(text);
	else if (form == TYPED)
		typed(text);
	else
		in_pieces(form, text, size > 2 ? data[1] % (size - 1) : 0);
	in_steps(form, text, size > 2 ? data[1] % (size - 1) : 0);
	return 0;
}
