/* cgroups.h -- the tree of cgroups, from tick to tick
 *
 * THE WALK. The tree is walked when the kernel's counts of cgroups have changed, when a cgroup turned out to be gone,
 * and every CGROUPS_WALK_MS in any case, or every CGROUPS_UNCOUNTED_MS if the kernel does not count them; but no more
 * often than once in as many milliseconds as there are cgroups, so that walking takes a hundredth of a CPU or so
 * however they come and go. It goes breadth first: of too many, the deepest are left out. A folder without folders in
 * it, as most are, is not opened: its link count says so.
 *
 * One thread.
 */
#ifndef COLLECTOR_CGROUPS_H
#define COLLECTOR_CGROUPS_H

#include "collector/cgroup.h"

enum { CGROUPS_MAX = 4096, CGROUPS_DEPTH_MAX = 16, CGROUPS_WALK_MS = 60000, CGROUPS_UNCOUNTED_MS = 10000 };

struct cgroups;

int cgroups_new(struct procfs *fs, struct cgroups **ret);
void cgroups_free(struct cgroups *c);
DEFINE_CLEANUP(cgroups, cgroups_free)

/* Fills the empty table t with a row for each cgroup, in order of path; now_ms is of a clock that only goes forward.
 * What goes away before all of its files are read has no row. -ENOENT: there are no cgroups here. */
int cgroups_sample(struct cgroups *c, struct table *t, uint64_t now_ms);

/* How many cgroups there are no rows for, at least. */
uint64_t cgroups_left_out(const struct cgroups *c);

#endif
