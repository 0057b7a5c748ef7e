/* retain.h -- removing the oldest hours */
#ifndef STORE_RETAIN_H
#define STORE_RETAIN_H

#include "store/bytes.h"

#include <stdatomic.h>

/* See recorder_retain. recording: the hour being recorded, INT32_MAX if there is none. It may change meanwhile: a log
 * is begun only after its hour stands there. present: the hour that ages count from, INT32_MAX if it is not known: then
 * nothing is too old. ret_n, if not NULL: files removed. */
int retain_hours(
    int dirfd, uint64_t max_bytes, int64_t max_age_ms, const atomic_int *recording, int32_t present, uint32_t *ret_n);

#endif
