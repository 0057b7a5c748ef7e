/* group_cache.c -- decoded groups, the ones used last
 *
 * Some hundred groups at the most: a plain array, searched from one end to the other.
 */
#include "store/group_cache.h"

struct entry {
	struct group_key key;
	struct group *group;
	uint64_t used;
	size_t memory;
};

struct group_cache {
	struct entry *entries;
	uint32_t n, cap;
	uint64_t clock;
	size_t budget, memory;
};

int group_cache_new(size_t budget, struct group_cache **ret)
{
	struct group_cache *c = calloc(1, sizeof *c);

	if (!c)
		return -ENOMEM;
	c->budget = budget;
	*ret = c;
	return 0;
}

static void drop(struct group_cache *c, uint32_t i)
{
	c->memory -= c->entries[i].memory;
	group_free(c->entries[i].group);
	c->entries[i] = c->entries[--c->n];
}

void group_cache_free(struct group_cache *c)
{
	while (c->n > 0)
		drop(c, c->n - 1);
	free(c->entries);
	free(c);
}

struct group *group_cache_find(struct group_cache *c, struct group_key key)
{
	for (uint32_t i = 0; i < c->n; i++) {
		struct entry *e = &c->entries[i];

		if (e->key.index == key.index && e->key.hour == key.hour && e->key.part == key.part) {
			e->used = ++c->clock;
			return e->group;
		}
	}
	return NULL;
}

void group_cache_trim(struct group_cache *c)
{
	for (uint32_t i = 0; i < c->n; i++) {
		struct entry *e = &c->entries[i];

		/* Only what was used lately can have grown. */
		if (e->used + 2 > c->clock) {
			c->memory -= e->memory;
			e->memory = group_memory(e->group);
			c->memory += e->memory;
		}
	}
	while (c->memory > c->budget && c->n > 2) {
		uint32_t oldest = 0;

		for (uint32_t i = 1; i < c->n; i++)
			if (c->entries[i].used < c->entries[oldest].used)
				oldest = i;
		if (c->entries[oldest].used + 2 > c->clock)
			break;
		drop(c, oldest);
	}
}

int group_cache_add(struct group_cache *c, struct group_key key, struct group *g)
{
	if (c->n == c->cap) {
		uint32_t cap = c->cap ? 2 * c->cap : 16;
		struct entry *p = realloc(c->entries, cap * sizeof *p);

		if (!p) {
			group_free(g);
			return -ENOMEM;
		}
		c->entries = p;
		c->cap = cap;
	}
	c->entries[c->n++] = (struct entry){.key = key, .group = g, .used = ++c->clock};
	group_cache_trim(c);
	return 0;
}

void group_cache_drop_hour(struct group_cache *c, int32_t hour)
{
	for (uint32_t i = c->n; i-- > 0;)
		if (c->entries[i].key.hour == hour)
			drop(c, i);
}

size_t group_cache_memory(const struct group_cache *c)
{
	return c->memory;
}
