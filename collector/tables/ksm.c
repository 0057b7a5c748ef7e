/* ksm.c -- table ksm: pages that were merged because they are the same, out of /sys/kernel/mm/ksm
 *
 * Kernels before a column came leave it NULL.
 */
#include "collector/columns.h"
#include "collector/sysdir.h"

static const struct column columns[] = {
    {"run", "", COL_U64, KIND_LABEL, 0, 0}, /* 1: merging, 0: stopped, 2: undone */
    GAUGE("pages_shared", "pages"),         /* that are used in the place of others */
    GAUGE("pages_sharing", "pages"),        /* sites that use them: what is saved */
    GAUGE("pages_unshared", "pages"),
    GAUGE("pages_volatile", "pages"),
    GAUGE("zero_pages", "pages"),
    {"full_scans", "", COL_U64, KIND_COUNTER, 0, 0},
    {"pages_scanned", "pages", COL_U64, KIND_COUNTER, 0, 0},
    {"pages_skipped", "pages", COL_U64, KIND_COUNTER, 0, 0},
    {"general_profit_bytes", "bytes", COL_I64, KIND_GAUGE, 0, 0},
    GAUGE("stable_node_chains", ""),
    GAUGE("stable_node_dups", ""),
    /* How it is set. */
    LABEL("pages_to_scan"),
    LABEL("sleep_ms"),
    LABEL("max_page_sharing"),
    LABEL("merge_across_nodes"),
    LABEL("use_zero_pages"),
    LABEL("smart_scan"),
    LABEL("stable_node_chains_prune_ms"),
    {"advisor_mode", "", COL_STR, KIND_LABEL, 0, 0},
    LABEL("advisor_max_cpu"),
    LABEL("advisor_min_pages_to_scan"),
    LABEL("advisor_max_pages_to_scan"),
    LABEL("advisor_target_scan_time"),
};

static const char *const files[N_ELEMENTS(columns)] = {"run", "pages_shared", "pages_sharing", "pages_unshared",
    "pages_volatile", "ksm_zero_pages", "full_scans", "pages_scanned", "pages_skipped", "general_profit",
    "stable_node_chains", "stable_node_dups", "pages_to_scan", "sleep_millisecs", "max_page_sharing",
    "merge_across_nodes", "use_zero_pages", "smart_scan", "stable_node_chains_prune_millisecs", "advisor_mode",
    "advisor_max_cpu", "advisor_min_pages_to_scan", "advisor_max_pages_to_scan", "advisor_target_scan_time"};

static int sample(const struct source_env *env, void *state, struct table *t)
{
	bool any = false;
	uint32_t row;
	int r = table_add_row(t, &row);

	(void)state;
	for (uint32_t i = 0; i < N_ELEMENTS(files) && r == 0; i++) {
		char path[SYSDIR_PATH_LEN_MAX + 1];

		snprintf(path, sizeof path, "sys/kernel/mm/ksm/%s", files[i]);
		r = sysdir_cell(env->fs, path, t, row, i);
		any |= !table_is_null(t, i, row);
	}
	if (r == 0 && !any) {
		table_drop_row(t);
		return -ENOENT;
	}
	return r;
}

SOURCE(ksm) = {
    .name = "ksm",
    .id = 36,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .sample = sample,
    .slow = true,
    .every_ms = 10000,
};
