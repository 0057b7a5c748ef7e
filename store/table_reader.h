/* table_reader.h -- one table through a group: from its sections back to rows and text (docs/format.md, section 6)
 *
 * Part of group. A cursor: what is asked for in order of time costs only the changes in between. One thread.
 */
#ifndef STORE_TABLE_READER_H
#define STORE_TABLE_READER_H

#include "store/format.h"
#include "store/section.h"
#include "store/table.h"

struct table_reader;

/* pool: of the group's strings, borrowed. */
int table_reader_new(struct table_schema *schema, struct strpool *pool, struct table_reader **ret);
/* The same for some columns only, given by their numbers, ascending: the rows have no others, and nothing of the others
 * is decoded or checked. */
int table_reader_new_of(const struct table_schema *schema, const uint32_t *columns, uint32_t n, struct strpool *pool,
    struct table_reader **ret);
void table_reader_free(struct table_reader *t);
DEFINE_CLEANUP(table_reader, table_reader_free)

/* Takes up the next n snapshots, of these times: their section, or NULL if none of them has the table. The first
 * section is a keyframe's, all others are based. -EBADMSG for anything the format does not allow; the reader is void
 * then. */
int table_reader_append(struct table_reader *t, const struct span *section, const int64_t *times_ms, uint32_t n);

/* Snapshots taken up so far. */
uint32_t table_reader_n(const struct table_reader *t);

/* The rows at snapshot s (below table_reader_n). -ENOENT: the table is not in that snapshot. Borrowed until the next
 * call. */
int table_reader_at(struct table_reader *t, uint32_t s, const struct table **ret);

/* Whether the rows at snapshot s were taken for it (1) or are shown again (0); -ENOENT as table_reader_at. Moves
 * nothing. */
int table_reader_fresh(const struct table_reader *t, uint32_t s);

/* Whether rows came or went with snapshot s, and the cells that change with it. Borrowed until the next append. */
bool table_reader_moves(const struct table_reader *t, uint32_t s);
void table_reader_changes(const struct table_reader *t, uint32_t s, const struct section_cell **ret, uint32_t *ret_n);

/* The text of the rows at snapshot s, header line first. Lines of rows that did not change since the text asked for
 * before are copied. Borrowed until the next call. */
int table_reader_text(struct table_reader *t, uint32_t s, struct span *ret);

/* Bytes of memory held. */
size_t table_reader_memory(const struct table_reader *t);

#endif
