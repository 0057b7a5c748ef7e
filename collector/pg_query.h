/* pg_query.h -- what a table of PostgreSQL's is asked with, and how the answer becomes rows
 *
 * A table lists its columns once, each with the SQL that gives it, and where versions differ, the version from which on
 * it is another one. Versions are numbered as the server does it (150004 is 15.4), those of extensions so that 1.10 is
 * 110. What a version does not have is not asked for and stays NULL.
 *
 *   #define COLUMNS(C)                                                     \
 *           C(COUNT, "wal_records", "wal_records")                         \
 *           C(US, "wal_write_us", "wal_write_time", 180000)                gone since 18
 *           C(COUNT, "wal_fpi_bytes", NULL, 190000, "wal_fpi_bytes")       there since 19
 *   PG_TABLE(wal, 82, "pg_stat_wal", COLUMNS, .from = {{140000, "pg_stat_wal"}}, .pace = PG_OFTEN);
 *
 * The first column of each table is the name of the server, and part of its key. Identities beside it are the server's
 * own: a process id with its start, object ids with that of their database.
 */
#ifndef COLLECTOR_PG_QUERY_H
#define COLLECTOR_PG_QUERY_H

#include "collector/pg.h"

/* How a value is given, and what becomes of it. */
enum pg_value {
	PG_KEY_ID,   /* number, part of the key */
	PG_KEY_HASH, /* signed number, part of the key */
	PG_KEY_STR,
	PG_KEY_TIME,
	PG_ID,       /* number that stands for something */
	PG_HASH,     /* signed */
	PG_NUM,      /* number that goes up and down */
	PG_INT,      /* signed */
	PG_COUNT,    /* number that grows */
	PG_BYTES,    /* that goes up and down */
	PG_POSITION, /* bytes that grow; of a pg_lsn, since 0/0 */
	PG_US,       /* given in milliseconds with decimals, kept in whole microseconds; grows */
	PG_SPAN,     /* the same, up and down */
	PG_TIME,     /* a timestamp, kept as seconds since 1970 with milliseconds */
	PG_RESET,    /* that of when the row's counters began anew */
	PG_FLAG,     /* a boolean, kept as 0 or 1 */
	PG_STR,
	PG_TEXT, /* free text: cut, and redacted */
};

struct pg_expr {
	enum pg_value value;
	const char *sql;     /* NULL: not there */
	uint32_t since;      /* from this version on ... 0: never */
	const char *changed; /* ... it is this */
};

enum pg_pace { PG_OFTEN, PG_SLOW, PG_SLOWEST, PG_PACES };

struct pg_result;  /* libpq's PGresult */
struct pg_session; /* collector/pg_session.h */

struct pg_table {
	const struct pg_expr *exprs; /* of the columns behind the server's name */
	uint32_t n_exprs;
	struct {
		uint32_t since;
		const char *sql; /* what stands behind FROM from that version on */
	} from[5];
	enum pg_pace pace;
	bool per_database;     /* asked in each database */
	const char *extension; /* belongs to it: its version counts, and its schema is put before what stands in from */

	/* Completes rows from `first` on; may be NULL. An error means that they are not there. */
	int (*finish)(struct pg_session *s, struct table *t, uint32_t first);
};

#define PG_EXPR_OF(value, sql, since, changed, ...)                                                                    \
	{                                                                                                              \
		value, sql, since, changed                                                                             \
	}
#define PG_EXPR(kind, name, ...) PG_EXPR_OF(PG_##kind, __VA_ARGS__, 0, NULL, 0),
#define PG_COLUMN(kind, name, ...) PG_COLUMN_##kind(name),
#define PG_COLUMN_KEY_ID(name)                                                                                         \
	{                                                                                                              \
		name, "", COL_U64, KIND_LABEL, COL_KEY, 0                                                              \
	}
#define PG_COLUMN_KEY_HASH(name)                                                                                       \
	{                                                                                                              \
		name, "", COL_I64, KIND_LABEL, COL_KEY, 0                                                              \
	}
#define PG_COLUMN_KEY_STR(name)                                                                                        \
	{                                                                                                              \
		name, "", COL_STR, KIND_LABEL, COL_KEY, 0                                                              \
	}
#define PG_COLUMN_KEY_TIME(name)                                                                                       \
	{                                                                                                              \
		name, "s", COL_DEC, KIND_LABEL, COL_KEY, 3                                                             \
	}
#define PG_COLUMN_ID(name)                                                                                             \
	{                                                                                                              \
		name, "", COL_U64, KIND_LABEL, 0, 0                                                                    \
	}
