/* get.c -- operation get: the value of a key, now or at a time */
#include "collector/op.h"

static int run(struct op_call *c)
{
	_cleanup_(buf_done) struct buf room = {0};
	struct payload_key key;
	struct payloads *p;
	struct payload v;
	int64_t time_ms;
	int r = op_key(&c->body, &key);

	if (r == 0)
		r = op_i64(&c->body, &time_ms);
	if (r == 0)
		r = op_end(&c->body);
	if (r == 0)
		r = op_payloads(c, &p);
	if (r == 0)
		r = payloads_get(p, &key, time_ms, &room, &v);
	if (r == 0)
		r = op_reserve(c, span_left(&v.value));
	if (r < 0)
		return op_missing(c, r);
	buf_put_varint(&c->conn->out, v.number);
	op_put_i64(&c->conn->out, v.time_ms);
	buf_put_u8(&c->conn->out, op_payload_flags(&v));
	buf_put(&c->conn->out, v.value.p, span_left(&v.value));
	return 0;
}

OP(get) = {.op = 17, .run = run};
