/* bookmark.h -- where a reader of somebody else's file stands, kept over restarts (docs/format.md, section 13)
 *
 * A few bytes that are overwritten again and again. Whenever the machine stops, the file has what was written last or,
 * unless that reached the disk, what was written some time before; nothing is synced once the file is made. One thread.
 */
#ifndef STORE_BOOKMARK_H
#define STORE_BOOKMARK_H

#include "store/bytes.h"
#include "store/cleanup.h"

#include <stdint.h>

enum { BOOKMARK_LEN_MAX = 4000 };

struct bookmark;

/* Opens the bookmark of that name (a file's name) in the store's directory, making it if it is not there. It is locked:
 * -EWOULDBLOCK while another one has it. What is in a file that is none, or is damaged, is lost. */
int bookmark_open(const char *store, const char *name, struct bookmark **ret);
/* The same in a directory of the caller, who sees to it that there is one; not locked. */
int bookmark_open_in(int dirfd, const char *name, struct bookmark **ret);
void bookmark_close(struct bookmark *b);
DEFINE_CLEANUP(bookmark, bookmark_close)

/* What was written last, until the next write. -ENODATA: nothing. */
int bookmark_get(const struct bookmark *b, const void **ret, size_t *ret_len);

/* -EMSGSIZE above BOOKMARK_LEN_MAX. After an error it may be tried again. */
int bookmark_set(struct bookmark *b, const void *p, size_t len);

/* Appends what was written last to a bookmark of that directory, also while somebody writes it. -ENOENT; -ENODATA:
 * nothing; -EBADMSG: it is none. */
int bookmark_read(int dirfd, const char *name, struct buf *ret);

#endif
