/* point_merge.h -- one history of points out of several: files of an hour, and heads in memory
 *
 * Parts are given in order: where two have a point of one series and time, the later part's counts. One thread.
 */
#ifndef STORE_POINT_MERGE_H
#define STORE_POINT_MERGE_H

#include "store/point_buffer.h"
#include "store/point_drops.h"
#include "store/point_file.h"

/* A file or a head. */
struct point_part {
	struct point_file *file; /* borrowed; NULL: a head */
	const struct point_head *head;
	uint32_t *order; /* of a head's runs; the owner's to free */
	uint64_t n;      /* series */
};

void point_part_of_file(struct point_file *f, struct point_part *ret);
/* To be freed with point_part_done. */
int point_part_of_head(const struct point_head *h, struct point_part *ret);
void point_part_done(struct point_part *part);

/* The key of the ith series in order of keys; borrowed until the part is used again. */
int point_part_key(const struct point_part *part, uint64_t i, struct span *ret);
/* Index of the first series whose key is not below. */
int point_part_find(const struct point_part *part, struct span key, uint64_t *ret);

/* What is merged; a zeroed struct is an empty one. */
struct point_merge {
	struct buf ns, bits; /* the result */
	struct buf piece_ns, piece_bits, other_ns, other_bits;
};

void point_merge_done(struct point_merge *m);
void point_merge_clear(struct point_merge *m);

/* Adds the points of a part's ith series of times from `from` to `to`, both included, but what was dropped: n drops.
 * -EFBIG: they would be more than POINT_FILE_READ_MAX. */
int point_merge_add(struct point_merge *m, const struct point_part *part, uint64_t i, struct span key, int64_t from,
    int64_t to, struct point_drop *const *drops, size_t n_drops);

struct point_merge_how {
	const struct point_part *parts;
	size_t n_parts;
	struct point_drop *const *drops;
	size_t n_drops;
	const struct point_select *select; /* NULL: all */
	int64_t from, to;
	const atomic_bool *stop; /* may be NULL; set: -ECANCELED */
};

/* Where a series is. */
struct point_place {
	size_t part;
	uint64_t i;
};

/* Series by series in order of key: each(key, where it is: n places, in order of parts, arg). n 0: keys of the part
 * that `places` names alone are damaged. Stops when each returns anything but 0, and returns that. */
int point_merge_walk(const struct point_merge_how *how,
    int (*each)(struct span key, const struct point_place *places, size_t n, void *arg), void *arg);

/* The same with their points, merged, those without any left out. n 0 and ns NULL: damaged, wholly or in part, or
 * more than POINT_FILE_READ_MAX; key is empty where even that is damaged. */
int point_merge_scan(const struct point_merge_how *how,
    int (*each)(struct span key, const int64_t *ns, const uint64_t *bits, size_t n, void *arg), void *arg);

#endif
