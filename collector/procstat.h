/* procstat.h -- /proc/stat, of which two tables are made
 *
 * It is dear: for its line of interrupts the kernel goes through all interrupts of all CPUs. So a reading serves all
 * its users of one tick, which are then also of one moment.
 */
#ifndef COLLECTOR_PROCSTAT_H
#define COLLECTOR_PROCSTAT_H

#include "collector/source.h"

struct procstat_user;

/* A user of the file below env's root; the file is kept open while it has users. */
int procstat_new(const struct source_env *env, struct procstat_user **ret);
void procstat_free(struct procstat_user *u);
DEFINE_CLEANUP(procstat_user, procstat_free)

/* The text: another user's last reading if this user did not have it yet and it is at most PROCSTAT_AGE_NS old, else a
 * new one. Valid until the next call of any user. */
enum { PROCSTAT_AGE_NS = 20 * 1000 * 1000 };
int procstat_read(struct procstat_user *u, const char **ret);

#endif
