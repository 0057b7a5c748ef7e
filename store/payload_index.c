/* payload_index.c -- see payload_index.h
 *
 * SHARDS by the first bits of the hash; each is a table with open addressing that grows by itself, so that never more
 * than one of them is there twice. An entry's home is in proportion to its hash, and it lies at home or in the first
 * free place behind, the first place of the table being behind the last: so entries with hashes of a range are all
 * between the home of the first and the first free place from the home of the last on, and all can be had in order.
 *
 * THREADS. An entry appears when its position is not 0 any more, which is written last; after that only the position
 * changes. A table that has grown is put in the place of the old one, which is freed when nobody looks at it.
 */
#include "store/payload_index.h"

#include <errno.h>

enum {
	SHARDS = 256,
	SHARD_SHIFT = 56,
	FIRST_CAP = 8,
};

struct place {
	_Atomic uint64_t hash;
	_Atomic uint64_t position;
};

struct shard {
	uint32_t cap;
	uint32_t n; /* at most two thirds of that: there is always a free place */
	struct place places[];
};

struct payload_index {
	struct epoch *epoch;
	size_t n, memory;
	_Atomic(struct shard *) shards[SHARDS];
};

int payload_index_new(struct epoch *epoch, struct payload_index **ret)
{
	struct payload_index *x = calloc(1, sizeof *x);

	if (!x)
		return -ENOMEM;
	x->epoch = epoch;
	x->memory = sizeof *x;
	*ret = x;
	return 0;
}

void payload_index_free(struct payload_index *x)
{
	if (!x)
		return;
	for (unsigned i = 0; i < SHARDS; i++)
		free(atomic_load(&x->shards[i]));
	free(x);
}

static inline unsigned shard_of(uint64_t hash)
{
	return (unsigned)(hash >> SHARD_SHIFT);
}

static inline uint32_t home_of(const struct shard *s, uint64_t hash)
{
	uint64_t within = hash << (64 - SHARD_SHIFT);

	return (uint32_t)((unsigned __int128)within * s->cap >> 64);
}

static size_t shard_size(uint32_t cap)
{
	return sizeof(struct shard) + (size_t)cap * sizeof(struct place);
}

static inline uint32_t behind(const struct shard *s, uint32_t i)
{
	return i + 1 < s->cap ? i + 1 : 0;
}

static inline uint64_t position_at(const struct shard *s, uint32_t i)
{
	return atomic_load_explicit(&s->places[i].position, memory_order_acquire);
}

static inline uint64_t hash_at(const struct shard *s, uint32_t i)
{
	return atomic_load_explicit(&s->places[i].hash, memory_order_relaxed);
}

static void add_to(struct shard *s, uint64_t hash, uint64_t position)
{
	uint32_t i = home_of(s, hash);

	while (position_at(s, i) != 0)
		i = behind(s, i);
	atomic_store_explicit(&s->places[i].hash, hash, memory_order_relaxed);
	atomic_store_explicit(&s->places[i].position, position, memory_order_release);
	s->n++;
}

static bool has_room(const struct shard *s, uint32_t more)
{
	return s && s->n + more <= s->cap - s->cap / 3;
}

/* By a third: right after it the table is half full. */
static int grow(struct payload_index *x, unsigned i, uint32_t more)
{
	struct shard *old = atomic_load(&x->shards[i]), *s;
	uint32_t cap = old ? old->cap : FIRST_CAP, n = old ? old->n : 0;

	while (n + more > cap - cap / 3)
		cap += cap / 3;
	s = calloc(1, shard_size(cap));
	if (!s)
		return -ENOMEM;
	s->cap = cap;
	for (uint32_t k = 0; old && k < old->cap; k++)
		if (position_at(old, k) != 0)
			add_to(s, hash_at(old, k), position_at(old, k));
	atomic_store(&x->shards[i], s);
	x->memory += shard_size(cap);
	if (old) {
		x->memory -= shard_size(old->cap);
		epoch_wait(x->epoch);
		free(old);
	}
	return 0;
}

