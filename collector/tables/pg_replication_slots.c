/* pg_replication_slots.c -- table pg_replication_slots: what the server keeps for receivers, with what it has decoded
 * for them (pg_stat_replication_slots) */
#include "collector/pg_query.h"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(KEY_STR, "slot_name", "s.slot_name")                                                                         \
	C(STR, "slot_type", "s.slot_type")                                                                             \
	C(STR, "plugin", "s.plugin")                                                                                   \
	C(STR, "database", "s.database")                                                                               \
	C(FLAG, "temporary", "s.temporary")                                                                            \
	C(FLAG, "active", "s.active")                                                                                  \
	C(ID, "active_pid", "s.active_pid")                                                                            \
	C(ID, "xmin", "s.xmin")                                                                                        \
	C(ID, "catalog_xmin", "s.catalog_xmin")                                                                        \
	C(POSITION, "restart_bytes", "s.restart_lsn")                                                                  \
	C(POSITION, "confirmed_flush_bytes", "s.confirmed_flush_lsn")                                                  \
	C(BYTES, "kept_bytes", "l.lsn - s.restart_lsn")                                                                \
	C(STR, "wal_status", NULL, 130000, "s.wal_status")                                                             \
	C(BYTES, "safe_wal_size_bytes", NULL, 130000, "s.safe_wal_size")                                               \
	C(FLAG, "two_phase", NULL, 140000, "s.two_phase")                                                              \
	C(FLAG, "conflicting", NULL, 160000, "s.conflicting")                                                          \
	C(FLAG, "failover", NULL, 170000, "s.failover")                                                                \
	C(FLAG, "synced", NULL, 170000, "s.synced")                                                                    \
	C(STR, "invalidation_reason", NULL, 170000, "s.invalidation_reason")                                           \
	C(TIME, "inactive_since_s", NULL, 170000, "s.inactive_since")                                                  \
	C(POSITION, "two_phase_at_bytes", NULL, 180000, "s.two_phase_at")                                              \
	C(COUNT, "total_txns", NULL, 140000, "d.total_txns")                                                           \
	C(COUNT, "total_bytes", NULL, 140000, "d.total_bytes")                                                         \
	C(COUNT, "spill_txns", NULL, 140000, "d.spill_txns")                                                           \
	C(COUNT, "spill_count", NULL, 140000, "d.spill_count")                                                         \
	C(COUNT, "spill_bytes", NULL, 140000, "d.spill_bytes")                                                         \
	C(COUNT, "stream_txns", NULL, 140000, "d.stream_txns")                                                         \
	C(COUNT, "stream_count", NULL, 140000, "d.stream_count")                                                       \
	C(COUNT, "stream_bytes", NULL, 140000, "d.stream_bytes")                                                       \
	C(RESET, "stats_reset_s", NULL, 140000, "d.stats_reset")

#define POSITION                                                                                                       \
	", (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END AS "     \
	"lsn) l "                                                                                                      \
	"ORDER BY s.slot_name::text COLLATE \"C\""

PG_TABLE(pg_replication_slots, 79, "pg_replication_slots", COLUMNS,
    .from = {{0, "pg_replication_slots s" POSITION},
        {140000, "pg_replication_slots s LEFT JOIN "
                 "pg_stat_replication_slots d ON d.slot_name = s.slot_name" POSITION}},
    .pace = PG_SLOW);
