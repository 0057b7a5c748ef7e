/* pg_stat_database.c -- table pg_stat_database: what was done in each database; datid 0: in what they share */
#include "collector/pg_query.h"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(KEY_ID, "datid", "datid")                                                                                    \
	C(STR, "datname", "datname")                                                                                   \
	C(NUM, "numbackends", "numbackends")                                                                           \
	C(COUNT, "xact_commit", "xact_commit")                                                                         \
	C(COUNT, "xact_rollback", "xact_rollback")                                                                     \
	C(COUNT, "blks_read", "blks_read")                                                                             \
	C(COUNT, "blks_hit", "blks_hit")                                                                               \
	C(COUNT, "tup_returned", "tup_returned")                                                                       \
	C(COUNT, "tup_fetched", "tup_fetched")                                                                         \
	C(COUNT, "tup_inserted", "tup_inserted")                                                                       \
	C(COUNT, "tup_updated", "tup_updated")                                                                         \
	C(COUNT, "tup_deleted", "tup_deleted")                                                                         \
	C(COUNT, "conflicts", "conflicts")                                                                             \
	C(COUNT, "temp_files", "temp_files")                                                                           \
	C(COUNT, "temp_bytes", "temp_bytes")                                                                           \
	C(COUNT, "deadlocks", "deadlocks")                                                                             \
	C(COUNT, "checksum_failures", NULL, 120000, "checksum_failures")                                               \
	C(TIME, "checksum_last_failure_s", NULL, 120000, "checksum_last_failure")                                      \
	C(US, "blk_read_time_us", "blk_read_time")                                                                     \
	C(US, "blk_write_time_us", "blk_write_time")                                                                   \
	C(US, "session_time_us", NULL, 140000, "session_time")                                                         \
	C(US, "active_time_us", NULL, 140000, "active_time")                                                           \
	C(US, "idle_in_transaction_time_us", NULL, 140000, "idle_in_transaction_time")                                 \
	C(COUNT, "sessions", NULL, 140000, "sessions")                                                                 \
	C(COUNT, "sessions_abandoned", NULL, 140000, "sessions_abandoned")                                             \
	C(COUNT, "sessions_fatal", NULL, 140000, "sessions_fatal")                                                     \
	C(COUNT, "sessions_killed", NULL, 140000, "sessions_killed")                                                   \
	C(COUNT, "parallel_workers_to_launch", NULL, 180000, "parallel_workers_to_launch")                             \
	C(COUNT, "parallel_workers_launched", NULL, 180000, "parallel_workers_launched")                               \
	C(TIME, "stats_reset_s", "stats_reset")

PG_TABLE(pg_stat_database, 66, "pg_stat_database", COLUMNS, .from = {{0, "pg_stat_database ORDER BY datid"}});
