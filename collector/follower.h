/* follower.h -- a thread that follows files: their lines become messages of topics
 *
 * Each file has a partition of its topic to itself. A line is one message; nothing of it is changed.
 *
 * EXACTLY ONCE. topics/followed has, of each file, a position and the offset that the line there gets. It is stored
 * only once all messages before are synced, and before the first message of another file (rotation). What was appended
 * since then is found again after a crash by comparing: the partition's messages from that offset on are the lines from
 * that position on. So it is, too, when another thread takes over from one that hangs.
 */
#ifndef COLLECTOR_FOLLOWER_H
#define COLLECTOR_FOLLOWER_H

#include "collector/reach.h"
#include "collector/server.h"

struct follower;

struct follower_start {
	struct server *server;
	int store_fd;
	uint64_t store_id;
	struct reach *reach; /* files that others hang on are not touched */
};

/* Whether there is anything to follow. */
bool follower_is_wanted(const struct config *c);

/* The place becomes its own, also if this fails. It sleeps as long as the configuration names no files. */
int follower_start(const struct follower_start *how, struct config *c, unsigned place, struct follower **ret);

/* From any thread: from now on. */
void follower_configure(struct follower *f, struct config *c);

/* Stores how far it has come, ends the thread, frees it. False: it hangs, on a file of a mount that is dead, and is
 * left behind; nothing of it may be used any more, and it uses nothing of what it was started with but its reach. */
bool follower_stop(struct follower *f);

#endif
