/* segment_reader.h -- a segment of a topic, read while others may append to it
 *
 * File and index are opened when they are needed and can be let go of at any time. What is said of a segment changes in
 * segment_reader_look alone, so that it is of one moment. Not thread-safe on one object.
 *
 * -ENOENT: the file is not there any more, or is another segment that took its place; -EBADMSG: its header is damaged.
 */
#ifndef STORE_SEGMENT_READER_H
#define STORE_SEGMENT_READER_H

#include "store/block_cache.h"
#include "store/segment_map.h"

/* What the segments of a partition have in common; borrowed by them. */
struct segment_place {
	int dirfd;
	uint32_t number; /* of the partition */
	struct block_cache *blocks;
	/* Something of the segment of that base is damaged. */
	void (*problem)(void *arg, uint64_t base, uint64_t off, const char *what);
	void *arg;
};

struct segment_reader;

int segment_reader_new(const struct segment_place *place, uint64_t base, struct segment_reader **ret);
void segment_reader_free(struct segment_reader *s);
DEFINE_CLEANUP(segment_reader, segment_reader_free)

/* Takes note of how much there is. next_base: of the segment behind it; UINT64_MAX: there is none, and the end may be
 * half written. Ret: 1 if anything is different, 0 if not. A segment that is not there yet, or has no header yet, is
 * empty. */
int segment_reader_look(struct segment_reader *s, uint64_t next_base);

uint64_t segment_reader_base(const struct segment_reader *s);
/* As at the last look that did not fail, NULL if there was none. */
const struct segment_sum *segment_reader_sum(const struct segment_reader *s);

/* The index, made if need be; borrowed until segment_reader_forget. times: with times. */
int segment_reader_map(struct segment_reader *s, bool times, const struct segment_map **ret);
size_t segment_reader_memory(const struct segment_reader *s);

/* The batches from entry number i of the index on. Borrowed until the next such call of any segment. */
int segment_reader_block(struct segment_reader *s, uint32_t i, bool bodies, const struct segment_block **ret);

/* The file to read, open until segment_reader_close. */
int segment_reader_file(struct segment_reader *s, int *ret_fd, uint64_t *ret_id);
bool segment_reader_is_open(const struct segment_reader *s);

/* Lets go of the file / the index. */
void segment_reader_close(struct segment_reader *s);
void segment_reader_forget(struct segment_reader *s);

#endif