#define PG_COLUMN_HASH(name)                                                                                           \
	{                                                                                                              \
		name, "", COL_I64, KIND_LABEL, 0, 0                                                                    \
	}
#define PG_COLUMN_NUM(name)                                                                                            \
	{                                                                                                              \
		name, "", COL_U64, KIND_GAUGE, 0, 0                                                                    \
	}
#define PG_COLUMN_INT(name)                                                                                            \
	{                                                                                                              \
		name, "", COL_I64, KIND_GAUGE, 0, 0                                                                    \
	}
#define PG_COLUMN_COUNT(name)                                                                                          \
	{                                                                                                              \
		name, "", COL_U64, KIND_COUNTER, 0, 0                                                                  \
	}
#define PG_COLUMN_BYTES(name)                                                                                          \
	{                                                                                                              \
		name, "bytes", COL_I64, KIND_GAUGE, 0, 0                                                               \
	}
#define PG_COLUMN_POSITION(name)                                                                                       \
	{                                                                                                              \
		name, "bytes", COL_U64, KIND_COUNTER, 0, 0                                                             \
	}
#define PG_COLUMN_US(name)                                                                                             \
	{                                                                                                              \
		name, "us", COL_U64, KIND_COUNTER, 0, 0                                                                \
	}
#define PG_COLUMN_SPAN(name)                                                                                           \
	{                                                                                                              \
		name, "us", COL_U64, KIND_GAUGE, 0, 0                                                                  \
	}
#define PG_COLUMN_TIME(name)                                                                                           \
	{                                                                                                              \
		name, "s", COL_DEC, KIND_LABEL, 0, 3                                                                   \
	}
#define PG_COLUMN_RESET(name)                                                                                          \
	{                                                                                                              \
		name, "s", COL_DEC, KIND_LABEL, COL_RESET, 3                                                           \
	}
#define PG_COLUMN_FLAG(name)                                                                                           \
	{                                                                                                              \
		name, "", COL_U64, KIND_LABEL, 0, 0                                                                    \
	}
#define PG_COLUMN_STR(name)                                                                                            \
	{                                                                                                              \
		name, "", COL_STR, KIND_LABEL, 0, 0                                                                    \
	}
#define PG_COLUMN_TEXT(name)                                                                                           \
	{                                                                                                              \
		name, "", COL_STR, KIND_LABEL, 0, 0                                                                    \
	}

#define PG_TABLE(ident, number, text, list, ...)                                                                       \
	static const struct column ident##_columns[] = {                                                               \
	    {"server", "", COL_STR, KIND_LABEL, COL_KEY, 0}, list(PG_COLUMN)};                                         \
	static const struct pg_expr ident##_exprs[] = {list(PG_EXPR)};                                                 \
	static const struct pg_table ident##_table = {                                                                 \
	    .exprs = ident##_exprs, .n_exprs = N_ELEMENTS(ident##_exprs), __VA_ARGS__};                                \
	SOURCE(ident) = {.name = text,                                                                                 \
	    .id = number,                                                                                              \
	    .columns = ident##_columns,                                                                                \
	    .n_columns = N_ELEMENTS(ident##_columns),                                                                  \
	    .slow = true,                                                                                              \
	    .take = pg_take,                                                                                           \
	    .postgres = &ident##_table}

/* Writes the question. schema: the extension's, quoted; NULL otherwise. -ENOENT: that version has no such table. */
int pg_query_write(const struct pg_table *of, uint32_t version, const char *schema, struct buf *out);
/* Fields of its answer. */
unsigned pg_query_n_fields(const struct pg_table *of, uint32_t version);

/* Appends the answer's rows to t. */
int pg_query_read(const struct pg_table *of, uint32_t version, const char *server, const struct redact *redact,
    size_t text_max, const struct pg_result *answer, struct table *t);

/* Sets a cell of free text: cut to max bytes, and redacted unless redact is NULL. */
int pg_query_set_text(
    struct table *t, uint32_t row, uint32_t column, const struct redact *redact, size_t max, const char *text);
/* The same of a text that is not terminated. */
int pg_query_set_bytes(struct table *t, uint32_t row, uint32_t column, const struct redact *redact, size_t max,
    const char *text, size_t len);

/* Added to the version of an extension whose function of its own name cannot leave out texts: of pg_store_plans there
 * are two, which went apart under the same name and numbers. */
enum { PG_TEXTS_ALWAYS = 1000 };

/* "1.10" is 110, "1.6.1" is 106; 0 for what is no version. */
uint32_t pg_query_extension_version(const char *text);

#endif
