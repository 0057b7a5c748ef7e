/* pg_server_down.c -- table pg_server_down: the servers that do not answer, since when, and why */
#include "collector/pg_query.h"
#include "collector/pg_server.h"

/* Part of the format: columns are only ever added, at the end. answered_s is by this machine's clock, and NULL if it
 * has not answered since it is asked. */
static const struct column columns[] = {
    [PG_DOWN_SERVER] = {"server", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    [PG_DOWN_ANSWERED] = {"answered_s", "s", COL_DEC, KIND_LABEL, 0, 3},
    [PG_DOWN_REASON] = {"reason", "", COL_STR, KIND_LABEL, 0, 0},
};

SOURCE(pg_server_down) = {
    .name = "pg_server_down",
    .id = 88,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .slow = true,
    .take = pg_take_down,
};
