/* hourlist.h -- which hours a directory of snapshots has files of
 *
 * One listing of the directory; no file is opened.
 */
#ifndef STORE_HOURLIST_H
#define STORE_HOURLIST_H

#include "store/sidecar.h"

struct known_hour {
	int32_t hour;
	uint32_t max_part;
	uint32_t n_chunks;
	bool wal; /* some part is a log */
	bool has_sum;
	struct heat_sum sum; /* of an hour whose sidecars are all there */
};

/* The hours that have a chunk or a log, ascending; *ret is to be freed. has_sum and sum are the caller's to fill in. */
int hourlist_read(int dirfd, struct known_hour **ret, size_t *ret_n);

/* NULL: it is none of these. */
struct known_hour *hourlist_find(struct known_hour *hours, size_t n, int32_t hour);

/* The one of these whose log was written last, and how long that is; SIZE_MAX: none has a log. After a step of the
 * clock it need not be the last. */
size_t hourlist_newest_log(int dirfd, const struct known_hour *hours, size_t n, uint64_t *ret_len);

#endif
