/* ops.h -- the requests of the kernel, answered from a tree
 *
 * Every answer is a function of the inode number and the store: the kernel opens nothing (open and opendir are not
 * implemented, which it learns once) and nothing is kept for it. One thread: on one CPU a request's round trip is
 * cheapest so, and every request is short.
 */
#ifndef FS_OPS_H
#define FS_OPS_H

#include "view/tree.h"

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

struct ops {
	struct tree *tree;
	uid_t uid;
	gid_t gid;
	mode_t umask;
	void (*ready)(void *arg); /* called when the kernel begins to ask */
	void *arg;
	struct buf entries; /* of the listing being made */
};

/* For fuse_session_new, with a struct ops as userdata. */
extern const struct fuse_lowlevel_ops ops_table;

#endif
