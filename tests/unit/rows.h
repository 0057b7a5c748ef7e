/* rows.h -- a store whose tables have rows that make it hard to tell them apart, for tests of what follows rows */
#ifndef TESTS_UNIT_ROWS_H
#define TESTS_UNIT_ROWS_H

#include "store/store.h"
#include "tests/unit/machine.h"

enum { ROWS = 20, ONE = 21, SELDOM = 22, CROWD = 23, N_TABLES = 4, N_TICKS = 40 };

/* A machine of tables that make it hard. */
struct world {
	struct recorder *recorder;
	struct table *tables[N_TABLES];
	uint64_t tick, random;
	int64_t step_ms;
	bool crowd; /* with rows by the thousand that live once */
};

static inline uint64_t rnd(struct world *w, uint64_t n)
{
	w->random = w->random * 6364136223846793005 + 1442695040888963407;
	return (w->random >> 33) % n;
}

static const struct column rows_columns[] = {
    {"name", "", COL_STR, KIND_LABEL, COL_KEY, 0}, {"count", "", COL_U64, KIND_COUNTER, 0, 0},
    {"place", "", COL_I64, KIND_LABEL, COL_KEY, 0}, {"level", "", COL_DEC, KIND_GAUGE, 0, 2},
    {"ratio", "", COL_F64, KIND_GAUGE, 0, 0}, {"state", "", COL_STR, KIND_GAUGE, 0, 0},
    {"late", "", COL_U64, KIND_GAUGE, 0, 0}, /* comes within the hour */
};

static inline void world_open(struct world *w, const char *dir)
{
	static const struct column values[] = {
	    {"used_kb", "kb", COL_U64, KIND_GAUGE, 0, 0},
	    {"what", "", COL_STR, KIND_GAUGE, 0, 0},
	};
	static const struct column ids[] = {
	    {"id", "", COL_U64, KIND_LABEL, COL_KEY, 0},
	    {"v", "", COL_U64, KIND_GAUGE, 0, 0},
	};
	struct recorder_options o = {.sync = SYNC_NONE, .host = "unit", .group_n = 6, .keyframe_every = 5};
	struct strpool *pool;

	if (!ok_r(recorder_open(dir, &o, &w->recorder)))
		exit(1);
	if (w->step_ms == 0)
		w->step_ms = HOUR_MS / (2 * N_TICKS);
	w->random = 42;
	pool = recorder_pool(w->recorder);
	w->tables[0] = machine_table(pool, ROWS, "rows", rows_columns, N_ELEMENTS(rows_columns) - 1);
	w->tables[1] = machine_table(pool, ONE, "one", values, N_ELEMENTS(values));
	w->tables[2] = machine_table(pool, SELDOM, "seldom", ids, N_ELEMENTS(ids));
	w->tables[3] = machine_table(pool, CROWD, "crowd", ids, N_ELEMENTS(ids));
}

static inline void world_close(struct world *w)
{
	for (unsigned i = 0; i < N_TABLES; i++)
		table_free(w->tables[i]);
	recorder_close(w->recorder);
}

static inline void add_late_column(struct world *w)
{
	struct table_schema *s;

	ok_r(table_schema_new(ROWS, "rows", &s));
	for (size_t i = 0; i < N_ELEMENTS(rows_columns); i++)
		ok_r(table_schema_add(s, &rows_columns[i]));
	ok_r(table_set_schema(w->tables[0], s));
	table_schema_put(s);
}

static const char *const names[] = {
    "plain",
    "",
    ".",
    "..",
    ".hidden",
    "a/b",
    "a%2Fb",
    "50%",
    "tab\there",
    "\x01\x7f",
    "a,b",
    "a",
    "\\N",
    "back\\slash",
    "na\xc3\xafve",
    "\xff\xfe",
    "*",
    "% ",
    "new\nline",
    "c1",
};

/* A name of 300 bytes; those of even and odd i differ in the last only. */
static inline void set_long_name(struct table *t, uint32_t row, unsigned i)
{
	char s[300];

	memset(s, 'x', sizeof s);
	s[sizeof s - 1] = (char)('a' + i);
	ok_r(table_set_str(t, row, 0, s, sizeof s));
}

