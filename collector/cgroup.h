/* cgroup.h -- one cgroup from tick to tick: its files, and what they said
 *
 * SPARING. Most cgroups idle. Of each, the files are read first that show what it did: CPU time, memory, tasks
 * (CGROUP_SIGN). Waiting for I/O is none of these: if anything on the machine did, io.pressure is read too
 * (CGROUP_STALL). Only where one of them says something else than before, the others are read (CGROUP_ACTIVE). All of
 * them, and what is set by whoever manages the cgroup (CGROUP_SETTING), are read every CGROUP_FULL_MS.
 */
#ifndef COLLECTOR_CGROUP_H
#define COLLECTOR_CGROUP_H

#include "collector/cgroupparse.h"

enum { CGROUP_FULL_MS = 10000 };

/* What is the same for all cgroups of a tick. */
struct cgroup_tick {
	uint64_t now_ms; /* of a clock that only goes forward */
	bool stalled;    /* something on the machine may have waited for I/O since the tick before */
};

struct cgroup {
	char *path;                      /* as in /proc/PID/cgroup */
	uint64_t ino[CGROUP_MOUNTS_MAX]; /* its folder's on each mount; 0: it is not there */
	uint64_t id;                     /* the first of these */
	bool gone;
	bool known;          /* it was read: what follows is set */
	uint64_t full_ms;    /* when it was read in full last */
	unsigned generation; /* of columns that the cells are of */
	int fd[CGROUP_N_FILES];
	struct cgroup_cells cells;
};

/* What reading cgroups has in common: where they are mounted, what the lines of their files are called, how many files
 * are kept open. */
struct cgroup_files;

int cgroup_files_new(const struct cgroup_mounts *mounts, struct cgroup_files **ret);
/* All cgroups must be freed before. */
void cgroup_files_free(struct cgroup_files *cf);
DEFINE_CLEANUP(cgroup_files, cgroup_files_free)

/* Takes path, also on an error. */
int cgroup_new(char *path, const uint64_t ino[CGROUP_MOUNTS_MAX], struct cgroup **ret);
void cgroup_free(struct cgroup_files *cf, struct cgroup *g);

/* Brings the cells up to date; columns that turn up are added to t, which has no rows. -ENOENT: the cgroup is gone. */
int cgroup_read(struct cgroup_files *cf, struct cgroup *g, struct table *t, const struct cgroup_tick *tick);

/* Sets the cells of a row. */
int cgroup_put(const struct cgroup *g, struct table *t, uint32_t row);

#endif
