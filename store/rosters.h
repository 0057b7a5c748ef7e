/* rosters.h -- the rows of all tables of a sealed hour, as far as they are worth storing (docs/format.md, section 8)
 *
 * Most tables have few rows, which stay. Where they come and go by the thousand, listing them would take more room than
 * the time it saves is worth: such a table is left out, and its rows are found by decoding it.
 */
#ifndef STORE_ROSTERS_H
#define STORE_ROSTERS_H

#include "store/group.h"
#include "store/roster.h"

struct rosters;

int rosters_new(struct rosters **ret);
void rosters_free(struct rosters *r);
DEFINE_CLEANUP(rosters, rosters_free)

/* Takes in all snapshots of a group; base: the number of the first in the file. */
int rosters_take(struct rosters *r, struct group *g, uint32_t base);

/* The section of a file of n snapshots: the smallest rosters, as many as fit in 10 bytes a snapshot and 4 KiB. */
int rosters_encode(const struct rosters *r, uint32_t n_snapshots, int level, struct buf *out);

/* The roster of a table out of a section. -ENOENT: it was left out, or the file had another number of snapshots when it
 * was written. -EBADMSG. */
int rosters_find(struct span section, uint16_t table, uint32_t n_snapshots, struct roster **ret);

#endif
