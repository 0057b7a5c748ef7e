/* pg_stat_replication.c -- table pg_stat_replication: what each receiver has got */
#include "collector/pg_query.h"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(KEY_ID, "pid", "r.pid")                                                                                      \
	C(KEY_TIME, "backend_start_s", "r.backend_start")                                                              \
	C(STR, "usename", "r.usename")                                                                                 \
	C(STR, "application_name", "r.application_name")                                                               \
	C(STR, "client_addr", "r.client_addr")                                                                         \
	C(STR, "client_hostname", "r.client_hostname")                                                                 \
	C(HASH, "client_port", "r.client_port")                                                                        \
	C(ID, "backend_xmin", "r.backend_xmin")                                                                        \
	C(STR, "state", "r.state")                                                                                     \
	C(STR, "sync_state", "r.sync_state")                                                                           \
	C(NUM, "sync_priority", "r.sync_priority")                                                                     \
	C(POSITION, "sent_bytes", "r.sent_lsn")                                                                        \
	C(POSITION, "written_bytes", "r.write_lsn")                                                                    \
	C(POSITION, "flushed_bytes", "r.flush_lsn")                                                                    \
	C(POSITION, "replayed_bytes", "r.replay_lsn")                                                                  \
	C(BYTES, "lag_bytes", "l.lsn - r.replay_lsn")                                                                  \
	C(SPAN, "write_lag_us", "extract(epoch FROM r.write_lag) * 1000")                                              \
	C(SPAN, "flush_lag_us", "extract(epoch FROM r.flush_lag) * 1000")                                              \
	C(SPAN, "replay_lag_us", "extract(epoch FROM r.replay_lag) * 1000")                                            \
	C(TIME, "reply_s", NULL, 120000, "r.reply_time")

PG_TABLE(pg_stat_replication, 78, "pg_stat_replication", COLUMNS,
    .from = {{0, "pg_stat_replication r, (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() "
                 "ELSE pg_current_wal_lsn() END AS lsn) l ORDER BY r.pid"}},
    .pace = PG_SLOW);
