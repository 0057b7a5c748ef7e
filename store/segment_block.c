/* segment_block.c -- see segment_block.h
 *
 * Directories are taken apart when a block is made: from then on a message is found by its number, and what is known of
 * it lies in one piece. A block begins with a line of the CPU's cache; what a look needs is fetched at once, since
 * where it lies follows from the block's address and the message's number.
 */
#include "store/segment_block.h"

#include "store/batch_codec.h"
#include "store/io.h"

struct record {
	int64_t time_ms;
	uint32_t body;                /* where it begins in its batch's */
	uint32_t key, headers, value; /* lengths, as on disk */
};
static_assert(sizeof(struct record) == 24, "there are many");

/* One piece of memory: this, the batches, and what is pointed to. */
struct segment_block {
	struct block_use use;
	uint32_t n;
	bool bodies;
	const struct record *records; /* of all batches */
	struct block_range range;
	const uint32_t *deltas; /* of offsets to their batch's first, where some are missing */
	const uint8_t *body;    /* of those that are compressed */
	size_t memory;
	struct block_batch batches[];
};

/* While it is being made. */
struct maker {
	const struct block_range *range;
	bool bodies;
	struct buf batches, records, deltas, body;
};

void segment_block_free(struct segment_block *b)
{
	free(b);
}

struct block_use *segment_block_use(struct segment_block *b)
{
	return &b->use;
}

