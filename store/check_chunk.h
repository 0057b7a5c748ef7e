/* check_chunk.h -- checks of a sealed hour's file
 *
 * Part of verify.
 */
#ifndef STORE_CHECK_CHUNK_H
#define STORE_CHECK_CHUNK_H

#include "store/check.h"
#include "store/frame.h"

/* Checks everything of a chunk. id: what the header must say. heat: the sidecar's n_heat entries, to be compared with
 * what the tables give; NULL: there are none. ret_wal_id: of the log that it was made of, 0 if that is not known.
 * -ENOENT, -ENOMEM, -EIO. */
int check_chunk(struct check *c, int dirfd, const char *name, const struct file_id *id, const struct disk_heat *heat,
    uint32_t n_heat, uint64_t *ret_wal_id);

#endif
