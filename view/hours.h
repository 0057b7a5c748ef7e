/* hours.h -- what the views over hours and snapshots have in common
 *
 *   /VIEW/2026-11-20T03/snapshot-0042/TABLE     one table at one moment, in the view's form
 *   /VIEW/2026-11-20T03/TABLE                   (without snapshots) a table over the whole hour
 */
#ifndef VIEW_HOURS_H
#define VIEW_HOURS_H

#include "view/view.h"

/* A file beside the tables that view/ makes itself. i is the snapshot's index in the hour, unused for files of an hour.
 */
struct leaf {
	const char *name;
	uint32_t id; /* LEAF_* */
	/* Whether it is there: 0, -ENOENT; costs no decoding. NULL: it always is. */
	int (*has)(struct hour *h, uint32_t i);
	int (*len)(struct tree *t, struct hour *h, uint32_t i, struct node n, uint64_t *ret);
	int (*text)(struct tree *t, struct hour *h, uint32_t i, struct node n, struct span *ret);
};

/* A link beside the tables of a snapshot, where what it leads to was there at that time. */
struct link {
	const char *name;
	uint32_t id; /* LEAF_*, above those of files */
	bool (*is_there)(struct tree *t, int64_t ms);
	void (*target)(char ret[NAME_MAX_LEN], int64_t ms);
};

struct hours {
	bool snapshots;               /* a level of snapshots between the hour and the tables */
	enum text_form form;          /* of a snapshot's tables */
	const struct leaf *hour_leaf; /* one more file in each hour, or NULL */
	/* More files in each snapshot, by ascending ids, NULL at the end; or NULL. */
	const struct leaf *const *snapshot_leaves;
	const struct link *snapshot_link; /* and a link there, behind them; or NULL */
	uint32_t hour_view;               /* whose directory is in each hour where it is; 0: none */
	bool points;                      /* hours that have only points are listed, too */
};

int hours_attr(struct tree *t, const struct view *v, struct node n, struct tree_attr *ret);
int hours_lookup(
    struct tree *t, const struct view *v, struct node dir, const char *name, struct node *ret, uint32_t *ret_name_ms);
int hours_list(struct tree *t, const struct view *v, struct node dir, uint64_t after, struct lister *l);
int hours_readlink(struct tree *t, const struct view *v, struct node n, char ret[NAME_MAX_LEN]);
int hours_read(struct tree *t, const struct view *v, struct node n, uint64_t off, size_t len, struct span *ret);

#define HOURS_CALLS                                                                                                    \
	.attr = hours_attr, .lookup = hours_lookup, .list = hours_list, .readlink = hours_readlink, .read = hours_read

extern const struct leaf heatmap_leaf; /* of an hour */
extern const struct leaf summary_leaf; /* of a snapshot */
extern const struct leaf pg_locks_leaf;
extern const struct link payloads_link; /* likewise */

/* The first of ascending hours that is not below one: its place. */
size_t hours_place(const int32_t *hours, size_t n, int32_t hour);

/* Whether an hour has points; the first that has, not below one, that a node can hold: -1, there is none. */
bool hours_has_points(struct tree *t, int32_t hour);
int32_t hours_next_points(struct points_reader *points, int32_t from);

/* The id of the hour's table of that name, -ENOENT. */
int hours_find_table(const struct hour *h, const char *name, uint32_t *ret_id);

/* How long attributes of an hour that changes are valid. */
uint32_t hours_valid_ms(struct tree *t, const struct hour *h);

#endif
