/* documents.c -- see documents.h */
#include "collector/documents.h"

#include "collector/board.h"
#include "collector/group_sync.h"
#include "collector/say.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { AGAIN_FIRST_MS = 1000, AGAIN_MAX_MS = 60000 };

struct documents {
	int store_fd; /* the caller's */
	uint64_t store_id;
	uint32_t boot;
	pthread_mutex_t lock;
	struct config_payloads config; /* under the lock: it may change before they are open */

	_Atomic(struct payloads *) payloads; /* NULL: they could not be opened */
	int wait_ms;                         /* after which it is tried again */
	int64_t again_ms;                    /* when */

	struct group_sync sync;
	bool full; /* the last put failed, which was said */
	struct documents_stat counts;
};

/* What the sampling thread sees. */
static struct documents_stat shown;
static struct board board = {&shown, sizeof shown, false};

static int64_t clock_ms(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

static void say_line(void *arg, const char *line)
{
	(void)arg;
	say("%s", line);
}

static struct payloads_options options_of(const struct config_payloads *c, uint32_t boot)
{
	return (struct payloads_options){
	    .boot = boot,
	    .sync = c->sync,
	    .segment_size = c->segment_size,
	    .value_max = c->max_value,
	    .keep_versions = (uint32_t)c->keep_versions,
	    .keep_ms = (int64_t)c->keep_age_ms,
	    .tombstone_ms = (int64_t)c->tombstone_ms,
	    .say = say_line,
	};
}

/* The configuration is within the limits. */
static void configure(struct payloads *p, const struct config_payloads *c)
{
	const struct payloads_options o = options_of(c, 0);

	(void)payloads_configure(p, &o);
}

void documents_configure(struct documents *d, const struct config_payloads *c)
{
	struct payloads *p;

	pthread_mutex_lock(&d->lock);
	d->config = *c;
	p = documents_payloads(d);
	pthread_mutex_unlock(&d->lock);
	if (p)
		configure(p, c);
}

static struct config_payloads config_now(struct documents *d)
{
	struct config_payloads c;

	pthread_mutex_lock(&d->lock);
	c = d->config;
	pthread_mutex_unlock(&d->lock);
	return c;
}

/* They are taken from now on, as is configured by now. */
static void show(struct documents *d, struct payloads *p)
{
	pthread_mutex_lock(&d->lock);
	configure(p, &d->config);
	atomic_store(&d->payloads, p);
	pthread_mutex_unlock(&d->lock);
}

static void try_to_open(struct documents *d)
{
	const struct config_payloads c = config_now(d);
	const struct payloads_options o = options_of(&c, d->boot);
	struct payloads *p;
	int r = payloads_open(d->store_fd, d->store_id, &o, &p), before = d->counts.why;

	d->counts.why = r;
	if (r == 0) {
		show(d, p);
		if (before < 0)
			say("payloads could be opened now, and are taken");
		return;
	}
	if (r != before)
		say("payloads cannot be opened: %s; none are taken until they can be", strerror(-r));
	d->wait_ms = d->wait_ms == 0 ? AGAIN_FIRST_MS : 2 * d->wait_ms < AGAIN_MAX_MS ? 2 * d->wait_ms : AGAIN_MAX_MS;
	d->again_ms = clock_ms(CLOCK_MONOTONIC) + d->wait_ms;
}

int documents_open(
    int store_fd, uint64_t store_id, uint32_t boot, const struct config_payloads *c, struct documents **ret)
{
	struct documents *d = calloc(1, sizeof *d);

	if (!d)
		return -ENOMEM;
	d->store_fd = store_fd;
	d->store_id = store_id;
	d->boot = boot;
	d->config = *c;
	pthread_mutex_init(&d->lock, NULL);
	try_to_open(d);
	documents_publish(d);
	*ret = d;
	return 0;
}

int documents_close(struct documents *d)
{
	struct payloads *p = documents_payloads(d);
	int r = p ? payloads_close(p) : 0;

	d->counts.why = 0;
	board_show(&board, false, &d->counts);
	pthread_mutex_destroy(&d->lock);
	free(d);
	return r;
}

struct payloads *documents_payloads(struct documents *d)
{
	return atomic_load(&d->payloads);
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
	int r =
	    payloads_put(documents_payloads(d), puts, n, clock_ms(CLOCK_REALTIME), ret_number, ret_written, ret_error);

	if (r < 0) {
		note_failure(d, r);
		return r;
	}
	d->full = false;
	d->counts.n_puts += *ret_written;
	if (*ret_written > 0)
		group_sync_wrote(&d->sync);
	return 0;
}

static int sync_payloads(void *arg)
{
	struct documents *d = arg;
	int r = payloads_sync(documents_payloads(d));

	d->counts.n_syncs++;
	if (r < 0) {
		d->counts.n_failed++;
		say("payloads: %s; what was put last may be lost", strerror(-r));
	}
	return r;
}

const int *documents_want(struct documents *d)
{
	return group_sync_want(&d->sync);
}

bool documents_wanted(const struct documents *d)
{
	return d->sync.wanted;
}

int documents_commit(struct documents *d)
{
	if (!documents_payloads(d)) {
		int64_t left = d->again_ms - clock_ms(CLOCK_MONOTONIC);

		if (left > 0)
			return (int)left;
		try_to_open(d);
		return documents_payloads(d) ? -1 : d->wait_ms;
	}
	return group_sync_run(&d->sync, sync_payloads, d);
}

/* --- health --- */

struct documents_stat *documents_counts(struct documents *d)
{
	return &d->counts;
}

void documents_publish(struct documents *d)
{
	struct payloads *p = documents_payloads(d);

	if (p)
		payloads_state(p, &d->counts.store);
	board_show(&board, p, &d->counts);
}

bool documents_stat(struct documents_stat *ret)
{
	return board_look(&board, ret);
}
