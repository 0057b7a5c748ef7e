/* machine.h -- a machine of two tables that is recorded into a store, for tests of what is written and read */
#ifndef TESTS_UNIT_MACHINE_H
#define TESTS_UNIT_MACHINE_H

#include "store/names.h"
#include "store/recorder.h"
#include "tests/tap.h"

#include <inttypes.h>
#include <stdio.h>

/* For recorder_retain: ages count from the hour appended to last. */
#define NEVER_LATER (INT64_C(1) << 52)

enum {
	HOUR = 498651 /* 2026-11-20T03 */,
	HOUR_MS = 3600 * 1000,
	STEP_MS = 5 * 60 * 1000,
	PER_HOUR = HOUR_MS / STEP_MS
};
enum { CPU = 2, TASKS = 9, N_TASKS = 3 }; /* table ids */

struct machine {
	struct recorder *recorder;
	struct table *tables[2];
	uint64_t tick;
};

static inline struct table *machine_table(
    struct strpool *pool, uint16_t id, const char *name, const struct column *columns, size_t n)
{
	struct table_schema *s;
	struct table *t;

	if (!ok_r(table_schema_new(id, name, &s)))
		exit(1);
	for (size_t i = 0; i < n; i++)
		ok_r(table_schema_add(s, &columns[i]));
	if (!ok_r(table_new(s, pool, &t)))
		exit(1);
	table_schema_put(s);
	return t;
}

static inline void machine_tables(struct strpool *pool, struct table *tables[2])
{
	static const struct column cpu[] = {
	    {"cpu", "", COL_STR, KIND_LABEL, COL_KEY, 0},
	    {"user_ticks", "ticks", COL_U64, KIND_COUNTER, 0, 0},
	    {"idle_ticks", "ticks", COL_U64, KIND_COUNTER, 0, 0},
	};
	static const struct column tasks[] = {
	    {"pid", "", COL_U64, KIND_LABEL, COL_KEY, 0},
	    {"comm", "", COL_STR, KIND_LABEL, 0, 0},
	};

	tables[0] = machine_table(pool, CPU, "cpu", cpu, N_ELEMENTS(cpu));
	tables[1] = machine_table(pool, TASKS, "tasks", tasks, N_ELEMENTS(tasks));
}

/* The rows of a tick: of 100 CPU ticks about 30 are busy. */
static inline void machine_fill(struct table *tables[2], uint64_t tick)
{
	char comm[32];
	uint32_t row;

	for (unsigned i = 0; i < 2; i++)
		table_clear(tables[i]);
	ok_r(table_add_row(tables[0], &row));
	ok_r(table_set_str(tables[0], row, 0, "all", 3));
	table_set(tables[0], row, 1, tick * 30 + tick * tick % 7);
	table_set(tables[0], row, 2, tick * 70);
	for (unsigned i = 0; i < N_TASKS; i++) {
		ok_r(table_add_row(tables[1], &row));
		table_set(tables[1], row, 0, tick / 4 + i);
		snprintf(comm, sizeof comm, "task %" PRIu64, tick / 3 + i);
		ok_r(table_set_str(tables[1], row, 1, comm, strlen(comm)));
	}
}

static inline struct snapshot machine_snapshot(struct table *tables[2], uint64_t tick)
{
	return (struct snapshot){
	    .time_ms = (int64_t)HOUR * HOUR_MS + (int64_t)tick * STEP_MS,
	    .boot_us = (tick + 1) * STEP_MS * 1000,
	    .boot = 1,
	    .n_tables = 2,
	    .tables = tables,
	};
}

static inline void machine_open(struct machine *m, const char *dir)
{
	struct recorder_options o = {.sync = SYNC_NONE, .host = "unit", .group_n = 5, .keyframe_every = 4};

	if (!ok_r(recorder_open(dir, &o, &m->recorder)))
		exit(1);
	machine_tables(recorder_pool(m->recorder), m->tables);
}

static inline void machine_close(struct machine *m)
{
	for (unsigned i = 0; i < 2; i++)
		table_free(m->tables[i]);
	recorder_close(m->recorder);
}

/* Records what is in the tables. */
static inline void machine_record(struct machine *m, const struct snapshot *s)
{
	_cleanup_(cleanup_encoded) struct encoded *e = NULL;

	ok_r(recorder_encode(m->recorder, s, &e));
	if (e)
		ok_r(recorder_append(m->recorder, e));
}

/* n ticks. */
static inline void machine_run(struct machine *m, unsigned n)
{
	for (; n > 0; n--, m->tick++) {
		struct snapshot s = machine_snapshot(m->tables, m->tick);

		recorder_begin(m->recorder);
		machine_fill(m->tables, m->tick);
		machine_record(m, &s);
	}
}

static inline void machine_seal(struct machine *m)
{
	int r;

	while ((r = recorder_seal(m->recorder)) == 0)
		;
	eq(r, -ENODATA);
}

/* A new directory's path for a store, not made yet. */
static inline const char *new_store_path(void)
{
	static char path[4096];
	static unsigned n;

	snprintf(path, sizeof path, "%s/store%u", tap_tmpdir(), n++);
	return path;
}

static inline const char *path_in(const char *dir, const char *name)
{
	static char path[2][5000];
	static unsigned n;

	n = !n;
	snprintf(path[n], sizeof path[n], "%s/%s", dir, name);
	return path[n];
}

#endif
