/* pg_stat_wal.c -- table pg_stat_wal: the write-ahead log, since 14; times and numbers of writes are in pg_stat_io
 * since 18 */
#include "collector/pg_query.h"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(COUNT, "wal_records", "wal_records")                                                                         \
	C(COUNT, "wal_fpi", "wal_fpi")                                                                                 \
	C(COUNT, "wal_bytes", "wal_bytes")                                                                             \
	C(COUNT, "wal_buffers_full", "wal_buffers_full")                                                               \
	C(COUNT, "wal_write", "wal_write", 180000)                                                                     \
	C(COUNT, "wal_sync", "wal_sync", 180000)                                                                       \
	C(US, "wal_write_time_us", "wal_write_time", 180000)                                                           \
	C(US, "wal_sync_time_us", "wal_sync_time", 180000)                                                             \
	C(RESET, "stats_reset_s", "stats_reset")

PG_TABLE(pg_stat_wal, 70, "pg_stat_wal", COLUMNS, .from = {{140000, "pg_stat_wal"}});
