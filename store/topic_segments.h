/* topic_segments.h -- the segments of a partition that is read: which there are, and what they hold
 *
 * Of one moment, that of the last topic_segments_look, as far as removed files allow. Segments are numbered from 0,
 * oldest first; numbers change in topic_segments_look alone. Open files and indexes are bounded: those used longest ago
 * are let go of. Not thread-safe on one object.
 */
#ifndef STORE_TOPIC_SEGMENTS_H
#define STORE_TOPIC_SEGMENTS_H

#include "store/segment_reader.h"

struct topic_segments;

/* The partition's directory need not be there. problem as in segment_place. */
int topic_segments_new(int storefd, const char *dir, uint32_t number, struct block_cache *blocks, size_t index_bytes,
    void (*problem)(void *arg, uint64_t base, uint64_t off, const char *what), void *arg, struct topic_segments **ret);
void topic_segments_free(struct topic_segments *t);
DEFINE_CLEANUP(topic_segments, topic_segments_free)

/* Takes note of segments and messages that came or went. Ret: 1 if anything is different, 0 if not. */
int topic_segments_look(struct topic_segments *t);

uint32_t topic_segments_n(const struct topic_segments *t);
/* Offset behind the last message of all, and when file or directory last changed. */
uint64_t topic_segments_next(const struct topic_segments *t);
int64_t topic_segments_changed_ns(const struct topic_segments *t);

struct topic_segment_info {
	uint64_t base;
	uint64_t end;   /* base of the one behind; of the newest, the offset behind its last message */
	uint64_t bytes; /* of the file */
	const struct segment_sum *sum;
};
/* sum: whether that is wanted; if it cannot be told that is an error: -EBADMSG, -ENOENT. */
int topic_segments_info(struct topic_segments *t, uint32_t i, bool sum, struct topic_segment_info *ret);

/* Number of the segment in which that offset lies or would lie, of the first if it is before all. */
uint32_t topic_segments_find(const struct topic_segments *t, uint64_t offset);

/* A segment to look into, of which there is a sum; the others' may lose their indexes meanwhile. Borrowed until
 * topic_segments_look. */
int topic_segments_get(struct topic_segments *t, uint32_t i, struct segment_reader **ret);

/* Tells of damage in the segment of that base. */
void topic_segments_problem(const struct topic_segments *t, uint64_t base, uint64_t off, const char *what);

/* Changes whenever a segment that was there is not, or is another. */
uint64_t topic_segments_generation(const struct topic_segments *t);

#endif