static inline void fill_row(struct world *w, uint32_t kind)
{
	static const char *const states[] = {"R", "sleeping", "with\ttab", ""};
	struct table *t = w->tables[0];
	uint32_t row;

	ok_r(table_add_row(t, &row));
	if (kind < N_ELEMENTS(names))
		ok_r(table_set_str(t, row, 0, names[kind], strlen(names[kind])));
	else if (kind < N_ELEMENTS(names) + 2)
		set_long_name(t, row, kind % 2);
	if (kind % 5 != 0)
		table_set(t, row, 2, (uint64_t)(int64_t)(kind % 3) - 1);
	if (rnd(w, 8) > 0)
		table_set(t, row, 1, w->tick * kind * rnd(w, 3));
	if (rnd(w, 8) > 0)
		table_set(t, row, 3, rnd(w, 3) - 1);
	if (rnd(w, 2) > 0) {
		double d = (double)rnd(w, 100) / 7;
		uint64_t bits;

		memcpy(&bits, &d, sizeof bits);
		table_set(t, row, 4, bits);
	}
	if (rnd(w, 4) > 0)
		ok_r(table_set_str(t, row, 5, states[kind % 4], strlen(states[kind % 4])));
	if (t->schema->n_columns > 6 && rnd(w, 3) > 0)
		table_set(t, row, 6, rnd(w, 1000));
}

static inline void fill(struct world *w)
{
	uint32_t row;

	for (unsigned i = 0; i < N_TABLES; i++)
		table_clear(w->tables[i]);
	for (uint32_t kind = 0; kind < N_ELEMENTS(names) + 3; kind++) {
		/* Some stay, some come and go, a few are there twice. */
		if (kind % 3 == 0 || (w->tick / (1 + kind % 7)) % 2 == 0)
			fill_row(w, kind);
		if (kind % 6 == 0 && rnd(w, 4) == 0)
			fill_row(w, kind);
	}
	w->tables[0]->absent = w->tick % 11 == 3;
	for (uint64_t i = rnd(w, 3); i > 0; i--) {
		ok_r(table_add_row(w->tables[1], &row));
		table_set(w->tables[1], row, 0, i * rnd(w, 20));
		ok_r(table_set_str(w->tables[1], row, 1, "a\\b", rnd(w, 4)));
	}
	w->tables[2]->absent = w->tick % 4 != 2;
	for (uint64_t i = 0; i < 3; i++) {
		ok_r(table_add_row(w->tables[2], &row));
		table_set(w->tables[2], row, 0, i + w->tick / 16);
		table_set(w->tables[2], row, 1, w->tick * i);
	}
	w->tables[3]->absent = !w->crowd;
	for (uint64_t i = 0; w->crowd && i < 400; i++) {
		ok_r(table_add_row(w->tables[3], &row));
		table_set(w->tables[3], row, 0, w->tick * 0x9e3779b97f4a7c15 + i * i * 7919);
		table_set(w->tables[3], row, 1, i);
	}
}

static inline void run(struct world *w, unsigned n)
{
	for (; n > 0; n--, w->tick++) {
		_cleanup_(cleanup_encoded) struct encoded *e = NULL;
		struct snapshot s = {
		    .time_ms = (int64_t)HOUR * HOUR_MS + (int64_t)w->tick * w->step_ms,
		    .boot_us = (w->tick + 1) * 1000000,
		    .boot = 1 + w->tick / 17,
		    .n_tables = N_TABLES,
		    .tables = w->tables,
		};

		recorder_begin(w->recorder);
		fill(w);
		ok_r(recorder_encode(w->recorder, &s, &e));
		if (e)
			ok_r(recorder_append(w->recorder, e));
	}
}

/* Begins the next hour, and seals this one. */
static inline void seal(struct world *w)
{
	uint64_t tick = w->tick;
	int r;

	w->tick = (uint64_t)(HOUR_MS / w->step_ms) + 1;
	run(w, 1);
	w->tick = tick;
	while ((r = recorder_seal(w->recorder)) == 0)
		;
	eq(r, -ENODATA);
}

static inline struct store *open_store(const char *dir)
{
	struct store *s;

	if (!ok_r(store_open(dir, NULL, &s)))
		exit(1);
	return s;
}

static inline struct hour *open_hour(struct store *s)
{
	struct hour *h;

	if (!ok_r(store_hour(s, HOUR, &h)))
		exit(1);
	return h;
}

static inline void record_hour(struct world *w, const char *dir)
{
	world_open(w, dir);
	run(w, N_TICKS / 2);
	add_late_column(w);
	run(w, N_TICKS / 2);
}

#endif
