/* point_vectors.c -- see point_vectors.h
 *
 * WRITING. What is scraped together has the same times, and is mostly put together: a new series' times are looked for
 * in the vectors that were used last. A series that begins or ends in the middle has a piece of one. Only a vector that
 * is as long as one can be is taken for the beginning of a longer series: one that is shorter because its series ended
 * would cut all the others in two.
 */
#include "store/point_vectors.h"

enum {
	RECENT_MAX = 64,
	PIECE_MIN = 512, /* of a longer series */
	PAGE_RAW = 64 << 10,
	SLOTS = 128,
	CACHE_MAX = 1 << 20, /* times that are kept */
	NS_PER_MS = 1000000,
};

#define NS_PER_HOUR INT64_C(3600000000000)

/* --- writing --- */

struct recent {
	uint64_t number;
	int64_t *ns;
	uint32_t n, cap;
};

struct point_vectors_writer {
	struct point_page_writer *out;
	struct point_pages pages;
	uint64_t next;
	/* Of the page that is being filled. */
	uint64_t first;
	uint32_t n;
	struct buf counts, fines, lengths, times, raw;
	struct recent recent[RECENT_MAX]; /* used last: first */
	unsigned n_recent;
};

int point_vectors_writer_new(struct point_page_writer *out, struct point_vectors_writer **ret)
{
	struct point_vectors_writer *w = calloc(1, sizeof *w);

	if (!w)
		return -ENOMEM;
	w->out = out;
	*ret = w;
	return 0;
}

void point_vectors_writer_free(struct point_vectors_writer *w)
{
	if (!w)
		return;
	for (unsigned i = 0; i < RECENT_MAX; i++)
		free(w->recent[i].ns);
	point_pages_done(&w->pages);
	buf_done(&w->counts);
	buf_done(&w->fines);
	buf_done(&w->lengths);
	buf_done(&w->times);
	buf_done(&w->raw);
	free(w);
}

static int put_page(struct point_vectors_writer *w)
{
	struct buf *raw = &w->raw;
	bool candidate;
	uint64_t off;
	int r;

	if (w->n == 0)
		return 0;
	buf_clear(raw);
	buf_put_varint(raw, w->n);
	buf_put(raw, w->counts.p, w->counts.len);
	buf_put(raw, w->fines.p, w->fines.len);
	buf_put(raw, w->lengths.p, w->lengths.len);
	buf_put(raw, w->times.p, w->times.len);
	if (raw->err || w->counts.err || w->fines.err || w->lengths.err || w->times.err)
		return -ENOMEM;
	r = point_page_write(
	    w->out, FRAME_POINTS_TIMES, w->first, span_of(raw->p, raw->len), span_of(NULL, 0), &candidate, &off);
	if (r == 0)
		r = point_pages_add(&w->pages, off, w->first);
	w->first = w->next;
	w->n = 0;
	buf_clear(&w->counts);
	buf_clear(&w->fines);
	buf_clear(&w->lengths);
	buf_clear(&w->times);
	return r;
}

uint32_t point_vectors_fine(const int64_t *ns, size_t n)
{
	uint32_t fine = 0;

	for (size_t i = 0; i < n; i++)
		fine += ns[i] % NS_PER_MS != 0;
	return fine;
}

/* Moves entry i to the front. */
static struct recent *use(struct point_vectors_writer *w, unsigned i)
{
	struct recent used = w->recent[i];

	memmove(w->recent + 1, w->recent, i * sizeof used);
	w->recent[0] = used;
	return w->recent;
}

