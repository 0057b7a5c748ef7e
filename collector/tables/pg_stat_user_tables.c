/* pg_stat_user_tables.c -- table pg_stat_user_tables: tables of all databases, with what pg_statio_user_tables knows */
#include "collector/pg_query.h"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(KEY_ID, "datid", "d.oid")                                                                                    \
	C(KEY_ID, "relid", "s.relid")                                                                                  \
	C(STR, "datname", "d.datname")                                                                                 \
	C(STR, "schemaname", "s.schemaname")                                                                           \
	C(STR, "relname", "s.relname")                                                                                 \
	C(COUNT, "seq_scan", "s.seq_scan")                                                                             \
	C(COUNT, "seq_tup_read", "s.seq_tup_read")                                                                     \
	C(COUNT, "idx_scan", "s.idx_scan")                                                                             \
	C(COUNT, "idx_tup_fetch", "s.idx_tup_fetch")                                                                   \
	C(COUNT, "n_tup_ins", "s.n_tup_ins")                                                                           \
	C(COUNT, "n_tup_upd", "s.n_tup_upd")                                                                           \
	C(COUNT, "n_tup_del", "s.n_tup_del")                                                                           \
	C(COUNT, "n_tup_hot_upd", "s.n_tup_hot_upd")                                                                   \
	C(COUNT, "n_tup_newpage_upd", NULL, 160000, "s.n_tup_newpage_upd")                                             \
	C(NUM, "n_live_tup", "s.n_live_tup")                                                                           \
	C(NUM, "n_dead_tup", "s.n_dead_tup")                                                                           \
	C(NUM, "n_mod_since_analyze", "s.n_mod_since_analyze")                                                         \
	C(NUM, "n_ins_since_vacuum", NULL, 130000, "s.n_ins_since_vacuum")                                             \
	C(COUNT, "vacuum_count", "s.vacuum_count")                                                                     \
	C(COUNT, "autovacuum_count", "s.autovacuum_count")                                                             \
	C(COUNT, "analyze_count", "s.analyze_count")                                                                   \
	C(COUNT, "autoanalyze_count", "s.autoanalyze_count")                                                           \
	C(US, "total_vacuum_time_us", NULL, 180000, "s.total_vacuum_time")                                             \
	C(US, "total_autovacuum_time_us", NULL, 180000, "s.total_autovacuum_time")                                     \
	C(US, "total_analyze_time_us", NULL, 180000, "s.total_analyze_time")                                           \
	C(US, "total_autoanalyze_time_us", NULL, 180000, "s.total_autoanalyze_time")                                   \
	C(COUNT, "heap_blks_read", "i.heap_blks_read")                                                                 \
	C(COUNT, "heap_blks_hit", "i.heap_blks_hit")                                                                   \
	C(COUNT, "idx_blks_read", "i.idx_blks_read")                                                                   \
	C(COUNT, "idx_blks_hit", "i.idx_blks_hit")                                                                     \
	C(COUNT, "toast_blks_read", "i.toast_blks_read")                                                               \
	C(COUNT, "toast_blks_hit", "i.toast_blks_hit")                                                                 \
	C(COUNT, "tidx_blks_read", "i.tidx_blks_read")                                                                 \
	C(COUNT, "tidx_blks_hit", "i.tidx_blks_hit")                                                                   \
	C(TIME, "last_seq_scan_s", NULL, 160000, "s.last_seq_scan")                                                    \
	C(TIME, "last_idx_scan_s", NULL, 160000, "s.last_idx_scan")                                                    \
	C(TIME, "last_vacuum_s", "s.last_vacuum")                                                                      \
	C(TIME, "last_autovacuum_s", "s.last_autovacuum")                                                              \
	C(TIME, "last_analyze_s", "s.last_analyze")                                                                    \
	C(TIME, "last_autoanalyze_s", "s.last_autoanalyze")

PG_TABLE(pg_stat_user_tables, 76, "pg_stat_user_tables", COLUMNS,
    .from = {{0, "pg_stat_user_tables s LEFT JOIN pg_statio_user_tables i ON i.relid = s.relid "
                 "JOIN pg_database d ON d.datname = current_database() ORDER BY s.relid"}},
    .pace = PG_SLOW, .per_database = true);
