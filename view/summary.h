/* summary.h -- what was going on at a moment, on one screen
 *
 * Made of the tables' rates and gauges: what was not recorded is "-", what there was nothing of takes no line. How many
 * lines each part gets goes by the height of the screen; processes fill what the others leave.
 */
#ifndef VIEW_SUMMARY_H
#define VIEW_SUMMARY_H

#include "view/figures.h"
#include "view/screen.h"

enum {
	/* The file in /hour. */
	SUMMARY_WIDTH = 80,
	SUMMARY_LINES = 50,
	/* Of a part. */
	SUMMARY_ROWS_MAX = 32,
};

enum summary_sort { SORT_EACH, SORT_CPU, SORT_MEMORY, SORT_IO, SORT_WAIT, SORT_FAULTS, SORT_PID, N_SORTS };

struct summary_shape {
	bool head;              /* with a line that says which snapshot it is */
	enum summary_sort sort; /* of processes; SORT_EACH: a list by CPU, one by memory, one by I/O */
	uint32_t skip;          /* processes left out at the list's top; not with SORT_EACH */
	bool wrap;              /* command lines go on in the next line, instead of being cut */
};

/* What the parts of a summary work with. */
struct summary {
	struct moment at;
	struct screen *s;
	const struct summary_shape *shape;
	int64_t ms;    /* the snapshot's time */
	double over_s; /* since the snapshot before, which is what rates are over; NAN if there is none */
	char host[64];
};

/* Fills a new screen. -EBADMSG and others as store_rate. */
int summary_draw(const struct moment *at, const struct summary_shape *shape, struct screen *s);

/* "cpu", "memory", … as a person calls the order. */
const char *summary_sort_name(enum summary_sort sort);

/* --- the parts: each writes so many rows (SUMMARY_ROWS_MAX at the most), besides a header --- */

int machine_load(const struct summary *m, unsigned rows);
int machine_events(const struct summary *m, unsigned rows);
int machine_cpus(const struct summary *m, unsigned rows);
int machine_memory(const struct summary *m, unsigned rows);
int machine_paging(const struct summary *m, unsigned rows);
int machine_tcp(const struct summary *m, unsigned rows);
int machine_pressure(const struct summary *m, unsigned rows);
int machine_recorder(const struct summary *m, unsigned rows);
int devices_filesystems(const struct summary *m, unsigned rows);
int devices_disks(const struct summary *m, unsigned rows);
int devices_nets(const struct summary *m, unsigned rows);
int postgres_servers(const struct summary *m, unsigned rows);
int tasks_cgroups(const struct summary *m, unsigned rows);
int tasks_exited(const struct summary *m, unsigned rows);
int processes_lists(const struct summary *m, unsigned rows);

#endif
