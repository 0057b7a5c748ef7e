/* point_merge.c -- see point_merge.h */
#include "store/point_merge.h"

#include "store/point_times.h"

void point_part_of_file(struct point_file *f, struct point_part *ret)
{
	*ret = (struct point_part){.file = f, .n = point_file_head(f)->n_series};
}

int point_part_of_head(const struct point_head *h, struct point_part *ret)
{
	struct point_part part = {.head = h};
	size_t n;
	int r = point_head_order(h, &part.order, &n);

	if (r < 0)
		return r;
	part.n = n;
	*ret = part;
	return 0;
}

void point_part_done(struct point_part *part)
{
	free(part->order);
	*part = (struct point_part){0};
}

int point_part_key(const struct point_part *part, uint64_t i, struct span *ret)
{
	if (part->file)
		return point_file_key(part->file, i, ret);
	*ret = point_series_key(part->head->runs[part->order[i]].series);
	return 0;
}

int point_part_find(const struct point_part *part, struct span key, uint64_t *ret)
{
	uint64_t lo = 0, hi = part->n;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		struct span k;
		int r = point_part_key(part, mid, &k);

		if (r < 0)
			return r;
		if (point_key_compare(k, key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*ret = lo;
	return 0;
}

/* --- the points of a series --- */

void point_merge_done(struct point_merge *m)
{
	buf_done(&m->ns);
	buf_done(&m->bits);
	buf_done(&m->piece_ns);
	buf_done(&m->piece_bits);
	buf_done(&m->other_ns);
	buf_done(&m->other_bits);
}

void point_merge_clear(struct point_merge *m)
{
	buf_clear(&m->ns);
	buf_clear(&m->bits);
}

static void swap(struct buf *a, struct buf *b)
{
	struct buf t = *a;

	*a = *b;
	*b = t;
}

static const int64_t *times_of(const struct buf *b)
{
	return (const int64_t *)(const void *)b->p;
}

static size_t count_of(const struct buf *b)
{
	return b->len / sizeof(int64_t);
}

/* Leaves the times from `from` to `to`. */
static void trim(struct buf *ns, struct buf *bits, int64_t from, int64_t to)
{
	size_t n = count_of(ns), first, end;

	if (n == 0 || (times_of(ns)[0] >= from && times_of(ns)[n - 1] <= to))
		return;
	first = point_times_lower_bound(times_of(ns), n, from);
	end = to == INT64_MAX ? n : point_times_lower_bound(times_of(ns), n, to + 1);
	if (end < first)
		end = first;
	memmove(ns->p, ns->p + first * sizeof(int64_t), (end - first) * sizeof(int64_t));
	memmove(bits->p, bits->p + first * sizeof(uint64_t), (end - first) * sizeof(uint64_t));
	ns->len = bits->len = (end - first) * sizeof(int64_t);
}

static int read_piece(struct point_merge *m, const struct point_part *part, uint64_t i, struct span key, int64_t from,
    int64_t to, struct point_drop *const *drops, size_t n_drops)
{
	int r;

	buf_clear(&m->piece_ns);
	buf_clear(&m->piece_bits);
	if (part->file) {
		r = point_file_read(part->file, i, from, to, &m->piece_ns, &m->piece_bits);
		if (r == 0)
			point_drops_apply(
			    drops, n_drops, point_file_head(part->file)->number, key, 0, &m->piece_ns, &m->piece_bits);
		return r;
	}
	r = point_run_read(&part->head->runs[part->order[i]], &m->piece_ns, &m->piece_bits);
	if (r == 0)
		trim(&m->piece_ns, &m->piece_bits, from, to);
	return r;
}

/* Both into one, the piece's where times are equal. */
static int weave(struct point_merge *m)
{
	size_t n_a = count_of(&m->ns), n_b = count_of(&m->piece_ns), a = 0, b = 0, n = 0;
	const int64_t *ns_a = times_of(&m->ns), *ns_b = times_of(&m->piece_ns);
	const uint64_t *bits_a = (const uint64_t *)(void *)m->bits.p,
	               *bits_b = (const uint64_t *)(void *)m->piece_bits.p;
	uint64_t *bits;
	int64_t *ns;

	buf_clear(&m->other_ns);
	buf_clear(&m->other_bits);
	if (buf_reserve(&m->other_ns, (n_a + n_b) * sizeof *ns) < 0 ||
	    buf_reserve(&m->other_bits, (n_a + n_b) * sizeof *bits) < 0)
		return -ENOMEM;
	ns = (int64_t *)(void *)m->other_ns.p;
	bits = (uint64_t *)(void *)m->other_bits.p;
	while (a < n_a || b < n_b) {
		bool take_b = a == n_a || (b < n_b && ns_b[b] <= ns_a[a]);

		ns[n] = take_b ? ns_b[b] : ns_a[a];
		bits[n++] = take_b ? bits_b[b] : bits_a[a];
		a += !take_b || (a < n_a && ns_a[a] == ns_b[b]);
		b += take_b;
	}
	m->other_ns.len = m->other_bits.len = n * sizeof *ns;
	swap(&m->ns, &m->other_ns);
	swap(&m->bits, &m->other_bits);
	return 0;
}

int point_merge_add(struct point_merge *m, const struct point_part *part, uint64_t i, struct span key, int64_t from,
    int64_t to, struct point_drop *const *drops, size_t n_drops)
{
	int r = read_piece(m, part, i, key, from, to, drops, n_drops);

	if (r < 0 || m->piece_ns.len == 0)
		return r;
	/* What is in memory is not more than what came. */
	if (part->file && count_of(&m->ns) + count_of(&m->piece_ns) > POINT_FILE_READ_MAX)
		return -EFBIG;
	if (m->ns.len == 0) {
		swap(&m->ns, &m->piece_ns);
		swap(&m->bits, &m->piece_bits);
		return 0;
	}
	if (times_of(&m->piece_ns)[0] <= times_of(&m->ns)[count_of(&m->ns) - 1])
		return weave(m);
	buf_put(&m->ns, m->piece_ns.p, m->piece_ns.len);
	buf_put(&m->bits, m->piece_bits.p, m->piece_bits.len);
	return m->ns.err < 0 ? m->ns.err : m->bits.err;
}

/* --- series by series --- */

struct cursor {
	uint64_t at;
	struct buf key;
	bool ended;
};

struct walk {
	const struct point_merge_how *how;
	struct cursor *cursors; /* one a part */
	struct point_place *places;
	struct span metric; /* that alone is selected, with its NUL; empty: any may be */
	int (*each)(struct span key, const struct point_place *places, size_t n, void *arg);
	void *arg;
};

static struct span key_of(const struct cursor *c)
{
	return span_of(c->key.p, c->key.len);
}

static bool begins_with(struct span s, struct span with)
{
	return span_left(&s) >= span_left(&with) &&
	       (span_left(&with) == 0 || memcmp(s.p, with.p, span_left(&with)) == 0);
}

/* Takes the key that the cursor is at, or the next one that can be read. */
static int settle(struct walk *w, size_t which)
{
	const struct point_part *part = &w->how->parts[which];
	struct cursor *c = &w->cursors[which];
	bool damaged = false;

	while (c->at < part->n) {
		struct span key;
		int r = point_part_key(part, c->at, &key);

		if (r == -EBADMSG) {
			const struct point_place place = {.part = which, .i = c->at};

			r = damaged ? 0 : w->each(span_of(NULL, 0), &place, 0, w->arg);
			damaged = true;
			c->at = part->file ? point_file_next(part->file, c->at) : c->at + 1;
		} else if (r == 0 && !begins_with(key, w->metric)) {
			if (point_key_compare(key, w->metric) > 0)
				break;
			c->at++;
		} else if (r == 0) {
			buf_clear(&c->key);
			buf_put(&c->key, key.p, span_left(&key));
			return c->key.err;
		}
		if (r != 0)
			return r;
	}
	c->ended = true;
	return 0;
}

/* Whether the part may have anything that is selected. */
static bool may_have(const struct point_part *part, const struct point_select *select)
{
	struct span label, value;

	if (!part->file || !select)
		return true;
	for (size_t i = 0; point_select_equal(select, i, &label, &value); i++)
		if (!point_file_may_have_label(part->file, label, value))
			return false;
	return true;
}

static int begin(struct walk *w)
{
	for (size_t i = 0; i < w->how->n_parts; i++) {
		const struct point_part *part = &w->how->parts[i];
		struct cursor *c = &w->cursors[i];
		int r = 0;

		if (!may_have(part, w->how->select)) {
			c->ended = true;
			continue;
		}
		/* What is damaged is found anew, from the beginning. */
		if (span_left(&w->metric) > 0 && point_part_find(part, w->metric, &c->at) < 0)
			c->at = 0;
		r = settle(w, i);
		if (r != 0)
			return r;
	}
	return 0;
}

/* The first cursor with the lowest key; false: all have ended. */
static bool lowest(const struct walk *w, size_t *ret)
{
	bool any = false;

	for (size_t i = 0; i < w->how->n_parts; i++)
		if (!w->cursors[i].ended &&
		    (!any || point_key_compare(key_of(&w->cursors[i]), key_of(&w->cursors[*ret])) < 0)) {
			*ret = i;
			any = true;
		}
	return any;
}

/* Tells of a key, and goes on where it was. */
static int pass(struct walk *w, size_t first)
{
	const struct point_merge_how *how = w->how;
	struct span key = key_of(&w->cursors[first]);
	size_t n = 0;
	int r = 0;

	for (size_t i = first; i < how->n_parts; i++)
		if (!w->cursors[i].ended && (i == first || point_key_compare(key_of(&w->cursors[i]), key) == 0))
			w->places[n++] = (struct point_place){.part = i, .i = w->cursors[i].at};
	if (!how->select || point_select_matches(how->select, key))
		r = w->each(key, w->places, n, w->arg);
	for (size_t i = 0; r == 0 && i < n; i++) {
		w->cursors[w->places[i].part].at++;
		r = settle(w, w->places[i].part);
	}
	return r;
}

/* The metric that is selected, if it is one alone. */
static void metric_of(const struct point_select *select, struct buf *ret)
{
	static const char name[] = "__name__";
	struct span label, value;

	for (size_t i = 0; select && point_select_equal(select, i, &label, &value); i++)
		if (span_left(&label) == sizeof name - 1 && memcmp(label.p, name, sizeof name - 1) == 0) {
			buf_clear(ret);
			buf_put(ret, value.p, span_left(&value));
			buf_put_u8(ret, 0);
		}
}

static int walk(struct walk *w)
{
	size_t first = 0;
	int r = begin(w);

	while (r == 0 && lowest(w, &first)) {
		if (w->how->stop && *w->how->stop)
			return -ECANCELED;
		r = pass(w, first);
	}
	return r;
}

int point_merge_walk(const struct point_merge_how *how,
    int (*each)(struct span key, const struct point_place *places, size_t n, void *arg), void *arg)
{
	struct walk w = {.how = how, .each = each, .arg = arg};
	_cleanup_(buf_done) struct buf metric = {0};
	int r;

	metric_of(how->select, &metric);
	if (metric.err < 0)
		return metric.err;
	w.metric = span_of(metric.p, metric.len);
	w.cursors = calloc(how->n_parts + 1, sizeof *w.cursors);
	w.places = calloc(how->n_parts + 1, sizeof *w.places);
	r = w.cursors && w.places ? walk(&w) : -ENOMEM;
	for (size_t i = 0; w.cursors && i < how->n_parts; i++)
		buf_done(&w.cursors[i].key);
	free(w.cursors);
	free(w.places);
	return r;
}

struct scan {
	const struct point_merge_how *how;
	struct point_merge merge;
	int (*each)(struct span key, const int64_t *ns, const uint64_t *bits, size_t n, void *arg);
	void *arg;
};

static int pass_points(struct span key, const struct point_place *places, size_t n, void *arg)
{
	struct scan *s = arg;
	const struct point_merge_how *how = s->how;
	bool damaged = n == 0;

	point_merge_clear(&s->merge);
	for (size_t i = 0; i < n; i++) {
		int r = point_merge_add(&s->merge, &how->parts[places[i].part], places[i].i, key, how->from, how->to,
		    how->drops, how->n_drops);

		if (r == -EBADMSG || r == -EFBIG)
			damaged = true;
		else if (r < 0)
			return r;
	}
	if (damaged)
		return s->each(key, NULL, NULL, 0, s->arg);
	if (s->merge.ns.len == 0)
		return 0;
	return s->each(key, times_of(&s->merge.ns), (const uint64_t *)(const void *)s->merge.bits.p,
	    count_of(&s->merge.ns), s->arg);
}

int point_merge_scan(const struct point_merge_how *how,
    int (*each)(struct span key, const int64_t *ns, const uint64_t *bits, size_t n, void *arg), void *arg)
{
	struct scan s = {.how = how, .each = each, .arg = arg};
	int r = point_merge_walk(how, pass_points, &s);

	point_merge_done(&s.merge);
	return r;
}
