/* pointcodec.c -- how fast runs of values and times are packed, and read again
 *
 *   pointcodec SET packed|plain
 *       values that are integers, run by run; output: points a second of CPU time, written and read, then the same with
 *       the times of each run
 */
#include "bench/pointset.h"
#include "store/cleanup.h"
#include "store/point_times.h"

#include <math.h>
#include <time.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(int r, const char *what)
{
	if (r < 0)
		errx(1, "%s: %s", what, strerror(-r));
}

struct run {
	const uint64_t *bits;
	const int64_t *times;
	size_t n;
	size_t off, times_off, end; /* of what is written of it */
};

static bool is_integers(const double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] != trunc(v[i]) || fabs(v[i]) >= 0x1p53)
			return false;
	return true;
}

/* The runs of the set's series that are integers. */
static struct run *integer_runs(const struct pointset *set, size_t *ret_n)
{
	struct run *runs = calloc(set->head->n_series + set->head->n_points / POINT_BLOCK_MAX + 1, sizeof *runs);
	size_t n = 0;

	if (!runs)
		err(1, "memory");
	for (uint64_t i = 0; i < set->head->n_series; i++) {
		struct pointset_series s = pointset_series(set, i);

		for (size_t k = 0; k < s.n && is_integers(s.values, s.n); k += runs[n++].n) {
			size_t len = s.n - k < POINT_BLOCK_MAX ? s.n - k : (size_t)POINT_BLOCK_MAX;

			runs[n] = (struct run){
			    .bits = (const uint64_t *)(const void *)(s.values + k), .times = s.times + k, .n = len};
		}
	}
	*ret_n = n;
	return runs;
}

static void write_runs(struct run *runs, size_t n, enum point_shape shape, bool times, struct buf *out)
{
	buf_clear(out);
	for (size_t i = 0; i < n; i++) {
		runs[i].off = out->len;
		point_values_put(runs[i].bits, runs[i].n, shape, out);
		runs[i].times_off = out->len;
		if (times)
			point_times_put(runs[i].times, runs[i].n, shape, out);
		runs[i].end = out->len;
	}
	check(out->err, "runs");
}

/* compare: that it is what was written. */
static void read_runs(const struct run *runs, size_t n, bool times, bool compare, const struct buf *in)
{
	static uint64_t bits[POINT_BLOCK_MAX + POINT_ROOM];
	static int64_t ns[POINT_BLOCK_MAX + POINT_ROOM];

	for (size_t i = 0; i < n; i++) {
		const struct run *r = &runs[i];

		check(point_values_get(span_of(in->p + r->off, r->times_off - r->off), r->n, bits), "values");
		if (times)
			check(point_times_get(span_of(in->p + r->times_off, r->end - r->times_off), r->n, ns), "times");
		if (compare && (memcmp(bits, r->bits, r->n * 8) != 0 || (times && memcmp(ns, r->times, r->n * 8) != 0)))
			errx(1, "run %zu: not what was written", i);
	}
}

/* Points a second, written or read over and over for a second. Reading includes the comparison with what was written.
 */
static double codec_rate(struct run *runs, size_t n, enum point_shape shape, bool times, bool reading, struct buf *b)
{
	uint64_t points = 0, all = 0;
	double start;

	for (size_t i = 0; i < n; i++)
		all += runs[i].n;
	write_runs(runs, n, shape, times, b);
	read_runs(runs, n, times, true, b);
	start = now();
	do {
		if (reading)
			read_runs(runs, n, times, false, b);
		else
			write_runs(runs, n, shape, times, b);
		points += all;
	} while (now() - start < 1);
	return (double)points / (now() - start);
}

static void codec(const struct pointset *set, enum point_shape shape)
{
	_cleanup_(buf_done) struct buf b = {0};
	size_t n;
	struct run *runs = integer_runs(set, &n);

	if (n == 0)
		errx(1, "no integers");
	for (int times = 0; times < 2; times++)
		printf("%.0f %.0f%c", codec_rate(runs, n, shape, times, false, &b),
		    codec_rate(runs, n, shape, times, true, &b), times ? '\n' : ' ');
	free(runs);
}

int main(int argc, char **argv)
{
	struct pointset set;

	if (argc != 3) {
		fputs("usage: pointcodec SET packed|plain\n", stderr);
		return 2;
	}
	pointset_open(argv[1], &set);
	codec(&set, strcmp(argv[2], "plain") == 0 ? POINT_PLAIN : POINT_PACKED);
	return 0;
}
