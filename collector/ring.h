/* ring.h -- encoded snapshots that wait to be written, in memory that was allocated ahead
 *
 * First in, first out, and never more bytes than it was made for: putting copies, allocates nothing and does not touch
 * memory that is not there yet. Not thread-safe, but for one thing: the head stays where it is, and as it is, until
 * ring_pop.
 */
#ifndef COLLECTOR_RING_H
#define COLLECTOR_RING_H

#include "store/recorder.h"

struct ring;

int ring_new(size_t size, struct ring **ret);
void ring_free(struct ring *r);
DEFINE_CLEANUP(ring, ring_free)

/* Copies e behind the others. -ENOBUFS: there is no room for it. */
int ring_put(struct ring *r, const struct encoded *e);

/* The one that was put in first, of those that are in it; NULL: none. */
const struct encoded *ring_head(const struct ring *r);
/* Takes the head out. There must be one. */
void ring_pop(struct ring *r);

/* In use. */
size_t ring_bytes(const struct ring *r);
size_t ring_n(const struct ring *r);

#endif
