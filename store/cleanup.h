/* cleanup.h -- scope-bound release, and handing over */
#ifndef STORE_CLEANUP_H
#define STORE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/* Hands over a pointer: yields its value and leaves NULL behind. */
#define TAKE(p)                                                                                                        \
	({                                                                                                             \
		__typeof__(p) *take_p_ = &(p);                                                                         \
		__typeof__(p) take_v_ = *take_p_;                                                                      \
		*take_p_ = NULL;                                                                                       \
		take_v_;                                                                                               \
	})

/* Hands over a file descriptor: yields its value and leaves -1 behind. */
static inline int take_fd(int *fd)
{
	int v = *fd;

	*fd = -1;
	return v;
}

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

/* Defines cleanup_NAME(struct NAME **) for a type whose destructor is FREE(struct NAME *). */
#define DEFINE_CLEANUP(name, free_fn)                                                                                  \
	static inline void cleanup_##name(struct name **p)                                                             \
	{                                                                                                              \
		if (*p)                                                                                                \
			free_fn(*p);                                                                                   \
	}

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

#endif
