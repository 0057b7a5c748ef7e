/* sealed.h -- an immutable file of checked frames with a table of contents (docs/format.md, section 4)
 *
 * Written under a temporary name; sealed_writer_finish makes it durable under its own name, or nothing of it is there.
 * Reading costs header, footer and table of contents; sections are read and checked one by one.
 * A reader may be used by several threads at once; a writer by one.
 */
#ifndef STORE_SEALED_H
#define STORE_SEALED_H

#include "store/log.h"

struct sealed_writer;

/* Begins NAME as NAME.tmp (one that is there is replaced). id->id is filled in. */
int sealed_writer_new(int dirfd, const char *name, struct file_id *id, struct sealed_writer **ret);

/* Appends a frame. in_toc: names it in the table of contents. ret_off, if not NULL: its offset. */
int sealed_writer_add(
    struct sealed_writer *w, enum frame_type type, const void *p, size_t len, bool in_toc, uint64_t *ret_off);

/* What is added from now on is written in pieces of that many bytes, at multiples of it, and the rest at the end: that
 * much memory. The kernel keeps what is written in one piece in memory pages as large as it can, and who maps the file
 * looks up fewer. */
void sealed_writer_gather(struct sealed_writer *w, size_t piece);

/* Writes table of contents and footer, syncs, renames, syncs the directory. Replaces a file of that name. On an error
 * the temporary file is removed as far as that is possible; if only the sync of the directory failed, the new file is
 * in its place, whole, but a power cut may bring back what was there before. The writer is freed either way. */
int sealed_writer_finish(struct sealed_writer *w);

/* Gives up: removes the temporary file. */
void sealed_writer_abort(struct sealed_writer *w);
DEFINE_CLEANUP(sealed_writer, sealed_writer_abort)

struct sealed;

/* -EBADMSG: not sealed, damaged or cut. -EPROTONOSUPPORT. -ENOENT. */
int sealed_open(int dirfd, const char *name, const char *kind, struct sealed **ret);

/* Has the first and the last len bytes fetched in one piece each, for a file whose sections lie there. */
void sealed_prefetch(const struct sealed *s, uint64_t len);

/* Opens a file whose footer or table of contents is damaged: reads all of it, and takes every valid frame for a
 * section, so that sealed_find finds also those that no table of contents names. -EBADMSG: the header is damaged. */
int sealed_salvage(int dirfd, const char *name, const char *kind, struct sealed **ret);
const struct file_id *sealed_id(const struct sealed *s);
uint64_t sealed_len(const struct sealed *s);
/* Borrowed. */
int sealed_fd(const struct sealed *s);

/* Offset of the nth (from 0) section of that type in the table of contents. -ENOENT. */
int sealed_find(const struct sealed *s, enum frame_type type, unsigned nth, uint64_t *ret_off);
/* The next section of that type, from the entry *at (0 at first) of the table of contents on. -ENOENT. */
int sealed_next(const struct sealed *s, enum frame_type type, size_t *at, uint64_t *ret_off);

/* Reads the frame at off, which must be of that type (-EBADMSG otherwise, or if it is damaged), into *ret. */
int sealed_read(const struct sealed *s, uint64_t off, enum frame_type type, struct buf *ret);

/* sealed_find and sealed_read in one. */
int sealed_section(const struct sealed *s, enum frame_type type, unsigned nth, struct buf *ret);

/* Reads every frame of the file and checks that frames, table of contents and footer make up the whole file:
 * each(type, off, r, arg) is called for every frame, with r = 0, and for every run of damage, with r = -EBADMSG and
 * the type of the first section that the table of contents has in it (0: none). A frame that is not what the table of
 * contents says of it is damage, too. Returns the number of damaged runs, or a negative errno. */
int sealed_verify(const struct sealed *s, void (*each)(uint8_t type, uint64_t off, int r, void *arg), void *arg);

void sealed_close(struct sealed *s);
DEFINE_CLEANUP(sealed, sealed_close)

#endif
