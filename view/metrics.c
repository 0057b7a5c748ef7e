/* metrics.c -- /series/2026-11-20T03/metrics: custom series, a line a point
 *
 *   /series/2026-11-20T03/metrics/cpu.usage{host=a,mode=idle}       time, a tab, value
 *   /series/2026-11-20T03/metrics/cpu.usage{host=a,mode=idle}.svg   the same as a picture; looked up, never listed
 *
 * A view in the hours of /series. Sizes are known without decoding; the points of the series that was read last are
 * kept, since large files are read piece by piece. Times of files tell by what is below their millisecond that
 * anything in the hour has changed, as a point may take another's place.
 */
#include "view/hours.h"
#include "view/plot.h"
#include "view/point_lines.h"

enum { HOUR_MS = 3600 * 1000, NS_PER_MS = 1000000, PLOTTED_MAX = 4 << 20 };

struct place {
	struct points_reader *points;
	struct points_hour *hour;
	size_t i; /* of the series */
};

static int find_hour(struct tree *t, int32_t hour, struct place *ret)
{
	int r = tree_points(t, &ret->points);

	return r < 0 ? r : points_hour(ret->points, hour, &ret->hour);
}

static int find(struct tree *t, struct node n, struct place *ret)
{
	int r = n.id ? find_hour(t, n.hour, ret) : -ENOENT;

	if (r == 0)
		r = points_hour_by_id(ret->hour, n.id, &ret->i);
	if (r == 0 && points_hour_series(ret->hour, ret->i)->id != n.id)
		r = -ENOENT;
	return r;
}

/* --- the points --- */

static int read_points(struct place *p, int32_t hour, struct buf *ret_ns, struct buf *ret_bits)
{
	const int64_t hour_ns = (int64_t)HOUR_MS * NS_PER_MS;
	int r = points_hour_read(
	    p->points, p->hour, p->i, hour * hour_ns, hour * hour_ns + (hour_ns - 1), ret_ns, ret_bits);

	return r < 0 ? r : ret_ns->err ? ret_ns->err : ret_bits->err;
}

/* The lines of a file, of which those of the last are kept. */
static int lines_of(struct tree *t, struct node n, struct place *p, struct point_lines **ret)
{
	uint64_t version = points_hour_version(p->hour);
	int r = t->lines ? 0 : point_lines_new(&t->lines);

	if (r < 0)
		return r;
	*ret = t->lines;
	if (t->lines->of == node_ino(n) && t->lines->stamp == version)
		return 0;
	point_lines_clear(t->lines);
	r = read_points(p, n.hour, &t->lines->ns, &t->lines->bits);
	if (r == 0)
		r = point_lines_measure(t->lines);
	if (r < 0)
		return r;
	t->lines->of = node_ino(n);
	t->lines->stamp = version;
	return 0;
}

/* --- the picture --- */

/* What only grows, by the names that are usual for it. */
static bool is_counter(struct span metric)
{
	static const char *const ends[] = {"_total", "_count", "_sum", "_bucket"};

	for (unsigned i = 0; i < N_ELEMENTS(ends); i++) {
		size_t len = strlen(ends[i]);

		if (span_left(&metric) > len && memcmp(metric.end - len, ends[i], len) == 0)
			return true;
	}
	return false;
}

static int plot_points(const struct point_lines *l, int32_t hour, struct buf *out)
{
	const int64_t *ns = (const int64_t *)(const void *)l->ns.p;
	const uint64_t *bits = (const uint64_t *)(const void *)l->bits.p;
	int64_t begin_ns = (int64_t)hour * HOUR_MS * NS_PER_MS;

	if (l->n > PLOTTED_MAX)
		return -EFBIG;
	for (size_t i = 0; i < l->n; i++) {
		/* The time of the hour does for that of a boot. */
		struct series_point point = {
		    .ms = ns[i] / NS_PER_MS, .boot_us = (uint64_t)(ns[i] - begin_ns) / 1000 + 1, .value = bits[i]};

		buf_put(out, &point, sizeof(point));
	}
	return out->err;
}

