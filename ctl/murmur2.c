/* murmur2.c -- see murmur2.h
 *
 * MurmurHash2 of Austin Appleby, 32 bits, with the seed that Kafka took; words are little-endian on every machine.
 */
#include "ctl/murmur2.h"

#include "store/bytes.h"

enum { SHIFT = 24 };

static const uint32_t seed = 0x9747b28c, factor = 0x5bd1e995;

uint32_t murmur2(const void *key, size_t len)
{
	const uint8_t *p = key;
	uint32_t h = seed ^ (uint32_t)len;

	for (; len >= 4; p += 4, len -= 4) {
		le32 word;
		uint32_t k;

		memcpy(&word, p, sizeof word);
		k = get_le32(word) * factor;
		k ^= k >> SHIFT;
		h = h * factor ^ k * factor;
	}
	if (len > 0) {
		for (size_t i = 0; i < len; i++)
			h ^= (uint32_t)p[i] << (8 * i);
		h *= factor;
	}
	h ^= h >> 13;
	h *= factor;
	return h ^ h >> 15;
}

uint32_t murmur2_partition(const void *key, size_t len, uint32_t n_partitions)
{
	return (murmur2(key, len) & 0x7fffffff) % n_partitions;
}
