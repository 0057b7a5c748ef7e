/* pg_stat_statements.c -- table pg_stat_statements: what statements cost, from the extension of that name
 *
 * Texts lie in a file of the server's that it reads whole for whoever asks for one: they are asked for when a statement
 * is new only, and taken over from the rows before otherwise. Both are sorted by key.
 */
#include "collector/pg_session.h"

#include <libpq-fe.h>

/* Part of the format: columns are only ever added, at the end. mean_time is total_time through calls. */
#define COLUMNS(C)                                                                                                     \
	C(KEY_ID, "userid", "userid")                                                                                  \
	C(KEY_ID, "dbid", "dbid")                                                                                      \
	C(KEY_HASH, "queryid", "queryid")                                                                              \
	C(KEY_ID, "toplevel", NULL, 109, "toplevel::int")                                                              \
	C(STR, "usename", "pg_get_userbyid(userid)")                                                                   \
	C(STR, "datname", "(SELECT datname FROM pg_database d WHERE d.oid = dbid)")                                    \
	C(COUNT, "calls", "calls")                                                                                     \
	C(COUNT, "rows", "rows")                                                                                       \
	C(US, "exec_time_us", "total_time", 108, "total_exec_time")                                                    \
	C(SPAN, "exec_time_min_us", "min_time", 108, "min_exec_time")                                                  \
	C(SPAN, "exec_time_max_us", "max_time", 108, "max_exec_time")                                                  \
	C(SPAN, "exec_time_stddev_us", "stddev_time", 108, "stddev_exec_time")                                         \
	C(COUNT, "plans", NULL, 108, "plans")                                                                          \
	C(US, "plan_time_us", NULL, 108, "total_plan_time")                                                            \
	C(SPAN, "plan_time_min_us", NULL, 108, "min_plan_time")                                                        \
	C(SPAN, "plan_time_max_us", NULL, 108, "max_plan_time")                                                        \
	C(SPAN, "plan_time_stddev_us", NULL, 108, "stddev_plan_time")                                                  \
	C(COUNT, "shared_blks_hit", "shared_blks_hit")                                                                 \
	C(COUNT, "shared_blks_read", "shared_blks_read")                                                               \
	C(COUNT, "shared_blks_dirtied", "shared_blks_dirtied")                                                         \
	C(COUNT, "shared_blks_written", "shared_blks_written")                                                         \
	C(COUNT, "local_blks_hit", "local_blks_hit")                                                                   \
	C(COUNT, "local_blks_read", "local_blks_read")                                                                 \
	C(COUNT, "local_blks_dirtied", "local_blks_dirtied")                                                           \
	C(COUNT, "local_blks_written", "local_blks_written")                                                           \
	C(COUNT, "temp_blks_read", "temp_blks_read")                                                                   \
	C(COUNT, "temp_blks_written", "temp_blks_written")                                                             \
	C(US, "shared_blk_read_time_us", "blk_read_time", 111, "shared_blk_read_time")                                 \
	C(US, "shared_blk_write_time_us", "blk_write_time", 111, "shared_blk_write_time")                              \
	C(US, "local_blk_read_time_us", NULL, 111, "local_blk_read_time")                                              \
	C(US, "local_blk_write_time_us", NULL, 111, "local_blk_write_time")                                            \
	C(US, "temp_blk_read_time_us", NULL, 110, "temp_blk_read_time")                                                \
	C(US, "temp_blk_write_time_us", NULL, 110, "temp_blk_write_time")                                              \
	C(COUNT, "wal_records", NULL, 108, "wal_records")                                                              \
	C(COUNT, "wal_fpi", NULL, 108, "wal_fpi")                                                                      \
	C(COUNT, "wal_bytes", NULL, 108, "wal_bytes")                                                                  \
	C(COUNT, "wal_buffers_full", NULL, 112, "wal_buffers_full")                                                    \
	C(COUNT, "jit_functions", NULL, 110, "jit_functions")                                                          \
	C(US, "jit_generation_time_us", NULL, 110, "jit_generation_time")                                              \
	C(COUNT, "jit_inlining_count", NULL, 110, "jit_inlining_count")                                                \
	C(US, "jit_inlining_time_us", NULL, 110, "jit_inlining_time")                                                  \
	C(COUNT, "jit_optimization_count", NULL, 110, "jit_optimization_count")                                        \
	C(US, "jit_optimization_time_us", NULL, 110, "jit_optimization_time")                                          \
	C(COUNT, "jit_emission_count", NULL, 110, "jit_emission_count")                                                \
	C(US, "jit_emission_time_us", NULL, 110, "jit_emission_time")                                                  \
	C(COUNT, "jit_deform_count", NULL, 111, "jit_deform_count")                                                    \
	C(US, "jit_deform_time_us", NULL, 111, "jit_deform_time")                                                      \
	C(COUNT, "parallel_workers_to_launch", NULL, 112, "parallel_workers_to_launch")                                \
	C(COUNT, "parallel_workers_launched", NULL, 112, "parallel_workers_launched")                                  \
	C(TIME, "stats_since_s", NULL, 111, "stats_since")                                                             \
	C(TIME, "minmax_stats_since_s", NULL, 111, "minmax_stats_since")                                               \
	C(TEXT, "query", NULL)

