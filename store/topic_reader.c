/* topic_reader.c -- see topic_reader.h: the messages of one partition
 *
 * One by one they are taken out of blocks, which are cached; in a row out of a stream of batches, which is read ahead.
 */
#include "store/topic_reader.h"

#include "store/batch.h"
#include "store/segment_name.h"
#include "store/topic_reader_new.h"
#include "store/topic_stream.h"
#include "store/topic_text.h"

struct topic_reader {
	struct topic_reader_place place;
	char *dir;
	struct topic_segments *segments;
	struct topic_text *text;
	struct buf room;

	/* Walking over sizes: at is the last that was yielded. */
	bool walking;
	uint64_t generation;
	uint32_t segment, entry;
	struct block_place at;

	/* Reading in a row: the message behind the last is the next of cursor, or behind its batch. */
	struct topic_stream stream;
	bool reading;
	struct batch_cursor cursor;
	uint64_t read_to, batch_end, read_generation;
};

static void note_problem(void *arg, uint64_t base, uint64_t off, const char *what)
{
	const struct topic_reader *r = arg;
	char name[SEGMENT_NAME_SIZE], *file = NULL;

	segment_name_put(name, base, SEGMENT_LOG);
	if (asprintf(&file, "%s/%s", r->dir, name) < 0)
		return; /* told again the next time it is met */
	r->place.problem(r->place.arg, file, off, what);
	free(file);
}

int topic_reader_new(const struct topic_reader_place *place, struct topic_reader **ret)
{
	_cleanup_(cleanup_topic_reader) struct topic_reader *r = calloc(1, sizeof *r);
	int x;

	if (!r)
		return -ENOMEM;
	r->place = *place;
	r->dir = strdup(place->dir);
	if (!r->dir)
		return -ENOMEM;
	x = topic_segments_new(
	    place->storefd, r->dir, place->number, place->blocks, place->index_bytes, note_problem, r, &r->segments);
	if (x == 0)
		x = topic_text_new(r->segments, &r->text);
	if (x < 0)
		return x;
	topic_stream_init(&r->stream, r->segments);
	*ret = TAKE(r);
	return 0;
}

void topic_reader_free(struct topic_reader *r)
{
	if (!r)
		return;
	topic_stream_done(&r->stream);
	topic_text_free(r->text);
	topic_segments_free(r->segments);
	buf_done(&r->room);
	free(r->dir);
	free(r);
}

int topic_reader_refresh(struct topic_reader *r)
{
	return topic_segments_look(r->segments);
}

void topic_reader_range(struct topic_reader *r, struct topic_range *ret)
{
	uint32_t n = topic_segments_n(r->segments);
	struct topic_segment_info info;

	*ret = (struct topic_range){
	    .next_offset = topic_segments_next(r->segments),
	    .max_ms = INT64_MIN,
	    .changed_ms = topic_segments_changed_ns(r->segments) / 1000000,
	    .n_segments = n,
	};
	for (uint32_t i = 0; i < n; i++) {
		bool sum = topic_segments_info(r->segments, i, true, &info) == 0;

		if (!sum && topic_segments_info(r->segments, i, false, &info) < 0)
			continue;
		if (i == 0)
			ret->first_offset = info.base;
		if (sum && info.sum->max_ms > ret->max_ms)
			ret->max_ms = info.sum->max_ms;
		ret->bytes += info.bytes;
	}
	if (n == 0)
		ret->first_offset = ret->next_offset;
}

/* --- one by one --- */

/* The block of a segment that an offset is in or that follows it; of the entry number *entry. -ENODATA: none. */
static int block_at(
    struct segment_reader *s, uint64_t offset, bool bodies, uint32_t *entry, const struct segment_block **ret)
{
	const struct segment_map *x;
	int e = segment_reader_map(s, false, &x);

	if (e < 0)
		return e;
	if (x->n == 0)
		return -ENODATA;
	*entry = segment_map_find(x, offset);
	if (*entry == x->n)
		*entry = 0;
	else if (x->entries[*entry].block)
		segment_block_prefetch(x->entries[*entry].block, offset - x->base - x->entries[*entry].delta);
	return segment_reader_block(s, *entry, bodies, ret);
}

