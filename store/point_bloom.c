/* point_bloom.c -- see point_bloom.h */
#include "store/point_bloom.h"

#include "store/cleanup.h"

#include <xxhash.h>

enum {
	BITS_EACH = 10,
	N_HASHES = 7,
	LEN_MAX = 8 << 20,
};

static uint64_t hash_of_label(struct span name, struct span value)
{
	uint8_t bytes[POINT_KEY_MAX + 16];
	size_t name_len = span_left(&name), len = name_len + 1 + span_left(&value);

	/* What is longer is no key's. */
	if (len > sizeof bytes)
		return 0;
	memcpy(bytes, name.p, name_len);
	bytes[name_len] = 0;
	memcpy(bytes + name_len + 1, value.p, span_left(&value));
	return XXH3_64bits(bytes, len);
}

static uint64_t hash_of_key(struct span key)
{
	return XXH3_64bits(key.p, span_left(&key));
}

/* --- noting --- */

static void insert(struct point_bloom *b, uint64_t h)
{
	size_t i = h & (b->cap - 1);

	while (b->slots[i] != 0 && b->slots[i] != h)
		i = (i + 1) & (b->cap - 1);
	b->n += b->slots[i] == 0;
	b->slots[i] = h;
}

static int grow(struct point_bloom *b)
{
	struct point_bloom wider = {.cap = b->cap ? 2 * b->cap : 256, .zero = b->zero};

	wider.slots = calloc(wider.cap, sizeof *wider.slots);
	if (!wider.slots)
		return -ENOMEM;
	for (size_t i = 0; i < b->cap; i++)
		if (b->slots[i] != 0)
			insert(&wider, b->slots[i]);
	free(b->slots);
	*b = wider;
	return 0;
}

static int note(struct point_bloom *b, uint64_t h)
{
	int r = b->n >= b->cap / 2 ? grow(b) : 0;

	if (r < 0)
		return r;
	if (h == 0)
		b->zero = true;
	else
		insert(b, h);
	return 0;
}

int point_bloom_note(struct point_bloom *b, struct span key)
{
	struct point_label l = {span_of("__name__", 8), point_key_metric(key)};
	size_t at = 0;
	int r = note(b, hash_of_key(key));

	do
		r = r < 0 ? r : note(b, hash_of_label(l.name, l.value));
	while (r == 0 && point_key_label(key, &at, &l));
	return r;
}

void point_bloom_done(struct point_bloom *b)
{
	free(b->slots);
}

/* --- the filter --- */

static uint64_t nth_bit(uint64_t h, unsigned i, uint64_t n_bits)
{
	return ((h & UINT32_MAX) + i * (h >> 32)) % n_bits;
}

static void set(uint8_t *bits, size_t len, uint64_t h)
{
	for (unsigned i = 0; i < N_HASHES; i++) {
		uint64_t bit = nth_bit(h, i, 8 * (uint64_t)len);

		bits[bit / 8] |= (uint8_t)(1 << bit % 8);
	}
}

void point_bloom_put(const struct point_bloom *b, struct buf *out)
{
	size_t n = b->n + b->zero, len = n * BITS_EACH / 8 + 1;
	uint8_t *bits;

	if (n == 0)
		return;
	if (len > LEN_MAX)
		len = LEN_MAX;
	if (buf_reserve(out, len) < 0)
		return;
	bits = out->p + out->len;
	memset(bits, 0, len);
	out->len += len;
	if (b->zero)
		set(bits, len, 0);
	for (size_t i = 0; i < b->cap; i++)
		if (b->slots[i] != 0)
			set(bits, len, b->slots[i]);
}

static bool may_have(struct span filter, uint64_t h)
{
	size_t len = span_left(&filter);

	for (unsigned i = 0; len > 0 && i < N_HASHES; i++) {
		uint64_t bit = nth_bit(h, i, 8 * (uint64_t)len);

		if (!(filter.p[bit / 8] >> bit % 8 & 1))
			return false;
	}
	return true;
}

bool point_bloom_may_have_key(struct span filter, struct span key)
{
	return may_have(filter, hash_of_key(key));
}

bool point_bloom_may_have_label(struct span filter, struct span label, struct span value)
{
	return may_have(filter, hash_of_label(label, value));
}
