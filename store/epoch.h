/* epoch.h -- when what readers may still be looking at can be freed
 *
 * A reader says when it begins and when it ends, and never waits. A writer puts something new in the place of
 * something old (an atomic pointer, sequentially consistent), waits until all who may have found the old one have
 * ended, and frees it. Thread-safe.
 */
#ifndef STORE_EPOCH_H
#define STORE_EPOCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum { EPOCH_SLOTS = 8 };

struct epoch {
	pthread_mutex_t lock; /* of those who wait */
	_Atomic uint32_t phase;
	struct {
		_Alignas(64) _Atomic uint32_t readers[2];
	} slots[EPOCH_SLOTS]; /* threads share them in turn, so that two of them seldom share a cache line */
};

void epoch_init(struct epoch *e);
void epoch_done(struct epoch *e);

/* What epoch_leave is to be given. Not to be kept over a wait for anything but the disk. */
_Atomic uint32_t *epoch_enter(struct epoch *e);
void epoch_leave(_Atomic uint32_t *mine);

/* Returns when every reader that had begun before has ended. Not from within one. */
void epoch_wait(struct epoch *e);

#endif
