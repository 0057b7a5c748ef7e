/* pg_stat_wal_receiver.c -- table pg_stat_wal_receiver: what a standby receives */
#include "collector/pg_query.h"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(KEY_ID, "pid", "pid")                                                                                        \
	C(STR, "status", "status")                                                                                     \
	C(POSITION, "receive_start_bytes", "receive_start_lsn")                                                        \
	C(POSITION, "written_bytes", NULL, 130000, "written_lsn")                                                      \
	C(POSITION, "flushed_bytes", "received_lsn", 130000, "flushed_lsn")                                            \
	C(ID, "received_tli", "received_tli")                                                                          \
	C(TIME, "last_msg_send_s", "last_msg_send_time")                                                               \
	C(TIME, "last_msg_receipt_s", "last_msg_receipt_time")                                                         \
	C(POSITION, "latest_end_bytes", "latest_end_lsn")                                                              \
	C(TIME, "latest_end_s", "latest_end_time")                                                                     \
	C(STR, "slot_name", "slot_name")                                                                               \
	C(STR, "sender_host", NULL, 110000, "sender_host")                                                             \
	C(HASH, "sender_port", NULL, 110000, "sender_port")                                                            \
	C(ID, "receive_start_tli", "receive_start_tli")

PG_TABLE(
    pg_stat_wal_receiver, 80, "pg_stat_wal_receiver", COLUMNS, .from = {{0, "pg_stat_wal_receiver"}}, .pace = PG_SLOW);
