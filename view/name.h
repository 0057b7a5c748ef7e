/* name.h -- the names of hours and snapshots, and how a person may write a time */
#ifndef VIEW_NAME_H
#define VIEW_NAME_H

#include <stdbool.h>
#include <stdint.h>

enum {
	NAME_HOUR_LEN = 13, /* 2026-11-20T03 */
	NAME_TIME_LEN = 24, /* 2026-11-20T03-12-05.123Z */
	NAME_MAX_LEN = 64,  /* of any name made here, with its NUL */
};

/* "2026-11-20T03"; hour counts from 1970 and is one that a node can hold. */
void name_hour(char ret[NAME_MAX_LEN], int32_t hour);
/* Exactly such a name. -ENOENT for anything else. */
int name_parse_hour(const char *name, int32_t *ret_hour);

/* "2026-11-20", of the day's first hour. */
void name_day(char ret[NAME_MAX_LEN], int32_t hour);
/* Such a name with anything behind it: where that begins. -ENOENT. */
int name_parse_day(const char *name, int32_t *ret_hour, const char **ret_rest);

/* "snapshot-0042". */
void name_snapshot(char ret[NAME_MAX_LEN], int32_t seq);
/* That, with any number of leading zeros. -ENOENT. */
int name_parse_snapshot(const char *name, int32_t *ret_seq);

/* "7" and a suffix. */
void name_partition(char ret[NAME_MAX_LEN], uint64_t partition, const char *suffix);

/* "00000000000000001234" and a suffix. */
void name_offset(char ret[NAME_MAX_LEN], uint64_t offset, const char *suffix);
/* That, with any number of leading zeros or none, below 10^18. -ENOENT. */
int name_parse_offset(const char *name, const char *suffix, uint64_t *ret_offset);

/* "hour/2026-11-20T03/snapshot-0042" behind a prefix. */
void name_target(char ret[NAME_MAX_LEN], const char *prefix, int32_t hour, int32_t seq);

/* "2026-11-20T03-12-05.123Z": NAME_TIME_LEN bytes. Years outside 0 to 9999 are shown as the nearest in it. */
void name_time(char ret[NAME_MAX_LEN], int64_t ms);

/* A moment, as milliseconds since 1970. Understood, all in UTC unless there is an offset:
 *   2026-11-20T03:12:05.250Z   2026-11-20T03-12-05   2026-11-20 03:12:05+01:00   2026-11-20T03:12   2026-11-20T03
 * 2026-11-20 03:12:05   03:12 (of now's day)   1795144325 (seconds since 1970)   -90s   -5m   -2h   -1d   now yesterday
 * (a day before now) ret_relative: the answer depends on now. -ENOENT: not a time. */
int name_parse_time(const char *name, int64_t now_ms, int64_t *ret_ms, bool *ret_relative);

#endif
