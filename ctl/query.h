/* query.h -- points of a store, as histctl query is asked for them */
#ifndef CTL_QUERY_H
#define CTL_QUERY_H

#include "ctl/point_writer.h"
#include "ctl/windows.h"

#include "store/points_read.h"

struct query {
	const struct point_select *select;
	int64_t from_ns, to_ns; /* both included */
	bool sums;              /* windows are asked for */
	struct windows windows;
	bool grouped;    /* series of one metric that have the same values of these labels are one: */
	struct span *by; /* in order */
	size_t n_by;
	enum point_format format;
};

/* Prints what is asked for. Ret: how many hours of series are damaged, and left out, which stderr has been told; or an
 * error. */
int query_run(struct points_reader *pr, const struct query *q);

#endif
