/* tidier.c -- see tidier.h */
#include "collector/tidier.h"

#include "collector/priority.h"
#include "collector/say.h"
#include "collector/thread.h"

#include <stdatomic.h>
#include <time.h>

enum {
	STACK = 512 << 10,
	PAUSE_S = 5,
	WORK_MS = 1000, /* and it looks at the clock again */
};

struct tidier {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	atomic_bool stop;
	struct topics *topics;
};

/* With the lock. */
static void pause_for(struct tidier *t, unsigned seconds)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	while (!t->stop)
		if (pthread_cond_timedwait(&t->wake, &t->lock, &until) == ETIMEDOUT)
			return;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

static void *tidier_main(void *arg)
{
	struct tidier *t = arg;
	int failed = 0;

	pthread_setname_np(pthread_self(), "histd-tidy");
	priority_sealing();
	pthread_mutex_lock(&t->lock);
	while (!t->stop) {
		int r;

		pthread_mutex_unlock(&t->lock);
		r = topics_tidy(t->topics, now_ms(), WORK_MS, &t->stop);
		if (r < 0 && r != failed)
			say("old messages cannot be removed: %s", strerror(-r));
		failed = r < 0 ? r : 0;
		pthread_mutex_lock(&t->lock);
		if (r <= 0)
			pause_for(t, PAUSE_S);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

static void free_all(struct tidier *t)
{
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->wake);
	free(t);
}

int tidier_start(struct topics *topics, struct tidier **ret)
{
	struct tidier *t = calloc(1, sizeof *t);
	pthread_condattr_t attr;
	int r;

	if (!t)
		return -ENOMEM;
	t->topics = topics;
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->wake, &attr);
	pthread_condattr_destroy(&attr);
	r = thread_start(&t->thread, STACK, tidier_main, t);
	if (r < 0) {
		free_all(t);
		return r;
	}
	*ret = t;
	return 0;
}

void tidier_stop(struct tidier *t)
{
	pthread_mutex_lock(&t->lock);
	t->stop = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	free_all(t);
}
