/* pg_conn.h -- one connection to a PostgreSQL server, with a time limit on everything
 *
 * The server is asked to give up by itself (statement_timeout, lock_timeout). Where it does not answer at all, the
 * connection goes on waiting and is never replaced by a second one: a server that hangs is not to be buried under
 * connections. Sessions are read-only. One thread.
 */
#ifndef COLLECTOR_PG_CONN_H
#define COLLECTOR_PG_CONN_H

#include "store/cleanup.h"

#include <stdbool.h>

struct pg_conn;
struct pg_result; /* libpq's PGresult */

void pg_conn_clear(struct pg_result *r);
DEFINE_CLEANUP(pg_result, pg_conn_clear)

/* Nothing is connected yet. conninfo: as libpq takes it; dbname: instead of the database in it (NULL: that one);
 * quit_fd: once it is readable, nothing is waited for any more. */
int pg_conn_new(const char *conninfo, const char *dbname, int quit_fd, struct pg_conn **ret);
void pg_conn_free(struct pg_conn *c);
DEFINE_CLEANUP(pg_conn, pg_conn_free)

/* Connects, unless it is connected. 0; -ETIMEDOUT: it is still being tried, call again; -ECANCELED: quit; -ENOTCONN: it
 * cannot be had, and pg_conn_error says why. */
int pg_conn_open(struct pg_conn *c);

/* Asks, on a connection that is open. 0: the rows, which have so many fields. -EREMOTEIO: the server refuses this
 * question; -EBADMSG: it answers another one; -ETIMEDOUT: it has not answered, and what it answers later is dropped;
 * -ENOTCONN: the connection is lost; -ECANCELED; -ENOMEM. */
int pg_conn_query(struct pg_conn *c, const char *sql, unsigned n_fields, struct pg_result **ret);

/* It can be opened again. */
void pg_conn_close(struct pg_conn *c);

/* From now on it is another thread's, which is told to quit by that. */
void pg_conn_hand_over(struct pg_conn *c, int quit_fd);

/* Whether it is being connected, or an answer is still due: then it must be kept. */
bool pg_conn_waits(const struct pg_conn *c);

/* What went wrong last, on one line. */
const char *pg_conn_error(const struct pg_conn *c);

/* Of the server: 150004 is 15.4. And the database that it is connected to. */
unsigned pg_conn_version(const struct pg_conn *c);
const char *pg_conn_database(const struct pg_conn *c);
/* The process that serves it. */
int pg_conn_backend(const struct pg_conn *c);

/* Whether the server is on this machine, as far as addresses tell. */
bool pg_conn_is_local(const struct pg_conn *c);

/* Whether conninfo can be understood. */
bool pg_conn_check(const char *conninfo);

#endif
