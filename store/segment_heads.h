/* segment_heads.h -- the batches of a segment one after the other, without reading their bodies
 *
 * Or with them, when they are to be verified. Not thread-safe on one object.
 */
#ifndef STORE_SEGMENT_HEADS_H
#define STORE_SEGMENT_HEADS_H

#include "store/batch_head.h"

struct segment_heads {
	int fd; /* the owner's */
	uint64_t file_id;
	uint64_t pos; /* of the next frame */
	uint64_t end; /* nothing at or behind it is looked at */
	bool whole;   /* bodies too */
	/* Read ahead: bytes [win_off, win_off + win_len) of the file. */
	uint8_t *win;
	size_t win_cap, win_len;
	uint64_t win_off;
};

struct segment_batch {
	struct batch_head head;
	uint64_t pos; /* of its frame */
	uint64_t len; /* of that */
	bool whole;   /* the frame was read, and verified */
	struct span dir;
	struct span body; /* as stored, if whole; both valid until the next call */
};

/* From the frame at pos on. */
void segment_heads_init(struct segment_heads *w, int fd, uint64_t file_id, uint64_t pos, uint64_t end);
void segment_heads_done(struct segment_heads *w);

/* 0: a batch, the head and directory of which are right, and behind which w->pos is then; whether its body is, says
 * ->whole if bodies are read. -ENODATA: the end. -EBADMSG: no batch can be read at w->pos, which stays. */
int segment_heads_next(struct segment_heads *w, struct segment_batch *ret);

/* Goes on behind damage: to the next valid frame behind w->pos, reading all of it. -ENODATA: there is none, and w->pos
 * is the end. */
int segment_heads_search(struct segment_heads *w);

#endif
