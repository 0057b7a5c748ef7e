/* check_rosters.h -- checks of what a sealed hour stores of its tables' rows
 *
 * Part of verify.
 */
#ifndef STORE_CHECK_ROSTERS_H
#define STORE_CHECK_ROSTERS_H

#include "store/check.h"
#include "store/chunk.h"

/* The rosters against the groups. A damaged group has been told of: then nothing is compared. -ENOMEM. */
int check_rosters(struct check *c, const struct sealed *s, struct chunk *chunk);

#endif
