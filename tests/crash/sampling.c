/* sampling.c -- a tick whose allocations fail: what is lost is that snapshot or a table of it, and the next one is
 * whole
 *
 * Over a captured tree. At every allocation of a tick in turn there is no memory. A snapshot that is recorded all the
 * same must hold nothing wrong: each of its tables has the rows that it has in a good tick, or is absent.
 */
#include "collector/gather.h"
#include "collector/health.h"
#include "collector/source.h"
#include "store/recorder.h"
#include "tests/faultalloc.h"
#include "tests/tap.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TABLES_MAX = 64, NTH_MAX = 100000 };

static struct rig {
	struct config *config;
	struct recorder *recorder;
	struct gather *gather;
	struct health health;
} rig;

static const char *dir;
static int n_stores;
static uint32_t rows[TABLES_MAX]; /* of a good tick */

/* Tables that are read on the sampling thread: another one would take the failures at its own time. */
static const char here[] = "tables = processes cpu stat load mem vmstat psi net net_snmp sockets disk files\n"
                           "tables = interrupts softirqs histd sources\n";

static bool up(const char *root, const char *tables)
{
	const struct recorder_options o = {.sync = SYNC_NONE, .host = "test"};
	char error[CONFIG_ERROR_MAX], path[512], conf[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/store-%d", dir, n_stores++);
	snprintf(conf, sizeof conf, "%s/conf", dir);
	f = fopen(conf, "w");
	if (!ok(f))
		return false;
	fprintf(f, "[record]\nroot = %s\n%s", root, tables);
	if (!ok(fclose(f) == 0) || !ok_r(config_load(conf, &rig.config, error)))
		return false;
	return ok_r(recorder_open(path, &o, &rig.recorder)) &&
	       ok_r(gather_new(rig.config, recorder_pool(rig.recorder), NULL, &rig.health, &rig.gather));
}

static void down(void)
{
	if (rig.gather)
		gather_free(rig.gather);
	if (rig.recorder)
		recorder_close(rig.recorder);
	config_put(rig.config);
}

/* A tick as the sampler does it. */
static int tick(const struct snapshot **ret)
{
	_cleanup_(cleanup_encoded) struct encoded *e = NULL;
	int r;

	recorder_begin(rig.recorder);
	*ret = gather_take(rig.gather);
	r = recorder_encode(rig.recorder, *ret, &e);
	if (r < 0)
		recorder_want_keyframe(rig.recorder);
	return r < 0 ? r : recorder_append(rig.recorder, e);
}

/* recorder and sources say of themselves what changes from tick to tick. */
static bool is_own(const struct table *t)
{
	return strcmp(t->schema->name, "histd") == 0 || strcmp(t->schema->name, "sources") == 0;
}

static bool is_whole(const struct snapshot *s, bool may_be_absent)
{
	for (uint32_t i = 0; i < s->n_tables; i++) {
		const struct table *t = s->tables[i];

		if (is_own(t) || (t->absent && may_be_absent))
			continue;
		if (t->n_rows != rows[i])
			return false;
	}
	return true;
}

static void no_memory_costs_that_snapshot_at_most(void)
{
	const struct snapshot *s;
	uint64_t n_lost = 0, n_hit = 0;

	if (!up("tests/fixtures/proc-debian12", here))
		return;
	/* Caches and buffers have their size after two. */
	ok_r(tick(&s));
	ok_r(tick(&s));
	ok(s->n_tables <= TABLES_MAX);
	for (uint32_t i = 0; i < s->n_tables; i++)
		rows[i] = s->tables[i]->n_rows;
	for (uint64_t nth = 1; nth < NTH_MAX; nth++) {
		bool hit;
		int r;

		recorder_want_keyframe(rig.recorder); /* which allocates most */
		faultalloc_at(nth);
		r = tick(&s);
		hit = faultalloc_hit();
		faultalloc_at(0);
		if (!hit)
			break;
		n_hit++;
		n_lost += r < 0;
		ok(r == 0 || r == -ENOMEM || r == -ESTALE);
		if (r == 0)
			ok(is_whole(s, true));
		/* Memory is back. The first may still be told to begin anew. */
		r = tick(&s);
		if (r == -ESTALE)
			r = tick(&s);
		if (!ok_r(r) || !ok(is_whole(s, false)))
			break;
	}
	ok(n_hit > 0);
	ok_r(recorder_sync(rig.recorder));
	printf(
	    "# %llu allocations failed, %llu snapshots lost\n", (unsigned long long)n_hit, (unsigned long long)n_lost);
	down();
}

static void no_memory_at_the_first_tick_either(void)
{
	for (uint64_t nth = 1; nth < NTH_MAX; nth += 1 + nth / 8) {
		const struct snapshot *s;
		bool hit;
		int r;

		rig = (struct rig){0};
		if (!up("tests/fixtures/proc-debian12", here))
			return;
		faultalloc_at(nth);
		(void)tick(&s);
		hit = faultalloc_hit();
		faultalloc_at(0);
		r = tick(&s);
		if (r == -ESTALE)
			r = tick(&s);
		ok_r(r);
		ok(is_whole(s, false));
		down();
		if (!hit)
			return;
	}
}

/* A source on a thread of its own: each sample adds a row and then waits to be let go. */
static sem_t entered, go;

static int sample_apart(const struct source_env *env, void *state, struct table *t)
{
	uint32_t row;
	int r = table_add_row(t, &row);

	(void)env;
	(void)state;
	sem_post(&entered);
	sem_wait(&go);
	return r;
}

static const struct column columns[] = {{"value", "", COL_U64, KIND_GAUGE, 0, 0}};

SOURCE(apart) = {.name = "test_apart",
    .id = 4004,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .sample = sample_apart,
    .slow = true,
    .apart = true,
    .off = true};

/* Ticks until there are new rows, or there was no memory for them. */
static const struct table *next_rows(void)
{
	for (;;) {
		const struct table *t = gather_take(rig.gather)->tables[0];

		if (faultalloc_hit() || !(t->absent || t->repeated))
			return t;
		usleep(1000);
	}
}

/* When the rows were taken cannot be filled in: they are lost, and the source goes on filling the other table alone. */
static void no_memory_for_rows_taken_apart_costs_these_rows(void)
{
	sem_init(&entered, 0, 0);
	sem_init(&go, 0, 0);
	if (!ok(up("tests/fixtures/proc-debian12", "tables = test_apart\n")))
		return;
	gather_take(rig.gather);
	sem_post(&go);
	eq(next_rows()->n_rows, 1);
	gather_take(rig.gather);
	sem_wait(&entered);
	sem_wait(&entered);
	faultalloc_at(1);
	sem_post(&go);
	ok(next_rows()->absent);
	ok(faultalloc_hit());
	faultalloc_at(0);
	gather_take(rig.gather);
	/* The third sample has its row by now: a tick leaves that alone. */
	sem_wait(&entered);
	ok(gather_take(rig.gather)->tables[0]->absent);
	sem_post(&go);
	eq(next_rows()->n_rows, 1);
	sem_post(&go);
	down();
}

int main(void)
{
	char said[512];

	dir = tap_tmpdir();
	/* Thousands of lines, kept with the stores if a test fails. */
	snprintf(said, sizeof said, "%s/said", dir);
	if (!freopen(said, "w", stderr))
		return 1;
	RUN(no_memory_costs_that_snapshot_at_most);
	RUN(no_memory_at_the_first_tick_either);
	RUN(no_memory_for_rows_taken_apart_costs_these_rows);
	return tap_done();
}
