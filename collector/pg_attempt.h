/* pg_attempt.h -- connecting to a PostgreSQL server, on a thread of its own
 *
 * While libpq connects it looks names up and reads files, which takes as long as it likes and cannot be interrupted.
 * Whoever has no time for that leaves the attempt, whose thread holds nothing of the caller's; it ends as soon as libpq
 * comes back.
 */
#ifndef COLLECTOR_PG_ATTEMPT_H
#define COLLECTOR_PG_ATTEMPT_H

#include "store/cleanup.h"

struct pg_attempt;
struct pg_conn; /* libpq's PGconn */

/* conninfo: as libpq takes it; dbname: instead of the database in it, or NULL. */
int pg_attempt_start(const char *conninfo, const char *dbname, struct pg_attempt **ret);

/* Readable once it is over. */
int pg_attempt_fd(const struct pg_attempt *a);

/* After it is over: the connection, which is the caller's, also a failed one, which says why. NULL: out of memory. */
struct pg_conn *pg_attempt_take(struct pg_attempt *a);

/* Gives it up, if it is not over. */
void pg_attempt_free(struct pg_attempt *a);
DEFINE_CLEANUP(pg_attempt, pg_attempt_free)

#endif
