/* point_table.c -- see point_table.h
 *
 * Found by the hash of the key: an open table of (half of the hash, number), in which what was swept leaves no holes,
 * since it is made anew then.
 */
#include "store/point_table.h"

#include <malloc.h>
#include <xxhash.h>

enum { SLOTS_MIN = 64, EMPTY = 0 };

struct slot {
	uint32_t hash;
	uint32_t number; /* and 1; EMPTY */
};

struct point_table {
	struct slot *slots;
	uint32_t mask;
	struct point_series **v; /* by number; NULL: free */
	uint32_t n_numbers, cap; /* given so far */
	uint32_t *spare;         /* numbers that were given back; room for cap */
	uint32_t n_spare;
	uint32_t n, max;
	size_t keys_memory;
};

int point_table_new(uint32_t max, struct point_table **ret)
{
	_cleanup_(cleanup_point_table) struct point_table *t = calloc(1, sizeof *t);

	if (!t)
		return -ENOMEM;
	t->max = max;
	t->mask = SLOTS_MIN - 1;
	t->slots = calloc(SLOTS_MIN, sizeof *t->slots);
	if (!t->slots)
		return -ENOMEM;
	*ret = TAKE(t);
	return 0;
}

void point_table_free(struct point_table *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; i < t->n_numbers; i++)
		free(t->v[i]);
	free(t->v);
	free(t->spare);
	free(t->slots);
	free(t);
}

void point_table_set_max(struct point_table *t, uint32_t max)
{
	t->max = max;
}

static uint32_t hash_of(struct span key)
{
	return (uint32_t)XXH3_64bits(key.p, span_left(&key));
}

static void put_slot(struct slot *slots, uint32_t mask, struct slot s)
{
	uint32_t i = s.hash & mask;

	while (slots[i].number != EMPTY)
		i = (i + 1) & mask;
	slots[i] = s;
}

static int grow_slots(struct point_table *t)
{
	uint32_t mask = 2 * t->mask + 1;
	struct slot *slots = calloc((size_t)mask + 1, sizeof *slots);

	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i <= t->mask; i++)
		if (t->slots[i].number != EMPTY)
			put_slot(slots, mask, t->slots[i]);
	free(t->slots);
	t->slots = slots;
	t->mask = mask;
	return 0;
}

static int grow_numbers(struct point_table *t)
{
	uint32_t cap = t->cap ? t->cap + t->cap / 2 : 64;
	struct point_series **v = realloc(t->v, cap * sizeof *v);
	uint32_t *spare;

	if (!v)
		return -ENOMEM;
	t->v = v;
	spare = realloc(t->spare, cap * sizeof *spare);
	if (!spare)
		return -ENOMEM;
	t->spare = spare;
	t->cap = cap;
	return 0;
}

static int add(struct point_table *t, struct span key, uint32_t hash, struct point_series **ret)
{
	struct point_series *s;
	int r = 0;

	if (!point_key_valid(key))
		return -EINVAL;
	if (t->n >= t->max)
		return -ENOSPC;
	if (t->n >= t->mask / 4 * 3)
		r = grow_slots(t);
	if (r == 0 && t->n_spare == 0 && t->n_numbers == t->cap)
		r = grow_numbers(t);
	if (r < 0)
		return r;
	s = malloc(sizeof *s + span_left(&key));
	if (!s)
		return -ENOMEM;
	*s = (struct point_series){.len = (uint16_t)span_left(&key)};
	memcpy(s->key, key.p, s->len);
	s->id = t->n_spare > 0 ? t->spare[--t->n_spare] : t->n_numbers++;
	t->v[s->id] = s;
	put_slot(t->slots, t->mask, (struct slot){hash, s->id + 1});
	t->n++;
	t->keys_memory += malloc_usable_size(s) + sizeof(size_t);
	*ret = s;
	return 0;
}

int point_table_intern(struct point_table *t, struct span key, struct point_series **ret)
{
	uint32_t hash = hash_of(key);

	for (uint32_t i = hash & t->mask; t->slots[i].number != EMPTY; i = (i + 1) & t->mask) {
		struct point_series *s;

		if (t->slots[i].hash != hash)
			continue;
		s = t->v[t->slots[i].number - 1];
		if (s->len == span_left(&key) && memcmp(s->key, key.p, s->len) == 0) {
			*ret = s;
			return 0;
		}
	}
	return add(t, key, hash, ret);
}

struct point_series *point_table_get(const struct point_table *t, uint32_t id)
{
	return id < t->n_numbers ? t->v[id] : NULL;
}

uint32_t point_table_sweep(struct point_table *t, uint32_t oldest)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->n_numbers; i++) {
		struct point_series *s = t->v[i];

		if (!s || s->refs > 0 || s->used >= oldest)
			continue;
		t->keys_memory -= malloc_usable_size(s) + sizeof(size_t);
		free(s);
		t->v[i] = NULL;
		t->spare[t->n_spare++] = i;
		n++;
	}
	if (n == 0)
		return 0;
	t->n -= n;
	memset(t->slots, 0, ((size_t)t->mask + 1) * sizeof *t->slots);
	for (uint32_t i = 0; i < t->n_numbers; i++)
		if (t->v[i])
			put_slot(t->slots, t->mask, (struct slot){hash_of(point_series_key(t->v[i])), i + 1});
	return n;
}

uint32_t point_table_n(const struct point_table *t)
{
	return t->n;
}

size_t point_table_memory(const struct point_table *t)
{
	return sizeof *t + t->keys_memory + ((size_t)t->mask + 1) * sizeof *t->slots +
	       t->cap * (sizeof *t->v + sizeof *t->spare);
}
