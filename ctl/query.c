/* query.c -- points of a store
 *
 * First the series that are selected are gathered from all hours, with how many points they have. Then series after
 * series is printed, as the formats want them: so that no hour is opened for each, as many are read at once as have
 * BATCH_POINTS points together. Memory is that of the keys and of a batch, or of one series that has more.
 */
#include "ctl/query.h"

#include "ctl/progress.h"

#include "view/name_set.h"
#include "view/openmetrics.h"

#include <err.h>
#include <inttypes.h>

enum { BATCH_POINTS = 4 << 20 };

#define HOUR_NS INT64_C(3600000000000)

struct run {
	const struct query *q;
	struct windows how; /* the query's */
	struct points_reader *pr;
	struct name_set keys;
	struct buf counts; /* uint64_t: points of each */
	struct name_set groups;
	struct buf *windows; /* of each group */
	struct point_writer writer;
	struct progress progress;
	int n_damaged;
};

/* A series of a batch. */
struct loaded {
	uint32_t key;
	struct buf ns, bits;
};

static int32_t hour_of_ns(int64_t ns)
{
	return (int32_t)(ns / HOUR_NS - (ns % HOUR_NS < 0));
}

/* Calls each for every hour that the query reaches into. */
static int each_hour(
    struct run *x, int (*each)(struct run *x, int32_t hour, struct points_hour *h, void *arg), void *arg)
{
	const int32_t *hours;
	size_t n;
	int r = 0;

	points_reader_hours(x->pr, &hours, &n);
	for (size_t i = 0; i < n && r == 0; i++) {
		struct points_hour *h;

		if (hours[i] < hour_of_ns(x->q->from_ns) || hours[i] > hour_of_ns(x->q->to_ns))
			continue;
		r = points_hour(x->pr, hours[i], &h);
		if (r == 0)
			r = each(x, hours[i], h, arg);
		if (r == -EBADMSG) {
			x->n_damaged++;
			r = 0;
		}
		r = r == -ENOENT ? 0 : r;
	}
	return r;
}

/* When what is asked for begins, if all of it is one window. */
static int64_t begin_of_all(const struct run *x)
{
	const int32_t *hours;
	size_t n;

	points_reader_hours(x->pr, &hours, &n);
	for (size_t i = 0; i < n; i++)
		if (hours[i] > hour_of_ns(x->q->from_ns))
			return hours[i] * HOUR_NS;
		else if (hours[i] == hour_of_ns(x->q->from_ns))
			break;
	return x->q->from_ns;
}

/* --- which series --- */

static int gather_hour(struct run *x, int32_t hour, struct points_hour *h, void *arg)
{
	int r = 0;

	(void)hour, (void)arg;
	for (size_t i = 0; i < points_hour_n(h) && r == 0; i++) {
		struct span key = points_hour_series(h, i)->key;
		uint32_t before = x->keys.n, number;
		struct point_stat stat;
		uint64_t *count;

		if (!point_select_matches(x->q->select, key))
			continue;
		r = name_set_put(&x->keys, key, &number);
		if (r == 0 && number == before)
			buf_put(&x->counts, &(uint64_t){0}, sizeof(*count));
		if (r < 0 || x->counts.err)
			return r < 0 ? r : x->counts.err;
		count = (uint64_t *)(void *)x->counts.p + number;
		/* What cannot be told is not read either, and told then. */
		if (points_hour_stat(x->pr, h, i, &stat) == 0)
			*count += stat.n;
	}
	return r;
}

static int by_key(const void *a, const void *b, void *arg)
{
	const struct name_set *keys = arg;

	return point_key_compare(name_set_get(keys, *(const uint32_t *)a), name_set_get(keys, *(const uint32_t *)b));
}

/* As OpenMetrics has them, families must not be apart. */
static int by_family(const void *a, const void *b, void *arg)
{
	const struct name_set *keys = arg;
	struct span k = name_set_get(keys, *(const uint32_t *)a), m = name_set_get(keys, *(const uint32_t *)b);
	_cleanup_(buf_done) struct buf x = {0}, y = {0};
	int r = 0;

	if (point_key_compare(point_key_metric(k), point_key_metric(m)) != 0) {
		size_t x_len = openmetrics_put_name(&x, k), y_len = openmetrics_put_name(&y, m);

		r = point_key_compare(span_of(x.p, x_len), span_of(y.p, y_len));
	}
	return r ? r : by_key(a, b, arg);
}

static int in_order(const struct run *x, const struct name_set *keys, uint32_t **ret)
{
	uint32_t *order = malloc((keys->n + (size_t)1) * sizeof(*order));

	if (!order)
		return -ENOMEM;
	for (uint32_t i = 0; i < keys->n; i++)
		order[i] = i;
	qsort_r(order, keys->n, sizeof(*order), x->q->format == POINT_OPENMETRICS ? by_family : by_key,
	    (void *)(uintptr_t)keys);
	*ret = order;
	return 0;
}

/* --- what becomes of them --- */

/* The values of windows, in the place of points. */
static int put_windows(struct run *x, struct span key, struct buf *windows)
{
	_cleanup_(buf_done) struct buf ns = {0}, bits = {0};
	struct window *v = (struct window *)(void *)windows->p;

	for (size_t i = 0; i < windows->len / sizeof(*v); i++) {
		uint64_t value;

		if (!windows_value(&x->how, &v[i], &value))
			continue;
		buf_put(&ns, &v[i].begin_ns, sizeof(v[i].begin_ns));
		buf_put(&bits, &value, sizeof(value));
	}
	if (ns.err || bits.err)
		return -ENOMEM;
	return point_writer_put(&x->writer, key, &ns, &bits);
}

