/* pg_stat_slru.c -- table pg_stat_slru: the small caches, since 13 */
#include "collector/pg_query.h"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(KEY_STR, "name", "name")                                                                                     \
	C(COUNT, "blks_zeroed", "blks_zeroed")                                                                         \
	C(COUNT, "blks_hit", "blks_hit")                                                                               \
	C(COUNT, "blks_read", "blks_read")                                                                             \
	C(COUNT, "blks_written", "blks_written")                                                                       \
	C(COUNT, "blks_exists", "blks_exists")                                                                         \
	C(COUNT, "flushes", "flushes")                                                                                 \
	C(COUNT, "truncates", "truncates")                                                                             \
	C(RESET, "stats_reset_s", "stats_reset")

PG_TABLE(pg_stat_slru, 72, "pg_stat_slru", COLUMNS, .from = {{130000, "pg_stat_slru"}});
