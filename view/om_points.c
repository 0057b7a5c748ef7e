/* om_points.c -- custom series of a block as OpenMetrics
 *
 * Families are in order of their names, series of one as they lie in the first hour, which is fastest to read. Two
 * metrics may become one family, since its name has not all characters that theirs have.
 */
#include "view/name_set.h"
#include "view/openmetrics.h"

#include "store/point_text.h"
#include "store/radix.h"

enum { NS_PER_MS = 1000000 };

#define HOUR_NS INT64_C(3600000000000)
#define NONE UINT32_MAX
#define BEHIND_ALL (UINT64_C(1) << 63)

struct member {
	uint32_t i[OM_HOURS]; /* in each hour; NONE */
	uint32_t family;
	uint64_t place; /* of the first of them; those that only the second has are behind all others */
};

struct own {
	struct name_set families;
	struct member *members;
	size_t n, cap;
};

struct block {
	struct points_reader *points;
	struct points_hour *hours[OM_HOURS]; /* NULL: it has none */
};

static int find(struct tree *t, struct node n, struct block *ret)
{
	int r = tree_points(t, &ret->points), found = -ENOENT;

	for (int k = 0; k < OM_HOURS && r == 0; k++) {
		r = points_hour(ret->points, n.hour + k, &ret->hours[k]);
		if (r == 0)
			found = 0;
		else
			ret->hours[k] = NULL;
		if (r == -ENOENT)
			r = 0;
	}
	return r < 0 ? r : found;
}

static int version(struct tree *t, struct node n, uint64_t *ret)
{
	struct block b = {0};
	int r = find(t, n, &b);

	*ret = 0;
	for (int k = 0; k < OM_HOURS && r == 0; k++)
		if (b.hours[k])
			*ret = *ret * UINT64_C(0x9e3779b97f4a7c15) + points_hour_version(b.hours[k]) * OM_HOURS +
			       (uint64_t)k;
	return r;
}

/* --- the index --- */

static int add_member(struct own *o, const struct member *m)
{
	if (o->n == o->cap) {
		size_t cap = o->cap ? 2 * o->cap : 256;
		struct member *p = realloc(o->members, cap * sizeof(*p));

		if (!p)
			return -ENOMEM;
		o->members = p;
		o->cap = cap;
	}
	o->members[o->n++] = *m;
	return 0;
}

/* The series of all hours, each once. */
static int gather(const struct block *b, struct own *o)
{
	int r = 0;

	for (int k = 0; k < OM_HOURS; k++)
		for (size_t i = 0; b->hours[k] && i < points_hour_n(b->hours[k]) && r == 0; i++) {
			struct span key = points_hour_series(b->hours[k], i)->key;
			struct member m = {.i = {NONE, NONE}};
			size_t other;

			if (i >= NONE)
				return -EFBIG;
			m.i[k] = (uint32_t)i;
			m.place = points_hour_place(b->hours[k], i) | (k > 0 ? BEHIND_ALL : 0);
			if (b->hours[!k] && points_hour_find(b->hours[!k], key, &other) == 0) {
				/* It came with the first. */
				if (k > 0)
					continue;
				m.i[!k] = (uint32_t)other;
			}
			r = add_member(o, &m);
		}
	return r;
}

static struct span key_of(const struct block *b, const struct member *m)
{
	int k = m->i[0] == NONE;

	return points_hour_series(b->hours[k], m->i[k])->key;
}

static int read_hour(
    const struct block *b, struct node n, const struct member *m, int k, struct buf *ret_ns, struct buf *ret_bits)
{
	int64_t begin = (n.hour + k) * HOUR_NS;
	int r = points_hour_read(b->points, b->hours[k], m->i[k], begin, begin + (HOUR_NS - 1), ret_ns, ret_bits);

	return r < 0 ? r : ret_ns->err ? ret_ns->err : ret_bits->err;
}

/* Where more than one point may be in a millisecond, they are looked at. */
static int hour_len(
    const struct block *b, struct node n, const struct member *m, int k, struct point_lines *l, uint64_t *ret)
{
	int r;

	point_lines_clear_points(l);
	r = read_hour(b, n, m, k, &l->ns, &l->bits);
	if (r == 0)
		r = point_lines_measure(l);
	*ret = l->len;
	return r;
}

static int member_len(const struct block *b, struct node n, const struct member *m, struct point_lines *l,
    uint64_t *ret_len, int64_t *last_ns)
{
	*ret_len = 0;
	for (int k = 0; k < OM_HOURS; k++) {
		struct point_stat stat;
		uint64_t len = 0;
		int r;

		if (m->i[k] == NONE)
			continue;
		r = points_hour_stat(b->points, b->hours[k], m->i[k], &stat);
		if (r == 0 && !point_lines_len(&stat, l->prefix.len, &len))
			r = hour_len(b, n, m, k, l, &len);
		if (r < 0)
			return r;
		*ret_len += len;
		if (stat.n > 0 && stat.last_ns > *last_ns)
			*last_ns = stat.last_ns;
	}
	return 0;
}

