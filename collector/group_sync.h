/* group_sync.h -- one sync for all who wait for it
 *
 * What was written is synced when somebody wants it, and within a second anyway. One thread.
 */
#ifndef COLLECTOR_GROUP_SYNC_H
#define COLLECTOR_GROUP_SYNC_H

#include <stdbool.h>
#include <stdint.h>

struct group_sync {
	bool unsynced, wanted;
	int64_t due_ms; /* monotonic */
	int r;          /* of the last */
	uint64_t n_failed;
};

/* Something was written. */
void group_sync_wrote(struct group_sync *s);

/* It is to be synced by the next run. The result will be there; NULL: all is synced. */
const int *group_sync_want(struct group_sync *s);

/* Calls sync(arg) if that is wanted or due. Returns after how many ms it will be due, -1: it is not. */
int group_sync_run(struct group_sync *s, int (*sync)(void *arg), void *arg);

#endif
