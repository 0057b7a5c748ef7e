/* drop.c -- operation drop: points of series that a selector selects are gone */
#include "collector/op.h"
#include "store/point_select.h"

enum { SELECTOR_MAX = 64 << 10 };

static int run(struct op_call *c)
{
	struct gauges *g = ingest_gauges(c->ingest);
	char selector[SELECTOR_MAX + 1], why[POINT_SELECT_ERROR_MAX] = "";
	struct span text;
	int64_t first, last;
	int r = op_string(&c->body, &text);

	if (r == 0)
		r = op_i64(&c->body, &first);
	if (r == 0)
		r = op_i64(&c->body, &last);
	if (r == 0)
		r = op_end(&c->body);
	if (r < 0)
		return r;
	if (!gauges_points(g)) {
		snprintf(c->why, sizeof c->why, "custom series cannot be opened");
		return -EIO;
	}
	if (span_left(&text) > SELECTOR_MAX || memchr(text.p, 0, span_left(&text))) {
		snprintf(c->why, sizeof c->why, "a selector has up to %d bytes, none of them zero", SELECTOR_MAX);
		return -EINVAL;
	}
	if (first > last) {
		snprintf(c->why, sizeof c->why, "the last time is before the first");
		return -EINVAL;
	}
	memcpy(selector, text.p, span_left(&text));
	selector[span_left(&text)] = '\0';
	r = gauges_drop(g, selector, first, last, why);
	if (r < 0 && why[0])
		snprintf(c->why, sizeof c->why, "%s", why);
	return r;
}

OP(drop) = {.op = 25, .run = run};
