/* point_file_inner.h -- what reading and verifying a file of points share */
#ifndef STORE_POINT_FILE_INNER_H
#define STORE_POINT_FILE_INNER_H

#include "store/point_file_index.h"
#include "store/point_keys.h"

struct point_file {
	struct sealed *file;
	struct point_page_reader pages;
	struct point_file_index index;

	bool bloom_read;
	struct buf bloom;

	struct point_keys keys;
	struct buf values;
	size_t key_page, value_page; /* which page that is; SIZE_MAX: none */
	int keys_r, values_r;        /* what became of reading it */
	struct point_vectors *vectors;

	struct buf ns, bits; /* of a series */
};

#endif
