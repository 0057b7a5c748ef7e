/* points.h -- writing custom time series (docs/format.md, section 14)
 *
 * For the store's one writer, which holds its lock. What is put goes to the log, then to a buffer in memory, by hour;
 * an hour's part of it becomes a sealed file when the buffer is full, or old; files of an hour are joined.
 *
 * THREADS. One thread calls everything but points_tidy, which runs in one more: it writes the files. A put takes a lock
 * for moments; it waits only when the buffer has twice its size because files cannot be written as fast.
 *
 * Durable: what was put before a points_sync that returned 0.
 */
#ifndef STORE_POINTS_H
#define STORE_POINTS_H

#include "store/cleanup.h"
#include "store/log.h"
#include "store/point_key.h"

#include <stdatomic.h>

struct points;

/* 0: the default that is named. */
struct points_options {
	enum sync_mode sync;
	uint64_t buffer_max;      /* bytes of points in memory, from which on the oldest hour becomes a file; 64 MiB */
	int64_t buffer_age_ms;    /* or when its oldest point came so long ago; 10 min */
	uint64_t segment_size;    /* of the log; 16 MiB */
	uint64_t max_series;      /* live at once; 2 000 000 */
	int64_t retention_ms;     /* hours older than that are removed; 0: never */
	uint64_t retention_bytes; /* oldest hours are removed above that; 0: never */
	void (*say)(void *arg, const char *line);
	void *arg;
};

/* Recovers. */
int points_open(int store_fd, uint64_t store_id, const struct points_options *o, struct points **ret);
/* Syncs; what is in the buffer stays in the log. An error: that of the sync. */
int points_close(struct points *p);
void points_configure(struct points *p, const struct points_options *o);

static inline void cleanup_points(struct points **p)
{
	if (*p)
		(void)points_close(*p);
}

/* The series of a key, for points_put. What was found stays so while points_epoch is the same, which only points_sync
 * changes: series that are not used for hours give their numbers back. -EINVAL: it is no key; -ENOSPC: there are
 * max_series. */
int points_series(struct points *p, struct span key, uint32_t *ret);
uint64_t points_epoch(const struct points *p);

struct point {
	int64_t ns;
	uint64_t bits; /* of the double */
	uint32_t series;
};

enum { POINTS_BATCH_MAX = 1 << 20 };

/* Appends a batch: all of it, or, with an error, nothing. Points may be of any time, and replace those of the same
 * time. ret_number may be NULL. -EMSGSIZE: more than POINTS_BATCH_MAX. */
int points_put(struct points *p, const struct point *v, size_t n, uint64_t *ret_number);
/* After an error nothing is known of what was put since the last good one; a new log is begun. */
int points_sync(struct points *p);

/* Drops the points of the series that a selector (point_select.h) selects, of times from first to last, both included,
 * that were put before. Durable when it returns, in the log. -EINVAL: the selector, which error tells. */
int points_drop(struct points *p, const char *selector, int64_t first_ns, int64_t last_ns, char error[256]);

struct points_state {
	uint64_t number, synced_number;                /* of the newest batch; up to which all is durable */
	uint64_t n_series;                             /* live */
	uint64_t n_points, memory;                     /* in the buffer; bytes of all that is in memory */
	uint64_t n_put, n_batches, n_syncs, n_dropped; /* since it was opened */
	uint64_t n_files, files_bytes, log_bytes, files_written, files_joined, files_removed;
	uint64_t n_damaged; /* places */
};
/* From any thread. */
void points_state(struct points *p, struct points_state *ret);

/* Writes files that are due, joins files of hours, removes what is too old and logs that are no longer needed; at most
 * about work_ms of it, but what was begun is ended, or, when stop is set, given up. Ret: 1 if there is more to do now.
 * all: files of all that is in the buffer, whether due or not. */
int points_tidy(struct points *p, int64_t now_ms, int64_t work_ms, bool all, const atomic_bool *stop);

void points_problems(
    struct points *p, void (*each)(const char *file, uint64_t off, const char *what, void *arg), void *arg);

#endif
