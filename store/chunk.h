/* chunk.h -- a sealed hour (docs/format.md, section 8)
 *
 * Any snapshot is read by one look-up in the index and the decoding of one group. Opening reads meta, schemas and
 * index; dictionary and listing are read when they are first needed. One thread.
 */
#ifndef STORE_CHUNK_H
#define STORE_CHUNK_H

#include "store/group.h"
#include "store/listing.h"
#include "store/pack.h"
#include "store/roster.h"
#include "store/sealed.h"

/* --- writing --- */

struct chunk_writer;

struct chunk_options {
	int level;        /* of zstd; 0: the default */
	uint32_t group_n; /* snapshots a group; 0: the default */
};

/* Begins a chunk (see sealed_writer_new). */
int chunk_writer_new(
    int dirfd, const char *name, struct file_id *id, const struct chunk_options *o, struct chunk_writer **ret);

/* Before the first snapshot: the tables that are to come. A group ends where the schema changes, and the first one is
 * the dictionary of all. */
int chunk_writer_expect(struct chunk_writer *w, const struct schema *s);

/* Adds the next snapshot; seq ascends. i: its place in sizes, which the texts' sizes are copied from; if sizes is NULL
 * they are computed. */
int chunk_writer_add(
    struct chunk_writer *w, uint32_t seq, const struct snapshot *s, const struct listing *sizes, uint32_t i);

/* Completes it and gives it its name. At least one snapshot must have been added. The writer is freed either way. */
int chunk_writer_finish(struct chunk_writer *w, uint64_t wal_id, uint64_t wal_len, uint32_t n_lost);
void chunk_writer_abort(struct chunk_writer *w);
DEFINE_CLEANUP(chunk_writer, chunk_writer_abort)

/* --- reading --- */

struct chunk;

struct chunk_group {
	uint64_t off;
	uint32_t len;
	uint32_t first; /* index of its first snapshot in the chunk */
	uint32_t n;
	uint32_t first_seq;
	uint32_t schema; /* index in chunk_schemas */
	int64_t first_ms, min_ms, max_ms;
};

struct chunk_total {
	uint16_t id;
	uint64_t n; /* snapshots that have the table */
	uint64_t rows;
	uint64_t len;
};

/* -EBADMSG: damaged beyond what the copies within make up for. -EPROTONOSUPPORT. -ENOENT. */
int chunk_open(int dirfd, const char *name, struct chunk **ret);
void chunk_close(struct chunk *c);
DEFINE_CLEANUP(chunk, chunk_close)

const struct file_id *chunk_id(const struct chunk *c);
const struct disk_meta *chunk_meta(const struct chunk *c);
uint64_t chunk_len(const struct chunk *c);
uint32_t chunk_n(const struct chunk *c);
void chunk_groups(const struct chunk *c, const struct chunk_group **ret, uint32_t *ret_n);
/* False if the index was damaged: then totals are not known. */
bool chunk_totals(const struct chunk *c, const struct chunk_total **ret, uint32_t *ret_n);
void chunk_schemas(const struct chunk *c, struct schema *const **ret, uint32_t *ret_n);

/* The listing, read at the first call. Where it is damaged, groups are decoded to make it anew (snapshots of a group
 * that is damaged too have no sizes). Borrowed. */
int chunk_listing(struct chunk *c, const struct listing **ret);
/* Gives the listing's memory back; the next call reads it again. */
void chunk_forget_listing(struct chunk *c);

/* The rows of a table over the whole chunk, as they are stored. -ENOENT: they are not, or cannot be read; then they are
 * to be taken from the groups. The caller's, to be freed. */
int chunk_roster(struct chunk *c, uint16_t table, struct roster **ret);

/* Decodes group i. */
int chunk_load(struct chunk *c, uint32_t i, struct unpacker *u, struct group **ret);

/* What opening and reading found damaged although it could be made up for: offset and a word; false if nothing was. */
bool chunk_damage(const struct chunk *c, uint64_t *ret_off, const char **ret_what);

size_t chunk_memory(const struct chunk *c);

#endif
