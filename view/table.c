/* table.c -- /table: each table over a whole hour as one file, the time in its first column */
#include "view/hours.h"

static const struct hours shape = {.snapshots = false, .form = FORM_TEXT};

VIEW(table) = {.name = "table", .id = 1, .type = S_IFDIR, .hours = &shape, HOURS_CALLS};
