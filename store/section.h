/* section.h -- the columns of a table's section: first values, and changes life by life (docs/format.md, section 6)
 *
 * Part of table_writer and table_reader.
 */
#ifndef STORE_SECTION_H
#define STORE_SECTION_H

#include "store/format.h"
#include "store/schema.h"
#include "store/strpool.h"

/* --- writing --- */

/* A changed cell of a column. */
struct section_change {
	uint32_t life;
	uint32_t s; /* snapshot << 1 | becomes NULL */
	uint64_t v; /* integers: the difference to the last value; f64: xor with it; string: the id */
};

struct section_lives {
	uint32_t n_snapshots;
	uint32_t n_base; /* lives below this come from the state before */
	uint32_t n;
	const uint32_t *birth; /* first snapshot, by life */
	const uint32_t *death; /* last snapshot + 1; 0: alive at the end */
};

/* Appends the init of n lives. */
void section_put_init(
    const struct column *col, const uint64_t *init, const uint8_t *init_null, uint32_t n, struct buf *out);

/* Appends positions and values of changes that are given in order of time. 0 or -ENOMEM; out's own error is the
 * caller's to check. */
int section_put_changes(const struct column *col, const struct section_lives *l, const struct section_change *changes,
    uint32_t n, struct buf *out, uint64_t *ret_positions_len, uint64_t *ret_values_len);

/* --- reading --- */

/* A cell's new value at some snapshot. */
struct section_cell {
	uint32_t life;
	uint32_t column; /* << 1 | is NULL */
	uint64_t v;
};

/* A list that grows; zeroed: empty. The owner frees both arrays. */
struct section_change_list {
	struct section_cell *list;
	uint32_t *s; /* the snapshot of each */
	uint32_t n, cap;
};

/* Reads the init of n lives into arrays of that length. -EBADMSG, also for strings that pool does not define. */
int section_take_init(
    const struct column *col, struct span in, uint32_t n, const struct strpool *pool, uint64_t *init, uint8_t *null);

/* Takes one life's changes off positions and values. p: the cell's last value; from, end: the first snapshot at which
 * it can change, and the one behind the last; ch: life and column. */
int section_take_cell(struct span *positions, struct span *values, uint8_t type, uint8_t order,
    const struct strpool *pool, uint64_t p, uint32_t from, uint32_t end, struct section_cell ch,
    struct section_change_list *cl);

#endif