static int reserve_in(struct payload_index *x, unsigned i, uint32_t more)
{
	return has_room(atomic_load(&x->shards[i]), more) ? 0 : grow(x, i, more);
}

int payload_index_reserve(struct payload_index *x, const uint64_t *hashes, size_t n)
{
	uint32_t more[SHARDS] = {0};
	int r = 0;

	for (size_t i = 0; i < n; i++)
		more[shard_of(hashes[i])]++;
	for (unsigned i = 0; r == 0 && i < SHARDS; i++)
		if (more[i] > 0)
			r = reserve_in(x, i, more[i]);
	return r;
}

int payload_index_reserve_one(struct payload_index *x, uint64_t hash)
{
	return reserve_in(x, shard_of(hash), 1);
}

void payload_index_add(struct payload_index *x, uint64_t hash, uint64_t position)
{
	add_to(atomic_load(&x->shards[shard_of(hash)]), hash, position);
	x->n++;
}

bool payload_index_replace(struct payload_index *x, uint64_t hash, uint64_t from, uint64_t to)
{
	struct shard *s = atomic_load(&x->shards[shard_of(hash)]);
	uint64_t position;

	if (!s)
		return false;
	for (uint32_t i = home_of(s, hash); (position = position_at(s, i)) != 0; i = behind(s, i))
		if (position == from && hash_at(s, i) == hash) {
			atomic_store_explicit(&s->places[i].position, to, memory_order_release);
			return true;
		}
	return false;
}

static size_t range_of(
    const struct shard *s, uint64_t first, uint64_t last, struct payload_entry *ret, size_t room, size_t n)
{
	uint32_t i = home_of(s, first), end = home_of(s, last);
	bool at_end = i == end;

	for (uint32_t steps = 0; steps < s->cap; steps++, i = behind(s, i)) {
		struct payload_entry e = {.position = position_at(s, i)};

		at_end = at_end || i == end;
		if (e.position == 0) {
			if (at_end)
				break;
			continue;
		}
		e.hash = hash_at(s, i);
		if (e.hash < first || e.hash > last)
			continue;
		if (n < room)
			ret[n] = e;
		n++;
	}
	return n;
}

size_t payload_index_range(
    const struct payload_index *x, uint64_t first, uint64_t last, struct payload_entry *ret, size_t room)
{
	size_t n = 0;

	for (unsigned i = shard_of(first); i <= shard_of(last); i++) {
		const struct shard *s = atomic_load(&x->shards[i]);
		uint64_t begins = (uint64_t)i << SHARD_SHIFT, ends = begins | ((UINT64_C(1) << SHARD_SHIFT) - 1);

		if (s)
			n = range_of(s, first > begins ? first : begins, last < ends ? last : ends, ret, room, n);
	}
	return n;
}

/* Those that lie before their home come when the table is turned round, behind all others. */
static bool next_of(const struct shard *s, uint64_t from, uint64_t *ret)
{
	uint32_t i = home_of(s, from);
	bool any = false, turned = false;

	for (;;) {
		bool is_free = position_at(s, i) == 0;

		if (is_free && (any || turned))
			return any;
		if (!is_free && hash_at(s, i) >= from && (turned || home_of(s, hash_at(s, i)) <= i) &&
		    (!any || hash_at(s, i) < *ret)) {
			*ret = hash_at(s, i);
			any = true;
		}
		i = behind(s, i);
		turned = turned || i == 0;
	}
}

bool payload_index_next(const struct payload_index *x, uint64_t from, uint64_t *ret)
{
	for (unsigned i = shard_of(from); i < SHARDS; i++) {
		const struct shard *s = atomic_load(&x->shards[i]);
		uint64_t begins = (uint64_t)i << SHARD_SHIFT;

		if (s && next_of(s, from > begins ? from : begins, ret))
			return true;
	}
	return false;
}

size_t payload_index_n(const struct payload_index *x)
{
	return x->n;
}

size_t payload_index_memory(const struct payload_index *x)
{
	return x->memory;
}
