/* server.h -- the thread that has the topics: it serves the clients of the socket, and calls of other threads
 *
 * One thread, in rounds: what clients have sent is read and done, then everything that somebody waits for is synced,
 * each partition once, then they are answered. While a sync runs, requests gather; a round waits a little for those
 * producers that were there in the round before. A disk that hangs stops this thread and none other.
 */
#ifndef COLLECTOR_SERVER_H
#define COLLECTOR_SERVER_H

#include "collector/calls.h"

struct server;

/* listen_fd: of the socket, the server's from here on; -1: there is none. store: the directory, to read from. */
int server_start(struct ingest *ingest, const char *store, int listen_fd, struct server **ret);

/* Has the thread call fn, and returns what that does, or the error of syncing. From any other thread; waits. */
int server_call(struct server *s, int (*fn)(struct ingest *g, void *arg, struct server_task *task), void *arg);

/* From any thread: from the next round on. Waits for nothing. */
void server_configure(struct server *s, struct config *c);

/* Answers what was done, closes the connections, ends the thread, frees it. */
void server_stop(struct server *s);

#endif
