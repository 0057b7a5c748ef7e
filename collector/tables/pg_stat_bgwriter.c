/* pg_stat_bgwriter.c -- table pg_stat_bgwriter: checkpoints and the background writer, one row whatever the version */
#include "collector/pg_query.h"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(COUNT, "checkpoints_timed", "b.checkpoints_timed", 170000, "c.num_timed")                                    \
	C(COUNT, "checkpoints_requested", "b.checkpoints_req", 170000, "c.num_requested")                              \
	C(COUNT, "checkpoints_done", NULL, 180000, "c.num_done")                                                       \
	C(COUNT, "restartpoints_timed", NULL, 170000, "c.restartpoints_timed")                                         \
	C(COUNT, "restartpoints_requested", NULL, 170000, "c.restartpoints_req")                                       \
	C(COUNT, "restartpoints_done", NULL, 170000, "c.restartpoints_done")                                           \
	C(US, "checkpoint_write_time_us", "b.checkpoint_write_time", 170000, "c.write_time")                           \
	C(US, "checkpoint_sync_time_us", "b.checkpoint_sync_time", 170000, "c.sync_time")                              \
	C(COUNT, "buffers_checkpoint", "b.buffers_checkpoint", 170000, "c.buffers_written")                            \
	C(COUNT, "slru_written", NULL, 180000, "c.slru_written")                                                       \
	C(COUNT, "buffers_clean", "b.buffers_clean")                                                                   \
	C(COUNT, "maxwritten_clean", "b.maxwritten_clean")                                                             \
	C(COUNT, "buffers_backend", "b.buffers_backend", 170000)                                                       \
	C(COUNT, "buffers_backend_fsync", "b.buffers_backend_fsync", 170000)                                           \
	C(COUNT, "buffers_alloc", "b.buffers_alloc")                                                                   \
	C(RESET, "stats_reset_s", "b.stats_reset")                                                                     \
	C(RESET, "checkpointer_stats_reset_s", "b.stats_reset", 170000, "c.stats_reset")

PG_TABLE(pg_stat_bgwriter, 67, "pg_stat_bgwriter", COLUMNS,
    .from = {{0, "pg_stat_bgwriter b"}, {170000, "pg_stat_bgwriter b, pg_stat_checkpointer c"}});
