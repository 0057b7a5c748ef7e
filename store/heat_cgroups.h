/* heat_cgroups.h -- the heatmap's measures of cgroups: how near any is to a limit of its own */
#ifndef STORE_HEAT_CGROUPS_H
#define STORE_HEAT_CGROUPS_H

#include "store/table.h"

/* What cgroups with a limit of CPU had used at a moment. A zeroed one is of a moment without any. */
struct heat_cgroups {
	uint32_t n, cap;
	struct heat_cgroup *v;
	struct buf paths;
};

void heat_cgroups_done(struct heat_cgroups *h);

/* Takes them out of the table cgroup; NULL: there are none. 0 or -ENOMEM. */
int heat_cgroups_take(struct heat_cgroups *h, const struct table *t);

/* The largest share of its limit, in per mille, that a cgroup used in the us microseconds between two moments;
 * HEAT_UNKNOWN if none with a limit is in both. */
uint16_t heat_cgroups_cpu(const struct heat_cgroups *before, const struct heat_cgroups *now, uint64_t us);

/* The largest share of its limit of memory that a cgroup has; t NULL, or no limits: HEAT_UNKNOWN. */
uint16_t heat_cgroups_memory(const struct table *t);

#endif
