/* point_file_writer.c -- writing a sealed file of the points of an hour (point_file.h)
 *
 * Runs of values are gathered to a page; what is known of their series waits until that is written, as only then it is
 * known how long they are: a page of a cold file is what zstd makes of plain runs, or packed runs as they are,
 * whichever is less. In memory are a page of values, the series that have values in it, the indexes, and what the Bloom
 * filter is made of.
 */
#include "store/point_bloom.h"
#include "store/point_file.h"
#include "store/point_keys.h"
#include "store/point_text.h"

enum {
	COLD_LEVEL = 15,
	FAST_LEVEL = 1, /* of keys and times alone */
	COLD_PAGE = 256 << 10,
	FAST_PAGE = 64 << 10,
	COLD_KEYS = 512 << 10, /* bytes of keys and what is known of series, in a page */
	FAST_KEYS = 16 << 10,
	WAITING_MAX = 8 << 20, /* bytes of keys that wait for the page of their values */
	BLOOM_MIN = 64,        /* series */
};

/* A block whose run is in the page that is being filled. */
struct waiting {
	struct point_block block; /* length: packed */
	uint32_t plain;
};

struct point_file_writer {
	struct sealed_writer *out;
	struct point_file_head head;
	enum point_file_level level;
	int err;

	struct point_page_writer values, rest; /* of values; of keys and times */
	struct point_pages value_pages, key_pages;
	struct point_vectors_writer *vectors;
	struct point_bloom bloom;

	struct buf packed, plain; /* runs of the page that is being filled */
	uint64_t values_len;      /* of the pages before it */
	struct buf waiting;       /* struct waiting */

	/* Series that are in no page of keys yet: the first ones with all their blocks in pages of values. */
	struct buf keys, entries, blocks; /* bytes, struct point_keys_entry, struct point_block */
	uint64_t keys_offset, keys_first; /* of the first of them */
	uint64_t next_vector;             /* before them */
	uint64_t n_vectors;               /* set at the end */

	struct buf last_key, listed_key; /* added last; last of the page of keys before */
	struct buf low, lows;            /* for the index of key pages: of the page before; the index */
	struct buf raw;
};

static void writer_free(struct point_file_writer *w)
{
	point_page_writer_done(&w->values);
	point_page_writer_done(&w->rest);
	point_pages_done(&w->value_pages);
	point_pages_done(&w->key_pages);
	point_vectors_writer_free(w->vectors);
	point_bloom_done(&w->bloom);
	buf_done(&w->packed);
	buf_done(&w->plain);
	buf_done(&w->waiting);
	buf_done(&w->keys);
	buf_done(&w->entries);
	buf_done(&w->blocks);
	buf_done(&w->last_key);
	buf_done(&w->listed_key);
	buf_done(&w->low);
	buf_done(&w->lows);
	buf_done(&w->raw);
	free(w);
}

void point_file_writer_abort(struct point_file_writer *w)
{
	if (!w)
		return;
	sealed_writer_abort(w->out);
	writer_free(w);
}

static int begin(struct point_file_writer *w, int dirfd, uint64_t store_id)
{
	struct file_id id = {
	    .kind = KIND_POINTS, .store_id = store_id, .hour = w->head.hour, .first_seq = w->head.number};
	bool cold = w->level == POINT_FILE_COLD;
	char name[POINT_FILE_NAME_SIZE];
	int r;

	point_file_name(name, w->head.hour, w->head.number);
	r = sealed_writer_new(dirfd, name, &id, &w->out);
	if (r < 0)
		return r;
	w->values.out = w->rest.out = w->out;
	if (cold)
		r = packer_new(COLD_LEVEL, span_of(NULL, 0), &w->values.packer);
	if (r == 0)
		r = packer_new(cold ? COLD_LEVEL : FAST_LEVEL, span_of(NULL, 0), &w->rest.packer);
	return r < 0 ? r : point_vectors_writer_new(&w->rest, &w->vectors);
}

