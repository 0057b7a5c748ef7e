/* point_file_index.c -- see point_file_index.h */
#include "store/point_file_index.h"

#include "store/point_keys.h"

enum {
	POINT_FILE_HAS_NEWEST = 2, /* from this version on */
	LOWS_MAX = 64 << 20,
	PAGE_SERIES_MAX = POINT_PAGE_RAW_MAX / POINT_KEYS_SERIES_MIN,
};

void point_file_index_done(struct point_file_index *x)
{
	point_pages_done(&x->values);
	point_pages_done(&x->times);
	point_pages_done(&x->keys);
	free(x->low);
	buf_done(&x->lows);
	*x = (struct point_file_index){0};
}

/* --- as it was written --- */

static int read_head(struct point_file_index *x, const struct sealed *file)
{
	_cleanup_(buf_done) struct buf b = {0};
	struct point_file_head *h = &x->head;
	uint64_t version, first, last;
	struct span in;
	int r = sealed_section(file, FRAME_POINTS_HEAD, 0, &b);

	if (r < 0)
		return r == -ENOENT ? -EBADMSG : r;
	in = span_of(b.p, b.len);
	if (span_varint(&in, &version) < 0)
		return -EBADMSG;
	if (version == 0 || version > POINT_FILE_VERSION)
		return -EPROTONOSUPPORT;
	if (span_varint(&in, &h->number) < 0 || span_varint_max(&in, h->number, &h->since) < 0)
		return -EBADMSG;
	h->newest = h->number;
	if ((version >= POINT_FILE_HAS_NEWEST && span_varint_max(&in, h->number, &h->newest) < 0) ||
	    span_varint_max(&in, UINT32_MAX, &h->n_series) < 0 || span_varint(&in, &h->n_points) < 0 ||
	    span_varint(&in, &first) < 0 || span_varint(&in, &last) < 0 || span_varint(&in, &x->n_vectors) < 0 ||
	    span_varint(&in, &x->values_len) < 0 || span_left(&in) > 0)
		return -EBADMSG;
	h->first_ns = unzigzag(first);
	h->last_ns = unzigzag(last);
	return h->number == sealed_id(file)->first_seq ? 0 : -EBADMSG;
}

static int read_pages(struct point_file_index *x, const struct sealed *file)
{
	_cleanup_(buf_done) struct buf b = {0};
	struct span in;
	int r = sealed_section(file, FRAME_POINTS_PAGES, 0, &b);

	if (r < 0)
		return r == -ENOENT ? -EBADMSG : r;
	in = span_of(b.p, b.len);
	r = point_pages_get(&in, &x->values);
	if (r == 0)
		r = point_pages_get(&in, &x->times);
	return r < 0 ? r : span_left(&in) > 0 ? -EBADMSG : 0;
}

static int reserve_lows(struct point_file_index *x, size_t n)
{
	uint32_t *wider = realloc(x->low, (n + 1) * sizeof *wider);

	if (!wider)
		return -ENOMEM;
	wider[0] = 0;
	x->low = wider;
	return 0;
}

/* Appends the low of the page that was added last. */
static int add_low(struct point_file_index *x, struct span low)
{
	buf_put(&x->lows, low.p, span_left(&low));
	if (x->lows.len > LOWS_MAX)
		return -EBADMSG;
	x->low[x->keys.n] = (uint32_t)x->lows.len;
	return x->lows.err;
}

static int get_low(struct point_file_index *x, struct span *in)
{
	size_t i = x->keys.n - 1, before = i > 0 ? x->low[i] - x->low[i - 1] : 0;
	uint64_t shared, len;
	struct span rest;

	if (span_varint_max(in, before, &shared) < 0 || span_varint_max(in, POINT_KEY_MAX - shared, &len) < 0 ||
	    span_sub(in, len, &rest) < 0 || (shared + len == 0) != (i == 0))
		return -EBADMSG;
	if (buf_reserve(&x->lows, shared) < 0)
		return -ENOMEM;
	if (shared > 0)
		buf_put(&x->lows, x->lows.p + x->low[i - 1], shared);
	return add_low(x, rest);
}

