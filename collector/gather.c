/* gather.c -- see gather.h */
#include "collector/gather.h"

#include "collector/apart.h"
#include "collector/boot.h"
#include "collector/pg.h"
#include "collector/say.h"
#include "collector/seen.h"
#include "store/recorder.h"
#include "store/text.h"

#include <time.h>

enum {
	PATIENCE_MS = 80,   /* within the shortest interval */
	EARLY_NS = 50000000 /* ticks are not late by the same time always: one that is nearly due is due */
};

struct live {
	const struct source_desc *desc;
	struct source_env env;
	void *state;
	bool opened;
	int failed; /* errno of the last sample, negative; 0: it was good or there is nothing of the kind here */
	struct table *kept; /* the table, but for sources apart: these have two of their own, and this one until then */

	/* Of slow tables. Their rows outlive the tick, and so must their strings. */
	struct apart *apart;  /* NULL: sampled here */
	struct strpool *pool; /* of kept */
	uint64_t every_ns;    /* 0: every tick */
	int64_t due_ns;       /* CLOCK_BOOTTIME */
	int64_t taken_ns;     /* when the rows shown were taken; 0: there are none */
};

struct gather {
	struct source_env env;
	struct procfs *fs;
	struct seen *seen;
	size_t n;
	struct live *live;
	struct source_report *reports; /* reports[i] and tables[i] are those of live[i] */
	struct table **tables;
	struct snapshot snapshot;
};

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static int64_t floor_ms(int64_t ns)
{
	return ns >= 0 ? ns / 1000000 : (ns - 999999) / 1000000;
}

/* Whether the columns of a begin b. */
static bool begins(const struct table_schema *a, const struct table_schema *b)
{
	if (strcmp(a->name, b->name) != 0 || a->n_columns > b->n_columns)
		return false;
	for (uint32_t i = 0; i < a->n_columns; i++)
		if (!column_equal(&a->columns[i], &b->columns[i]))
			return false;
	return true;
}

/* With the columns that it had before, if those that the source counts on are where it expects them. */
static int new_schema(const struct source_desc *desc, const struct schema *known, struct table_schema **ret)
{
	static const struct column taken = {SOURCE_TAKEN, "", COL_STR, KIND_LABEL, 0, 0};
	_cleanup_(cleanup_table_schema) struct table_schema *schema = NULL;
	int r = table_schema_new(desc->id, desc->name, &schema), index;

	for (uint32_t i = 0; i < desc->n_columns && r >= 0; i++)
		r = table_schema_add(schema, &desc->columns[i]);
	if (r >= 0 && desc->slow)
		r = table_schema_add(schema, &taken);
	if (r < 0)
		return r;
	index = known ? schema_index(known, desc->id) : -ENOENT;
	if (index >= 0 && begins(schema, known->tables[index]))
		*ret = table_schema_get(known->tables[index]);
	else
		*ret = TAKE(schema);
	return 0;
}

/* The source, on this thread or on its own, and the table that is shown until its first rows are there. */
static int open_source(
    struct live *l, const char *root, struct table_schema *schema, struct strpool *pool, struct table **ret)
{
	int r = 0;

	if (l->desc->slow) {
		r = strpool_new(&l->pool);
		pool = l->pool;
	}
	if (r == 0)
		r = table_new(schema, pool, ret);
	if (r == 0 && l->desc->apart)
		r = apart_new(l->desc, &l->env, root, schema, &l->apart);
	else if (r == 0 && l->desc->open)
		r = l->desc->open(&l->env, &l->state);
	return r;
}

static void close_source(struct live *l)
{
	if (l->apart)
		apart_free(l->apart);
	else if (l->desc->close && l->opened)
		l->desc->close(l->state);
	if (l->kept)
		table_free(l->kept);
	if (l->pool)
		strpool_free(l->pool);
}

static int add_source(struct gather *g, const struct config *c, const struct source_desc *desc, struct strpool *pool,
    const struct schema *known)
{
	_cleanup_(cleanup_table_schema) struct table_schema *schema = NULL;
	struct live *l = &g->live[g->n];
	struct source_report *report = &g->reports[g->n];
	uint64_t every_ms = desc->slow ? config_interval(c, desc->name, desc->every_ms) : 0;
	int r = new_schema(desc, known, &schema);

	if (r < 0)
		return r;
	*report = (struct source_report){.table = desc->name, .interval_ms = (uint32_t)every_ms, .r = -EAGAIN};
	l->desc = desc;
	l->env = g->env;
	l->env.note = report->note;
	l->every_ns = every_ms * 1000000;
	r = open_source(l, c->root, schema, pool, &l->kept);
	if (r < 0) {
		close_source(l);
		return r;
	}
	l->opened = true;
	g->tables[g->n++] = l->kept;
	return 0;
}

/* Tables of servers that nobody named are left out altogether. */
static bool is_wanted(const struct gather *g, const struct config *c, const struct source_desc *desc)
{
	return config_wants(c, desc->name, desc->off) && (!desc->take || g->env.pg);
}

int gather_new(const struct config *c, struct strpool *pool, const struct schema *known, const struct health *health,
    struct gather **ret)
{
	_cleanup_(cleanup_gather) struct gather *g = calloc(1, sizeof *g);
	size_t n_all;
	const struct source_desc *const *all = source_all(&n_all);
	int r;

