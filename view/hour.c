/* hour.c -- /hour: every snapshot as it was recorded */
#include "view/hours.h"

static const struct hours shape = {
    .snapshots = true,
    .form = FORM_TEXT,
    .hour_leaf = &heatmap_leaf,
    .snapshot_leaf = &summary_leaf,
};

VIEW(hour) = {.name = "hour", .id = 2, .type = S_IFDIR, .hours = &shape, HOURS_CALLS};
