/* point_drops.h -- which points were dropped: ranges of time of series that a selector selects (docs/format.md,
 * section 14)
 *
 * Not thread-safe on one list; a drop itself never changes.
 */
#ifndef STORE_POINT_DROPS_H
#define STORE_POINT_DROPS_H

#include "store/point_log.h"
#include "store/point_select.h"

#define POINT_DROPS_FILE "drops"

struct point_drop {
	uint64_t number;
	int64_t first_ns, last_ns;
	struct point_select *select;
};

/* In order of their numbers. A zeroed struct is an empty list. */
struct point_drops {
	struct point_drop **v;
	size_t n, cap;
};

void point_drops_done(struct point_drops *d);

/* Ret: 1, and the drop; 0: that number is there already. -EINVAL: the selector is none, which error tells. */
int point_drops_add(struct point_drops *d, const struct point_log_drop *drop, char error[POINT_SELECT_ERROR_MAX],
    const struct point_drop **ret);
void point_drops_remove(struct point_drops *d, size_t i);

/* Whether the drop is of points that a file of that hour and number may have. */
bool point_drop_is_of(const struct point_drop *d, int32_t hour, uint64_t number);
bool point_drop_matches(const struct point_drop *d, struct span key);

/* Takes what those of n drops that are of files of that number dropped out of points of a series (int64_t and uint64_t)
 * from the `at`th byte on. */
void point_drops_apply(struct point_drop *const *v, size_t n, uint64_t number, struct span key, size_t at,
    struct buf *ns, struct buf *bits);
/* Whether one of them dropped all from first to last. */
bool point_drops_all(
    struct point_drop *const *v, size_t n, uint64_t number, struct span key, int64_t first, int64_t last);

/* Writes the file, durable, or removes it if there are none; adds what is in it. -ENOENT: there is none. -EBADMSG: not
 * all of it could be read. */
int point_drops_write(int dirfd, uint64_t store_id, const struct point_drops *d);
int point_drops_read(int dirfd, struct point_drops *d);

#endif
