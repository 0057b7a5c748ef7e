/* pg_stat_statements.c -- table pg_stat_statements: what statements cost, from the extension of that name */
#include "collector/pg_texts.h"

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
	C(RESET, "stats_since_s", NULL, 111, "stats_since")                                                            \
	C(TIME, "minmax_stats_since_s", NULL, 111, "minmax_stats_since")                                               \
	C(TEXT, "query", NULL)

static int finish(struct pg_session *s, struct table *t, uint32_t first);

#define ORDERED " WHERE queryid IS NOT NULL ORDER BY userid, dbid, queryid"

PG_TABLE(pg_stat_statements, 74, "pg_stat_statements", COLUMNS,
    .from = {{0, "pg_stat_statements(false)" ORDERED}, {109, "pg_stat_statements(false)" ORDERED ", toplevel"}},
    .pace = PG_SLOW, .extension = "pg_stat_statements", .finish = finish);

/* Places in the table, behind the server's name. */
enum { QUERYID = 3, TOPLEVEL, QUERY = N_ELEMENTS(pg_stat_statements_exprs) };

static int finish(struct pg_session *s, struct table *t, uint32_t first)
{
	static const struct pg_texts texts = {.n_keys = TOPLEVEL,
	    .n_asked = QUERYID,
	    .wanted = QUERYID,
	    .text = QUERY,
	    .from = "pg_stat_statements(true) WHERE queryid IS NOT NULL"};

	return pg_texts_fill(&texts, s, t, first);
}
