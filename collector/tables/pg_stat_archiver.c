/* pg_stat_archiver.c -- table pg_stat_archiver: archiving of the write-ahead log */
#include "collector/pg_query.h"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(COUNT, "archived_count", "archived_count")                                                                   \
	C(STR, "last_archived_wal", "last_archived_wal")                                                               \
	C(TIME, "last_archived_s", "last_archived_time")                                                               \
	C(COUNT, "failed_count", "failed_count")                                                                       \
	C(STR, "last_failed_wal", "last_failed_wal")                                                                   \
	C(TIME, "last_failed_s", "last_failed_time")                                                                   \
	C(RESET, "stats_reset_s", "stats_reset")

PG_TABLE(pg_stat_archiver, 73, "pg_stat_archiver", COLUMNS, .from = {{0, "pg_stat_archiver"}});
