/* frame.h -- file headers and checked frames (docs/format.md, sections 2 and 3)
 *
 * What logs and sealed files are made of. All functions are thread-safe.
 */
#ifndef STORE_FRAME_H
#define STORE_FRAME_H

#include "store/format.h"

#include <stdbool.h>
#include <stdint.h>

/* What a file's header says. kind is one of KIND_*. */
struct file_id {
	char kind[5];
	uint64_t id;
	uint64_t store_id;
	int32_t hour;
	uint32_t part;
	uint64_t first_seq;
};

/* Lays out / checks a file header. Parsing: -EBADMSG if it is not one of ours or damaged (kind, if not NULL, must
 * match), -EPROTONOSUPPORT if a newer version wrote it. id.kind etc. are set only on success. */
void file_header_put(const struct file_id *id, struct disk_header *ret);
int file_header_get(const struct disk_header *h, const char *kind, struct file_id *ret);

/* Lays out the 20 bytes in front of a payload that will lie at off + 20 of the file with that id. The payload must lie
 * directly behind h in memory. */
void frame_put(struct disk_frame *h, enum frame_type type, uint32_t len, uint64_t file_id, uint64_t off);

/* The same for a payload that is in n pieces anywhere, len bytes in all. */
void frame_put_pieces(struct disk_frame *h, enum frame_type type, const struct span *pieces, unsigned n, uint32_t len,
    uint64_t file_id, uint64_t off);

/* Conditions (1) to (3) of a valid frame, but for the file's end: what can be told without the payload. */
bool frame_head_valid(const struct disk_frame *h);

/* Condition (4). The payload must lie directly behind h in memory, whose head must be valid. */
bool frame_check_valid(const struct disk_frame *h, uint64_t file_id, uint64_t off);

/* Reads and checks the frame at off of a file of file_len bytes. 0: type, and the payload in *ret (what was in it is
 * replaced; it may be used again for further calls). -ENODATA: the file ends here (off == file_len). -EBADMSG: no valid
 * frame here; a frame that reaches past file_len is one of these. -ENOMEM, -EIO as they come. */
int frame_read(int fd, uint64_t file_id, uint64_t off, uint64_t file_len, uint8_t *ret_type, struct buf *ret);

#endif
