/* point_bloom.h -- which keys and labels a file of points has not (docs/format.md, section 14)
 *
 * Part of point_file. One thread.
 */
#ifndef STORE_POINT_BLOOM_H
#define STORE_POINT_BLOOM_H

#include "store/point_key.h"

/* What was noted; zeroed: nothing. */
struct point_bloom {
	uint64_t *slots; /* hashes, 0: free */
	size_t n, cap;
	bool zero; /* the hash 0 was noted */
};

/* Notes a key and its labels. */
int point_bloom_note(struct point_bloom *b, struct span key);
/* Appends the filter: about ten bits for each thing that was noted, but not above 8 MiB. */
void point_bloom_put(const struct point_bloom *b, struct buf *out);
void point_bloom_done(struct point_bloom *b);

/* Whether that may have been noted. An empty filter has everything. */
bool point_bloom_may_have_key(struct span filter, struct span key);
bool point_bloom_may_have_label(struct span filter, struct span label, struct span value);

#endif
