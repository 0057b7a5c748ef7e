/* known.h -- the tables a store has recorded last, so that their columns keep their order */
#ifndef STORE_KNOWN_H
#define STORE_KNOWN_H

#include "store/schema.h"

/* The tables of the newest hour that can be read, each with its last schema. A store without snapshots: an empty
 * schema. */
int known_schema(int dirfd, struct schema **ret);

#endif
