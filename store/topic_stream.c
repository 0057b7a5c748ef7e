/* topic_stream.c -- see topic_stream.h */
#include "store/topic_stream.h"

#include "store/batch_codec.h"

void topic_stream_init(struct topic_stream *st, struct topic_segments *segments)
{
	*st = (struct topic_stream){.segments = segments};
}

void topic_stream_done(struct topic_stream *st)
{
	scan_done(&st->scan);
	buf_done(&st->raw);
	*st = (struct topic_stream){0};
}

/* Begins in the segment of number i, at the entry of its index for that offset. */
static int enter(struct topic_stream *st, uint32_t i, uint64_t from)
{
	const struct segment_map *x;
	struct segment_reader *s;
	uint64_t id, pos = sizeof(struct disk_header);
	int fd, r;

	st->i = i;
	st->kept = false;
	r = topic_segments_get(st->segments, i, &s);
	if (r == 0)
		r = segment_reader_map(s, false, &x);
	if (r < 0)
		return r;
	st->expected = segment_reader_base(s);
	if (from > st->expected && x->n > 0) {
		uint32_t k = segment_map_find(x, from);

		pos = x->entries[k < x->n ? k : 0].pos;
		st->expected += x->entries[k < x->n ? k : 0].delta;
	}
	scan_done(&st->scan);
	st->scan = (struct scan){0};
	if (x->n > 0) {
		r = segment_reader_file(s, &fd, &id);
		if (r < 0)
			return r;
		scan_init(&st->scan, fd, id, segment_reader_sum(s)->covered);
		scan_seek(&st->scan, pos);
	}
	return 0;
}

static int seek(struct topic_stream *st, uint64_t from)
{
	int r = -ENOENT;

	st->active = false;
	/* A segment that is gone shows in a listing. */
	for (int i = 0; i < 2 && r == -ENOENT; i++) {
		if (topic_segments_n(st->segments) == 0)
			return -ENODATA;
		r = enter(st, topic_segments_find(st->segments, from), from);
		if (r == -ENOENT) {
			int r2 = topic_segments_look(st->segments);

			if (r2 < 0)
				return r2;
		}
	}
	st->generation = topic_segments_generation(st->segments);
	st->active = r == 0;
	return r;
}

static void tell(const struct topic_stream *st, const struct segment_reader *s, uint64_t off)
{
	topic_segments_problem(st->segments, segment_reader_base(s), off, "damaged");
}

/* The next frame that is a batch. -ENODATA: the segment ends; -EBADMSG: nothing can be found behind what is damaged.
 * *damage: set if bytes were passed over. */
static int next_frame(struct topic_stream *st, struct batch_head *ret, bool *damage)
{
	const struct segment_sum *sum;
	struct segment_reader *s;
	uint64_t id;
	int fd, r;

	r = topic_segments_get(st->segments, st->i, &s);
	if (r < 0)
		return r;
	sum = segment_reader_sum(s);
	if (st->scan.off == 0) { /* was empty */
		if (sum->next_offset == segment_reader_base(s))
			return -ENODATA;
		r = enter(st, st->i, 0);
		if (r < 0)
			return r;
	}
	r = segment_reader_file(s, &fd, &id);
	if (r < 0)
		return r;
	st->scan.fd = fd;
	st->scan.end = sum->covered;
	for (;;) {
		uint64_t expected = st->scan.off;

		r = st->kept ? 0 : scan_next(&st->scan, &st->frame);
		if (r == 0 || r == -ENODATA || r == -EBADMSG) {
			bool passed = !st->kept && (r == 0 ? st->frame.off : sum->covered) > expected;

			if (passed)
				tell(st, s, expected);
			*damage |= passed;
		}
		if (r < 0)
			return r;
		st->kept = false;
		if (st->frame.type != FRAME_BATCH)
			continue;
		if (span_left(&st->frame.payload) >= sizeof(struct disk_batch) &&
		    batch_head_get((const struct disk_batch *)st->frame.payload.p,
		        (uint32_t)span_left(&st->frame.payload), ret) == 0 &&
		    ret->first_offset >= st->expected && ret->last_offset < sum->next_offset)
			return 0;
		*damage = true;
	}
}

