/* history.c -- operation history: the records of a key, newest first, a page at a time */
#include "collector/op.h"

enum { PAGE_MAX = 48 << 10 };

/* The newest record below that number (0: any). The one that a page ended with may have been removed meanwhile. */
static int begin(
    struct payloads *p, const struct payload_key *key, uint64_t below, struct buf *room, struct payload *ret)
{
	int r = payloads_newest(p, key, room, ret);

	if (r < 0 || below == 0 || ret->number < below)
		return r;
	if (payloads_record(p, below, room, ret) < 0)
		r = payloads_newest(p, key, room, ret);
	while (r == 0 && ret->number >= below)
		r = ret->before ? payloads_record(p, ret->before, room, ret) : -ENOENT;
	return r;
}

static int gather(
    struct payloads *p, const struct payload_key *key, uint64_t below, uint64_t max, struct buf *out, uint64_t *ret_n)
{
	_cleanup_(buf_done) struct buf room = {0};
	struct payload v;
	uint64_t n = 0;
	int r = begin(p, key, below, &room, &v);

	while (r == 0 && n < max && out->len < PAGE_MAX) {
		buf_put_varint(out, v.number);
		op_put_i64(out, v.time_ms);
		buf_put_u8(out, op_payload_flags(&v));
		buf_put_varint(out, span_left(&v.value));
		n++;
		r = v.before ? payloads_record(p, v.before, &room, &v) : -ENOENT;
	}
	*ret_n = n;
	/* What can be read comes before what cannot; only a key that never was is an error. */
	if (r < 0 && (n > 0 || (r == -ENOENT && below > 0)))
		r = 0;
	return r < 0 ? r : out->err;
}

static int run(struct op_call *c)
{
	_cleanup_(buf_done) struct buf page = {0};
	uint64_t below, max, n = 0;
	struct payload_key key;
	struct payloads *p;
	int r = op_key(&c->body, &key);

	if (r == 0)
		r = op_varint(&c->body, &below);
	if (r == 0)
		r = op_varint(&c->body, &max);
	if (r == 0)
		r = op_end(&c->body);
	if (r == 0)
		r = op_payloads(c, &p);
	if (r == 0)
		r = gather(p, &key, below, max, &page, &n);
	if (r < 0)
		return op_missing(c, r);
	buf_put_varint(&c->conn->out, n);
	buf_put(&c->conn->out, page.p, page.len);
	return 0;
}

OP(history) = {.op = 19, .run = run};
