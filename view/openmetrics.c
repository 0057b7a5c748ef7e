/* openmetrics.c -- /openmetrics: blocks of two hours as promtool takes them
 *
 *   /openmetrics/2026-11-20T02.om         custom series from 02:00 to 04:00
 *   /openmetrics/2026-11-20T02.cpu.om     the numbers of a recorded table; looked up, never listed, since as text they
 *                                         take hundreds of times what they take in the store
 *
 *	promtool tsdb create-blocks-from openmetrics FILE DIRECTORY
 *
 * A node's hour is the block's first, and its leaf what of it. What can still grow is kept as a text while it is read,
 * if it is not too large: a change in its first series moves all that is behind, and who is reading would get neither
 * the one nor the other.
 */
#include "view/openmetrics.h"

#include "view/hours.h"

#include "store/names.h"
#include "store/text.h"

#include <inttypes.h>
#include <time.h>

enum {
	HOUR_MS = 3600 * 1000,
	N_SIZES = 64,
	TEXT_MAX = 16 << 20, /* of a file that is kept as a text, */
	KEPT_MS = 1000,      /* so long after it was asked for, */
	KEPT_MAX_MS = 60000, /* but not longer than that */
	LIST_MS = 200,
};

static const char suffix[] = ".om", end_text[] = "# EOF\n";

struct openmetrics {
	/* The file that was looked at last. */
	uint64_t ino, version; /* 0: none */
	struct om_index index;
	uint64_t *begins; /* of each piece, and where all end */
	size_t n;
	struct buf text;
	bool has_text;
	int64_t built_ms, asked_ms;
	/* A piece of it, */
	size_t piece; /* + 1; 0: none */
	struct buf head;
	struct point_lines *lines;
	/* and others, whose sizes were asked for. */
	struct size {
		uint64_t ino, version, size;
		int64_t mtime_ms;
	} sizes[N_SIZES];
	unsigned next;
};

static int64_t monotonic_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- names of series --- */

static bool is_utf8(struct span s)
{
	while (span_left(&s) > 0) {
		unsigned n = text_utf8_len(s.p, span_left(&s));

		if (n == 0)
			return false;
		s.p += n;
	}
	return true;
}

static bool is_portable(struct span s)
{
	for (const uint8_t *p = s.p; p < s.end; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_' ||
		        (*p >= '0' && *p <= '9' && p > s.p)))
			return false;
	return true;
}

/* Whether another key may have the same text. */
static bool is_lossy(struct span key)
{
	struct point_label l;
	size_t at = 0;

	if (!is_utf8(point_key_metric(key)))
		return true;
	while (point_key_label(key, &at, &l))
		if (!is_portable(l.name) || !is_utf8(l.value))
			return true;
	return false;
}

size_t openmetrics_put_name(struct buf *out, struct span key)
{
	size_t begin = out->len;
	const uint8_t *end;

	point_key_put_text(out, key, true);
	if (out->err || out->len == begin)
		return 0;
	/* Labels there are: they, or the metric's name as it was. */
	if (is_lossy(key) && out->p[out->len - 1] == '}') {
		struct point_hash h = point_key_hash(key);

		out->len--;
		buf_printf(out, ",histfs_id=\"%016" PRIx64 "%016" PRIx64 "\"}", h.high, h.low);
	}
	end = memchr(out->p + begin, '{', out->len - begin);
	return end ? (size_t)(end - out->p) - begin : out->len - begin;
}

/* --- the file that was looked at last --- */

static void forget(struct openmetrics *o, const struct om_kind *kind)
{
	if (kind)
		kind->free_own(o->index.own);
	o->index.own = NULL;
	buf_clear(&o->index.lens);
	free(o->begins);
	o->begins = NULL;
	o->ino = 0;
	o->n = o->piece = 0;
	o->has_text = false;
	if (o->text.cap > TEXT_MAX / 16)
		buf_done(&o->text);
}

static const struct om_kind *kind_of(uint32_t leaf)
{
	return leaf == OM_POINTS ? &om_points_kind : &om_table_kind;
}

void openmetrics_free(struct openmetrics *o)
{
	if (!o)
		return;
	forget(o, o->ino ? kind_of(node_of(o->ino).leaf) : NULL);
	buf_done(&o->index.lens);
	buf_done(&o->text);
	buf_done(&o->head);
	point_lines_free(o->lines);
	free(o);
}

static uint64_t length(const struct openmetrics *o)
{
	return o->begins[o->n] + strlen(end_text);
}

static int put_begins(struct openmetrics *o)
{
	const uint64_t *lens = (const uint64_t *)(const void *)o->index.lens.p;
	uint64_t at = 0;

	o->n = o->index.lens.len / sizeof(*lens);
	o->begins = malloc((o->n + 1) * sizeof(*o->begins));
	if (!o->begins)
		return -ENOMEM;
	for (size_t i = 0; i < o->n; i++) {
		o->begins[i] = at;
		at += lens[i];
	}
	o->begins[o->n] = at;
	return 0;
}