/* -ENOENT: no message has that offset. */
static int find(struct topic_reader *r, uint64_t offset, bool bodies, struct segment_reader **ret_segment,
    const struct segment_block **ret_block, struct block_place *ret)
{
	uint32_t entry, i = topic_segments_find(r->segments, offset);
	const struct block_batch *batches;
	const struct segment_sum *sum;
	int e;

	if (topic_segments_n(r->segments) == 0 || offset >= OFFSET_MAX)
		return -ENOENT;
	e = topic_segments_get(r->segments, i, ret_segment);
	if (e < 0)
		return e;
	sum = segment_reader_sum(*ret_segment);
	if (offset < segment_reader_base(*ret_segment) || offset >= sum->next_offset)
		return -ENODATA;
	e = block_at(*ret_segment, offset, bodies, &entry, ret_block);
	if (e == 0)
		e = segment_block_seek(*ret_block, offset, ret);
	if (e == 0 && ret->offset != offset)
		return -ENODATA;
	if (e == -EBADMSG) {
		uint32_t n;

		segment_block_batches(*ret_block, &batches, &n);
		if (batches[ret->batch].first > offset)
			return -ENODATA;
	}
	return e;
}

static int get(struct topic_reader *r, uint64_t offset, struct message *ret)
{
	const struct segment_block *block;
	struct segment_reader *s;
	struct block_place at;
	uint64_t id;
	int fd, e;

	e = find(r, offset, true, &s, &block, &at);
	if (e == 0)
		e = segment_reader_file(s, &fd, &id);
	return e < 0 ? e : segment_block_message(block, fd, &at, &r->room, ret);
}

static int stat_one(struct topic_reader *r, uint64_t offset, struct topic_stat *ret)
{
	const struct segment_block *block;
	struct segment_reader *s;
	struct block_place at;
	int e = find(r, offset, false, &s, &block, &at);

	if (e == 0)
		*ret = (struct topic_stat){
		    .offset = at.offset, .time_ms = at.time_ms, .value_len = at.value ? at.value - 1 : 0};
	return e;
}

/* After -ENOENT of a file: whether a listing shows another state of things. */
static bool is_stale(struct topic_reader *r, int e)
{
	return e == -ENOENT && topic_segments_n(r->segments) > 0 && topic_segments_look(r->segments) == 1;
}

int topic_reader_get(struct topic_reader *r, uint64_t offset, struct message *ret)
{
	int e = get(r, offset, ret);

	if (is_stale(r, e))
		e = get(r, offset, ret);
	return e == -ENODATA ? -ENOENT : e;
}

int topic_reader_stat(struct topic_reader *r, uint64_t offset, struct topic_stat *ret)
{
	int e = stat_one(r, offset, ret);

	if (is_stale(r, e))
		e = stat_one(r, offset, ret);
	return e == -ENODATA ? -ENOENT : e;
}

/* --- walking --- */

/* To the first message at or behind offset, from the entry r->entry of the segment r->segment on; fresh: from its
 * block's front. *ret_behind as topic_reader_next_stat. */
static int walk(struct topic_reader *r, uint64_t offset, bool fresh, uint64_t *ret_behind)
{
	for (;;) {
		const struct segment_block *block;
		const struct block_batch *batches;
		const struct segment_map *x;
		struct segment_reader *s;
		uint32_t n;
		int e = topic_segments_get(r->segments, r->segment, &s);

		if (e == 0)
			e = segment_reader_map(s, false, &x);
		if (e < 0)
			return e;
		if (r->entry >= x->n) {
			if (r->segment + 1 >= topic_segments_n(r->segments))
				return -ENODATA;
			r->segment++;
			r->entry = 0;
			fresh = true;
			continue;
		}
		e = segment_reader_block(s, r->entry, false, &block);
		if (e < 0)
			return e;
		e = fresh ? segment_block_seek(block, offset, &r->at) : segment_block_next(block, &r->at);
		if (e == -ENODATA) {
			/* The last entry's block grows: it is looked at again. */
			if (r->entry + 1 == x->n && r->segment + 1 >= topic_segments_n(r->segments))
				return -ENODATA;
			r->entry++;
			fresh = true;
			continue;
		}
		if (e == -EBADMSG) {
			segment_block_batches(block, &batches, &n);
			*ret_behind = batches[r->at.batch].last + 1;
		}
		return e;
	}
}

