/* point_file_verify.c -- reading and checking all of a file of points (point_file.h)
 *
 * First frames, then what they hold: sums, order, and that what is told of a series is what its points come to. Where
 * frames are damaged, that series cannot be read is told no second time.
 */
#include "store/point_file_inner.h"
#include "store/point_text.h"

struct verifying {
	struct point_file *f;
	void (*each)(uint64_t off, const char *what, void *arg);
	void *arg;
	int n, n_frames; /* places; of them damaged frames */
	uint64_t told;   /* offset of the page whose series something was told of */

	struct buf before; /* the key before */
	uint64_t n_points;
	int64_t first_ns, last_ns;
};

static void tell(struct verifying *v, uint64_t off, const char *what)
{
	v->each(off, what, v->arg);
	v->n++;
}

static void on_frame(uint8_t type, uint64_t off, int r, void *arg)
{
	struct verifying *v = arg;

	(void)type;
	if (r == 0)
		return;
	tell(v, off, "damaged frame");
	v->n_frames++;
}

/* Of series of one page one thing is told. */
static void tell_series(struct verifying *v, uint64_t number, const char *what)
{
	const struct point_pages *keys = &v->f->index.keys;
	uint64_t off = keys->v[point_pages_find(keys, number)].off;

	if (off == v->told)
		return;
	v->told = off;
	tell(v, off, what);
}

/* What is wrong with the key of a series; NULL: nothing. */
static const char *check_key(struct verifying *v, uint64_t number, struct span key)
{
	struct point_label l = {span_of("__name__", 8), point_key_metric(key)};
	uint64_t same;
	size_t at = 0;

	if (point_key_compare(span_of(v->before.p, v->before.len), key) >= 0)
		return "keys out of order";
	buf_clear(&v->before);
	buf_put(&v->before, key.p, span_left(&key));
	key = span_of(v->before.p, v->before.len);
	if (!point_file_may_have_key(v->f, key))
		return "a key that the Bloom filter has not";
	do
		if (!point_file_may_have_label(v->f, l.name, l.value))
			return "a label that the Bloom filter has not";
	while (point_key_label(key, &at, &l));
	if (point_file_find(v->f, key, &same) < 0 || same != number)
		return "a key that is not found";
	return NULL;
}

static const char *check_stat(struct verifying *v, uint64_t number, const int64_t *ns, const uint64_t *bits, size_t n)
{
	struct point_stat st;

	if (point_file_stat(v->f, number, &st) < 0 || st.n != n || st.first_ns != ns[0] || st.last_ns != ns[n - 1] ||
	    st.n_fine != point_vectors_fine(ns, n) || st.values_len != point_text_values_len(bits, n))
		return "another count, time or length of text than the points have";
	return NULL;
}

static int on_series(uint64_t number, const int64_t *ns, const uint64_t *bits, size_t n, void *arg)
{
	struct verifying *v = arg;
	const char *wrong = NULL;
	struct span key;
	int r;

	if (n == 0) {
		if (v->n_frames == 0)
			tell_series(v, number, "points that cannot be read");
		return 0;
	}
	v->first_ns = v->n_points == 0 || ns[0] < v->first_ns ? ns[0] : v->first_ns;
	v->last_ns = v->n_points == 0 || ns[n - 1] > v->last_ns ? ns[n - 1] : v->last_ns;
	v->n_points += n;
	wrong = check_stat(v, number, ns, bits, n);
	r = point_file_key(v->f, number, &key);
	if (r == -ENOMEM || r == -EIO)
		return r;
	if (!wrong)
		wrong = r < 0 ? "a key that is none" : check_key(v, number, key);
	if (wrong)
		tell_series(v, number, wrong);
	return v->before.err;
}

/* What the head says of all. */
static void check_head(struct verifying *v, uint64_t head_off)
{
	const struct point_file_head *h = point_file_head(v->f);

	if (v->n_points != h->n_points || (v->n_points > 0 && (v->first_ns != h->first_ns || v->last_ns != h->last_ns)))
		tell(v, head_off, "another count of points, or other times, than there are");
}

int point_file_verify(struct point_file *f, void (*each)(uint64_t off, const char *what, void *arg), void *arg)
{
	struct verifying v = {.f = f, .each = each, .arg = arg};
	uint64_t head_off;
	int r = sealed_verify(f->file, on_frame, &v);

	if (r < 0)
		return r;
	if (f->index.salvaged && v.n == 0)
		tell(&v, 0, "table of contents, indexes or head are damaged");
	r = point_file_scan(f, 0, on_series, &v);
	buf_done(&v.before);
	if (r < 0)
		return r;
	if (v.n == 0 && sealed_find(f->file, FRAME_POINTS_HEAD, 0, &head_off) == 0)
		check_head(&v, head_off);
	return v.n;
}
