/* points_read.h -- reading custom time series, also while they are written, in any process (docs/format.md, section 14)
 *
 * Files, and what is only in logs, which a reader keeps in memory as the writer does. One thread.
 */
#ifndef STORE_POINTS_READ_H
#define STORE_POINTS_READ_H

#include "store/cleanup.h"
#include "store/point_file.h"
#include "store/point_select.h"

struct points_reader;

/* store_fd: the store's directory. A store without points is one with none. */
int points_reader_open(int store_fd, struct points_reader **ret);
void points_reader_close(struct points_reader *pr);
DEFINE_CLEANUP(points_reader, points_reader_close)

/* Takes in what changed. Ret: 1 if something did. What was borrowed is no longer valid then. */
int points_reader_refresh(struct points_reader *pr);

/* Hours that have points, ascending; borrowed until the next refresh. */
void points_reader_hours(struct points_reader *pr, const int32_t **ret, size_t *ret_n);

/* The series of an hour, in order of their ids. Borrowed until the next refresh, or until two other hours were asked
 * for. */
struct points_hour;
struct points_hour_series {
	struct span key;
	uint64_t id; /* where a key before it in the order of keys has the same, the next higher one that is free */
};
/* The first 38 bits of the low half of a key's hash, or 1 if these are 0. */
uint64_t points_hour_id(struct point_hash hash);
/* -ENOENT: it has no points. -EBADMSG: keys are damaged. */
int points_hour(struct points_reader *pr, int32_t hour, struct points_hour **ret);
size_t points_hour_n(const struct points_hour *h);
/* Another one whenever a batch has points of the hour, or a drop is of its times; the same in every reader, and after
 * what is in memory became a file, files were joined, or all was closed and opened again. While a log is damaged, and
 * some of the hour is in logs, it is another than of the hour in files, which may have what could not be read there. */
uint64_t points_hour_version(const struct points_hour *h);
const struct points_hour_series *points_hour_series(const struct points_hour *h, size_t i);
/* -ENOENT. */
int points_hour_find(const struct points_hour *h, struct span key, size_t *ret_i);
int points_hour_by_id(
    const struct points_hour *h, uint64_t id, size_t *ret_i); /* the first whose id is not below: -ENOENT: none is */

/* Where a series lies: who reads many is fastest in ascending order of these, which is that of keys in each part. */
uint64_t points_hour_place(const struct points_hour *h, size_t i);

/* Both below: -EBADMSG: points of the series are damaged, or may be among what is. -EFBIG: there are more of them than
 * POINT_FILE_READ_MAX; a part of the hour may do. */
/* Without decoding where nothing overlaps. The sums are of what points_hour_read gives. */
int points_hour_stat(struct points_reader *pr, struct points_hour *h, size_t i, struct point_stat *ret);
/* Points from `from` to `to`, both included, merged: appends times (int64_t) and values (uint64_t). */
int points_hour_read(struct points_reader *pr, struct points_hour *h, size_t i, int64_t from, int64_t to,
    struct buf *ret_ns, struct buf *ret_bits);

/* All points of the series that s selects (NULL: all), hour by hour: within an hour series by series in order of key,
 * within a series in order of time. each gets a series' points of an hour in one piece. n 0 and ns NULL: they are
 * damaged, wholly or in part, or more than POINT_FILE_READ_MAX. Stops when each returns anything but 0, and returns
 * that. */
int points_scan(struct points_reader *pr, const struct point_select *s, int64_t from, int64_t to,
    int (*each)(int32_t hour, struct span key, const int64_t *ns, const uint64_t *bits, size_t n, void *arg),
    void *arg);

void points_reader_problems(
    struct points_reader *pr, void (*each)(const char *file, uint64_t off, const char *what, void *arg), void *arg);

#endif
