/* hello.c -- operation hello: who is there */
#include "collector/op.h"
#include "collector/version.h"

enum { PROTOCOL_VERSION = 1 };

static int run(struct op_call *c)
{
	uint64_t version;
	struct span name;
	int r = op_varint(&c->body, &version);

	if (r == 0)
		r = op_string(&c->body, &name);
	if (r == 0)
		r = op_end(&c->body);
	if (r < 0)
		return r;
	if (version != PROTOCOL_VERSION) {
		snprintf(c->why, sizeof c->why, "version %llu of the protocol is not known, %d is",
		    (unsigned long long)version, PROTOCOL_VERSION);
		return -EPROTONOSUPPORT;
	}
	buf_put_varint(&c->conn->out, PROTOCOL_VERSION);
	buf_put_varint(&c->conn->out, ingest_config(c->ingest)->socket.max_frame);
	op_put_string(&c->conn->out, "histd " VERSION);
	return 0;
}

OP(hello) = {.op = 1, .run = run};
