/* point_file_index.h -- what a file of points says of itself, and where its pages are (docs/format.md, section 14)
 *
 * Part of point_file.
 */
#ifndef STORE_POINT_FILE_INDEX_H
#define STORE_POINT_FILE_INDEX_H

#include "store/point_file.h"
#include "store/point_page.h"

struct point_file_index {
	struct point_file_head head;
	uint64_t n_vectors, values_len;
	struct point_pages values, times, keys;
	/* low[i] to low[i + 1] of lows is above every key of the pages before page i of keys, and not above those of i.
	 */
	uint32_t *low;
	struct buf lows;
	bool salvaged;
};

/* From the indexes in a file. -EBADMSG, -EPROTONOSUPPORT; ret is to be done away with also then. */
int point_file_index_read(struct point_file_index *ret, const struct sealed *file);

/* Anew, from the pages themselves. What ret has is replaced. */
int point_file_index_salvage(struct point_file_index *ret, struct point_page_reader *pages);
void point_file_index_done(struct point_file_index *x);

/* The page of keys that has a key, if one does. There is one. */
size_t point_file_index_page_of(const struct point_file_index *x, struct span key);

#endif
