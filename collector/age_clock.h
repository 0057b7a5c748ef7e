/* age_clock.h -- the time that ages are counted from when old history is removed
 *
 * A clock that leaps ahead (a dead battery, a wrong time server, a machine restored from an image) makes everything old
 * at once. So what is removed for its age is not removed for a leap: a clock that is more than a day ahead of what it
 * should be, by what was recorded last and the time that has gone by since, is believed after it has stood so for a
 * day. Until then time goes on from where it was. A clock that is behind is believed: it makes nothing old.
 */
#ifndef COLLECTOR_AGE_CLOCK_H
#define COLLECTOR_AGE_CLOCK_H

#include "store/bytes.h"

struct age_clock;

/* store_fd: the store's directory, whose hours say what time it was last. Hours that came after a pause of more than a
 * day count once they span a day themselves. */
int age_clock_new(int store_fd, struct age_clock **ret);
void age_clock_free(struct age_clock *c);

/* Milliseconds since 1970; never later than the clock is. Says when it no longer believes the clock, and when it does
 * again. Thread-safe. */
int64_t age_clock_ms(struct age_clock *c);

#endif
