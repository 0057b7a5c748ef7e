/* point_residuals.h -- integers most of which are small, as bits or bytes: the end of a run (docs/format.md, section
 * 14)
 *
 * All functions are thread-safe.
 */
#ifndef STORE_POINT_RESIDUALS_H
#define STORE_POINT_RESIDUALS_H

#include "store/point_values.h"

/* Bits that a number takes. */
static inline unsigned point_residual_width(uint64_t x)
{
	return x ? 64 - (unsigned)__builtin_clzll(x) : 0;
}

enum { POINT_RESIDUALS_GROUP = 64 }; /* that have a width of their own where they are packed */

/* Writes m residuals, at most POINT_BLOCK_MAX and not all of them 0, where there is room for so many bytes; returns
 * their end. *ret_layout is how they lie, below 32 and not 0. r is used up. */
size_t point_residuals_room(size_t m);
uint8_t *point_residuals_put(uint8_t *p, uint64_t *r, size_t m, enum point_shape shape, uint8_t *ret_layout);

/* Takes m residuals of a layout, whatever it is. Layout 0: they are all 0. -EBADMSG. */
int point_residuals_get(struct span *in, uint8_t layout, size_t m, uint64_t *ret);

#endif
