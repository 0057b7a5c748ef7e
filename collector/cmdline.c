/* cmdline.c -- see cmdline.h
 *
 * THREADS. A reader is a thread with its batch. While a batch is posted, items and bytes belong to the reader and are
 * touched under its lock only; otherwise to the caller. A reader that is left behind belongs to its own thread, which
 * frees it when it comes back. The descriptors it has not come to may be closed or mean something else by then, so it
 * reads no further.
 */
#include "collector/cmdline.h"

#include "collector/thread.h"
#include "store/lock.h"

#include <limits.h>
#include <stdatomic.h>
#include <time.h>

enum { STACK = 128 << 10 };

struct item {
	int fd;
	int r;
	size_t off; /* in bytes */
};

/* How many are stuck; outlives the cmdlines while a reader that is left behind has still to count itself out. */
struct stuck {
	atomic_uint n;
	atomic_uint refs;
};

struct reader {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t posted, finished;
	bool busy, quit, left_behind;
	size_t n, n_done, cap;
	struct item *items;
	struct buf bytes;
	size_t max;
	char *scratch;
	struct stuck *stuck;
};

struct cmdlines {
	size_t max;
	unsigned wait_ms;
	struct reader *reader; /* NULL: none at present */
	struct buf saved;      /* bytes of a batch whose reader was left behind */
	struct stuck *stuck;
};

static void stuck_put(struct stuck *s)
{
	if (atomic_fetch_sub(&s->refs, 1) == 1)
		free(s);
}

static void reader_free(struct reader *rd)
{
	pthread_mutex_destroy(&rd->lock);
	pthread_cond_destroy(&rd->posted);
	pthread_cond_destroy(&rd->finished);
	free(rd->items);
	buf_done(&rd->bytes);
	free(rd->scratch);
	stuck_put(rd->stuck);
	free(rd);
}

/* Reads one, without the lock. */
static int read_one(struct reader *rd, int fd)
{
	ssize_t n;

	if (fd < 0)
		return -EBADF;
	do
		n = pread(fd, rd->scratch, rd->max, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (int)n;
}

static void read_batch(struct reader *rd)
{
	while (rd->n_done < rd->n && !rd->left_behind) {
		struct item *it;
		int fd = rd->items[rd->n_done].fd, r;

		pthread_mutex_unlock(&rd->lock);
		r = read_one(rd, fd);
		pthread_mutex_lock(&rd->lock);
		if (rd->left_behind)
			break;
		it = &rd->items[rd->n_done];
		it->off = rd->bytes.len;
		if (r > 0)
			buf_put(&rd->bytes, rd->scratch, (size_t)r);
		it->r = rd->bytes.err < 0 ? rd->bytes.err : r;
		rd->n_done++;
	}
	rd->busy = false;
	pthread_cond_signal(&rd->finished);
}

static void *reader_main(void *arg)
{
	struct reader *rd = arg;
	bool own;

	pthread_mutex_lock(&rd->lock);
	while (!rd->quit && !rd->left_behind) {
		if (rd->busy)
			read_batch(rd);
		else
			pthread_cond_wait(&rd->posted, &rd->lock);
	}
	own = rd->left_behind;
	pthread_mutex_unlock(&rd->lock);
	if (own) {
		atomic_fetch_sub(&rd->stuck->n, 1);
		reader_free(rd);
	}
	return NULL;
}

static int reader_new(size_t max, struct stuck *stuck, struct reader **ret)
{
	struct reader *rd = calloc(1, sizeof *rd);
	pthread_condattr_t attr;
	int r;

	if (!rd)
		return -ENOMEM;
	rd->max = max;
	rd->stuck = stuck;
	atomic_fetch_add(&stuck->refs, 1);
	lock_init(&rd->lock);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&rd->posted, &attr);
	pthread_cond_init(&rd->finished, &attr);
	pthread_condattr_destroy(&attr);
	rd->scratch = malloc(max);
	r = rd->scratch ? thread_start(&rd->thread, STACK, reader_main, rd) : -ENOMEM;
	if (r < 0) {
		reader_free(rd);
		return r;
	}
	*ret = rd;
	return 0;
}

