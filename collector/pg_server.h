/* pg_server.h -- one PostgreSQL server, asked by a thread of its own
 *
 * The thread asks at its own pace and keeps the newest rows of each table. Whoever shows them copies what is there and
 * waits for no server. A server that is not there, starts, refuses, hangs or is another version than before is said
 * once, tried again with growing pauses, and its tables are absent until then.
 */
#ifndef COLLECTOR_PG_SERVER_H
#define COLLECTOR_PG_SERVER_H

#include "collector/config.h"
#include "collector/pglog.h"
#include "collector/source.h"

struct pg_server;

/* sources: those to be asked for, which must outlive everything, as must log, which is told where the server writes it
 * (NULL: nobody reads it). What c holds is copied. */
int pg_server_start(const struct config *c, const struct config_postgres *given,
    const struct source_desc *const *sources, size_t n_sources, struct pglog *log, struct pg_server **ret);
/* Ends the thread, which waits for nothing then. A connection that waits stays where a next thread finds it, as long as
 * there is another one for the same server. */
void pg_server_stop(struct pg_server *s);

/* How often the table's rows were replaced. */
uint64_t pg_server_generation(struct pg_server *s, size_t source);

/* Whether the table has rows and others are about to come: they are not older than two rounds. */
bool pg_server_awaited(struct pg_server *s, size_t source);

/* How often it changed whether the server answers, or why it does not. */
uint64_t pg_server_changes(struct pg_server *s);

/* Appends its row of table pg_server_down, if it does not answer. */
enum { PG_DOWN_SERVER, PG_DOWN_ANSWERED, PG_DOWN_REASON };
int pg_server_put_down(struct pg_server *s, struct table *t);

/* Appends the rows of sources[source] to t, whose schema begins as the source's does. *seen is the generation that was
 * put before, and becomes that of these; the same are not put again. 0: they were begun to be taken at *ret_ns of
 * CLOCK_BOOTTIME; -ENOENT: there are none, and the note says why. report: interval, took and note are filled in. */
int pg_server_put(
    struct pg_server *s, size_t source, uint64_t *seen, struct table *t, int64_t *ret_ns, struct source_report *report);

/* The newest rows of that table, NULL if there are none. On the server's own thread, until it replaces them. */
const struct table *pg_server_rows(const struct pg_server *s, const char *table);

#endif
