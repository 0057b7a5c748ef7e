/* sealer.h -- the thread that seals finished hours and removes old ones
 *
 * What cannot be sealed is tried again, at longer and longer distances up to five minutes; it stays readable as it is.
 * Old hours are removed after each that was sealed.
 */
#ifndef COLLECTOR_SEALER_H
#define COLLECTOR_SEALER_H

#include "collector/age_clock.h"
#include "store/recorder.h"

struct sealer;

/* clock: what ages count from. */
int sealer_start(
    struct recorder *rec, struct age_clock *clock, uint64_t max_bytes, int64_t max_age_ms, struct sealer **ret);

/* From any thread: there may be something to seal. */
void sealer_wake(struct sealer *s);

/* From any thread: other limits, applied at once. */
void sealer_configure(struct sealer *s, uint64_t max_bytes, int64_t max_age_ms);

/* Gives up what is being sealed, whose log stays, begins nothing more, ends the thread, frees it. */
void sealer_stop(struct sealer *s);

#endif
