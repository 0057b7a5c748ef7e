/* epoch.c -- see epoch.h
 *
 * Readers count themselves in one of two sets of counters, by the phase. A waiter changes the phase and waits until the
 * counters of the one before are zero: readers that begin meanwhile cannot delay it. A reader may read the phase and
 * be counted much later, in a set that nobody waits for just then; but what it looks at it finds after that, and the
 * next waiter, who may take that away, changes the phase twice and so waits for both sets.
 */
#include "store/epoch.h"

#include <sched.h>
#include <time.h>

enum { SPINS = 64 };

void epoch_init(struct epoch *e)
{
	*e = (struct epoch){.phase = 0};
	pthread_mutex_init(&e->lock, NULL);
}

void epoch_done(struct epoch *e)
{
	pthread_mutex_destroy(&e->lock);
}

static unsigned my_slot(void)
{
	static _Atomic unsigned n_threads;
	static _Thread_local unsigned mine; /* and 1 */

	if (mine == 0)
		mine = 1 + atomic_fetch_add(&n_threads, 1) % EPOCH_SLOTS;
	return mine - 1;
}

_Atomic uint32_t *epoch_enter(struct epoch *e)
{
	_Atomic uint32_t *mine = &e->slots[my_slot()].readers[atomic_load(&e->phase) & 1];

	atomic_fetch_add(mine, 1);
	return mine;
}

void epoch_leave(_Atomic uint32_t *mine)
{
	atomic_fetch_sub_explicit(mine, 1, memory_order_release);
}

static void wait_for(_Atomic uint32_t *readers)
{
	const struct timespec pause = {.tv_nsec = 50000};

	for (unsigned i = 0; atomic_load(readers) > 0; i++)
		if (i < SPINS)
			sched_yield();
		else
			(void)nanosleep(&pause, NULL);
}

void epoch_wait(struct epoch *e)
{
	pthread_mutex_lock(&e->lock);
	for (int twice = 0; twice < 2; twice++) {
		uint32_t phase = atomic_fetch_add(&e->phase, 1);

		for (unsigned i = 0; i < EPOCH_SLOTS; i++)
			wait_for(&e->slots[i].readers[phase & 1]);
	}
	pthread_mutex_unlock(&e->lock);
}
