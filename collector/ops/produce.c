/* produce.c -- operation produce: appending messages */
#include "collector/op.h"
#include "collector/subscriptions.h"
#include "store/format.h"

#include <time.h>

enum { ACK_NONE, ACK_WRITTEN, ACK_SYNCED };

struct request {
	struct span topic;
	uint64_t partition;
	uint8_t ack;
	uint64_t n;
	int64_t first_ms;
	struct span dir, body;
};

static int parse(struct span body, struct request *ret)
{
	const uint8_t *ack;
	int r = op_partition(&body, &ret->topic, &ret->partition);

	if (r < 0)
		return r;
	ack = span_take(&body, 1);
	if (!ack || *ack > ACK_SYNCED)
		return -EPROTO;
	ret->ack = *ack;
	r = op_varint(&body, &ret->n);
	if (r == 0)
		r = op_i64(&body, &ret->first_ms);
	if (r == 0)
		r = op_string(&body, &ret->dir);
	ret->body = body;
	return r;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* Whether a message is over its limit; none is larger than all of them. */
static bool too_large(const struct batch_builder *b, uint64_t max)
{
	struct batch_cursor at;
	struct message m;

	if (b->body.len <= max)
		return false;
	batch_cursor_init(
	    &at, b->n, 0, b->first_ms, false, span_of(b->dir.p, b->dir.len), span_of(b->body.p, b->body.len));
	while (batch_next(&at, &m) == 0)
		if (span_left(&m.key) + span_left(&m.headers) + span_left(&m.value) > max)
			return true;
	return false;
}

static int adopt(struct op_call *c, const struct request *q)
{
	struct batch_builder *b = c->builder;
	uint64_t max = ingest_config(c->ingest)->socket.max_message;
	int r;

	if (q->n == 0 || q->n > BATCH_N_MAX || span_left(&q->dir) + span_left(&q->body) > BATCH_RAW_MAX) {
		snprintf(c->why, sizeof c->why, "a request has 1 to %d messages, and %d MiB at most", BATCH_N_MAX,
		    BATCH_RAW_MAX >> 20);
		return q->n == 0 ? -EPROTO : -EMSGSIZE;
	}
	batch_clear(b);
	r = batch_adopt(b, (uint32_t)q->n, q->first_ms == INT64_MIN ? now_ms() : q->first_ms, q->dir, q->body);
	/* Offsets are given here, one after the other. */
	if (r == -EBADMSG || (r == 0 && b->last_offset != q->n - 1)) {
		snprintf(c->why, sizeof c->why, "the messages are not as their directory says");
		return -EPROTO;
	}
	if (r == 0 && too_large(b, max)) {
		snprintf(c->why, sizeof c->why, "a message is larger than %llu bytes", (unsigned long long)max);
		return -EMSGSIZE;
	}
	return r;
}

static int run(struct op_call *c)
{
	struct request q;
	struct lane *l;
	uint64_t offset;
	int r = parse(c->body, &q);

	if (r < 0)
		return r;
	c->no_answer = q.ack == ACK_NONE;
	r = ingest_lane(c->ingest, q.topic, q.partition, true, c->why, &l);
	/* Which lines are messages already is told by the partition, where nothing else may be. */
	if (r == 0 && l->config->follow.n > 0) {
		snprintf(
		    c->why, sizeof c->why, "topic %s has the lines of files, and nothing else", topic_name(l->topic));
		return -EPERM;
	}
	if (r == 0)
		r = adopt(c, &q);
	if (r == 0)
		r = ingest_append(c->ingest, l, c->builder, &offset);
	if (r < 0)
		return r;
	subscriptions_appended(c->subscriptions, l);
	if (q.ack == ACK_SYNCED) {
		ingest_want(c->ingest, l);
		c->wait = &l->commit_r;
	}
	buf_put_varint(&c->conn->out, offset);
	return 0;
}

OP(produce) = {.op = 2, .run = run};
