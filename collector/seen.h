/* seen.h -- when the processes that were seen alive last began
 *
 * The kernel tells of a process that ended how old it was, and its start can be reckoned from that to some
 * milliseconds. The table processes has the start that /proc prints. So that both have one key, what was seen alive is
 * looked up here. One thread, the sampling one.
 */
#ifndef COLLECTOR_SEEN_H
#define COLLECTOR_SEEN_H

#include "store/bytes.h"
#include "store/cleanup.h"

struct seen;

int seen_new(struct seen **ret);
void seen_free(struct seen *s);
DEFINE_CLEANUP(seen, seen_free)

/* These processes, ascending by pid, were there at or after when_us, with these starts. Those of the call before are
 * kept, too. All times are CLOCK_BOOTTIME, in microseconds. 0 or -ENOMEM (nothing is known of now, then). */
int seen_put(struct seen *s, uint64_t when_us, const uint64_t *pids, const uint64_t *starts, size_t n);

/* The start of a process that was seen. It began at begun_us or somewhat before (INT64_MIN: not known), and that it
 * ended was heard at ended_us; it may have been there as a zombie after that. */
bool seen_find(const struct seen *s, uint64_t pid, int64_t begun_us, int64_t ended_us, uint64_t *ret_start);

#endif