static int finish(struct pg_session *s, struct table *t, uint32_t first);

#define ORDERED " WHERE queryid IS NOT NULL ORDER BY userid, dbid, queryid"

PG_TABLE(pg_stat_statements, 74, "pg_stat_statements", COLUMNS,
    .from = {{0, "pg_stat_statements(false)" ORDERED}, {109, "pg_stat_statements(false)" ORDERED ", toplevel"}},
    .pace = PG_SLOW, .extension = "pg_stat_statements", .finish = finish);

/* Places in the table, behind the server's name. */
enum { USERID = 1, DBID, QUERYID, TOPLEVEL, QUERY = N_ELEMENTS(pg_stat_statements_exprs) };

/* More texts than this are asked for all together. */
enum { SINGLE_MAX = 200 };

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_keys(const struct table *a, uint32_t i, const struct table *b, uint32_t j)
{
	int64_t x = (int64_t)table_get(a, QUERYID, i), y = (int64_t)table_get(b, QUERYID, j);
	int c = compare(table_get(a, USERID, i), table_get(b, USERID, j));

	if (c == 0)
		c = compare(table_get(a, DBID, i), table_get(b, DBID, j));
	if (c == 0)
		c = (x > y) - (x < y);
	if (c == 0 && !table_is_null(a, TOPLEVEL, i) && !table_is_null(b, TOPLEVEL, j))
		c = compare(table_get(a, TOPLEVEL, i), table_get(b, TOPLEVEL, j));
	return c;
}

/* Takes over texts of rows that were there before. Returns how many are new, or an error. */
static int take_over(const struct table *last, struct table *t, uint32_t first)
{
	int n_new = 0;

	for (uint32_t i = first, k = 0; i < t->n_rows; i++) {
		struct str s;
		int r;

		while (last && k < last->n_rows && compare_keys(last, k, t, i) < 0)
			k++;
		if (!last || k == last->n_rows || compare_keys(last, k, t, i) != 0 || table_is_null(last, QUERY, k)) {
			n_new++;
			continue;
		}
		s = table_str(last, QUERY, k);
		r = table_set_str(t, i, QUERY, s.p, s.len);
		if (r < 0)
			return r;
	}
	return n_new;
}

/* The question for the texts that are missing, by key. */
static int write_question(const struct pg_session *s, const struct table *t, uint32_t first, int n_new, struct buf *out)
{
	const char *separator = "";

	buf_printf(out,
	    "SELECT userid, dbid, queryid, query FROM %s.pg_stat_statements(true) WHERE queryid IS NOT NULL",
	    s->schema);
	/* An array, so that to the server this is one statement, however many are asked for. */
	if (n_new <= SINGLE_MAX) {
		buf_puts(out, " AND queryid = ANY ('{");
		for (uint32_t i = first; i < t->n_rows; i++) {
			if (!table_is_null(t, QUERY, i))
				continue;
			buf_printf(out, "%s%lld", separator, (long long)(int64_t)table_get(t, QUERYID, i));
			separator = ",";
		}
		buf_puts(out, "}'::int8[])");
	}
	buf_puts(out, " ORDER BY userid, dbid, queryid");
	buf_put_u8(out, '\0');
	return out->err;
}

static int compare_answer(const PGresult *answer, int k, const struct table *t, uint32_t row)
{
	const char *userid = PQgetvalue(answer, k, 0), *dbid = PQgetvalue(answer, k, 1);
	const char *queryid = PQgetvalue(answer, k, 2);
	uint64_t u = 0, d = 0;
	int64_t q = 0, y = (int64_t)table_get(t, QUERYID, row);
	int c;

	parse_u64(&userid, &u);
	parse_u64(&dbid, &d);
	parse_i64(&queryid, &q);
	c = compare(u, table_get(t, USERID, row));
	if (c == 0)
		c = compare(d, table_get(t, DBID, row));
	return c ? c : (q > y) - (q < y);
}

static int finish(struct pg_session *s, struct table *t, uint32_t first)
{
	_cleanup_(cleanup_pg_result) PGresult *answer = NULL;
	_cleanup_(buf_done) struct buf sql = {0};
	int k = 0, n_new = take_over(s->last, t, first), r = n_new;

	if (n_new <= 0)
		return n_new;
	r = write_question(s, t, first, n_new, &sql);
	if (r == 0)
		r = pg_conn_query(s->conn, (const char *)sql.p, &answer);
	for (uint32_t i = first; i < t->n_rows && r == 0; i++) {
		if (!table_is_null(t, QUERY, i))
			continue;
		while (k < PQntuples(answer) && compare_answer(answer, k, t, i) < 0)
			k++;
		if (k == PQntuples(answer))
			break;
		if (compare_answer(answer, k, t, i) == 0 && !PQgetisnull(answer, k, 3))
			r = pg_query_set_text(t, i, QUERY, s->redact, s->text_max, PQgetvalue(answer, k, 3));
	}
	return r;
}
