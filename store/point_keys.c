/* point_keys.c -- see point_keys.h */
#include "store/point_keys.h"

/* --- writing --- */

/* How many bytes two keys have in common at their beginning. */
static uint32_t shared_len(const uint8_t *a, uint32_t a_len, const uint8_t *b, uint32_t b_len)
{
	uint32_t n = 0;

	while (n < a_len && n < b_len && a[n] == b[n])
		n++;
	return n;
}

static void put_keys(struct buf *out, const struct point_keys_entry *entries, size_t n, const uint8_t *keys)
{
	_cleanup_(buf_done) struct buf rests = {0}, lens = {0};
	uint32_t before_len = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t len = entries[i].key_len, shared = shared_len(keys - before_len, before_len, keys, len);

		buf_put_varint(out, shared);
		buf_put_varint(&lens, len - shared);
		buf_put(&rests, keys + shared, len - shared);
		keys += len;
		before_len = len;
	}
	buf_put(out, lens.p, lens.len);
	for (size_t i = 0; i < n; i++)
		buf_put_varint(out, entries[i].n_blocks - 1);
	buf_put(out, rests.p, rests.len);
	if (rests.err || lens.err)
		out->err = -ENOMEM;
}

void point_keys_put(struct buf *out, const struct point_keys_entry *entries, size_t n, const uint8_t *keys,
    const struct point_block *blocks, uint64_t offset, uint64_t *next)
{
	size_t n_blocks = 0;

	buf_put_varint(out, n);
	buf_put_varint(out, offset);
	buf_put_varint(out, *next);
	put_keys(out, entries, n, keys);
	for (size_t i = 0; i < n; i++)
		n_blocks += entries[i].n_blocks;
	for (size_t i = 0; i < n_blocks; i++) {
		bool is_new = blocks[i].times.vector == *next;

		buf_put_varint(out, *next - blocks[i].times.vector);
		*next += is_new;
	}
	for (size_t i = 0; i < n_blocks; i++)
		buf_put_varint(out, blocks[i].times.skipped);
	for (size_t i = 0; i < n_blocks; i++)
		buf_put_varint(out, blocks[i].times.left);
	for (size_t i = 0; i < n_blocks; i++)
		buf_put_varint(out, blocks[i].length);
	for (size_t i = 0; i < n; i++)
		buf_put_varint(out, entries[i].mean);
	for (size_t i = 0; i < n; i++)
		buf_put_varint(out, entries[i].over);
}

/* --- reading --- */

void point_keys_done(struct point_keys *k)
{
	free(k->series);
	free(k->blocks);
	buf_done(&k->raw);
}

static int reserve(void **p, size_t *cap, size_t n, size_t size)
{
	void *wider;

	if (n <= *cap)
		return 0;
	wider = realloc(*p, n * size);
	if (!wider)
		return -ENOMEM;
	*p = wider;
	*cap = n;
	return 0;
}

/* Takes a column: n numbers up to max, each into a field of one of n structs of that size. There are nine a series,
 * mostly of one byte, which is below any max: these are taken without a check each. */
static int take_column(struct span *in, size_t n, uint32_t max, uint32_t *field, size_t size)
{
	struct span left = *in;

	size /= sizeof *field;
	while (n > 0) {
		const uint8_t *p = left.p, *end = n < span_left(&left) ? p + n : left.end;
		uint64_t x;

		for (; p < end && *p < 0x80; p++, field += size)
			*field = *p;
		n -= (size_t)(p - left.p);
		left.p = p;
		if (n == 0)
			break;
		if (span_varint_max(&left, max, &x) < 0)
			return -EBADMSG;
		*field = (uint32_t)x;
		field += size;
		n--;
	}
	*in = left;
	return 0;
}

/* Keys and numbers of blocks. */
static int parse_keys(struct point_keys *k, struct span *in)
{
	struct point_keys_series *s = k->series;
	size_t n = k->n, rest;

	if (take_column(in, n, POINT_KEY_MAX, &s->shared, sizeof *s) < 0 ||
	    take_column(in, n, POINT_KEY_MAX, &s->rest_len, sizeof *s) < 0 ||
	    take_column(in, n, POINT_PAGE_RAW_MAX, &s->n_blocks, sizeof *s) < 0)
		return -EBADMSG;
	rest = k->raw.len - span_left(in);
	for (size_t i = 0; i < n; i++) {
		s[i].first_block = (uint32_t)k->n_blocks;
		k->n_blocks += ++s[i].n_blocks;
		/* A block has a byte in each of four. */
		if (k->n_blocks > k->raw.len / 4 || !span_take(in, s[i].rest_len))
			return -EBADMSG;
		s[i].rest = rest;
		rest += s[i].rest_len;
	}
	return 0;
}

