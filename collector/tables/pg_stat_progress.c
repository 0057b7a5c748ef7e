/* pg_stat_progress.c -- table pg_stat_progress: commands that tell how far they are, of all kinds
 *
 * Each kind has a view of its own, and each version other columns in it. A row is made a JSON object, of which the
 * columns here take what they are about under whatever name it has: what a view does not have is NULL.
 */
#include "collector/pg_session.h"

#define KEY(name) "p.j->>'" name "'"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(KEY_STR, "kind", "p.kind")                                                                                   \
	C(KEY_ID, "pid", "p.pid")                                                                                      \
	C(ID, "datid", KEY("datid"))                                                                                   \
	C(STR, "datname", KEY("datname"))                                                                              \
	C(ID, "relid", KEY("relid"))                                                                                   \
	C(STR, "relation",                                                                                             \
	    "CASE WHEN p.j->>'datname' = current_database() THEN nullif(p.j->>'relid', '0')::oid::regclass::text END") \
	C(STR, "command", KEY("command"))                                                                              \
	C(STR, "phase", "coalesce(p.j->>'phase', p.j->>'type')")                                                       \
	C(NUM, "blocks_total", "coalesce(p.j->>'heap_blks_total', p.j->>'blocks_total', p.j->>'sample_blks_total')")   \
	C(NUM, "blocks_done", "coalesce(p.j->>'heap_blks_scanned', p.j->>'blocks_done', p.j->>'sample_blks_scanned')") \
	C(NUM, "tuples_total", KEY("tuples_total"))                                                                    \
	C(NUM, "tuples_done", "coalesce(p.j->>'tuples_done', p.j->>'heap_tuples_scanned', p.j->>'tuples_processed')")  \
	C(NUM, "bytes_total", "coalesce(p.j->>'bytes_total', p.j->>'backup_total')")                                   \
	C(NUM, "bytes_done", "coalesce(p.j->>'bytes_processed', p.j->>'backup_streamed')")                             \
	C(NUM, "parts_total",                                                                                          \
	    "coalesce(p.j->>'indexes_total', p.j->>'partitions_total', p.j->>'child_tables_total', "                   \
	    "p.j->>'tablespaces_total')")                                                                              \
	C(NUM, "parts_done",                                                                                           \
	    "coalesce(p.j->>'indexes_processed', p.j->>'partitions_done', p.j->>'child_tables_done', "                 \
	    "p.j->>'tablespaces_streamed')")                                                                           \
	C(NUM, "index_rounds", "coalesce(p.j->>'index_vacuum_count', p.j->>'index_rebuild_count')")                    \
	C(NUM, "blocks_vacuumed", KEY("heap_blks_vacuumed"))                                                           \
	C(NUM, "dead_tuples", "coalesce(p.j->>'num_dead_tuples', p.j->>'num_dead_item_ids')")                          \
	C(NUM, "dead_tuples_max", KEY("max_dead_tuples"))                                                              \
	C(BYTES, "dead_tuple_bytes", KEY("dead_tuple_bytes"))                                                          \
	C(BYTES, "dead_tuple_max_bytes", KEY("max_dead_tuple_bytes"))                                                  \
	C(US, "delay_time_us", KEY("delay_time"))                                                                      \
	C(ID, "index_relid", "coalesce(p.j->>'index_relid', p.j->>'cluster_index_relid')")                             \
	C(NUM, "lockers_total", KEY("lockers_total"))                                                                  \
	C(NUM, "lockers_done", KEY("lockers_done"))                                                                    \
	C(ID, "locker_pid", KEY("current_locker_pid"))                                                                 \
	C(NUM, "tuples_written", KEY("heap_tuples_written"))                                                           \
	C(NUM, "tuples_excluded", KEY("tuples_excluded"))                                                              \
	C(NUM, "tuples_skipped", KEY("tuples_skipped"))                                                                \
	C(NUM, "statistics_total", KEY("ext_stats_total"))                                                             \
	C(NUM, "statistics_done", KEY("ext_stats_computed"))                                                           \
	C(ID, "part_relid", KEY("current_child_table_relid"))

#define KIND(kind, view) "SELECT '" kind "'::text AS kind, v.pid, to_jsonb(v) AS j FROM pg_stat_progress_" view " v"
#define SINCE_10 "(" KIND("vacuum", "vacuum")
#define SINCE_12 SINCE_10 " UNION ALL " KIND("create index", "create_index") " UNION ALL " KIND("cluster", "cluster")
#define SINCE_13 SINCE_12 " UNION ALL " KIND("analyze", "analyze") " UNION ALL " KIND("base backup", "basebackup")
#define SINCE_14 SINCE_13 " UNION ALL " KIND("copy", "copy")
#define ORDERED ") p ORDER BY p.kind, p.pid"

PG_TABLE(pg_stat_progress, 69, "pg_stat_progress", COLUMNS,
    .from = {{0, SINCE_10 ORDERED}, {120000, SINCE_12 ORDERED}, {130000, SINCE_13 ORDERED}, {140000, SINCE_14 ORDERED}},
    .finish = pg_session_name);
