/* series_files.c -- names, columns and directories below /series */
#include "tests/unit/rows.h"
#include "view/tree.h"

static int count_columns(const struct tree_entry *e, void *arg)
{
	*(unsigned *)arg += ok(e->attr != NULL);
	return 0;
}

static void a_column_that_no_row_has_had_is_no_file(void)
{
	const char *path = new_store_path();
	_cleanup_(cleanup_free) char *dir = strdup(path);
	_cleanup_(cleanup_store) struct store *s = NULL;
	_cleanup_(cleanup_tree) struct tree *t = NULL;
	struct world w = {0};
	struct tree_attr a = {0};
	unsigned n = 0;

	world_open(&w, dir);
	run(&w, 3);
	add_late_column(&w);
	run(&w, 1); /* without the table */
	s = open_store(dir);
	ok_r(tree_new(s, &t));
	ok_r(tree_walk(t, "/series/2026-11-20T03/rows/plain", &a));
	ok_r(tree_list(t, a.ino, 0, true, count_columns, &n));
	eq(n, N_ELEMENTS(rows_columns) - 1);
	eq(tree_walk(t, "/series/2026-11-20T03/rows/plain/late", &a), -ENOENT);
	run(&w, 1);
	eq(store_refresh(s), 1);
	ok_r(tree_walk(t, "/series/2026-11-20T03/rows/plain/late", &a));
	world_close(&w);
}

static void the_first_values_of_a_key_lead_to_the_row_that_was_there_last(void)
{
	const char *path = new_store_path();
	_cleanup_(cleanup_free) char *dir = strdup(path);
	_cleanup_(cleanup_store) struct store *s = NULL;
	_cleanup_(cleanup_tree) struct tree *t = NULL;
	struct tree_attr a = {0}, b = {0};
	struct world w = {0};

	record_hour(&w, dir);
	s = open_store(dir);
	ok_r(tree_new(s, &t));
	ok_r(tree_walk(t, "/series/2026-11-20T03/rows/a%2Fb", &a));
	ok_r(tree_walk(t, "/series/2026-11-20T03/rows/a%2Fb,\\N", &b));
	eq(a.ino, b.ino);
	eq(tree_walk(t, "/series/2026-11-20T03/rows/a%2F", &a), -ENOENT);
	eq(tree_walk(t, "/series/2026-11-20T03/rows/a%2Fb/", &a), 0);
	eq(tree_parent(t, b.ino), (ok_r(tree_walk(t, "/series/2026-11-20T03/rows", &a)), a.ino));
	eq(tree_parent(t, a.ino), (ok_r(tree_walk(t, "/series/2026-11-20T03", &b)), b.ino));
	eq(tree_parent(t, b.ino), (ok_r(tree_walk(t, "/series", &a)), a.ino));
	eq(tree_parent(t, a.ino), TREE_ROOT);
	world_close(&w);
}

int main(void)
{
	RUN(a_column_that_no_row_has_had_is_no_file);
	RUN(the_first_values_of_a_key_lead_to_the_row_that_was_there_last);
	return tap_done();
}
