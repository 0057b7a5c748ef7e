/* pg_stat_user_indexes.c -- table pg_stat_user_indexes: indexes of all databases, with what pg_statio_user_indexes
 * knows */
#include "collector/pg_query.h"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(KEY_ID, "datid", "d.oid")                                                                                    \
	C(KEY_ID, "indexrelid", "s.indexrelid")                                                                        \
	C(ID, "relid", "s.relid")                                                                                      \
	C(STR, "datname", "d.datname")                                                                                 \
	C(STR, "schemaname", "s.schemaname")                                                                           \
	C(STR, "relname", "s.relname")                                                                                 \
	C(STR, "indexrelname", "s.indexrelname")                                                                       \
	C(COUNT, "idx_scan", "s.idx_scan")                                                                             \
	C(COUNT, "idx_tup_read", "s.idx_tup_read")                                                                     \
	C(COUNT, "idx_tup_fetch", "s.idx_tup_fetch")                                                                   \
	C(COUNT, "idx_blks_read", "i.idx_blks_read")                                                                   \
	C(COUNT, "idx_blks_hit", "i.idx_blks_hit")                                                                     \
	C(TIME, "last_idx_scan_s", NULL, 160000, "s.last_idx_scan")

PG_TABLE(pg_stat_user_indexes, 77, "pg_stat_user_indexes", COLUMNS,
    .from = {{0, "pg_stat_user_indexes s LEFT JOIN pg_statio_user_indexes i ON i.indexrelid = s.indexrelid "
                 "JOIN pg_database d ON d.datname = current_database() ORDER BY s.indexrelid"}},
    .pace = PG_SLOW, .per_database = true);
