/* schema.h -- what tables there are and what their columns mean (docs/format.md, section 5)
 *
 * A table_schema is immutable once it is in use and shared by counting, from any thread. A schema is one thread's.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store/bytes.h"
#include "store/cleanup.h"

#include <stdatomic.h>

enum column_type { COL_U64 = 1, COL_I64, COL_F64, COL_DEC, COL_STR };
enum column_kind { KIND_LABEL, KIND_GAUGE, KIND_COUNTER };
enum column_flag {
	COL_KEY = 1,      /* part of the row's identity */
	COL_REAPED = 2,   /* a counter that the kernel also raises by what reaped children had used */
	COL_REAPMARK = 4, /* grows exactly when a child is reaped */
	COL_RESET = 8,    /* when the row's counters began anew; no string */
};

struct column {
	const char *name; /* unit at its end: rss_bytes, utime_us */
	const char *unit; /* "bytes", "us", "ticks", … or "" */
	uint8_t type;     /* enum column_type */
	uint8_t kind;     /* enum column_kind */
	uint8_t flags;    /* enum column_flag, or-ed */
	uint8_t scale;    /* COL_DEC: digits behind the point, at most 18 */
};

struct table_schema {
	uint16_t id; /* the same for a table everywhere in a store: part of inode numbers */
	char *name;
	uint32_t n_columns;
	struct column *columns;
	uint32_t *hashes; /* of the columns' names, for table_schema_find */
	atomic_uint refs;
};

/* A table without columns yet; name is copied. One reference. */
int table_schema_new(uint16_t id, const char *name, struct table_schema **ret);

/* Appends a column (names copied). -EINVAL: a name, type or scale that the format does not allow. -EEXIST: that name is
 * there. -EMSGSIZE: too many. Only before the schema is in use. */
int table_schema_add(struct table_schema *t, const struct column *c);

/* A copy with its own columns, to be extended. */
int table_schema_copy(const struct table_schema *t, struct table_schema **ret);

/* Number of the column, or -ENOENT. */
int table_schema_find(const struct table_schema *t, const char *column);
bool column_equal(const struct column *a, const struct column *b);
bool table_schema_equal(const struct table_schema *a, const struct table_schema *b);

struct table_schema *table_schema_get(struct table_schema *t);
void table_schema_put(struct table_schema *t);
DEFINE_CLEANUP(table_schema, table_schema_put)

/* The numbered list of tables that groups refer to. Holds a reference to each; ascending by id. */
struct schema {
	uint16_t number;
	uint64_t check; /* XXH3 of what schema_encode lays out, once it is decoded or sealed */
	uint32_t n_tables;
	struct table_schema **tables;
};

int schema_new(uint16_t number, struct schema **ret);

/* Adds a table (takes a reference of its own) in its place by id, or replaces the one with its id. */
int schema_set(struct schema *s, struct table_schema *t);

/* Index of the table with that id or name, or -ENOENT. */
int schema_index(const struct schema *s, uint16_t id);
int schema_index_by_name(const struct schema *s, const char *name);

bool schema_equal(const struct schema *a, const struct schema *b);

/* Computes check: the schema is complete. */
int schema_seal(struct schema *s);

void schema_encode(const struct schema *s, struct buf *out);
/* -EBADMSG for anything that section 5 does not allow. */
int schema_decode(struct span in, struct schema **ret);
/* The payload of a schema frame: the same, packed. */
int schema_pack(const struct schema *s, struct buf *out);
int schema_unpack(struct span payload, struct schema **ret);
void schema_free(struct schema *s);
DEFINE_CLEANUP(schema, schema_free)

#endif
