/* segment_block.h -- the batches from one entry of a segment's index up to the next, in memory
 *
 * What looking at a message costs, paid once for all messages around it: frames are found and verified, directories
 * taken apart, bodies that are compressed kept unpacked. Bodies that are not stay in the file, where a message is then
 * read alone. What is damaged is there as a batch that says so. A block does not change; not thread-safe all the same.
 */
#ifndef STORE_SEGMENT_BLOCK_H
#define STORE_SEGMENT_BLOCK_H

#include "store/cleanup.h"
#include "store/message.h"
#include "store/segment_heads.h"

enum block_state {
	BLOCK_WHOLE,     /* verified */
	BLOCK_DIRECTORY, /* the directory alone, as it was asked for */
	BLOCK_ROTTEN,    /* the directory; the body is damaged */
	BLOCK_LOST,      /* nothing but the range of offsets */
};

struct block_batch {
	uint64_t first, last; /* offsets */
	uint64_t body;        /* where its body begins: in the file if it is stored, else in the block's memory */
	uint32_t n;           /* messages */
	uint32_t record;      /* segment_block_*'s: where they are kept */
	enum block_state state;
	bool stored, append_time;
	bool dense;      /* no offset is missing */
	bool text_known; /* else something before it is damaged, and so it may be */
	uint32_t delta;  /* segment_block_*'s, if not dense */
	int64_t max_ms;
	uint64_t text;     /* place of its lines in the segment's text */
	uint64_t text_end; /* = text where it is not known */
	uint64_t pos;      /* of its frame */
};

/* The range of a segment that a block is of. */
struct block_range {
	uint64_t pos, end;
	uint64_t first_offset, next_offset;
	uint64_t text, text_end;
};

struct segment_block;
struct segment_map;

/* bodies: verify them, and keep those that are compressed. -ENOMEM, -EIO; damage is no error. */
int segment_block_load(
    int fd, uint64_t file_id, const struct block_range *range, bool bodies, struct segment_block **ret);
void segment_block_free(struct segment_block *b);
DEFINE_CLEANUP(segment_block, segment_block_free)

/* For who keeps it among others: beside which entry it lies; map NULL: none any more. */
struct block_use {
	struct segment_map *map;
	uint32_t entry;
};
struct block_use *segment_block_use(struct segment_block *b);

/* Begins to fetch into the CPU's cache what a look at the block's nth message needs, if the block is a single batch, as
 * it is where batches are large; reads nothing. */
void segment_block_prefetch(const struct segment_block *b, uint64_t nth);

/* Whether it is what is wanted: it reaches up to end, and has bodies if they are asked for. */
bool segment_block_serves(const struct segment_block *b, uint64_t end, bool bodies);
const struct block_range *segment_block_range(const struct segment_block *b);
/* A multiple of BLOCK_ALIGN, which the address is, too. */
size_t segment_block_memory(const struct segment_block *b);
enum { BLOCK_ALIGN = 64 };
/* A copy at an address with room for it, which is not to be freed. */
struct segment_block *segment_block_copy(const struct segment_block *b, void *to);
void segment_block_batches(const struct segment_block *b, const struct block_batch **ret, uint32_t *ret_n);

/* A message in a block. Lengths are as on disk: + 1, or 0 for NULL. */
struct block_place {
	uint64_t offset;
	int64_t time_ms;
	uint64_t key, headers, value;
	uint32_t batch; /* number */
	/* The rest is segment_block_*'s. */
	uint32_t nth; /* in its batch */
	uint64_t body;
};

/* The first message at or behind offset. -ENODATA: none in this block. -EBADMSG: lost ones come first; ret->batch says
 * which. */
int segment_block_seek(const struct segment_block *b, uint64_t offset, struct block_place *ret);
/* The message behind the one at *at; errors as above. */
int segment_block_next(const struct segment_block *b, struct block_place *at);

/* The message itself, from the file or from memory; borrowed from room or from the block. -EBADMSG: its batch is
 * damaged. The block must have bodies. */
int segment_block_message(
    const struct segment_block *b, int fd, const struct block_place *at, struct buf *room, struct message *ret);

#endif