static int unpack(struct topic_stream *st, const struct batch_head *h, struct stream_batch *ret)
{
	const uint8_t *dir = st->frame.payload.p + sizeof(struct disk_batch);
	struct span body = {dir + h->dir_len, st->frame.payload.end};
	int r = 0;

	*ret = (struct stream_batch){.head = *h, .dir = span_of(dir, h->dir_len), .body = body};
	if (h->codec != BATCH_STORED) {
		r = batch_codec_unpack(h->codec, body, h->raw_len, &st->raw);
		ret->body = span_of(st->raw.p, st->raw.len);
	}
	return r == -EPROTONOSUPPORT ? -EBADMSG : r;
}

/* The segment ends. 0: went to the next one; else as topic_stream_next. */
static int leave(struct topic_stream *st, uint64_t from, bool damage, uint64_t *ret_behind)
{
	struct topic_segment_info info;
	bool lost;
	int r = topic_segments_info(st->segments, st->i, true, &info);

	if (r < 0)
		return r;
	lost = damage && info.sum->next_offset > st->expected && info.sum->next_offset > from;
	if (damage && info.sum->next_offset > st->expected)
		st->expected = info.sum->next_offset;
	if (lost) {
		scan_seek(&st->scan, info.sum->covered);
		*ret_behind = st->expected;
		return -EBADMSG;
	}
	if (st->i + 1 == topic_segments_n(st->segments)) {
		/* From here the next call goes on, whatever was asked for. */
		return -ENODATA;
	}
	return enter(st, st->i + 1, 0);
}

static int next_batch(struct topic_stream *st, uint64_t from, struct stream_batch *ret, uint64_t *ret_behind)
{
	bool damage = false;

	for (;;) {
		struct batch_head h;
		int r = next_frame(st, &h, &damage);

		if (r == -ENODATA || (r == -EBADMSG && damage)) {
			r = leave(st, from, damage, ret_behind);
			damage = false;
			if (r < 0)
				return r;
			continue;
		}
		if (r < 0)
			return r;
		if (damage && h.first_offset > st->expected && h.first_offset > from) {
			st->kept = true;
			st->expected = *ret_behind = h.first_offset;
			return -EBADMSG;
		}
		damage = false;
		st->expected = h.last_offset + 1;
		if (h.last_offset < from)
			continue;
		r = unpack(st, &h, ret);
		*ret_behind = st->expected;
		return r;
	}
}

/* The segment cannot be read at all. */
static int pass_segment(struct topic_stream *st, uint64_t from, uint64_t *ret_behind)
{
	uint32_t i = topic_segments_find(st->segments, from);
	struct topic_segment_info info;

	if (i + 1 >= topic_segments_n(st->segments) || topic_segments_info(st->segments, i, false, &info) < 0)
		return -ENODATA;
	*ret_behind = info.end;
	st->active = false;
	return -EBADMSG;
}

int topic_stream_next(struct topic_stream *st, uint64_t from, struct stream_batch *ret, uint64_t *ret_behind)
{
	int r;

	for (int tries = 0; tries < 3; tries++) {
		r = 0;
		if (!st->active || from != st->expected || st->generation != topic_segments_generation(st->segments))
			r = seek(st, from);
		*ret_behind = from;
		if (r == 0)
			r = next_batch(st, from, ret, ret_behind);
		if ((r == -EBADMSG && *ret_behind == from) || r == -EPROTONOSUPPORT)
			return pass_segment(st, from, ret_behind);
		if (r != -ENOENT)
			return r;
		st->active = false; /* the file went while it was closed */
	}
	return r;
}
