/* radix.c -- see radix.h
 *
 * Digit by digit from the lowest, all of which are counted in one pass. Digits that are the same in all numbers, as the
 * high ones mostly are, cost no more than that.
 */
#include "store/radix.h"

#include "store/cleanup.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum { BITS = 11, VALUES = 1 << BITS, DIGITS = (64 + BITS - 1) / BITS };

struct counts {
	size_t of[DIGITS][VALUES];
};

static unsigned digit_of(const uint8_t *element, size_t offset, unsigned d)
{
	uint64_t x;

	memcpy(&x, element + offset, sizeof x);
	return (unsigned)(x >> d * BITS) % VALUES;
}

/* From how many there are to where the first of each begins. */
static void sum_up(size_t counts[VALUES])
{
	size_t at = 0;

	for (unsigned i = 0; i < VALUES; i++) {
		size_t n = counts[i];

		counts[i] = at;
		at += n;
	}
}

int radix_sort(void *v, size_t n, size_t size, size_t offset)
{
	_cleanup_(cleanup_free) struct counts *counts = calloc(1, sizeof *counts);
	_cleanup_(cleanup_free) uint8_t *room = reallocarray(NULL, n + 1, size);
	uint8_t *from = v, *to = room;

	if (!counts || !room)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		for (unsigned d = 0; d < DIGITS; d++)
			counts->of[d][digit_of(from + i * size, offset, d)]++;
	for (unsigned d = 0; d < DIGITS && n > 0; d++) {
		size_t *places = counts->of[d];
		uint8_t *other = from;

		if (places[digit_of(from, offset, d)] == n)
			continue;
		sum_up(places);
		for (size_t i = 0; i < n; i++)
			memcpy(to + places[digit_of(from + i * size, offset, d)]++ * size, from + i * size, size);
		from = to;
		to = other;
	}
	if (from == room)
		memcpy(v, from, n * size);
	return 0;
}
