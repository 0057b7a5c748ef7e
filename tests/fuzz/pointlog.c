/* pointlog.c -- fuzzes the log of points and `drops`, with all checks made right, as a reader and as a writer
 *
 * Input: length of the log (4 bytes), the log, the file of drops. */
#include "store/points.h"
#include "store/points_read.h"

#include "tests/fuzz/twofiles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define LOG "series/00000000000000000001.log"
#define KEY "fuzzed\0room\0x"

struct seen {
	int64_t wanted;
	bool found;
};

static int see(int32_t hour, struct span key, const int64_t *ns, const uint64_t *bits, size_t n, void *arg)
{
	struct seen *s = arg;

	(void)bits;
	for (size_t i = 0; i < n; i++) {
		must(i == 0 || ns[i] > ns[i - 1]);
		must(ns[i] / 3600000000000 - (ns[i] % 3600000000000 < 0) == hour);
		must(point_key_valid(key));
		s->found |= ns[i] == s->wanted && span_left(&key) == sizeof KEY && memcmp(key.p, KEY, sizeof KEY) == 0;
	}
	return 0;
}

/* What is told hour by hour is what is told at once. Returns whether a time of KEY is there. */
static bool look_at(int top, int64_t wanted)
{
	_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;
	struct seen s = {.wanted = wanted};
	const int32_t *hours;
	size_t n;

	must(points_reader_open(top, &pr) == 0);
	points_reader_hours(pr, &hours, &n);
	for (size_t i = 0; i < n; i++) {
		struct points_hour *h;
		int r = points_hour(pr, hours[i], &h);

		must(r == 0 || r == -ENOENT || r == -EBADMSG);
		for (size_t k = 0; r == 0 && k < points_hour_n(h); k++) {
			_cleanup_(buf_done) struct buf ns = {0}, bits = {0};
			struct point_stat st;

			must(points_hour_stat(pr, h, k, &st) == 0);
			must(points_hour_read(pr, h, k, INT64_MIN, INT64_MAX, &ns, &bits) == 0);
			must(st.n == ns.len / sizeof(int64_t) && ns.len == bits.len);
		}
	}
	must(points_scan(pr, NULL, INT64_MIN, INT64_MAX, see, &s) == 0);
	must(points_reader_refresh(pr) >= 0);
	return s.found;
}

static void try(int top)
{
	const struct points_options o = {.sync = SYNC_NONE};
	_cleanup_(cleanup_points) struct points *wr = NULL;
	struct point v = {.ns = 77, .bits = 1};

	(void)look_at(top, v.ns);
	if (points_open(top, 1, &o, &wr) < 0)
		return;
	(void)look_at(top, v.ns);
	if (points_series(wr, span_of(KEY, sizeof KEY), &v.series) == 0 && points_put(wr, &v, 1, NULL) == 0) {
		must(look_at(top, v.ns));
		must(points_tidy(wr, 1, 1000, true, NULL) >= 0);
		must(look_at(top, v.ns));
		must(points_tidy(wr, INT64_C(100000000), 1000, true, NULL) >= 0);
		must(look_at(top, v.ns));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct twofiles how = {.folder = "series", .log = LOG, .other = "series/drops", .try = try};

	twofiles_run(&how, data, len);
	return 0;
}
