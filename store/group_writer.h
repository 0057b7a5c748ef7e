/* group_writer.h -- snapshots into groups (docs/format.md, section 6)
 *
 * Keeps the state after the last snapshot, so that a group can go on from it (a log's frames) or begin anew (a
 * keyframe, a chunk's groups). Memory follows the rows alive and the changes within the group. One thread.
 */
#ifndef STORE_GROUP_WRITER_H
#define STORE_GROUP_WRITER_H

#include "store/format.h"
#include "store/table.h"

struct group_writer;

/* pool: where the strings' ids come from; borrowed, used by nothing else meanwhile but table_set_str of tables that are
 * then added. Strings of tables with another pool are interned in it. */
int group_writer_new(struct strpool *pool, struct group_writer **ret);
void group_writer_free(struct group_writer *w);
DEFINE_CLEANUP(group_writer, group_writer_free)

/* Whether the snapshot's tables are those of the present schema, so that it can be added without a new schema. */
bool group_writer_fits(const struct group_writer *w, const struct snapshot *s);

/* The schema that groups are written with; its number changes when a snapshot that does not fit is added to a keyframe
 * that is still empty. Borrowed. */
const struct schema *group_writer_schema(const struct group_writer *w);

/* Begins with these tables, which are to come, so that those that come later than others need no schema of their own.
 * Before the first snapshot. */
int group_writer_expect(struct group_writer *w, const struct schema *s);

/* Begins a group: one that goes on from the snapshot added last (based), or a keyframe. Call strpool_epoch on the pool
 * before the tables of a keyframe are filled. What the group before held and was not finished is dropped. */
void group_writer_begin(struct group_writer *w, bool based);

/* Whether the snapshot can be added without the group, with those it is based on, becoming larger than the format
 * allows. */
bool group_writer_has_room(const struct group_writer *w, const struct snapshot *s);

/* Adds a snapshot. -EINVAL: it does not fit the schema and the group is not an empty keyframe, or it is of another boot
 * than the group. -EMSGSIZE: there is no room for it. After an error the group and the state are void: begin a
 * keyframe. */
int group_writer_add(struct group_writer *w, const struct snapshot *s);

uint32_t group_writer_n(const struct group_writer *w);
/* Estimate of the body's length so far, in bytes. */
size_t group_writer_size(const struct group_writer *w);

/* Lays out the group: appends the raw body to out and fills in first_ms, last_ms, boot, n, raw_len, schema and flags of
 * h. The pool's strings that no table of the state uses may be swept after a keyframe's finish. */
int group_writer_finish(struct group_writer *w, struct disk_group *h, struct buf *out);

/* Rows and text length (TEXT_VERSION) of the table with that index in the schema, in the snapshot added last. False if
 * it is not in it. Lengths are kept only after group_writer_keep_sizes. */
bool group_writer_sizes(const struct group_writer *w, uint32_t index, uint64_t *ret_rows, uint64_t *ret_len);
void group_writer_keep_sizes(struct group_writer *w);

#endif
