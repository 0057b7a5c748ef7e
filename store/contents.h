/* contents.h -- what is in snapshots, decoded and rendered, with what is worth keeping of it
 *
 * Part of store: the caches behind store_table, store_rate, store_text and store_hour_text. Works on open hours;
 * everything about an hour is forgotten before it is closed. One thread.
 */
#ifndef STORE_CONTENTS_H
#define STORE_CONTENTS_H

#include "store/hour.h"

struct contents;

int contents_new(size_t cache_bytes, struct contents **ret);
void contents_free(struct contents *c);
DEFINE_CLEANUP(contents, contents_free)

/* The hour will be closed / has got more snapshots. */
void contents_forget(struct contents *c, int32_t hour);
void contents_grown(struct contents *c, int32_t hour);

/* The decoded group that snapshot i lies in, and its place there. Borrowed until the next call. */
int contents_group(struct contents *c, struct hour *h, uint32_t i, struct group **ret, uint32_t *ret_s);

int contents_table(struct contents *c, struct hour *h, uint32_t i, uint16_t table, const struct table **ret);
int contents_text(struct contents *c, struct hour *h, uint32_t i, uint16_t table, struct span *ret);

/* Whether the table was taken for that snapshot (not only shown again). -ENOENT: not in it. */
int contents_is_fresh(struct contents *c, struct hour *h, uint32_t i, uint16_t table, bool *ret);

/* Rates of snapshot i since snapshot k of before (before NULL: none). */
int contents_rate(struct contents *c, struct hour *before, uint32_t k, struct hour *h, uint32_t i, uint16_t table,
    const struct table **ret);
/* Renders a table and keeps the text under that name; true: it is kept already. */
int contents_render(struct contents *c, const struct table *t, bool json, int32_t hour, uint32_t i, uint16_t table,
    int form, struct span *ret);
bool contents_rendered(struct contents *c, int32_t hour, uint32_t i, uint16_t table, int form, struct span *ret);

/* The text of the whole hour (store_hour_text). */
int contents_hour_len(struct contents *c, struct hour *h, uint16_t table, uint64_t *ret_len);
int contents_hour_text(struct contents *c, struct hour *h, uint16_t table, uint64_t off, size_t len, struct buf *out);

/* Heat entries made from the tables themselves; before: the hour whose last snapshot comes first, or NULL. */
int contents_heat(
    struct contents *c, struct hour *before, struct hour *h, const struct disk_heat **ret, uint32_t *ret_n);

#endif
