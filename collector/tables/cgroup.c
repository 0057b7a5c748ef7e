/* cgroup.c -- table cgroup: one row a cgroup, of the whole tree
 *
 * What the kernel adds to cpu.stat, memory.stat and memory.events gets columns of its own. How a cgroup is read, and
 * when it is not: collector/cgroup.h. How they are found: collector/cgroups.h.
 */
#include "collector/cgroups.h"
#include "collector/columns.h"

#include <time.h>

#define PRESSURE(n)                                                                                                    \
	{n "_some_avg10", "%", COL_DEC, KIND_GAUGE, 0, 2}, {n "_some_total_us", "us", COL_U64, KIND_COUNTER, 0, 0},    \
	    {n "_full_avg10", "%", COL_DEC, KIND_GAUGE, 0, 2},                                                         \
	{                                                                                                              \
		n "_full_total_us", "us", COL_U64, KIND_COUNTER, 0, 0                                                  \
	}

/* In the order of enum cgroup_column. Part of the format: columns are only ever added, at the end. */
static const struct column columns[] = {
    {"path", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    {"id", "", COL_U64, KIND_LABEL, COL_KEY, 0}, /* another one of the same path has another */
    COUNTER("cpu_usage_us", "us"),
    COUNTER("cpu_user_us", "us"),
    COUNTER("cpu_system_us", "us"),
    COUNTER("cpu_nr_periods", ""),
    COUNTER("cpu_nr_throttled", ""),
    COUNTER("cpu_throttled_us", "us"),
    COUNTER("cpu_nr_bursts", ""),
    COUNTER("cpu_burst_us", "us"),
    GAUGE("cpu_quota_us", "us"), /* this and all limits: CGROUP_NO_LIMIT */
    GAUGE("cpu_period_us", "us"),
    GAUGE("cpu_weight", ""),
    GAUGE("memory_current_bytes", "bytes"),
    GAUGE("memory_max_bytes", "bytes"),
    GAUGE("memory_high_bytes", "bytes"),
    GAUGE("memory_low_bytes", "bytes"),
    GAUGE("memory_min_bytes", "bytes"),
    GAUGE("memory_peak_bytes", "bytes"),
    GAUGE("swap_current_bytes", "bytes"),
    GAUGE("swap_max_bytes", "bytes"),
    COUNTER("memory_events_low", ""),
    COUNTER("memory_events_high", ""),
    COUNTER("memory_events_max", ""),
    COUNTER("memory_events_oom", ""),
    COUNTER("memory_events_oom_kill", ""),
    GAUGE("pids_current", ""),
    GAUGE("pids_max", ""),
    GAUGE("pids_peak", ""),
    COUNTER("io_rbytes", "bytes"),
    COUNTER("io_wbytes", "bytes"),
    COUNTER("io_dbytes", "bytes"),
    COUNTER("io_rios", ""),
    COUNTER("io_wios", ""),
    COUNTER("io_dios", ""),
    PRESSURE("psi_cpu"),
    PRESSURE("psi_io"),
    PRESSURE("psi_memory"),
    PRESSURE("psi_irq"),
    GAUGE("populated", ""),
    GAUGE("frozen", ""),
    GAUGE("nr_descendants", ""),
    GAUGE("nr_dying_descendants", ""),
};
_Static_assert(N_ELEMENTS(columns) == N_CGROUP_COLUMNS, "a column for each of enum cgroup_column");

static int open_(const struct source_env *env, void **ret_state)
{
	struct cgroups *c;
	int r = cgroups_new(env->fs, &c);

	if (r == 0)
		*ret_state = c;
	return r;
}

static void close_(void *state)
{
	cgroups_free(state);
}

static uint64_t boottime_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	int r = cgroups_sample(state, t, boottime_ms());

	if (r == 0 && cgroups_left_out(state) > 0)
		source_note(env, "%llu cgroups or more are left out: only %d are recorded, and no deeper than %d",
		    (unsigned long long)cgroups_left_out(state), CGROUPS_MAX, CGROUPS_DEPTH_MAX);
	return r;
}

SOURCE(cgroup) = {
    .name = "cgroup",
    .id = 18,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = open_,
    .close = close_,
    .sample = sample,
    .slow = true,
};
