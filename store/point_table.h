/* point_table.h -- series by small numbers: each key is in memory once
 *
 * A number stays the series' until point_table_sweep, which gives back those that nothing refers to. One thread, but
 * that a series that is referred to, its key and its number, may be read by others.
 */
#ifndef STORE_POINT_TABLE_H
#define STORE_POINT_TABLE_H

#include "store/cleanup.h"
#include "store/point_key.h"

struct point_series {
	uint32_t id;
	uint32_t refs;    /* runs of points in memory */
	uint32_t used;    /* when; see point_table_sweep */
	uint32_t log;     /* the owner's: which log knows it, and */
	uint32_t log_key; /* under which number */
	uint16_t len;
	uint8_t key[];
};

static inline struct span point_series_key(const struct point_series *s)
{
	return span_of(s->key, s->len);
}

struct point_table;

int point_table_new(uint32_t max, struct point_table **ret);
void point_table_free(struct point_table *t);
DEFINE_CLEANUP(point_table, point_table_free)
void point_table_set_max(struct point_table *t, uint32_t max);

/* The series of a key, new or old. -EINVAL: it is no key; -ENOSPC: there are as many as there may be. */
int point_table_intern(struct point_table *t, struct span key, struct point_series **ret);
/* NULL: none has that number. */
struct point_series *point_table_get(const struct point_table *t, uint32_t id);

/* Forgets series without references that were last used before `oldest`. Returns how many. */
uint32_t point_table_sweep(struct point_table *t, uint32_t oldest);

uint32_t point_table_n(const struct point_table *t);
size_t point_table_memory(const struct point_table *t);

#endif
