/* point_file_inner.h -- what reading and verifying a file of points share */
#ifndef STORE_POINT_FILE_INNER_H
#define STORE_POINT_FILE_INNER_H

#include "store/point_file_index.h"
#include "store/point_page_cache.h"

struct point_file {
	struct sealed *file;
	struct point_page_reader pages;
	struct point_file_index index;

	bool bloom_read;
	struct buf bloom;

	struct point_page_cache key_pages, value_pages;
	struct point_keys *keys; /* the page that was asked for last */
	uint64_t keys_first;     /* number of its first series */
	struct span values;      /* likewise, of values */
	uint64_t values_first;   /* offset of its first byte */
	struct point_vectors *vectors;

	struct buf ns, bits; /* of a series */
};

#endif
