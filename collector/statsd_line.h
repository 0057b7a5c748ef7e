/* statsd_line.h -- lines of StatsD, and of DogStatsD, as clients send them
 *
 *   name:value[:value…]|type[|@rate][|#tag:value,tag…]
 *
 * Types: c counter, g gauge (with + or - before it: by so much), ms and h and d times or sizes to be summed up, s set.
 * A tag without a value has the value "true". What says where it comes from (|c:…, |e:…, |card:…) is passed over.
 * Events, service checks and times of their own (|T…) are refused.
 */
#ifndef COLLECTOR_STATSD_LINE_H
#define COLLECTOR_STATSD_LINE_H

#include "store/point_key.h"

enum statsd_type { STATSD_COUNTER, STATSD_GAUGE, STATSD_TIMER, STATSD_SET };

struct statsd_sample {
	enum statsd_type type;
	struct span name;
	struct point_label *labels;
	size_t n_labels;
	double value;     /* not of a set */
	bool relative;    /* a gauge's: to what it is */
	double rate;      /* above 0, up to 1 */
	struct span text; /* the value as it is written */
};

struct statsd_sink {
	uint64_t line; /* the parser's */
	/* labels are reordered. */
	void (*sample)(struct statsd_sink *s, const struct statsd_sample *sample);
	void (*refuse)(struct statsd_sink *s, const char *why);
};

/* As in point_sink.h. */
size_t statsd_line_parse(struct span text, bool whole, struct statsd_sink *sink);

#endif
