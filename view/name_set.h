/* name_set.h -- names, numbered from 0 in the order in which they come first */
#ifndef VIEW_NAME_SET_H
#define VIEW_NAME_SET_H

#include "store/bytes.h"

/* A zeroed struct is an empty set. */
struct name_set {
	uint32_t n;
	struct buf bytes; /* one behind the other */
	struct buf ends;  /* uint64_t: where each ends */
	uint32_t *slots;  /* a number + 1 each; 0: free */
	uint32_t n_slots; /* a power of two */
};

void name_set_done(struct name_set *s);

/* The number of a name, which is put in if it is not there. -ENOMEM. */
int name_set_put(struct name_set *s, struct span name, uint32_t *ret);

/* Borrowed until the next put. */
struct span name_set_get(const struct name_set *s, uint32_t i);

#endif
