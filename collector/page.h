/* page.h -- a page of samples on its way from the thread that has fetched it to the server's
 *
 * In pieces of whole lines, so that clients need not wait for a long page. The thread is one that may hang elsewhere
 * (straggler.h); while a piece is dealt with it is busy.
 */
#ifndef COLLECTOR_PAGE_H
#define COLLECTOR_PAGE_H

#include "collector/config_series.h"
#include "collector/feed.h"
#include "collector/promtext.h"
#include "collector/server.h"
#include "collector/straggler.h"

struct page {
	struct span text;
	enum promtext_form form;
	int64_t ns; /* of samples that have no time */

	/* What all its series are given (feed.h). */
	uint64_t scope;
	const struct point_label *labels;
	size_t n_labels;
};

/* -ECANCELED: the thread was left behind; or what writing said. */
int page_deliver(struct straggler *t, struct server *s, const struct page *p, struct feed_result *ret);

/* What is told of a page: a metric, and one label or none. */
struct page_note {
	const char *metric;
	struct point_label label;
	double value;
};
enum page_fate { PAGE_UNCOUNTED, PAGE_GOOD, PAGE_BAD };
int page_note(struct straggler *t, struct server *s, const struct page *p, const struct page_note *notes, size_t n,
    enum page_fate fate);

/* Labels of the configuration; to be freed. */
int page_labels(const struct config_labels *l, const struct point_label *more, size_t n_more, struct point_label **ret,
    size_t *ret_n);

static inline struct span page_string(const char *s)
{
	return span_of(s, strlen(s));
}

#endif
