/* json.c -- /json: every snapshot as one JSON object a row */
#include "view/hours.h"

static const struct hours shape = {.snapshots = true, .form = FORM_JSON};

VIEW(json) = {.name = "json", .id = 4, .type = S_IFDIR, .hours = &shape, HOURS_CALLS};
