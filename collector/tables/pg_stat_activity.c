/* pg_stat_activity.c -- table pg_stat_activity: sessions, all but the one that asks */
#include "collector/pg_query.h"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(KEY_ID, "pid", "pid")                                                                                        \
	C(KEY_TIME, "backend_start_s", "backend_start")                                                                \
	C(ID, "datid", "datid")                                                                                        \
	C(STR, "datname", "datname")                                                                                   \
	C(ID, "usesysid", "usesysid")                                                                                  \
	C(STR, "usename", "usename")                                                                                   \
	C(STR, "application_name", "application_name")                                                                 \
	C(STR, "client_addr", "client_addr")                                                                           \
	C(STR, "client_hostname", "client_hostname")                                                                   \
	C(HASH, "client_port", "client_port")                                                                          \
	C(STR, "backend_type", "backend_type")                                                                         \
	C(STR, "state", "state")                                                                                       \
	C(STR, "wait_event_type", "wait_event_type")                                                                   \
	C(STR, "wait_event", "wait_event")                                                                             \
	C(TIME, "xact_start_s", "xact_start")                                                                          \
	C(TIME, "query_start_s", "query_start")                                                                        \
	C(TIME, "state_change_s", "state_change")                                                                      \
	C(ID, "backend_xid", "backend_xid")                                                                            \
	C(ID, "backend_xmin", "backend_xmin")                                                                          \
	C(ID, "leader_pid", NULL, 130000, "leader_pid")                                                                \
	C(HASH, "query_id", NULL, 140000, "query_id")                                                                  \
	C(TEXT, "query", "query")

PG_TABLE(pg_stat_activity, 65, "pg_stat_activity", COLUMNS,
    .from = {{0, "pg_stat_activity WHERE pid <> pg_backend_pid() ORDER BY pid"}});
