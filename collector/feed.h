/* feed.h -- points on their way from a text, or from a request, into the store
 *
 * For the server's thread. One text at a time: begun, parsed into the feed's sink, ended. What it has is put in
 * batches, of which the last is put by feed_end.
 */
#ifndef COLLECTOR_FEED_H
#define COLLECTOR_FEED_H

#include "collector/gauges.h"
#include "collector/point_sink.h"

struct feed;

enum { FEED_WHY_MAX = 256 };

int feed_new(struct gauges *g, struct feed **ret);
void feed_free(struct feed *f);
DEFINE_CLEANUP(feed, feed_free)

/* extra: labels that every series of the text gets; one that has a label of that name itself has it under the name
 * exported_NAME. scope: 0 without extra labels; otherwise a number that stands for these and no others. They are to
 * stay until feed_end. */
struct point_sink *feed_begin(struct feed *f, uint64_t scope, const struct point_label *extra, size_t n_extra);

/* A number for labels that are given with texts from now on. From any thread. */
uint64_t feed_new_scope(void);

struct feed_result {
	uint64_t accepted;      /* points */
	uint64_t refused;       /* lines, and points of others */
	char why[FEED_WHY_MAX]; /* of the first that was: line and reason; "" */
};
/* -ENOSPC, -EIO, …: some of it is not written. */
int feed_end(struct feed *f, struct feed_result *ret);

/* A point of a series that is given by metric and labels, between feed_begin and feed_end. */
void feed_point(struct feed *f, struct span metric, struct point_label *labels, size_t n, int64_t ns, double value);

/* Points as they lie in a batch (format.md, section 14): n_keys, keys, n, columns, and nothing behind. All are put, or,
 * with an error, none. -EPROTO: they do not parse; -ENOSPC: too many series. */
int feed_columns(struct feed *f, struct span in, uint64_t *ret_n, char why[FEED_WHY_MAX]);

#endif