	if (!g)
		return -ENOMEM;
	g->live = calloc(n_all + 1, sizeof *g->live);
	g->reports = calloc(n_all + 1, sizeof *g->reports);
	g->tables = calloc(n_all + 1, sizeof(struct table *));
	if (!g->live || !g->reports || !g->tables)
		return -ENOMEM;
	r = procfs_open(c->root, &g->fs);
	if (r == 0)
		r = seen_new(&g->seen);
	if (r < 0)
		return r;
	/* What is not there is no error for a single table: not every kernel has every file. */
	if (faccessat(procfs_rootfd(g->fs), "proc/stat", F_OK, 0) < 0)
		say("root %s: there is no proc/stat below it; what is not there is not recorded", c->root);
	g->env = (struct source_env){
	    .fs = g->fs,
	    .ticks_per_s = (uint64_t)sysconf(_SC_CLK_TCK),
	    .page_size = (uint64_t)sysconf(_SC_PAGESIZE),
	    .cmdline_max = (uint32_t)c->cmdline_max,
	    .patience_ms = PATIENCE_MS,
	    .redact = c->redact,
	    .health = health,
	    .reports = g->reports,
	    .seen = g->seen,
	};
	r = pg_new(c, &g->env.pg);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n_all; i++)
		g->env.n_reports += is_wanted(g, c, all[i]);
	for (size_t i = 0; i < n_all; i++) {
		if (!is_wanted(g, c, all[i]))
			continue;
		r = add_source(g, c, all[i], pool, known);
		if (r < 0)
			return r;
	}
	g->snapshot.boot = boot_id(g->fs);
	g->snapshot.tables = g->tables;
	g->snapshot.n_tables = (uint32_t)g->n;
	*ret = TAKE(g);
	return 0;
}

void gather_free(struct gather *g)
{
	for (size_t i = 0; i < g->n; i++)
		close_source(&g->live[i]);
	if (g->env.pg)
		pg_free(g->env.pg);
	if (g->fs)
		procfs_close(g->fs);
	if (g->seen)
		seen_free(g->seen);
	free(g->live);
	free(g->reports);
	free(g->tables);
	free(g);
}

static void note_result(struct live *l, int r)
{
	int failed = r == -ENOENT ? 0 : r;

	if (failed < 0 && l->failed != failed)
		say("table %s cannot be recorded: %s", l->desc->name, strerror(-failed));
	else if (r == 0 && l->failed < 0)
		say("table %s is recorded again", l->desc->name);
	if (r != -ENOENT)
		l->failed = failed;
}

/* Samples on this thread. */
static int sample_here(struct live *l, struct table *t, int64_t begun_ns, struct source_report *report)
{
	int r;

	if (l->pool)
		strpool_epoch(l->pool);
	table_clear(t);
	report->note[0] = '\0';
	r = l->desc->sample(&l->env, l->state, t);
	if (l->pool)
		strpool_sweep(l->pool);
	report->took_ms = (uint32_t)((clock_ns(CLOCK_BOOTTIME) - begun_ns) / 1000000);
	return r;
}

/* Fills in when the rows were taken, of a table that can be shown again. */
static int put_taken(struct table *t, int64_t taken_ms)
{
	char time[TEXT_TIME_LEN + 1];
	int column = table_schema_find(t->schema, SOURCE_TAKEN);
	int r = 0;

	text_time(time, taken_ms);
	for (uint32_t row = 0; row < t->n_rows && r == 0; row++)
		r = table_set_str(t, row, (uint32_t)column, time, TEXT_TIME_LEN);
	return r;
}

/* New rows of a source, if it is due and they are there. -EAGAIN: not. */
static int sample_due(struct gather *g, size_t i, int64_t now_ns)
{
	struct live *l = &g->live[i];
	struct source_report *report = &g->reports[i];
	struct table *t = g->tables[i];
	bool due = now_ns >= l->due_ns;
	int r;

	if (due)
		l->due_ns = now_ns + (int64_t)l->every_ns - EARLY_NS;
	if (l->desc->take) {
		r = l->desc->take(&l->env, l->desc, t, &l->taken_ns, report);
	} else if (l->apart) {
		r = apart_take(l->apart, &t, &l->taken_ns, report);
		/* When it is asked again, the table that was shown before is its own, whatever becomes of this one. */
		g->tables[i] = t;
		if (due)
			apart_ask(l->apart);
	} else {
		l->taken_ns = due ? now_ns : l->taken_ns;
		r = due ? sample_here(l, t, now_ns, report) : -EAGAIN;
	}
	if (r == 0 && (l->apart || l->desc->take || l->every_ns > 0)) {
		int64_t wall_ns = clock_ns(CLOCK_REALTIME) - (clock_ns(CLOCK_BOOTTIME) - l->taken_ns);

		r = put_taken(t, floor_ms(wall_ns));
	}
	return r;
}

static int32_t distance_ms(int64_t from_ns, int64_t to_ns)
{
	int64_t ms = (to_ns - from_ns) / 1000000;

	return ms < INT32_MIN ? INT32_MIN : (int32_t)ms;
}

static void take_table(struct gather *g, size_t i, int64_t begun_ns)
{
	struct live *l = &g->live[i];
	int r = sample_due(g, i, clock_ns(CLOCK_BOOTTIME));
	struct table *t = g->tables[i];

	if (r == -EAGAIN && l->taken_ns != 0) {
		t->repeated = true;
	} else {
		if (r < 0) {
			table_clear(t);
			t->absent = true;
			l->taken_ns = 0;
		}
		if (r != -EAGAIN) {
			g->reports[i].r = r;
			note_result(l, r);
		}
	}
	t->taken_ms = distance_ms(begun_ns, l->taken_ns);
}

const struct snapshot *gather_take(struct gather *g)
{
	struct snapshot *s = &g->snapshot;
	int64_t wall_ns = clock_ns(CLOCK_REALTIME), boot_ns = clock_ns(CLOCK_BOOTTIME);

	s->time_ms = floor_ms(wall_ns);
	s->boot_us = (uint64_t)boot_ns / 1000;
	for (size_t i = 0; i < g->n; i++)
		take_table(g, i, boot_ns);
	return s;
}
