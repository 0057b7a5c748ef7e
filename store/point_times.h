/* point_times.h -- ascending times, packed (docs/format.md, section 14)
 *
 * Differences over all of 64 bits, so that any int64 follows any smaller one. Regular ones cost nothing. All functions
 * are thread-safe.
 */
#ifndef STORE_POINT_TIMES_H
#define STORE_POINT_TIMES_H

#include "store/point_values.h"

/* Appends n times, strictly ascending, from 1 to POINT_BLOCK_MAX. out's own error is the caller's to check. */
void point_times_put(const int64_t *ns, size_t n, enum point_shape shape, struct buf *out);

/* Takes exactly n times, which ascend strictly (-EBADMSG otherwise). in: they and nothing else. room: int64_t[n +
 * POINT_ROOM]. */
int point_times_get(struct span in, size_t n, int64_t *room);

/* The first of n ascending times that is not below t; n: none. */
static inline size_t point_times_lower_bound(const int64_t *ns, size_t n, int64_t t)
{
	size_t low = 0;

	while (low < n) {
		size_t mid = low + (n - low) / 2;

		if (ns[mid] < t)
			low = mid + 1;
		else
			n = mid;
	}
	return low;
}

#endif
