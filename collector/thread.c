/* thread.c -- see thread.h */
#include "collector/thread.h"

#include <signal.h>

int thread_start(pthread_t *ret, size_t stack, void *(*main)(void *arg), void *arg)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int r = pthread_attr_init(&attr);

	if (r != 0)
		return -r;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	r = pthread_attr_setstacksize(&attr, stack);
	if (r == 0)
		r = pthread_create(ret, &attr, main, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -r;
}
