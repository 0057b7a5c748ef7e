/* point_log.c -- table point_log: what histd does with custom series, one row */
#include "collector/gauges.h"
#include "collector/source.h"

enum {
	SERIES,
	BATCHES_NUMBER,
	BUFFERED,
	MEMORY,
	FILES,
	FILES_BYTES,
	LOG_BYTES,
	POINTS,
	BATCHES,
	SYNCS,
	DROPS,
	REFUSED,
	FAILED,
	DATAGRAMS,
	MISSED,
	SCRAPES,
	UNSCRAPED,
	FILES_WRITTEN,
	FILES_JOINED,
	FILES_REMOVED,
	DAMAGED,
	STREAMS,
	STREAMS_ENDED,
	N_COLUMNS
};

/* Part of the format: columns are only ever added, at the end. */
static const struct column columns[N_COLUMNS] = {
    [SERIES] = {"series", "", COL_U64, KIND_GAUGE, 0, 0},           /* live */
    [BATCHES_NUMBER] = {"number", "", COL_U64, KIND_COUNTER, 0, 0}, /* of the newest batch, ever */
    [BUFFERED] = {"buffered_points", "", COL_U64, KIND_GAUGE, 0, 0},
    [MEMORY] = {"memory_bytes", "bytes", COL_U64, KIND_GAUGE, 0, 0},
    [FILES] = {"files", "", COL_U64, KIND_GAUGE, 0, 0},
    [FILES_BYTES] = {"files_bytes", "bytes", COL_U64, KIND_GAUGE, 0, 0},
    [LOG_BYTES] = {"log_bytes", "bytes", COL_U64, KIND_GAUGE, 0, 0},
    [POINTS] = {"points", "", COL_U64, KIND_COUNTER, 0, 0}, /* since histd started, as the rest */
    [BATCHES] = {"batches", "", COL_U64, KIND_COUNTER, 0, 0},
    [SYNCS] = {"syncs", "", COL_U64, KIND_COUNTER, 0, 0},
    [DROPS] = {"drops", "", COL_U64, KIND_COUNTER, 0, 0},
    [REFUSED] = {"refused", "", COL_U64, KIND_COUNTER, 0, 0},         /* lines and points that were wrong */
    [FAILED] = {"failed", "", COL_U64, KIND_COUNTER, 0, 0},           /* puts and syncs */
    [DATAGRAMS] = {"datagrams", "", COL_U64, KIND_COUNTER, 0, 0},     /* taken; */
    [MISSED] = {"datagrams_missed", "", COL_U64, KIND_COUNTER, 0, 0}, /* and lost before, where that can be told */
    [SCRAPES] = {"scrapes", "", COL_U64, KIND_COUNTER, 0, 0},         /* of pages that were there */
    [UNSCRAPED] = {"scrapes_failed", "", COL_U64, KIND_COUNTER, 0, 0},
    [FILES_WRITTEN] = {"files_written", "", COL_U64, KIND_COUNTER, 0, 0},
    [FILES_JOINED] = {"files_joined", "", COL_U64, KIND_COUNTER, 0, 0},
    [FILES_REMOVED] = {"files_removed", "", COL_U64, KIND_COUNTER, 0, 0},
    [DAMAGED] = {"damaged", "", COL_U64, KIND_GAUGE, 0, 0},
    [STREAMS] = {"streams", "", COL_U64, KIND_GAUGE, 0, 0},               /* that clients have open to ports; */
    [STREAMS_ENDED] = {"streams_ended", "", COL_U64, KIND_COUNTER, 0, 0}, /* and those that were ended, being quiet */
};

static int sample(const struct source_env *env, void *state, struct table *t)
{
	struct gauges_stat st;
	uint32_t row;
	int r;

	(void)env;
	(void)state;
	if (!gauges_stat(&st))
		return -ENOENT;
	r = table_add_row(t, &row);
	if (r < 0)
		return r;
	table_set(t, row, SERIES, st.store.n_series);
	table_set(t, row, BATCHES_NUMBER, st.store.number);
	table_set(t, row, BUFFERED, st.store.n_points);
	table_set(t, row, MEMORY, st.store.memory);
	table_set(t, row, FILES, st.store.n_files);
	table_set(t, row, FILES_BYTES, st.store.files_bytes);
	table_set(t, row, LOG_BYTES, st.store.log_bytes);
	table_set(t, row, POINTS, st.store.n_put);
	table_set(t, row, BATCHES, st.store.n_batches);
	table_set(t, row, SYNCS, st.store.n_syncs);
	table_set(t, row, DROPS, st.n_drops);
	table_set(t, row, REFUSED, st.n_refused);
	table_set(t, row, FAILED, st.n_failed);
	table_set(t, row, DATAGRAMS, st.n_datagrams);
	table_set(t, row, MISSED, st.n_missed);
	table_set(t, row, SCRAPES, st.n_scrapes);
	table_set(t, row, UNSCRAPED, st.n_unscraped);
	table_set(t, row, FILES_WRITTEN, st.store.files_written);
	table_set(t, row, FILES_JOINED, st.store.files_joined);
	table_set(t, row, FILES_REMOVED, st.store.files_removed);
	table_set(t, row, DAMAGED, st.store.n_damaged);
	table_set(t, row, STREAMS, st.n_streams);
	table_set(t, row, STREAMS_ENDED, st.n_streams_ended);
	return 0;
}

SOURCE(point_log) = {
    .name = "point_log",
    .id = 40,
    .columns = columns,
    .n_columns = N_COLUMNS,
    .sample = sample,
};
