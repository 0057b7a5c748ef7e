/* spellings.h -- the series that texts name, by the bytes that they name them with
 *
 * A cache: what is in it is right, and what is not has to be looked up. One thread.
 */
#ifndef COLLECTOR_SPELLINGS_H
#define COLLECTOR_SPELLINGS_H

#include "collector/point_sink.h"
#include "store/cleanup.h"

struct spellings;

/* max: bytes that it may have. */
int spellings_new(size_t max, struct spellings **ret);
void spellings_free(struct spellings *s);
DEFINE_CLEANUP(spellings, spellings_free)

/* Forgets all. */
void spellings_clear(struct spellings *s);

/* scope: whose text it is; the same bytes may mean something else in another's. */
bool spellings_find(struct spellings *s, uint64_t scope, const struct point_spelling *spelling, uint32_t *ret);
/* One that is not there. Without memory it is not kept. */
void spellings_add(struct spellings *s, uint64_t scope, const struct point_spelling *spelling, uint32_t series);

#endif
