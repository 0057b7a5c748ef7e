/* follow.h -- the thread that follows files: their lines become messages of topics
 *
 * Each file has a partition of its topic to itself. A line is one message; nothing of it is changed.
 *
 * EXACTLY ONCE. topics/followed has, of each file, a position and the offset that the line there gets. It is stored
 * only once all messages before are synced, and before the first message of another file (rotation). What was appended
 * since then is found again after a crash by comparing: the partition's messages from that offset on are the lines from
 * that position on.
 */
#ifndef COLLECTOR_FOLLOW_H
#define COLLECTOR_FOLLOW_H

#include "collector/server.h"

struct follow;

/* It sleeps as long as the configuration names no files. */
int follow_start(struct server *s, int store_fd, uint64_t store_id, struct config *c, struct follow **ret);

/* From any thread: from now on. */
void follow_configure(struct follow *f, struct config *c);

/* Stores how far it has come, ends the thread, frees it. A thread that hangs, on a file of a mount that is dead, is
 * left behind; it uses nothing that was passed to follow_start then. */
void follow_stop(struct follow *f);

#endif
