/* segment_index.h -- the two indexes of a segment, written (docs/format.md, section 11)
 *
 * Both are derived from the segment's heads. What cannot be written now is kept and written later; what cannot be read
 * is made anew. Nothing here is synced but for what segment_index_mark says.
 */
#ifndef STORE_SEGMENT_INDEX_H
#define STORE_SEGMENT_INDEX_H

#include "store/batch_head.h"
#include "store/log.h"

/* What the segment's frames up to len come to. */
struct segment_sums {
	uint64_t len;
	uint64_t next_offset;
	int64_t max_ms; /* INT64_MIN: none */
	uint64_t text_len;
};

/* One of the two files. */
struct index_file {
	struct log *log;    /* NULL: not there yet */
	struct buf pending; /* payloads of frames; the last one is being filled */
	size_t open_at;     /* where it begins */
	uint64_t written;   /* length of the segment that the file speaks of */
};

struct segment_index {
	uint64_t base;
	uint64_t segment_id;
	uint64_t interval;
	uint64_t store_id;
	struct segment_sums sums;
	struct index_file offsets, times;
	bool any_entry;
	bool closed;       /* the newest frame on disk says so */
	uint64_t floor;    /* of offsets that may be given: what was on disk had been there up to it */
	uint64_t last_pos; /* of the batch that has the last entry */
	int64_t last_ms;   /* of the last entry of the time index */
};

/* For a new segment: writes nothing yet. */
void segment_index_init(
    struct segment_index *x, uint64_t store_id, uint64_t base, uint64_t segment_id, uint64_t interval);

/* For one that is there and segment_len bytes long: takes up the files' state. Ret: 1, or 0 if there is nothing to be
 * used: then x is as segment_index_init made it, but for floor, and all heads are to be noted again. */
int segment_index_load(struct segment_index *x, int dirfd, uint64_t segment_len);

/* Gives up what was loaded, and removes the files for good; as after an init, but for floor. */
int segment_index_reset(struct segment_index *x, int dirfd);

/* Position in the segment from which the heads are to be noted. */
uint64_t segment_index_from(const struct segment_index *x);

/* Memory for noting one more batch. */
int segment_index_reserve(struct segment_index *x);

/* A batch that lies at pos of the segment and ends at `end`, after segment_index_reserve. Those that are known already
 * are passed over. */
void segment_index_note(struct segment_index *x, const struct batch_head *h, uint64_t pos, uint64_t end);

/* Whether enough has gathered to be written. */
bool segment_index_due(const struct segment_index *x);

/* Writes what was noted; the segment must be synced, if it ever is. closed: says that it is complete. On an error all
 * of it is kept. */
int segment_index_write(struct segment_index *x, int dirfd, bool closed);

/* Makes durable that the segment is closed, or (closed false) not closed any more. */
int segment_index_mark(struct segment_index *x, int dirfd, bool closed);

/* Parks the files. */
void segment_index_park(struct segment_index *x);
void segment_index_done(struct segment_index *x);

/* Removes both files, if they are there. */
int segment_index_remove(int dirfd, uint64_t base);

#endif
