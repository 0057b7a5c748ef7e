/* documents.c -- see documents.h */
#include "collector/documents.h"

#include "collector/board.h"
#include "collector/group_sync.h"
#include "collector/say.h"

#include <time.h>

struct documents {
	struct payloads *payloads; /* NULL: they could not be opened */
	struct group_sync sync;
	bool full; /* the last put failed, which was said */
	struct documents_stat counts;
};

/* What the sampling thread sees. */
static struct documents_stat shown;
static struct board board = {&shown, sizeof shown, false};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
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

void documents_configure(struct documents *d, const struct config_payloads *c)
{
	const struct payloads_options o = options_of(c, 0);

	if (d->payloads)
		(void)payloads_configure(d->payloads, &o); /* the configuration is within the limits */
}

int documents_open(
    int store_fd, uint64_t store_id, uint32_t boot, const struct config_payloads *c, struct documents **ret)
{
	const struct payloads_options o = options_of(c, boot);
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

	board_show(&board, false, &d->counts);
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
	int r = payloads_put(d->payloads, puts, n, now_ms(), ret_number, ret_written, ret_error);

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
	int r = payloads_sync(d->payloads);

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
	return group_sync_run(&d->sync, sync_payloads, d);
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
	board_show(&board, d->payloads, &d->counts);
}

bool documents_stat(struct documents_stat *ret)
{
	return board_look(&board, ret);
}
