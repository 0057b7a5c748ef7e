/* known.h -- what a store has recorded last: who records on goes on from there */
#ifndef STORE_KNOWN_H
#define STORE_KNOWN_H

#include "store/heat.h"
#include "store/schema.h"

/* The tables of the newest hour that can be read, each with its last schema, so that columns keep their order; a store
 * without snapshots gives an empty schema. heat is given the hour's last snapshot, so that the first one recorded has
 * measures that are rates (if the machine was not booted meanwhile). */
int known_last(int dirfd, struct heat_state *heat, struct schema **ret);

#endif
