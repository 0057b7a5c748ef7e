/* table_writer.h -- one table through a group: from rows to a section (docs/format.md, section 6)
 *
 * Part of group_writer. Keeps the rows of the last snapshot and, of the present group, lives, events and changed cells.
 */
#ifndef STORE_TABLE_WRITER_H
#define STORE_TABLE_WRITER_H

#include "store/format.h"
#include "store/table.h"

struct table_writer;

/* Ids of the strings that a group uses for the first time since its keyframe. */
struct id_list {
	uint32_t *ids;
	uint32_t n;
	uint32_t cap;
};

/* pool: of the strings; ids: where first uses are noted. Both borrowed. */
int table_writer_new(struct table_schema *schema, struct strpool *pool, struct id_list *ids, struct table_writer **ret);
void table_writer_free(struct table_writer *w);
DEFINE_CLEANUP(table_writer, table_writer_free)

void table_writer_begin(struct table_writer *w, bool based);

/* Snapshot s of the group: t NULL or absent means that the table is not in it. s ascends; for those left out the table
 * is absent. -EMSGSIZE, -ENOMEM: the writer is void until the next keyframe's begin. */
int table_writer_add(struct table_writer *w, uint32_t s, const struct table *t);

/* Whether as many rows can be added, were they all new. */
bool table_writer_has_room(const struct table_writer *w, uint32_t n_rows);

/* Whether any snapshot of the group had the table. */
bool table_writer_used(const struct table_writer *w);

/* Appends the section of a group of n snapshots. */
int table_writer_finish(struct table_writer *w, uint32_t n, struct buf *out);

struct table_schema *table_writer_schema(const struct table_writer *w);
/* Estimate of the section's length so far. */
size_t table_writer_size(const struct table_writer *w);
/* Rows and text length in the snapshot added last; false if the table was not in it. */
bool table_writer_sizes(const struct table_writer *w, uint64_t *ret_rows, uint64_t *ret_len);
void table_writer_keep_sizes(struct table_writer *w);

#endif
