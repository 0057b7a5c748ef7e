/* windows.h -- points summed up by windows of time
 *
 * A window begins at a multiple of its length since 1970 (that it holds), and ends before the next one. Points that are
 * NaN are left out, but by count and last. A series grows from each point to the next one by their difference, or by
 * all of the next one if that is smaller (a counter began anew); this belongs to the window of the later.
 */
#ifndef CTL_WINDOWS_H
#define CTL_WINDOWS_H

#include "store/bytes.h"

enum aggregate {
	AGGREGATE_AVG,
	AGGREGATE_MIN,
	AGGREGATE_MAX,
	AGGREGATE_SUM,
	AGGREGATE_COUNT,
	AGGREGATE_LAST,
	AGGREGATE_RATE,     /* growth a second, between the points that there are */
	AGGREGATE_INCREASE, /* growth */
	AGGREGATE_QUANTILE, /* between the two nearest, as Prometheus does */
};

struct windows {
	enum aggregate what;
	double quantile; /* 0 to 1 */
	int64_t step_ns; /* 0: one window of all there is, which begins at from_ns */
	int64_t from_ns;
};

/* avg, min, max, sum, count, last, rate, increase, p0 to p100. -EINVAL. */
int windows_parse(struct windows *w, const char *text);

/* What the points of a window come to. */
struct window {
	int64_t begin_ns;
	uint64_t n; /* points that count */
	double sum, least, most;
	int64_t last_ns;
	uint64_t last_bits;
	uint64_t n_grown; /* times that it grew by something, or nothing; of many series, series */
	double grown, grown_s, rate;
	struct buf values; /* double, of a quantile */
};

/* Appends the windows (struct window) of one series to ret, whose points are in order of time. */
int windows_put(const struct windows *w, const int64_t *ns, const uint64_t *bits, size_t n, struct buf *ret);
void windows_done(struct buf *v);

/* Adds windows to those of other series, in order of time both; they are empty afterwards. */
int windows_merge(struct buf *into, struct buf *v);

/* The value of a window; false: there is none. Puts its values in order. */
bool windows_value(const struct windows *w, struct window *v, uint64_t *ret_bits);

#endif
