/* point_page_cache.h -- pages of a file of points that were used last, within a budget of bytes
 *
 * Part of point_file: series are asked for in order, and then one page is all that is needed, or in any order, as names
 * in a directory come. One thread.
 */
#ifndef STORE_POINT_PAGE_CACHE_H
#define STORE_POINT_PAGE_CACHE_H

#include "store/point_keys.h"

enum { POINT_CACHED_MAX = 256 };

struct point_cached {
	size_t page;
	int r; /* what became of reading it: 0 or -EBADMSG */
	uint64_t used;
	struct point_keys keys; /* of a page of values, raw alone */
};

/* Zeroed but for the budget: empty. */
struct point_page_cache {
	size_t budget;
	struct point_cached *v[POINT_CACHED_MAX], *last;
	unsigned n;
	uint64_t clock;
};

/* Ret: 0: the page, borrowed until the next call; 1: room for it, which is the caller's to fill; -ENOMEM. */
int point_page_cache_get(struct point_page_cache *c, size_t page, struct point_cached **ret);
/* Room that could not be filled holds no page. */
void point_page_cache_forget(struct point_page_cache *c, struct point_cached *p);
void point_page_cache_done(struct point_page_cache *c);

#endif
