/* scrape.h -- the thread that fetches pages of samples, as Prometheus does
 *
 * Each page at multiples of its interval (and an offset of its own, so that not all come at once), one request at a
 * time. Its samples are given labels as there: job, the section's name; instance, host and port; and those of the
 * configuration. With them come up, scrape_duration_seconds and scrape_samples_scraped. Samples without a time have
 * that of the scrape, which is when it was due, if it began within a hundredth of the interval.
 *
 * A page is taken when all of it is there; one that is too long, late or cut off is none, and up is 0. Of a page lines
 * that are wrong are refused and the others kept; if none is kept, up is 0. What goes wrong is said when it changes.
 */
#ifndef COLLECTOR_SCRAPE_H
#define COLLECTOR_SCRAPE_H

#include "collector/server.h"

struct scrape;

int scrape_start(struct server *s, struct config *c, struct scrape **ret);
/* From any thread: from now on. */
void scrape_configure(struct scrape *w, struct config *c);
/* Gives up what is being fetched, ends the thread, frees it. */
void scrape_stop(struct scrape *w);

#endif
