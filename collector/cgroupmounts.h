/* cgroupmounts.h -- where the hierarchies of cgroups are mounted
 *
 * There is one hierarchy of version 2, and on older systems and hybrid ones several of version 1, each with a
 * controller or two. A cgroup is a path: the same on all hierarchies that have it.
 */
#ifndef COLLECTOR_CGROUPMOUNTS_H
#define COLLECTOR_CGROUPMOUNTS_H

#include "collector/procfs.h"

/* What a hierarchy is for; CGROUP_V2 is the one of version 2, whatever controllers it has. */
enum cgroup_controller {
	CGROUP_V2 = 1,
	CGROUP_CPUACCT = 2,
	CGROUP_CPU = 4,
	CGROUP_MEMORY = 8,
	CGROUP_PIDS = 16,
	CGROUP_BLKIO = 32,
};

enum { CGROUP_MOUNTS_MAX = 6 };

struct cgroup_mount {
	int fd; /* of its top folder */
	unsigned controllers;
	char *folder; /* path of that, below the root prefix */
	char *top;    /* the cgroup that the top folder is; "" for the first of the hierarchy, so that paths follow */
};

struct cgroup_mounts {
	size_t n;
	struct cgroup_mount m[CGROUP_MOUNTS_MAX]; /* that of version 2 first */
};

/* Finds them in proc/self/mountinfo, or without it in the usual places. 0, also if there are none. -ENOMEM, -EMFILE. */
int cgroupmounts_find(struct procfs *fs, struct cgroup_mounts *ret);
void cgroupmounts_done(struct cgroup_mounts *ms);

/* A cgroup's folder, relative to the mount's. Only for cgroups below the mount's top. */
const char *cgroupmounts_relative(const struct cgroup_mount *m, const char *path);

#endif
