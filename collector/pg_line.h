/* pg_line.h -- the connections to one PostgreSQL server, one to a database at most
 *
 * A connection that waits, for an answer or for being connected, is kept, and no second one is made to its database:
 * also when the configuration is read again. Then the server's next thread goes on with what the one before left. Any
 * thread gets and puts lines; one at a time uses one.
 */
#ifndef COLLECTOR_PG_LINE_H
#define COLLECTOR_PG_LINE_H

#include "collector/pg_conn.h"

struct pg_line;

/* The line to that server: a new one, or the one that others of that name and conninfo have. Counted. */
int pg_line_get(const char *name, const char *conninfo, struct pg_line **ret);
/* The last one closes what is connected. */
void pg_line_put(struct pg_line *l);
DEFINE_CLEANUP(pg_line, pg_line_put)

/* Begins to use it. quit_fd: as of pg_conn_new. -EBUSY: another thread does. */
int pg_line_enter(struct pg_line *l, int quit_fd);
/* Ends it: what does not wait is closed. */
void pg_line_leave(struct pg_line *l);

/* The connection to the database that conninfo names. */
struct pg_conn *pg_line_first(struct pg_line *l);

/* A connection to another database: the one that still waits there, or a new one. -EBUSY: too many others wait. */
int pg_line_take(struct pg_line *l, const char *database, struct pg_conn **ret);
/* Gives it back: it is closed unless it waits. */
void pg_line_give(struct pg_line *l, const char *database, struct pg_conn *conn);

#endif
