/* segment_block.c -- see segment_block.h
 *
 * A message is found by its offset from marks, which are set every few messages and say where in directory and body one
 * begins; from there the directory is read on.
 */
#include "store/segment_block.h"

#include "store/batch_codec.h"
#include "store/io.h"

enum { MARK_EVERY = 8 };

struct mark {
	int64_t time_ms;
	uint32_t delta; /* of the offset to the batch's first */
	uint32_t dir;   /* in all directories of the block */
	uint32_t body;  /* in its batch's */
	uint32_t zero;
};

/* One piece of memory, with what is looked at first in front. */
struct segment_block {
	struct block_use use;
	bool bodies;
	uint32_t n, n_marks;
	size_t memory, dir_len;
	struct block_range range;
	const struct mark *marks;
	const uint8_t *dir;  /* of all batches */
	const uint8_t *body; /* of those that are compressed */
	struct block_batch batches[];
};

/* While it is being made. */
struct maker {
	const struct block_range *range;
	bool bodies;
	struct buf batches, marks, dir, body;
};

void segment_block_free(struct segment_block *b)
{
	free(b);
}

struct block_use *segment_block_use(struct segment_block *b)
{
	return &b->use;
}

bool segment_block_has_bodies(const struct segment_block *b)
{
	return b->bodies;
}

const struct block_range *segment_block_range(const struct segment_block *b)
{
	return &b->range;
}

size_t segment_block_memory(const struct segment_block *b)
{
	return b->memory;
}

void segment_block_batches(const struct segment_block *b, const struct block_batch **ret, uint32_t *ret_n)
{
	*ret = b->batches;
	*ret_n = b->n;
}

/* --- loading --- */

static int add_batch(struct maker *b, const struct block_batch *batch)
{
	buf_put(&b->batches, batch, sizeof *batch);
	return b->batches.err;
}

/* Takes an entry of a directory; *at holds the one before, or what the batch begins with. */
static inline int take_entry(struct span *dir, struct block_place *at, bool first)
{
	uint64_t v[5];

	for (int i = 0; i < 5; i++) {
		int r;

		/* Most are of one byte or two. */
		if (span_left(dir) >= 2 && dir->p[0] >= 0x80 && dir->p[1] < 0x80) {
			v[i] = (dir->p[0] & 0x7f) | (uint64_t)dir->p[1] << 7;
			dir->p += 2;
			continue;
		}
		r = span_varint(dir, &v[i]);
		if (r < 0)
			return r;
	}
	at->key = v[2];
	at->headers = v[3];
	at->value = v[4];
	if (!first) {
		at->offset += v[0];
		at->time_ms = (int64_t)((uint64_t)at->time_ms + (uint64_t)unzigzag(v[1]));
	}
	return 0;
}

static uint64_t len_of(uint64_t stored)
{
	return stored ? stored - 1 : 0;
}

static uint64_t message_len(const struct block_place *at)
{
	return len_of(at->key) + at->headers + len_of(at->value);
}

/* Sets the marks of a batch, if its directory is one. */
static int mark_batch(struct maker *b, const struct segment_batch *s)
{
	const struct batch_head *h = &s->head;
	struct block_place at = {.offset = h->first_offset, .time_ms = h->first_ms};
	size_t dir_at = b->dir.len, n_before = b->marks.len;
	struct span dir = s->dir;
	uint64_t body = 0;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < h->n; i++) {
		struct mark m = {.dir = (uint32_t)(dir_at + (size_t)(dir.p - s->dir.p)), .body = (uint32_t)body};
		uint64_t before = at.offset;

		r = take_entry(&dir, &at, i == 0);
		if (r < 0 || (i > 0 && at.offset <= before) || at.offset > h->last_offset || at.key > h->raw_len + 1 ||
		    at.headers > h->raw_len || at.value > h->raw_len + 1)
			r = -EBADMSG;
		body += message_len(&at);
		if (body > h->raw_len)
			r = -EBADMSG;
		if (i % MARK_EVERY == 0) {
			m.delta = (uint32_t)(at.offset - h->first_offset);
			m.time_ms = at.time_ms;
			buf_put(&b->marks, &m, sizeof m);
		}
	}
	if (r == 0 && (span_left(&dir) > 0 || body != h->raw_len || at.offset != h->last_offset))
		r = -EBADMSG;
	if (r == 0 && b->marks.err == 0) {
		buf_put(&b->dir, s->dir.p, span_left(&s->dir));
		return b->dir.err;
	}
	r = b->marks.err < 0 ? b->marks.err : r;
	b->marks.len = n_before;
	return r;
}

