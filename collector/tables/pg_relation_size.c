/* pg_relation_size.c -- table pg_relation_size: bytes of tables, indexes and what is stored beside them
 *
 * The size of a relation that is, or is about to be, locked for nobody else to use is not asked for: that would wait.
 * It is NULL then.
 */
#include "collector/pg_query.h"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(KEY_ID, "datid", "d.oid")                                                                                    \
	C(KEY_ID, "relid", "c.oid")                                                                                    \
	C(STR, "datname", "d.datname")                                                                                 \
	C(STR, "schemaname", "n.nspname")                                                                              \
	C(STR, "relname", "c.relname")                                                                                 \
	C(STR, "relkind", "c.relkind")                                                                                 \
	C(BYTES, "size_bytes",                                                                                         \
	    "CASE WHEN c.oid NOT IN (SELECT relation FROM pg_locks WHERE relation IS NOT NULL AND mode = "             \
	    "'AccessExclusiveLock') THEN pg_relation_size(c.oid) END")                                                 \
	C(NUM, "xid_age", "CASE WHEN c.relkind IN ('r', 'm', 't') THEN age(c.relfrozenxid) END")                       \
	C(STR, "tablespace", "t.spcname")

PG_TABLE(pg_relation_size, 82, "pg_relation_size", COLUMNS,
    .from = {{0, "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                 "JOIN pg_database d ON d.datname = current_database() "
                 "JOIN pg_tablespace t ON t.oid = coalesce(nullif(c.reltablespace, 0), d.dattablespace) "
                 "WHERE c.relkind IN ('r', 'm', 't', 'i') AND c.oid >= 16384 ORDER BY c.oid"}},
    .pace = PG_SLOWEST, .per_database = true);
