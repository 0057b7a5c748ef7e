/* block_cache.c -- see block_cache.h
 *
 * The blocks go round under a hand; the one it meets that was not used since the last round is the one to go. So a use
 * costs no more than a mark on the block, which is at hand then.
 */
#include "store/block_cache.h"

struct slot {
	struct segment_block *block;
	struct segment_map *map;
	uint32_t i; /* its entry */
};

struct block_cache {
	size_t budget, memory;
	struct slot *slots;
	uint32_t n, cap, hand;
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

void block_cache_free(struct block_cache *c)
{
	free(c->slots);
	free(c);
}

static void remove_slot(struct block_cache *c, uint32_t k)
{
	struct slot *s = &c->slots[k];

	s->map->entries[s->i].block = NULL;
	c->memory -= segment_block_memory(s->block);
	segment_block_free(s->block);
	*s = c->slots[--c->n];
	if (k < c->n)
		segment_block_use(s->block)->slot = k;
}

static void drop(struct block_cache *c, struct segment_block *b)
{
	if (b)
		remove_slot(c, segment_block_use(b)->slot);
}

void block_cache_drop(struct block_cache *c, struct segment_map *map)
{
	for (uint32_t i = 0; i < map->n; i++)
		drop(c, map->entries[i].block);
}

static void make_room(struct block_cache *c, size_t more)
{
	while (c->n > 0 && c->memory + more > c->budget) {
		struct block_use *use;

		if (c->hand >= c->n)
			c->hand = 0;
		use = segment_block_use(c->slots[c->hand].block);
		if (!use->used) {
			remove_slot(c, c->hand);
			continue;
		}
		use->used = false;
		c->hand++;
	}
}

int block_cache_put(struct block_cache *c, struct segment_map *map, uint32_t i, struct segment_block *b)
{
	drop(c, map->entries[i].block);
	make_room(c, segment_block_memory(b));
	if (c->n == c->cap) {
		uint32_t cap = c->cap ? 2 * c->cap : 64;
		struct slot *p = realloc(c->slots, cap * sizeof *p);

		if (!p) {
			segment_block_free(b);
			return -ENOMEM;
		}
		c->slots = p;
		c->cap = cap;
	}
	*segment_block_use(b) = (struct block_use){.slot = c->n, .used = true};
	c->slots[c->n++] = (struct slot){.block = b, .map = map, .i = i};
	c->memory += segment_block_memory(b);
	map->entries[i].block = b;
	return 0;
}

size_t block_cache_memory(const struct block_cache *c)
{
	return c->memory;
}
