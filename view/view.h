/* view.h -- what a view is: one first-level name of the tree and everything below it
 *
 * A view is one file in view/ that ends in its descriptor:
 *
 *   VIEW(json) = {.name = "json", .id = 4, .type = S_IFDIR, .hours = &shape, HOURS_CALLS};
 *
 * Nothing lists the views; the linker gathers them. An id is part of every inode number of the view: unique, never used
 * again for something else. A view with a range of them has directories of its own for the others below each hour.
 */
#ifndef VIEW_VIEW_H
#define VIEW_VIEW_H

#include "view/cache.h"
#include "view/name.h"
#include "view/node.h"
#include "view/tree.h"

enum {
	/* How long the kernel may believe what can change with the next snapshot. With TREE_REFRESH_MS a snapshot shows
	 * up well within a second. */
	VALID_LIVE_MS = 500,
	/* Hours that are not the newest: sealed, yet a clock that is stepped back can add to them. */
	VALID_PAST_MS = 10 * 1000,
	/* A snapshot and what is in it never change. */
	VALID_EVER_MS = INT32_MAX,
};

struct hours;
struct lister;

struct last_snapshot {
	int32_t hour;
	int32_t seq;
	int64_t ms;
};

struct tree {
	struct store *store;
	struct cache *cache;         /* texts that view/ renders itself */
	struct buf text;             /* what tree_read gave last, where no one else keeps it */
	char target[NAME_MAX_LEN];   /* what tree_readlink gave last */
	int64_t looked_ms;           /* when the store was refreshed last, on the monotonic clock */
	uint64_t generation;         /* counts what changed in the store, */
	uint64_t topic_generation;   /* in its topics, */
	uint64_t payload_generation; /* its payloads, */
	uint64_t point_generation;   /* and its points */
	bool has_points;             /* somebody has asked for points, which are followed from then on */
	int64_t now_ms;              /* INT64_MIN: ask the clock */

	/* Found when it is first asked for, since it takes the list of hours: see tree_last. */
	bool has_last;
	struct last_snapshot last;

	/* What the topics' files have on disk. */
	struct topic_usage {
		uint64_t n_files, bytes;
		int64_t until_ms; /* on the monotonic clock: then they are counted again */
	} usage;
	struct hourlogs *hourlogs;       /* of view/hourlog.c; NULL: nothing yet */
	struct point_lines *lines;       /* of the custom series that was read last; likewise */
	struct openmetrics *openmetrics; /* of view/openmetrics.c; likewise */
};

/* The snapshot recorded last; seq -1: there is none, and ms is when the store was made. Borrowed until the next call.
 */
const struct last_snapshot *tree_last(struct tree *t);

/* The store's points. They are looked for when they are first asked for: what is only in their log is held in memory.
 */
int tree_points(struct tree *t, struct points_reader **ret);

/* What the topics' files have on disk. To count the files of very many topics takes long, so that it is done again only
 * when a hundred times as long has passed. */
const struct topic_usage *tree_topic_usage(struct tree *t);

struct view {
	const char *name;
	uint32_t id;
	uint32_t last_id;          /* of a range of ids that are all the view's; 0: it has one */
	bool in_hours;             /* its name is not one in the root, but in each hour of another view where it is */
	uint32_t type;             /* S_IFDIR, S_IFREG or S_IFLNK: what its name is */
	const struct hours *hours; /* for views that lie over hours (hours.h), which share their calls */

	/* Attributes of a node of this view. ret is filled for something of the view's type that changes with every
	 * snapshot (ino, mode, nlink, mtime_ms, attr_ms); the rest is zero. -ENOENT also for nodes that cannot be. */
	int (*attr)(struct tree *t, const struct view *v, struct node n, struct tree_attr *ret);

	/* The node of a name in a directory. ret_name_ms, if not NULL, is lowered where the name leads elsewhere sooner
	 * than its node changes. */
	int (*lookup)(struct tree *t, const struct view *v, struct node dir, const char *name, struct node *ret,
	    uint32_t *ret_name_ms);
	/* Tells tree_list_add of the entries with cookies above after, ascending; stops when it returns anything but 0.
	 */
	int (*list)(struct tree *t, const struct view *v, struct node dir, uint64_t after, struct lister *l);
	/* The directory of a node that is none of its fields' arithmetic: of kinds, of ids, and of a view in hours.
	 * -ENOENT.
	 */
	int (*parent)(struct tree *t, struct node n, struct node *ret);
	/* -EINVAL: the node is no link. */
	int (*readlink)(struct tree *t, const struct view *v, struct node n, char ret[NAME_MAX_LEN]);
	/* The bytes from off on, len at most, in one piece. */
	int (*read)(struct tree *t, const struct view *v, struct node n, uint64_t off, size_t len, struct span *ret);
};

#define VIEW(ident)                                                                                                    \
	static const struct view view_##ident;                                                                         \
	static const struct view *const view_ptr_##ident                                                               \
	    __attribute__((used, section("histfs_views"), aligned(sizeof(void *)))) = &view_##ident;                   \
	static const struct view view_##ident

/* An entry of the directory that is being listed; one whose attributes take too long to be found for many; and one
 * whose attributes are known anyway (beside those that are preset: see tree_preset). */
int tree_list_add(struct lister *l, const char *name, uint64_t cookie, struct node n, uint32_t type);
int tree_list_name(struct lister *l, const char *name, uint64_t cookie, struct node n, uint32_t type);
int tree_list_put(struct lister *l, const char *name, uint64_t cookie, const struct tree_attr *a);

/* What struct view's attr is given to fill. */
void tree_preset(struct node n, uint32_t type, struct tree_attr *ret);

/* The time of day. */
int64_t tree_now_ms(const struct tree *t);

/* The view of that id; NULL: there is none. */
const struct view *tree_view(uint32_t id);

/* Whether a node is the view's own, with nothing below it. */
static inline bool view_is_top(struct node n)
{
	return n.kind == NODE_PLAIN && n.hour < 0 && n.seq < 0 && n.leaf == 0 && n.id == 0;
}

/* Makes a directory's or link's attributes of what is preset. */
static inline void view_set_dir(struct tree_attr *a, uint64_t n_dirs)
{
	a->mode = S_IFDIR | 0555;
	a->nlink = n_dirs < UINT32_MAX - 2 ? (uint32_t)n_dirs + 2 : UINT32_MAX;
}

/* The part of a whole text that tree_read is asked for. */
static inline struct span view_part(struct span text, uint64_t off, size_t len)
{
	size_t left = span_left(&text);

	if (off >= left)
		return (struct span){text.end, text.end};
	text.p += off;
	if (len < left - off)
		text.end = text.p + len;
	return text;
}

#endif