int point_file_writer_new(int dirfd, uint64_t store_id, const struct point_file_head *head, enum point_file_level level,
    struct point_file_writer **ret)
{
	_cleanup_(cleanup_point_file_writer) struct point_file_writer *w = calloc(1, sizeof *w);
	int r;

	if (!w)
		return -ENOMEM;
	w->head = (struct point_file_head){
	    .hour = head->hour,
	    .number = head->number,
	    .since = head->since,
	    .newest = head->newest,
	};
	w->level = level;
	r = begin(w, dirfd, store_id);
	if (r < 0)
		return r;
	*ret = TAKE(w);
	return 0;
}

/* --- pages of keys --- */

static size_t n_entries(const struct point_file_writer *w)
{
	return w->entries.len / sizeof(struct point_keys_entry);
}

static size_t n_blocks(const struct point_file_writer *w)
{
	return w->blocks.len / sizeof(struct point_block);
}

static void drop_front(struct buf *b, size_t len)
{
	b->len -= len;
	memmove(b->p, b->p + len, b->len);
}

/* Notes what is above all keys of the page before, and not above the first of this one: as few bytes as can be. */
static void put_low(struct point_file_writer *w, const uint8_t *key, size_t len)
{
	size_t common = 0, shared = 0;

	while (common < w->listed_key.len && common < len && w->listed_key.p[common] == key[common])
		common++;
	len = w->key_pages.n == 1 ? 0 : common + 1;
	while (shared < w->low.len && shared < len && w->low.p[shared] == key[shared])
		shared++;
	point_pages_put_one(&w->lows, &w->key_pages, w->key_pages.n - 1);
	buf_put_varint(&w->lows, shared);
	buf_put_varint(&w->lows, len - shared);
	buf_put(&w->lows, key + shared, len - shared);
	buf_clear(&w->low);
	buf_put(&w->low, key, len);
}

/* The first n series. */
static int put_keys(struct point_file_writer *w, size_t n)
{
	const struct point_keys_entry *entries = (const struct point_keys_entry *)w->entries.p;
	const struct point_block *blocks = (const struct point_block *)w->blocks.p;
	size_t keys_len = 0, blocks_n = 0, last_len = entries[n - 1].key_len;
	bool candidate;
	uint64_t off;
	int r;

	buf_clear(&w->raw);
	point_keys_put(&w->raw, entries, n, w->keys.p, blocks, w->keys_offset, &w->next_vector);
	for (size_t i = 0; i < n; i++) {
		keys_len += entries[i].key_len;
		blocks_n += entries[i].n_blocks;
	}
	for (size_t i = 0; i < blocks_n; i++)
		w->keys_offset += blocks[i].length;
	if (w->raw.err)
		return w->raw.err;
	r = point_page_write(&w->rest, FRAME_POINTS_KEYS, w->keys_first, span_of(w->raw.p, w->raw.len),
	    span_of(NULL, 0), &candidate, &off);
	if (r == 0)
		r = point_pages_add(&w->key_pages, off, w->keys_first);
	if (r < 0)
		return r;
	put_low(w, w->keys.p, entries[0].key_len);
	buf_clear(&w->listed_key);
	buf_put(&w->listed_key, w->keys.p + keys_len - last_len, last_len);
	w->keys_first += n;
	drop_front(&w->keys, keys_len);
	drop_front(&w->entries, n * sizeof *entries);
	drop_front(&w->blocks, blocks_n * sizeof *blocks);
	return w->listed_key.err ? w->listed_key.err : w->low.err ? w->low.err : w->lows.err;
}

/* Puts pages of series that have all their blocks in pages of values, as long as there is one full. all: and what is
 * left of them. */
static int put_full_keys(struct point_file_writer *w, bool all)
{
	size_t page = w->level == POINT_FILE_COLD ? COLD_KEYS : FAST_KEYS, settled = n_blocks(w);
	size_t i = 0, len = 0;
	int r = 0;

	while (r == 0 && i < n_entries(w)) {
		const struct point_keys_entry *e = (const struct point_keys_entry *)w->entries.p + i;

		if (e->n_blocks > settled)
			break;
		settled -= e->n_blocks;
		len += e->key_len + 8 + 6 * (size_t)e->n_blocks;
		i++;
		if (len < page)
			continue;
		r = put_keys(w, i);
		i = len = 0;
	}
	return r == 0 && all && i > 0 ? put_keys(w, i) : r;
}

