/* pglog_normal.h -- messages and statements without what is different every time
 *
 * All functions are thread-safe.
 */
#ifndef COLLECTOR_PGLOG_NORMAL_H
#define COLLECTOR_PGLOG_NORMAL_H

#include "collector/pgtext.h"
#include "store/bytes.h"

/* Appends the first line of an error's message: numbers, and what stands in quotes, become ?, but for names in double
 * quotes (of a table, a constraint, a user). Behind ": ", "near " and "= " there are values, not names. */
void pglog_normal_message(struct pgtext message, struct buf *out);

/* Appends SQL: literals become ?, comments are left out, runs of blanks become one. Parameters ($1) and names stay. */
void pglog_normal_sql(struct pgtext sql, struct buf *out);

#endif
