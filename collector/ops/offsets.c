/* offsets.c -- operation offsets: what a partition has */
#include "collector/op.h"

static int run(struct op_call *c)
{
	struct span topic;
	uint64_t partition, at;
	int64_t time_ms;
	struct topic_reader *reader;
	struct partition_state st;
	struct lane *l;
	struct buf *out = &c->conn->out;
	int r = op_partition(&c->body, &topic, &partition);

	if (r == 0)
		r = op_i64(&c->body, &time_ms);
	if (r == 0)
		r = op_end(&c->body);
	if (r == 0)
		r = ingest_lane(c->ingest, topic, partition, false, c->why, &l);
	if (r < 0)
		return r;
	partition_state(l->partition, &st);
	at = st.next_offset;
	if (time_ms != INT64_MIN) {
		r = op_reader(c, topic, partition, &reader);
		ingest_counts(c->ingest)->n_lookups++;
		if (r == 0)
			r = topic_reader_at(reader, time_ms, &at);
		if (r < 0)
			return r;
	}
	buf_put_varint(out, st.first_offset);
	buf_put_varint(out, st.next_offset);
	buf_put_varint(out, st.synced_offset);
	buf_put_varint(out, at);
	buf_put_varint(out, st.bytes);
	buf_put_varint(out, zigzag(st.max_ms));
	return 0;
}

OP(offsets) = {.op = 3, .run = run};
