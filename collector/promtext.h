/* promtext.h -- samples as pages for Prometheus have them: its text format, and OpenMetrics
 *
 *   name{label="value",…} value [time]
 *
 * A sample becomes a point, whatever its metric's type is: buckets, sums, counts, quantiles, _created and all. Times
 * are milliseconds, in OpenMetrics seconds that may have a fraction. Exemplars, which stand behind # in OpenMetrics,
 * and comments are passed over; nothing may stand behind OpenMetrics' # EOF.
 */
#ifndef COLLECTOR_PROMTEXT_H
#define COLLECTOR_PROMTEXT_H

#include "collector/point_sink.h"

enum promtext_form { PROMTEXT_PLAIN, PROMTEXT_OPENMETRICS };

/* See point_sink.h. */
size_t promtext_parse(struct span text, bool whole, enum promtext_form form, int64_t now_ns, struct point_sink *sink);

/* Whether a page in OpenMetrics ends as it has to, and not before. */
bool promtext_is_ended(struct span text);

#endif
