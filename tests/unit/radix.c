/* radix.c -- sorting by numbers */
#include "store/radix.h"
#include "tests/tap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { N = 5000 };

struct element {
	uint32_t order; /* in which they came */
	uint64_t number;
	char rest[7];
};

static int by_number(const void *pa, const void *pb)
{
	const struct element *a = pa, *b = pb;

	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1;
	return *seed ^ *seed >> 29;
}

/* n numbers of which only those bits are not 0. */
static void check(size_t n, uint64_t bits)
{
	static struct element v[N], sorted[N];
	uint64_t seed = n;
	size_t wrong = 0;

	memset(v, 0, sizeof v);
	for (size_t i = 0; i < n; i++) {
		v[i].order = (uint32_t)i;
		v[i].number = next(&seed) & bits;
		memset(v[i].rest, (int)(i % 100), sizeof v[i].rest);
	}
	memcpy(sorted, v, sizeof v);
	qsort(sorted, n, sizeof *sorted, by_number);
	ok_r(radix_sort(v, n, sizeof *v, offsetof(struct element, number)));
	for (size_t i = 0; i < n; i++)
		wrong += v[i].order != sorted[i].order || v[i].number != sorted[i].number ||
		         memcmp(v[i].rest, sorted[i].rest, sizeof v[i].rest) != 0;
	eq(wrong, 0);
}

static void numbers_of_any_length_are_put_in_order(void)
{
	for (unsigned n_bits = 1; n_bits <= 64; n_bits++)
		check(N, UINT64_MAX >> (64 - n_bits));
	check(N, UINT64_C(1) << 63);
	check(N, UINT64_C(0xff000000ff));
}

static void those_of_the_same_number_stay_in_order(void)
{
	check(N, 0);
	check(N, 3);
	check(N, UINT64_C(3) << 40);
}

static void few_and_none_are_sorted(void)
{
	for (size_t n = 0; n < 5; n++)
		check(n, UINT64_MAX);
	ok_r(radix_sort(NULL, 0, 1, 0));
}

int main(void)
{
	RUN(numbers_of_any_length_are_put_in_order);
	RUN(those_of_the_same_number_stay_in_order);
	RUN(few_and_none_are_sorted);
	return tap_done();
}
