/* at.c -- /at/TIME: a link to the newest snapshot not after a time; looked up, never listed
 *
 * The inode is that of the snapshot it leads to, so what a link says never changes; only which link a name is.
 */
#include "view/view.h"

static int at_lookup(
    struct tree *t, const struct view *v, struct node dir, const char *name, struct node *ret, uint32_t *ret_name_ms)
{
	int64_t ms;
	bool relative;
	int32_t hour;
	uint32_t seq;
	int r;

	(void)v;
	if (!view_is_top(dir))
		return -ENOTDIR;
	r = name_parse_time(name, tree_now_ms(t), &ms, &relative);
	if (r < 0)
		return r;
	r = store_at(t->store, ms, &hour, &seq);
	if (r < 0)
		return r;
	if (hour < 0 || hour > NODE_HOUR_MAX)
		return -ENOENT;
	*ret = (struct node){.view = dir.view, .hour = hour, .seq = (int32_t)seq};
	if (ret_name_ms)
		*ret_name_ms = relative ? 0 : hour >= tree_last(t)->hour ? VALID_LIVE_MS : VALID_PAST_MS;
	return 0;
}

static int at_attr(struct tree *t, const struct view *v, struct node n, struct tree_attr *ret)
{
	char target[NAME_MAX_LEN];
	struct hour *h;
	uint32_t i, seq;
	int r;

	(void)v;
	if (view_is_top(n))
		return 0;
	if (n.hour < 0 || n.seq < 0 || n.leaf)
		return -ENOENT;
	r = store_hour(t->store, n.hour, &h);
	if (r < 0)
		return r;
	r = hour_find(h, (uint32_t)n.seq, &i);
	if (r < 0)
		return r;
	r = hour_snapshot(h, i, &seq, &ret->mtime_ms);
	if (r < 0)
		return r;
	name_target(target, "../", n.hour, n.seq);
	ret->mode = S_IFLNK | 0777;
	ret->nlink = 1;
	ret->size = strlen(target);
	ret->attr_ms = VALID_EVER_MS;
	return 0;
}

static int at_list(struct tree *t, const struct view *v, struct node dir, uint64_t after, struct lister *l)
{
	(void)t, (void)v, (void)after, (void)l;
	return view_is_top(dir) ? 0 : -ENOTDIR;
}

static int at_readlink(struct tree *t, const struct view *v, struct node n, char ret[NAME_MAX_LEN])
{
	struct tree_attr a;
	int r = at_attr(t, v, n, &a);

	if (r < 0 || view_is_top(n))
		return r < 0 ? r : -EINVAL;
	name_target(ret, "../", n.hour, n.seq);
	return 0;
}

VIEW(at) = {
    .name = "at",
    .id = 6,
    .type = S_IFDIR,
    .attr = at_attr,
    .lookup = at_lookup,
    .list = at_list,
    .readlink = at_readlink,
};
