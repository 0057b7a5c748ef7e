/* check_topics.h -- checks of topics: the registry, every batch of every segment, the indexes
 *
 * Part of verify. A writer may be at work: what is behind the last whole frame of a newest segment is not damage, and a
 * segment that is gone when its turn comes is not missed.
 */
#ifndef STORE_CHECK_TOPICS_H
#define STORE_CHECK_TOPICS_H

#include "store/check.h"

/* store_id 0: not known. -ENOMEM, -EIO; a store without topics is one. */
int check_topics(struct check *c, int store_fd, uint64_t store_id);

#endif
