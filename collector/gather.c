/* gather.c -- see gather.h */
#include "collector/gather.h"

#include "collector/say.h"
#include "collector/source.h"
#include "store/recorder.h"

#include <time.h>

/* Within the shortest interval. */
enum { PATIENCE_MS = 80 };

struct live {
	const struct source_desc *desc;
	void *state;
	int failed; /* errno of the last sample, negative; 0: it was good or there is nothing of the kind here */
};

struct gather {
	struct source_env env;
	struct procfs *fs;
	size_t n;
	struct live *live;
	struct table **tables; /* tables[i] is that of live[i] */
	struct snapshot snapshot;
};

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* XXH3 of the boot id's text; 0 in a tree that has none. */
static uint64_t read_boot(struct procfs *fs)
{
	const char *text;
	size_t len;

	if (procfs_read(fs, "proc/sys/kernel/random/boot_id", &text, &len) < 0)
		return 0;
	text = parse_word(&text, &len);
	return recorder_boot(text, len);
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
static int new_table(
    const struct source_desc *desc, struct strpool *pool, const struct schema *known, struct table **ret)
{
	_cleanup_(cleanup_table_schema) struct table_schema *schema = NULL;
	int r = table_schema_new(desc->id, desc->name, &schema), index;

	for (uint32_t i = 0; i < desc->n_columns && r >= 0; i++)
		r = table_schema_add(schema, &desc->columns[i]);
	if (r < 0)
		return r;
	index = known ? schema_index(known, desc->id) : -ENOENT;
	if (index >= 0 && begins(schema, known->tables[index]))
		return table_new(known->tables[index], pool, ret);
	return table_new(schema, pool, ret);
}

static int add_source(
    struct gather *g, const struct source_desc *desc, struct strpool *pool, const struct schema *known)
{
	struct live *l = &g->live[g->n];
	int r = new_table(desc, pool, known, &g->tables[g->n]);

	if (r < 0)
		return r;
	l->desc = desc;
	r = desc->open ? desc->open(&g->env, &l->state) : 0;
	if (r < 0) {
		table_free(g->tables[g->n]);
		return r;
	}
	g->n++;
	return 0;
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
	g->tables = calloc(n_all + 1, sizeof(struct table *));
	if (!g->live || !g->tables)
		return -ENOMEM;
	r = procfs_open(c->root, &g->fs);
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
	};
	for (size_t i = 0; i < n_all; i++) {
		if (!config_wants(c, all[i]->name))
			continue;
		r = add_source(g, all[i], pool, known);
		if (r < 0)
			return r;
	}
	g->snapshot.boot = read_boot(g->fs);
	g->snapshot.tables = g->tables;
	g->snapshot.n_tables = (uint32_t)g->n;
	*ret = TAKE(g);
	return 0;
}

void gather_free(struct gather *g)
{
	for (size_t i = 0; i < g->n; i++) {
		if (g->live[i].desc->close)
			g->live[i].desc->close(g->live[i].state);
		table_free(g->tables[i]);
	}
	if (g->fs)
		procfs_close(g->fs);
	free(g->live);
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

const struct snapshot *gather_take(struct gather *g)
{
	struct snapshot *s = &g->snapshot;
	int64_t wall_ns = clock_ns(CLOCK_REALTIME), boot_ns = clock_ns(CLOCK_BOOTTIME);

	s->time_ms = wall_ns >= 0 ? wall_ns / 1000000 : (wall_ns - 999999) / 1000000;
	s->boot_us = (uint64_t)boot_ns / 1000;
	for (size_t i = 0; i < g->n; i++) {
		struct live *l = &g->live[i];
		struct table *t = g->tables[i];
		int r;

		table_clear(t);
		t->taken_ms = (uint32_t)((clock_ns(CLOCK_BOOTTIME) - boot_ns) / 1000000);
		r = l->desc->sample(&g->env, l->state, t);
		if (r < 0) {
			table_clear(t);
			t->absent = true;
		}
		note_result(l, r);
	}
	return s;
}
