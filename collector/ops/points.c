/* points.c -- operation points: points of custom series, in columns or as text */
#include "collector/feed.h"
#include "collector/graphite.h"
#include "collector/influx.h"
#include "collector/op.h"
#include "collector/promtext.h"

#include <time.h>

enum { ACK_WRITTEN = 1, ACK_SYNCED };

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

static void parse(enum form form, struct span text, struct point_sink *sink)
{
	int64_t now = now_ns();

	switch (form) {
	case FORM_INFLUX:
		influx_parse(text, true, now, 1, sink);
		break;
	case FORM_INFLUX_US:
		influx_parse(text, true, now, 1000, sink);
		break;
	case FORM_INFLUX_MS:
		influx_parse(text, true, now, 1000000, sink);
		break;
	case FORM_INFLUX_S:
		influx_parse(text, true, now, 1000000000, sink);
		break;
	case FORM_GRAPHITE:
		graphite_parse(text, true, now, sink);
		break;
	case FORM_PROMETHEUS:
		promtext_parse(text, true, PROMTEXT_PLAIN, now, sink);
		break;
	case FORM_OPENMETRICS:
		promtext_parse(text, true, PROMTEXT_OPENMETRICS, now, sink);
		break;
	default:
		break;
	}
}

static int put_text(struct op_call *c, struct feed *f, enum form form)
{
	struct feed_result result;
	int r;

	parse(form, c->body, feed_begin(f, 0, NULL, 0));
	r = feed_end(f, &result);
	buf_put_varint(&c->conn->out, result.accepted);
	buf_put_varint(&c->conn->out, result.refused);
	op_put_string(&c->conn->out, result.why);
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
	buf_put_varint(&c->conn->out, n);
	buf_put_varint(&c->conn->out, 0);
	op_put_string(&c->conn->out, "");
	return 0;
}

static int run(struct op_call *c)
{
	struct gauges *g = ingest_gauges(c->ingest);
	const uint8_t *head = span_take(&c->body, 2);
	struct feed *f = gauges_feed(g);
	int r;

	if (!head || head[0] < ACK_WRITTEN || head[0] > ACK_SYNCED || head[1] >= N_FORMS)
		return -EPROTO;
	if (!f) {
		snprintf(c->why, sizeof c->why, "custom series cannot be opened");
		return -EIO;
	}
	r = head[1] == FORM_COLUMNS ? put_columns(c, f) : put_text(c, f, (enum form)head[1]);
	/* Also where nothing was written: what made that so may not be on disk. */
	if (r == 0 && head[0] == ACK_SYNCED)
		c->wait = gauges_want(g);
	return r;
}

OP(points) = {.op = 24, .run = run};