/* Where the body is, and whether it can be used. */
static int take_body(struct maker *b, const struct segment_batch *s, struct block_batch *batch)
{
	_cleanup_(buf_done) struct buf raw = {0};
	int r;

	batch->stored = s->head.codec == BATCH_STORED;
	batch->body = s->pos + sizeof(struct disk_frame) + sizeof(struct disk_batch) + s->head.dir_len;
	batch->state = !b->bodies ? BLOCK_DIRECTORY : s->whole ? BLOCK_WHOLE : BLOCK_ROTTEN;
	if (batch->stored || batch->state != BLOCK_WHOLE)
		return 0;
	r = batch_codec_unpack(s->head.codec, s->body, s->head.raw_len, &raw);
	if (r == -EBADMSG || r == -EPROTONOSUPPORT) {
		batch->state = BLOCK_ROTTEN;
		return 0;
	}
	batch->body = b->body.len;
	if (r == 0)
		buf_put(&b->body, raw.p, raw.len);
	return r < 0 ? r : b->body.err;
}

static int take_batch(struct maker *b, const struct segment_batch *s, struct block_batch *batch)
{
	int r;

	batch->first = s->head.first_offset;
	batch->last = s->head.last_offset;
	batch->max_ms = s->head.max_ms;
	batch->append_time = s->head.flags & BATCH_APPEND_TIME;
	batch->text_end = batch->text + s->head.text_len;
	batch->dense = s->head.last_offset - s->head.first_offset == s->head.n - 1;
	r = take_body(b, s, batch);
	if (r == 0)
		r = mark_batch(b, s);
	if (r == -EBADMSG) {
		batch->state = BLOCK_LOST;
		r = 0;
	}
	return r < 0 ? r : add_batch(b, batch);
}

static int load(struct maker *b, struct segment_heads *w)
{
	const struct block_range *range = b->range;
	uint64_t next = range->first_offset, text = range->text;
	bool damage = false, text_known = true;
	struct segment_batch s;
	int r;

	for (;;) {
		struct block_batch batch = {.text = text, .text_end = text, .pos = w->pos, .text_known = text_known};

		r = segment_heads_next(w, &s);
		if (r == 0 && (s.head.first_offset < next || s.head.last_offset >= range->next_offset))
			r = -EBADMSG; /* a head that the index does not know */
		if (r == -EBADMSG) {
			damage = true;
			text_known = false;
			r = segment_heads_search(w);
			if (r == 0)
				continue;
		}
		if (r < 0 && r != -ENODATA)
			return r;
		batch.mark = (uint32_t)(b->marks.len / sizeof(struct mark));
		if (damage && next < (r == 0 ? s.head.first_offset : range->next_offset)) {
			struct block_batch lost = {.first = next,
			    .last = (r == 0 ? s.head.first_offset : range->next_offset) - 1,
			    .max_ms = INT64_MIN,
			    .text = text,
			    .text_end = text,
			    .pos = batch.pos,
			    .mark = batch.mark,
			    .state = BLOCK_LOST};
			int r2 = add_batch(b, &lost);

			if (r2 < 0)
				return r2;
		}
		damage = false;
		if (r == -ENODATA)
			return 0;
		batch.text_known = text_known;
		r = take_batch(b, &s, &batch);
		if (r < 0)
			return r;
		text = batch.text_end;
		next = batch.last + 1;
	}
}

static void maker_done(struct maker *b)
{
	buf_done(&b->batches);
	buf_done(&b->marks);
	buf_done(&b->dir);
	buf_done(&b->body);
}

static int pack(const struct maker *b, struct segment_block **ret)
{
	size_t len = sizeof(struct segment_block) + b->batches.len + b->marks.len + b->dir.len + b->body.len;
	struct segment_block *p = malloc(len);
	uint8_t *at;

	if (!p)
		return -ENOMEM;
	*p = (struct segment_block){.bodies = b->bodies,
	    .n = (uint32_t)(b->batches.len / sizeof *p->batches),
	    .n_marks = (uint32_t)(b->marks.len / sizeof *p->marks),
	    .memory = len,
	    .dir_len = b->dir.len,
	    .range = *b->range};
	at = (uint8_t *)p->batches;
	at = mempcpy(at, b->batches.p ? b->batches.p : at, b->batches.len);
	p->marks = (const struct mark *)(const void *)at;
	at = mempcpy(at, b->marks.p ? b->marks.p : at, b->marks.len);
	p->dir = at;
	at = mempcpy(at, b->dir.p ? b->dir.p : at, b->dir.len);
	p->body = at;
	(void)mempcpy(at, b->body.p ? b->body.p : at, b->body.len);
	*ret = p;
	return 0;
}

int segment_block_load(
    int fd, uint64_t file_id, const struct block_range *range, bool bodies, struct segment_block **ret)
{
	_cleanup_(maker_done) struct maker b = {.range = range, .bodies = bodies};
	_cleanup_(segment_heads_done) struct segment_heads w;
	int r;

	segment_heads_init(&w, fd, file_id, range->pos, range->end);
	w.whole = bodies;
	r = load(&b, &w);
	return r < 0 ? r : pack(&b, ret);
}

