/* roster.h -- the rows of a table over many snapshots: their keys, and what their columns' texts add up to
 *
 * Keys are numbered from 0 in the order in which they appear first: by snapshot, then by place in it. A key that two
 * rows of a snapshot have is the first one's. For a table without key columns all rows have one key.
 * A roster is taken from groups in order of time (roster_take), or from what a chunk has of it (docs/format.md,
 * section 8). One thread.
 */
#ifndef STORE_ROSTER_H
#define STORE_ROSTER_H

#include "store/table_reader.h"

enum {
	/* Numbers are below this: what an inode number has room for. Keys beyond are left out. */
	ROSTER_KEYS_MAX = SEQ_MAX + 1,
	/* Keys times columns whose sums are kept. */
	ROSTER_SUMS_MAX = 1 << 21,
};

struct roster;

int roster_new(struct roster **ret);
void roster_free(struct roster *r);
DEFINE_CLEANUP(roster, roster_free)

uint32_t roster_n(const struct roster *r);
/* The most columns that the table had. */
uint32_t roster_n_columns(const struct roster *r);

struct roster_row {
	const char *name; /* the key's (rowkey.h), not terminated; borrowed until the roster changes */
	uint32_t name_len;
	uint32_t first, last; /* snapshots that it is in, the first and the last one */
	uint32_t n;           /* and how many */
};

/* The row of that number, below roster_n. */
void roster_row(const struct roster *r, uint32_t number, struct roster_row *ret);
/* The number of the key with that name, or -ENOENT. */
int roster_find(const struct roster *r, const char *name, size_t len, uint32_t *ret_number);

/* Bytes that the texts of a row's column are in all its snapshots, without tabs and line ends. Snapshots from before
 * the table had the column count as NULL. False: not kept, of more than ROSTER_SUMS_MAX. */
bool roster_sum(const struct roster *r, uint32_t number, uint32_t column, uint64_t *ret);

/* Takes in snapshots from to end - 1 of a reader over all columns; base: the number that the first of these is to have
 * here. -EBADMSG: cells of a key change within a row's life; -ENOMEM. The roster is void then. */
int roster_take(struct roster *r, struct table_reader *t, uint32_t from, uint32_t end, uint32_t base);

/* Appends what another roster holds, its snapshots moved up by base. -ENOMEM: void. */
int roster_add(struct roster *r, const struct roster *other, uint32_t base);

/* The roster over n snapshots as a chunk stores it, and back: -EBADMSG. Only of rosters that have all sums. */
void roster_encode(const struct roster *r, uint32_t n_snapshots, struct buf *out);
int roster_decode(struct span in, uint32_t n_snapshots, struct roster **ret);

size_t roster_memory(const struct roster *r);

#endif
