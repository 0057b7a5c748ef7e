/* taskstats.h -- what the kernel says of every thread that ends, over generic netlink
 *
 * Needs CAP_NET_ADMIN, and the first namespaces of users and processes. Of the struct that the kernel sends every
 * version is understood: what an older kernel does not have is not known, what a newer one adds is passed over.
 */
#ifndef COLLECTOR_TASKSTATS_H
#define COLLECTOR_TASKSTATS_H

#include "collector/exits.h"

/* A socket that gets a message for each thread that ends from now on, the type of these messages, and whether they say
 * which process the thread was of: that they do since Linux 5.19. -ENOENT: this kernel has no taskstats; -EPERM:
 * CAP_NET_ADMIN is missing; -EINVAL: in other namespaces. */
int taskstats_open(int *ret_fd, uint16_t *ret_type, bool *ret_groups);

/* Takes a message apart that came at now_us (CLOCK_MONOTONIC). ret->row has everything but pid and status, and counts
 * one thread. -ENODATA: it is about something else; -EBADMSG: it is none. */
int taskstats_parse(const void *p, size_t len, uint16_t type, int64_t now_us, struct exit_message *ret);

#endif
