/* point_lines.h -- points as lines, any part of them without making those before
 *
 * In one of two forms: time, a tab, the value, as /series has it; or as /openmetrics has it what stands in front of
 * each value, the value, a blank and the time in seconds, of whole milliseconds, of points in the same one the last.
 */
#ifndef VIEW_POINT_LINES_H
#define VIEW_POINT_LINES_H

#include "store/cleanup.h"
#include "store/point_file.h"

enum {
	POINT_LINES_TIME_LEN = 14, /* 1795144325.123 */
};

struct point_lines {
	/* Of what, as their owner has it; 0: of nothing. */
	uint64_t of, stamp, piece;

	struct buf ns, bits; /* points: int64_t, uint64_t */
	struct buf prefix;   /* what stands in front; empty: the time and a tab */
	struct buf marks;    /* uint64_t: where the line of each of some points begins */
	size_t n;
	uint64_t len;
};

int point_lines_new(struct point_lines **ret);
/* NULL: does nothing. */
void point_lines_free(struct point_lines *l);

/* Empty again, with memory kept that is not too much. */
void point_lines_clear(struct point_lines *l);
/* The same, but for the prefix. */
void point_lines_clear_points(struct point_lines *l);

/* To be called when ns, bits and prefix are filled, with ascending times. -ENOMEM. */
int point_lines_measure(struct point_lines *l);

/* The length of all lines, if that follows from what is known without looking at points. */
bool point_lines_len(const struct point_stat *s, size_t prefix_len, uint64_t *ret);

/* Appends the bytes from off on, len at most. */
int point_lines_put(const struct point_lines *l, uint64_t off, size_t len, struct buf *out);

#endif
