/* graphite.h -- points as Graphite's plaintext protocol has them
 *
 *   path[;tag=value…] value time
 *
 * The path is the metric, as it is; tags are labels. The time is in seconds, which may have a fraction; -1 is when the
 * line comes. Between the three stand blanks.
 */
#ifndef COLLECTOR_GRAPHITE_H
#define COLLECTOR_GRAPHITE_H

#include "collector/point_sink.h"

/* See point_sink.h. */
size_t graphite_parse(struct span text, bool whole, int64_t now_ns, struct point_sink *sink);

#endif
