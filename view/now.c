/* now.c -- /now: a link to the snapshot recorded last; not there before the first */
#include "view/view.h"

static int now_readlink(struct tree *t, const struct view *v, struct node n, char ret[NAME_MAX_LEN])
{
	const struct last_snapshot *last = tree_last(t);

	(void)v;
	if (last->seq < 0 || !view_is_top(n))
		return -ENOENT;
	name_target(ret, "", last->hour, last->seq);
	return 0;
}

static int now_attr(struct tree *t, const struct view *v, struct node n, struct tree_attr *ret)
{
	char target[NAME_MAX_LEN];
	int r = now_readlink(t, v, n, target);

	if (r == 0)
		ret->size = strlen(target);
	return r;
}

VIEW(now) = {.name = "now", .id = 5, .type = S_IFLNK, .attr = now_attr, .readlink = now_readlink};
