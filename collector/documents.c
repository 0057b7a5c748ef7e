/* documents.c -- see documents.h */
#include "collector/documents.h"

#include "collector/say.h"
#include "store/lock.h"

#include <pthread.h>
#include <time.h>

enum { FLUSH_MS = 1000 };

struct documents {
	struct payloads *payloads; /* NULL: they could not be opened */
	bool unsynced, wanted;
	bool full;      /* the last put failed, which was said */
	int64_t due_ms; /* monotonic */
	int commit_r;
	struct documents_stat counts;
};

/* What the sampling thread sees, whoever comes and goes. */
static struct {
	pthread_once_t once;
	pthread_mutex_t lock;
	bool open;
	struct documents_stat stat;
} board = {.once = PTHREAD_ONCE_INIT};

static void init_board(void)
{
	lock_init(&board.lock);
}

static void show(bool open, const struct documents_stat *stat)
{
	pthread_once(&board.once, init_board);
	pthread_mutex_lock(&board.lock);
	board.open = open;
	board.stat = *stat;
	pthread_mutex_unlock(&board.lock);
}

static int64_t clock_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

static void say_line(void *arg, const char *line)
{
	(void)arg;
	say("%s", line);
}

int documents_open(
    int store_fd, uint64_t store_id, uint32_t boot, const struct config_payloads *c, struct documents **ret)
{
	const struct payloads_options o = {
	    .boot = boot,
	    .sync = c->sync,
	    .segment_size = c->segment_size,
	    .value_max = c->max_value,
	    .keep_versions = (uint32_t)c->keep_versions,
	    .keep_ms = (int64_t)c->keep_age_ms,
	    .tombstone_ms = (int64_t)c->tombstone_ms,
	    .say = say_line,
	};
	struct documents *d = calloc(1, sizeof *d);
	int r;

	if (!d)
		return -ENOMEM;
	r = payloads_open(store_fd, store_id, &o, &d->payloads);
	if (r < 0) {
		say("payloads cannot be opened: %s; none are taken", strerror(-r));
		d->payloads = NULL;
	}
	documents_publish(d);
	*ret = d;
	return 0;
}

int documents_close(struct documents *d)
{
	int r = d->payloads ? payloads_close(d->payloads) : 0;

	show(false, &d->counts);
	free(d);
	return r;
}

struct payloads *documents_payloads(struct documents *d)
{
	return d->payloads;
}

/* --- putting and syncing --- */

/* What the client is wrong about is told to the client. */
static void note_failure(struct documents *d, int r)
{
	bool ours = r != -EINVAL && r != -EMSGSIZE;

	if (!ours)
		return;
	d->counts.n_failed++;
	if (!d->full)
		say("payloads cannot be written: %s", strerror(-r));
	d->full = true;
}

int documents_put(struct documents *d, const struct payload_put *puts, size_t n, uint64_t *ret_number,
    uint32_t *ret_written, struct payload_error *ret_error)
{
	int r = payloads_put(d->payloads, puts, n, clock_ms(CLOCK_REALTIME), ret_number, ret_written, ret_error);

	if (r < 0) {
		note_failure(d, r);
		return r;
	}
	d->full = false;
	d->counts.n_puts += *ret_written;
	if (*ret_written > 0 && !d->unsynced) {
		d->unsynced = true;
		d->due_ms = clock_ms(CLOCK_MONOTONIC) + FLUSH_MS;
	}
	return 0;
}

const int *documents_want(struct documents *d)
{
	if (!d->unsynced && d->commit_r == 0)
		return NULL;
	d->wanted = true;
	return &d->commit_r;
}

bool documents_wanted(const struct documents *d)
{
	return d->wanted;
}

int documents_commit(struct documents *d)
{
	int64_t left = d->due_ms - clock_ms(CLOCK_MONOTONIC);

	if (!d->wanted && !d->unsynced)
		return -1;
	if (!d->wanted && left > 0)
		return (int)left;
	d->commit_r = payloads_sync(d->payloads);
	d->counts.n_syncs++;
	d->wanted = d->unsynced = false;
	if (d->commit_r < 0) {
		d->counts.n_failed++;
		say("payloads: %s; what was put last may be lost", strerror(-d->commit_r));
	}
	return -1;
}

/* --- health --- */

struct documents_stat *documents_counts(struct documents *d)
{
	return &d->counts;
}

void documents_publish(struct documents *d)
{
	if (d->payloads)
		payloads_state(d->payloads, &d->counts.store);
	show(d->payloads, &d->counts);
}

bool documents_stat(struct documents_stat *ret)
{
	bool open;

	pthread_once(&board.once, init_board);
	pthread_mutex_lock(&board.lock);
	open = board.open;
	*ret = board.stat;
	pthread_mutex_unlock(&board.lock);
	return open;
}
