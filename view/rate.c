/* rate.c -- /rate: every snapshot with its counters as rates since the snapshot before */
#include "view/hours.h"

static const struct hours shape = {.snapshots = true, .form = FORM_RATE};

VIEW(rate) = {.name = "rate", .id = 3, .type = S_IFDIR, .hours = &shape, HOURS_CALLS};