static int put_vector(struct point_vectors_writer *w, const int64_t *ns, uint32_t n)
{
	unsigned last = w->n_recent < RECENT_MAX ? w->n_recent++ : RECENT_MAX - 1;
	struct recent *v = use(w, last);
	size_t before = w->times.len;

	if (v->cap < n) {
		int64_t *wider = realloc(v->ns, n * sizeof *wider);

		if (!wider)
			return -ENOMEM;
		v->ns = wider;
		v->cap = n;
	}
	memcpy(v->ns, ns, n * sizeof *ns);
	v->n = n;
	v->number = w->next++;
	point_times_put(ns, n, w->out->packer ? POINT_PLAIN : POINT_PACKED, &w->times);
	buf_put_varint(&w->counts, n);
	buf_put_varint(&w->fines, point_vectors_fine(ns, n));
	buf_put_varint(&w->lengths, w->times.len - before);
	w->n++;
	return w->counts.len + w->fines.len + w->lengths.len + w->times.len >= PAGE_RAW ? put_page(w) : 0;
}

/* Whether a block of these times can be a piece of v. */
static bool is_piece(const struct recent *v, const int64_t *ns, size_t n, struct point_piece *ret)
{
	uint32_t low, k;

	if (ns[0] < v->ns[0] || ns[0] > v->ns[v->n - 1])
		return false;
	low = (uint32_t)point_times_lower_bound(v->ns, v->n, ns[0]);
	k = v->n - low;
	if (n < k)
		k = (uint32_t)n;
	if (k < n && (v->n < POINT_BLOCK_MAX || k < PIECE_MIN))
		return false;
	if (v->ns[low + k - 1] != ns[k - 1] || memcmp(v->ns + low, ns, k * sizeof *ns) != 0)
		return false;
	*ret = (struct point_piece){.vector = v->number, .skipped = low, .n = k, .left = v->n - low - k};
	return true;
}

int point_vectors_writer_add(struct point_vectors_writer *w, const int64_t *ns, size_t n, struct point_piece *ret)
{
	for (unsigned i = 0; i < w->n_recent; i++)
		if (is_piece(&w->recent[i], ns, n, ret)) {
			use(w, i);
			return 0;
		}
	if (n > POINT_BLOCK_MAX)
		n = POINT_BLOCK_MAX;
	*ret = (struct point_piece){.vector = w->next, .n = (uint32_t)n};
	return put_vector(w, ns, (uint32_t)n);
}

int point_vectors_writer_finish(struct point_vectors_writer *w, const struct point_pages **ret, uint64_t *ret_n)
{
	*ret = &w->pages;
	*ret_n = w->next;
	return put_page(w);
}

/* --- reading --- */

struct listed {
	size_t off; /* in raw */
	uint32_t len, n, fine;
};

struct slot {
	uint64_t number;
	int64_t *ns;
	uint32_t n, cap; /* n 0: nothing is here */
};

struct point_vectors {
	struct point_page_reader *in;
	const struct point_pages *pages;
	int64_t min, max;

	/* The page that was read last. */
	size_t page; /* pages->n: none */
	int page_r;  /* what became of reading it */
	struct buf raw;
	struct listed *listed;
	size_t n_listed, listed_cap;

	struct slot slots[SLOTS];
	size_t n_kept;
};

/* The times of an hour that int64 has. */
static void limits(int32_t hour, int64_t *ret_min, int64_t *ret_max)
{
	if (__builtin_mul_overflow((int64_t)hour, NS_PER_HOUR, ret_min))
		*ret_min = hour < 0 ? INT64_MIN : INT64_MAX;
	if (__builtin_mul_overflow((int64_t)hour + 1, NS_PER_HOUR, ret_max))
		*ret_max = hour < 0 ? INT64_MIN : INT64_MAX;
	else
		--*ret_max;
}

int point_vectors_new(
    struct point_page_reader *in, const struct point_pages *pages, int32_t hour, struct point_vectors **ret)
{
	struct point_vectors *v = calloc(1, sizeof *v);

	if (!v)
		return -ENOMEM;
	v->in = in;
	v->pages = pages;
	v->page = pages->n;
	limits(hour, &v->min, &v->max);
	*ret = v;
	return 0;
}

void point_vectors_free(struct point_vectors *v)
{
	if (!v)
		return;
	for (unsigned i = 0; i < SLOTS; i++)
		free(v->slots[i].ns);
	free(v->listed);
	buf_done(&v->raw);
	free(v);
}

