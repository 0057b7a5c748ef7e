/* record.c -- operation record: what was put by its number */
#include "collector/op.h"

static int run(struct op_call *c)
{
	_cleanup_(buf_done) struct buf room = {0};
	struct payloads *p;
	struct payload v;
	uint64_t number;
	int r = op_varint(&c->body, &number);

	if (r == 0)
		r = op_end(&c->body);
	if (r == 0)
		r = op_payloads(c, &p);
	if (r == 0)
		r = payloads_record(p, number, &room, &v);
	if (r == 0)
		r = op_reserve(c, span_left(&v.key.string) + span_left(&v.value));
	if (r < 0)
		return op_missing(c, r);
	op_put_key(&c->conn->out, &v.key);
	op_put_i64(&c->conn->out, v.time_ms);
	buf_put_u8(&c->conn->out, op_payload_flags(&v));
	buf_put(&c->conn->out, v.value.p, span_left(&v.value));
	return 0;
}

OP(record) = {.op = 20, .run = run};
