/* tree.c -- see tree.h: the root, and everything else handed to the view it belongs to */
#include "view/tree.h"

#include "view/openmetrics.h"
#include "view/point_lines.h"
#include "view/view.h"

#include <time.h>

enum {
	TEXTS_MAX = 8 << 20, /* bytes of rendered texts that are kept */
	LINKS_MAX = 8,       /* links followed in one path; the tree itself needs one */
};

extern const struct view *const __start_histfs_views[], *const __stop_histfs_views[];

/* Views are listed in the root by id, whatever order the linker put them in. */
static const struct view *view_behind(uint64_t id)
{
	const struct view *best = NULL;

	for (const struct view *const *v = __start_histfs_views; v < __stop_histfs_views; v++) {
		if ((*v)->id > id && !(*v)->in_hours && (!best || (*v)->id < best->id))
			best = *v;
	}
	return best;
}

const struct view *tree_view(uint32_t id)
{
	for (const struct view *const *v = __start_histfs_views; v < __stop_histfs_views; v++) {
		if (id == (*v)->id || (id > (*v)->id && id <= (*v)->last_id))
			return *v;
	}
	return NULL;
}

static const struct view *view_by_name(const char *name)
{
	for (const struct view *const *v = __start_histfs_views; v < __stop_histfs_views; v++) {
		if (!(*v)->in_hours && strcmp((*v)->name, name) == 0)
			return *v;
	}
	return NULL;
}

static struct node view_node(const struct view *v)
{
	return (struct node){.view = v->id, .hour = -1, .seq = -1};
}

/* --- following the store --- */

static int64_t monotonic_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Where the last snapshot cannot be read, the tree is still there. */
const struct last_snapshot *tree_last(struct tree *t)
{
	struct store_info info;
	struct hour *h;
	int32_t hour;
	uint32_t seq;

	if (t->has_last)
		return &t->last;
	store_info(t->store, &info);
	t->has_last = true;
	t->last = (struct last_snapshot){.hour = -1, .seq = -1, .ms = info.created_ms};
	if (store_latest(t->store, &hour, &seq) == 0 && hour >= 0 && hour <= NODE_HOUR_MAX &&
	    store_hour(t->store, hour, &h) == 0)
		t->last = (struct last_snapshot){.hour = hour, .seq = (int32_t)seq, .ms = hour_last_ms(h)};
	return &t->last;
}

/* A refresh that fails (the directory is not readable just now) leaves what was known. */
static void refresh(struct tree *t)
{
	int64_t now = monotonic_ms();
	struct points_reader *points;
	struct payloads *payloads;
	struct topic_store *topics;

	if (now - t->looked_ms < TREE_REFRESH_MS)
		return;
	t->looked_ms = now;
	if (store_refresh(t->store) > 0) {
		t->generation++;
		t->has_last = false;
	}
	if (store_topics(t->store, &topics) == 0 && topic_store_refresh(topics) > 0)
		t->topic_generation++;
	if (store_payloads(t->store, &payloads) == 0 && payloads_refresh(payloads) > 0)
		t->payload_generation++;
	if (t->has_points && store_points(t->store, &points) == 0 && points_reader_refresh(points) > 0)
		t->point_generation++;
}

int tree_points(struct tree *t, struct points_reader **ret)
{
	t->has_points = true;
	return store_points(t->store, ret);
}

int tree_new(struct store *s, struct tree **ret)
{
	_cleanup_(cleanup_tree) struct tree *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	t->store = s;
	t->now_ms = INT64_MIN;
	t->looked_ms = monotonic_ms();
	r = cache_new(TEXTS_MAX, &t->cache);
	if (r < 0)
		return r;
	*ret = TAKE(t);
	return 0;
}

void tree_free(struct tree *t)
{
	if (t->cache)
		cache_free(t->cache);
	buf_done(&t->text);
	free(t->hourlogs);
	point_lines_free(t->lines);
	openmetrics_free(t->openmetrics);
	free(t);
}

void tree_set_now(struct tree *t, int64_t now_ms)
{
	t->now_ms = now_ms;
}