static int reserve_listed(struct point_vectors *v, size_t n)
{
	struct listed *l;

	if (n <= v->listed_cap)
		return 0;
	l = realloc(v->listed, n * sizeof *l);
	if (!l)
		return -ENOMEM;
	v->listed = l;
	v->listed_cap = n;
	return 0;
}

static int parse(struct point_vectors *v)
{
	struct span in = span_of(v->raw.p, v->raw.len);
	uint64_t n, x, off;
	int r = span_varint_max(&in, span_left(&in) / 4, &n);

	if (r == 0)
		r = reserve_listed(v, n);
	v->n_listed = r == 0 ? n : 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = span_varint_max(&in, POINT_BLOCK_MAX, &x);
		v->listed[i].n = (uint32_t)x;
		if (r == 0 && x == 0)
			r = -EBADMSG;
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = span_varint_max(&in, v->listed[i].n, &x);
		v->listed[i].fine = (uint32_t)x;
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = span_varint_max(&in, v->raw.len, &x);
		v->listed[i].len = (uint32_t)x;
	}
	if (r < 0)
		return r;
	off = v->raw.len - span_left(&in);
	for (size_t i = 0; i < n; i++) {
		v->listed[i].off = off;
		off += v->listed[i].len;
		if (off > v->raw.len)
			return -EBADMSG;
	}
	return off == v->raw.len ? 0 : -EBADMSG;
}

/* Finds a vector in its page, which is read. */
static int find(struct point_vectors *v, uint64_t number, const struct listed **ret)
{
	uint64_t first;
	size_t page;

	if (v->pages->n == 0)
		return -EBADMSG;
	page = point_pages_find(v->pages, number);
	first = v->pages->v[page].first;
	if (page != v->page) {
		v->page = page;
		v->page_r = point_page_read(v->in, FRAME_POINTS_TIMES, v->pages->v[page].off, first, &v->raw);
		if (v->page_r == 0)
			v->page_r = parse(v);
		if (v->page_r < 0 && v->page_r != -EBADMSG)
			v->page = v->pages->n;
	}
	if (v->page_r < 0)
		return v->page_r;
	if (number < first || number - first >= v->n_listed)
		return -EBADMSG;
	*ret = &v->listed[number - first];
	return 0;
}

int point_vectors_count(struct point_vectors *v, uint64_t number, uint32_t *ret_n, uint32_t *ret_fine)
{
	const struct listed *l;
	int r = find(v, number, &l);

	if (r < 0)
		return r;
	*ret_n = l->n;
	*ret_fine = l->fine;
	return 0;
}

static void forget_all(struct point_vectors *v)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		free(v->slots[i].ns);
		v->slots[i] = (struct slot){0};
	}
	v->n_kept = 0;
}

static int fill(struct point_vectors *v, struct slot *s, uint64_t number)
{
	const struct listed *l;
	int r = find(v, number, &l);

	s->n = 0;
	if (r < 0)
		return r;
	if (l->n > s->cap) {
		if (v->n_kept + l->n > CACHE_MAX)
			forget_all(v);
		free(s->ns);
		v->n_kept -= s->cap;
		s->cap = 0;
		s->ns = malloc((l->n + POINT_ROOM) * sizeof *s->ns);
		if (!s->ns)
			return -ENOMEM;
		s->cap = l->n;
		v->n_kept += s->cap;
	}
	r = point_times_get(span_of(v->raw.p + l->off, l->len), l->n, s->ns);
	if (r == 0 && (s->ns[0] < v->min || s->ns[l->n - 1] > v->max))
		r = -EBADMSG;
	if (r < 0)
		return r;
	s->n = l->n;
	s->number = number;
	return 0;
}

int point_vectors_get(struct point_vectors *v, uint64_t number, const int64_t **ret, uint32_t *ret_n)
{
	struct slot *s = &v->slots[number % SLOTS];
	int r = s->n > 0 && s->number == number ? 0 : fill(v, s, number);

	if (r < 0)
		return r;
	*ret = s->ns;
	*ret_n = s->n;
	return 0;
}