/* Makes a piece, unless it is the one that was made last. */
static int need_piece(struct tree *t, struct openmetrics *o, struct node n, size_t i)
{
	int r;

	if (o->piece == i + 1)
		return 0;
	o->piece = 0;
	buf_clear(&o->head);
	point_lines_clear(o->lines);
	r = kind_of(n.leaf)->piece(t, n, &o->index, i, &o->head, o->lines);
	/* What its length was told to be is not what is there. */
	if (r == 0 && o->head.len + o->lines->len != o->begins[i + 1] - o->begins[i])
		r = -EBADMSG;
	if (r == 0)
		o->piece = i + 1;
	return r;
}

static size_t piece_at(const struct openmetrics *o, uint64_t off)
{
	size_t lo = 0, hi = o->n;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (o->begins[mid] <= off)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

/* Appends a part of the text. */
static int put_part(struct tree *t, struct openmetrics *o, struct node n, uint64_t off, size_t len, struct buf *out)
{
	size_t begin = out->len;
	int r = 0;

	for (size_t i = piece_at(o, off); i < o->n && out->len - begin < len && r == 0; i++) {
		uint64_t skip = off + (out->len - begin) - o->begins[i];
		struct span head;

		if (o->begins[i + 1] - o->begins[i] <= skip)
			continue;
		r = need_piece(t, o, n, i);
		if (r < 0)
			break;
		head = view_part(span_of(o->head.p, o->head.len), skip, len - (out->len - begin));
		buf_put(out, head.p, span_left(&head));
		skip = skip > o->head.len ? skip - o->head.len : 0;
		if (out->len - begin < len)
			r = point_lines_put(o->lines, skip, len - (out->len - begin), out);
	}
	if (r == 0 && off + (out->len - begin) >= o->begins[o->n]) {
		struct span end = view_part(span_of(end_text, strlen(end_text)),
		    off + (out->len - begin) - o->begins[o->n], len - (out->len - begin));

		buf_put(out, end.p, span_left(&end));
	}
	return r < 0 ? r : out->err;
}

/* Whether more may come to a block. */
static bool is_live(struct tree *t, struct node n)
{
	struct points_reader *points;
	const int32_t *hours;
	int32_t last = n.hour + OM_HOURS - 1;
	size_t n_hours;

	if (last >= tree_now_ms(t) / HOUR_MS || (n.leaf != OM_POINTS && last >= tree_last(t)->hour))
		return true;
	if (n.leaf != OM_POINTS || tree_points(t, &points) < 0)
		return false;
	points_reader_hours(points, &hours, &n_hours);
	return n_hours > 0 && hours[n_hours - 1] <= last;
}

static int build(struct tree *t, struct openmetrics *o, struct node n, uint64_t version)
{
	const struct om_kind *kind = kind_of(n.leaf);
	struct size *size;
	int r = kind->build(t, n, &o->index);

	if (r == 0)
		r = put_begins(o);
	if (r == 0 && is_live(t, n) && length(o) <= TEXT_MAX) {
		buf_clear(&o->text);
		r = put_part(t, o, n, 0, TEXT_MAX, &o->text);
		o->has_text = true;
	}
	if (r < 0) {
		forget(o, kind);
		return r;
	}
	o->ino = node_ino(n);
	o->version = version;
	o->built_ms = monotonic_ms();
	size = &o->sizes[o->next++ % N_SIZES];
	*size = (struct size){o->ino, version, length(o), o->index.mtime_ms};
	return 0;
}

/* As it was while somebody looks at it. */
static bool is_kept(const struct openmetrics *o)
{
	int64_t now = monotonic_ms();

	return o->has_text && now - o->asked_ms < KEPT_MS && now - o->built_ms < KEPT_MAX_MS;
}

/* Takes a look at a file; only: its size will do. */
static int look(struct tree *t, struct node n, bool only, struct size *ret)
{
	struct openmetrics *o = t->openmetrics;
	uint64_t ino = node_ino(n), version;
	int r;

	if (!o) {
		o = t->openmetrics = calloc(1, sizeof(*o));
		r = o ? point_lines_new(&o->lines) : -ENOMEM;
		if (r < 0)
			return r;
	}
	r = kind_of(n.leaf)->version(t, n, &version);
	if (r < 0)
		return r;
	if (o->ino == ino && o->version != version && is_kept(o))
		version = o->version;
	for (unsigned i = 0; only && i < N_SIZES && o->ino != ino; i++)
		if (o->sizes[i].ino == ino && o->sizes[i].version == version) {
			*ret = o->sizes[i];
			return 0;
		}
	if (o->ino != ino || o->version != version) {
		forget(o, o->ino ? kind_of(node_of(o->ino).leaf) : NULL);
		r = build(t, o, n, version);
		if (r < 0)
			return r;
	}
	o->asked_ms = monotonic_ms();
	*ret = (struct size){ino, version, length(o), o->index.mtime_ms};
	return 0;
}

/* --- attributes --- */

static bool is_file(struct node n)
{
	return n.hour >= 0 && n.hour % OM_HOURS == 0 && n.seq < 0 && n.leaf > 0 && n.leaf <= OM_POINTS;
}

static int attr(struct tree *t, const struct view *v, struct node n, struct tree_attr *ret)
{
	enum { BELOW_MS = 1000000 };
	struct size size;
	int r;

	(void)v;
	if (view_is_top(n))
		return 0;
	r = is_file(n) ? look(t, n, true, &size) : -ENOENT;
	if (r < 0)
		return r;
	ret->mode = S_IFREG | 0444;
	ret->nlink = 1;
	ret->size = size.size;
	ret->mtime_ms = size.mtime_ms;
	ret->mtime_ns = (uint32_t)((size.version ^ size.version >> 32) % BELOW_MS);
	ret->attr_ms = is_live(t, n) ? VALID_LIVE_MS : VALID_PAST_MS;
	return 0;
}

/* --- names --- */

/* The table of that name in one of a block's hours. */
static int find_table(struct tree *t, int32_t hour, const char *name, uint32_t *ret)
{
	int r = -ENOENT;

	for (int k = OM_HOURS; k-- > 0 && r == -ENOENT;) {
		struct hour *h;

		r = store_hour(t->store, hour + k, &h);
		if (r == 0)
			r = hours_find_table(h, name, ret);
	}
	return r;
}

static int lookup(
    struct tree *t, const struct view *v, struct node dir, const char *name, struct node *ret, uint32_t *ret_name_ms)
{
	size_t len = strlen(name), end = sizeof(suffix) - 1;
	char hour[HOUR_NAME_LEN + 1], table[NAME_MAX_LEN];
	int r;

	(void)v, (void)ret_name_ms;
	if (!view_is_top(dir))
		return -ENOTDIR;
	if (len < HOUR_NAME_LEN + end || strcmp(name + len - end, suffix) != 0 ||
	    len - HOUR_NAME_LEN - end >= sizeof(table))
		return -ENOENT;
	snprintf(hour, sizeof(hour), "%.*s", (int)HOUR_NAME_LEN, name);
	*ret = dir;
	r = name_parse_hour(hour, &ret->hour);
	if (r < 0 || ret->hour % OM_HOURS)
		return r < 0 ? r : -ENOENT;
	ret->leaf = OM_POINTS;
	if (len == HOUR_NAME_LEN + end)
		return 0;
	if (name[HOUR_NAME_LEN] != '.')
		return -ENOENT;
	snprintf(table, sizeof(table), "%.*s", (int)(len - HOUR_NAME_LEN - end - 1), name + HOUR_NAME_LEN + 1);
	return find_table(t, ret->hour, table, &ret->leaf);
}

/* Sizes are told with the names as long as that takes no time to speak of. */
static int list(struct tree *t, const struct view *v, struct node dir, uint64_t after, struct lister *l)
{
	struct points_reader *points;
	int64_t until_ms;
	int32_t block = -1;
	int r;

	(void)v;
	if (!view_is_top(dir))
		return -ENOTDIR;
	r = tree_points(t, &points);
	until_ms = monotonic_ms() + LIST_MS;
	for (int32_t from = (int32_t)(after < NODE_HOUR_MAX ? after : NODE_HOUR_MAX); r == 0; from = block + OM_HOURS) {
		struct node file = {.view = dir.view, .seq = -1, .leaf = OM_POINTS};
		char name[NAME_MAX_LEN];

		block = hours_next_points(points, from);
		if (block < 0)
			break;
		file.hour = block -= block % OM_HOURS;
		name_hour(name, block);
		strcat(name, suffix);
		r = (monotonic_ms() < until_ms ? tree_list_add : tree_list_name)(
		    l, name, (uint64_t)block + OM_HOURS, file, S_IFREG);
	}
	return r;
}

/* --- contents --- */

static int read_part(struct tree *t, const struct view *v, struct node n, uint64_t off, size_t len, struct span *ret)
{
	struct openmetrics *o;
	struct size size;
	int r;

	(void)v;
	if (view_is_top(n))
		return -EISDIR;
	r = is_file(n) ? look(t, n, false, &size) : -ENOENT;
	if (r < 0)
		return r;
	o = t->openmetrics;
	if (o->has_text) {
		*ret = view_part(span_of(o->text.p, o->text.len), off, len);
		return 0;
	}
	buf_clear(&t->text);
	if (off < size.size)
		r = put_part(t, o, n, off, len, &t->text);
	if (r == 0)
		*ret = span_of(t->text.p, t->text.len);
	return r;
}

VIEW(openmetrics) = {
    .name = "openmetrics",
    .id = 17,
    .type = S_IFDIR,
    .attr = attr,
    .lookup = lookup,
    .list = list,
    .read = read_part,
};
