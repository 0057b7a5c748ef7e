/* series.h -- one column of one row over an hour, as text; and the rosters of hours that say which rows there are
 *
 * Part of store: behind store_roster and store_series_*. Works on open hours; everything about an
 * hour is forgotten before it is closed, and follows by itself as it grows. One thread.
 */
#ifndef STORE_SERIES_H
#define STORE_SERIES_H

#include "store/contents.h"
#include "store/roster.h"

/* A value of a series, as its column's type has it, and when it was taken: by the wall clock, which may be stepped, and
 * by that of its boot. */
struct series_point {
	int64_t ms;
	uint64_t boot, boot_us;
	uint64_t value;
	bool null;
};

struct series;

/* contents: borrowed; where groups come from. */
int series_new(struct contents *contents, struct series **ret);
void series_free(struct series *s);
DEFINE_CLEANUP(series, series_free)

void series_forget(struct series *s, int32_t hour);

/* The rows of a table over the whole hour; snapshots are numbered as in the hour. From what chunks store, and for the
 * rest from their groups: -EBADMSG if one that is needed is damaged. Borrowed until the next call. */
int series_roster(struct series *s, struct hour *h, uint16_t table, const struct roster **ret);

/* As store_series_len, store_series_text and store_series_points. */
int series_len(struct series *s, struct hour *h, uint16_t table, uint32_t number, uint32_t column, uint64_t *ret_len);
int series_text(struct series *s, struct hour *h, uint16_t table, uint32_t number, uint32_t column, uint64_t off,
    size_t len, struct buf *out);
int series_points(struct series *s, struct hour *h, uint16_t table, uint32_t number, uint32_t column, struct buf *out);

#endif
