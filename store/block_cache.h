/* block_cache.h -- which blocks of segments stay in memory, within a budget of bytes
 *
 * Blocks lie beside the entries of the maps of their segments; here is known where all of them are, and which
 * were not used lately. Not thread-safe.
 */
#ifndef STORE_BLOCK_CACHE_H
#define STORE_BLOCK_CACHE_H

#include "store/segment_block.h"
#include "store/segment_map.h"

struct block_cache;

int block_cache_new(size_t budget, struct block_cache **ret);
void block_cache_free(struct block_cache *c); /* empty by then */
DEFINE_CLEANUP(block_cache, block_cache_free)

/* Puts a block beside entry i of a map, in the place of what is there; others go for it, wherever they are, but never
 * it. The map must stay where it is, its entries need not. -ENOMEM: the block was freed. */
int block_cache_put(struct block_cache *c, struct segment_map *map, uint32_t i, struct segment_block *b);

/* Frees what lies beside the entries of a map. */
void block_cache_drop(struct block_cache *c, struct segment_map *map);

size_t block_cache_memory(const struct block_cache *c);

#endif
