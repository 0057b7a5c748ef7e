/* cgroupparse.h -- what stands in the files of a cgroup, as cells of the table cgroup
 *
 * VERSION 1. What its controllers show goes into the columns of version 2 where it means the same. Where a cgroup is in
 * hierarchies of both, version 2 is asked first.
 */
#ifndef COLLECTOR_CGROUPPARSE_H
#define COLLECTOR_CGROUPPARSE_H

#include "collector/cgroupmounts.h"
#include "collector/source.h"

/* "max": no limit. As a number it is above all others, so that comparisons come out right. */
#define CGROUP_NO_LIMIT UINT64_MAX

/* Columns of the table, in order. */
enum cgroup_column {
	CG_PATH,
	CG_ID,
	CG_CPU_USAGE,
	CG_CPU_USER,
	CG_CPU_SYSTEM,
	CG_CPU_PERIODS,
	CG_CPU_THROTTLED_PERIODS,
	CG_CPU_THROTTLED,
	CG_CPU_BURSTS,
	CG_CPU_BURST,
	CG_CPU_QUOTA,
	CG_CPU_PERIOD,
	CG_CPU_WEIGHT,
	CG_MEMORY,
	CG_MEMORY_MAX,
	CG_MEMORY_HIGH,
	CG_MEMORY_LOW,
	CG_MEMORY_MIN,
	CG_MEMORY_PEAK,
	CG_SWAP,
	CG_SWAP_MAX,
	CG_EVENTS_LOW,
	CG_EVENTS_HIGH,
	CG_EVENTS_MAX,
	CG_EVENTS_OOM,
	CG_EVENTS_OOM_KILL,
	CG_PIDS,
	CG_PIDS_MAX,
	CG_PIDS_PEAK,
	CG_IO_RBYTES,
	CG_IO_WBYTES,
	CG_IO_DBYTES,
	CG_IO_RIOS,
	CG_IO_WIOS,
	CG_IO_DIOS,
	CG_PSI_CPU, /* some avg10, some total, full avg10, full total; likewise below */
	CG_PSI_IO = CG_PSI_CPU + 4,
	CG_PSI_MEMORY = CG_PSI_IO + 4,
	CG_PSI_IRQ = CG_PSI_MEMORY + 4,
	CG_POPULATED = CG_PSI_IRQ + 4,
	CG_FROZEN,
	CG_DESCENDANTS,
	CG_DYING,
	N_CGROUP_COLUMNS
};

/* The cells of a row. */
struct cgroup_cells {
	uint32_t cap; /* columns there is room for */
	uint64_t *v;
	uint8_t *has; /* 0: NULL; else 1 + the enum cgroup_when of the file that it is from */
};

/* Makes room for so many columns. 0 or -ENOMEM. */
int cgroup_cells_reserve(struct cgroup_cells *c, uint32_t n);
void cgroup_cells_done(struct cgroup_cells *c);

/* When a file is read, see cgroup.h. */
enum cgroup_when { CGROUP_SIGN, CGROUP_STALL, CGROUP_ACTIVE, CGROUP_SETTING };

/* The files, in order of that. Where two have a column, the first that is there fills it. */
enum { CGROUP_N_FILES = 39 };
struct cgroup_file {
	const char *name;
	enum cgroup_controller of;
	enum cgroup_when when;
	int format;
	uint8_t column; /* the first that it fills; 0: that depends on its lines */
	uint32_t divide;
	const char *prefix;                  /* of lines' columns; */
	bool open;                           /* those that are not there yet are added */
	const struct cgroup_rename *renames; /* only these lines are recorded; ends in a NULL */
};
extern const struct cgroup_file cgroupparse_files[CGROUP_N_FILES];

/* What is known of the files' lines. */
struct cgroupparse;

int cgroupparse_new(struct cgroupparse **ret);
void cgroupparse_free(struct cgroupparse *cp);
DEFINE_CLEANUP(cgroupparse, cgroupparse_free)
/* Forgets which columns the lines have. */
void cgroupparse_forget(struct cgroupparse *cp);

/* Takes the text of a file into cells that are NULL; columns that turn up are added to t, which has no rows. What is
 * not understood leaves them so. 0 or -ENOMEM. */
int cgroupparse_file(
    struct cgroupparse *cp, size_t file, const char *text, struct table *t, struct cgroup_cells *cells);

#endif
