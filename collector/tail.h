/* tail.h -- reading a file that others append to, line by line, and what takes its place
 *
 * A file is known by its content: by a hash of its first bytes and of those before the position. So it is found again
 * under the name that rotation gave it, also as a copy (copytruncate), and a file that was begun anew is not taken for
 * it although it has the same name and inode.
 *
 * What is renamed away is read to its end. The next is what was begun after it: files beside it whose names begin as
 * its own does, with '.' or '-' behind, in the order in which they were last written, and then the one of its name. A
 * line that has no end waits for it, until the next file has something in it. Lines that are too long come in pieces.
 */
#ifndef COLLECTOR_TAIL_H
#define COLLECTOR_TAIL_H

#include "store/followed.h"

enum { TAIL_MARK_BYTES = 256 };

struct tail;

/* line_max: bytes of a message. Begins at the mark, where that is found; without one, or where the file of that name is
 * another: at the beginning of that, which need not be there. -EAGAIN: the mark is not found, and no file of that name
 * is there; it may be on a mount that is to come. Other errors: what opening or reading that file said. */
int tail_new(const char *path, const struct followed_mark *mark, size_t line_max, struct tail **ret);
void tail_free(struct tail *t);
DEFINE_CLEANUP(tail, tail_free)

/* Whether a file of that name is one that rotation has compressed, or is still making. */
bool tail_is_packed(const char *name);

/* The next line (without '\n') at the position; its bytes stay until the next call. -EAGAIN: none is there now.
 * -ESTALE: what is read is at its end, or was cut, and another file takes its place: to go on with tail_switch. Other
 * errors: what reading it said. */
int tail_next(struct tail *t, struct span *ret);
/* The position moves behind the line that tail_next gave. */
void tail_took(struct tail *t);

/* Goes over to the file that -ESTALE told of. */
void tail_switch(struct tail *t);

/* Passes over a line that was taken before, if that is what comes next. 1; 0: it is not. */
int tail_pass(struct tail *t, struct span value);

/* How many files were begun so far: another number, another file, or the same anew. */
unsigned tail_n_files(const struct tail *t);

/* Where it is. -ENOENT: in no file yet. */
int tail_mark(struct tail *t, struct followed_mark *ret);

/* Whether these are the dev and ino of the file that is read. */
bool tail_reads(const struct tail *t, uint64_t dev, uint64_t ino);

#endif
