/* priority.h -- what the threads get of CPU and disk when these are short
 *
 * Sampling takes a few milliseconds a second, and writing less: little to take from others, who have to wait for it
 * hardly longer. Sealing takes a second an hour, and nobody waits for it.
 */
#ifndef COLLECTOR_PRIORITY_H
#define COLLECTOR_PRIORITY_H

#include <stdbool.h>

enum priority {
	PRIORITY_NORMAL,   /* as the program was started */
	PRIORITY_HIGH,     /* nice -15 */
	PRIORITY_REALTIME, /* before all that is not real-time itself (SCHED_RR, lowest) */
};

/* Each sets the calling thread. Where that is not permitted the next weaker is taken, which priority_sampling says. */
void priority_sampling(enum priority p);
void priority_writing(enum priority p);
void priority_sealing(void);
/* A source's own thread: as the program was started, whoever starts it. */
void priority_apart(void);

/* Whether the calling thread runs before all that is not real-time itself. */
bool priority_is_realtime(void);
/* The calling thread is to do so no longer. */
void priority_yield(void);

#endif