/* --- finding --- */

/* Directory from dir up to where the batch of that number ends. */
static struct span directory(const struct segment_block *b, uint32_t batch, size_t dir)
{
	size_t end = b->dir_len;

	if (batch + 1 < b->n && b->batches[batch + 1].mark < b->n_marks)
		end = b->marks[b->batches[batch + 1].mark].dir;
	return (struct span){b->dir + dir, b->dir + end};
}

static struct block_place place_of(const struct segment_block *b, uint32_t batch, const struct mark *m)
{
	return (struct block_place){.offset = b->batches[batch].first + m->delta,
	    .time_ms = m->time_ms,
	    .batch = batch,
	    .dir = m->dir,
	    .body = m->body};
}

/* Moves to the first message of the batch of that number, or of one behind it. */
static int enter(const struct segment_block *b, uint32_t batch, struct block_place *at)
{
	struct span dir;

	*at = (struct block_place){.batch = batch};
	if (batch == b->n)
		return -ENODATA;
	if (b->batches[batch].state == BLOCK_LOST)
		return -EBADMSG;
	*at = place_of(b, batch, &b->marks[b->batches[batch].mark]);
	dir = directory(b, batch, at->dir);
	(void)take_entry(&dir, at, true); /* gone through when it was marked */
	at->dir = (size_t)(dir.p - b->dir);
	return 0;
}

int segment_block_next(const struct segment_block *b, struct block_place *at)
{
	struct span dir = directory(b, at->batch, at->dir);

	if (b->batches[at->batch].state == BLOCK_LOST || span_left(&dir) == 0)
		return enter(b, at->batch + 1, at);
	at->body += message_len(at);
	(void)take_entry(&dir, at, false);
	at->dir = (size_t)(dir.p - b->dir);
	return 0;
}

/* Number of the first batch that ends at or behind offset. */
static uint32_t batch_of(const struct segment_block *b, uint64_t offset)
{
	uint32_t lo = 0, hi = b->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (b->batches[mid].last < offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Number of the last mark of a batch that is not behind offset, or of its first. */
static uint32_t mark_of(const struct segment_block *b, uint32_t batch, uint64_t offset)
{
	uint32_t lo = b->batches[batch].mark, hi = batch + 1 < b->n ? b->batches[batch + 1].mark : b->n_marks;
	uint64_t delta = offset - b->batches[batch].first;

	if (b->batches[batch].dense)
		return lo + (uint32_t)(delta / MARK_EVERY);

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (b->marks[mid].delta <= delta)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

int segment_block_seek(const struct segment_block *b, uint64_t offset, struct block_place *ret)
{
	uint32_t batch = batch_of(b, offset), mark;
	struct span dir;
	int r = 0;

	if (batch == b->n || b->batches[batch].state == BLOCK_LOST || offset <= b->batches[batch].first)
		return enter(b, batch, ret);
	mark = mark_of(b, batch, offset);
	/* About there, if messages are alike: fetched while the mark is. */
	__builtin_prefetch(b->dir + b->dir_len * mark / b->n_marks);
	*ret = place_of(b, batch, &b->marks[mark]);
	dir = directory(b, batch, ret->dir);
	(void)take_entry(&dir, ret, true);
	while (ret->offset < offset && span_left(&dir) > 0) {
		ret->body += message_len(ret);
		r = take_entry(&dir, ret, false);
		if (r < 0)
			return r;
	}
	ret->dir = (size_t)(dir.p - b->dir);
	return 0;
}

int segment_block_message(
    const struct segment_block *b, int fd, const struct block_place *at, struct buf *room, struct message *ret)
{
	const struct block_batch *batch = &b->batches[at->batch];
	uint64_t len = message_len(at);
	struct span s;

	if (batch->state != BLOCK_WHOLE)
		return -EBADMSG;
	if (batch->stored) {
		ssize_t n;
		int r;

		buf_clear(room);
		r = buf_reserve(room, len + 1); /* no bytes are somewhere, too */
		n = r < 0 ? r : len ? io_pread(fd, room->p, len, batch->body + at->body) : 0;
		if (n < 0)
			return (int)n;
		if ((uint64_t)n < len)
			return -EBADMSG;
		s = span_of(room->p, len);
	} else {
		s = span_of(b->body + batch->body + at->body, len);
	}
	*ret = (struct message){.offset = at->offset, .time_ms = at->time_ms, .append_time = batch->append_time};
	ret->key = at->key ? span_of(s.p, at->key - 1) : (struct span){0};
	s.p += len_of(at->key);
	ret->headers = span_of(s.p, at->headers);
	s.p += at->headers;
	ret->value = at->value ? span_of(s.p, at->value - 1) : (struct span){0};
	return 0;
}