/* The key of a group: the metric, and the labels that are asked for. */
static int group_of(struct run *x, struct span key, uint32_t *ret)
{
	_cleanup_(buf_done) struct buf group = {0};
	struct point_label labels[POINT_LABELS_MAX];
	uint32_t before = x->groups.n;
	int r;

	for (size_t i = 0; i < x->q->n_by; i++)
		labels[i] = (struct point_label){x->q->by[i], point_key_get(key, x->q->by[i])};
	r = point_key_put(&group, point_key_metric(key), labels, x->q->n_by);
	if (r == 0)
		r = name_set_put(&x->groups, span_of(group.p, group.len), ret);
	if (r == 0 && *ret == before) {
		struct buf *p = realloc(x->windows, (before + (size_t)1) * sizeof(*p));

		if (!p)
			return -ENOMEM;
		x->windows = p;
		p[before] = (struct buf){0};
	}
	return r;
}

static int take_series(struct run *x, struct loaded *s)
{
	struct span key = name_set_get(&x->keys, s->key);
	struct buf windows = {0};
	uint32_t group;
	int r;

	if (!x->q->sums)
		return point_writer_put(&x->writer, key, &s->ns, &s->bits);
	r = windows_put(&x->how, (const int64_t *)(const void *)s->ns.p, (const uint64_t *)(const void *)s->bits.p,
	    s->ns.len / sizeof(int64_t), &windows);
	if (r == 0 && !x->q->grouped)
		r = put_windows(x, key, &windows);
	else if (r == 0 && windows.len > 0) {
		r = group_of(x, key, &group);
		if (r == 0)
			r = windows_merge(&x->windows[group], &windows);
	}
	windows_done(&windows);
	return r;
}

static int put_groups(struct run *x)
{
	_cleanup_(cleanup_free) uint32_t *order = NULL;
	int r = in_order(x, &x->groups, &order);

	for (uint32_t i = 0; i < x->groups.n && r == 0; i++)
		r = put_windows(x, name_set_get(&x->groups, order[i]), &x->windows[order[i]]);
	return r;
}

/* --- batches --- */

struct batch {
	struct loaded *v;
	size_t n;
};

static int load_hour(struct run *x, int32_t hour, struct points_hour *h, void *arg)
{
	struct batch *b = arg;
	int64_t from = x->q->from_ns, to = x->q->to_ns;

	(void)hour;
	for (size_t k = 0; k < b->n; k++) {
		struct loaded *s = &b->v[k];
		size_t i, before = s->ns.len;
		int r = points_hour_find(h, name_set_get(&x->keys, s->key), &i);

		if (r == -ENOENT)
			continue;
		if (r == 0)
			r = points_hour_read(x->pr, h, i, from, to, &s->ns, &s->bits);
		if (r == -EBADMSG || r == -EFBIG) {
			x->n_damaged++;
			continue;
		}
		if (r < 0 || s->ns.err || s->bits.err)
			return r < 0 ? r : -ENOMEM;
		progress_show(&x->progress, (s->ns.len - before) / sizeof(int64_t), k == 0);
	}
	return 0;
}

static int run_batch(struct run *x, struct batch *b)
{
	int r = each_hour(x, load_hour, b);

	for (size_t k = 0; k < b->n; k++) {
		if (r == 0)
			r = take_series(x, &b->v[k]);
		buf_done(&b->v[k].ns);
		buf_done(&b->v[k].bits);
		b->v[k] = (struct loaded){0};
	}
	return r;
}

static int run_batches(struct run *x, const uint32_t *order)
{
	const uint64_t *counts = (const uint64_t *)(const void *)x->counts.p;
	int r = 0;

	for (uint32_t i = 0, end; i < x->keys.n && r == 0; i = end) {
		struct batch b = {0};
		uint64_t sum = counts[order[i]];

		for (end = i + 1; end < x->keys.n && sum + counts[order[end]] <= BATCH_POINTS; end++)
			sum += counts[order[end]];
		b.n = end - i;
		b.v = calloc(b.n, sizeof(*b.v));
		if (!b.v)
			return -ENOMEM;
		for (size_t k = 0; k < b.n; k++)
			b.v[k].key = order[i + k];
		r = run_batch(x, &b);
		free(b.v);
	}
	return r;
}

static void run_done(struct run *x)
{
	for (uint32_t i = 0; i < x->groups.n; i++)
		windows_done(&x->windows[i]);
	free(x->windows);
	name_set_done(&x->keys);
	name_set_done(&x->groups);
	buf_done(&x->counts);
	point_writer_done(&x->writer);
}

int query_run(struct points_reader *pr, const struct query *q)
{
	_cleanup_(run_done) struct run x = {.q = q, .how = q->windows, .pr = pr};
	_cleanup_(cleanup_free) uint32_t *order = NULL;
	uint64_t total = 0;
	int r = point_writer_begin(&x.writer, q->format);

	if (x.how.step_ns == 0)
		x.how.from_ns = begin_of_all(&x);
	if (r == 0)
		r = each_hour(&x, gather_hour, NULL);
	if (r == 0)
		r = in_order(&x, &x.keys, &order);
	for (uint32_t i = 0; i < x.keys.n; i++)
		total += ((const uint64_t *)(const void *)x.counts.p)[i];
	progress_begin_of(&x.progress, total, "hours");
	if (r == 0)
		r = run_batches(&x, order);
	progress_end(&x.progress);
	if (r == 0 && q->grouped)
		r = put_groups(&x);
	if (r == 0)
		r = point_writer_end(&x.writer);
	if (r == 0 && x.n_damaged > 0)
		warnx("%d hours of series are damaged and left out; see histctl verify", x.n_damaged);
	return r < 0 ? r : x.n_damaged;
}