/* --- pages of values --- */

/* Now it is known how long the runs are. */
static int settle(struct point_file_writer *w, bool packed)
{
	const struct waiting *v = (const struct waiting *)w->waiting.p;
	size_t n = w->waiting.len / sizeof *v;

	for (size_t i = 0; i < n; i++) {
		struct point_block b = v[i].block;

		if (!packed)
			b.length = v[i].plain;
		buf_put(&w->blocks, &b, sizeof b);
	}
	buf_clear(&w->waiting);
	return w->blocks.err;
}

static int put_values(struct point_file_writer *w)
{
	struct span packed = span_of(w->packed.p, w->packed.len), plain = span_of(w->plain.p, w->plain.len);
	bool cold = w->level == POINT_FILE_COLD, is_packed = false;
	uint64_t off;
	int r;

	if (w->packed.len == 0)
		return 0;
	r = point_page_write(&w->values, FRAME_POINTS_PAGE, w->values_len, cold ? plain : packed,
	    cold ? packed : span_of(NULL, 0), &is_packed, &off);
	if (r == 0)
		r = point_pages_add(&w->value_pages, off, w->values_len);
	is_packed |= !cold;
	w->values_len += is_packed ? w->packed.len : w->plain.len;
	buf_clear(&w->packed);
	buf_clear(&w->plain);
	return r < 0 ? r : settle(w, is_packed);
}

static int put_block(struct point_file_writer *w, const struct point_piece *times, const uint64_t *bits)
{
	size_t packed = w->packed.len, plain = w->plain.len, page = FAST_PAGE;
	struct waiting v = {.block = {.times = *times}};

	point_values_put(bits, times->n, POINT_PACKED, &w->packed);
	if (w->level == POINT_FILE_COLD) {
		page = COLD_PAGE;
		point_values_put(bits, times->n, POINT_PLAIN, &w->plain);
	}
	v.block.length = (uint32_t)(w->packed.len - packed);
	v.plain = (uint32_t)(w->plain.len - plain);
	buf_put(&w->waiting, &v, sizeof v);
	if (w->packed.err || w->plain.err || w->waiting.err)
		return -ENOMEM;
	return w->packed.len >= page || w->plain.len >= page ? put_values(w) : 0;
}

/* --- series --- */

static bool ascend(const int64_t *ns, size_t n)
{
	bool yes = true;

	for (size_t i = 1; i < n; i++)
		yes &= ns[i - 1] < ns[i];
	return yes;
}

static int put_points(struct point_file_writer *w, struct span key, const int64_t *ns, const uint64_t *bits, size_t n)
{
	struct point_keys_entry e = {.key_len = (uint32_t)span_left(&key)};
	uint64_t text_len = 0;
	int r = 0;

	for (size_t i = 0; i < n;) {
		struct point_piece times;

		r = point_vectors_writer_add(w->vectors, ns + i, n - i, &times);
		if (r == 0)
			r = put_block(w, &times, bits + i);
		if (r < 0)
			return r;
		text_len += point_text_values_len(bits + i, times.n);
		i += times.n;
		e.n_blocks++;
	}
	e.mean = text_len / n;
	e.over = text_len % n;
	buf_put(&w->entries, &e, sizeof e);
	buf_put(&w->keys, key.p, span_left(&key));
	return w->entries.err ? w->entries.err : w->keys.err;
}

static void count(struct point_file_head *h, const int64_t *ns, size_t n)
{
	if (h->n_series == 0 || ns[0] < h->first_ns)
		h->first_ns = ns[0];
	if (h->n_series == 0 || ns[n - 1] > h->last_ns)
		h->last_ns = ns[n - 1];
	h->n_series++;
	h->n_points += n;
}

