/* scan.h -- the valid frames of a file one after the other, past what is damaged (docs/format.md, section 3)
 *
 * For a file that nobody writes, and for one that a writer appends to at the same time. Not thread-safe on one object.
 */
#ifndef STORE_SCAN_H
#define STORE_SCAN_H

#include "store/frame.h"

/* To be read by the owner, changed by scan_* only. */
struct scan {
	int fd; /* the owner's */
	uint64_t file_id;
	uint64_t off;      /* where the next frame is looked for */
	uint64_t end;      /* nothing at or behind it is looked at */
	uint64_t file_len; /* at the last look */

	/* Found so far; what was gone over once is not counted again. */
	uint64_t n_frames;
	uint64_t n_damaged;   /* runs of damage that a valid frame lies behind */
	uint64_t damaged_len; /* their bytes */
	uint64_t damaged_off; /* where the first begins */
	uint64_t counted;     /* up to here */

	uint64_t wasted; /* bytes hashed of what then was not a frame */

	/* Read ahead: bytes [win_off, win_off + win_len) of the file. */
	uint8_t *win;
	size_t win_cap;
	size_t win_len;
	uint64_t win_off;
};

struct scan_frame {
	uint64_t off;
	uint8_t type;
	struct span payload; /* valid until the next call */
};

/* Begins behind the file header. end: UINT64_MAX for the file's own end. */
void scan_init(struct scan *s, int fd, uint64_t file_id, uint64_t end);
void scan_done(struct scan *s);

/* Yields the next valid frame at or behind s->off and moves behind it. -ENODATA: there is none (now); s->off is left
 * where the last one ended. -EBADMSG: given up, because so many bytes look like frames without being any that looking
 * at them all would take hours. -ENOMEM, -EIO. */
int scan_next(struct scan *s, struct scan_frame *ret);

/* Moves to off, so that the next call looks there first. */
void scan_seek(struct scan *s, uint64_t off);

#endif
