/* strpool.c -- strings by small ids
 *
 * Entries lie in an array by id; their bytes are allocated one by one, so that a sweep gives memory back. The hash
 * index is an open-addressing table of ids, rebuilt after a sweep (deleting from such a table in place is not worth its
 * subtlety).
 */
#include "store/strpool.h"

#include "store/format.h"
#include "store/text.h"

#include <xxhash.h>

struct entry {
	struct str s; /* s.p is NULL: the id is free */
	uint32_t epoch;
	uint32_t mark;
	uint64_t hash;
};

struct strpool {
	struct entry *entries;
	uint32_t n; /* ids below this were given at some time */
	uint32_t cap;
	uint32_t n_live;
	uint32_t *free_ids; /* a stack; smallest on top after a sweep */
	uint32_t n_free;
	uint32_t *slots; /* id + 1, 0 empty; n_slots is a power of two */
	uint32_t n_slots;
	uint32_t epoch;
	uint32_t mark;
	size_t bytes;
	uint64_t serial;
};

int strpool_new(struct strpool **ret)
{
	static _Atomic uint64_t serial;
	struct strpool *p = calloc(1, sizeof *p);

	if (!p)
		return -ENOMEM;
	p->serial = ++serial;
	p->epoch = 1;
	p->mark = 1;
	*ret = p;
	return 0;
}

void strpool_free(struct strpool *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		free((void *)(uintptr_t)p->entries[i].s.p);
	free(p->entries);
	free(p->free_ids);
	free(p->slots);
	free(p);
}

static int grow_entries(struct strpool *p, uint32_t n)
{
	uint32_t cap = p->cap ? p->cap : 256;
	struct entry *entries;
	uint32_t *free_ids;

	if (n <= p->cap)
		return 0;
	while (cap < n)
		cap *= 2;
	entries = realloc(p->entries, cap * sizeof *entries);
	if (!entries)
		return -ENOMEM;
	p->entries = entries;
	memset(entries + p->cap, 0, (cap - p->cap) * sizeof *entries);
	free_ids = realloc(p->free_ids, cap * sizeof *free_ids);
	if (!free_ids)
		return -ENOMEM;
	p->free_ids = free_ids;
	p->cap = cap;
	return 0;
}

static void index_insert(struct strpool *p, uint32_t id)
{
	uint32_t i = (uint32_t)p->entries[id].hash & (p->n_slots - 1);

	while (p->slots[i])
		i = (i + 1) & (p->n_slots - 1);
	p->slots[i] = id + 1;
}

static int index_build(struct strpool *p, uint32_t n_slots)
{
	uint32_t *slots = calloc(n_slots, sizeof *slots);

	if (!slots)
		return -ENOMEM;
	free(p->slots);
	p->slots = slots;
	p->n_slots = n_slots;
	for (uint32_t id = 0; id < p->n; id++)
		if (p->entries[id].s.p)
			index_insert(p, id);
	return 0;
}

static int entry_set(struct strpool *p, uint32_t id, const void *s, size_t len)
{
	struct entry *e = &p->entries[id];
	char *copy = malloc(len ? len : 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, len ? s : "", len);
	*e = (struct entry){
	    .s = {.p = copy, .len = (uint32_t)len, .text_len = (uint32_t)text_str_len(copy, len)}, .epoch = p->epoch};
	p->n_live++;
	p->bytes += len;
	return 0;
}

int strpool_intern(struct strpool *p, const void *s, size_t len, uint32_t *ret_id)
{
	uint64_t hash = XXH3_64bits(s, len);
	uint32_t id;
	int r;

	if (len > STRING_LEN_MAX)
		return -EMSGSIZE;
	/* At most two thirds full, or a search for what is not there would not end. */
	if (3 * (uint64_t)(p->n_live + 1) > 2 * (uint64_t)p->n_slots) {
		r = index_build(p, p->n_slots ? 2 * p->n_slots : 512);
		if (r < 0)
			return r;
	}
	for (uint32_t i = (uint32_t)hash & (p->n_slots - 1); p->slots[i]; i = (i + 1) & (p->n_slots - 1)) {
		struct entry *e = &p->entries[p->slots[i] - 1];

		if (e->hash == hash && e->s.len == len && memcmp(e->s.p, s, len) == 0) {
			e->epoch = p->epoch;
			*ret_id = p->slots[i] - 1;
			return 0;
		}
	}
	id = p->n_free > 0 ? p->free_ids[p->n_free - 1] : p->n;
	if (id >= STRING_ID_MAX)
		return -EMSGSIZE;
	r = grow_entries(p, id + 1);
	if (r == 0)
		r = entry_set(p, id, s, len);
	if (r < 0)
		return r;
	if (p->n_free > 0)
		p->n_free--;
	else
		p->n++;
	p->entries[id].hash = hash;
	index_insert(p, id);
	*ret_id = id;
	return 0;
}

int strpool_define(struct strpool *p, uint32_t id, const void *s, size_t len)
{
	int r;

	if (id >= STRING_ID_MAX || len > STRING_LEN_MAX || strpool_get(p, id))
		return -EBADMSG;
	r = grow_entries(p, id + 1);
	if (r < 0)
		return r;
	if (id >= p->n)
		p->n = id + 1;
	return entry_set(p, id, s, len);
}

const struct str *strpool_get(const struct strpool *p, uint32_t id)
{
	return id < p->n && p->entries[id].s.p ? &p->entries[id].s : NULL;
}

uint32_t strpool_limit(const struct strpool *p)
{
	return p->n;
}

void strpool_epoch(struct strpool *p)
{
	p->epoch++;
}

void strpool_touch(struct strpool *p, uint32_t id)
{
	p->entries[id].epoch = p->epoch;
}

void strpool_sweep(struct strpool *p)
{
	uint32_t n = 0;

	/* From the largest id down, so that small ids are given first. */
	p->n_free = 0;
	for (uint32_t id = p->n; id-- > 0;) {
		struct entry *e = &p->entries[id];

		if (e->s.p && e->epoch != p->epoch) {
			p->bytes -= e->s.len;
			p->n_live--;
			free((void *)(uintptr_t)e->s.p);
			*e = (struct entry){0};
			n++;
		}
		if (!e->s.p)
			p->free_ids[p->n_free++] = id;
	}
	if (n > 0) {
		memset(p->slots, 0, p->n_slots * sizeof *p->slots);
		for (uint32_t id = 0; id < p->n; id++)
			if (p->entries[id].s.p)
				index_insert(p, id);
	}
}

bool strpool_mark(struct strpool *p, uint32_t id)
{
	struct entry *e = &p->entries[id];
	bool first = e->mark != p->mark;

	e->mark = p->mark;
	return first;
}

void strpool_clear_marks(struct strpool *p)
{
	p->mark++;
}

uint64_t strpool_serial(const struct strpool *p)
{
	return p->serial;
}

size_t strpool_memory(const struct strpool *p)
{
	return sizeof *p + p->cap * (sizeof *p->entries + sizeof *p->free_ids) + p->n_slots * sizeof *p->slots +
	       p->bytes + 16 * (size_t)p->n_live;
}