static int add(struct point_file_writer *w, struct span key, const int64_t *ns, const uint64_t *bits, size_t n)
{
	struct span last = span_of(w->last_key.p, w->last_key.len);
	uint64_t pages = w->value_pages.n;
	int r;

	if (n == 0 || !ascend(ns, n) || !point_key_valid(key) || point_key_compare(last, key) >= 0)
		return -EINVAL;
	if (n > POINT_FILE_SERIES_MAX)
		return -EMSGSIZE;
	r = put_points(w, key, ns, bits, n);
	if (r == 0)
		r = point_bloom_note(&w->bloom, key);
	if (r == 0 && w->keys.len >= WAITING_MAX)
		r = put_values(w);
	if (r == 0 && w->value_pages.n > pages)
		r = put_full_keys(w, false);
	buf_clear(&w->last_key);
	buf_put(&w->last_key, key.p, span_left(&key));
	count(&w->head, ns, n);
	return r < 0 ? r : w->last_key.err;
}

int point_file_writer_add(
    struct point_file_writer *w, struct span key, const int64_t *ns, const uint64_t *bits, size_t n)
{
	if (w->err == 0)
		w->err = add(w, key, ns, bits, n);
	return w->err;
}

/* --- the end --- */

static int put_indexes(struct point_file_writer *w)
{
	_cleanup_(buf_done) struct buf pages = {0}, keys = {0};
	const struct point_pages *times;
	int r;

	r = point_vectors_writer_finish(w->vectors, &times, &w->n_vectors);
	if (r < 0)
		return r;
	point_pages_put(&pages, &w->value_pages);
	point_pages_put(&pages, times);
	buf_put_varint(&keys, w->key_pages.n);
	buf_put(&keys, w->lows.p, w->lows.len);
	if (pages.err || keys.err)
		return -ENOMEM;
	r = sealed_writer_add(w->out, FRAME_POINTS_PAGES, pages.p, pages.len, true, NULL);
	return r < 0 ? r : sealed_writer_add(w->out, FRAME_POINTS_KEY_PAGES, keys.p, keys.len, true, NULL);
}

static int put_bloom(struct point_file_writer *w)
{
	buf_clear(&w->raw);
	if (w->head.n_series < BLOOM_MIN)
		return 0;
	point_bloom_put(&w->bloom, &w->raw);
	if (w->raw.err)
		return w->raw.err;
	return sealed_writer_add(w->out, FRAME_POINTS_BLOOM, w->raw.p, w->raw.len, true, NULL);
}

static int put_head(struct point_file_writer *w)
{
	const struct point_file_head *h = &w->head;

	buf_clear(&w->raw);
	buf_put_varint(&w->raw, POINT_FILE_VERSION);
	buf_put_varint(&w->raw, h->number);
	buf_put_varint(&w->raw, h->since);
	buf_put_varint(&w->raw, h->newest);
	buf_put_varint(&w->raw, h->n_series);
	buf_put_varint(&w->raw, h->n_points);
	buf_put_varint(&w->raw, zigzag(h->first_ns));
	buf_put_varint(&w->raw, zigzag(h->last_ns));
	buf_put_varint(&w->raw, w->n_vectors);
	buf_put_varint(&w->raw, w->values_len);
	if (w->raw.err)
		return w->raw.err;
	return sealed_writer_add(w->out, FRAME_POINTS_HEAD, w->raw.p, w->raw.len, true, NULL);
}

static int put_rest(struct point_file_writer *w)
{
	int r = w->err;

	if (r == 0)
		r = put_values(w);
	if (r == 0)
		r = put_full_keys(w, true);
	if (r == 0)
		r = put_bloom(w);
	if (r == 0)
		r = put_indexes(w);
	return r < 0 ? r : put_head(w);
}

int point_file_writer_finish(struct point_file_writer *w, struct point_file_head *ret)
{
	int r = put_rest(w);

	if (r < 0) {
		point_file_writer_abort(w);
		return r;
	}
	r = sealed_writer_finish(TAKE(w->out));
	if (r == 0)
		*ret = w->head;
	writer_free(w);
	return r;
}
