/* lock.h -- a lock that the sampling thread takes, too
 *
 * Who holds one while the sampling thread waits for it runs with that thread's urgency: on a machine where a hundred
 * threads want the CPU, one that lost it inside of a lock would get it back when it is everybody's turn.
 */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H

#include <pthread.h>

static inline void lock_init(pthread_mutex_t *m)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	/* A kernel without it. */
	if (pthread_mutex_init(m, &attr) != 0)
		pthread_mutex_init(m, NULL);
	pthread_mutexattr_destroy(&attr);
}

#endif
