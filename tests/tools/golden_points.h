/* golden_points.h -- for mkgolden.c: a store with custom series, and beside it the lines that they must read as
 *
 * Texts of values are written out by hand here or put together from their digits, as docs/format.md says that points
 * are shown; what must be left after puts and drops is kept in a list that nothing of the store has a part in.
 */
#ifndef TESTS_TOOLS_GOLDEN_POINTS_H
#define TESTS_TOOLS_GOLDEN_POINTS_H

#include "store/points.h"
#include "tests/tools/golden_topics.h"

#include <time.h>

/* In order of their keys. */
static const struct {
	const char *key;
	size_t len;
} golden_series[] = {
#define GOLDEN_KEY(key)                                                                                                \
	{                                                                                                              \
		key, sizeof(key)                                                                                       \
	}
    GOLDEN_KEY(".hidden"),
    GOLDEN_KEY("cpu.seconds\0host\0a/b\0mode\0idle"),
    GOLDEN_KEY("gone\0id\0001"),
    GOLDEN_KEY("gone\0id\0002"),
    GOLDEN_KEY("odd\0value\0=\xc3\xa4 {\x7f}"),
    GOLDEN_KEY("temperature"),
    GOLDEN_KEY("up"),
#undef GOLDEN_KEY
};
static const char *const golden_names[] = {"%2Ehidden", "cpu.seconds{host=a%2Fb,mode=idle}", "gone{id=1}", "gone{id=2}",
    "odd{value=%3D\xc3\xa4 %7B%7F%7D}", "temperature", "up"};
enum { GOLDEN_HIDDEN, GOLDEN_CPU, GOLDEN_GONE, GOLDEN_GONE_2, GOLDEN_ODD, GOLDEN_TEMPERATURE, GOLDEN_UP, GOLDEN_NAMED };

/* Behind them, so many that a file has a Bloom filter: "x{n=00}" and so on. */
enum { GOLDEN_MANY = 70, GOLDEN_SERIES = GOLDEN_NAMED + GOLDEN_MANY };

static const struct {
	uint64_t bits;
	const char *text;
} golden_odd[] = {
    {0, "0"},
    {0x8000000000000000, "-0"},
    {0x7ff0000000000000, "Infinity"},
    {0xfff0000000000000, "-Infinity"},
    {0x7ff8000000000000, "NaN"},
    {0xfff8dead0000beef, "NaN"},
    {0x7ff0000000000001, "NaN"},
    {1, "5e-324"},
    {0x7fefffffffffffff, "1.7976931348623157e+308"},
    {0x3fb999999999999a, "0.1"},
    {0x3fd5555555555555, "0.3333333333333333"},
    {0x430c6bf526340000, "1e+15"},
    {0xbff0000000000001, "-1.0000000000000002"},
};

#define GOLDEN_HOUR INT64_C(498617) /* 2026-11-18T17 */
#define GOLDEN_HOUR_NS INT64_C(3600000000000)
#define GOLDEN_NS (GOLDEN_HOUR * GOLDEN_HOUR_NS)

struct golden_point {
	uint32_t series;
	int64_t ns;
	char text[32];
};

struct golden_points {
	struct points *points;
	struct point batch[1024];
	size_t n_batch;
	struct golden_point left[4096]; /* what must be there */
	size_t n_left;
};

static inline uint32_t golden_points_number(struct golden_points *g, uint32_t series)
{
	char key[32];
	uint32_t ret = 0;
	int len = snprintf(key, sizeof key, "x%cn%c%02u", 0, 0, series - GOLDEN_NAMED) + 1;

	golden_check(points_series(g->points,
	                 series < GOLDEN_NAMED ? span_of(golden_series[series].key, golden_series[series].len)
	                                       : span_of(key, (size_t)len),
	                 &ret),
	    "series");
	return ret;
}

static inline void golden_points_put(
    struct golden_points *g, uint32_t series, int64_t ns, uint64_t bits, const char *text)
{
	size_t i = 0;

	g->batch[g->n_batch++] = (struct point){.ns = ns, .bits = bits, .series = golden_points_number(g, series)};
	while (i < g->n_left && (g->left[i].series != series || g->left[i].ns != ns))
		i++;
	g->n_left += i == g->n_left;
	if (g->n_left > N_ELEMENTS(g->left) || g->n_batch > N_ELEMENTS(g->batch))
		errx(1, "too many points");
	g->left[i] = (struct golden_point){.series = series, .ns = ns};
	snprintf(g->left[i].text, sizeof g->left[i].text, "%s", text);
}

