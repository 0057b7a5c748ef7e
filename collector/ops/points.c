/* points.c -- operation points: points of custom series, in columns or as text
 *
 * A long text is parsed in steps, so that others are served meanwhile; it is answered when all of it is done. Columns
 * are kept all or none, and put at once.
 */
#include "collector/feed.h"
#include "collector/graphite.h"
#include "collector/influx.h"
#include "collector/op.h"
#include "collector/promtext.h"

#include <time.h>

enum {
	ACK_WRITTEN = 1,
	ACK_SYNCED,
	MORE = 128,       /* beside the form: the text goes on in another request */
	STEP = 256 << 10, /* bytes of a text that are dealt with in a round */
};

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
static size_t parse(enum form form, struct span text, bool whole, int64_t now, struct point_sink *sink)
{
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

/* A text's way through several rounds: what the steps before came to. */
struct text {
	size_t taken;
	int64_t now_ns; /* when it came */
	uint64_t line, accepted, refused;
	char why[FEED_WHY_MAX];
	uint64_t unsynced; /* syncs that had failed when it was begun */
};

static int begin_text(struct op_call *c)
{
	struct text *t = calloc(1, sizeof *t);

	if (!t)
		return -ENOMEM;
	t->now_ns = now_ns();
	t->unsynced = gauges_unsynced(ingest_gauges(c->ingest));
	c->conn->begun = t;
	return 0;
}

/* Lines that begin within so many bytes. *ret_done: there are no more. */
static int take_step(struct op_call *c, struct text *t, struct feed *f, enum form form, bool whole, bool *ret_done)
{
	size_t left = span_left(&c->body) - t->taken, n;
	struct span rest = span_of(c->body.p + t->taken, left);
	struct point_sink *sink = feed_begin(f, 0, NULL, 0);
	struct feed_result result;
	int r;

	sink->line = t->line;
	sink->until = left > STEP ? rest.p + STEP : NULL;
	n = parse(form, rest, whole, t->now_ns, sink);
	t->line = sink->line;
	r = feed_end(f, &result);
	if (t->refused == 0)
		memcpy(t->why, result.why, sizeof t->why);
	t->accepted += result.accepted;
	t->refused += result.refused;
	t->taken += n;
	*ret_done = n < STEP || n == left;
	return r;
}

static int put_text(struct op_call *c, struct feed *f, enum form form, bool whole)
{
	int r = c->conn->begun ? 0 : begin_text(c);
	struct text *t = c->conn->begun;
	bool done;

	if (r == 0)
		r = take_step(c, t, f, form, whole, &done);
	if (r == 0 && !done)
		return -EINPROGRESS;
	if (r == 0)
		put_answer(c, t->accepted, t->refused, t->why, t->taken);
	return r;
}

/* A sync that failed between steps told others, and the next one knows nothing of it. */
static bool was_lost(const struct op_call *c)
{
	const struct text *t = c->conn->begun;

	return t && t->unsynced != gauges_unsynced(ingest_gauges(c->ingest));
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
	if (r == -EINPROGRESS)
		return r;
	if (r == 0 && head[0] == ACK_SYNCED && was_lost(c)) {
		snprintf(c->why, sizeof c->why, "what was sent is not synced");
		r = -EIO;
	}
	/* Also where nothing was written: what made that so may not be on disk. */
	if (r == 0 && head[0] == ACK_SYNCED)
		c->wait = gauges_want(g);
	return r;
}

OP(points) = {.op = 24, .run = run};
