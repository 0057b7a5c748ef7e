/* pg_server.c -- table pg_server: each server, and what time it is there */
#include "collector/pg_query.h"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(STR, "version", "current_setting('server_version')")                                                         \
	C(TIME, "now_s", "clock_timestamp()")                                                                          \
	C(TIME, "start_s", "pg_postmaster_start_time()")                                                               \
	C(TIME, "config_loaded_s", "pg_conf_load_time()")                                                              \
	C(FLAG, "in_recovery", "pg_is_in_recovery()")                                                                  \
	C(POSITION, "wal_position_bytes",                                                                              \
	    "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END")               \
	C(TIME, "last_replayed_xact_s", "pg_last_xact_replay_timestamp()")

PG_TABLE(pg_server, 64, "pg_server", COLUMNS, .from = {{0, "(SELECT 1) one"}});
