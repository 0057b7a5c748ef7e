/* point_buffer.h -- points in memory, by hour and series, in the order in which they came
 *
 * What is of one hour is a head, or several one after the other, of which the last may still grow. A head that is
 * frozen grows no more, and may be read by another thread. Otherwise one thread.
 */
#ifndef STORE_POINT_BUFFER_H
#define STORE_POINT_BUFFER_H

#include "store/point_table.h"
#include "store/points.h"

#define POINT_HOUR_NS INT64_C(3600000000000)

/* The hour that a time lies in, and its first and last nanosecond, as far as int64 has them. */
int32_t point_hour(int64_t ns);
int64_t point_hour_first(int32_t hour);
int64_t point_hour_last(int32_t hour);

struct point_chunk;

/* Points of a series. */
struct point_run {
	struct point_series *series;
	struct point_chunk *newest;
	uint32_t n;
	bool ascending; /* strictly, so far */
	int64_t last_ns;
};

struct point_head {
	int32_t hour;
	bool frozen;
	uint64_t number;      /* of the newest batch when it was frozen */
	uint64_t first, last; /* numbers of the batches that its first and its last point are of */
	uint64_t newest;      /* last, or the number of a drop since that is of its hour */
	uint64_t n_points;
	uint64_t changes;       /* grows whenever a run gets its first point or loses its last */
	int64_t since_ms;       /* the owner's: when it began */
	struct point_run *runs; /* in the order in which the series came; some may be empty */
	uint32_t n_runs, cap_runs;

	struct point_slot *slots;
	uint32_t mask;
	struct point_block *block; /* the newest, to be filled */
	size_t block_left;
	size_t memory;
};

struct point_buffer;

/* head_max: points after which another head of the hour is begun; 0: never. */
int point_buffer_new(uint32_t max_series, uint64_t head_max, struct point_buffer **ret);
void point_buffer_free(struct point_buffer *b);
DEFINE_CLEANUP(point_buffer, point_buffer_free)

struct point_table *point_buffer_table(struct point_buffer *b);

/* Adds a batch: all of it, or, with an error, nothing. Heads that are begun are of since_ms, series are used at `used`.
 * -EINVAL: a series that there is not. */
int point_buffer_put(
    struct point_buffer *b, const struct point *v, size_t n, uint64_t number, int64_t since_ms, uint32_t used);
/* Takes the batch that was put last out again. */
void point_buffer_undo(struct point_buffer *b, const struct point *v, size_t n);

/* Heads in order of hour, those of one hour in the order in which they began. */
size_t point_buffer_n(const struct point_buffer *b);
struct point_head *point_buffer_head(const struct point_buffer *b, size_t i);
/* Index of the first head of that hour, or of a later one. */
size_t point_buffer_find(const struct point_buffer *b, int32_t hour);
/* Frees the ith. */
void point_buffer_remove(struct point_buffer *b, size_t i);

/* Removes the points from first to last of series that match from heads that are not frozen, for the drop of that
 * number. */
void point_buffer_drop(struct point_buffer *b, uint64_t number,
    bool (*matches)(const struct point_series *s, void *arg), void *arg, int64_t first, int64_t last);

uint64_t point_buffer_points(const struct point_buffer *b);
/* Bytes of heads, without the table of series. */
size_t point_buffer_memory(const struct point_buffer *b);

/* The run of a series, by number; NULL. */
const struct point_run *point_head_run(const struct point_head *h, uint32_t series);
/* Numbers of the runs that have points, in order of the keys: *ret, to be freed, of n. */
int point_head_order(const struct point_head *h, uint32_t **ret, size_t *ret_n);

/* Points of a run in order of time, the last of those of one time: appended to int64_t and uint64_t. */
int point_run_read(const struct point_run *run, struct buf *ret_ns, struct buf *ret_bits);

#endif
