/* cache.h -- the last few texts that were rendered, within a budget of bytes */
#ifndef VIEW_CACHE_H
#define VIEW_CACHE_H

#include "store/bytes.h"
#include "store/cleanup.h"

struct cache;

int cache_new(size_t max_bytes, struct cache **ret);
void cache_free(struct cache *c);
DEFINE_CLEANUP(cache, cache_free)

/* The text of ino as it was put with that stamp. The stamp stands for everything else that the text depends on. The
 * span is valid until the next cache_put. */
bool cache_get(struct cache *c, uint64_t ino, uint64_t stamp, struct span *ret);

/* Takes over the text (which is left empty), in the place of any other of ino, and gives it back as a span; it is kept
 * at least until the next cache_put. The buf's remembered error is returned. */
int cache_put(struct cache *c, uint64_t ino, uint64_t stamp, struct buf *text, struct span *ret);

#endif
