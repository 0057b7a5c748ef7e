/* gauges.c -- see gauges.h */
#include "collector/gauges.h"

#include "collector/board.h"
#include "collector/feed.h"
#include "collector/group_sync.h"
#include "collector/say.h"

struct gauges {
	struct points *points; /* NULL: they could not be opened */
	struct feed *feed;
	struct group_sync sync;
	bool full; /* the last put failed, which was said */
	struct gauges_stat counts;
};

/* What the sampling thread sees. */
static struct gauges_stat shown;
static struct board board = {&shown, sizeof shown, false};

bool gauges_stat(struct gauges_stat *ret)
{
	return board_look(&board, ret);
}

static void say_line(void *arg, const char *line)
{
	(void)arg;
	say("%s", line);
}

static struct points_options options_of(const struct config_series *c)
{
	return (struct points_options){
	    .sync = c->sync,
	    .buffer_max = c->buffer,
	    .buffer_age_ms = (int64_t)c->buffer_age_ms,
	    .segment_size = c->segment_size,
	    .max_series = c->max_series,
	    .retention_ms = (int64_t)c->retention_age_ms,
	    .retention_bytes = c->retention_bytes,
	    .say = say_line,
	};
}

int gauges_open(int store_fd, uint64_t store_id, const struct config_series *c, struct gauges **ret)
{
	const struct points_options o = options_of(c);
	struct gauges *g = calloc(1, sizeof *g);
	int r;

	if (!g)
		return -ENOMEM;
	r = points_open(store_fd, store_id, &o, &g->points);
	if (r < 0) {
		say("custom series cannot be opened: %s; none are taken", strerror(-r));
		g->points = NULL;
	} else {
		r = feed_new(g, &g->feed);
		if (r < 0) {
			gauges_close(g);
			return r;
		}
	}
	gauges_publish(g);
	*ret = g;
	return 0;
}

int gauges_close(struct gauges *g)
{
	int r = 0;

	if (g->feed)
		feed_free(g->feed);
	if (g->points)
		r = points_close(g->points);
	board_show(&board, false, &g->counts);
	free(g);
	return r;
}

void gauges_configure(struct gauges *g, const struct config_series *c)
{
	const struct points_options o = options_of(c);

	if (g->points)
		points_configure(g->points, &o);
}

struct points *gauges_points(struct gauges *g)
{
	return g->points;
}

struct feed *gauges_feed(struct gauges *g)
{
	return g->feed;
}

/* --- putting and syncing --- */

static int note(struct gauges *g, int r)
{
	if (r < 0) {
		g->counts.n_failed++;
		if (!g->full)
			say("points cannot be written: %s", strerror(-r));
	} else {
		group_sync_wrote(&g->sync);
	}
	g->full = r < 0;
	return r;
}

int gauges_put(struct gauges *g, const struct point *v, size_t n)
{
	return note(g, points_put(g->points, v, n, NULL));
}

int gauges_drop(struct gauges *g, const char *selector, int64_t first_ns, int64_t last_ns, char error[256])
{
	int r = points_drop(g->points, selector, first_ns, last_ns, error);

	if (r == 0)
		g->counts.n_drops++;
	/* What the client is wrong about is told to the client. */
	return r == -EINVAL ? r : note(g, r);
}

static int sync_points(void *arg)
{
	struct gauges *g = arg;
	int r = points_sync(g->points);

	if (r < 0) {
		g->counts.n_failed++;
		say("points: %s; what was put last may be lost", strerror(-r));
	}
	return r;
}

const int *gauges_want(struct gauges *g)
{
	return group_sync_want(&g->sync);
}

bool gauges_wanted(const struct gauges *g)
{
	return g->sync.wanted;
}

uint64_t gauges_unsynced(const struct gauges *g)
{
	return g->sync.n_failed;
}

int gauges_commit(struct gauges *g)
{
	return group_sync_run(&g->sync, sync_points, g);
}

/* --- health --- */

struct gauges_stat *gauges_counts(struct gauges *g)
{
	return &g->counts;
}

void gauges_publish(struct gauges *g)
{
	if (g->points)
		points_state(g->points, &g->counts.store);
	board_show(&board, g->points, &g->counts);
}
