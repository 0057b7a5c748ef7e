/* heat.h -- the heatmap's measures of a snapshot (docs/format.md, section 9) */
#ifndef STORE_HEAT_H
#define STORE_HEAT_H

#include "store/format.h"
#include "store/table.h"

/* Counters of the snapshot before, which rates are taken from. */
struct heat_state;

int heat_state_new(struct heat_state **ret);
void heat_state_free(struct heat_state *h);
DEFINE_CLEANUP(heat_state, heat_state_free)

/* The entry of a snapshot that follows the one given before (of the same boot; otherwise, and for the first one, all
 * rates are unknown). Absent tables, columns and NULLs make measures HEAT_UNKNOWN, and so do rates of tables that were
 * not due; when they are due again, their rates are of the time since they were taken before. seq is left 0.
 *
 *   cpu, iowait   share of the `all` row of `cpu` that was not idle or iowait / was iowait
 *   mem           1 - MemAvailable / MemTotal (MemFree + Buffers + Cached on kernels before 3.14)
 *   psi_*         growth of `some` total over the time
 *   disk          largest growth of io_ms over the time
 *   cgroup_cpu    growth of cpu_usage over the time times period over quota, of the row of `cgroup` with the most
 *   cgroup_mem    memory_current / memory_max of the row of `cgroup` with the most
 *   active        rows of pg_stat_activity that are client backends in state active
 *   waiting       those of them that have a wait_event
 *   errors_*, checkpoints, autovacuums, slow_queries
 *                 growth of columns of pg_log_events; checkpoints are restartpoints, too
 *   health        100 less the worst of: psi cpu, psi io, twice psi memory, ten times what memory is used over 900 ‰
 *                 (in per cent; without psi: cpu busy over 900 ‰ times ten, iowait) */
int heat_entry(struct heat_state *h, const struct snapshot *s, struct disk_heat *ret);

/* Whether any measure is of the table of that name: an entry is the same without all others. */
bool heat_uses(const char *table);

/* The measure that an entry's health is of: the worst of those above. -1: nothing is bad. */
int heat_reason(const struct disk_heat *e);

/* The measures as columns are named. */
extern const char *const heat_names[HEAT_N];

#endif
