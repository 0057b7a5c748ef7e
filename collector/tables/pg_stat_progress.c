/* pg_stat_progress.c -- table pg_stat_progress: commands that tell how far they are, of all kinds */
#include "collector/pg_session.h"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(KEY_STR, "kind", "kind")                                                                                     \
	C(KEY_ID, "pid", "pid")                                                                                        \
	C(ID, "datid", "datid")                                                                                        \
	C(STR, "datname", "datname")                                                                                   \
	C(ID, "relid", "relid")                                                                                        \
	C(STR, "relation", "CASE WHEN datname = current_database() THEN relid::regclass::text END")                    \
	C(STR, "command", "command")                                                                                   \
	C(STR, "phase", "phase")                                                                                       \
	C(NUM, "blocks_total", "blocks_total")                                                                         \
	C(NUM, "blocks_done", "blocks_done")                                                                           \
	C(NUM, "tuples_total", "tuples_total")                                                                         \
	C(NUM, "tuples_done", "tuples_done")                                                                           \
	C(NUM, "bytes_total", "bytes_total")                                                                           \
	C(NUM, "bytes_done", "bytes_done")                                                                             \
	C(NUM, "parts_total", "parts_total")                                                                           \
	C(NUM, "parts_done", "parts_done")                                                                             \
	C(NUM, "index_rounds", "index_rounds")                                                                         \
	C(NUM, "blocks_vacuumed", "blocks_vacuumed")                                                                   \
	C(NUM, "dead_tuples", "dead_tuples")

/* What each view knows, under one name for one thing. */
#define VACUUM(parts, dead)                                                                                            \
	"(SELECT 'vacuum'::text AS kind, pid, datid, datname, relid, NULL::text AS command, phase, "                   \
	"heap_blks_total AS blocks_total, heap_blks_scanned AS blocks_done, NULL::bigint AS tuples_total, "            \
	"NULL::bigint AS tuples_done, NULL::bigint AS bytes_total, NULL::bigint AS bytes_done, " parts ", "            \
	"index_vacuum_count AS index_rounds, heap_blks_vacuumed AS blocks_vacuumed, " dead " AS dead_tuples "          \
	"FROM pg_stat_progress_vacuum"
#define VACUUM_10 VACUUM("NULL::bigint AS parts_total, NULL::bigint AS parts_done", "num_dead_tuples")
#define VACUUM_17 VACUUM("indexes_total AS parts_total, indexes_processed AS parts_done", "num_dead_item_ids")
#define SINCE_12                                                                                                       \
	" UNION ALL SELECT 'create index', pid, datid, datname, relid, command, phase, blocks_total, blocks_done, "    \
	"tuples_total, tuples_done, NULL, NULL, partitions_total, partitions_done, NULL, NULL, NULL "                  \
	"FROM pg_stat_progress_create_index "                                                                          \
	"UNION ALL SELECT 'cluster', pid, datid, datname, relid, command, phase, heap_blks_total, heap_blks_scanned, " \
	"NULL, heap_tuples_scanned, NULL, NULL, NULL, NULL, index_rebuild_count, NULL, NULL "                          \
	"FROM pg_stat_progress_cluster"
#define SINCE_13                                                                                                       \
	" UNION ALL SELECT 'analyze', pid, datid, datname, relid, NULL, phase, sample_blks_total, "                    \
	"sample_blks_scanned, NULL, NULL, NULL, NULL, child_tables_total, child_tables_done, NULL, NULL, NULL "        \
	"FROM pg_stat_progress_analyze "                                                                               \
	"UNION ALL SELECT 'base backup', pid, NULL, NULL, NULL, NULL, phase, NULL, NULL, NULL, NULL, backup_total, "   \
	"backup_streamed, tablespaces_total, tablespaces_streamed, NULL, NULL, NULL FROM pg_stat_progress_basebackup"
#define SINCE_14                                                                                                       \
	" UNION ALL SELECT 'copy', pid, datid, datname, relid, command, type, NULL, NULL, NULL, tuples_processed, "    \
	"bytes_total, bytes_processed, NULL, NULL, NULL, NULL, NULL FROM pg_stat_progress_copy"
#define ORDERED ") p ORDER BY kind, pid"

PG_TABLE(pg_stat_progress, 69, "pg_stat_progress", COLUMNS,
    .from = {{0, VACUUM_10 ORDERED}, {120000, VACUUM_10 SINCE_12 ORDERED},
        {130000, VACUUM_10 SINCE_12 SINCE_13 ORDERED}, {140000, VACUUM_10 SINCE_12 SINCE_13 SINCE_14 ORDERED},
        {170000, VACUUM_17 SINCE_12 SINCE_13 SINCE_14 ORDERED}},
    .finish = pg_session_name);
