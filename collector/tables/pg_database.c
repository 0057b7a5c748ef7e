/* pg_database.c -- table pg_database: sizes and ages of the databases */
#include "collector/pg_query.h"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(KEY_ID, "datid", "oid")                                                                                      \
	C(STR, "datname", "datname")                                                                                   \
	C(BYTES, "size_bytes",                                                                                         \
	    "CASE WHEN has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'MEMBER') THEN "     \
	    "pg_database_size(oid) END")                                                                               \
	C(NUM, "xid_age", "age(datfrozenxid)")                                                                         \
	C(NUM, "mxid_age", "mxid_age(datminmxid)")                                                                     \
	C(FLAG, "is_template", "datistemplate")                                                                        \
	C(FLAG, "allows_connections", "datallowconn")                                                                  \
	C(INT, "connection_limit", "datconnlimit")

PG_TABLE(pg_database, 81, "pg_database", COLUMNS, .from = {{0, "pg_database ORDER BY oid"}}, .pace = PG_SLOWEST);
