/* point_keys.h -- a page of keys of a file of points, with what is known of their series (docs/format.md, section 14)
 *
 * Part of point_file. One thread.
 */
#ifndef STORE_POINT_KEYS_H
#define STORE_POINT_KEYS_H

#include "store/point_key.h"
#include "store/point_vectors.h"

/* A block of a series: its times, and how long its run of values is. */
struct point_block {
	struct point_piece times; /* n: not known when it was read */
	uint32_t length;
};

enum { POINT_KEYS_SERIES_MIN = 9 }; /* bytes of a series in a page */

/* --- writing --- */

struct point_keys_entry {
	uint32_t key_len;
	uint32_t n_blocks;
	uint64_t mean, over; /* of the values' text */
};

/* Appends a page: n series, their keys behind each other, their blocks likewise. offset: of the first run; *next: the
 * number of the next new vector, before and after. */
void point_keys_put(struct buf *out, const struct point_keys_entry *entries, size_t n, const uint8_t *keys,
    const struct point_block *blocks, uint64_t offset, uint64_t *next);

/* --- reading --- */

struct point_keys_series {
	uint64_t offset; /* of its values */
	uint32_t mean, over;
	uint32_t first_block, n_blocks;
	uint32_t shared, rest_len;
	size_t rest; /* where the rest of the key is */
};

/* Zeroed: empty; used again for the next page. */
struct point_keys {
	struct point_keys_series *series;
	struct point_block *blocks;
	size_t n, n_blocks;
	size_t series_cap, blocks_cap;
	struct buf raw; /* the page */
	size_t at;      /* whose key is in key; n: none */
	size_t key_len;
	uint8_t key[POINT_KEY_MAX];
	struct point_key_parts parts; /* of the key that was found valid last, */
	size_t same;                  /* of which as many bytes are those in key */
};

/* Takes apart what is in raw. -EBADMSG. */
int point_keys_parse(struct point_keys *k);
void point_keys_done(struct point_keys *k);

/* The key of series i; borrowed until the next call. -EBADMSG. */
int point_keys_get(struct point_keys *k, size_t i, struct span *ret);
/* -ENOENT, -EBADMSG. */
int point_keys_find(struct point_keys *k, struct span key, size_t *ret);

#endif
