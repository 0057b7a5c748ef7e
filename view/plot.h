/* plot.h -- a column of a row over some time as a line chart: /series/…/COLUMN.svg
 *
 * A pure function of what it is given. Counters are drawn as rates per second, everything else as it is. The line
 * breaks where a value is not known, where a counter went down, where snapshots are missing, and where the machine was
 * started anew. Rates are over the time of the boot's clock, like those of /rates: a wall clock that is stepped makes
 * no peak. The picture is one file without scripts and outside references, in light and in dark.
 */
#ifndef VIEW_PLOT_H
#define VIEW_PLOT_H

#include "store/schema.h"
#include "store/series.h"

struct plot {
	const char *title; /* any bytes */
	size_t title_len;
	const struct column *column;
	int64_t from_ms, to_ms; /* the time that is shown; points outside are left out */
	/* In order of recording; values are cells of the column's type. One of the time of the point before says the
	 * same once more and is passed over. */
	const struct series_point *points;
	uint32_t n;
};

/* Appends the picture. -ENOENT: there is no number to draw in this column. -ENOMEM. */
int plot_draw(const struct plot *p, struct buf *out);

#endif
