/* create.c -- operation create: making a topic */
#include "collector/op.h"

static int run(struct op_call *c)
{
	struct span topic;
	uint64_t n;
	struct topic_info info;
	int r = op_partition(&c->body, &topic, &n);

	if (r == 0)
		r = op_end(&c->body);
	if (r == 0)
		r = ingest_create(c->ingest, topic, n, c->why);
	if (r == 0)
		r = op_topic(c, topic, &info);
	if (r == 0)
		buf_put_varint(&c->conn->out, info.number);
	return r;
}

OP(create) = {.op = 5, .run = run};
