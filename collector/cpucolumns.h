/* cpucolumns.h -- tables with a column a CPU (interrupts, softirqs)
 *
 * The first line of their files names the CPUs that the counts below are of. The column of CPU 7 is cpu7 whatever its
 * place in the line, so that a CPU that goes away leaves NULLs and one that comes gets a column at the end.
 */
#ifndef COLLECTOR_CPUCOLUMNS_H
#define COLLECTOR_CPUCOLUMNS_H

#include "collector/source.h"

struct cpucolumns;

int cpucolumns_new(struct cpucolumns **ret);
void cpucolumns_free(struct cpucolumns *c);
DEFINE_CLEANUP(cpucolumns, cpucolumns_free)

/* Reads the file, always of the same path, which is kept open, and adds columns for CPUs that are new to the empty
 * table. ret is the text behind the first line. -ENODATA: that names no CPU. */
int cpucolumns_read(struct cpucolumns *c, struct procfs *fs, const char *path, struct table *t, const char **ret);

/* Takes the counts of a line, one for each CPU, into the row's cells; ret_total is their sum. False if there are fewer:
 * the line means nothing (a CPU came or went while the kernel was printing). */
bool cpucolumns_counts(const struct cpucolumns *c, const char **p, struct table *t, uint32_t row, uint64_t *ret_total);

#endif
