/* keymap.c -- see keymap.h */
#include "store/keymap.h"

#include <xxhash.h>

struct entry {
	uint64_t offset;
	uint32_t hash;
	uint32_t len;
	uint64_t at; /* of the key's bytes; UINT64_MAX: nothing is here */
};

struct keymap {
	size_t max_bytes;
	struct buf keys;
	struct entry *table; /* open addressing, at most half full */
	size_t mask, n;
};

enum { TABLE_MIN = 1024 };

static struct entry *new_table(size_t n)
{
	struct entry *t = malloc(n * sizeof *t);

	for (size_t i = 0; t && i < n; i++)
		t[i].at = UINT64_MAX;
	return t;
}

int keymap_new(size_t max_bytes, struct keymap **ret)
{
	struct keymap *k = malloc(sizeof *k);

	if (!k)
		return -ENOMEM;
	*k = (struct keymap){.max_bytes = max_bytes, .table = new_table(TABLE_MIN), .mask = TABLE_MIN - 1};
	if (!k->table) {
		free(k);
		return -ENOMEM;
	}
	*ret = k;
	return 0;
}

void keymap_free(struct keymap *k)
{
	free(k->table);
	buf_done(&k->keys);
	free(k);
}

static struct entry *find(const struct keymap *k, struct span key, uint32_t hash)
{
	size_t len = span_left(&key);

	for (size_t i = hash & k->mask;; i = (i + 1) & k->mask) {
		struct entry *e = &k->table[i];

		if (e->at == UINT64_MAX ||
		    (e->hash == hash && e->len == len && (len == 0 || memcmp(k->keys.p + e->at, key.p, len) == 0)))
			return e;
	}
}

static int grow(struct keymap *k)
{
	size_t n = 2 * (k->mask + 1);
	struct entry *old = k->table;

	k->table = new_table(n);
	if (!k->table) {
		k->table = old;
		return -ENOMEM;
	}
	for (size_t i = 0; i <= k->mask; i++) {
		size_t at = old[i].hash & (n - 1);

		if (old[i].at == UINT64_MAX)
			continue;
		while (k->table[at].at != UINT64_MAX)
			at = (at + 1) & (n - 1);
		k->table[at] = old[i];
	}
	k->mask = n - 1;
	free(old);
	return 0;
}

static uint32_t hash_of(struct span key)
{
	return (uint32_t)XXH3_64bits(key.p, span_left(&key));
}

int keymap_put(struct keymap *k, struct span key, uint64_t offset)
{
	size_t len = span_left(&key), growth = 2 * (k->n + 1) > k->mask ? k->mask + 1 : 0;
	uint32_t hash = hash_of(key);
	struct entry *e = find(k, key, hash);
	int r = 0;

	if (e->at != UINT64_MAX) {
		e->offset = offset;
		return 0;
	}
	if (k->n > 0 && k->keys.len + len + (k->mask + 1 + growth) * sizeof *e > k->max_bytes)
		return -ENOBUFS;
	if (growth > 0) {
		r = grow(k);
		if (r < 0)
			return r;
		e = find(k, key, hash);
	}
	r = buf_reserve(&k->keys, len + 1);
	if (r < 0) {
		k->keys.err = 0;
		return r;
	}
	*e = (struct entry){.offset = offset, .hash = hash, .len = (uint32_t)len, .at = k->keys.len};
	buf_put(&k->keys, key.p, len);
	k->n++;
	return 0;
}

bool keymap_get(const struct keymap *k, struct span key, uint64_t *ret_offset)
{
	const struct entry *e = find(k, key, hash_of(key));

	if (e->at == UINT64_MAX)
		return false;
	*ret_offset = e->offset;
	return true;
}
