/* point_ints.h -- a run of 64-bit integers, packed: what values and times are written as (docs/format.md, section 14)
 *
 * Written as they are, as differences, as differences of differences or as XOR with the one before, whichever is
 * smallest; all arithmetic is modulo 2^64, so that no jump is too far. All functions are thread-safe.
 */
#ifndef STORE_POINT_INTS_H
#define STORE_POINT_INTS_H

#include "store/point_values.h"

/* Appends n integers, from 1 to POINT_BLOCK_MAX. out's own error is the caller's to check. */
void point_ints_put(const uint64_t *v, size_t n, enum point_shape shape, struct buf *out);

/* Takes exactly n integers. in: they and nothing else. room: uint64_t[n + POINT_ROOM], of which the first n are they.
 * -EBADMSG: it is none. */
int point_ints_get(struct span in, size_t n, uint64_t *room);

#endif
