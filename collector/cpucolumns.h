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

/* For sources whose state is a cpucolumns: open, close, and sample, which has each line behind the first added. */
int cpucolumns_open(const struct source_env *env, void **ret_state);
void cpucolumns_close(void *state);
int cpucolumns_sample(const struct source_env *env, struct cpucolumns *c, const char *path, struct table *t,
    int (*add_line)(const struct cpucolumns *c, struct table *t, const char *p));

/* Takes the counts of a line, one for each CPU, into the row's cells; ret_total is their sum. False if there are fewer:
 * the line means nothing (a CPU came or went while the kernel was printing). */
bool cpucolumns_counts(const struct cpucolumns *c, const char **p, struct table *t, uint32_t row, uint64_t *ret_total);

#endif
