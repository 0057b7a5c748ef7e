/* openmetrics.h -- what files below /openmetrics are made of
 *
 * A file is pieces: the lines of one series in the two hours of a block, with its family's # TYPE in front of the first
 * one of each. Where each begins follows from an index, which is made when a size is asked for, and kept of the file
 * that was looked at last; the lines are made piece by piece, when they are read.
 */
#ifndef VIEW_OPENMETRICS_H
#define VIEW_OPENMETRICS_H

#include "view/point_lines.h"
#include "view/view.h"

enum {
	OM_HOURS = 2,          /* of a block, whose first is even */
	OM_POINTS = LEAF_PLOT, /* the leaf of a block's custom series; that of a table is its id */
};

struct om_index {
	int64_t mtime_ms; /* of the newest line */
	struct buf lens;  /* uint64_t: the length of each piece */
	void *own;        /* the kind's */
};

/* Custom series, or a table. A node has the block's first hour. */
struct om_kind {
	/* Another number whenever anything in the block is different. -ENOENT: there is no such file. */
	int (*version)(struct tree *t, struct node n, uint64_t *ret);
	/* ret is zeroed; free_own in any case. */
	int (*build)(struct tree *t, struct node n, struct om_index *ret);
	void (*free_own)(void *own);
	/* Fills l with a piece's points, the whole of which it measures, and head with what stands in front of them. Or
	 * appends the whole piece to head, and leaves l empty. */
	int (*piece)(
	    struct tree *t, struct node n, const struct om_index *x, size_t i, struct buf *head, struct point_lines *l);
};

extern const struct om_kind om_points_kind, om_table_kind;

/* Appends "# TYPE NAME TYPE". */
static inline void om_put_type(struct buf *out, struct span name, const char *type)
{
	buf_puts(out, "# TYPE ");
	buf_put(out, name.p, span_left(&name));
	buf_printf(out, " %s\n", type);
}

struct openmetrics;
/* NULL: does nothing. */
void openmetrics_free(struct openmetrics *o);

/* Appends the name of a series as OpenMetrics has it; returns how long the family's is. */
size_t openmetrics_put_name(struct buf *out, struct span key);

#endif
