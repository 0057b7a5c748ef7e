/* tick.h -- when the next tick is due
 *
 * Ticks are at multiples of the interval on the wall clock, so that recordings of several machines line up, and are
 * waited for on the monotonic clock, so that no step of the wall clock makes them crowd or fail to come. Each is
 * computed anew: nothing adds up.
 */
#ifndef COLLECTOR_TICK_H
#define COLLECTOR_TICK_H

#include <stdbool.h>
#include <stdint.h>

struct tick {
	int64_t due_ns;  /* monotonic; 0: there was none yet */
	uint64_t missed; /* how many were due between the last one and this one */
};

/* The tick after last, mono_ns and wall_ns being the time now. */
struct tick tick_next(struct tick last, int64_t mono_ns, int64_t wall_ns, int64_t interval_ns);

/* Waits until then, monotonic. False: quit_fd became readable before. */
bool tick_wait(int quit_fd, int64_t due_ns);

#endif
