/* thread.h -- starting threads that the program's signals do not go to */
#ifndef COLLECTOR_THREAD_H
#define COLLECTOR_THREAD_H

#include <pthread.h>
#include <stddef.h>

/* stack: bytes. Returns 0 or a negative errno. */
int thread_start(pthread_t *ret, size_t stack, void *(*main)(void *arg), void *arg);

#endif
