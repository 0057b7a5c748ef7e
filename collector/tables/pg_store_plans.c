/* pg_store_plans.c -- table pg_store_plans: what statements cost by the plans that were made for them, from the
 * extension of that name
 *
 * There are two extensions of that name, which have the same versions. The one (of vadv) tells plans apart from their
 * texts, which the other (of ossc-db) cannot. The id of a statement in pg_stat_statements is in stmt_queryid; that in
 * queryid is the extension's own, but for versions of the other since 1.6, where it is the same.
 */
#include "collector/pg_texts.h"

/* Versions of the other are higher by that. */
enum { OTHER_1_3 = PG_TEXTS_ALWAYS + 103, OTHER_1_4, OTHER_1_5, OTHER_1_6, OTHER_1_7, OTHER_1_8, OTHER_1_9 };

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(KEY_ID, "userid", "userid")                                                                                  \
	C(KEY_ID, "dbid", "dbid")                                                                                      \
	C(KEY_HASH, "queryid", "queryid")                                                                              \
	C(KEY_HASH, "planid", "planid")                                                                                \
	C(HASH, "stmt_queryid", "queryid_stat_statements", OTHER_1_6, "queryid")                                       \
	C(STR, "usename", "pg_get_userbyid(userid)")                                                                   \
	C(STR, "datname", "(SELECT datname FROM pg_database d WHERE d.oid = dbid)")                                    \
	C(COUNT, "calls", "calls")                                                                                     \
	C(COUNT, "slow_log_calls", "slow_log_calls", OTHER_1_3)                                                        \
	C(COUNT, "rows", "rows")                                                                                       \
	C(US, "exec_time_us", "total_time")                                                                            \
	C(SPAN, "exec_time_min_us", "min_time")                                                                        \
	C(SPAN, "exec_time_max_us", "max_time")                                                                        \
	C(SPAN, "exec_time_stddev_us", "stddev_time")                                                                  \
	C(US, "plan_time_us", "total_plan_time", OTHER_1_3)                                                            \
	C(SPAN, "plan_time_min_us", "min_plan_time", OTHER_1_3)                                                        \
	C(SPAN, "plan_time_max_us", "max_plan_time", OTHER_1_3)                                                        \
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
	C(US, "shared_blk_read_time_us", "blk_read_time", OTHER_1_9, "shared_blk_read_time")                           \
	C(US, "shared_blk_write_time_us", "blk_write_time", OTHER_1_9, "shared_blk_write_time")                        \
	C(US, "local_blk_read_time_us", NULL, OTHER_1_9, "local_blk_read_time")                                        \
	C(US, "local_blk_write_time_us", NULL, OTHER_1_9, "local_blk_write_time")                                      \
	C(US, "temp_blk_read_time_us", NULL, OTHER_1_7, "temp_blk_read_time")                                          \
	C(US, "temp_blk_write_time_us", NULL, OTHER_1_7, "temp_blk_write_time")                                        \
	C(TIME, "first_call_s", "first_call")                                                                          \
	C(TIME, "last_call_s", "last_call")                                                                            \
	C(TEXT, "plan", NULL)

static int finish(struct pg_session *s, struct table *t, uint32_t first);

#define NO_PLAN_TIMES                                                                                                  \
	", (SELECT NULL::float8 AS total_plan_time, NULL::float8 AS min_plan_time, NULL::float8 AS max_plan_time) "    \
	"none"
#define NO_DEVIATION ", (SELECT NULL::float8 AS min_time, NULL::float8 AS max_time, NULL::float8 AS stddev_time) none"
#define ORDERED " WHERE planid IS NOT NULL ORDER BY userid, dbid, queryid, planid"

PG_TABLE(pg_store_plans, 86, "pg_store_plans", COLUMNS,
    .from = {{106, "pg_store_plans(false)" NO_PLAN_TIMES ORDERED}, {107, "pg_store_plans(false)" ORDERED},
        {OTHER_1_3, "pg_store_plans" NO_DEVIATION ORDERED}, {OTHER_1_4, "pg_store_plans" ORDERED}},
    .pace = PG_SLOWEST, .extension = "pg_store_plans", .finish = finish);

/* Places in the table, behind the server's name. */
enum { PLANID = 4, PLAN = N_ELEMENTS(pg_store_plans_exprs) };

static int finish(struct pg_session *s, struct table *t, uint32_t first)
{
	const struct pg_texts texts = {.n_keys = PLANID,
	    .n_asked = PLANID,
	    .wanted = PLANID,
	    .text = PLAN,
	    .from = s->version < PG_TEXTS_ALWAYS ? "pg_store_plans(true) WHERE plan IS NOT NULL"
	                                         : "pg_store_plans WHERE plan IS NOT NULL"};

	return pg_texts_fill(&texts, s, t, first);
}
