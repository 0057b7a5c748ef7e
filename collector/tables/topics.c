/* topics.c -- table topics: what histd does with messages, one row */
#include "collector/ingest.h"
#include "collector/source.h"

enum {
	TOPICS,
	PARTITIONS,
	CLIENTS,
	REQUESTS,
	MESSAGES,
	BATCHES,
	WRITTEN,
	SYNCS,
	FAILED,
	SEGMENTS_CREATED,
	SEGMENTS_REMOVED,
	SEGMENTS_COMPACTED,
	INDEX_REBUILDS,
	LOOKUPS,
	READ,
	CRC_FAILURES,
	N_COLUMNS
};

/* Part of the format: columns are only ever added, at the end. */
static const struct column columns[N_COLUMNS] = {
    [TOPICS] = {"topics", "", COL_U64, KIND_GAUGE, 0, 0},
    [PARTITIONS] = {"partitions", "", COL_U64, KIND_GAUGE, 0, 0},
    [CLIENTS] = {"clients", "", COL_U64, KIND_GAUGE, 0, 0},
    [REQUESTS] = {"requests", "", COL_U64, KIND_COUNTER, 0, 0},
    [MESSAGES] = {"messages", "", COL_U64, KIND_COUNTER, 0, 0},
    [BATCHES] = {"batches", "", COL_U64, KIND_COUNTER, 0, 0},
    [WRITTEN] = {"written_bytes", "bytes", COL_U64, KIND_COUNTER, 0, 0},
    [SYNCS] = {"syncs", "", COL_U64, KIND_COUNTER, 0, 0},
    [FAILED] = {"failed", "", COL_U64, KIND_COUNTER, 0, 0}, /* appends and syncs */
    [SEGMENTS_CREATED] = {"segments_created", "", COL_U64, KIND_COUNTER, 0, 0},
    [SEGMENTS_REMOVED] = {"segments_removed", "", COL_U64, KIND_COUNTER, 0, 0},
    [SEGMENTS_COMPACTED] = {"segments_compacted", "", COL_U64, KIND_COUNTER, 0, 0},
    [INDEX_REBUILDS] = {"index_rebuilds", "", COL_U64, KIND_COUNTER, 0, 0},
    [LOOKUPS] = {"lookups", "", COL_U64, KIND_COUNTER, 0, 0}, /* of offsets and times, by clients; they */
    [READ] = {"read_bytes", "bytes", COL_U64, KIND_COUNTER, 0, 0},
    [CRC_FAILURES] = {"crc_failures", "", COL_U64, KIND_COUNTER, 0, 0}, /* met by them */
};

static int sample(const struct source_env *env, void *state, struct table *t)
{
	struct ingest_stat st;
	uint32_t row;
	int r;

	(void)env;
	(void)state;
	if (!ingest_stat(&st))
		return -ENOENT;
	r = table_add_row(t, &row);
	if (r < 0)
		return r;
	table_set(t, row, TOPICS, st.n_topics);
	table_set(t, row, PARTITIONS, st.n_partitions);
	table_set(t, row, CLIENTS, st.n_clients);
	table_set(t, row, REQUESTS, st.n_requests);
	table_set(t, row, MESSAGES, st.store.n_messages);
	table_set(t, row, BATCHES, st.store.n_batches);
	table_set(t, row, WRITTEN, st.store.bytes_written);
	table_set(t, row, SYNCS, st.store.n_syncs);
	table_set(t, row, FAILED, st.n_failed);
	table_set(t, row, SEGMENTS_CREATED, st.store.segments_created);
	table_set(t, row, SEGMENTS_REMOVED, st.store.segments_removed);
	table_set(t, row, SEGMENTS_COMPACTED, st.store.segments_compacted);
	table_set(t, row, INDEX_REBUILDS, st.store.index_rebuilds);
	table_set(t, row, LOOKUPS, st.n_lookups);
	table_set(t, row, READ, st.bytes_read);
	table_set(t, row, CRC_FAILURES, st.n_damaged);
	return 0;
}

SOURCE(topics) = {
    .name = "topics",
    .id = 38,
    .columns = columns,
    .n_columns = N_COLUMNS,
    .sample = sample,
};
