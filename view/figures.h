/* figures.h -- numbers out of the tables of one moment
 *
 * For whoever makes something of them: what was not recorded is NAN or an empty string, whether it is the cell, the
 * column, the row or the table that is not there. Tables and strings are borrowed until the next call for a table.
 */
#ifndef VIEW_FIGURES_H
#define VIEW_FIGURES_H

#include "store/store.h"

#include <math.h>

/* A snapshot that figures are taken from. */
struct moment {
	struct store *store;
	struct hour *hour;
	uint32_t i;
};

/* The table of that name as recorded, or with its counters as rates (store_rate). *ret is NULL, without an error, where
 * there is none in this snapshot. */
int figures_table(const struct moment *m, const char *name, const struct table **ret);
int figures_rates(const struct moment *m, const char *name, const struct table **ret);

/* The column's number, negative if it is not there; t may be NULL. */
int figures_column(const struct table *t, const char *name);

/* A cell by its column's number or name. */
double figures_number(const struct table *t, int column, uint32_t row);
double figures_named(const struct table *t, const char *name, uint32_t row);
struct str figures_string(const struct table *t, const char *name, uint32_t row);

/* A copy of it that ends in a NUL, cut in front of a character if it is longer than the room. */
void figures_copy(char *ret, size_t room, struct str s);

/* The row with that string in a column; a number past the last if there is none. */
uint32_t figures_row(const struct table *t, const char *column, const char *value);

/* The sum of some cells of a row: of those that are known, NAN if none is. */
double figures_sum(const struct table *t, const int *columns, unsigned n, uint32_t row);

/* The rows where a value, or that sum, is largest, largest first, as many as max; rows where it is 0 or unknown are
 * left out. Rows that have the same stay in their order. Returns their number. */
enum { FIGURES_TOP_MAX = 512 };
uint32_t figures_top_of(
    uint32_t n_rows, double (*value)(const void *arg, uint32_t row), const void *arg, uint32_t max, uint32_t ret[]);
uint32_t figures_top(const struct table *t, const int *columns, unsigned n, uint32_t max, uint32_t ret[]);

/* Whether two numbers are the same, or both unknown. */
static inline bool figures_same(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static inline bool figures_is(struct str s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.p, text, s.len) == 0;
}

#endif