static int next_stat(struct topic_reader *r, uint64_t offset, uint64_t *ret_behind)
{
	bool on = r->walking && r->generation == topic_segments_generation(r->segments) && offset == r->at.offset + 1;
	int e;

	r->walking = false;
	if (topic_segments_n(r->segments) == 0)
		return -ENODATA;
	if (!on) {
		const struct segment_block *block;
		struct segment_reader *s;

		r->generation = topic_segments_generation(r->segments);
		r->segment = topic_segments_find(r->segments, offset);
		r->entry = 0;
		e = topic_segments_get(r->segments, r->segment, &s);
		if (e == 0)
			e = block_at(s, offset, false, &r->entry, &block);
		if (e < 0 && e != -ENODATA)
			return e;
	}
	e = walk(r, offset, !on, ret_behind);
	r->walking = e == 0;
	return e;
}

/* A segment that cannot be read at all is passed over as a whole. */
static int pass_segment(struct topic_reader *r, uint64_t offset, uint64_t *ret_behind)
{
	uint32_t i = topic_segments_find(r->segments, offset);
	struct topic_segment_info info;

	if (i + 1 >= topic_segments_n(r->segments) || topic_segments_info(r->segments, i, false, &info) < 0)
		return -ENODATA;
	*ret_behind = info.end;
	return -EBADMSG;
}

int topic_reader_next_stat(struct topic_reader *r, uint64_t offset, struct topic_stat *ret, uint64_t *ret_behind)
{
	int e;

	*ret_behind = offset;
	e = next_stat(r, offset, ret_behind);
	if (is_stale(r, e))
		e = next_stat(r, offset, ret_behind);
	if (e == -EPROTONOSUPPORT || (e == -EBADMSG && *ret_behind <= offset))
		return pass_segment(r, offset, ret_behind);
	if (e < 0)
		return e;
	*ret = (struct topic_stat){
	    .offset = r->at.offset, .time_ms = r->at.time_ms, .value_len = r->at.value ? r->at.value - 1 : 0};
	*ret_behind = r->at.offset + 1;
	return 0;
}

/* --- in a row --- */

static int read_batch(struct topic_reader *r, uint64_t offset, uint64_t *ret_behind)
{
	struct stream_batch b;
	int e = topic_stream_next(&r->stream, offset, &b, ret_behind);

	if (e < 0)
		return e;
	batch_cursor_init(&r->cursor, b.head.n, b.head.first_offset, b.head.first_ms, b.head.flags & BATCH_APPEND_TIME,
	    b.dir, b.body);
	r->reading = true;
	r->read_to = offset;
	r->read_generation = topic_segments_generation(r->segments);
	r->batch_end = b.head.last_offset + 1;
	return 0;
}

int topic_reader_next(struct topic_reader *r, uint64_t offset, struct message *ret, uint64_t *ret_behind)
{
	if (offset < r->read_to || offset > r->batch_end ||
	    r->read_generation != topic_segments_generation(r->segments))
		r->reading = false;
	for (;;) {
		int e = r->reading ? batch_next(&r->cursor, ret) : -ENODATA;

		if (e == 0 && ret->offset < offset)
			continue;
		if (e == 0) {
			*ret_behind = r->read_to = ret->offset + 1;
			return 0;
		}
		r->reading = false;
		if (e == -EBADMSG) {
			*ret_behind = r->batch_end;
			return e;
		}
		*ret_behind = offset;
		e = read_batch(r, offset, ret_behind);
		if (e < 0)
			return e;
	}
}

/* --- looking up --- */

