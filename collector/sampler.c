/* sampler.c -- see sampler.h */
#include "collector/sampler.h"

#include "collector/gather.h"
#include "collector/memory.h"
#include "collector/say.h"
#include "collector/tick.h"
#include "store/lock.h"

#include <time.h>

/* Sampling that takes more than such a part of the time, so many ticks in a row, is nothing to put before others. */
enum { GREEDY_PART = 4, GREEDY_TICKS = 10 };

struct sampler {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
	struct config *next; /* to go over to; NULL: none */
	uint64_t n_ticks;
	uint64_t interval_ms;

	/* The thread's own. */
	struct recorder *rec;
	struct writer *writer;
	struct config *config;
	struct gather *gather;
	struct health health;
	struct tick tick;
	unsigned n_greedy; /* ticks in a row */
};

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* --- the thread --- */

/* Takes over the next configuration, or stays with the present one where that is impossible. */
static void go_over(struct sampler *s, struct config *next)
{
	struct gather *gather;
	int r = gather_new(next, recorder_pool(s->rec), recorder_known(s->rec), &s->health, &gather);

	if (r < 0) {
		say("root %s: %s; recording goes on as before", next->root, strerror(-r));
		config_put(next);
		return;
	}
	gather_free(s->gather);
	s->gather = gather;
	if (next->interval_ms != s->config->interval_ms)
		s->tick = (struct tick){0};
	config_put(s->config);
	s->config = next;
}

static void update_health(struct sampler *s)
{
	struct health *h = &s->health;
	struct recorder_stat st;

	recorder_stat(s->rec, &st);
	writer_stat(s->writer, &h->queue_bytes, &h->lost);
	h->log_bytes = st.log_bytes;
	h->unsealed = st.n_unsealed;
	h->seals = st.n_sealed;
	h->seal_errors = st.n_seal_errors;
	h->ticks++;
	h->missed += s->tick.missed;
}

/* Gives the CPU up to others if sampling takes too much of it. */
static void watch_greed(struct sampler *s, int64_t cpu_ns)
{
	if (cpu_ns < (int64_t)s->config->interval_ms * 1000000 / GREEDY_PART)
		s->n_greedy = 0;
	else if (++s->n_greedy >= GREEDY_TICKS && priority_is_realtime()) {
		say("sampling takes %lld ms of %llu: not real-time any more", (long long)cpu_ns / 1000000,
		    (unsigned long long)s->config->interval_ms);
		priority_yield();
	}
}

static void take_snapshot(struct sampler *s)
{
	int64_t begin = clock_ns(CLOCK_MONOTONIC), cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	struct encoded *e;
	int r;

	s->health.late_us = begin > s->tick.due_ns ? (uint64_t)(begin - s->tick.due_ns) / 1000 : 0;
	update_health(s);
	recorder_begin(s->rec);
	r = recorder_encode(s->rec, gather_take(s->gather), &e);
	if (r == 0) {
		writer_push(s->writer, e);
	} else {
		say("a snapshot is lost, it cannot be encoded: %s", strerror(-r));
		writer_count_lost(s->writer);
		recorder_want_keyframe(s->rec);
	}
	s->health.sample_us = (uint64_t)(clock_ns(CLOCK_MONOTONIC) - begin) / 1000;
	watch_greed(s, clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu);
}

/* Waits for the tick that is due. With the lock. False: stop, or another configuration is there. */
static bool wait_for_tick(struct sampler *s)
{
	struct timespec until = {s->tick.due_ns / 1000000000, s->tick.due_ns % 1000000000};

	/* The same wait as clock_nanosleep until a time, but one that another thread can end. */
	while (!s->stop && !s->next)
		if (pthread_cond_timedwait(&s->wake, &s->lock, &until) == ETIMEDOUT)
			return true;
	return false;
}

static void *sampler_main(void *arg)
{
	struct sampler *s = arg;

	pthread_setname_np(pthread_self(), "histd-sample");
	memory_ahead();
	priority_sampling(s->config->priority);
	pthread_mutex_lock(&s->lock);
	while (!s->stop) {
		struct config *next = TAKE(s->next);
		struct tick last = s->tick;

		if (next) {
			pthread_mutex_unlock(&s->lock);
			go_over(s, next);
			pthread_mutex_lock(&s->lock);
			s->interval_ms = s->config->interval_ms;
			last = s->tick;
		}
		s->tick = tick_next(last, clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_REALTIME),
		    (int64_t)s->config->interval_ms * 1000000);
		if (!wait_for_tick(s)) {
			/* The tick did not take place: the next is reckoned from the one before. */
			s->tick = last;
			continue;
		}
		pthread_mutex_unlock(&s->lock);
		take_snapshot(s);
		pthread_mutex_lock(&s->lock);
		s->n_ticks++;
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* --- callers --- */

static void free_all(struct sampler *s)
{
	if (s->gather)
		gather_free(s->gather);
	if (s->next)
		config_put(s->next);
	config_put(s->config);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->wake);
	free(s);
}

int sampler_start(struct config *c, struct recorder *rec, struct writer *w, struct sampler **ret)
{
	struct sampler *s = calloc(1, sizeof *s);
	pthread_condattr_t attr;
	int r;

	if (!s)
		return -ENOMEM;
	lock_init(&s->lock);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &attr);
	pthread_condattr_destroy(&attr);
	s->rec = rec;
	s->writer = w;
	s->config = config_get(c);
	s->interval_ms = c->interval_ms;
	r = gather_new(c, recorder_pool(rec), recorder_known(rec), &s->health, &s->gather);
	if (r == 0)
		r = -pthread_create(&s->thread, NULL, sampler_main, s);
	if (r < 0) {
		free_all(s);
		return r;
	}
	*ret = s;
	return 0;
}

void sampler_configure(struct sampler *s, struct config *c)
{
	pthread_mutex_lock(&s->lock);
	if (s->next)
		config_put(s->next);
	s->next = config_get(c);
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

uint64_t sampler_ticks(struct sampler *s, uint64_t *ret_interval_ms)
{
	uint64_t n;

	pthread_mutex_lock(&s->lock);
	n = s->n_ticks;
	*ret_interval_ms = s->interval_ms;
	pthread_mutex_unlock(&s->lock);
	return n;
}

void sampler_stop(struct sampler *s)
{
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	free_all(s);
}
