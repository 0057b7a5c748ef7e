/* segment_scan.h -- the messages of a segment that is not written any more, in order, for the writer's own work */
#ifndef STORE_SEGMENT_SCAN_H
#define STORE_SEGMENT_SCAN_H

#include "store/batch.h"
#include "store/batch_head.h"
#include "store/log.h"

struct segment_scan {
	struct log_reader *reader;
	struct buf raw;
	struct batch_head head;     /* of the batch that is gone through */
	struct batch_cursor cursor; /* left 0: the next batch is to be read */
	uint64_t base;
	uint64_t next_offset; /* what comes is not below it */
	bool damaged;         /* something could not be read, and was passed over */
};

/* -ENOENT; -EBADMSG, -ENODATA: the header. */
int segment_scan_open(struct segment_scan *s, int dirfd, uint64_t base);

/* -ENODATA behind the last message that can be read. Borrowed until the next call. */
int segment_scan_next(struct segment_scan *s, struct message *ret);

void segment_scan_done(struct segment_scan *s);

#endif