static int read_key_pages(struct point_file_index *x, const struct sealed *file)
{
	_cleanup_(buf_done) struct buf b = {0};
	struct span in;
	uint64_t n;
	int r = sealed_section(file, FRAME_POINTS_KEY_PAGES, 0, &b);

	if (r < 0)
		return r == -ENOENT ? -EBADMSG : r;
	in = span_of(b.p, b.len);
	if (span_varint_max(&in, span_left(&in) / 4, &n) < 0 || (n == 0) != (x->head.n_series == 0))
		return -EBADMSG;
	r = reserve_lows(x, n);
	for (; r == 0 && n > 0; n--) {
		r = point_pages_get_one(&in, &x->keys);
		if (r == 0)
			r = get_low(x, &in);
	}
	if (r < 0)
		return r;
	/* No page has more than fit into it: who lies here would have others go through what is not there. */
	for (size_t i = 0; i < x->keys.n; i++) {
		uint64_t end = i + 1 < x->keys.n ? x->keys.v[i + 1].first : x->head.n_series;

		if (end <= x->keys.v[i].first || end - x->keys.v[i].first > PAGE_SERIES_MAX)
			return -EBADMSG;
	}
	return span_left(&in) > 0 ? -EBADMSG : 0;
}

int point_file_index_read(struct point_file_index *ret, const struct sealed *file)
{
	int r;

	ret->head.hour = sealed_id(file)->hour;
	r = read_head(ret, file);
	if (r == 0)
		r = read_pages(ret, file);
	return r < 0 ? r : read_key_pages(ret, file);
}

/* --- from the pages --- */

static int find_pages(struct point_file_index *x, struct point_page_reader *pages, enum frame_type type,
    struct point_pages *list, int (*each)(struct point_file_index *x, struct buf *raw, uint64_t first))
{
	_cleanup_(buf_done) struct buf raw = {0};
	uint64_t off, first;
	size_t at = 0;
	int r = 0;

	while (r == 0 && sealed_next(pages->file, type, &at, &off) == 0) {
		r = point_page_look(pages, type, off, &first, &raw);
		if (r == 0 && (list->n == 0 || first > list->v[list->n - 1].first)) {
			r = point_pages_add(list, off, first);
			if (r == 0 && each)
				r = each(x, &raw, first);
		}
		if (r == -EBADMSG)
			r = 0;
	}
	return r;
}

static int note_keys(struct point_file_index *x, struct buf *raw, uint64_t first)
{
	struct point_keys k = {.raw = *raw};
	struct span key;
	int r;

	r = point_keys_parse(&k);
	if (r == 0 && (first > UINT32_MAX || k.n > UINT32_MAX - first))
		r = -EBADMSG;
	if (r == 0)
		r = point_keys_get(&k, 0, &key);
	if (r == 0 && x->keys.n == 1)
		key = span_of(NULL, 0);
	if (r == 0)
		r = reserve_lows(x, x->keys.n);
	if (r == 0)
		r = add_low(x, key);
	if (r == 0)
		x->head.n_series = first + k.n;
	*raw = k.raw;
	k.raw = (struct buf){0};
	point_keys_done(&k);
	if (r < 0)
		x->keys.n--;
	return r;
}

int point_file_index_salvage(struct point_file_index *ret, struct point_page_reader *pages)
{
	const struct file_id *id = sealed_id(pages->file);
	int r;

	point_file_index_done(ret);
	ret->salvaged = true;
	ret->head = (struct point_file_head){.hour = id->hour, .number = id->first_seq, .since = id->first_seq};
	ret->head.newest = id->first_seq;
	r = find_pages(ret, pages, FRAME_POINTS_PAGE, &ret->values, NULL);
	if (r == 0)
		r = find_pages(ret, pages, FRAME_POINTS_TIMES, &ret->times, NULL);
	return r < 0 ? r : find_pages(ret, pages, FRAME_POINTS_KEYS, &ret->keys, note_keys);
}

/* --- finding --- */

size_t point_file_index_page_of(const struct point_file_index *x, struct span key)
{
	size_t low = 0, high = x->keys.n;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;
		struct span s = span_of(x->lows.p + x->low[mid], x->low[mid + 1] - x->low[mid]);

		if (point_key_compare(s, key) <= 0)
			low = mid;
		else
			high = mid;
	}
	return low;
}
