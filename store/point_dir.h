/* point_dir.h -- which files of points there are (docs/format.md, section 14)
 *
 * Not thread-safe on one object.
 */
#ifndef STORE_POINT_DIR_H
#define STORE_POINT_DIR_H

#include "store/point_file.h"
#include "store/problems.h"

#define POINTS_DIR "series"

struct point_dir_file {
	int32_t hour;
	uint64_t number;
	/* The owner's. */
	uint64_t len;
	uint64_t since;  /* UINT64_MAX: not known */
	int64_t seen_ms; /* when it was met first; 0: never */
	bool stuck;      /* damaged: it is left as it is */
};

struct point_dir {
	struct point_dir_file *files; /* in order of hour, then number */
	size_t n;
	uint64_t *logs; /* ascending */
	size_t n_logs;
	uint64_t number;       /* none in a name is above it, and logs that were put aside have no more */
	struct problems aside; /* what was put aside as damaged */
	struct buf unfinished; /* names of files that were never finished, each with its zero */
};

/* All anew. */
int point_dir_list(int dirfd, struct point_dir *ret);
void point_dir_done(struct point_dir *d);

/* Index of the first file of that hour, or of a later one. */
size_t point_dir_find(const struct point_dir *d, int32_t hour);
/* Highest number of a file of that hour; 0: there is none. */
uint64_t point_dir_covered(const struct point_dir *d, int32_t hour);

int point_dir_add(struct point_dir *d, const struct point_dir_file *f);
void point_dir_remove(struct point_dir *d, size_t i);

#endif
