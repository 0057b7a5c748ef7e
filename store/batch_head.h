/* batch_head.h -- what is in front of a batch's messages (docs/format.md, section 11)
 *
 * The head is checked together with the directory behind it, so that both can be used without reading the body. All
 * functions are thread-safe.
 */
#ifndef STORE_BATCH_HEAD_H
#define STORE_BATCH_HEAD_H

#include "store/format.h"

#include <stdbool.h>

struct batch_head {
	uint64_t first_offset, last_offset;
	int64_t first_ms, max_ms;
	uint32_t n;
	uint32_t dir_len;
	uint32_t raw_len; /* of the body before compression */
	uint32_t text_len;
	uint8_t codec; /* BATCH_STORED … */
	uint8_t flags; /* BATCH_APPEND_TIME … */
	uint32_t boot;
};

/* Lays out the head of a batch whose frame will lie at off of the file with that id. The directory must lie directly
 * behind d in memory. */
void batch_head_put(const struct batch_head *h, uint64_t file_id, uint64_t off, struct disk_batch *d);

/* What a head says, if it is within the limits of its frame, whose payload is payload_len bytes. -EBADMSG. */
int batch_head_get(const struct disk_batch *d, uint32_t payload_len, struct batch_head *ret);

/* Whether head and directory are what was written. batch_head_get must have agreed to the head, and the directory must
 * lie directly behind it in memory. */
bool batch_head_valid(const struct disk_batch *d, uint64_t file_id, uint64_t off);

#endif
