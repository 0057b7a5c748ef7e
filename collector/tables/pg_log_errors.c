/* pg_log_errors.c -- table pg_log_errors: what went wrong, by what the log of a PostgreSQL server says of it */
#include "collector/pg_query.h"
#include "collector/pglog_sum.h"

static const struct column columns[] = {
    {"server", "", COL_STR, KIND_LABEL, COL_KEY, 0}, PGLOG_ERROR_COLUMNS(PG_COLUMN)};

static int take(const struct source_env *env, const struct source_desc *desc, struct table *t, int64_t *ret_ns,
    struct source_report *report)
{
	(void)desc;
	return pg_take_log(env, PGLOG_ERRORS, t, ret_ns, report);
}

SOURCE(pg_log_errors) = {
    .name = "pg_log_errors",
    .id = 83,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .slow = true,
    .take = take,
};
