/* groups.h -- for fuzzers of what holds groups: everything in one, read forwards and backwards */
#ifndef TESTS_FUZZ_GROUPS_H
#define TESTS_FUZZ_GROUPS_H

#include "store/group.h"
#include "store/roster.h"
#include "store/rowkey.h"
#include "store/text.h"
#include "tests/fuzz/frames.h"

/* The text of a table at a snapshot, checked against its own length; 0 if it cannot be had, which *ret_r tells. */
static inline uint64_t group_text_hash(struct group *g, uint32_t index, uint32_t s, int *ret_r)
{
	const struct table *t;
	struct span text;

	*ret_r = group_table(g, index, s, &t);
	must(*ret_r == 0 || *ret_r == -ENOENT || *ret_r == -EBADMSG);
	if (*ret_r < 0)
		return 0;
	must(text_table_len(t) < UINT32_MAX);
	must(group_text(g, index, s, &text) == 0);
	must(span_left(&text) == text_table_len(t));
	return XXH3_64bits(text.p, span_left(&text));
}

/* A snapshot's rows against the roster: counts them by number, and what one column's texts add up to. */
static inline void count_rows(
    const struct roster *roster, const struct table *t, uint32_t column, uint32_t *seen, uint32_t *n, uint64_t *sums)
{
	for (uint32_t i = 0; i < t->n_rows; i++) {
		_cleanup_(buf_done) struct buf name = {0};
		size_t cell = table_cell(t, column, i);
		uint32_t number;

		rowkey_put(&name, t, i);
		must(rowkey_is_name((const char *)name.p, name.len));
		must(roster_find(roster, (const char *)name.p, name.len, &number) == 0);
		if (seen[number]++ > 0)
			continue;
		n[number]++;
		sums[number] += text_cell_len(&t->schema->columns[column], t->cells[cell], t->nulls[cell], t->pool);
	}
}

/* A roster has what going through all snapshots finds; a reader of one column has that. */
static inline void check_column(struct group *g, uint32_t index, uint32_t column, const struct roster *roster)
{
	_cleanup_(cleanup_table_reader) struct table_reader *some = NULL;
	uint32_t n_rows = roster_n(roster);
	_cleanup_(cleanup_free) uint32_t *seen = malloc((n_rows + 1) * sizeof *seen),
	                                 *n = calloc(n_rows + 1, sizeof *n);
	_cleanup_(cleanup_free) uint64_t *sums = calloc(n_rows + 1, sizeof *sums);
	uint64_t sum = 0;
	const struct table *t, *of_some;

	must(seen && n && sums);
	must(group_reader(g, index, &column, 1, &some) == 0);
	for (uint32_t s = 0; s < group_n(g); s++) {
		if (group_table(g, index, s, &t) < 0)
			continue;
		must(table_reader_at(some, s, &of_some) == 0 && of_some->n_rows == t->n_rows);
		memset(seen, 0, n_rows * sizeof *seen);
		count_rows(roster, t, column, seen, n, sums);
		for (uint32_t i = 0; i < t->n_rows; i++)
			must(table_is_null(t, column, i) == table_is_null(of_some, 0, i) &&
			     (table_is_null(t, column, i) || table_get(t, column, i) == table_get(of_some, 0, i)));
	}
	for (uint32_t i = 0; i < n_rows; i++) {
		struct roster_row row;

		roster_row(roster, i, &row);
		must(row.n == n[i] && roster_sum(roster, i, column, &sum) && sum == sums[i]);
	}
}

static inline void walk_rosters(struct group *g)
{
	for (uint32_t i = 0; i < group_schema(g)->n_tables; i++) {
		_cleanup_(cleanup_table_reader) struct table_reader *all = NULL;
		_cleanup_(cleanup_roster) struct roster *roster = NULL;
		int r = group_reader(g, i, NULL, 0, &all);

		must(r == 0 || r == -EBADMSG);
		if (r < 0)
			continue;
		must(roster_new(&roster) == 0);
		r = roster_take(roster, all, 0, group_n(g), 0);
		must(r == 0 || r == -EBADMSG);
		for (uint32_t c = 0; r == 0 && c < group_schema(g)->tables[i]->n_columns; c++)
			check_column(g, i, c, roster);
	}
}

/* Whatever the order in which it is asked for, a text is the same. */
static inline void walk_group(struct group *g)
{
	uint32_t n = group_n(g), n_tables = group_schema(g)->n_tables;
	_cleanup_(cleanup_free) uint64_t *hashes = calloc(n, sizeof *hashes);
	int r, again;

	must(hashes);
	for (uint32_t i = 0; i < n_tables; i++) {
		bool bad = false;

		for (uint32_t s = 0; s < n; s++) {
			hashes[s] = group_text_hash(g, i, s, &r);
			must(s == 0 || (r == -EBADMSG) == bad);
			bad = r == -EBADMSG;
		}
		for (uint32_t s = n; s-- > 0;)
			must(group_text_hash(g, i, s, &again) == hashes[s]);
	}
	walk_rosters(g);
	must(group_memory(g) > 0);
}

#endif
