/* rate.h -- a table's counters as rates since an earlier moment */
#ifndef STORE_RATE_H
#define STORE_RATE_H

#include "store/table.h"

enum { RATE_SCALE = 3 };

/* The schema of a rate table: counters become decimals NAME_per_s, everything else stays. */
int rate_schema(const struct table_schema *s, struct table_schema **ret);

/* Fills out (of rate_schema(now->schema), with now's pool) from the rows of now and of before, us microseconds earlier.
 * before NULL, us 0: all rates are NULL. NULL too: a counter that went down, a row that was not there, a counter with
 * COL_REAPED in a row whose COL_REAPMARK grew (children were reaped: what they had used is not the row's own), all
 * counters of a row whose COL_RESET is another. */
int rate_table(const struct table *now, const struct table *before, uint64_t us, struct table *out);

/* A copy of what a later rate needs of a table: keys and numbers, without other strings. pool: for the keys' strings.
 */
int rate_keep(const struct table *t, struct strpool *pool, struct table *ret);

#endif