int cmdlines_new(size_t max, unsigned wait_ms, struct cmdlines **ret)
{
	struct cmdlines *c;

	if (max == 0 || max > INT_MAX)
		return -EINVAL;
	c = calloc(1, sizeof *c);
	if (!c)
		return -ENOMEM;
	c->max = max;
	c->wait_ms = wait_ms;
	c->stuck = calloc(1, sizeof *c->stuck);
	if (!c->stuck) {
		free(c);
		return -ENOMEM;
	}
	atomic_init(&c->stuck->refs, 1);
	*ret = c;
	return 0;
}

void cmdlines_free(struct cmdlines *c)
{
	struct reader *rd = c->reader;

	if (rd) {
		pthread_mutex_lock(&rd->lock);
		rd->quit = true;
		pthread_cond_signal(&rd->posted);
		pthread_mutex_unlock(&rd->lock);
		pthread_join(rd->thread, NULL);
		reader_free(rd);
	}
	buf_done(&c->saved);
	stuck_put(c->stuck);
	free(c);
}

unsigned cmdlines_stuck(const struct cmdlines *c)
{
	return atomic_load(&c->stuck->n);
}

/* Puts the batch into the reader, which is idle. */
static int fill(struct reader *rd, const struct cmdline_want *wants, size_t n)
{
	if (n > rd->cap) {
		struct item *items = realloc(rd->items, n * sizeof *items);

		if (!items)
			return -ENOMEM;
		rd->items = items;
		rd->cap = n;
	}
	for (size_t i = 0; i < n; i++)
		rd->items[i].fd = wants[i].fd;
	rd->n = n;
	rd->n_done = 0;
	rd->bytes.len = 0;
	rd->bytes.err = 0;
	return 0;
}

/* Waits until the batch is done. False: time is up. */
static bool wait_finished(struct reader *rd, unsigned wait_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += wait_ms % 1000 * 1000000L;
	until.tv_sec += wait_ms / 1000 + until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	while (rd->busy)
		if (pthread_cond_timedwait(&rd->finished, &rd->lock, &until) == ETIMEDOUT)
			break;
	return !rd->busy;
}

int cmdlines_run(struct cmdlines *c, struct cmdline_want *wants, size_t n)
{
	struct reader *rd;
	const struct buf *bytes;
	bool finished;
	int r;

	for (size_t i = 0; i < n; i++)
		wants[i].r = -EAGAIN;
	if (n == 0)
		return 0;
	if (!c->reader) {
		if (cmdlines_stuck(c) >= CMDLINES_STUCK_MAX)
			return -EAGAIN;
		r = reader_new(c->max, c->stuck, &c->reader);
		if (r < 0)
			return r;
	}
	rd = c->reader;
	pthread_mutex_lock(&rd->lock);
	r = fill(rd, wants, n);
	if (r < 0) {
		pthread_mutex_unlock(&rd->lock);
		return r;
	}
	rd->busy = true;
	pthread_cond_signal(&rd->posted);
	finished = wait_finished(rd, c->wait_ms);
	bytes = &rd->bytes;
	if (!finished) {
		buf_done(&c->saved);
		c->saved = rd->bytes;
		rd->bytes = (struct buf){0};
		bytes = &c->saved;
	}
	for (size_t i = 0; i < rd->n_done; i++) {
		wants[i].r = rd->items[i].r;
		wants[i].raw = rd->items[i].r > 0 ? (const char *)bytes->p + rd->items[i].off : "";
	}
	if (!finished) {
		wants[rd->n_done].r = -ETIMEDOUT;
		rd->left_behind = true;
		atomic_fetch_add(&c->stuck->n, 1);
		pthread_detach(rd->thread);
		c->reader = NULL;
	}
	pthread_mutex_unlock(&rd->lock);
	return 0;
}
