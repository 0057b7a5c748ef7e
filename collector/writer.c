/* writer.c -- see writer.h
 *
 * The lock guards the queue and the counts and is never held during I/O. The thread leaves a snapshot at the queue's
 * head until it is in the log, so its bytes stay counted. What was pushed is freed by the thread that made it: no lock
 * of the allocator's is between the two.
 */
#include "collector/writer.h"

#include "collector/memory.h"
#include "collector/ring.h"
#include "collector/say.h"
#include "store/lock.h"

#include <time.h>

enum { RETRY_FIRST_MS = 100, RETRY_LAST_MS = 5000 };

struct writer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct recorder *rec;
	struct sealer *sealer;

	struct ring *queue;
	uint64_t sync_every;
	uint64_t n_lost;
	bool stop;

	/* The thread's own. */
	enum priority priority;
	uint64_t n_unsynced;
	struct timespec sync_at; /* of the monotonic clock, while n_unsynced > 0 */
	unsigned retry_ms;       /* not 0: the log takes nothing at present */
	int32_t hour;
	int error; /* of the last append or sync; 0: it was good */
};

static struct timespec from_now(unsigned ms)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += ms / 1000;
	ts.tv_nsec += ms % 1000 * 1000000L;
	if (ts.tv_nsec >= 1000000000L) {
		ts.tv_nsec -= 1000000000L;
		ts.tv_sec++;
	}
	return ts;
}

static bool is_past(const struct timespec *ts)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > ts->tv_sec || (now.tv_sec == ts->tv_sec && now.tv_nsec >= ts->tv_nsec);
}

/* --- the thread; these are called without the lock --- */

static void note_append(struct writer *w, int r, const struct encoded *e)
{
	if (r == 0) {
		if (w->retry_ms > 0)
			say("snapshots are written again");
		w->retry_ms = 0;
		w->error = 0;
		if (w->n_unsynced++ == 0)
			w->sync_at = from_now(WRITER_SYNC_S * 1000);
		if (e->hour != w->hour)
			sealer_wake(w->sealer);
		w->hour = e->hour;
	} else if (r == -ESTALE) {
		w->retry_ms = 0;
	} else {
		if (w->error != r)
			say("snapshots cannot be written: %s; they are kept in memory for now", strerror(-r));
		w->error = r;
		w->retry_ms = w->retry_ms == 0 ? RETRY_FIRST_MS : 2 * w->retry_ms;
		if (w->retry_ms > RETRY_LAST_MS)
			w->retry_ms = RETRY_LAST_MS;
	}
}

static void sync_log(struct writer *w)
{
	int r = recorder_sync(w->rec);

	if (r < 0) {
		say("%llu snapshots may be lost, they cannot be synced: %s", (unsigned long long)w->n_unsynced,
		    strerror(-r));
		pthread_mutex_lock(&w->lock);
		w->n_lost += w->n_unsynced;
		pthread_mutex_unlock(&w->lock);
		w->error = r;
		sealer_wake(w->sealer);
	}
	w->n_unsynced = 0;
}

/* Appends the head. With the lock, which is let go meanwhile. */
static void append_head(struct writer *w)
{
	const struct encoded *e = ring_head(w->queue);
	int r;

	pthread_mutex_unlock(&w->lock);
	r = recorder_append(w->rec, e);
	note_append(w, r, e);
	pthread_mutex_lock(&w->lock);
	if (r < 0 && r != -ESTALE && r != -EMSGSIZE)
		return;
	if (r < 0)
		w->n_lost++;
	if (r == -EMSGSIZE)
		recorder_want_keyframe(w->rec);
	ring_pop(w->queue);
}

static bool sync_is_due(const struct writer *w)
{
	return w->n_unsynced > 0 && (w->n_unsynced >= w->sync_every || is_past(&w->sync_at) ||
	                                (w->stop && (!ring_head(w->queue) || w->retry_ms > 0)));
}

/* Waits for the next thing to do. With the lock. */
static void wait_for_work(struct writer *w)
{
	struct timespec until;

	if (w->retry_ms > 0)
		until = from_now(w->retry_ms);
	else if (w->n_unsynced > 0)
		until = w->sync_at;
	else if (!ring_head(w->queue)) {
		pthread_cond_wait(&w->wake, &w->lock);
		return;
	}
	if (w->retry_ms > 0 || !ring_head(w->queue))
		pthread_cond_timedwait(&w->wake, &w->lock, &until);
}

static void *writer_main(void *arg)
{
	struct writer *w = arg;

	pthread_setname_np(pthread_self(), "histd-write");
	memory_ahead();
	priority_writing(w->priority);
	pthread_mutex_lock(&w->lock);
	for (;;) {
		bool last_try = w->stop;

		if (ring_head(w->queue))
			append_head(w);
		if (sync_is_due(w)) {
			pthread_mutex_unlock(&w->lock);
			sync_log(w);
			pthread_mutex_lock(&w->lock);
		}
		if (last_try && (!ring_head(w->queue) || w->retry_ms > 0))
			break;
		if (!w->stop)
			wait_for_work(w);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* --- callers --- */

static void free_all(struct writer *w)
{
	if (w->queue)
		ring_free(w->queue);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->wake);
	free(w);
}

int writer_start(
    struct recorder *rec, struct sealer *sealer, uint64_t sync_every, enum priority priority, struct writer **ret)
{
	struct writer *w = calloc(1, sizeof *w);
	pthread_condattr_t attr;
	int r;

	if (!w)
		return -ENOMEM;
	w->rec = rec;
	w->sealer = sealer;
	w->sync_every = sync_every;
	w->priority = priority;
	lock_init(&w->lock);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attr);
	pthread_condattr_destroy(&attr);
	r = ring_new(WRITER_QUEUE_MAX, &w->queue);
	if (r == 0)
		r = -pthread_create(&w->thread, NULL, writer_main, w);
	if (r < 0) {
		free_all(w);
		return r;
	}
	*ret = w;
	return 0;
}

void writer_push(struct writer *w, struct encoded *e)
{
	int r;

	pthread_mutex_lock(&w->lock);
	r = ring_put(w->queue, e);
	if (r < 0)
		w->n_lost++;
	else
		pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	encoded_free(e);
	if (r < 0)
		recorder_want_keyframe(w->rec);
}

void writer_configure(struct writer *w, uint64_t sync_every)
{
	pthread_mutex_lock(&w->lock);
	w->sync_every = sync_every;
	pthread_mutex_unlock(&w->lock);
}

void writer_stat(struct writer *w, uint64_t *ret_queue_bytes, uint64_t *ret_lost)
{
	pthread_mutex_lock(&w->lock);
	*ret_queue_bytes = ring_bytes(w->queue);
	*ret_lost = w->n_lost;
	pthread_mutex_unlock(&w->lock);
}

void writer_count_lost(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	w->n_lost++;
	pthread_mutex_unlock(&w->lock);
}

int writer_stop(struct writer *w)
{
	size_t n_left;
	int r;

	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	n_left = ring_n(w->queue);
	if (n_left > 0)
		say("%zu snapshots are lost, they could not be written", n_left);
	r = w->error;
	free_all(w);
	return r;
}
