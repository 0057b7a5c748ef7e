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
	struct documents *documents; /* whose payloads may be opened later */
	struct points *points;       /* NULL: there are none */
	struct age_clock *clock;
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

/* Whether there is more to do. An error is said once. */
static bool report(const char *what, int r, int *failed)
{
	if (r < 0 && r != *failed)
		say("%s cannot be tidied: %s", what, strerror(-r));
	*failed = r < 0 ? r : 0;
	return r > 0;
}

static void *tidier_main(void *arg)
{
	struct tidier *t = arg;
	int topics_failed = 0, payloads_failed = 0, points_failed = 0;

	pthread_setname_np(pthread_self(), "histd-tidy");
	priority_sealing();
	pthread_mutex_lock(&t->lock);
	while (!t->stop) {
		struct payloads *payloads = documents_payloads(t->documents);
		int64_t now_ms;
		bool more;

		pthread_mutex_unlock(&t->lock);
		now_ms = age_clock_ms(t->clock);
		more = report("messages", topics_tidy(t->topics, now_ms, WORK_MS, &t->stop), &topics_failed);
		if (payloads)
			more |=
			    report("payloads", payloads_tidy(payloads, now_ms, WORK_MS, &t->stop), &payloads_failed);
		if (t->points)
			more |=
			    report("points", points_tidy(t->points, now_ms, WORK_MS, false, &t->stop), &points_failed);
		pthread_mutex_lock(&t->lock);
		if (!more)
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

int tidier_start(struct topics *topics, struct documents *documents, struct points *points, struct age_clock *clock,
    struct tidier **ret)
{
	struct tidier *t = calloc(1, sizeof *t);
	pthread_condattr_t attr;
	int r;

	if (!t)
		return -ENOMEM;
	t->topics = topics;
	t->documents = documents;
	t->points = points;
	t->clock = clock;
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
