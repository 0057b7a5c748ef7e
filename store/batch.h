/* batch.h -- messages as one checked frame of a segment (docs/format.md, section 11)
 *
 * Also what goes over a socket: the directory and body of messages that have no offsets yet. Nothing here does I/O.
 */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include "store/format.h"
#include "store/message.h"

/* Messages being gathered: zeroed is empty. */
struct batch_builder {
	struct buf dir;
	struct buf body;
	uint32_t n;
	uint64_t first_offset, last_offset; /* as they were given */
	int64_t last_ms, first_ms, max_ms;
	uint64_t text_len; /* of all lines but for the digits of their offsets */
};

/* Adds a message; its offset counts only relative to the first's (compaction leaves gaps): give 0, 1, 2 … -EMSGSIZE:
 * the batch would be over BATCH_N_MAX or BATCH_RAW_MAX. -EINVAL: headers that are none; an offset that is not above the
 * one before. On an error the builder is as it was. */
int batch_add(struct batch_builder *b, const struct message *m);
void batch_clear(struct batch_builder *b);
void batch_done(struct batch_builder *b);

/* Text length of the builder's messages if the first has that offset. */
uint64_t batch_text_len(const struct batch_builder *b, uint64_t first_offset);

/* Appends a directory like the builder's, but with all times the first's. */
void batch_flat_dir(const struct batch_builder *b, struct buf *out);

/* Adopts n messages without gaps between their offsets as somebody else wrote them, after checking every length; the
 * builder must be empty. -EBADMSG; -EMSGSIZE as batch_add. */
int batch_adopt(struct batch_builder *b, uint32_t n, int64_t first_ms, struct span dir, struct span body);

/* Going through a batch that is in memory whole and whose body is not compressed (any more). */
struct batch_cursor {
	struct span dir, body;
	struct message next; /* offset and time of the message before */
	uint32_t left;
	bool append_time;
	bool begun;
};

/* n messages, the first of which has that offset and time. */
void batch_cursor_init(struct batch_cursor *c, uint32_t n, uint64_t first_offset, int64_t first_ms, bool append_time,
    struct span dir, struct span body);

/* -ENODATA behind the last; -EBADMSG. What *ret points to is the batch's. */
int batch_next(struct batch_cursor *c, struct message *ret);

#endif
