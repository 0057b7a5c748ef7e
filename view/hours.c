/* hours.c -- see hours.h
 *
 * A node's fields say its level: no hour, the view itself; an hour alone, the hour's directory; an hour and a leaf, a
 * file of the hour; a sequence number, a snapshot's directory or, with a leaf, a file in it.
 */
#include "view/hours.h"

size_t hours_place(const int32_t *hours, size_t n, int32_t hour)
{
	size_t lo = 0;

	while (lo < n) {
		size_t mid = lo + (n - lo) / 2;

		if (hours[mid] >= hour)
			n = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* Of ascending hours those that a node can hold. Linux sets no clock to any other. */
static void cut_hours(const int32_t **hours, size_t *n)
{
	size_t first = hours_place(*hours, *n, 0), end = hours_place(*hours, *n, NODE_HOUR_MAX + 1);

	*hours += first;
	*n = end - first;
}

/* Hours that have points, if the view shows these. */
static void point_hours(struct tree *t, const struct view *v, const int32_t **ret, size_t *ret_n)
{
	static const int32_t none;
	struct points_reader *points;

	*ret = &none;
	*ret_n = 0;
	if (!v->hours->points || tree_points(t, &points) < 0)
		return;
	points_reader_hours(points, ret, ret_n);
	cut_hours(ret, ret_n);
}

/* The first hour of a view that is not below one; -1: there is none. */
static int32_t next_hour(struct tree *t, const struct view *v, int32_t from)
{
	const int32_t *hours, *others;
	size_t n, n_others, i, k;

	store_hours(t->store, &hours, &n);
	cut_hours(&hours, &n);
	point_hours(t, v, &others, &n_others);
	i = hours_place(hours, n, from);
	k = hours_place(others, n_others, from);
	if (i == n || (k < n_others && others[k] < hours[i]))
		return k < n_others ? others[k] : -1;
	return hours[i];
}

static uint64_t count_hours(struct tree *t, const struct view *v)
{
	const int32_t *hours, *others;
	size_t n, n_others, i = 0;
	uint64_t both = 0;

	store_hours(t->store, &hours, &n);
	cut_hours(&hours, &n);
	point_hours(t, v, &others, &n_others);
	for (size_t k = 0; k < n_others; k++) {
		while (i < n && hours[i] < others[k])
			i++;
		both += i < n && hours[i] == others[k];
	}
	return n + n_others - both;
}

int32_t hours_next_points(struct points_reader *points, int32_t from)
{
	const int32_t *hours;
	size_t n, k;

	points_reader_hours(points, &hours, &n);
	cut_hours(&hours, &n);
	k = hours_place(hours, n, from);
	return k < n ? hours[k] : -1;
}

bool hours_has_points(struct tree *t, int32_t hour)
{
	struct points_reader *points;

	return hour >= 0 && tree_points(t, &points) == 0 && hours_next_points(points, hour) == hour;
}

uint32_t hours_valid_ms(struct tree *t, const struct hour *h)
{
	return hour_live(h) || hour_number(h) >= tree_last(t)->hour ? VALID_LIVE_MS : VALID_PAST_MS;
}

/* The files beside the tables in the directory of a node, NULL at the end. */
static const struct leaf *const *leaves(const struct view *v, struct node n, const struct leaf *room[2])
{
	if (n.seq >= 0 && v->hours->snapshot_leaves)
		return v->hours->snapshot_leaves;
	room[0] = n.seq < 0 ? v->hours->hour_leaf : NULL;
	room[1] = NULL;
	return room;
}

/* That of a node. */
static const struct leaf *special(const struct view *v, struct node n)
{
	const struct leaf *room[2], *const *f = leaves(v, n, room);

	while (*f && (*f)->id != n.leaf)
		f++;
	return *f;
}

static bool is_link(const struct view *v, struct node n)
{
	return n.seq >= 0 && v->hours->snapshot_link && v->hours->snapshot_link->id == n.leaf;
}

/* Of a snapshot at the time that the attributes have. */
static int link_attr(struct tree *t, const struct view *v, struct tree_attr *ret)
{
	char target[NAME_MAX_LEN];

	if (!v->hours->snapshot_link->is_there(t, ret->mtime_ms))
		return -ENOENT;
	v->hours->snapshot_link->target(target, ret->mtime_ms);
	ret->mode = S_IFLNK | 0777;
	ret->nlink = 1;
	ret->size = strlen(target);
	return 0;
}

/* The directory of another view in an hour, and its attributes. -ENOENT: there is none. */
static int other_dir(struct tree *t, const struct view *v, int32_t hour, struct node *ret, struct tree_attr *ret_attr)
{
	const struct view *other = v->hours->hour_view ? tree_view(v->hours->hour_view) : NULL;

	if (!other)
		return -ENOENT;
	*ret = (struct node){.view = other->id, .hour = hour, .seq = -1};
	tree_preset(*ret, other->type, ret_attr);
	return other->attr(t, other, *ret, ret_attr);
}

/* Then an hour's directory can have one more directory, but to tell takes a look at all of them. */
static bool has_topics(struct tree *t)
{
	struct topic_store *s;

	return store_topics(t->store, &s) == 0 && topic_store_count(s) > 0;
}

/* An hour in which nothing was recorded but what the other view has: looked up, never listed. */
static int bare_hour_attr(struct tree *t, const struct view *v, struct node n, struct tree_attr *ret)
{
	struct tree_attr a;
	struct node other;
	int r = n.seq < 0 && n.leaf == 0 ? other_dir(t, v, n.hour, &other, &a) : -ENOENT;

	if (r < 0)
		return r;
	ret->mtime_ms = a.mtime_ms;
	ret->mtime_ns = a.mtime_ns;
	view_set_dir(ret, 1);
	return 0;
}

/* The hour of a node, and the index of its snapshot (0 for a node without). */
static int find(struct tree *t, const struct view *v, struct node n, struct hour **ret, uint32_t *ret_i)
{
	uint32_t i = 0;
	int r;

	if (n.hour < 0 || (n.seq >= 0 && !v->hours->snapshots))
		return -ENOENT;
	r = store_hour(t->store, n.hour, ret);
	if (r == 0 && n.seq >= 0)
		r = hour_find(*ret, (uint32_t)n.seq, &i);
	if (r < 0)
		return r;
	*ret_i = i;
	return 0;
}

/* Tables are files where the lowest directories are. */
static bool holds_tables(const struct view *v, struct node dir)
{
	return dir.hour >= 0 && (dir.seq >= 0) == v->hours->snapshots;
}

static int file_len(struct tree *t, const struct view *v, struct node n, struct hour *h, uint32_t i, uint64_t *ret)
{
	const struct leaf *f = special(v, n);

	if (f)
		return f->len(t, h, i, n, ret);
	if (n.leaf > LEAF_TABLE_MAX || !holds_tables(v, n))
		return -ENOENT;
	if (n.seq < 0)
		return store_hour_text_len(t->store, h, (uint16_t)n.leaf, ret);
	return store_text_len(t->store, h, i, (uint16_t)n.leaf, v->hours->form, ret);
}

int hours_attr(struct tree *t, const struct view *v, struct node n, struct tree_attr *ret)
{
	struct hour *h;
	uint32_t i;
	int r;

	if (n.hour < 0) {
		view_set_dir(ret, count_hours(t, v));
		return view_is_top(n) ? 0 : -ENOENT;
	}
	r = find(t, v, n, &h, &i);
	if (r == -ENOENT)
		return bare_hour_attr(t, v, n, ret);
	if (r < 0)
		return r;
	if (n.seq < 0) {
		ret->mtime_ms = hour_last_ms(h);
		ret->attr_ms = hours_valid_ms(t, h);
		view_set_dir(ret, v->hours->snapshots ? hour_n(h) : 0);
		if (v->hours->hour_view && has_topics(t))
			ret->nlink = 1;
	} else {
		uint32_t seq;

		r = hour_snapshot(h, i, &seq, &ret->mtime_ms);
		if (r < 0)
			return r;
		ret->attr_ms = VALID_EVER_MS;
	}
	if (n.leaf == 0)
		return 0;
	if (is_link(v, n))
		return link_attr(t, v, ret);
	ret->mode = S_IFREG | 0444;
	ret->nlink = 1;
	return file_len(t, v, n, h, i, &ret->size);
}

/* --- names --- */

int hours_find_table(const struct hour *h, const char *name, uint32_t *ret_id)
{
	struct table_schema *const *tables;
	uint32_t n;

	hour_tables(h, &tables, &n);
	for (uint32_t k = 0; k < n; k++) {
		if (strcmp(tables[k]->name, name) == 0) {
			*ret_id = tables[k]->id;
			return 0;
		}
	}
	return -ENOENT;
}

int hours_lookup(
    struct tree *t, const struct view *v, struct node dir, const char *name, struct node *ret, uint32_t *ret_name_ms)
{
	const struct leaf *room[2], *const *f = leaves(v, dir, room);
	struct hour *h;
	uint32_t i;
	int r;

	(void)ret_name_ms;
	*ret = dir;
	if (dir.leaf)
		return -ENOTDIR;
	if (dir.hour < 0)
		return name_parse_hour(name, &ret->hour);
	for (; *f; f++) {
		if (strcmp((*f)->name, name) != 0)
			continue;
		ret->leaf = (*f)->id;
		return 0;
	}
	if (dir.seq < 0 && v->hours->hour_view && strcmp(tree_view(v->hours->hour_view)->name, name) == 0) {
		ret->view = v->hours->hour_view;
		return 0;
	}
	if (!holds_tables(v, dir))
		return name_parse_snapshot(name, &ret->seq);
	if (dir.seq >= 0 && v->hours->snapshot_link && strcmp(v->hours->snapshot_link->name, name) == 0) {
		ret->leaf = v->hours->snapshot_link->id;
		return 0;
	}
	r = find(t, v, dir, &h, &i);
	return r < 0 ? r : hours_find_table(h, name, &ret->leaf);
}

static int list_hours(struct tree *t, const struct view *v, struct node n, uint64_t after, struct lister *l)
{
	int r = 0;

	if (after > NODE_HOUR_MAX)
		return 0;
	for (int32_t hour = (int32_t)after; r == 0; hour++) {
		char name[NAME_MAX_LEN];

		hour = next_hour(t, v, hour);
		if (hour < 0)
			break;
		n.hour = hour;
		name_hour(name, hour);
		r = tree_list_add(l, name, (uint64_t)hour + 1, n, S_IFDIR);
	}
	return r;
}

/* Cookies of snapshots are their numbers moved up, so that a listing goes on where it was though others were added. */
static int list_snapshots(struct hour *h, struct node n, uint64_t after, struct lister *l)
{
	enum { FIRST = 3 };
	uint32_t lo = 0, hi = hour_n(h), seq;
	int64_t ms;
	int r = 0;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		r = hour_snapshot(h, mid, &seq, &ms);
		if (r < 0)
			return r;
		if ((uint64_t)seq + FIRST > after)
			hi = mid;
		else
			lo = mid + 1;
	}
	for (; lo < hour_n(h) && r == 0; lo++) {
		char name[NAME_MAX_LEN];

		r = hour_snapshot(h, lo, &seq, &ms);
		if (r < 0)
			return r;
		n.seq = (int32_t)seq;
		name_snapshot(name, n.seq);
		r = tree_list_add(l, name, (uint64_t)seq + FIRST, n, S_IFDIR);
	}
	return r;
}

/* Tables of the hour's schema that have not turned up in it, or in the snapshot, are not there. */
static int has_table(struct tree *t, struct hour *h, uint32_t i, struct node n)
{
	uint64_t rows, len;

	if (n.seq < 0)
		return store_hour_text_len(t->store, h, (uint16_t)n.leaf, &len);
	return hour_size(h, i, (uint16_t)n.leaf, &rows, &len);
}

static int list_tables(struct tree *t, struct hour *h, uint32_t i, struct node n, uint64_t after, struct lister *l)
{
	struct table_schema *const *tables;
	uint32_t n_tables;
	int r = 0;

	hour_tables(h, &tables, &n_tables);
	for (uint32_t k = 0; k < n_tables && r == 0; k++) {
		n.leaf = tables[k]->id;
		if (n.leaf <= after)
			continue;
		r = has_table(t, h, i, n);
		if (r == 0)
			r = tree_list_add(l, tables[k]->name, n.leaf, n, S_IFREG);
		else if (r == -ENOENT)
			r = 0;
	}
	return r;
}

static int add_leaf(struct lister *l, struct node dir, const struct leaf *f, uint64_t cookie)
{
	dir.leaf = f->id;
	return tree_list_add(l, f->name, cookie, dir, S_IFREG);
}

static int list_link(
    struct tree *t, const struct view *v, struct hour *h, uint32_t i, struct node dir, struct lister *l)
{
	const struct link *link = v->hours->snapshot_link;
	uint32_t seq;
	int64_t ms;
	int r = hour_snapshot(h, i, &seq, &ms);

	dir.leaf = link->id;
	return r == 0 && link->is_there(t, ms) ? tree_list_add(l, link->name, link->id, dir, S_IFLNK) : r;
}

static int list_other(struct tree *t, const struct view *v, struct node dir, uint64_t cookie, struct lister *l)
{
	struct tree_attr a;
	struct node other;
	int r = other_dir(t, v, dir.hour, &other, &a);

	return r < 0 ? r : tree_list_add(l, tree_view(other.view)->name, cookie, other, S_IFDIR);
}

int hours_list(struct tree *t, const struct view *v, struct node dir, uint64_t after, struct lister *l)
{
	const struct leaf *room[2], *const *f = leaves(v, dir, room);
	struct hour *h;
	uint32_t i;
	int r;

	if (dir.leaf)
		return -ENOTDIR;
	if (dir.hour < 0)
		return view_is_top(dir) ? list_hours(t, v, dir, after, l) : -ENOENT;
	r = find(t, v, dir, &h, &i);
	if (r == -ENOENT && dir.seq < 0)
		return after < 2 ? list_other(t, v, dir, 2, l) : 0;
	if (r < 0)
		return r;
	/* Tables have their ids for cookies, below all LEAF_*; snapshots are listed behind the hour's own file,
	 * cookie 1, and another view's directory, cookie 2. */
	if (!holds_tables(v, dir)) {
		if (*f && after == 0)
			r = add_leaf(l, dir, *f, 1);
		/* If that cannot be read, the rest of the hour is there all the same. */
		if (r == 0 && after < 2)
			r = list_other(t, v, dir, 2, l);
		return r > 0 ? r : list_snapshots(h, dir, after, l);
	}
	r = list_tables(t, h, i, dir, after, l);
	for (; *f && r == 0; f++)
		if ((*f)->id > after && (!(*f)->has || (*f)->has(h, i) == 0))
			r = add_leaf(l, dir, *f, (*f)->id);
	if (r == 0 && dir.seq >= 0 && v->hours->snapshot_link && v->hours->snapshot_link->id > after)
		r = list_link(t, v, h, i, dir, l);
	return r;
}

int hours_readlink(struct tree *t, const struct view *v, struct node n, char ret[NAME_MAX_LEN])
{
	struct tree_attr a;
	int r;

	if (!is_link(v, n))
		return -EINVAL;
	tree_preset(n, v->type, &a);
	r = hours_attr(t, v, n, &a);
	if (r == 0)
		v->hours->snapshot_link->target(ret, a.mtime_ms);
	return r;
}

/* --- contents --- */

int hours_read(struct tree *t, const struct view *v, struct node n, uint64_t off, size_t len, struct span *ret)
{
	const struct leaf *f = special(v, n);
	struct span text;
	struct hour *h;
	uint32_t i;
	int r;

	if (n.leaf == 0)
		return -EISDIR;
	r = find(t, v, n, &h, &i);
	if (r < 0)
		return r;
	if (!f && (n.leaf > LEAF_TABLE_MAX || !holds_tables(v, n)))
		return -ENOENT;
	if (!f && n.seq < 0) {
		t->text.len = 0;
		r = store_hour_text(t->store, h, (uint16_t)n.leaf, off, len, &t->text);
		if (r == 0 && t->text.len == 0)
			r = has_table(t, h, i, n);
		text = span_of(t->text.p, t->text.len);
		off = 0;
	} else if (f) {
		r = f->text(t, h, i, n, &text);
	} else {
		r = store_text(t->store, h, i, (uint16_t)n.leaf, v->hours->form, &text);
	}
	if (r < 0)
		return r;
	*ret = view_part(text, off, len);
	return 0;
}
