/* topic_text.c -- see topic_text.h
 *
 * PLACES. Where the lines of a batch stand in the text of its segment says the index, with the heads of the few batches
 * behind its entry; where a message's line stands in its batch, the lines before it. What was found last is kept, so
 * that reading on measures nothing twice.
 */
#include "store/topic_text.h"

#include "store/batch.h"
#include "store/topic_stream.h"

enum { FOUND_KEPT = 8 };

/* Of a message, or of an offset without one. */
struct found {
	uint64_t base; /* of its segment */
	uint64_t offset;
	uint64_t generation, next; /* that it was found in */
	uint64_t text;             /* place in the segment's text */
};

struct topic_text {
	struct topic_segments *segments;
	struct topic_stream stream;
	struct found found[FOUND_KEPT];
	unsigned n_found;

	/* Reading on: the next line is that of the next message in cursor, or the first of the batch behind it. */
	bool reading;
	uint64_t base, generation;
	uint64_t text;      /* place of that line */
	uint64_t batch_end; /* where the batch's lines end, as its head says */
	uint64_t next;      /* offset behind the batch */
	struct batch_cursor cursor;
	/* A line that was not wanted to its end. */
	struct buf line;
	uint64_t line_text;
};

int topic_text_new(struct topic_segments *segments, struct topic_text **ret)
{
	struct topic_text *t = calloc(1, sizeof *t);

	if (!t)
		return -ENOMEM;
	t->segments = segments;
	topic_stream_init(&t->stream, segments);
	*ret = t;
	return 0;
}

void topic_text_free(struct topic_text *t)
{
	if (!t)
		return;
	topic_stream_done(&t->stream);
	buf_done(&t->line);
	free(t);
}

/* --- reading batches --- */

static int read_batch(struct topic_text *t, uint64_t offset, uint64_t text)
{
	struct stream_batch b;
	uint64_t behind;
	int r;

	t->reading = false;
	r = topic_stream_next(&t->stream, offset, &b, &behind);
	if (r < 0)
		return r;
	batch_cursor_init(&t->cursor, b.head.n, b.head.first_offset, b.head.first_ms, b.head.flags & BATCH_APPEND_TIME,
	    b.dir, b.body);
	t->text = text;
	t->batch_end = text + b.head.text_len;
	t->next = behind;
	t->generation = topic_segments_generation(t->segments);
	t->reading = true;
	return 0;
}

/* The next message of the batch. -ENODATA: it ends, and so do its lines. */
static int read_message(struct topic_text *t, struct message *ret)
{
	int r = batch_next(&t->cursor, ret);

	if (r == -ENODATA && t->text != t->batch_end)
		r = -EBADMSG;
	if (r == -EBADMSG)
		t->reading = false;
	return r;
}

/* --- places --- */

/* A block of a segment, and in it the batch that a message at or behind offset is in. -ENODATA: none behind it. */
static int find_batch(
    struct segment_reader *s, uint64_t offset, const struct segment_block **ret_block, const struct block_batch **ret)
{
	const struct segment_map *x;
	struct block_place at;
	uint32_t k, n;
	int r = segment_reader_map(s, false, &x);

	if (r < 0)
		return r;
	k = segment_map_find(x, offset);
	if (x->n == 0)
		return -ENODATA;
	r = segment_reader_block(s, k < x->n ? k : 0, false, ret_block);
	if (r < 0)
		return r;
	r = segment_block_seek(*ret_block, offset, &at);
	segment_block_batches(*ret_block, ret, &n);
	if (r == 0)
		*ret += at.batch;
	return r;
}

/* The place of a message's line: behind the lines of its batch that come before. */
static int measure(struct topic_text *t, const struct block_batch *batch, uint64_t offset, uint64_t *ret)
{
	struct message m;
	int r;

	*ret = batch->text;
	if (offset <= batch->first)
		return 0;
	r = read_batch(t, batch->first, batch->text);
	while (r == 0) {
		r = read_message(t, &m);
		if (r == 0 && m.offset >= offset)
			break;
		if (r == 0)
			t->text += message_text_len(&m);
	}
	*ret = t->text;
	t->reading = false; /* m has been taken */
	return r == -ENODATA ? 0 : r;
}

static int locate_new(struct topic_text *t, uint32_t i, uint64_t offset, uint64_t *ret)
{
	const struct segment_block *block;
	const struct block_batch *batch;
	const struct segment_sum *sum;
	struct segment_reader *s;
	int r = topic_segments_get(t->segments, i, &s);

	if (r < 0)
		return r;
	sum = segment_reader_sum(s);
	*ret = offset <= segment_reader_base(s) ? 0 : sum->text_len;
	if (offset <= segment_reader_base(s) || offset >= sum->next_offset)
		return 0;
	r = find_batch(s, offset, &block, &batch);
	if (r == -ENODATA) {
		*ret = segment_block_range(block)->text_end;
		return 0;
	}
	if (r < 0)
		return r;
	return batch->text_known ? measure(t, batch, offset, ret) : -EBADMSG;
}

/* Number of the segment, and place in its text, of the first message at or behind offset; or the segment's end. */
static int locate(struct topic_text *t, uint64_t offset, uint32_t *ret_i, uint64_t *ret_text)
{
	uint64_t generation = topic_segments_generation(t->segments), next = topic_segments_next(t->segments);
	uint32_t i = topic_segments_find(t->segments, offset);
	struct topic_segment_info info;
	uint64_t text;
	int r = topic_segments_info(t->segments, i, false, &info);

	if (r < 0)
		return r;
	*ret_i = i;
	for (unsigned k = 0; k < FOUND_KEPT; k++) {
		struct found *f = &t->found[k];

		/* What comes before a message stays; what is the end, does not. */
		if (f->base == info.base && f->offset == offset && f->generation == generation &&
		    (f->next == next || offset < f->next) && k < t->n_found) {
			*ret_text = f->text;
			return 0;
		}
	}
	r = locate_new(t, i, offset, &text);
	if (r < 0)
		return r;
	t->found[t->n_found++ % FOUND_KEPT] =
	    (struct found){.base = info.base, .offset = offset, .generation = generation, .next = next, .text = text};
	*ret_text = text;
	return 0;
}

