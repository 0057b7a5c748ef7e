/* pg_log_detailed_events.c -- table pg_log_detailed_events: checkpoints, vacuums, slow queries and the like out of a
 * PostgreSQL server's log
 *
 * A row is in one snapshot: that of the tick at which it was taken. Its time is the server's.
 */
#include "collector/pg_query.h"
#include "collector/pglog_event.h"

static const struct column columns[] = {
    {"server", "", COL_STR, KIND_LABEL, COL_KEY, 0}, PGLOG_EVENT_COLUMNS(PG_COLUMN)};

static int take(const struct source_env *env, const struct source_desc *desc, struct table *t, int64_t *ret_ns,
    struct source_report *report)
{
	(void)desc;
	return pg_take_log(env, PGLOG_EVENTS, t, ret_ns, report);
}

SOURCE(pg_log_detailed_events) = {
    .name = "pg_log_detailed_events",
    .id = 85,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .slow = true,
    .take = take,
};
