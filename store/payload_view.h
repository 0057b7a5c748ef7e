/* payload_view.h -- what there is to be read at a moment: segments, and where keys' newest records are in them
 *
 * A view is not changed when it has been published, but for what its parts say can be. It owns none of them. What is
 * read here may be read by any number of threads, within an epoch, each with a buffer of its own.
 */
#ifndef STORE_PAYLOAD_VIEW_H
#define STORE_PAYLOAD_VIEW_H

#include "store/payload_index.h"
#include "store/payload_position.h"
#include "store/payload_segment.h"
#include "store/payload_snapshot.h"

enum { VIEW_GROUP_MAX = 128 }; /* entries of keys with one prefix, and their older ones */

struct payload_view {
	struct payload_index *fresh;
	struct payload_index *frozen;      /* older; NULL: none */
	struct payload_snapshot *snapshot; /* still older; NULL: none */
	uint32_t n_segments;
	struct payload_segment *segments[]; /* by slot, ascending by base; NULL: there is none any more */
};

/* With the segments of another, if that is not NULL, and room for as many as n. */
int payload_view_new(const struct payload_view *of, uint32_t n, struct payload_view **ret);

/* Entries with hashes from first to last, the newer ones of a key before the older ones. */
int payload_view_range(
    const struct payload_view *v, uint64_t first, uint64_t last, struct payload_entry *ret, size_t *ret_n);

/* The smallest hash that is not below from. -ENODATA: there is none. */
int payload_view_next(const struct payload_view *v, uint64_t from, uint64_t *ret);

/* The record at a position. -ESTALE: its file is gone, and had not been mapped. */
int payload_view_read(const struct payload_view *v, uint64_t position, struct buf *room, struct payload_record *ret);

/* The newest record of a key. -ENOENT. */
int payload_view_find(const struct payload_view *v, const struct payload_key *key, uint64_t hash, struct buf *room,
    struct payload_record *ret, uint64_t *ret_position);

/* The record with that number, of those below end_number. -ENOENT. */
int payload_view_number(const struct payload_view *v, uint64_t number, uint64_t end_number, struct buf *room,
    struct payload_record *ret, uint64_t *ret_position);

#endif
