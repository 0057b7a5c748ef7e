/* tree.h -- a store as a tree of names, attributes and bytes; knows nothing of FUSE
 *
 * What the mount shows and what `histctl cat` prints comes from here, so both agree to the byte. Inode numbers are
 * arithmetic over what they stand for (view/node.h): the same in every process, after every remount, before and after
 * an hour is sealed; nothing is kept for a number that was given out, and any number may be asked about at any time.
 * The tree follows the store by itself: what is recorded shows up at the first call that comes TREE_REFRESH_MS after
 * the last look. One thread at a time. Spans and strings that are returned stay valid until the next call on the same
 * tree.
 *
 * Errors: -ENOENT no such name, or what an inode stood for is gone; -ENOTDIR, -EISDIR, -EINVAL (not a link) as the
 * kernel; -EBADMSG the bytes on disk that this needs are damaged (`status` says where); others as the kernel says.
 */
#ifndef VIEW_TREE_H
#define VIEW_TREE_H

#include "store/store.h"

#include <sys/stat.h>

struct tree;

enum {
	TREE_ROOT = 1,
	TREE_REFRESH_MS = 200,
};

/* The store stays the caller's and must outlive the tree; the tree is the only one to call store_refresh on it. */
int tree_new(struct store *s, struct tree **ret);
void tree_free(struct tree *t);
DEFINE_CLEANUP(tree, tree_free)

/* Takes this for the time of day from now on (names like -5m below /at are relative to it); INT64_MIN: the clock again.
 */
void tree_set_now(struct tree *t, int64_t now_ms);

struct tree_attr {
	uint64_t ino;
	uint32_t mode;     /* S_IFREG | 0444, S_IFDIR | 0555 or S_IFLNK | 0777 */
	uint32_t nlink;    /* of a directory: 2 and one for each directory in it, or 1: they were not counted */
	uint64_t size;     /* exactly the bytes that reading gives; of a link, its target's; 0 for a directory */
	int64_t mtime_ms;  /* also ctime and atime: moves whenever the size or a directory's contents do, */
	uint32_t mtime_ns; /* with this, below a millisecond: no time, but what tells changes within one apart */
	uint32_t attr_ms;  /* how long all this may be taken for true, */
	uint32_t name_ms;  /* and (tree_lookup, tree_list) that this name leads to this inode */
};

/* One name in a directory. "." and ".." are understood. */
int tree_lookup(struct tree *t, uint64_t dir, const char *name, struct tree_attr *ret);

int tree_attr(struct tree *t, uint64_t ino, struct tree_attr *ret);

/* The directory that an inode is in; the root's is the root. */
uint64_t tree_parent(struct tree *t, uint64_t ino);

struct tree_entry {
	const char *name;
	uint64_t cookie; /* where to go on behind this entry; never 0, below 2^63 */
	uint64_t ino;
	uint32_t type;                /* S_IFREG, S_IFDIR or S_IFLNK */
	const struct tree_attr *attr; /* NULL if not asked for, or not to be had (damaged) */
};

/* The entries of a directory behind the one with that cookie (0: all), without "." and "..", in a fixed order: each(e,
 * arg), which must not call the tree, returns 0 to go on; anything else ends the listing and is returned. Entries that
 * appear meanwhile do not move others. */
int tree_list(struct tree *t, uint64_t dir, uint64_t cookie, bool attrs,
    int (*each)(const struct tree_entry *e, void *arg), void *arg);

int tree_readlink(struct tree *t, uint64_t ino, struct span *ret);

/* Bytes off … off + len of a file; fewer only at its end. */
int tree_read(struct tree *t, uint64_t ino, uint64_t off, size_t len, struct span *ret);

/* The inode at a path from the root ("/now/cpu", leading and double slashes do not matter), following links. -ELOOP as
 * the kernel. */
int tree_walk(struct tree *t, const char *path, struct tree_attr *ret);

/* Bytes that the store's files have on disk, and the number of hours. Of topics' files this may be what they had a
 * little before. */
int tree_usage(struct tree *t, uint64_t *ret_bytes, uint64_t *ret_n_hours);

#endif