/* Numbers of families by their names. */
static int by_name(const void *a, const void *b, void *arg)
{
	const struct name_set *names = arg;

	return point_key_compare(name_set_get(names, *(const uint32_t *)a), name_set_get(names, *(const uint32_t *)b));
}

/* Puts the members, and their lengths, in order of their families. */
static int sort(struct own *o, struct buf *lens)
{
	uint32_t n = o->families.n;
	_cleanup_(cleanup_free) uint32_t *order = malloc((n + (size_t)1) * sizeof(*order));
	_cleanup_(cleanup_free) size_t *place = calloc(n + (size_t)1, sizeof(*place));
	struct member *sorted = malloc((o->n + 1) * sizeof(*sorted));
	uint64_t *sorted_lens = malloc((o->n + 1) * sizeof(*sorted_lens));
	const uint64_t *unsorted = (const uint64_t *)(const void *)lens->p;
	size_t at = 0;

	if (!order || !place || !sorted || !sorted_lens) {
		free(sorted);
		free(sorted_lens);
		return -ENOMEM;
	}
	for (size_t i = 0; i < o->n; i++)
		place[o->members[i].family]++;
	for (uint32_t f = 0; f < n; f++)
		order[f] = f;
	qsort_r(order, n, sizeof(*order), by_name, &o->families);
	for (uint32_t f = 0; f < n; f++) {
		size_t count = place[order[f]];

		place[order[f]] = at;
		at += count;
	}
	for (size_t i = 0; i < o->n; i++) {
		size_t to = place[o->members[i].family]++;

		sorted[to] = o->members[i];
		sorted_lens[to] = unsorted[i];
	}
	free(o->members);
	o->members = sorted;
	o->cap = o->n + 1;
	buf_clear(lens);
	buf_put(lens, sorted_lens, o->n * sizeof(*sorted_lens));
	free(sorted_lens);
	return lens->err;
}

static bool is_first(const struct own *o, size_t i)
{
	return i == 0 || o->members[i - 1].family != o->members[i].family;
}

static void put_head(const struct own *o, size_t i, struct buf *out)
{
	if (is_first(o, i))
		om_put_type(out, name_set_get(&o->families, o->members[i].family), "unknown");
}

static int measure(const struct block *b, struct node n, struct own *o, struct om_index *x)
{
	struct point_lines *l = NULL;
	int64_t last_ns = 0;
	int r = point_lines_new(&l);

	for (size_t i = 0; i < o->n && r == 0; i++) {
		struct member *m = &o->members[i];
		size_t name_len;
		uint64_t len = 0;

		buf_clear(&l->prefix);
		name_len = openmetrics_put_name(&l->prefix, key_of(b, m));
		buf_put_u8(&l->prefix, ' ');
		r = l->prefix.err;
		if (r == 0)
			r = name_set_put(&o->families, span_of(l->prefix.p, name_len), &m->family);
		if (r == 0)
			r = member_len(b, n, m, l, &len, &last_ns);
		buf_put(&x->lens, &len, sizeof(len));
	}
	point_lines_free(l);
	x->mtime_ms = last_ns / NS_PER_MS;
	return r < 0 ? r : x->lens.err;
}

static int build(struct tree *t, struct node n, struct om_index *ret)
{
	_cleanup_(buf_done) struct buf head = {0};
	struct own *o = calloc(1, sizeof(*o));
	struct block b = {0};
	uint64_t *lens;
	int r;

	if (!o)
		return -ENOMEM;
	ret->own = o;
	r = find(t, n, &b);
	if (r == 0)
		r = gather(&b, o);
	if (r == 0)
		r = radix_sort(o->members, o->n, sizeof(*o->members), offsetof(struct member, place));
	if (r == 0)
		r = measure(&b, n, o, ret);
	if (r == 0)
		r = sort(o, &ret->lens);
	lens = (uint64_t *)(void *)ret->lens.p;
	for (size_t i = 0; i < o->n && r == 0; i++) {
		buf_clear(&head);
		put_head(o, i, &head);
		lens[i] += head.len;
		r = head.err;
	}
	return r;
}

static void free_own(void *own)
{
	struct own *o = own;

	if (!o)
		return;
	name_set_done(&o->families);
	free(o->members);
	free(o);
}

/* --- pieces --- */

static int piece(
    struct tree *t, struct node n, const struct om_index *x, size_t i, struct buf *head, struct point_lines *l)
{
	const struct own *o = x->own;
	const struct member *m = &o->members[i];
	struct block b = {0};
	int r = find(t, n, &b);

	if (r < 0)
		return r;
	put_head(o, i, head);
	openmetrics_put_name(&l->prefix, key_of(&b, m));
	buf_put_u8(&l->prefix, ' ');
	for (int k = 0; k < OM_HOURS && r == 0; k++)
		if (m->i[k] != NONE)
			r = read_hour(&b, n, m, k, &l->ns, &l->bits);
	return r < 0 ? r : head->err ? head->err : point_lines_measure(l);
}

const struct om_kind om_points_kind = {.version = version, .build = build, .free_own = free_own, .piece = piece};