/* A number of hundredths, of which the last is not 0. */
static inline void golden_points_hundredths(struct golden_points *g, uint32_t series, int64_t ns, int x)
{
	double d = x / 100.0;
	uint64_t bits;
	char text[32];

	memcpy(&bits, &d, sizeof bits);
	snprintf(text, sizeof text, "%s%d.%02d", x < 0 ? "-" : "", abs(x) / 100, abs(x) % 100);
	golden_points_put(g, series, ns, bits, text);
}

static inline void golden_points_whole(struct golden_points *g, uint32_t series, int64_t ns, int x)
{
	double d = x;
	uint64_t bits;
	char text[32];

	memcpy(&bits, &d, sizeof bits);
	snprintf(text, sizeof text, "%d", x);
	golden_points_put(g, series, ns, bits, text);
}

static inline void golden_points_batch(struct golden_points *g)
{
	golden_check(points_put(g->points, g->batch, g->n_batch, NULL), "put");
	golden_check(points_sync(g->points), "sync");
	g->n_batch = 0;
}

/* Drops series from to. */
static inline void golden_points_drop(
    struct golden_points *g, const char *selector, uint32_t from, uint32_t to, int64_t first, int64_t last)
{
	char error[256];
	size_t kept = 0;

	golden_check(points_drop(g->points, selector, first, last, error), error);
	for (size_t i = 0; i < g->n_left; i++) {
		const struct golden_point *p = &g->left[i];

		if (p->series < from || p->series > to || p->ns < first || p->ns > last)
			g->left[kept++] = *p;
	}
	g->n_left = kept;
}

static inline void golden_points_tidy(struct golden_points *g, int64_t now_ms, bool all)
{
	int r;

	do
		r = points_tidy(g->points, now_ms, 1000, all, NULL);
	while (r == 1);
	golden_check(r, "tidy");
}

static inline void golden_points_hour(struct golden_points *g, int64_t ns)
{
	for (int i = 0; i < 40; i++) {
		int64_t t = ns + i * INT64_C(10000000000);

		golden_points_hundredths(g, GOLDEN_CPU, t, 100 * i * i + 10 * i + 1 + i % 9);
		golden_points_whole(g, GOLDEN_TEMPERATURE, t, i % 7 ? -20 - i / 5 : 1000000 - i);
		if (i >= 7)
			golden_points_whole(g, GOLDEN_UP, t, 1);
		if (i < 30)
			golden_points_whole(g, GOLDEN_GONE, t, i);
		golden_points_whole(g, GOLDEN_GONE_2, t + 500000 * (i % 3), 5 * i * i * i);
		golden_points_put(g, GOLDEN_ODD, t + i * INT64_C(1234567) + i * i,
		    golden_odd[i % N_ELEMENTS(golden_odd)].bits, golden_odd[i % N_ELEMENTS(golden_odd)].text);
	}
	for (uint32_t i = 0; i < GOLDEN_MANY; i++)
		for (int k = 0; k < 2; k++)
			golden_points_whole(g, GOLDEN_NAMED + i, ns + k, (int)i * k);
	golden_points_batch(g);
}

static inline int golden_points_by_place(const void *pa, const void *pb)
{
	const struct golden_point *a = pa, *b = pb;
	int64_t x = a->ns < 0 ? -1 : a->ns / GOLDEN_HOUR_NS, y = b->ns < 0 ? -1 : b->ns / GOLDEN_HOUR_NS;

	if (x != y)
		return x < y ? -1 : 1;
	if (a->series != b->series)
		return a->series < b->series ? -1 : 1;
	return (a->ns > b->ns) - (a->ns < b->ns);
}

