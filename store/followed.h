/* followed.h -- how far files were read whose lines became messages (docs/format.md, section 11) */
#ifndef STORE_FOLLOWED_H
#define STORE_FOLLOWED_H

#include "store/cleanup.h"
#include "store/format.h"

/* In the directory of topics: no topic can be called so. */
#define FOLLOWED_FILE "followed"
#define FOLLOWED_COPY "followed~"
#define FOLLOWED_DAMAGED "followed~.damaged"

/* A position in a file, which is known by what lies before it. */
struct followed_mark {
	uint64_t dev, ino;
	uint64_t pos;
	uint32_t n_head, n_last;       /* so many bytes from the start, and before pos, */
	uint64_t head_hash, last_hash; /* have these XXH3 */
};

/* The hash of bytes that a mark has. */
uint64_t followed_hash(const void *p, size_t len);

struct followed {
	char *path;
	char *topic;
	uint32_t partition;
	uint64_t offset; /* the message of the line at the mark has this one, or a later */
	struct followed_mark mark;
};

/* What was stored in the store of that directory; each is the caller's, with its strings. Nothing was: n is 0. 1: the
 * file is damaged, or cannot be read, and this is of its copy. -EBADMSG, and others: neither can be used. */
int followed_load(int store_fd, struct followed **ret, size_t *ret_n);
void followed_done(struct followed *f);

/* Replaces what was stored, and then its copy: durable when it returns 0; after an error each is what it was, or what
 * it is to be. */
int followed_store(int store_fd, uint64_t store_id, const struct followed *f, size_t n);

/* Nothing is stored from here on; the file is kept as FOLLOWED_DAMAGED. */
int followed_put_aside(int store_fd);

#endif
