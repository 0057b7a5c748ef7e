/* keys.c -- operation keys: what there is, a page at a time */
#include "collector/op.h"

/* What a page has at most, but for its last entry. */
enum { PAGE_MAX = 48 << 10 };

static void put_entry(struct buf *out, const struct payload *v, uint8_t flags, uint64_t len)
{
	op_put_key(out, &v->key);
	buf_put_varint(out, v->number);
	op_put_i64(out, v->time_ms);
	buf_put_u8(out, flags);
	buf_put_varint(out, len);
}

static int gather(struct payloads *p, uint64_t *after, uint64_t max, struct buf *out, uint64_t *ret_n)
{
	_cleanup_(buf_done) struct buf room = {0};
	uint64_t n = 0;

	while (n < max && out->len < PAGE_MAX) {
		uint64_t len, cookie = *after;
		struct payload v;
		int r = payloads_next(p, *after, 0, &room, &v, &len, &cookie);

		if (r == -ENODATA)
			break;
		if (r < 0 && (r != -EBADMSG || cookie <= *after))
			return r;
		*after = cookie;
		n++;
		if (r == 0)
			put_entry(out, &v, op_payload_flags(&v), len);
		else
			put_entry(out, &(struct payload){0}, OP_PAYLOAD_DAMAGED, 0);
	}
	*ret_n = n;
	return out->err;
}

static int run(struct op_call *c)
{
	_cleanup_(buf_done) struct buf page = {0};
	uint64_t after, max, n = 0;
	struct payloads *p;
	int r = op_varint(&c->body, &after);

	if (r == 0)
		r = op_varint(&c->body, &max);
	if (r == 0)
		r = op_end(&c->body);
	if (r == 0)
		r = op_payloads(c, &p);
	if (r == 0)
		r = gather(p, &after, max, &page, &n);
	if (r < 0)
		return r;
	buf_put_varint(&c->conn->out, n);
	buf_put_varint(&c->conn->out, after);
	buf_put(&c->conn->out, page.p, page.len);
	return 0;
}

OP(keys) = {.op = 18, .run = run};
