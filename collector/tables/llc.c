/* llc.c -- table llc: last level caches that the CPU can watch, out of a mounted /sys/fs/resctrl
 *
 * size_kib is that of the first CPU's third level cache: there is one like it a socket.
 */
#include "collector/sysdir.h"

enum { CACHE, OCCUPANCY, TOTAL, LOCAL, SIZE };

static const struct column columns[] = {
    [CACHE] = {"cache", "", COL_STR, KIND_LABEL, COL_KEY, 0}, /* mon_L3_00, … */
    [OCCUPANCY] = {"occupancy_bytes", "bytes", COL_U64, KIND_GAUGE, 0, 0},
    [TOTAL] = {"memory_bytes", "bytes", COL_U64, KIND_COUNTER, 0, 0},
    [LOCAL] = {"local_memory_bytes", "bytes", COL_U64, KIND_COUNTER, 0, 0}, /* of the cache's own NUMA node */
    [SIZE] = {"size_kib", "KiB", COL_U64, KIND_LABEL, 0, 0},
};

static const char *const files[N_ELEMENTS(columns)] = {
    [OCCUPANCY] = "llc_occupancy",
    [TOTAL] = "mbm_total_bytes",
    [LOCAL] = "mbm_local_bytes",
};

static int sample(const struct source_env *env, void *state, struct table *t)
{
	int r = sysdir_rows(env->fs, "sys/fs/resctrl/mon_data", "mon_L3_", files, N_ELEMENTS(files), t);

	(void)state;
	for (uint32_t row = 0; row < t->n_rows && r == 0; row++)
		r = sysdir_cell(env->fs, "sys/devices/system/cpu/cpu0/cache/index3/size", t, row, SIZE);
	return r == 0 && t->n_rows == 0 ? -ENOENT : r;
}

SOURCE(llc) = {
    .name = "llc",
    .id = 34,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .sample = sample,
    .slow = true,
    .every_ms = 10000,
    .apart = true,
};
