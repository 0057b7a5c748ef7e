/* block_cache.h -- which blocks of segments stay in memory, within a budget of bytes
 *
 * Blocks are known by the entries of the maps of their segments; when memory is needed the oldest go. Not thread-safe.
 */
#ifndef STORE_BLOCK_CACHE_H
#define STORE_BLOCK_CACHE_H

#include "store/segment_block.h"
#include "store/segment_map.h"

struct block_cache;

int block_cache_new(size_t budget, struct block_cache **ret);
void block_cache_free(struct block_cache *c); /* empty by then */
DEFINE_CLEANUP(block_cache, block_cache_free)

/* Puts a copy of a block beside entry i of a map, in the place of what is there, and frees it, also on -ENOMEM. Others
 * go for it, wherever they are, but never it. The map must stay where it is, its entries need not. */
int block_cache_put(struct block_cache *c, struct segment_map *map, uint32_t i, struct segment_block *b);

/* Forgets what lies beside the entries of a map. */
void block_cache_drop(struct block_cache *c, struct segment_map *map);

size_t block_cache_memory(const struct block_cache *c);

#endif
