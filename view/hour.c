/* hour.c -- /hour: every snapshot as it was recorded */
#include "view/hours.h"

static const struct leaf *const snapshot_leaves[] = {&summary_leaf, &pg_locks_leaf, NULL};

static const struct hours shape = {
    .snapshots = true,
    .form = FORM_TEXT,
    .hour_leaf = &heatmap_leaf,
    .snapshot_leaves = snapshot_leaves,
    .hour_view = VIEW_HOUR_LOG,
    .snapshot_link = &payloads_link,
};

VIEW(hour) = {.name = "hour", .id = VIEW_HOUR, .type = S_IFDIR, .hours = &shape, HOURS_CALLS};
