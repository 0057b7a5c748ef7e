/* pg_settings.c -- table pg_settings: the server's settings, those that the user may see */
#include "collector/pg_query.h"

/* Part of the format: columns are only ever added, at the end. */
#define COLUMNS(C)                                                                                                     \
	C(KEY_STR, "name", "name")                                                                                     \
	C(STR, "unit", "unit")                                                                                         \
	C(STR, "source", "source")                                                                                     \
	C(STR, "context", "context")                                                                                   \
	C(FLAG, "pending_restart", "pending_restart")                                                                  \
	C(TEXT, "setting", "setting")

PG_TABLE(pg_settings, 75, "pg_settings", COLUMNS, .from = {{0, "pg_settings ORDER BY name::text COLLATE \"C\""}},
    .pace = PG_SLOWEST);
