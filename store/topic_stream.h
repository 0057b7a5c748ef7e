/* topic_stream.h -- the batches of a partition one after the other, verified, read ahead and not copied
 *
 * Not thread-safe on one object.
 */
#ifndef STORE_TOPIC_STREAM_H
#define STORE_TOPIC_STREAM_H

#include "store/scan.h"
#include "store/topic_segments.h"

struct topic_stream {
	struct topic_segments *segments; /* the owner's */
	bool active;
	uint64_t generation;
	uint32_t i;        /* the segment's number */
	uint64_t expected; /* offset behind the last batch that was yielded or told lost */
	struct scan scan;
	struct buf raw;
	bool kept; /* a batch that comes behind damage */
	struct scan_frame frame;
};

/* What it yields, until the next call. */
struct stream_batch {
	struct batch_head head;
	struct span dir, body; /* not compressed (any more) */
};

void topic_stream_init(struct topic_stream *st, struct topic_segments *segments);
void topic_stream_done(struct topic_stream *st);

/* The batch that has the first message at or behind from. -ENODATA: none. -EBADMSG: what is damaged comes first, and
 * *ret_behind is where to go on. From where the last one ended no look-up is made. */
int topic_stream_next(struct topic_stream *st, uint64_t from, struct stream_batch *ret, uint64_t *ret_behind);

#endif
