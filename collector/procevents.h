/* procevents.h -- processes that begin and end, over the proc connector
 *
 * For when taskstats is not to be had: since Linux 6.6 no privilege is needed. The kernel tells no more than numbers,
 * times and how a process ended. What a process is called and whose it is is read from /proc when it executes a
 * program; what was not read in time is not known. And for kernels whose taskstats do not say which process a thread is
 * of: that is known from when it began. Memory is bounded: of processes whose numbers have the same remainder the
 * younger one is remembered. One thread.
 */
#ifndef COLLECTOR_PROCEVENTS_H
#define COLLECTOR_PROCEVENTS_H

#include "collector/exits.h"

struct procevents;

/* root: below which proc is. */
int procevents_new(const char *root, struct procevents **ret);
/* Remembers the threads there are; to be called when events come already. */
int procevents_scan(struct procevents *pe);
void procevents_free(struct procevents *pe);
DEFINE_CLEANUP(procevents, procevents_free)

/* A socket that gets a message for each event from now on. -EPERM, -ECONNREFUSED and the like: not here; -EAGAIN: in
 * other namespaces. */
int procevents_open(int *ret_fd);
/* Closes it. Before Linux 6.6 the kernel goes on making messages for those that closed their socket without a word. */
void procevents_close(int fd);

/* Takes a message apart. 0: a process ended; *ret is it, and all of it. -ENODATA: it is about something else, which may
 * have been remembered; -EBADMSG: it is none. */
int procevents_parse(struct procevents *pe, const void *p, size_t len, int64_t now_us, struct exit_message *ret);

/* The same for the threads of processes only: nothing is read from /proc, and nobody is told who ended. */
int procevents_follow(struct procevents *pe, const void *p, size_t len);
/* Which process the thread is of, and whether it was all of it, in a message of taskstats that does not say so. A
 * thread that was not heard of is a process of its own. */
void procevents_complete(const struct procevents *pe, struct exit_message *m);

#endif
