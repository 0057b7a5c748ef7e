/* health.h -- how the recorder itself is doing, as recorded in the table histd
 *
 * Filled by the sampling thread before each snapshot and read by the source on the same thread.
 */
#ifndef COLLECTOR_HEALTH_H
#define COLLECTOR_HEALTH_H

#include <stdint.h>

struct health {
	uint64_t ticks;       /* sampled since the start, this one included */
	uint64_t missed;      /* were due while one was still sampled */
	uint64_t late_us;     /* from when this one was due to its beginning */
	uint64_t sample_us;   /* the one before took to sample and encode */
	uint64_t queue_bytes; /* encoded and not in the log yet */
	uint64_t lost;        /* snapshots that were not kept: no room in the queue, not synced */
	uint64_t log_bytes;   /* of the log being written */
	uint64_t unsealed;    /* finished logs that wait to be sealed */
	uint64_t seals;       /* since the start */
	uint64_t seal_errors;
};

#endif
