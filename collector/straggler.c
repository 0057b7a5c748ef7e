/* straggler.c -- see straggler.h */
#include "collector/straggler.h"

#include <errno.h>
#include <time.h>

enum { HANG_S = 3 }; /* who does nothing of others' for so long is not waited for */

void straggler_init(struct straggler *s)
{
	pthread_condattr_t attr;

	*s = (struct straggler){0};
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->changed, &attr);
	pthread_condattr_destroy(&attr);
}

void straggler_done(struct straggler *s)
{
	if (s->next)
		config_put(s->next);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
}

int straggler_busy(struct straggler *s)
{
	bool left;

	pthread_mutex_lock(&s->lock);
	left = s->left;
	s->busy = !left;
	pthread_mutex_unlock(&s->lock);
	return left ? -ECANCELED : 0;
}

void straggler_idle(struct straggler *s)
{
	pthread_mutex_lock(&s->lock);
	s->busy = false;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

int straggler_call(struct straggler *s, struct server *server,
    int (*fn)(struct ingest *g, void *arg, struct server_task *task), void *arg)
{
	int r = straggler_busy(s);

	if (r < 0)
		return r;
	r = server_call(server, fn, arg);
	straggler_idle(s);
	return r;
}

bool straggler_take_config(struct straggler *s, struct config **c)
{
	struct config *next;

	pthread_mutex_lock(&s->lock);
	next = TAKE(s->next);
	pthread_mutex_unlock(&s->lock);
	if (!next)
		return false;
	config_put(*c);
	*c = next;
	return true;
}

void straggler_configure(struct straggler *s, struct config *c, void (*wake)(void *arg), void *arg)
{
	pthread_mutex_lock(&s->lock);
	if (s->next)
		config_put(s->next);
	s->next = config_get(c);
	pthread_mutex_unlock(&s->lock);
	wake(arg);
}

bool straggler_is_to_stop(struct straggler *s)
{
	bool stop;

	pthread_mutex_lock(&s->lock);
	stop = s->stop;
	pthread_mutex_unlock(&s->lock);
	return stop;
}

bool straggler_end(struct straggler *s)
{
	bool left;

	pthread_mutex_lock(&s->lock);
	s->ended = true;
	left = s->left;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return left;
}

/* Until it has ended, or was not busy for so long. With the lock. */
static void wait_for_end(struct straggler *s)
{
	struct timespec until;
	int r = 0;

	while (!s->ended && r != ETIMEDOUT) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += HANG_S;
		if (s->busy)
			pthread_cond_wait(&s->changed, &s->lock);
		else
			r = pthread_cond_timedwait(&s->changed, &s->lock, &until);
		/* It may have begun something while the clock ran out. */
		if (s->busy)
			r = 0;
	}
}

bool straggler_stop(struct straggler *s, void (*wake)(void *arg), void *arg)
{
	pthread_t thread = s->thread;
	bool ended;

	pthread_mutex_lock(&s->lock);
	s->stop = true;
	wake(arg);
	wait_for_end(s);
	ended = s->ended;
	s->left = !ended;
	if (!ended)
		pthread_detach(thread);
	pthread_mutex_unlock(&s->lock);
	if (ended)
		pthread_join(thread, NULL);
	return ended;
}
