/* pglog.h -- the log of one PostgreSQL server, read by a thread of its own
 *
 * The thread reads what is new about once a second, and hands rows over in batches. A batch counts as recorded when all
 * its tables were taken, and only then is where it ends remembered in the store: after a restart, nothing is read twice
 * that was taken, and nothing is left out that was not. Whoever takes rows waits for no file.
 */
#ifndef COLLECTOR_PGLOG_H
#define COLLECTOR_PGLOG_H

#include "collector/config.h"
#include "collector/pglog_place.h"
#include "collector/source.h"

enum pglog_table { PGLOG_ERRORS, PGLOG_COUNTS, PGLOG_EVENTS, PGLOG_TABLES };

struct pglog;

/* *ret is NULL if the log is not to be read. What c holds is copied. */
int pglog_start(const struct config *c, const struct config_postgres *given, struct pglog **ret);
/* Ends the threads of logs[0..n), which may be NULL: all at once. One that hangs on a file is left behind and frees
 * what it has when it comes back. */
void pglog_stop(struct pglog *const *logs, size_t n);

/* Asks the server where its log is, and touches no file. On the server's thread; an error is the connection's. */
int pglog_find(struct pglog *l, struct pg_conn *conn);

/* Whether there are rows that were not put yet. */
bool pglog_is_new(struct pglog *l, enum pglog_table which);

/* Appends the rows to t, whose schema begins as the source's does: those there are now; of events those that were not
 * put yet. 0: they are of *ret_ns of CLOCK_BOOTTIME; -ENOENT: the log is not read, and the note says why. report:
 * interval and note are filled in. */
int pglog_put(struct pglog *l, enum pglog_table which, struct table *t, int64_t *ret_ns, struct source_report *report);

#endif
