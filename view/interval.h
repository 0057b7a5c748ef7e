/* interval.h -- how far apart things are that come at a beat, of which some are missing */
#ifndef VIEW_INTERVAL_H
#define VIEW_INTERVAL_H

#include <stdint.h>

/* Clocks waver by less than this, and no interval is shorter. */
enum { INTERVAL_GRAIN_MS = 100 };

/* The most frequent of n distances in milliseconds, which are rounded and reordered in place; the shortest of several;
 * those that are not above 0 do not count; 0 if there is none. What is lost at random never makes a multiple of the
 * beat more frequent than the beat. */
int64_t interval_of(int64_t *steps, uint32_t n);

/* From one time to another; 0 where that is more than times of one history are apart. */
static inline int64_t interval_between(int64_t from_ms, int64_t to_ms)
{
	int64_t d;

	return __builtin_sub_overflow(to_ms, from_ms, &d) || d > INT64_C(1) << 50 || d < -(INT64_C(1) << 50) ? 0 : d;
}

/* How many are missing in a distance, at an interval. */
static inline int64_t interval_missing(int64_t step, int64_t interval)
{
	return interval > 0 && step > interval ? (step + interval / 2) / interval - 1 : 0;
}

#endif
