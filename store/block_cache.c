/* block_cache.c -- see block_cache.h
 *
 * Blocks lie one behind the other in pieces of memory that are as large as the CPU's large pages: looks at random are
 * the faster, the fewer pages there are. The oldest piece goes as a whole.
 */
#include "store/block_cache.h"

#include <sys/mman.h>

enum { PIECE_MAX = 2 << 20, PIECES = 8 };

struct piece {
	struct piece *newer;
	uint8_t *p;
	size_t len, used;
};

struct block_cache {
	size_t budget, memory;
	struct piece *oldest, *newest;
};

int block_cache_new(size_t budget, struct block_cache **ret)
{
	struct block_cache *c = malloc(sizeof *c);

	if (!c)
		return -ENOMEM;
	*c = (struct block_cache){.budget = budget};
	*ret = c;
	return 0;
}

static void drop(struct segment_block *b)
{
	struct block_use *use = segment_block_use(b);

	use->map->entries[use->entry].block = NULL;
	use->map = NULL;
}

static void remove_oldest(struct block_cache *c)
{
	struct piece *piece = c->oldest;

	for (size_t at = 0; at < piece->used;) {
		struct segment_block *b = (struct segment_block *)(void *)(piece->p + at);

		at += segment_block_memory(b);
		if (segment_block_use(b)->map)
			drop(b);
	}
	c->oldest = piece->newer;
	if (!c->oldest)
		c->newest = NULL;
	c->memory -= piece->len;
	free(piece->p);
	free(piece);
}

void block_cache_free(struct block_cache *c)
{
	while (c->oldest)
		remove_oldest(c);
	free(c);
}

void block_cache_drop(struct block_cache *c, struct segment_map *map)
{
	(void)c; /* the memory is used again when its piece is */
	for (uint32_t i = 0; i < map->n; i++)
		if (map->entries[i].block)
			drop(map->entries[i].block);
}

/* A new piece that has room for len bytes. */
static int add_piece(struct block_cache *c, size_t len)
{
	size_t usual = c->budget / PIECES < PIECE_MAX ? c->budget / PIECES : PIECE_MAX;
	struct piece *piece;

	if (len < usual)
		len = usual / BLOCK_ALIGN * BLOCK_ALIGN;
	while (c->oldest && c->memory + len > c->budget)
		remove_oldest(c);
	piece = malloc(sizeof *piece);
	if (!piece)
		return -ENOMEM;
	*piece = (struct piece){.p = aligned_alloc(len == PIECE_MAX ? PIECE_MAX : BLOCK_ALIGN, len), .len = len};
	if (!piece->p) {
		free(piece);
		return -ENOMEM;
	}
	if (len == PIECE_MAX)
		(void)madvise(piece->p, len, MADV_HUGEPAGE); /* without, it is slower */
	if (c->newest)
		c->newest->newer = piece;
	else
		c->oldest = piece;
	c->newest = piece;
	c->memory += len;
	return 0;
}

int block_cache_put(struct block_cache *c, struct segment_map *map, uint32_t i, struct segment_block *b)
{
	size_t len = segment_block_memory(b);
	struct segment_block *kept;
	int r = 0;

	if (map->entries[i].block)
		drop(map->entries[i].block);
	if (!c->newest || c->newest->len - c->newest->used < len)
		r = add_piece(c, len);
	if (r == 0) {
		kept = segment_block_copy(b, c->newest->p + c->newest->used);
		c->newest->used += len;
		*segment_block_use(kept) = (struct block_use){.map = map, .entry = i};
		map->entries[i].block = kept;
	}
	segment_block_free(b);
	return r;
}

size_t block_cache_memory(const struct block_cache *c)
{
	return c->memory;
}
