/* pglog_tail.h -- following a log over its files: rotated, renamed, truncated, removed
 *
 * Files are those of a directory whose names match, in the order in which they were written last. A file is known by
 * its inode and by how it begins: one that was emptied and written again is another one. What there is too much of is
 * skipped and counted. Reading may hang as long as the file system does. One thread.
 */
#ifndef COLLECTOR_PGLOG_TAIL_H
#define COLLECTOR_PGLOG_TAIL_H

#include "collector/pglog_parse.h"

enum {
	PGLOG_HEAD_LEN = 64,
	PGLOG_PATH_MAX = 1024,
	PGLOG_WINDOW = 256 << 10, /* bytes that wait to be taken, at most */
	PGLOG_BEHIND_MAX = 64 << 20,
	PGLOG_BEHIND_KEPT = 4 << 20 /* what is read of that which is more */
};

/* Where reading is to go on. */
struct pglog_position {
	uint64_t ino; /* 0: nowhere yet */
	uint64_t off;
	int64_t mtime_ns; /* of the file when it was read last */
	uint32_t head_len;
	char head[PGLOG_HEAD_LEN]; /* how the file begins, as far as it was read */
};

struct pglog_tail;

/* glob: path of the files, of which the last part may have wildcards. from: NULL or nowhere: at the end of the newest.
 */
int pglog_tail_new(const char *glob, const struct pglog_position *from, struct pglog_tail **ret);
void pglog_tail_free(struct pglog_tail *t);
DEFINE_CLEANUP(pglog_tail, pglog_tail_free)

/* Reads on. 0: *ret is what was not taken yet, and *ret_new how much was read just now; -ENODATA: there is
 * nothing; another errno: the files cannot be read (-ENOENT: there are none). */
int pglog_tail_read(struct pglog_tail *t, struct pgtext *ret, size_t *ret_new, enum pglog_ahead *ret_ahead);

/* So much was taken from the front of what was read. */
void pglog_tail_took(struct pglog_tail *t, size_t len);

void pglog_tail_position(const struct pglog_tail *t, struct pglog_position *ret);

/* The file that is read, "" if there is none. */
const char *pglog_tail_path(const struct pglog_tail *t);

/* Bytes that were passed over since the last call. */
uint64_t pglog_tail_skipped(struct pglog_tail *t);

#endif
