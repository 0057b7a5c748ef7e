/* made.h -- snapshots of tables that are written down as text, recorded into a store, for tests of what is shown */
#ifndef TESTS_UNIT_MADE_H
#define TESTS_UNIT_MADE_H

#include "store/names.h"
#include "store/recorder.h"
#include "tests/tap.h"

#include <inttypes.h>

enum { HOUR = 498651 /* 2026-11-20T03 */, HOUR_MS = 3600 * 1000, TABLES_MAX = 16 };

/* A table as text: its columns, "+" in front of counters, "*" of keys, "$" of strings, "%" of decimals with two digits,
 * "#" with three; then rows, one for each snapshot's. "-" is NULL, "~" in a string a blank. */
struct made {
	uint16_t id;
	const char *name, *columns;
	const char *rows[2]; /* at the first snapshot, at the second; lines */
};

struct machine {
	struct recorder *recorder;
	struct table *tables[TABLES_MAX];
	uint32_t n;
};

static inline void add_columns(struct table_schema *s, const char *columns)
{
	char *copy = strdup(columns), *save = NULL;

	for (char *p = strtok_r(copy, " ", &save); p; p = strtok_r(NULL, " ", &save)) {
		struct column c = {.unit = "", .type = COL_U64, .kind = KIND_GAUGE};

		for (; strchr("+*$%#", *p); p++) {
			if (*p == '+')
				c.kind = KIND_COUNTER;
			if (*p == '*')
				c.flags = COL_KEY, c.kind = KIND_LABEL;
			if (*p == '$')
				c.type = COL_STR, c.kind = KIND_LABEL;
			if (*p == '%' || *p == '#')
				c.type = COL_DEC, c.scale = *p == '%' ? 2 : 3;
		}
		c.name = p;
		ok_r(table_schema_add(s, &c));
	}
	free(copy);
}

static inline struct table *new_table(struct machine *m, const struct made *made)
{
	struct table_schema *s;
	struct table *t;

	if (!ok_r(table_schema_new(made->id, made->name, &s)))
		exit(1);
	add_columns(s, made->columns);
	if (!ok_r(table_new(s, recorder_pool(m->recorder), &t)))
		exit(1);
	table_schema_put(s);
	return t;
}

static inline void fill(struct table *t, const char *rows)
{
	char *copy = strdup(rows ? rows : ""), *save = NULL, *save_cell = NULL;

	table_clear(t);
	t->absent = !rows;
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		uint32_t row, c = 0;

		ok_r(table_add_row(t, &row));
		for (char *p = strtok_r(line, " ", &save_cell); p; p = strtok_r(NULL, " ", &save_cell), c++) {
			if (strcmp(p, "-") == 0)
				continue;
			for (char *blank = p; (blank = strchr(blank, '~'));)
				*blank = ' ';
			if (t->schema->columns[c].type == COL_STR)
				ok_r(table_set_str(t, row, c, p, strlen(p)));
			else
				table_set(t, row, c, strtoull(p, NULL, 10));
		}
		eq(c, t->schema->n_columns);
	}
	free(copy);
}

/* Records two snapshots a second apart. Returns the store's path. */
static inline const char *record(const struct made *made, uint32_t n)
{
	static char dir[4096];
	static unsigned n_stores;
	struct recorder_options o = {.sync = SYNC_NONE, .host = "unit", .group_n = 10};
	struct machine m = {.n = n};

	snprintf(dir, sizeof dir, "%s/store%u", tap_tmpdir(), n_stores++);
	if (!ok_r(recorder_open(dir, &o, &m.recorder)))
		exit(1);
	for (uint32_t k = 0; k < n; k++)
		m.tables[k] = new_table(&m, &made[k]);
	for (unsigned i = 0; i < 2; i++) {
		_cleanup_(cleanup_encoded) struct encoded *e = NULL;
		struct snapshot s = {
		    .time_ms = (int64_t)HOUR * HOUR_MS + i * 1000,
		    .boot_us = 100 * 1000000 + i * 1000000,
		    .boot = 1,
		    .n_tables = n,
		    .tables = m.tables,
		};

		recorder_begin(m.recorder);
		for (uint32_t k = 0; k < n; k++)
			fill(m.tables[k], made[k].rows[i]);
		ok_r(recorder_encode(m.recorder, &s, &e));
		ok_r(recorder_append(m.recorder, e));
	}
	for (uint32_t k = 0; k < n; k++)
		table_free(m.tables[k]);
	recorder_close(m.recorder);
	return dir;
}

#endif
