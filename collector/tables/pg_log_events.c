/* pg_log_events.c -- table pg_log_events: what the log of a PostgreSQL server tells, counted */
#include "collector/pg_query.h"
#include "collector/pglog_sum.h"

static const struct column columns[] = {
    {"server", "", COL_STR, KIND_LABEL, COL_KEY, 0}, PGLOG_COUNT_COLUMNS(PG_COLUMN)};

static int take(const struct source_env *env, const struct source_desc *desc, struct table *t, int64_t *ret_ns,
    struct source_report *report)
{
	(void)desc;
	return pg_take_log(env, PGLOG_COUNTS, t, ret_ns, report);
}

SOURCE(pg_log_events) = {
    .name = "pg_log_events",
    .id = 84,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .slow = true,
    .take = take,
};
