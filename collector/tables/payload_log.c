/* payload_log.c -- table payload_log: what histd does with payloads, one row */
#include "collector/documents.h"
#include "collector/source.h"

enum { KEYS, RECORDS, BYTES, SNAPSHOT_BYTES, MEMORY, SEGMENTS, PUTS, GETS, SYNCS, FAILED, DAMAGED, N_COLUMNS };

/* Part of the format: columns are only ever added, at the end. */
static const struct column columns[N_COLUMNS] = {
    [KEYS] = {"keys", "", COL_U64, KIND_GAUGE, 0, 0},
    [RECORDS] = {"records", "", COL_U64, KIND_COUNTER, 0, 0}, /* ever written: the number of the newest */
    [BYTES] = {"bytes", "bytes", COL_U64, KIND_GAUGE, 0, 0},
    [SNAPSHOT_BYTES] = {"snapshot_bytes", "bytes", COL_U64, KIND_GAUGE, 0, 0},
    [MEMORY] = {"memory_bytes", "bytes", COL_U64, KIND_GAUGE, 0, 0},
    [SEGMENTS] = {"segments", "", COL_U64, KIND_GAUGE, 0, 0},
    [PUTS] = {"puts", "", COL_U64, KIND_COUNTER, 0, 0}, /* also deletes; since histd started, as the rest */
    [GETS] = {"gets", "", COL_U64, KIND_COUNTER, 0, 0},
    [SYNCS] = {"syncs", "", COL_U64, KIND_COUNTER, 0, 0},
    [FAILED] = {"failed", "", COL_U64, KIND_COUNTER, 0, 0}, /* puts and syncs */
    [DAMAGED] = {"damaged", "", COL_U64, KIND_GAUGE, 0, 0},
};

static int sample(const struct source_env *env, void *state, struct table *t)
{
	struct documents_stat st;
	uint32_t row;
	int r;

	(void)state;
	if (!documents_stat(&st)) {
		if (st.why == 0)
			return -ENOENT;
		source_note(env, "payloads cannot be opened; it is tried again, once a minute at least");
		return st.why;
	}
	r = table_add_row(t, &row);
	if (r < 0)
		return r;
	table_set(t, row, KEYS, st.store.n_keys);
	table_set(t, row, RECORDS, st.store.newest_number);
	table_set(t, row, BYTES, st.store.bytes);
	table_set(t, row, SNAPSHOT_BYTES, st.store.snapshot_bytes);
	table_set(t, row, MEMORY, st.store.memory);
	table_set(t, row, SEGMENTS, st.store.n_segments);
	table_set(t, row, PUTS, st.n_puts);
	table_set(t, row, GETS, st.n_gets);
	table_set(t, row, SYNCS, st.n_syncs);
	table_set(t, row, FAILED, st.n_failed);
	table_set(t, row, DAMAGED, st.store.n_damaged);
	return 0;
}

SOURCE(payload_log) = {
    .name = "payload_log",
    .id = 39,
    .columns = columns,
    .n_columns = N_COLUMNS,
    .sample = sample,
};
