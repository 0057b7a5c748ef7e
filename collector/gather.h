/* gather.h -- the tables of a moment, from all sources that are wanted
 *
 * One thread, the sampling one.
 */
#ifndef COLLECTOR_GATHER_H
#define COLLECTOR_GATHER_H

#include "collector/config.h"
#include "collector/health.h"
#include "store/table.h"

struct gather;

/* Opens the sources that the configuration wants. pool: of the tables' strings; known: the tables recorded before,
 * whose columns keep their order (NULL: none); health: what the table histd shows. All of them, and the configuration,
 * must outlive it. -ENOENT and the like: the root cannot be opened. */
int gather_new(const struct config *c, struct strpool *pool, const struct schema *known, const struct health *health,
    struct gather **ret);
void gather_free(struct gather *g);
DEFINE_CLEANUP(gather, gather_free)

/* Samples every source, now. A source that fails is absent from the snapshot; that is said once, not at every tick. The
 * snapshot is valid until the next call. */
const struct snapshot *gather_take(struct gather *g);

#endif