static int parse_blocks(struct point_keys *k, struct span *in, uint64_t next)
{
	struct point_block *b = k->blocks;
	size_t n = k->n_blocks;
	uint64_t x;

	for (size_t i = 0; i < n; i++) {
		if (span_varint_max(in, next, &x) < 0)
			return -EBADMSG;
		b[i].times.vector = next - x;
		b[i].times.n = 0;
		next += x == 0;
	}
	if (take_column(in, n, POINT_BLOCK_MAX, &b->times.skipped, sizeof *b) < 0 ||
	    take_column(in, n, POINT_BLOCK_MAX, &b->times.left, sizeof *b) < 0 ||
	    take_column(in, n, POINT_PAGE_RAW_MAX, &b->length, sizeof *b) < 0)
		return -EBADMSG;
	return 0;
}

static int parse_sums(struct point_keys *k, struct span *in, uint64_t offset)
{
	struct point_keys_series *s = k->series;
	size_t b = 0;

	for (size_t i = 0; i < k->n; i++) {
		s[i].offset = offset;
		for (size_t end = b + s[i].n_blocks; b < end; b++)
			offset += k->blocks[b].length;
	}
	if (take_column(in, k->n, UINT32_MAX, &s->mean, sizeof *s) < 0 ||
	    take_column(in, k->n, UINT32_MAX, &s->over, sizeof *s) < 0 || span_left(in) > 0)
		return -EBADMSG;
	return 0;
}

static int parse(struct point_keys *k)
{
	struct span in = span_of(k->raw.p, k->raw.len);
	uint64_t n, offset, next;
	int r;

	/* Each series has a byte in each of nine columns; vectors are not more than bytes can be. */
	if (span_varint_max(&in, span_left(&in) / POINT_KEYS_SERIES_MIN, &n) < 0 || n == 0 ||
	    span_varint_max(&in, INT64_MAX, &offset) < 0 || span_varint_max(&in, INT64_MAX, &next) < 0)
		return -EBADMSG;
	r = reserve((void **)&k->series, &k->series_cap, n, sizeof *k->series);
	if (r < 0)
		return r;
	k->n = n;
	r = parse_keys(k, &in);
	if (r == 0)
		r = reserve((void **)&k->blocks, &k->blocks_cap, k->n_blocks, sizeof *k->blocks);
	if (r == 0)
		r = parse_blocks(k, &in, next);
	return r < 0 ? r : parse_sums(k, &in, offset);
}

int point_keys_parse(struct point_keys *k)
{
	int r;

	k->n = k->n_blocks = 0;
	r = parse(k);
	if (r < 0)
		k->n = 0;
	k->at = k->n;
	k->key_len = k->same = 0;
	return r;
}

/* Makes the key of series i out of that of the one before it. */
static int step(struct point_keys *k, size_t i)
{
	const struct point_keys_series *s = &k->series[i];

	if (s->shared > k->key_len || s->shared + s->rest_len > POINT_KEY_MAX)
		return -EBADMSG;
	memcpy(k->key + s->shared, k->raw.p + s->rest, s->rest_len);
	k->key_len = s->shared + s->rest_len;
	k->same = s->shared < k->same ? s->shared : k->same;
	k->at = i;
	return 0;
}

/* From the first one on. */
static int restart(struct point_keys *k)
{
	k->key_len = 0;
	return step(k, 0);
}

int point_keys_get(struct point_keys *k, size_t i, struct span *ret)
{
	int r = k->at > i ? restart(k) : 0;

	while (r == 0 && k->at < i)
		r = step(k, k->at + 1);
	if (r < 0) {
		k->at = k->n;
		return r;
	}
	*ret = span_of(k->key, k->key_len);
	r = point_key_valid_after(&k->parts, *ret, k->same) ? 0 : -EBADMSG;
	k->same = k->key_len;
	return r;
}

int point_keys_find(struct point_keys *k, struct span key, size_t *ret)
{
	int r = restart(k), c = -1;

	while (r == 0 && (c = point_key_compare(span_of(k->key, k->key_len), key)) < 0 && k->at + 1 < k->n)
		r = step(k, k->at + 1);
	if (r < 0) {
		k->at = k->n;
		return r;
	}
	*ret = k->at;
	return c == 0 ? 0 : -ENOENT;
}
