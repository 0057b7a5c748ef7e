/* point_values.h -- values of one series, packed; always the same bits again (docs/format.md, section 14)
 *
 * A run of values is written as whatever of these is smallest: one value; integers, or decimals scaled to integers, as
 * they are, as differences, or as differences of differences; XOR with the value before; the bits as they are. What
 * cannot be told from the run itself (NaN payloads, -0, subnormals, numbers beyond 2^53) goes where it stays exact.
 *
 * Two shapes: for blocks that are read as they lie, packed bit by bit; for blocks that zstd compresses afterwards, in
 * whole bytes, which it finds more in. Reading tells them apart. All functions are thread-safe.
 */
#ifndef STORE_POINT_VALUES_H
#define STORE_POINT_VALUES_H

#include "store/bytes.h"

enum { POINT_BLOCK_MAX = 8192 }; /* values in a run */

enum point_shape { POINT_PACKED, POINT_PLAIN };

/* Appends n values, from 1 to POINT_BLOCK_MAX. out's own error is the caller's to check. */
void point_values_put(const uint64_t *bits, size_t n, enum point_shape shape, struct buf *out);

/* Takes a run of exactly n values. in: the run and nothing else. room: uint64_t[n + POINT_ROOM], of which the first n
 * are the values. -EBADMSG: it is none. */
enum { POINT_ROOM = 64 };
int point_values_get(struct span in, size_t n, uint64_t *room);

#endif
