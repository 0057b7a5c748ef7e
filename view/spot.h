/* spot.h -- one snapshot among all that are recorded, and the way from one to another
 *
 * Snapshots stand in order of their hours, in an hour in order of recording: as in /hour. The store may change between
 * two calls: hours come, grow, are sealed, and are removed with the snapshot that a spot stands on; every call goes by
 * what is there now. Hours that cannot be read are stepped over.
 *
 * Errors: -ENOENT there is none; -EBADMSG there is, and no hour of those that it could be in can be read.
 */
#ifndef VIEW_SPOT_H
#define VIEW_SPOT_H

#include "store/store.h"

struct spot {
	int32_t hour;
	uint32_t seq;
	int64_t ms; /* the snapshot's time */
};

enum { SPOT_BACK = -1, SPOT_ON = 1 };

/* The snapshot recorded last. */
int spot_last(struct store *s, struct spot *ret);
/* The newest one not after a time; the first of all if all are after it. */
int spot_at(struct store *s, int64_t ms, struct spot *ret);

/* The next one, back or on. */
int spot_step(struct store *s, const struct spot *from, int direction, struct spot *ret);
/* The first (SPOT_BACK) or last one of n hours from that hour on. */
int spot_end(struct store *s, int32_t hour, int32_t n, int direction, struct spot *ret);
/* The spot itself if it is still there, else what follows it, else the last before it. */
int spot_near(struct store *s, const struct spot *from, struct spot *ret);

/* Its hour, and its place there. Borrowed as from store_hour. -ENOENT: it is no longer there. */
int spot_hour(struct store *s, const struct spot *spot, struct hour **ret, uint32_t *ret_i);

static inline bool spot_same(const struct spot *a, const struct spot *b)
{
	return a->hour == b->hour && a->seq == b->seq;
}

#endif
