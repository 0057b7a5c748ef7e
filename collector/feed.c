/* feed.c -- see feed.h */
#include "collector/feed.h"

#include "collector/spellings.h"
#include "store/point_log.h"

#include <stdatomic.h>

enum {
	BATCH = 1 << 16,
	SPELLINGS_BYTES = 256 << 20,
	TRIES_MAX = 8, /* of finding another name for a label */
};

static const char exported[] = "exported_";

struct feed {
	struct point_sink sink; /* first: the sink is the feed */
	struct gauges *gauges;
	struct spellings *spellings;
	uint64_t epoch; /* in which what they know is true */

	struct point *points; /* BATCH of them */
	size_t n;
	struct buf key; /* of the series that is looked up */

	uint64_t scope;
	const struct point_label *extra;
	size_t n_extra;
	struct feed_result result;
};

/* --- a text --- */

static void flush(struct feed *f)
{
	int r = f->n > 0 ? gauges_put(f->gauges, f->points, f->n) : 0;

	if (r == 0)
		f->result.accepted += f->n;
	else
		f->sink.err = r;
	f->n = 0;
}

static bool find(struct point_sink *s, const struct point_spelling *spelling, uint32_t *ret)
{
	struct feed *f = (struct feed *)s;

	return spellings_find(f->spellings, f->scope, spelling, ret);
}

static void put(struct point_sink *s, uint32_t series, int64_t ns, double value)
{
	struct feed *f = (struct feed *)s;
	struct point *p = &f->points[f->n++];

	p->ns = ns;
	p->series = series;
	memcpy(&p->bits, &value, sizeof p->bits);
	if (f->n == BATCH)
		flush(f);
}

static void refuse(struct point_sink *s, const char *why)
{
	struct feed *f = (struct feed *)s;

	if (f->result.refused++ == 0)
		snprintf(f->result.why, sizeof f->result.why, "line %llu: %s", (unsigned long long)s->line, why);
	gauges_counts(f->gauges)->n_refused++;
}

static const char *why_not(int r)
{
	return r == -EINVAL     ? "a name is empty, a label is there twice or is __name__, or there is a zero byte"
	       : r == -EMSGSIZE ? "a series has 64 labels at most, and 4096 bytes of names and values"
	       : r == -ENOSPC   ? "it would be one series too many (max_series)"
	                        : strerror(-r);
}

static bool equals(struct span a, struct span b)
{
	size_t len = span_left(&a);

	return span_left(&b) == len && (len == 0 || memcmp(a.p, b.p, len) == 0);
}

static struct point_label *find_label(struct point_label *labels, size_t n, struct span name)
{
	for (size_t i = 0; i < n; i++)
		if (equals(labels[i].name, name))
			return &labels[i];
	return NULL;
}

/* Moves the label of that name out of the way, as Prometheus does. The new name is in room. */
static int move_away(struct point_label *labels, size_t n, struct span name, uint8_t *room, size_t room_len)
{
	struct point_label *had = find_label(labels, n, name);
	const size_t prefix = strlen(exported);
	size_t len = 0;

	if (!had)
		return 0;
	for (int i = 0; i < TRIES_MAX; i++) {
		if (len + prefix + span_left(&name) > room_len)
			return -EMSGSIZE;
		memcpy(room + len, exported, prefix);
		len += prefix;
		memcpy(room + len, name.p, span_left(&name));
		if (!find_label(labels, n, span_of(room, len + span_left(&name)))) {
			had->name = span_of(room, len + span_left(&name));
			return 0;
		}
	}
	return -EINVAL;
}

static int put_key(struct feed *f, struct span metric, struct point_label *labels, size_t n)
{
	enum { ROOM = 512 };
	struct point_label all[POINT_LABELS_MAX];
	uint8_t room[POINT_LABELS_MAX][ROOM];
	int r = 0;

	buf_clear(&f->key);
	if (f->n_extra == 0)
		return point_key_put(&f->key, metric, labels, n);
	if (n + f->n_extra > POINT_LABELS_MAX)
		return -EMSGSIZE;
	memcpy(all, labels, n * sizeof *labels);
	for (size_t i = 0; i < f->n_extra && r == 0; i++) {
		r = move_away(all, n, f->extra[i].name, room[i], ROOM);
		all[n + i] = f->extra[i];
	}
	return r < 0 ? r : point_key_put(&f->key, metric, all, n + f->n_extra);
}

static int look_up(struct feed *f, struct span metric, struct point_label *labels, size_t n, uint32_t *ret)
{
	int r = put_key(f, metric, labels, n);

	if (r == 0)
		r = f->key.err;
	return r < 0 ? r : points_series(gauges_points(f->gauges), span_of(f->key.p, f->key.len), ret);
}

