/* interval.c -- how far apart things are that come at a beat, of which some are missing */
#include "view/interval.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* The value that more than half of them have; 0 if none has. */
static int64_t majority(const int64_t *v, uint32_t n)
{
	int64_t candidate = 0;
	uint32_t lead = 0, count = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (lead == 0)
			candidate = v[i];
		lead = v[i] == candidate ? lead + 1 : lead - 1;
	}
	for (uint32_t i = 0; i < n; i++)
		count += v[i] == candidate;
	return count > n / 2 ? candidate : 0;
}

int64_t interval_of(int64_t *steps, uint32_t n_steps)
{
	uint32_t n = 0, best_n = 0;
	int64_t best;

	for (uint32_t i = 0; i < n_steps; i++) {
		int64_t step = (steps[i] + INTERVAL_GRAIN_MS / 2) / INTERVAL_GRAIN_MS * INTERVAL_GRAIN_MS;

		if (step > 0)
			steps[n++] = step;
	}
	/* As a rule there is no need to sort. */
	best = majority(steps, n);
	if (best)
		return best;
	qsort(steps, n, sizeof(*steps), by_value);
	for (uint32_t i = 0, run = 0; i < n; i++) {
		run = i > 0 && steps[i] == steps[i - 1] ? run + 1 : 1;
		if (run > best_n) {
			best_n = run;
			best = steps[i];
		}
	}
	return best;
}
