/* statsd.h -- what StatsD's clients send, until it becomes points
 *
 * At the end of each interval there are points of
 *   NAME.total                 a counter: all that was counted since it was first heard of
 *   NAME                       a gauge
 *   NAME.count .sum .min .max .mean .p50 .p90 .p99    times and sizes that came in the interval
 *   NAME.unique                a set: how many different values came in the interval
 * Counters and gauges have one in each interval, until nothing has come for them for the time `idle`; the others only
 * if something came. What a sample stands for, by its rate, counts in .total, .count and .sum. Percentiles are the
 * nearest ranks; of more than 4096 samples those of as many that are drawn from them. Names and tags stay as they are.
 *
 * One thread.
 */
#ifndef COLLECTOR_STATSD_H
#define COLLECTOR_STATSD_H

#include "collector/point_sink.h"
#include "collector/statsd_line.h"
#include "store/cleanup.h"

struct statsd;

int statsd_new(uint64_t max_names, uint64_t idle_ms, struct statsd **ret);
void statsd_free(struct statsd *s);
DEFINE_CLEANUP(statsd, statsd_free)

/* As for a new one, from now on. */
void statsd_configure(struct statsd *s, uint64_t max_names, uint64_t idle_ms);

/* NULL, or why not. now_ms: monotonic. */
const char *statsd_add(struct statsd *s, const struct statsd_sample *sample, int64_t now_ms);

/* The points of the interval that ended at that time. */
void statsd_flush(struct statsd *s, int64_t now_ms, int64_t ns, struct point_sink *sink);

#endif
