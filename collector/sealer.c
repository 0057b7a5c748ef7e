/* sealer.c -- see sealer.h */
#include "collector/sealer.h"

#include "collector/priority.h"
#include "collector/say.h"
#include "store/lock.h"

#include <time.h>

enum { RETRY_FIRST_S = 1, RETRY_LAST_S = 300 };

struct sealer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool woken, stop;
	uint64_t max_bytes;
	int64_t max_age_ms;
	struct recorder *rec;
	struct age_clock *clock;
};

/* Waits until woken or, if seconds is not 0, so long. */
static void wait_for_work(struct sealer *s, unsigned seconds)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	while (!s->woken && !s->stop) {
		if (seconds == 0)
			pthread_cond_wait(&s->wake, &s->lock);
		else if (pthread_cond_timedwait(&s->wake, &s->lock, &until) == ETIMEDOUT)
			break;
	}
	s->woken = false;
}

static void retain(struct sealer *s)
{
	uint64_t max_bytes;
	int64_t max_age_ms;
	int r;

	pthread_mutex_lock(&s->lock);
	max_bytes = s->max_bytes;
	max_age_ms = s->max_age_ms;
	pthread_mutex_unlock(&s->lock);
	r = recorder_retain(s->rec, max_bytes, max_age_ms, age_clock_ms(s->clock));
	if (r < 0)
		say("old hours cannot be removed: %s", strerror(-r));
}

static void *sealer_main(void *arg)
{
	struct sealer *s = arg;
	unsigned retry_s = 0;

	pthread_setname_np(pthread_self(), "histd-seal");
	priority_sealing();
	retain(s);
	pthread_mutex_lock(&s->lock);
	while (!s->stop) {
		int r;

		pthread_mutex_unlock(&s->lock);
		r = recorder_seal(s->rec);
		if (r != -ENODATA && r != -ECANCELED)
			retain(s);
		pthread_mutex_lock(&s->lock);
		if (r == 0) {
			retry_s = 0;
			continue;
		}
		if (r == -ENODATA || r == -ECANCELED) {
			retry_s = 0;
		} else {
			retry_s = retry_s == 0 ? RETRY_FIRST_S : 2 * retry_s;
			if (retry_s > RETRY_LAST_S)
				retry_s = RETRY_LAST_S;
			say("an hour cannot be sealed: %s; next try in %u s", strerror(-r), retry_s);
		}
		wait_for_work(s, retry_s);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

int sealer_start(
    struct recorder *rec, struct age_clock *clock, uint64_t max_bytes, int64_t max_age_ms, struct sealer **ret)
{
	struct sealer *s = calloc(1, sizeof *s);
	pthread_condattr_t attr;
	int r;

	if (!s)
		return -ENOMEM;
	s->rec = rec;
	s->clock = clock;
	s->max_bytes = max_bytes;
	s->max_age_ms = max_age_ms;
	lock_init(&s->lock);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &attr);
	pthread_condattr_destroy(&attr);
	r = pthread_create(&s->thread, NULL, sealer_main, s);
	if (r != 0) {
		free(s);
		return -r;
	}
	*ret = s;
	return 0;
}

void sealer_wake(struct sealer *s)
{
	pthread_mutex_lock(&s->lock);
	s->woken = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

void sealer_configure(struct sealer *s, uint64_t max_bytes, int64_t max_age_ms)
{
	pthread_mutex_lock(&s->lock);
	s->max_bytes = max_bytes;
	s->max_age_ms = max_age_ms;
	pthread_mutex_unlock(&s->lock);
	sealer_wake(s);
}

void sealer_stop(struct sealer *s)
{
	recorder_stop_sealing(s->rec);
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->wake);
	free(s);
}
