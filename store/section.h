/* section.h -- the columns of a table's section: first values, and changes life by life (docs/format.md, section 6)
 *
 * Part of table_writer and table_reader.
 */
#ifndef STORE_SECTION_H
#define STORE_SECTION_H

#include "store/format.h"
#include "store/schema.h"
#include "store/strpool.h"

/* How a column's changes are stored: life by life, as differences to the value before, or to the change before; or
 * snapshot by snapshot, as differences to the change before that. */
enum section_order { SECTION_FIRST = 1, SECTION_SECOND, SECTION_ACROSS };

/* --- writing --- */

/* A changed cell of a column. */
struct section_change {
	uint32_t life;
	uint32_t s;   /* snapshot << 1 | becomes NULL */
	uint64_t v;   /* integers: the difference to the last value; f64: xor with it; string: the id */
	uint64_t now; /* the value */
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

/* Takes one life's changes off positions and, unless the order is SECTION_ACROSS, values. p: the cell's last value;
 * from, end: the first snapshot at which it can change, and the one behind the last; ch: life and column. */
int section_take_cell(struct span *positions, struct span *values, uint8_t type, uint8_t order,
    const struct strpool *pool, uint64_t p, uint32_t from, uint32_t end, struct section_cell ch,
    struct section_change_list *cl);

/* Takes the values of a column's changes, which are those of cl from number `first` on, in the order SECTION_ACROSS; n:
 * number of snapshots. */
int section_take_across(struct span *values, uint8_t type, const struct strpool *pool, uint32_t n, uint32_t first,
    struct section_change_list *cl);

#endif
