/* points.c -- operation points: points of custom series, in columns or as text */
#include "collector/feed.h"
#include "collector/graphite.h"
#include "collector/influx.h"
#include "collector/op.h"
#include "collector/promtext.h"

#include <time.h>

enum { ACK_WRITTEN = 1, ACK_SYNCED, MORE = 128 /* beside the form: the text goes on in another request */ };

enum form {
	FORM_COLUMNS,
	FORM_INFLUX,
	FORM_GRAPHITE,
	FORM_PROMETHEUS,
	FORM_OPENMETRICS,
	FORM_INFLUX_US,
	FORM_INFLUX_MS,
	FORM_INFLUX_S,
	N_FORMS
};

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* Returns how much was taken. */
static size_t parse(enum form form, struct span text, bool whole, struct point_sink *sink)
{
	int64_t now = now_ns();

	switch (form) {
	case FORM_INFLUX:
		return influx_parse(text, whole, now, 1, sink);
	case FORM_INFLUX_US:
		return influx_parse(text, whole, now, 1000, sink);
	case FORM_INFLUX_MS:
		return influx_parse(text, whole, now, 1000000, sink);
	case FORM_INFLUX_S:
		return influx_parse(text, whole, now, 1000000000, sink);
	case FORM_GRAPHITE:
		return graphite_parse(text, whole, now, sink);
	case FORM_PROMETHEUS:
		return promtext_parse(text, whole, PROMTEXT_PLAIN, now, sink);
	default:
		return promtext_parse(text, whole, PROMTEXT_OPENMETRICS, now, sink);
	}
}

static void put_answer(struct op_call *c, uint64_t accepted, uint64_t refused, const char *why, size_t taken)
{
	buf_put_varint(&c->conn->out, accepted);
	buf_put_varint(&c->conn->out, refused);
	op_put_string(&c->conn->out, why);
	buf_put_varint(&c->conn->out, taken);
}

static int put_text(struct op_call *c, struct feed *f, enum form form, bool whole)
{
	struct feed_result result;
	size_t taken = parse(form, c->body, whole, feed_begin(f, 0, NULL, 0));
	int r = feed_end(f, &result);

	put_answer(c, result.accepted, result.refused, result.why, taken);
	return r;
}

static int put_columns(struct op_call *c, struct feed *f)
{
	char why[FEED_WHY_MAX] = "";
	uint64_t n;
	int r = feed_columns(f, c->body, &n, why);

	if (r < 0) {
		snprintf(c->why, sizeof c->why, "%s", why);
		return r;
	}
	put_answer(c, n, 0, "", span_left(&c->body));
	return 0;
}

static int run(struct op_call *c)
{
	struct gauges *g = ingest_gauges(c->ingest);
	const uint8_t *head = span_take(&c->body, 2);
	struct feed *f = gauges_feed(g);
	unsigned form;
	int r;

	if (!head || head[0] < ACK_WRITTEN || head[0] > ACK_SYNCED)
		return -EPROTO;
	form = head[1] & ~(unsigned)MORE;
	if (form >= N_FORMS || head[1] == (FORM_COLUMNS | MORE))
		return -EPROTO;
	if (!f) {
		snprintf(c->why, sizeof c->why, "custom series cannot be opened");
		return -EIO;
	}
	r = form == FORM_COLUMNS ? put_columns(c, f) : put_text(c, f, (enum form)form, !(head[1] & MORE));
	/* Also where nothing was written: what made that so may not be on disk. */
	if (r == 0 && head[0] == ACK_SYNCED)
		c->wait = gauges_want(g);
	return r;
}

OP(points) = {.op = 24, .run = run};