int64_t tree_now_ms(const struct tree *t)
{
	struct timespec ts;

	if (t->now_ms != INT64_MIN)
		return t->now_ms;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- attributes --- */

/* Of what changes with every snapshot. */
#define MTIME_OF_LAST INT64_MIN

void tree_preset(struct node n, uint32_t type, struct tree_attr *ret)
{
	*ret = (struct tree_attr){
	    .ino = node_ino(n),
	    .mode = type | (type == S_IFLNK ? 0777 : 0444),
	    .nlink = 1,
	    .mtime_ms = MTIME_OF_LAST,
	    .attr_ms = VALID_LIVE_MS,
	};
	if (type == S_IFDIR)
		view_set_dir(ret, 0);
}

static void root_attr(struct tree *t, struct tree_attr *ret)
{
	uint64_t n_dirs = 0;

	for (const struct view *v = view_behind(0); v; v = view_behind(v->id))
		n_dirs += v->type == S_IFDIR;
	tree_preset(node_of(TREE_ROOT), S_IFDIR, ret);
	view_set_dir(ret, n_dirs);
	ret->mtime_ms = tree_last(t)->ms;
	ret->name_ms = ret->attr_ms;
}

/* A name in a directory may be of another view than that. */
static int node_attr(struct tree *t, struct node n, struct tree_attr *ret)
{
	const struct view *v = tree_view(n.view);
	struct tree_attr a;
	int r = -ENOENT;

	if (v) {
		tree_preset(n, v->type, &a);
		r = v->attr(t, v, n, &a);
	}
	if (r < 0)
		return r;
	if (a.mtime_ms == MTIME_OF_LAST)
		a.mtime_ms = tree_last(t)->ms;
	a.name_ms = a.attr_ms;
	*ret = a;
	return 0;
}

/* The view of an inode, NULL if there is none; not for the root. */
static const struct view *view_of(uint64_t ino, struct node *ret)
{
	*ret = node_of(ino);
	return node_is_valid(*ret) ? tree_view(ret->view) : NULL;
}

int tree_attr(struct tree *t, uint64_t ino, struct tree_attr *ret)
{
	struct node n;

	refresh(t);
	if (ino == TREE_ROOT) {
		root_attr(t, ret);
		return 0;
	}
	return view_of(ino, &n) ? node_attr(t, n, ret) : -ENOENT;
}

uint64_t tree_parent(struct tree *t, uint64_t ino)
{
	struct node n;
	const struct view *v = view_of(ino, &n);

	if (v && v->parent && !(view_is_top(n) && n.view == v->id))
		return v->parent(t, n, &n) < 0 ? TREE_ROOT : node_ino(n);
	if (ino == TREE_ROOT || n.hour < 0)
		return TREE_ROOT;
	if (n.leaf)
		n.leaf = 0;
	else if (n.seq >= 0)
		n.seq = -1;
	else if (v && n.view != v->id)
		n.view = v->id;
	else
		n.hour = -1;
	return node_ino(n);
}

/* --- names --- */

/* The node that a name leads to. */
static int find_child(struct tree *t, uint64_t dir, const char *name, struct node *ret, uint32_t *ret_name_ms)
{
	const struct view *v;
	struct node n;

	refresh(t);
	if (dir == TREE_ROOT) {
		v = view_by_name(name);
		if (!v)
			return -ENOENT;
		*ret = view_node(v);
		return 0;
	}
	v = view_of(dir, &n);
	if (!v)
		return -ENOENT;
	if (!v->lookup)
		return -ENOTDIR;
	return v->lookup(t, v, n, name, ret, ret_name_ms);
}

int tree_lookup(struct tree *t, uint64_t dir, const char *name, struct tree_attr *ret)
{
	uint32_t name_ms = VALID_EVER_MS;
	struct node n;
	int r;

	if (strcmp(name, ".") == 0)
		return tree_attr(t, dir, ret);
	if (strcmp(name, "..") == 0)
		return tree_attr(t, tree_parent(t, dir), ret);
	r = find_child(t, dir, name, &n, &name_ms);
	if (r == 0)
		r = node_attr(t, n, ret);
	if (r == 0 && ret->name_ms > name_ms)
		ret->name_ms = name_ms;
	return r;
}

struct lister {
	struct tree *t;
	bool attrs;
	int (*each)(const struct tree_entry *e, void *arg);
	void *arg;
};

int tree_list_add(struct lister *l, const char *name, uint64_t cookie, struct node n, uint32_t type)
{
	struct tree_entry e = {.name = name, .cookie = cookie, .ino = node_ino(n), .type = type};
	struct tree_attr a;

	if (l->attrs && node_attr(l->t, n, &a) == 0)
		e.attr = &a;
	return l->each(&e, l->arg);
}

int tree_list_name(struct lister *l, const char *name, uint64_t cookie, struct node n, uint32_t type)
{
	struct tree_entry e = {.name = name, .cookie = cookie, .ino = node_ino(n), .type = type};

	return l->each(&e, l->arg);
}

int tree_list_put(struct lister *l, const char *name, uint64_t cookie, const struct tree_attr *a)
{
	struct tree_entry e = {.name = name, .cookie = cookie, .ino = a->ino, .type = a->mode & S_IFMT};

	if (l->attrs)
		e.attr = a;
	return l->each(&e, l->arg);
}

static int list_root(struct lister *l, uint64_t after)
{
	struct tree_attr a;
	int r = 0;

	for (const struct view *v = view_behind(after); v && r == 0; v = view_behind(v->id)) {
		struct node n = view_node(v);

		if (node_attr(l->t, n, &a) != -ENOENT)
			r = tree_list_add(l, v->name, v->id, n, v->type);
	}
	return r;
}

int tree_list(struct tree *t, uint64_t dir, uint64_t cookie, bool attrs,
    int (*each)(const struct tree_entry *e, void *arg), void *arg)
{
	struct lister l = {.t = t, .attrs = attrs, .each = each, .arg = arg};
	const struct view *v;
	struct node n;

	refresh(t);
	if (dir == TREE_ROOT)
		return list_root(&l, cookie);
	v = view_of(dir, &n);
	if (!v)
		return -ENOENT;
	return v->list ? v->list(t, v, n, cookie, &l) : -ENOTDIR;
}

/* --- contents --- */

int tree_readlink(struct tree *t, uint64_t ino, struct span *ret)
{
	const struct view *v;
	struct node n;
	int r;

	refresh(t);
	if (ino == TREE_ROOT)
		return -EINVAL;
	v = view_of(ino, &n);
	if (!v)
		return -ENOENT;
	if (!v->readlink)
		return -EINVAL;
	r = v->readlink(t, v, n, t->target);
	if (r < 0)
		return r;
	*ret = span_of(t->target, strlen(t->target));
	return 0;
}

int tree_read(struct tree *t, uint64_t ino, uint64_t off, size_t len, struct span *ret)
{
	const struct view *v;
	struct node n;

	refresh(t);
	if (ino == TREE_ROOT)
		return -EISDIR;
	v = view_of(ino, &n);
	if (!v)
		return -ENOENT;
	return v->read ? v->read(t, v, n, off, len, ret) : -EISDIR;
}

/* --- paths --- */

/* Goes down from dir along path, which is taken apart in place; n_links is what is left of LINKS_MAX. */
/* Without the attributes of what is on the way: they would take the list of all hours. */
static int walk(struct tree *t, uint64_t *ino, char *path, unsigned *n_links)
{
	char *save = NULL;

	for (char *name = strtok_r(path, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
		char target[NAME_MAX_LEN];
		const struct view *v;
		struct node n;
		int r;

		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			*ino = tree_parent(t, *ino);
			continue;
		}
		r = find_child(t, *ino, name, &n, NULL);
		if (r < 0)
			return r;
		v = tree_view(n.view);
		r = v && v->readlink ? v->readlink(t, v, n, target) : -EINVAL;
		if (r == -EINVAL) {
			*ino = node_ino(n);
			continue;
		}
		if (r == 0)
			r = (*n_links)-- == 0 ? -ELOOP : walk(t, ino, target, n_links);
		if (r < 0)
			return r;
	}
	return 0;
}

int tree_walk(struct tree *t, const char *path, struct tree_attr *ret)
{
	unsigned n_links = LINKS_MAX;
	_cleanup_(cleanup_free) char *copy = strdup(path);

	uint64_t ino = TREE_ROOT;
	int r = copy ? walk(t, &ino, copy, &n_links) : -ENOMEM;

	return r < 0 ? r : tree_attr(t, ino, ret);
}

/* --- sizes --- */

static int add_len(const struct store_file *f, void *arg)
{
	*(uint64_t *)arg += f->len;
	return 0;
}

static int add_topic_file(const char *name, uint64_t len, void *arg)
{
	struct topic_usage *u = arg;

	(void)name;
	u->n_files++;
	u->bytes += len;
	return 0;
}

const struct topic_usage *tree_topic_usage(struct tree *t)
{
	enum { SHARE = 100, LEAST_MS = TREE_REFRESH_MS };
	int64_t from = monotonic_ms(), took;

	if (from < t->usage.until_ms)
		return &t->usage;
	t->usage = (struct topic_usage){0};
	/* What cannot be counted is not: the rest of the tree does not fail for that. */
	store_topic_files(t->store, add_topic_file, &t->usage);
	took = monotonic_ms() - from;
	t->usage.until_ms = from + LEAST_MS + took * SHARE;
	return &t->usage;
}

int tree_usage(struct tree *t, uint64_t *ret_bytes, uint64_t *ret_n_hours)
{
	struct payloads_state payloads = {0};
	const int32_t *hours;
	uint64_t bytes = 0;
	struct payloads *p;
	size_t n;
	int r;

	refresh(t);
	r = store_files(t->store, add_len, &bytes);
	if (r < 0)
		return r;
	store_hours(t->store, &hours, &n);
	if (store_payloads(t->store, &p) == 0)
		payloads_state(p, &payloads);
	*ret_bytes = bytes + tree_topic_usage(t)->bytes + payloads.bytes + payloads.snapshot_bytes;
	*ret_n_hours = n;
	return 0;
}
