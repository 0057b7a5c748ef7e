/* table.h -- the rows of one table at one moment, and all tables of a moment
 *
 * Cells are column-major 64-bit values (enum column_type says how to read them). Every cell of a new row is NULL until
 * it is set. One thread at a time.
 */
#ifndef STORE_TABLE_H
#define STORE_TABLE_H

#include "store/schema.h"
#include "store/strpool.h"

struct table {
	struct table_schema *schema; /* a reference of the table's own */
	struct strpool *pool;        /* of string cells; borrowed */
	uint32_t n_rows;
	uint32_t cap_rows;
	uint64_t *cells;       /* [column * cap_rows + slot] */
	uint8_t *nulls;        /* same shape; 1 is NULL (the cell then keeps its last value) */
	const uint32_t *order; /* slot of the row at each position; NULL: slot = position */
	bool absent;           /* the source could not be read: the table is not in this snapshot */
	bool repeated;         /* not due: rows are those of the snapshot before */
	int32_t taken_ms;      /* rows were taken so long after the snapshot's time (before it, if negative) */
};

int table_new(struct table_schema *schema, struct strpool *pool, struct table **ret);
void table_free(struct table *t);
DEFINE_CLEANUP(table, table_free)

/* No rows, not absent, not repeated; memory is kept. */
void table_clear(struct table *t);
/* Continues with another schema (an extension of the old one, or any other); drops all rows. */
int table_set_schema(struct table *t, struct table_schema *schema);

/* Adds a row of NULLs at the end; ret_row numbers it. -EMSGSIZE above ROWS_MAX. */
int table_add_row(struct table *t, uint32_t *ret_row);
/* Makes it n rows, all NULL, instead of those it has. -EMSGSIZE above ROWS_MAX. */
int table_set_rows(struct table *t, uint32_t n);
/* Takes the last row away again. */
void table_drop_row(struct table *t);

static inline size_t table_cell(const struct table *t, uint32_t column, uint32_t row)
{
	return (size_t)column * t->cap_rows + (t->order ? t->order[row] : row);
}

static inline bool table_is_null(const struct table *t, uint32_t column, uint32_t row)
{
	return t->nulls[table_cell(t, column, row)];
}

static inline uint64_t table_get(const struct table *t, uint32_t column, uint32_t row)
{
	return t->cells[table_cell(t, column, row)];
}

/* Sets a cell of type u64, i64, decimal (scaled) or f64 (bits). Only for tables without order (being filled). */
static inline void table_set(struct table *t, uint32_t row, uint32_t column, uint64_t v)
{
	size_t i = (size_t)column * t->cap_rows + row;

	t->cells[i] = v;
	t->nulls[i] = 0;
}

static inline void table_set_null(struct table *t, uint32_t row, uint32_t column)
{
	t->nulls[(size_t)column * t->cap_rows + row] = 1;
}

/* Sets a string cell; the bytes may be anything. A string longer than STRING_LEN_MAX is cut in front of a UTF-8
 * character. -ENOMEM, -EMSGSIZE (pool full) leave the cell NULL. */
int table_set_str(struct table *t, uint32_t row, uint32_t column, const void *s, size_t len);

/* The string of a cell; an empty one for NULL. */
struct str table_str(const struct table *t, uint32_t column, uint32_t row);

/* Whether the row keys are the same (strings by their bytes; the schemas' key columns must agree in number and type).
 */
bool table_same_key(const struct table *a, uint32_t row_a, const struct table *b, uint32_t row_b);

/* Length that a string may be cut to at the most without splitting a UTF-8 character: max, or up to three less. */
size_t utf8_cut(const char *s, size_t len, size_t max);

/* All tables of a moment. */
struct snapshot {
	int64_t time_ms;  /* wall clock, since 1970 */
	uint64_t boot_us; /* CLOCK_BOOTTIME */
	uint64_t boot;    /* which boot: XXH3 of the boot id */
	uint32_t n_tables;
	struct table **tables; /* ascending by table id */
};

#endif
