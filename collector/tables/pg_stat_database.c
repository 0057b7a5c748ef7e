/* pg_stat_database.c -- table pg_stat_database: what was done in each database; datid 0: in what they share.
 * What a standby cancelled, by reason, is of pg_stat_database_conflicts.
 */
#include "collector/pg_query.h"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(KEY_ID, "datid", "s.datid")                                                                                  \
	C(STR, "datname", "s.datname")                                                                                 \
	C(NUM, "numbackends", "s.numbackends")                                                                         \
	C(COUNT, "xact_commit", "s.xact_commit")                                                                       \
	C(COUNT, "xact_rollback", "s.xact_rollback")                                                                   \
	C(COUNT, "blks_read", "s.blks_read")                                                                           \
	C(COUNT, "blks_hit", "s.blks_hit")                                                                             \
	C(COUNT, "tup_returned", "s.tup_returned")                                                                     \
	C(COUNT, "tup_fetched", "s.tup_fetched")                                                                       \
	C(COUNT, "tup_inserted", "s.tup_inserted")                                                                     \
	C(COUNT, "tup_updated", "s.tup_updated")                                                                       \
	C(COUNT, "tup_deleted", "s.tup_deleted")                                                                       \
	C(COUNT, "conflicts", "s.conflicts")                                                                           \
	C(COUNT, "temp_files", "s.temp_files")                                                                         \
	C(COUNT, "temp_bytes", "s.temp_bytes")                                                                         \
	C(COUNT, "deadlocks", "s.deadlocks")                                                                           \
	C(COUNT, "checksum_failures", NULL, 120000, "s.checksum_failures")                                             \
	C(TIME, "checksum_last_failure_s", NULL, 120000, "s.checksum_last_failure")                                    \
	C(US, "blk_read_time_us", "s.blk_read_time")                                                                   \
	C(US, "blk_write_time_us", "s.blk_write_time")                                                                 \
	C(US, "session_time_us", NULL, 140000, "s.session_time")                                                       \
	C(US, "active_time_us", NULL, 140000, "s.active_time")                                                         \
	C(US, "idle_in_transaction_time_us", NULL, 140000, "s.idle_in_transaction_time")                               \
	C(COUNT, "sessions", NULL, 140000, "s.sessions")                                                               \
	C(COUNT, "sessions_abandoned", NULL, 140000, "s.sessions_abandoned")                                           \
	C(COUNT, "sessions_fatal", NULL, 140000, "s.sessions_fatal")                                                   \
	C(COUNT, "sessions_killed", NULL, 140000, "s.sessions_killed")                                                 \
	C(COUNT, "parallel_workers_to_launch", NULL, 180000, "s.parallel_workers_to_launch")                           \
	C(COUNT, "parallel_workers_launched", NULL, 180000, "s.parallel_workers_launched")                             \
	C(RESET, "stats_reset_s", "s.stats_reset")                                                                     \
	C(COUNT, "conflicts_tablespace", "c.confl_tablespace")                                                         \
	C(COUNT, "conflicts_lock", "c.confl_lock")                                                                     \
	C(COUNT, "conflicts_snapshot", "c.confl_snapshot")                                                             \
	C(COUNT, "conflicts_bufferpin", "c.confl_bufferpin")                                                           \
	C(COUNT, "conflicts_deadlock", "c.confl_deadlock")                                                             \
	C(COUNT, "conflicts_logical_slot", NULL, 160000, "c.confl_active_logicalslot")

PG_TABLE(pg_stat_database, 66, "pg_stat_database", COLUMNS,
    .from = {{0, "pg_stat_database s LEFT JOIN pg_stat_database_conflicts c ON c.datid = s.datid ORDER BY s.datid"}});
