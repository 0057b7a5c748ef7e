/* pg_stat_statements_info.c -- table pg_stat_statements_info: how often statements were dropped for want of room, since
 * version 1.9 of the extension */
#include "collector/pg_query.h"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(COUNT, "dealloc", "dealloc")                                                                                 \
	C(RESET, "stats_reset_s", "stats_reset")

PG_TABLE(pg_stat_statements_info, 87, "pg_stat_statements_info", COLUMNS, .from = {{109, "pg_stat_statements_info"}},
    .pace = PG_SLOW, .extension = "pg_stat_statements");