bool segment_block_serves(const struct segment_block *b, uint64_t end, bool bodies)
{
	return b->range.end == end && (b->bodies || !bodies);
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

/* Takes the directory of a batch apart, if it is one. */
static int take_messages(struct maker *b, const struct segment_batch *s, const struct block_batch *batch)
{
	size_t records_before = b->records.len, deltas_before = b->deltas.len;
	const struct batch_head *h = &s->head;
	struct block_place at = {.offset = h->first_offset, .time_ms = h->first_ms};
	struct span dir = s->dir;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < h->n; i++) {
		uint64_t before = at.offset;
		struct record record;
		uint32_t delta;

		r = take_entry(&dir, &at, i == 0);
		if (r < 0 || (i > 0 && at.offset <= before) || at.offset > h->last_offset || at.key > h->raw_len + 1 ||
		    at.headers > h->raw_len || at.value > h->raw_len + 1) {
			r = -EBADMSG;
			break;
		}
		record = (struct record){.time_ms = at.time_ms,
		    .body = (uint32_t)at.body,
		    .key = (uint32_t)at.key,
		    .headers = (uint32_t)at.headers,
		    .value = (uint32_t)at.value};
		buf_put(&b->records, &record, sizeof record);
		delta = (uint32_t)(at.offset - h->first_offset);
		if (!batch->dense)
			buf_put(&b->deltas, &delta, sizeof delta);
		at.body += message_len(&at);
		if (at.body > h->raw_len)
			r = -EBADMSG;
	}
	if (r == 0 && (span_left(&dir) > 0 || at.body != h->raw_len || at.offset != h->last_offset))
		r = -EBADMSG;
	if (b->records.err < 0 || b->deltas.err < 0)
		return -ENOMEM;
	if (r < 0) {
		b->records.len = records_before;
		b->deltas.len = deltas_before;
	}
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
	batch->n = s->head.n;
	batch->dense = s->head.last_offset - s->head.first_offset == s->head.n - 1;
	batch->record = (uint32_t)(b->records.len / sizeof(struct record));
	batch->delta = (uint32_t)(b->deltas.len / sizeof(uint32_t));
	r = take_body(b, s, batch);
	if (r == 0)
		r = take_messages(b, s, batch);
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
		if (damage && next < (r == 0 ? s.head.first_offset : range->next_offset)) {
			struct block_batch lost = {.first = next,
			    .last = (r == 0 ? s.head.first_offset : range->next_offset) - 1,
			    .max_ms = INT64_MIN,
			    .text = text,
			    .text_end = text,
			    .pos = batch.pos,
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
	buf_done(&b->records);
	buf_done(&b->deltas);
	buf_done(&b->body);
}

static uint8_t *put_all(uint8_t *at, const struct buf *b)
{
	return b->len > 0 ? mempcpy(at, b->p, b->len) : at;
}

static int pack(const struct maker *b, struct segment_block **ret)
{
	size_t len = sizeof(struct segment_block) + b->batches.len + b->records.len + b->deltas.len + b->body.len;
	size_t memory = (len + BLOCK_ALIGN - 1) / BLOCK_ALIGN * BLOCK_ALIGN;
	struct segment_block *p = aligned_alloc(BLOCK_ALIGN, memory);
	uint8_t *at;

	if (!p)
		return -ENOMEM;
	*p = (struct segment_block){.n = (uint32_t)(b->batches.len / sizeof *p->batches),
	    .bodies = b->bodies,
	    .range = *b->range,
	    .memory = memory};
	at = put_all((uint8_t *)p->batches, &b->batches);
	p->records = (const struct record *)(const void *)at;
	at = put_all(at, &b->records);
	p->deltas = (const uint32_t *)(const void *)at;
	at = put_all(at, &b->deltas);
	p->body = at;
	at = put_all(at, &b->body);
	memset(at, 0, memory - len);
	*ret = p;
	return 0;
}

struct segment_block *segment_block_copy(const struct segment_block *b, void *to)
{
	struct segment_block *copy = memcpy(to, b, b->memory);
	const uint8_t *from = (const uint8_t *)b, *at = to;

	copy->records = (const struct record *)(const void *)(at + ((const uint8_t *)b->records - from));
	copy->deltas = (const uint32_t *)(const void *)(at + ((const uint8_t *)b->deltas - from));
	copy->body = at + (b->body - from);
	return copy;
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

void segment_block_prefetch(const struct segment_block *b, uint64_t nth)
{
	const char *records = (const char *)&b->batches[1];

	for (const char *p = (const char *)b; p < records; p += BLOCK_ALIGN)
		__builtin_prefetch(p);
	records += nth * sizeof(struct record);
	__builtin_prefetch(records);
	__builtin_prefetch(records + sizeof(struct record) - 1);
}

static inline void put_place(const struct segment_block *b, uint32_t batch, uint32_t nth, struct block_place *ret)
{
	const struct block_batch *in = &b->batches[batch];
	const struct record *record = &b->records[in->record + nth];

	ret->offset = in->first + (in->dense ? nth : b->deltas[in->delta + nth]);
	ret->time_ms = record->time_ms;
	ret->key = record->key;
	ret->headers = record->headers;
	ret->value = record->value;
	ret->batch = batch;
	ret->nth = nth;
	ret->body = record->body;
}

/* The first message of the batch of that number. */
static int enter(const struct segment_block *b, uint32_t batch, struct block_place *ret)
{
	*ret = (struct block_place){.batch = batch};
	if (batch == b->n)
		return -ENODATA;
	if (b->batches[batch].state == BLOCK_LOST)
		return -EBADMSG;
	put_place(b, batch, 0, ret);
	return 0;
}

int segment_block_next(const struct segment_block *b, struct block_place *at)
{
	const struct block_batch *batch = &b->batches[at->batch];

	if (batch->state == BLOCK_LOST || at->nth + 1 >= batch->n)
		return enter(b, at->batch + 1, at);
	put_place(b, at->batch, at->nth + 1, at);
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

/* Number of the first message of a batch at or behind an offset that the batch reaches. */
static uint32_t nth_of(const struct segment_block *b, const struct block_batch *batch, uint64_t offset)
{
	uint32_t lo = 0, hi = batch->n - 1;
	uint64_t delta = offset - batch->first;

	if (batch->dense)
		return (uint32_t)delta;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (b->deltas[batch->delta + mid] < delta)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int segment_block_seek(const struct segment_block *b, uint64_t offset, struct block_place *ret)
{
	uint32_t batch = batch_of(b, offset);

	if (batch == b->n || b->batches[batch].state == BLOCK_LOST || offset <= b->batches[batch].first)
		return enter(b, batch, ret);
	put_place(b, batch, nth_of(b, &b->batches[batch], offset), ret);
	return 0;
}

int segment_block_message(
    const struct segment_block *b, int fd, const struct block_place *at, struct buf *room, struct message *ret)
{
	const struct block_batch *batch = &b->batches[at->batch];
	uint64_t len = message_len(at);
	const uint8_t *p;

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
		p = room->p;
	} else {
		p = b->body + batch->body + at->body;
	}
	ret->offset = at->offset;
	ret->time_ms = at->time_ms;
	ret->append_time = batch->append_time;
	ret->key = at->key ? span_of(p, at->key - 1) : (struct span){0};
	p += len_of(at->key);
	ret->headers = span_of(p, at->headers);
	p += at->headers;
	ret->value = at->value ? span_of(p, at->value - 1) : (struct span){0};
	return 0;
}