static inline void golden_points_line(const struct golden_point *p, FILE *f)
{
	int64_t second = p->ns / 1000000000 - (p->ns % 1000000000 < 0), fraction = p->ns - second * 1000000000;
	time_t t = (time_t)second;
	char text[40];
	struct tm tm;

	if (p->series < GOLDEN_NAMED)
		fprintf(f, "%s\t", golden_names[p->series]);
	else
		fprintf(f, "x{n=%02u}\t", p->series - GOLDEN_NAMED);
	if (!gmtime_r(&t, &tm) || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		errx(1, "time");
	if (fraction % 1000000 == 0)
		fprintf(f, "%s.%03dZ\t%s\n", text, (int)(fraction / 1000000), p->text);
	else
		fprintf(f, "%s.%09dZ\t%s\n", text, (int)fraction, p->text);
}

/* A file that was joined when its hour was over, with points that came late, and one of before 1970; files as they are
 * written first; drops in their file; a log with points for all of that, new ones, and a drop. */
static inline void golden_points_fill(struct golden_points *g)
{
	const int64_t late_ms = (GOLDEN_HOUR + 30) * 3600000;

	golden_points_hour(g, GOLDEN_NS + 5000000000);
	golden_points_tidy(g, GOLDEN_NS / 1000000 + 1000000, true);
	golden_points_whole(g, GOLDEN_UP, GOLDEN_NS, 0);
	golden_points_hundredths(g, GOLDEN_CPU, GOLDEN_NS + 25000000000, -42);
	golden_points_hundredths(g, GOLDEN_CPU, GOLDEN_NS + 25000000000, -43);
	golden_points_whole(g, GOLDEN_HIDDEN, -1, 7);
	golden_points_whole(g, GOLDEN_HIDDEN, -3600000000000, 8);
	golden_points_batch(g);
	golden_points_tidy(g, late_ms, true);
	golden_points_drop(
	    g, "gone{id=\"1\"}", GOLDEN_GONE, GOLDEN_GONE, GOLDEN_NS + 55000000000, GOLDEN_NS + 105000000000);
	golden_points_hour(g, GOLDEN_NS + GOLDEN_HOUR_NS);
	/* So much that a new log is begun. */
	for (int batch = 0; batch < 7; batch++) {
		for (int i = 0; i < 1000; i++)
			golden_points_whole(g, GOLDEN_UP, GOLDEN_NS + 1, i);
		golden_points_batch(g);
	}
	golden_points_tidy(g, GOLDEN_NS / 1000000 + 4000000, true);
	golden_points_whole(g, GOLDEN_GONE, GOLDEN_NS + 65000000000, 65);
	golden_points_whole(g, GOLDEN_UP, GOLDEN_NS + GOLDEN_HOUR_NS + 70000000000, 0);
	golden_points_whole(g, GOLDEN_UP, GOLDEN_NS + 2 * GOLDEN_HOUR_NS, 3);
	golden_points_batch(g);
	golden_points_drop(g, "{n=~\"[0-3]5\",n!=\"35\"}", GOLDEN_NAMED + 5, GOLDEN_NAMED + 5, INT64_MIN, INT64_MAX);
	for (uint32_t i = 15; i <= 25; i += 10) /* the same drop has these, too */
		for (size_t k = 0; k < g->n_left; k++)
			if (g->left[k].series == GOLDEN_NAMED + i)
				g->left[k--] = g->left[--g->n_left];
	golden_points_whole(g, GOLDEN_NAMED + 15, GOLDEN_NS, 15);
	golden_points_whole(g, GOLDEN_GONE_2, GOLDEN_NS + 2 * GOLDEN_HOUR_NS + 1, 2);
	golden_points_batch(g);
}

static inline void golden_points(const char *dir)
{
	static struct golden_points g;
	struct identity id = {.created_ms = 1795050000000, .host = "golden"};
	struct points_options o = {.sync = SYNC_NONE, .segment_size = 1};
	char path[4200];
	FILE *f;
	int fd;

	snprintf(path, sizeof path, "%s/points.points", dir);
	f = fopen(path, "w");
	snprintf(path, sizeof path, "%s/points", dir);
	fd = io_opendir(AT_FDCWD, path, true);
	if (!f || fd < 0)
		err(1, "%s", path);
	io_close(io_opendir(fd, SNAPSHOT_DIR, true));
	golden_check(identity_create(fd, &id), "identity");
	golden_check(points_open(fd, id.id, &o, &g.points), "points");
	golden_points_fill(&g);
	golden_check(points_close(g.points), "close");
	io_close(fd);
	qsort(g.left, g.n_left, sizeof *g.left, golden_points_by_place);
	for (size_t i = 0; i < g.n_left; i++)
		golden_points_line(&g.left[i], f);
	if (fclose(f) != 0)
		err(1, "points.points");
}

#endif