static int picture(struct tree *t, struct node n, struct place *p, struct span *ret)
{
	struct span key = points_hour_series(p->hour, p->i)->key;
	struct column column = {.name = "", .unit = "", .type = COL_F64, .kind = KIND_GAUGE};
	_cleanup_(buf_done) struct buf points = {0}, title = {0}, out = {0};
	uint64_t version = points_hour_version(p->hour);
	struct plot plot = {.column = &column, .from_ms = (int64_t)n.hour * HOUR_MS};
	struct point_lines *lines;
	char hour[NAME_MAX_LEN];
	int r;

	if (cache_get(t->cache, node_ino(n), version, ret))
		return 0;
	if (is_counter(point_key_metric(key)))
		column.kind = KIND_COUNTER;
	point_key_put_text(&title, key, false);
	name_hour(hour, n.hour);
	buf_printf(&title, ", %s UTC", hour);
	n.leaf = 0;
	r = title.err ? title.err : lines_of(t, n, p, &lines);
	if (r == 0)
		r = plot_points(lines, n.hour, &points);
	if (r < 0)
		return r;
	plot.to_ms = plot.from_ms + HOUR_MS;
	plot.title = (const char *)title.p;
	plot.title_len = title.len;
	plot.points = (const struct series_point *)(const void *)points.p;
	plot.n = (uint32_t)(points.len / sizeof(*plot.points));
	r = plot_draw(&plot, &out);
	n.leaf = LEAF_PLOT;
	return r < 0 ? r : cache_put(t->cache, node_ino(n), version, &out, ret);
}

/* --- attributes --- */

/* Points come late, but seldom to an hour that is over. */
static uint32_t valid_ms(struct tree *t, struct points_reader *points, int32_t hour)
{
	const int32_t *hours;
	size_t n;

	points_reader_hours(points, &hours, &n);
	return (n > 0 && hours[n - 1] <= hour) || hour >= tree_now_ms(t) / HOUR_MS ? VALID_LIVE_MS : VALID_PAST_MS;
}

static int dir_attr(struct tree *t, struct node n, struct tree_attr *ret)
{
	struct place p;
	int r = find_hour(t, n.hour, &p);

	if (r < 0)
		return r;
	ret->mtime_ms = (int64_t)n.hour * HOUR_MS;
	ret->mtime_ns = (uint32_t)(points_hour_version(p.hour) % NS_PER_MS);
	ret->attr_ms = valid_ms(t, p.points, n.hour);
	view_set_dir(ret, 0);
	return 0;
}

static int attr(struct tree *t, const struct view *v, struct node n, struct tree_attr *ret)
{
	struct point_stat stat;
	struct span text;
	struct place p;
	int r;

	(void)v;
	if (n.id == 0)
		return n.hour >= 0 && n.leaf == 0 ? dir_attr(t, n, ret) : -ENOENT;
	r = find(t, n, &p);
	if (r == 0)
		r = points_hour_stat(p.points, p.hour, p.i, &stat);
	if (r < 0)
		return r;
	ret->mode = S_IFREG | 0444;
	ret->nlink = 1;
	ret->mtime_ms = stat.last_ns / NS_PER_MS;
	ret->mtime_ns = (uint32_t)((points_hour_version(p.hour) + (uint64_t)(stat.last_ns % NS_PER_MS)) % NS_PER_MS);
	ret->attr_ms = valid_ms(t, p.points, n.hour);
	if (n.leaf == 0) {
		point_lines_len(&stat, 0, &ret->size);
		return 0;
	}
	r = picture(t, n, &p, &text);
	ret->size = r == 0 ? span_left(&text) : 0;
	return r;
}

/* --- names --- */

static bool has_name(const struct points_hour_series *s, const char *name, size_t len, struct buf *room)
{
	buf_clear(room);
	point_key_put_name(room, s->key);
	return room->err == 0 && room->len == len && memcmp(room->p, name, len) == 0;
}

