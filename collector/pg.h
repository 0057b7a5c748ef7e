/* pg.h -- the PostgreSQL servers of the configuration, and the tables made of what they answer
 *
 * pg_take is for the sampling thread; it waits for no server.
 */
#ifndef COLLECTOR_PG_H
#define COLLECTOR_PG_H

#include "collector/config.h"
#include "collector/pglog.h"
#include "collector/source.h"

struct pg;

/* Starts a thread a server. *ret is NULL if the configuration names none. */
int pg_new(const struct config *c, struct pg **ret);
void pg_free(struct pg *p);
DEFINE_CLEANUP(pg, pg_free)

/* The `take` of PostgreSQL's tables: the rows of all servers that answer, by the order of the configuration. -EAGAIN
 * while no server has newer ones, or one is about to have them; -ENOENT: there are none. */
int pg_take(const struct source_env *env, const struct source_desc *desc, struct table *t, int64_t *ret_ns,
    struct source_report *report);

/* The same of table pg_server_down: a row for each that does not answer. It is there also without any. */
int pg_take_down(const struct source_env *env, const struct source_desc *desc, struct table *t, int64_t *ret_ns,
    struct source_report *report);

/* The same of the tables of their logs; to be called with which of these it is. */
int pg_take_log(const struct source_env *env, enum pglog_table which, struct table *t, int64_t *ret_ns,
    struct source_report *report);

#endif