/* What is wrong with one series is no matter of the others'. */
static bool look_up_or_refuse(struct feed *f, struct span metric, struct point_label *labels, size_t n, uint32_t *ret)
{
	int r = look_up(f, metric, labels, n, ret);

	if (r == 0)
		return true;
	if (r != -EINVAL && r != -EMSGSIZE && r != -ENOSPC)
		f->sink.err = r;
	refuse(&f->sink, why_not(r));
	return false;
}

static bool name(struct point_sink *s, const struct point_spelling *spelling, struct span metric,
    struct point_label *labels, size_t n, uint32_t *ret)
{
	struct feed *f = (struct feed *)s;

	if (!look_up_or_refuse(f, metric, labels, n, ret))
		return false;
	spellings_add(f->spellings, f->scope, spelling, *ret);
	return true;
}

int feed_new(struct gauges *g, struct feed **ret)
{
	_cleanup_(cleanup_feed) struct feed *f = calloc(1, sizeof *f);
	int r;

	if (!f)
		return -ENOMEM;
	f->sink = (struct point_sink){.find = find, .name = name, .put = put, .refuse = refuse};
	f->gauges = g;
	f->points = malloc(BATCH * sizeof *f->points);
	r = f->points ? spellings_new(SPELLINGS_BYTES, &f->spellings) : -ENOMEM;
	if (r < 0)
		return r;
	*ret = TAKE(f);
	return 0;
}

void feed_free(struct feed *f)
{
	if (f->spellings)
		spellings_free(f->spellings);
	free(f->points);
	buf_done(&f->key);
	free(f);
}

uint64_t feed_new_scope(void)
{
	static atomic_uint_fast64_t last;

	return atomic_fetch_add(&last, 1) + 1;
}

struct point_sink *feed_begin(struct feed *f, uint64_t scope, const struct point_label *extra, size_t n_extra)
{
	uint64_t epoch = points_epoch(gauges_points(f->gauges));

	if (epoch != f->epoch)
		spellings_clear(f->spellings);
	f->epoch = epoch;
	f->scope = scope;
	f->extra = extra;
	f->n_extra = n_extra;
	f->n = 0;
	f->sink.line = 0;
	f->sink.err = 0;
	f->sink.until = NULL;
	f->result = (struct feed_result){0};
	return &f->sink;
}

int feed_end(struct feed *f, struct feed_result *ret)
{
	if (f->sink.err == 0)
		flush(f);
	*ret = f->result;
	return f->sink.err;
}

void feed_point(struct feed *f, struct span metric, struct point_label *labels, size_t n, int64_t ns, double value)
{
	uint32_t series;

	if (f->sink.err == 0 && look_up_or_refuse(f, metric, labels, n, &series))
		put(&f->sink, series, ns, value);
}

/* --- columns --- */

static int find_series(struct feed *f, struct point_log_batch *b, uint32_t *series, char *why)
{
	struct span key;
	int r = 0;

	for (uint64_t i = 0; r == 0 && point_log_key(b, &key); i++) {
		r = points_series(gauges_points(f->gauges), key, &series[i]);
		if (r < 0)
			snprintf(why, FEED_WHY_MAX, "key %llu: %s", (unsigned long long)i + 1, why_not(r));
	}
	return r;
}

static int put_batch(struct feed *f, struct point_log_batch *b, char *why)
{
	_cleanup_(cleanup_free) uint32_t *series = malloc((b->n_keys + 1) * sizeof *series);
	_cleanup_(cleanup_free) struct point *more = b->n > BATCH ? malloc(b->n * sizeof *more) : NULL;
	struct point *points = b->n > BATCH ? more : f->points;
	uint64_t n_keys = b->n_keys;
	int r;

	if (!points || !series)
		return -ENOMEM;
	r = find_series(f, b, series, why);
	if (r == 0)
		r = point_log_get_points(b, series, n_keys, points);
	return r < 0 ? r : gauges_put(f->gauges, points, b->n);
}

int feed_columns(struct feed *f, struct span in, uint64_t *ret_n, char why[FEED_WHY_MAX])
{
	struct point_log_batch b;
	int r = point_log_get_body(in, &b);

	if (r == 0)
		r = put_batch(f, &b, why);
	if (r == 0)
		*ret_n = b.n;
	if (r != -EBADMSG)
		return r;
	snprintf(why, FEED_WHY_MAX, "the columns, or a key, do not parse");
	return -EPROTO;
}
