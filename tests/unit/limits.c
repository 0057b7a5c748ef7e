/* limits.c -- tables that come up to what the format allows in a group */
#include "store/chunk.h"
#include "store/group_writer.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <stdio.h>

enum { LIVES_MAX = CELLS_MAX / SCHEMA_COLUMNS_MAX };

/* As many columns as there may be; all but the key are NULL. */
static struct table *wide_table(struct strpool *pool)
{
	struct table_schema *schema;
	struct table *t;

	if (!ok_r(table_schema_new(1, "wide", &schema)))
		exit(1);
	for (unsigned i = 0; i < SCHEMA_COLUMNS_MAX; i++) {
		char name[16];
		struct column c = {.name = name, .type = COL_U64, .flags = i == 0 ? COL_KEY : 0};

		snprintf(name, sizeof name, "c%u", i);
		ok_r(table_schema_add(schema, &c));
	}
	if (!ok_r(table_new(schema, pool, &t)))
		exit(1);
	table_schema_put(schema);
	return t;
}

/* Rows that none of the snapshots before had. */
static struct snapshot new_rows(struct table **t, uint32_t n_rows, uint32_t i)
{
	ok_r(table_set_rows(*t, n_rows));
	for (uint32_t row = 0; row < n_rows; row++)
		table_set(*t, row, 0, i * n_rows + row);
	return (struct snapshot){.time_ms = i, .boot_us = i, .n_tables = 1, .tables = t};
}

static void lives_are_counted_from_the_keyframe_on(void)
{
	_cleanup_(cleanup_group_writer) struct group_writer *w = NULL;
	_cleanup_(cleanup_strpool) struct strpool *pool = NULL;
	_cleanup_(cleanup_table) struct table *t = NULL;
	enum { N_ROWS = 100 };
	uint32_t n = 0;
	int r = 0;

	ok_r(strpool_new(&pool));
	ok_r(group_writer_new(pool, &w));
	t = wide_table(pool);
	for (; n < LIVES_MAX && r == 0; n += r == 0) {
		struct snapshot s = new_rows(&t, N_ROWS, n);
		bool room;

		group_writer_begin(w, n > 0);
		room = n == 0 || group_writer_has_room(w, &s);
		r = group_writer_add(w, &s);
		eq(r, room ? 0 : -EMSGSIZE);
	}
	eq(r, -EMSGSIZE);
	eq(n, LIVES_MAX / N_ROWS);
	/* A keyframe has room again. */
	group_writer_begin(w, false);
	ok_r(group_writer_add(w, &(struct snapshot){.n_tables = 1, .tables = &t}));
}

static void a_chunk_begins_a_group_where_one_is_full(void)
{
	enum { N_ROWS = LIVES_MAX * 5 / 8, N_SNAPSHOTS = 3 };
	const struct chunk_options o = {.level = 1, .group_n = N_SNAPSHOTS};
	_cleanup_(cleanup_close) int dirfd = open(tap_tmpdir(), O_RDONLY | O_DIRECTORY);
	_cleanup_(cleanup_chunk_writer) struct chunk_writer *w = NULL;
	_cleanup_(cleanup_strpool) struct strpool *pool = NULL;
	_cleanup_(cleanup_chunk) struct chunk *c = NULL;
	_cleanup_(cleanup_table) struct table *t = NULL;
	struct file_id id = {.kind = KIND_CHUNK};
	const struct chunk_group *groups;
	uint32_t n = 0;

	ok_r(strpool_new(&pool));
	ok_r(chunk_writer_new(dirfd, "c", &id, &o, &w));
	t = wide_table(pool);
	for (uint32_t i = 0; i < N_SNAPSHOTS; i++) {
		struct snapshot s = new_rows(&t, N_ROWS, i);

		ok_r(chunk_writer_add(w, i, &s, NULL, 0));
	}
	ok_r(chunk_writer_finish(TAKE(w), 0, 0, 0));
	if (!ok_r(chunk_open(dirfd, "c", &c)))
		return;
	eq(chunk_n(c), N_SNAPSHOTS);
	chunk_groups(c, &groups, &n);
	eq(n, N_SNAPSHOTS);
}

int main(void)
{
	RUN(lives_are_counted_from_the_keyframe_on);
	RUN(a_chunk_begins_a_group_where_one_is_full);
	return tap_done();
}