int topic_text_len(struct topic_text *t, uint64_t from, uint64_t to, uint64_t *ret)
{
	uint64_t len = 0, from_text, to_text;
	struct topic_segment_info info;
	uint32_t i, last;
	int r;

	if (from >= to || topic_segments_n(t->segments) == 0) {
		*ret = 0;
		return 0;
	}
	r = locate(t, from, &i, &from_text);
	if (r == 0)
		r = locate(t, to, &last, &to_text);
	for (; r == 0 && i < last; i++) {
		r = topic_segments_info(t->segments, i, true, &info);
		if (r == 0)
			len += info.sum->text_len;
	}
	if (r == 0)
		*ret = len + to_text - from_text;
	return r;
}

/* --- lines --- */

/* Sets reading to the batch that has the line at that place of the segment of number i. */
static int go_to(struct topic_text *t, uint32_t i, uint64_t text)
{
	const struct segment_block *block;
	const struct block_batch *batches;
	const struct segment_map *x;
	struct segment_reader *s;
	uint32_t n, k = 0;
	int r = topic_segments_get(t->segments, i, &s);

	if (r == 0)
		r = segment_reader_map(s, false, &x);
	if (r == 0 && x->n == 0)
		r = -EBADMSG;
	if (r == 0)
		r = segment_reader_block(s, segment_map_find_text(x, text), false, &block);
	if (r < 0)
		return r;
	segment_block_batches(block, &batches, &n);
	while (k < n && !(batches[k].text <= text && text < batches[k].text_end))
		k++;
	if (k == n || !batches[k].text_known)
		return -EBADMSG;
	r = read_batch(t, batches[k].first, batches[k].text);
	if (r == 0 && t->cursor.next.offset != batches[k].first) {
		t->reading = false;
		r = -EBADMSG;
	}
	t->base = segment_reader_base(s);
	return r;
}

/* Appends from the line that holds place x of the segment on, at most up to end bytes in out; *x is where it stopped.
 */
static int put_lines(struct topic_text *t, uint64_t *x, uint64_t segment_end, size_t end, struct buf *out)
{
	struct message m;
	int r = 0;

	while (r == 0 && out->len < end && *x < segment_end) {
		size_t at = out->len, skip, len;

		r = read_message(t, &m);
		if (r == -ENODATA) {
			r = read_batch(t, t->next, t->text);
			continue;
		}
		if (r < 0)
			break;
		if (*x > t->text && *x >= t->text + message_text_len(&m)) {
			t->text += message_text_len(&m);
			continue;
		}
		message_put_text(out, &m);
		if (out->err < 0)
			return out->err;
		len = out->len - at;
		skip = (size_t)(*x - t->text);
		if (len - skip > end - at) {
			buf_clear(&t->line);
			buf_put(&t->line, out->p + at, len);
			t->line_text = t->text;
			r = t->line.err;
		}
		if (skip > 0)
			memmove(out->p + at, out->p + at + skip, len - skip);
		out->len = at + (len - skip < end - at ? len - skip : end - at);
		*x += out->len - at;
		t->text += len;
	}
	return r;
}

/* What there is of the line that was not read to its end. */
static void put_rest(struct topic_text *t, uint64_t *x, size_t end, struct buf *out)
{
	size_t skip = (size_t)(*x - t->line_text), n = t->line.len - skip;

	if (n > end - out->len)
		n = end - out->len;
	buf_put(out, t->line.p + skip, n);
	*x += n;
}

static int put_segment(struct topic_text *t, uint32_t i, uint64_t x, size_t end, struct buf *out)
{
	struct topic_segment_info info;
	bool here;
	int r = topic_segments_info(t->segments, i, true, &info);

	if (r < 0)
		return r;
	here = t->reading && t->base == info.base && t->generation == topic_segments_generation(t->segments);
	if (here && x >= t->line_text && x < t->line_text + t->line.len && t->line_text + t->line.len == t->text)
		put_rest(t, &x, end, out);
	if (out->err < 0 || out->len == end || x == info.sum->text_len)
		return out->err;
	if (!here || x < t->text || (x >= t->batch_end && x > t->text)) {
		buf_clear(&t->line);
		r = go_to(t, i, x);
	}
	if (r == 0)
		r = put_lines(t, &x, info.sum->text_len, end, out);
	return r == -ENODATA ? -EBADMSG : r;
}

int topic_text_read(struct topic_text *t, uint64_t from, uint64_t to, uint64_t off, size_t len, struct buf *out)
{
	size_t begin = out->len, end;
	struct topic_segment_info info;
	uint64_t total, x;
	uint32_t i;
	int r = topic_text_len(t, from, to, &total);

	if (r < 0 || off >= total)
		return r;
	end = begin + (len < total - off ? len : (size_t)(total - off));
	r = locate(t, from, &i, &x);
	x += off;
	for (; r == 0 && out->len < end && i < topic_segments_n(t->segments); i++) {
		r = topic_segments_info(t->segments, i, true, &info);
		if (r == 0 && x < info.sum->text_len) {
			r = put_segment(t, i, x, end, out);
			x = info.sum->text_len;
		}
		x -= r == 0 ? info.sum->text_len : 0;
	}
	if (r < 0)
		out->len = begin;
	return r;
}
