/* subscribe.c -- operation subscribe: being told of new messages */
#include "collector/op.h"
#include "collector/subscriptions.h"

static int run(struct op_call *c)
{
	struct span topic;
	uint64_t partition, offset;
	struct lane *l;
	int r = op_partition(&c->body, &topic, &partition);

	if (r == 0)
		r = op_varint(&c->body, &offset);
	if (r == 0)
		r = op_end(&c->body);
	if (r == 0)
		r = ingest_lane(c->ingest, topic, partition, false, c->why, &l);
	return r < 0 ? r : subscriptions_add(c->subscriptions, c->conn, l, c->id, offset);
}

OP(subscribe) = {.op = 6, .run = run};
