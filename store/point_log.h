/* point_log.h -- batches and drops as they lie in the log of points (docs/format.md, section 14)
 *
 * All functions are thread-safe on distinct objects.
 */
#ifndef STORE_POINT_LOG_H
#define STORE_POINT_LOG_H

#include "store/points.h"

/* --- batches --- */

/* Appends what is in front of a batch's keys; (varint length, key) each of them and point_log_put_columns follow. */
void point_log_put_head(struct buf *out, uint64_t number, uint64_t first_key, uint64_t n_keys);

/* Appends the columns of n points, the ith of key keys[i]. */
void point_log_put_columns(struct buf *out, const uint32_t *keys, const struct point *v, size_t n);

/* A batch, its keys still to be taken. All spans are of the payload. */
struct point_log_batch {
	uint64_t number, first_key;
	uint64_t n_keys, n;
	struct span keys, columns;
};

/* -EBADMSG: it is none. Keys are valid ones; columns may still be wrong. */
int point_log_get(struct span payload, struct point_log_batch *ret);
/* The same without number and number of the first key, which are left 0. */
int point_log_get_body(struct span body, struct point_log_batch *ret);
/* Takes the next key off the front of b->keys. false: there are no more. */
bool point_log_key(struct point_log_batch *b, struct span *ret);

/* The points of a batch: b->n of them into ret, series[k] being that of key k. -EBADMSG: damaged, or of a key that is
 * not below n_series, or is POINT_LOG_UNKNOWN there. */
#define POINT_LOG_UNKNOWN UINT32_MAX
int point_log_get_points(const struct point_log_batch *b, const uint32_t *series, size_t n_series, struct point *ret);

/* --- drops --- */

struct point_log_drop {
	uint64_t number;
	int64_t first_ns, last_ns;
	struct span selector;
};

enum { POINT_SELECTOR_MAX = 64 << 10 };

void point_log_put_drop(struct buf *out, const struct point_log_drop *d);
/* -EBADMSG: it is none. */
int point_log_get_drop(struct span payload, struct point_log_drop *ret);

#endif
