/* put.c -- operation put: documents by key, put and deleted */
#include "collector/op.h"

enum { ACK_WRITTEN = 1, ACK_SYNCED, PUTS_MAX = 1 << 16 };

enum { RAW = 1, DELETES = 2 };

static int parse_one(struct span *body, struct payload_put *ret)
{
	const uint8_t *flags = span_take(body, 1);
	int r;

	if (!flags || *flags & ~(RAW | DELETES))
		return -EPROTO;
	*ret = (struct payload_put){.raw = *flags & RAW, .deletes = *flags & DELETES};
	r = op_key(body, &ret->key);
	return r < 0 ? r : op_string(body, &ret->value);
}

static bool key_is_wrong(const struct payload_key *key)
{
	size_t len = span_left(&key->string);

	return !key->is_number && (len == 0 || len > PAYLOAD_KEY_MAX);
}

/* Which of many it is about, and where. */
static void explain(struct op_call *c, int r, const struct payload_put *puts, size_t n, const struct payload_error *e)
{
	char which[32] = "";

	if (r != -EINVAL && r != -EMSGSIZE)
		return;
	if (n > 1)
		snprintf(which, sizeof which, "document %zu: ", e->which + 1);
	if (e->which < n && key_is_wrong(&puts[e->which].key))
		snprintf(c->why, sizeof c->why, "%sa key has 1 to %d bytes", which, PAYLOAD_KEY_MAX);
	else if (r == -EINVAL)
		snprintf(c->why, sizeof c->why, "%sno JSON: byte %zu: %s", which, e->at, e->why ? e->why : "?");
	else
		snprintf(c->why, sizeof c->why, "%sthe value is too long, or all of them together are", which);
}

static int put(struct op_call *c, const struct payload_put *puts, size_t n)
{
	struct documents *d = ingest_documents(c->ingest);
	struct buf *out = &c->conn->out;
	struct payload_error e = {0};
	uint64_t number = 0;
	uint32_t written = 0;
	int r = documents_put(d, puts, n, &number, &written, &e);

	if (r < 0) {
		explain(c, r, puts, n, &e);
		return r;
	}
	buf_put_varint(out, number);
	buf_put_varint(out, written);
	return 0;
}

static int run(struct op_call *c)
{
	_cleanup_(cleanup_free) struct payload_put *puts = NULL;
	const uint8_t *ack = span_take(&c->body, 1);
	struct payloads *p;
	uint64_t n;
	int r = !ack || *ack < ACK_WRITTEN || *ack > ACK_SYNCED ? -EPROTO : op_varint(&c->body, &n);

	if (r < 0)
		return r;
	/* A document has three bytes at least. */
	if (n == 0 || n > span_left(&c->body))
		return -EPROTO;
	if (n > PUTS_MAX) {
		snprintf(c->why, sizeof c->why, "a request has %d documents at most", PUTS_MAX);
		return -EMSGSIZE;
	}
	puts = malloc(n * sizeof *puts);
	if (!puts)
		return -ENOMEM;
	for (uint64_t i = 0; r == 0 && i < n; i++)
		r = parse_one(&c->body, &puts[i]);
	if (r == 0)
		r = op_end(&c->body);
	if (r == 0)
		r = op_payloads(c, &p);
	if (r == 0)
		r = put(c, puts, n);
	/* Also where nothing was written: what made that so may not be on disk. */
	if (r == 0 && *ack == ACK_SYNCED)
		c->wait = documents_want(ingest_documents(c->ingest));
	return r;
}

OP(put) = {.op = 16, .run = run};
