/* segment.h -- the newest segment of a partition: appending, recovery (docs/format.md, section 11)
 *
 * dirfd is the partition's directory throughout. Not thread-safe on one object.
 */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

#include "store/batch_head.h"
#include "store/log.h"
#include "store/segment_index.h"
#include "store/segment_name.h"

struct segment;

/* What a segment belongs to. */
struct segment_owner {
	uint64_t store_id;
	uint32_t number;    /* of the partition in the store */
	uint32_t partition; /* and in its topic */
};

/* Makes a segment, and makes it durable. type: SEGMENT_LOG; or SEGMENT_TMP, for one that shall replace another of that
 * base by segment_replace, and has no files beside it until then. -EEXIST. */
int segment_create(int dirfd, const struct segment_owner *owner, uint64_t base, enum segment_file type,
    enum sync_mode mode, uint64_t interval, struct segment **ret);

struct segment_found {
	uint64_t n_damaged;   /* runs of damage, and frames that are no batches in order, in what was gone through */
	uint64_t n_torn;      /* bytes cut off */
	bool closed;          /* all was synced when it was closed, and nothing came since */
	bool any;             /* there is a batch; the last one was written */
	uint32_t boot;        /* in this boot */
	int64_t first_ms;     /* of the first batch; INT64_MIN: not known */
	bool rebuilt;         /* the indexes are made anew */
	uint64_t next_offset; /* behind all that is there, or was */
};

/* Opens a segment to append: recovers it from where its index ends. -ENODATA: its creation did not finish; -EBADMSG:
 * its header is damaged, or it is another partition's. -ERANGE: the end of what was there is damaged; that is left as
 * it is, and nothing can be appended; *ret_found is set. */
int segment_open(int dirfd, const struct segment_owner *owner, uint64_t base, enum sync_mode mode, uint64_t interval,
    struct segment_found *ret_found, struct segment **ret);

/* Appends a batch. *h, but for the fields that the body's codec gives, is the caller's; dir: room for the head, and the
 * directory behind it. On an error nothing is appended. */
int segment_append(struct segment *s, int dirfd, const struct batch_head *h, void *dir, struct span body);

/* Makes all of it durable, as the mode says. After a failed one all appends fail. */
int segment_sync(struct segment *s, int dirfd);

/* Writes what the indexes have not got yet, as far as that is possible now. */
void segment_write_index(struct segment *s, int dirfd);

/* Makes all of it durable in any mode, and says so in the index. */
int segment_finish(struct segment *s, int dirfd);

/* Makes all of it durable and puts it in the place of the segment of its base. */
int segment_replace(struct segment *s, int dirfd);

void segment_set_mode(struct segment *s, enum sync_mode mode, uint64_t interval);

/* Gives back the descriptors. segment_unpark before anything else. */
void segment_park(struct segment *s);
int segment_unpark(struct segment *s, int dirfd);

uint64_t segment_base(const struct segment *s);
uint64_t segment_len(const struct segment *s);
bool segment_empty(const struct segment *s);
bool segment_synced(const struct segment *s);
bool segment_finished(const struct segment *s);
const struct segment_sums *segment_sums(const struct segment *s);

void segment_close(struct segment *s);
DEFINE_CLEANUP(segment, segment_close)

#endif
