/* tidier.h -- the thread that removes, closes and compacts old segments of topics and payloads */
#ifndef COLLECTOR_TIDIER_H
#define COLLECTOR_TIDIER_H

#include "store/payloads.h"
#include "store/topics.h"

struct tidier;

/* p may be NULL. */
int tidier_start(struct topics *t, struct payloads *p, struct tidier **ret);

/* Gives up what is being done, ends the thread, frees it. */
void tidier_stop(struct tidier *t);

#endif
