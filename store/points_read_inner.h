/* points_read_inner.h -- what points_read.h is made of, for points_reader.c, points_hour.c and points_scan.c */
#ifndef STORE_POINTS_READ_INNER_H
#define STORE_POINTS_READ_INNER_H

#include "store/point_merge.h"
#include "store/point_replay.h"
#include "store/points_read.h"

enum { POINTS_HOURS_CACHED = 4 };

struct points_reader_log {
	struct point_replayed log;
	struct log_reader *lr; /* NULL: not opened yet, or read to its end */
	bool ended;
	uint64_t n_damaged; /* that were told */
};

struct points_reader {
	int store_fd, dirfd; /* dirfd -1: there are no points */
	struct point_dir dir;
	bool changed;      /* other files are there, and logs and heads do not know yet */
	int64_t listed_ns; /* when the directory had changed last, at the last listing */
	struct point_buffer *buffer;
	struct point_drops drops;
	uint64_t drops_ino; /* of the file of drops that was read last; 0: none */
	int64_t drops_ns;   /* and when it was written */
	struct problems problems;
	struct point_replay replay;
	struct points_reader_log *logs;
	size_t n_logs;
	int32_t *hours;
	size_t n_hours, cap_hours;
	struct points_hour *cache[POINTS_HOURS_CACHED]; /* the one that was asked for last is first */
	struct point_merge merge;
};

/* points_reader.c: which files there are now; all else stays until the next refresh. */
int points_reader_list(struct points_reader *pr);
void points_reader_note(struct points_reader *pr, const char *file, const char *what);
/* points_hour.c: those hours of the cache that are no longer so are forgotten. all: even if they are. */
void points_hour_check(struct points_reader *pr, bool all);

/* points_parts.c: what an hour has: files, then heads. -ESTALE: files have come and gone; points_reader_list, and try
 * again. */
struct points_parts {
	struct point_part *v;
	size_t n;
	uint64_t newest; /* of its files; of one that cannot be opened its number */
	bool damaged;    /* a file cannot be opened */
};
int points_parts_open(struct points_reader *pr, int32_t hour, struct points_parts *ret);
void points_parts_done(struct points_parts *p);
/* Whether a drop may be of one of its files. */
bool points_parts_dropped(const struct points_reader *pr, const struct points_parts *p);

/* points_reader.c: what tells the state of an hour of these parts; see points_hour_version. */
uint64_t points_reader_version(const struct points_reader *pr, int32_t hour, const struct points_parts *p);

#endif
