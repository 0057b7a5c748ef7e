/* group.h -- groups back into snapshots (docs/format.md, section 6)
 *
 * Holds a keyframe's group and any number of groups based on one another: a chunk's group, or a log's keyframe with the
 * frames behind it so far. Tables are decoded when they are first asked for. One thread.
 */
#ifndef STORE_GROUP_H
#define STORE_GROUP_H

#include "store/format.h"
#include "store/table_reader.h"

struct group;

/* schema: borrowed, must live as long as the group. */
int group_new(const struct schema *schema, struct group **ret);
void group_free(struct group *g);
DEFINE_CLEANUP(group, group_free)

/* Checks a group header's own rules; len: bytes that lie behind it. -EBADMSG. */
int group_check_header(const struct disk_group *h, size_t len);

/* Takes up a group with its raw (decompressed) body, which is moved out of *raw. The first must be a keyframe, the
 * others based and following in seq, of the same schema and boot. -EBADMSG otherwise, or if times, strings or the list
 * of sections are not as the format says; the group is void then. */
int group_append(struct group *g, const struct disk_group *h, struct buf *raw);

uint32_t group_n(const struct group *g);
uint64_t group_first_seq(const struct group *g);
uint64_t group_boot(const struct group *g);
void group_times(const struct group *g, uint32_t s, int64_t *ret_time_ms, uint64_t *ret_boot_us);
const struct schema *group_schema(const struct group *g);

/* A table of snapshot s, by its index in the schema. -ENOENT: not in that snapshot. -EBADMSG: its bytes break the
 * format (again at every call). Borrowed until the next call for that table. */
int group_table(struct group *g, uint32_t index, uint32_t s, const struct table **ret);
/* Whether its rows were taken for that snapshot (1) or are shown again (0); errors as above. */
int group_fresh(struct group *g, uint32_t index, uint32_t s);
int group_text(struct group *g, uint32_t index, uint32_t s, struct span *ret);

/* A reader over a table of all the snapshots that the group has now, of some columns only (columns NULL: of all). The
 * caller's, to be freed before the group. -EBADMSG as group_table. */
int group_reader(struct group *g, uint32_t index, const uint32_t *columns, uint32_t n, struct table_reader **ret);

/* All tables of snapshot s; tables: room for as many as the schema has. They may be read, not changed. -EBADMSG as
 * group_table. */
int group_snapshot(struct group *g, uint32_t s, struct table **tables, struct snapshot *ret);

size_t group_memory(const struct group *g);

#endif