/* In a segment that reaches that time. -ENODATA: what does is damaged. */
static int at_in(struct topic_reader *r, uint32_t i, int64_t time_ms, uint64_t *ret)
{
	const struct segment_block *block;
	const struct block_batch *batches;
	const struct segment_map *x;
	struct segment_reader *s;
	struct block_place at;
	uint32_t n;
	int e = topic_segments_get(r->segments, i, &s);

	if (e == 0)
		e = segment_reader_map(s, true, &x);
	if (e < 0)
		return e;
	for (uint32_t k = segment_map_find_time(x, time_ms); k < x->n; k++) {
		e = segment_reader_block(s, k, false, &block);
		if (e < 0)
			return e;
		segment_block_batches(block, &batches, &n);
		for (uint32_t b = 0; b < n; b++) {
			if (batches[b].state == BLOCK_LOST || batches[b].max_ms < time_ms)
				continue;
			e = segment_block_seek(block, batches[b].first, &at);
			while (e == 0 && at.batch == b && at.time_ms < time_ms)
				e = segment_block_next(block, &at);
			if (e == 0 && at.batch == b) {
				*ret = at.offset;
				return 0;
			}
		}
	}
	return -ENODATA;
}

static int at_time(struct topic_reader *r, int64_t time_ms, uint64_t *ret)
{
	uint32_t n = topic_segments_n(r->segments);
	struct topic_segment_info info;

	for (uint32_t i = 0; i < n; i++) {
		int e = topic_segments_info(r->segments, i, true, &info);

		if (e == 0 && info.sum->max_ms >= time_ms && info.sum->next_offset > info.base)
			e = at_in(r, i, time_ms, ret);
		else if (e == 0)
			e = -ENODATA;
		if (e != -ENODATA && e != -EBADMSG && e != -EPROTONOSUPPORT)
			return e;
	}
	*ret = topic_segments_next(r->segments);
	return 0;
}

int topic_reader_at(struct topic_reader *r, int64_t time_ms, uint64_t *ret)
{
	int e = at_time(r, time_ms, ret);

	return is_stale(r, e) ? at_time(r, time_ms, ret) : e;
}

int topic_reader_look(struct topic_reader *r, uint64_t offset, uint64_t *ret)
{
	const struct segment_map *x;
	struct segment_reader *s;
	uint32_t k;
	int e;

	if (topic_segments_n(r->segments) == 0)
		return -ENOENT;
	e = topic_segments_get(r->segments, topic_segments_find(r->segments, offset), &s);
	if (e == 0)
		e = segment_reader_map(s, false, &x);
	if (e < 0)
		return e;
	k = segment_map_find(x, offset);
	if (k == x->n || offset >= x->sum.next_offset)
		return -ENOENT;
	*ret = x->base + x->entries[k].delta;
	return 0;
}

/* --- as text --- */

int topic_reader_segment(struct topic_reader *r, uint64_t from, struct topic_segment *ret)
{
	uint32_t n = topic_segments_n(r->segments), i = topic_segments_find(r->segments, from);
	struct topic_segment_info info;
	int e;

	for (; i < n; i++) {
		e = topic_segments_info(r->segments, i, false, &info);
		if (e < 0)
			return e;
		if (info.base >= from)
			break;
	}
	if (i >= n)
		return -ENOENT;
	e = topic_segments_info(r->segments, i, true, &info);
	if (e < 0)
		return e;
	*ret = (struct topic_segment){.base = info.base,
	    .next = info.sum->next_offset,
	    .text_len = info.sum->text_len,
	    .max_ms = info.sum->max_ms,
	    .bytes = info.bytes,
	    .newest = i + 1 == n};
	return 0;
}

int topic_reader_text_len(struct topic_reader *r, uint64_t from, uint64_t to, uint64_t *ret)
{
	int e = topic_text_len(r->text, from, to, ret);

	return is_stale(r, e) ? topic_text_len(r->text, from, to, ret) : e;
}

int topic_reader_text(struct topic_reader *r, uint64_t from, uint64_t to, uint64_t off, size_t len, struct buf *out)
{
	int e = topic_text_read(r->text, from, to, off, len, out);

	return is_stale(r, e) ? topic_text_read(r->text, from, to, off, len, out) : e;
}
