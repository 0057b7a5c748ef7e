/* pglog_prefix.h -- a server's log_line_prefix, compiled to take lines apart
 *
 * Immutable once it is made: any number of threads may use it.
 */
#ifndef COLLECTOR_PGLOG_PREFIX_H
#define COLLECTOR_PGLOG_PREFIX_H

#include "collector/pglog_record.h"
#include "store/cleanup.h"

struct pglog_prefix;

/* -EMSGSIZE: it has more parts than any sensible one. */
int pglog_prefix_new(const char *setting, struct pglog_prefix **ret);
void pglog_prefix_free(struct pglog_prefix *x);
DEFINE_CLEANUP(pglog_prefix, pglog_prefix_free)

/* Takes the prefix off a line, behind which a word and ":" must follow, and sets what it says of the record. False: the
 * line does not begin so. */
bool pglog_prefix_take(
    const struct pglog_prefix *x, struct pgtext *line, const struct pglog_clock *clock, struct pglog_record *rec);

#endif
