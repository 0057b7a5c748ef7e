/* listing.h -- the snapshots of a file: number, time, and size of every table's text (docs/format.md, section 8)
 *
 * What ls -l and find need, without decoding a group.
 */
#ifndef STORE_LISTING_H
#define STORE_LISTING_H

#include "store/bytes.h"
#include "store/cleanup.h"

struct listing_table {
	uint16_t id;
	uint32_t *rows;
	uint32_t *len; /* of the text; 0: not in this snapshot */
};

struct listing {
	uint32_t n, cap;
	uint32_t *seq;
	int64_t *time_ms;
	uint32_t n_tables;
	struct listing_table *tables; /* ascending by id */
};

void listing_done(struct listing *l);

/* Appends a snapshot; its tables' sizes are then set with listing_set. */
int listing_add(struct listing *l, uint32_t seq, int64_t time_ms);
/* Sets the size of a table in the snapshot added last. -EMSGSIZE for a text of 4 GiB or more. */
int listing_set(struct listing *l, uint16_t id, uint64_t rows, uint64_t len);

const struct listing_table *listing_table(const struct listing *l, uint16_t id);
/* Index of the snapshot with that seq, -ENOENT. */
int listing_find(const struct listing *l, uint32_t seq, uint32_t *ret_i);

/* The listing section's content (uncompressed), and back: -EBADMSG. */
void listing_encode(const struct listing *l, struct buf *out);
int listing_decode(struct span in, struct listing *ret);

size_t listing_memory(const struct listing *l);

#endif