/* The series whose name was cut, by the hash that is left of it. Where ids are the same it has one of the next. */
static int find_cut(struct place *p, struct point_hash hash, const char *name, size_t len)
{
	_cleanup_(buf_done) struct buf room = {0};
	uint64_t id = points_hour_id(hash);
	int r = points_hour_by_id(p->hour, id, &p->i);

	for (; r == 0 && p->i < points_hour_n(p->hour); p->i++, id++) {
		const struct points_hour_series *s = points_hour_series(p->hour, p->i);

		if (s->id != id)
			break;
		if (has_name(s, name, len, &room))
			return 0;
	}
	return r < 0 ? r : -ENOENT;
}

static int find_name(struct place *p, const char *name, size_t len, struct buf *room)
{
	struct point_hash hash;
	struct span key;
	bool cut;
	int r = point_key_parse_name(name, len, room, &key, &cut, &hash);

	if (r < 0)
		return r;
	return cut ? find_cut(p, hash, name, len) : points_hour_find(p->hour, key, &p->i);
}

static int lookup(
    struct tree *t, const struct view *v, struct node dir, const char *name, struct node *ret, uint32_t *ret_name_ms)
{
	static const char svg[] = ".svg";
	size_t len = strlen(name), end = sizeof(svg) - 1;
	_cleanup_(buf_done) struct buf room = {0};
	uint32_t leaf = 0;
	struct place p;
	int r;

	(void)v, (void)ret_name_ms;
	if (dir.id)
		return -ENOTDIR;
	r = find_hour(t, dir.hour, &p);
	if (r < 0)
		return r;
	r = find_name(&p, name, len, &room);
	if (r == -ENOENT && len > end && strcmp(name + len - end, svg) == 0) {
		buf_clear(&room);
		r = find_name(&p, name, len - end, &room);
		leaf = LEAF_PLOT;
	}
	if (r < 0)
		return r;
	*ret = node_of_metric(dir.hour, points_hour_series(p.hour, p.i)->id);
	ret->leaf = leaf;
	return 0;
}

static int list(struct tree *t, const struct view *v, struct node dir, uint64_t after, struct lister *l)
{
	_cleanup_(buf_done) struct buf name = {0};
	struct place p;
	int r;

	(void)v;
	if (dir.id)
		return -ENOTDIR;
	r = find_hour(t, dir.hour, &p);
	if (r == 0 && points_hour_by_id(p.hour, after + 1, &p.i) < 0)
		return 0;
	for (; r == 0 && p.i < points_hour_n(p.hour); p.i++) {
		const struct points_hour_series *s = points_hour_series(p.hour, p.i);

		buf_clear(&name);
		point_key_put_name(&name, s->key);
		buf_put_u8(&name, 0);
		if (name.err)
			return name.err;
		r = tree_list_add(l, (const char *)name.p, s->id, node_of_metric(dir.hour, s->id), S_IFREG);
	}
	return r;
}

static int parent(struct tree *t, struct node n, struct node *ret)
{
	(void)t;
	*ret = n.id ? node_of_metric(n.hour, 0) : (struct node){.view = VIEW_SERIES, .hour = n.hour, .seq = -1};
	return 0;
}

/* --- contents --- */

static int read_part(struct tree *t, const struct view *v, struct node n, uint64_t off, size_t len, struct span *ret)
{
	struct point_lines *lines;
	struct span text;
	struct place p;
	int r;

	(void)v;
	if (n.id == 0)
		return -EISDIR;
	r = find(t, n, &p);
	if (r == 0 && n.leaf) {
		r = picture(t, n, &p, &text);
		if (r == 0)
			*ret = view_part(text, off, len);
		return r;
	}
	if (r == 0)
		r = lines_of(t, n, &p, &lines);
	if (r < 0)
		return r;
	buf_clear(&t->text);
	r = point_lines_put(lines, off, len, &t->text);
	if (r == 0)
		*ret = span_of(t->text.p, t->text.len);
	return r;
}

VIEW(metrics) = {
    .name = "metrics",
    .id = VIEW_METRICS,
    .last_id = VIEW_METRICS_LAST,
    .in_hours = true,
    .type = S_IFDIR,
    .attr = attr,
    .lookup = lookup,
    .list = list,
    .parent = parent,
    .read = read_part,
};
