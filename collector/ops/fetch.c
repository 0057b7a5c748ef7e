/* fetch.c -- operation fetch: reading messages */
#include "collector/op.h"
#include "store/format.h"

/* What one answer has at most, but for a single message that is larger. */
enum { FETCH_MAX = 1 << 20 };

/* Gathers messages from that offset on. 0 (also if there are none) or the error that the first met; *ret_next: behind
 * what was gathered or what is damaged. */
static int gather(struct batch_builder *b, struct topic_reader *reader, uint64_t offset, uint64_t max_bytes,
    uint64_t *ret_first, uint64_t *ret_next)
{
	uint64_t first = offset, behind;

	batch_clear(b);
	*ret_next = offset;
	for (;;) {
		struct message m;
		int r = topic_reader_next(reader, *ret_next, &m, &behind);

		if (r == -ENODATA)
			break;
		if (r < 0) {
			if (b->n > 0)
				break;
			*ret_next = behind;
			return r;
		}
		if (b->n == 0)
			first = m.offset;
		else if (b->dir.len + b->body.len + span_left(&m.key) + span_left(&m.headers) + span_left(&m.value) >
		         max_bytes)
			break;
		m.offset -= first;
		r = batch_add(b, &m);
		if (r == -EMSGSIZE && b->n > 0)
			break;
		if (r < 0)
			return r;
		*ret_next = behind;
	}
	*ret_first = first;
	return 0;
}

static int fetch(struct op_call *c, struct topic_reader *reader, uint64_t offset, uint64_t max_bytes)
{
	struct batch_builder *b = c->builder;
	struct topic_range range;
	struct buf *out = &c->conn->out;
	uint64_t first, next;
	int r;

	topic_reader_range(reader, &range);
	if (offset < range.first_offset) {
		snprintf(c->why, sizeof c->why, "offset %llu is no longer kept, the first is %llu",
		    (unsigned long long)offset, (unsigned long long)range.first_offset);
		c->has_next = true;
		c->next = range.first_offset;
		return -ERANGE;
	}
	r = gather(b, reader, offset, max_bytes < FETCH_MAX ? max_bytes : FETCH_MAX, &first, &next);
	if (r == -EBADMSG) {
		ingest_counts(c->ingest)->n_damaged++;
		snprintf(c->why, sizeof c->why, "what is from offset %llu on up to %llu is damaged",
		    (unsigned long long)offset, (unsigned long long)next);
		c->has_next = true;
		c->next = next;
	}
	if (r == 0)
		r = b->dir.err < 0 ? b->dir.err : b->body.err;
	if (r == 0)
		r = op_reserve(c, b->dir.len + b->body.len);
	if (r < 0)
		return r;
	buf_put_varint(out, b->n);
	buf_put_varint(out, first);
	buf_put_varint(out, range.next_offset);
	op_put_i64(out, b->n ? b->first_ms : 0);
	buf_put_varint(out, b->dir.len);
	buf_put(out, b->dir.p, b->dir.len);
	buf_put(out, b->body.p, b->body.len);
	ingest_counts(c->ingest)->n_lookups++;
	ingest_counts(c->ingest)->bytes_read += b->body.len;
	return 0;
}

static int run(struct op_call *c)
{
	struct span topic;
	uint64_t partition, offset, max_bytes;
	struct topic_reader *reader;
	int r = op_partition(&c->body, &topic, &partition);

	if (r == 0)
		r = op_varint(&c->body, &offset);
	if (r == 0)
		r = op_varint(&c->body, &max_bytes);
	if (r == 0)
		r = op_end(&c->body);
	if (r == 0)
		r = op_reader(c, topic, partition, &reader);
	return r < 0 ? r : fetch(c, reader, offset, max_bytes);
}

OP(fetch) = {.op = 4, .run = run};
