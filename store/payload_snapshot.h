/* payload_snapshot.h -- the index snapshot: where keys' newest records are, in a file (docs/format.md, section 12)
 *
 * Used in place: opening reads its head, a look-up touches one page, which is verified the first time. Reading is
 * thread-safe but for _bind, which is for whoever opened it, before anybody else reads.
 */
#ifndef STORE_PAYLOAD_SNAPSHOT_H
#define STORE_PAYLOAD_SNAPSHOT_H

#include "store/payload_index.h"
#include "store/sealed.h"

#define PAYLOAD_SNAPSHOT_FILE "keys"

struct payload_snapshot;

/* What it knows of a segment. */
struct payload_covered {
	uint64_t base;
	uint64_t file_id;
	uint64_t covered; /* bytes */
};

struct payload_snapshot_head {
	uint64_t n_keys; /* entries */
	uint64_t n_live; /* that are no tombstones */
	uint64_t newest_number;
	int64_t newest_ms;
	uint32_t n_segments;
	struct payload_covered *segments;
};

/* -ENOENT; -EBADMSG: not to be used. */
int payload_snapshot_open(int dirfd, uint64_t store_id, struct payload_snapshot **ret);
void payload_snapshot_free(struct payload_snapshot *s);
DEFINE_CLEANUP(payload_snapshot, payload_snapshot_free)

const struct payload_snapshot_head *payload_snapshot_head(const struct payload_snapshot *s);
uint64_t payload_snapshot_len(const struct payload_snapshot *s);
size_t payload_snapshot_memory(const struct payload_snapshot *s);
/* Whether a page was found damaged. */
bool payload_snapshot_damaged(const struct payload_snapshot *s);

/* Positions in the segment at that place of the head are given with that slot. Those in segments that are not bound
 * are passed over. */
void payload_snapshot_bind(struct payload_snapshot *s, uint32_t place, uint32_t slot);

/* As of payload_index.h, in order of hash. -EBADMSG, -EIO: a page. */
int payload_snapshot_range(const struct payload_snapshot *s, uint64_t first, uint64_t last, struct payload_entry *ret,
    size_t room, size_t *ret_n);
/* -ENODATA: there is none. */
int payload_snapshot_next(const struct payload_snapshot *s, uint64_t from, uint64_t *ret);

/* --- writing --- */

struct payload_snapshot_writer;

/* For so many pages; the entries of a page must come together, and pages in order. */
int payload_snapshot_writer_new(int dirfd, uint64_t store_id, uint32_t n_pages, struct payload_snapshot_writer **ret);
/* The first and the last hash of a page. */
void payload_snapshot_writer_page(uint32_t n_pages, uint32_t page, uint64_t *ret_first, uint64_t *ret_last);
/* Entries in order of hash, at most KEYS_PAGE_MAX; positions with a segment's place for a slot. */
int payload_snapshot_writer_add(struct payload_snapshot_writer *w, const struct payload_entry *entries, size_t n);
/* n_keys is counted. Makes it durable; the writer is freed either way. */
int payload_snapshot_writer_finish(struct payload_snapshot_writer *w, const struct payload_snapshot_head *h);
void payload_snapshot_writer_abort(struct payload_snapshot_writer *w);
DEFINE_CLEANUP(payload_snapshot_writer, payload_snapshot_writer_abort)

#endif
