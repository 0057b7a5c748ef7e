/* gauges.h -- histd's custom time series: opened, put into, synced
 *
 * Everything but gauges_stat belongs to one thread, the server's (server.h). Recording, topics and payloads do not
 * depend on it: series that cannot be opened are said, and every request for them fails.
 *
 * SYNCING. As of payloads: group_sync.h.
 */
#ifndef COLLECTOR_GAUGES_H
#define COLLECTOR_GAUGES_H

#include "collector/config_series.h"
#include "store/points.h"

struct gauges;
struct feed;

/* In a store whose lock is held. -ENOMEM; whatever else keeps series from being opened is said. */
int gauges_open(int store_fd, uint64_t store_id, const struct config_series *c, struct gauges **ret);
/* Syncs and closes. 0, or the error of a sync. */
int gauges_close(struct gauges *g);
void gauges_configure(struct gauges *g, const struct config_series *c);

/* NULL: they are not open. Also for the thread that tidies them. */
struct points *gauges_points(struct gauges *g);
/* Where texts go; NULL: they are not open. */
struct feed *gauges_feed(struct gauges *g);

/* As points_put. A failure of the disk is said once. */
int gauges_put(struct gauges *g, const struct point *v, size_t n);
/* As points_drop. */
int gauges_drop(struct gauges *g, const char *selector, int64_t first_ns, int64_t last_ns, char error[256]);

/* See group_sync.h. */
const int *gauges_want(struct gauges *g);
bool gauges_wanted(const struct gauges *g);
/* How many syncs have failed: what was put before one of them may be lost, also if the next one does not. */
uint64_t gauges_unsynced(const struct gauges *g);
int gauges_commit(struct gauges *g);

/* For health; from any thread. */
struct gauges_stat {
	struct points_state store;
	uint64_t n_refused;              /* lines and points that were wrong */
	uint64_t n_failed;               /* puts and syncs */
	uint64_t n_drops;                /* that clients asked for */
	uint64_t n_datagrams, n_missed;  /* taken by listeners; dropped before */
	uint64_t n_scrapes, n_unscraped; /* well; failed */
	uint64_t n_streams;              /* to ports */
	uint64_t n_streams_ended;        /* as nothing came of them */
};
/* False: none are open. */
bool gauges_stat(struct gauges_stat *ret);
/* From the server's thread: what is counted elsewhere. */
struct gauges_stat *gauges_counts(struct gauges *g);
/* From the server's thread: shows the counts to others. */
void gauges_publish(struct gauges *g);

#endif
