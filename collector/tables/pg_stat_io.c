/* pg_stat_io.c -- table pg_stat_io: reads and writes by who does them, since 16; op_bytes until 17, bytes since 18 */
#include "collector/pg_query.h"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(KEY_STR, "backend_type", "backend_type")                                                                     \
	C(KEY_STR, "object", "object")                                                                                 \
	C(KEY_STR, "context", "context")                                                                               \
	C(COUNT, "reads", "reads")                                                                                     \
	C(COUNT, "read_bytes", NULL, 180000, "read_bytes")                                                             \
	C(US, "read_time_us", "read_time")                                                                             \
	C(COUNT, "writes", "writes")                                                                                   \
	C(COUNT, "write_bytes", NULL, 180000, "write_bytes")                                                           \
	C(US, "write_time_us", "write_time")                                                                           \
	C(COUNT, "writebacks", "writebacks")                                                                           \
	C(US, "writeback_time_us", "writeback_time")                                                                   \
	C(COUNT, "extends", "extends")                                                                                 \
	C(COUNT, "extend_bytes", NULL, 180000, "extend_bytes")                                                         \
	C(US, "extend_time_us", "extend_time")                                                                         \
	C(NUM, "op_bytes", "op_bytes", 180000)                                                                         \
	C(COUNT, "hits", "hits")                                                                                       \
	C(COUNT, "evictions", "evictions")                                                                             \
	C(COUNT, "reuses", "reuses")                                                                                   \
	C(COUNT, "fsyncs", "fsyncs")                                                                                   \
	C(US, "fsync_time_us", "fsync_time")                                                                           \
	C(RESET, "stats_reset_s", "stats_reset")

PG_TABLE(pg_stat_io, 71, "pg_stat_io", COLUMNS, .from = {{160000, "pg_stat_io"}});
