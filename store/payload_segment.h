/* payload_segment.h -- a segment of the payload log, read (docs/format.md, section 12)
 *
 * Mapped when it is first read. A segment may grow while it is read, by payload_segment_grown of one thread; everything
 * else may be called by any number of threads, each with a buffer of its own.
 */
#ifndef STORE_PAYLOAD_SEGMENT_H
#define STORE_PAYLOAD_SEGMENT_H

#include "store/payload_record.h"

#include <stdatomic.h>

struct payload_map;

struct payload_segment {
	int dirfd; /* the owner's */
	uint64_t base;
	uint64_t file_id;
	uint64_t map_len; /* that it is expected to need at most */
	_Atomic uint64_t len;
	_Atomic(struct payload_map *) map; /* NULL: not mapped yet */
	_Atomic uint64_t bad_off;          /* where last a record was to be that is damaged; 0: nowhere */

	/* Of a writer's tidying. */
	_Atomic uint64_t superseded; /* bytes of records that were replaced since it was looked at */
	bool looked;
	uint64_t losable; /* bytes, as of then */
	int64_t look_again_ms;
};

/* Length: that of the header, until payload_segment_grown. */
int payload_segment_new(int dirfd, uint64_t base, uint64_t file_id, uint64_t map_len, struct payload_segment **ret);
/* The same of a file, its header read, with its length. -ENODATA, -EBADMSG, -EPROTONOSUPPORT: the header. */
int payload_segment_open(int dirfd, uint64_t base, uint64_t map_len, struct payload_segment **ret);
void payload_segment_free(struct payload_segment *s);
DEFINE_CLEANUP(payload_segment, payload_segment_free)

/* There are frames up to len. */
void payload_segment_grown(struct payload_segment *s, uint64_t len);

/* Maps all of it now, so that it can be read when the file is gone. */
int payload_segment_hold(struct payload_segment *s);

/* The record whose frame begins at off, into room; *ret_end, if not NULL: where it ends. -EBADMSG: there is none, or it
 * is damaged. -ESTALE: the file is gone, and had not been mapped. */
int payload_segment_read(
    struct payload_segment *s, uint64_t off, struct buf *room, struct payload_record *ret, uint64_t *ret_end);

/* Where the record with that number is. end_number: all in the segment are below it. -ENOENT: it is not there, and
 * nothing damaged is where it would be; -EBADMSG: something is. */
int payload_segment_find(struct payload_segment *s, uint64_t number, uint64_t end_number, uint64_t *ret_off);

#endif
