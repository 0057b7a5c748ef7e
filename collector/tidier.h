/* tidier.h -- the thread that tidies topics, payloads and custom series: removes what is old, compacts, writes files of
 * points */
#ifndef COLLECTOR_TIDIER_H
#define COLLECTOR_TIDIER_H

#include "collector/age_clock.h"
#include "collector/documents.h"
#include "store/points.h"
#include "store/topics.h"

struct tidier;

/* s may be NULL. clock: what ages count from. */
int tidier_start(struct topics *t, struct documents *d, struct points *s, struct age_clock *clock, struct tidier **ret);

/* Gives up what is being done, ends the thread, frees it. */
void tidier_stop(struct tidier *t);

#endif
