/* tidy.h -- what a partition needs from time to time: retention, compaction, indexes that are missing
 *
 * Takes the topics' lock for moments only: segments that get no more messages are changed by nobody else.
 */
#ifndef STORE_TIDY_H
#define STORE_TIDY_H

#include "store/partition.h"

/* -ECANCELED: *stop became true. Other errors: what could not be done is tried again the next time. */
int tidy_partition(struct partition *p, int64_t now_ms, const atomic_bool *stop);

#endif
