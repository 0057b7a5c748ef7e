/* segment_map.h -- where the batches of a segment lie, by offset, time and place in its text: in memory
 *
 * Sorted arrays, read from the files of the index or made from heads of batches; both may be mixed: from the position
 * that the arrays cover on, batches are added. Nothing here is written. Not thread-safe on one object.
 */
#ifndef STORE_SEGMENT_MAP_H
#define STORE_SEGMENT_MAP_H

#include "store/batch_head.h"

/* What is known of a segment up to a position. */
struct segment_sum {
	uint64_t covered;     /* position behind the last batch */
	uint64_t next_offset; /* behind the last message */
	int64_t max_ms;       /* INT64_MIN: no message */
	uint64_t text_len;
};

struct segment_block;

struct segment_entry {
	uint32_t delta; /* of the first offset to the base */
	uint32_t pos;
	uint64_t text;               /* of all batches before */
	struct segment_block *block; /* the owner's, see block_cache.h; NULL at first */
};

struct segment_time {
	int64_t max_ms;
	uint32_t delta;
};

/* To be read by the owner, changed by segment_map_* only. Zeroed but for base and sum: empty. */
struct segment_map {
	uint64_t base;
	struct segment_sum sum;
	struct segment_entry *entries;
	uint32_t n, cap;
	struct segment_time *times;
	uint32_t n_times, cap_times;
	bool has_times; /* else they were not asked for */
	uint64_t times_covered;
	int64_t times_max; /* largest time up to there */
};

void segment_map_init(struct segment_map *x, uint64_t base);
void segment_map_done(struct segment_map *x);
size_t segment_map_memory(const struct segment_map *x);

/* The newest frame of the index of that segment: what it covers. -ENOENT: there is none that can be found by its end,
 * or it is another segment's. */
int segment_map_read_sum(int dirfd, uint64_t base, uint64_t segment_id, struct segment_sum *ret);

/* Fills an empty index from the files of that segment, as far as they can be used and speak of what is before `limit`.
 * Files that are not there or of no use are as good as empty ones. -ENOMEM, -EIO. */
int segment_map_load(struct segment_map *x, int dirfd, uint64_t segment_id, uint64_t limit);
int segment_map_load_times(struct segment_map *x, int dirfd, uint64_t segment_id);

/* Adds the batch that follows what is covered; pos and len are its frame's. -EBADMSG: it does not follow. */
int segment_map_add(struct segment_map *x, const struct batch_head *h, uint64_t pos, uint64_t len);
/* The same for the times alone, of a batch that has been added already. */
int segment_map_add_time(struct segment_map *x, const struct batch_head *h, uint64_t pos, uint64_t len);

/* Number of the entry whose batches hold that offset / place in the text; n: there is none. */
uint32_t segment_map_find(const struct segment_map *x, uint64_t offset);
uint32_t segment_map_find_text(const struct segment_map *x, uint64_t text);
/* Number of the first entry from which on a batch may reach that time. n: there is none at all. */
uint32_t segment_map_find_time(const struct segment_map *x, int64_t ms);

#endif
