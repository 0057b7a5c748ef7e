/* seal.h -- from a finished log to a sealed hour */
#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include "store/chunk.h"

#include <stdatomic.h>

/* Makes the chunk and the sidecar of a log and, once both are durable, removes the log; a log in which something was
 * damaged is kept under NAME.damaged. A log without any snapshot leaves no chunk. On an error the log stays; a sidecar
 * may be there already. ret_n: snapshots in the chunk. stop: soon after it became true, sealing is given up with
 * -ECANCELED, as on an error; NULL: it never does. */
int seal_log(
    int dirfd, int32_t hour, uint32_t part, const struct chunk_options *o, const atomic_bool *stop, uint32_t *ret_n);

#endif
