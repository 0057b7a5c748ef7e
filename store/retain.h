/* retain.h -- removing the oldest hours */
#ifndef STORE_RETAIN_H
#define STORE_RETAIN_H

#include "store/bytes.h"

/* See recorder_retain. keep: the hour being recorded, INT32_MAX if there is none. ret_n, if not NULL: files removed. */
int retain_hours(int dirfd, uint64_t max_bytes, int64_t max_age_ms, int32_t keep, uint32_t *ret_n);

#endif
