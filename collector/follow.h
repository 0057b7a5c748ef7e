/* follow.h -- following files: their lines become messages of topics
 *
 * A thread follows all files (follower.h). When one of them hangs it, it is left behind with that one, and another
 * takes over the others; so it goes up to eight times. Who comes back ends, and its file is followed again.
 */
#ifndef COLLECTOR_FOLLOW_H
#define COLLECTOR_FOLLOW_H

#include "collector/server.h"

struct follow;

int follow_start(struct server *s, int store_fd, uint64_t store_id, struct config *c, struct follow **ret);

/* From any thread: from now on. */
void follow_configure(struct follow *f, struct config *c);

/* Stores how far all files were read, ends the threads, frees everything. Threads that hang use nothing that was passed
 * to follow_start. */
void follow_stop(struct follow *f);

#endif
