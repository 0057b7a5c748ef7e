/* pointtree.c -- custom series in the tree: names, lines, pictures, blocks of OpenMetrics, damage, and what comes late
 */
#include "store/point_text.h"
#include "store/points.h"
#include "tests/unit/topicstore.h"
#include "view/view.h"

#include <ftw.h>
#include <math.h>

#define HOUR_NS INT64_C(3600000000000)
#define AT(hour, ns) (((int64_t)(HOUR) + (hour)) * HOUR_NS + (ns))
#define MS INT64_C(1000000)

struct putter {
	int fd;
	struct points *p;
};

static struct putter putter(const char *dir)
{
	const struct points_options o = {.sync = SYNC_NONE};
	struct putter w;
	struct identity id;

	w.fd = io_opendir(AT_FDCWD, dir, false);
	if (!ok_r(w.fd) || !ok_r(identity_read(w.fd, &id)) || !ok_r(points_open(w.fd, id.id, &o, &w.p)))
		exit(1);
	return w;
}

static void put(struct putter *w, const char *metric, const char *label, const char *value, int64_t ns, double x)
{
	struct point_label l = {.name = span_of(label, strlen(label)), .value = span_of(value, strlen(value))};
	_cleanup_(buf_done) struct buf key = {0};
	struct point v = {.ns = ns};

	memcpy(&v.bits, &x, sizeof(x));
	ok_r(point_key_put(&key, span_of(metric, strlen(metric)), &l, *label ? 1 : 0));
	ok_r(points_series(w->p, span_of(key.p, key.len), &v.series));
	ok_r(points_put(w->p, &v, 1, NULL));
}

static void done(struct putter w, bool files)
{
	int r = files;

	while (r > 0)
		r = points_tidy(w.p, AT(10, 0) / MS, 1000, true, NULL);
	ok_r(r);
	ok_r(points_close(w.p));
	io_close(w.fd);
}

/* Snapshots from 03:00 to 05:30; points at 02, 03 and 07. */
static const char *make_points(bool files)
{
	static const char *all;
	static unsigned n;
	static char dir[4200];
	struct machine m = {0};
	struct putter w;

	if (!all)
		all = tap_tmpdir();
	snprintf(dir, sizeof(dir), "%s/%u", all, n++);
	machine_open(&m, dir);
	machine_run(&m, 2 * PER_HOUR + 6);
	machine_close(&m);
	w = putter(dir);
	for (int i = 0; i < 2000; i++)
		put(&w, "cpu.usage", "host", "a/b", AT(0, i * 1000 * MS), i / 10.0);
	put(&w, "cpu_usage", "", "", AT(0, 0), 1);
	put(&w, "cpu_usage", "", "", AT(-1, HOUR_NS - 1), 1e300);
	put(&w, "odd", "a.b", "1", AT(0, 5), 5);
	put(&w, "odd", "a.b", "1", AT(0, 6), NAN);
	put(&w, "odd", "a.b", "1", AT(0, MS - 1), -INFINITY);
	put(&w, "odd", "a.b", "1", AT(0, MS), -0.0);
	put(&w, "odd", "a-b", "1", AT(0, 5), 7);
	put(&w, "late", "", "", AT(4, 0), 0.1);
	done(w, files);
	return dir;
}

static void make_long_name(char ret[301])
{
	memset(ret, 'x', 300);
	ret[300] = '\0';
}

/* --- /series --- */

static bool reads(struct tree *t, const char *path, size_t piece, const char *wanted)
{
	_cleanup_(cleanup_free) char *text = NULL;
	size_t len = 0;

	text = file(t, path, piece, &len);
	if (text && strcmp(text, wanted) == 0)
		return true;
	printf("# %s: %.300s\n", path, text ? text : "(none)");
	return false;
}

static void series_are_files_of_times_and_values(void)
{
	for (int files = 0; files < 2; files++) {
		struct opened o = open_tree(make_points(files));
		_cleanup_(buf_done) struct buf wanted = {0};

		for (int i = 0; i < 2000; i++) {
			int64_t ns = AT(0, i * 1000 * MS);
			double x = i / 10.0;
			uint64_t bits;

			memcpy(&bits, &x, sizeof(x));
			point_text_put(&wanted, &ns, &bits, 1);
		}
		buf_put_u8(&wanted, 0);
		for (size_t piece = 1; piece < 1 << 17; piece = piece * 23 + 1)
			ok(reads(
			    o.t, "/series/2026-11-20T03/metrics/cpu.usage{host=a%2Fb}", piece, (const char *)wanted.p));
		ok(reads(o.t, "/series/2026-11-20T03/metrics/odd{a.b=1}", 3,
		    "2026-11-20T03:00:00.000000005Z\t5\n2026-11-20T03:00:00.000000006Z\tNaN\n"
		    "2026-11-20T03:00:00.000999999Z\t-Infinity\n2026-11-20T03:00:00.001Z\t-0\n"));
		ok(reads(
		    o.t, "/series/2026-11-20T02/metrics/cpu_usage", 3, "2026-11-20T02:59:59.999999999Z\t1e+300\n"));
		ok(reads(o.t, "/series/2026-11-20T03/metrics/cpu_usage{}", 100, "2026-11-20T03:00:00.000Z\t1\n"));
		close_tree(o);
	}
}

static void names_that_are_none_lead_nowhere(void)
{
	static const char *const paths[] = {"/series/2026-11-20T03/metrics/cpu", "/series/2026-11-20T03/metrics/.svg",
	    "/series/2026-11-20T03/metrics/cpu_usage{a=b}", "/series/2026-11-20T03/metrics/odd{a.b=1",
	    "/series/2026-11-20T03/metrics/cpu.usage", "/series/2026-11-20T04/metrics", "/series/2026-11-20T06",
	    "/series/2026-11-20T03/metrics/cpu_usage.svg.svg", "/openmetrics/2026-11-20T03.om",
	    "/openmetrics/2026-11-20T00.om", "/openmetrics/2026-11-20T02", "/openmetrics/2026-11-20T02.nothing.om",
	    "/openmetrics/2026-11-20T02..om", "/openmetrics/2026-11-20T06.cpu.om", "/openmetrics/.om", "/metrics",
	    "/table/2026-11-20T07", "/hour/2026-11-20T03/metrics"};
	struct opened o = open_tree(make_points(false));

	for (unsigned i = 0; i < N_ELEMENTS(paths); i++)
		if (!ok(walk(o.t, paths[i]) == -ENOENT))
			printf("# %s: %d\n", paths[i], walk(o.t, paths[i]));
	eq(walk(o.t, "/series/2026-11-20T03/metrics/cpu_usage/x"), -ENOTDIR);
	eq(walk(o.t, "/openmetrics/2026-11-20T02.om/x"), -ENOTDIR);
	close_tree(o);
}

static void hours_that_have_only_points_are_listed(void)
{
	struct opened o = open_tree(make_points(true));
	struct names s = names_in(o.t, "/series");
	struct tree_attr a = {0};

	eq(s.n, 5);
	ok(s.ascend);
	str_eq(s.first, "2026-11-20T02");
	str_eq(s.last, "2026-11-20T07");
	ok_r(tree_walk(o.t, "/series", &a));
	eq(a.nlink, 2 + 5);
	eq(names_in(o.t, "/table").n, 3);
	eq(names_in(o.t, "/series/2026-11-20T07").n, 1);
	str_eq(names_in(o.t, "/series/2026-11-20T03").last, "metrics");
	ok_r(tree_walk(o.t, "/series/2026-11-20T03", &a));
	eq(a.nlink, 2 + names_in(o.t, "/series/2026-11-20T03").n);
	eq(names_in(o.t, "/series/2026-11-20T03/metrics").n, 4);
	close_tree(o);
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

struct inos {
	uint64_t v[64], after;
	size_t n;
};

static int see_ino(const struct tree_entry *e, void *arg)
{
	struct inos *s = arg;

	ok(e->cookie > s->after);
	s->after = e->cookie;
	ok(e->attr && e->attr->ino == e->ino);
	s->v[s->n++] = e->ino;
	return s->n % 3 == 0;
}

/* As an inode holds it, whose fields are all there is of it; a listing goes on where it stopped. */
static void inodes_say_what_they_stand_for(void)
{
	struct opened o = open_tree(make_points(true));
	struct tree_attr dir = {0}, a = {0}, plot = {0};
	struct inos s = {0};
	size_t before;

	ok_r(tree_walk(o.t, "/series/2026-11-20T03/metrics", &dir));
	eq(dir.ino, UINT64_C(1) << 61 | (uint64_t)(HOUR + 1) << 39);
	do {
		before = s.n;
		ok_r(tree_list(o.t, dir.ino, s.after, true, see_ino, &s));
	} while (s.n > before);
	eq(s.n, 4);
	qsort(s.v, s.n, sizeof(s.v[0]), by_number);
	for (size_t i = 0; i < s.n; i++) {
		struct node n = node_of(s.v[i]);

		ok(i == 0 || s.v[i] > s.v[i - 1]);
		eq(n.view, VIEW_METRICS);
		eq(n.hour, HOUR);
		eq(node_ino(n), s.v[i]);
		eq(tree_parent(o.t, s.v[i]), dir.ino);
	}
	ok_r(tree_walk(o.t, "/series/2026-11-20T03/metrics/cpu_usage", &a));
	ok_r(tree_walk(o.t, "/series/2026-11-20T03/metrics/cpu_usage.svg", &plot));
	eq(plot.ino, a.ino | 1);
	ok_r(tree_walk(o.t, "/series/2026-11-20T03/metrics/cpu_usage/../..", &a));
	ok_r(tree_walk(o.t, "/series/2026-11-20T03", &dir));
	eq(a.ino, dir.ino);
	eq(tree_attr(o.t, UINT64_C(1) << 61, &a), -ENOENT);
	eq(tree_attr(o.t, UINT64_C(1) << 61 | (uint64_t)(HOUR + 1) << 39 | 1, &a), -ENOENT);
	close_tree(o);
}

static void a_series_has_a_picture(void)
{
	struct opened o = open_tree(make_points(false));
	_cleanup_(cleanup_free) char *text = NULL;
	size_t len = 0;

	text = file(o.t, "/series/2026-11-20T03/metrics/cpu.usage{host=a%2Fb}.svg", 1000, &len);
	ok(text && strncmp(text, "<svg", 4) == 0);
	ok(text && strstr(text, "cpu.usage{host=\"a/b\"}, 2026-11-20T03 UTC"));
	ok(text && strstr(text, "max 199.9 at"));
	close_tree(o);
}

/* A metric may be called x.svg. */
static void a_name_is_a_series_before_it_is_a_picture(void)
{
	const char *dir = make_points(false);
	struct putter w = putter(dir);
	struct opened o;

	put(&w, "late.svg", "", "", AT(4, 0), 3);
	done(w, false);
	o = open_tree(dir);
	ok(reads(o.t, "/series/2026-11-20T07/metrics/late.svg", 100, "2026-11-20T07:00:00.000Z\t3\n"));
	ok_r(walk(o.t, "/series/2026-11-20T07/metrics/late.svg.svg"));
	close_tree(o);
}

static int see_cut(const struct tree_entry *e, void *arg)
{
	if (strstr(e->name, "%~"))
		snprintf(arg, 256, "%s", e->name);
	return 0;
}

static void a_name_that_is_cut_leads_to_its_series(void)
{
	const char *dir = make_points(false);
	struct putter w = putter(dir);
	char metric[301], name[256] = "", path[400];
	struct tree_attr a = {0};
	struct opened o;

	make_long_name(metric);
	put(&w, metric, "", "", AT(4, 0), 3);
	metric[299] = 'y';
	put(&w, metric, "", "", AT(4, 0), 3);
	done(w, false);
	o = open_tree(dir);
	ok_r(tree_walk(o.t, "/series/2026-11-20T07/metrics", &a));
	ok_r(tree_list(o.t, a.ino, 0, false, see_cut, name));
	eq(strlen(name), 240);
	snprintf(path, sizeof(path), "/series/2026-11-20T07/metrics/%s", name);
	ok(reads(o.t, path, 100, "2026-11-20T07:00:00.000Z\t3\n"));
	path[strlen(path) - 1] ^= 1;
	eq(walk(o.t, path), -ENOENT);
	close_tree(o);
}

/* The same length, another value. */
static void a_point_in_anothers_place_moves_the_time(void)
{
	const char *dir = make_points(true), *path = "/series/2026-11-20T03/metrics/cpu_usage";
	struct opened o = open_tree(dir);
	struct tree_attr a = {0}, b = {0}, again = {0};
	struct putter w;

	ok_r(tree_walk(o.t, path, &a));
	close_tree(o);
	o = open_tree(dir);
	ok_r(tree_walk(o.t, path, &again));
	eq(a.mtime_ns, again.mtime_ns);
	w = putter(dir);
	put(&w, "cpu_usage", "", "", AT(0, 0), 2);
	done(w, false);
	usleep((TREE_REFRESH_MS + 50) * 1000);
	ok_r(tree_walk(o.t, path, &b));
	ok(reads(o.t, path, 100, "2026-11-20T03:00:00.000Z\t2\n"));
	eq(a.ino, b.ino);
	eq(a.size, b.size);
	eq(a.mtime_ms, b.mtime_ms);
	ok(a.mtime_ns != b.mtime_ns);
	close_tree(o);
}

/* Times of a series' file, its picture, their directory, and the block that they are in: to the nanosecond. */
struct times {
	int64_t ns[4];
};

static struct times times_of(struct tree *t)
{
	static const char *const paths[] = {"/series/2026-11-20T03/metrics/cpu_usage",
	    "/series/2026-11-20T03/metrics/cpu_usage.svg", "/series/2026-11-20T03/metrics",
	    "/openmetrics/2026-11-20T02.om"};
	struct times ret = {0};

	for (unsigned i = 0; i < N_ELEMENTS(paths); i++) {
		struct tree_attr a = {0};

		ok_r(tree_walk(t, paths[i], &a));
		ret.ns[i] = a.mtime_ms * MS + a.mtime_ns;
	}
	return ret;
}

static struct times times_anew(const char *dir)
{
	struct opened o = open_tree(dir);
	struct times ret = times_of(o.t);

	close_tree(o);
	return ret;
}

/* What is said of two states: each time is the same, or each is another. */
static bool are_same(struct times a, struct times b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static bool are_others(struct times a, struct times b)
{
	bool ret = true;

	for (unsigned i = 0; i < N_ELEMENTS(a.ns); i++)
		ret &= a.ns[i] != b.ns[i];
	return ret;
}

static void times_change_when_points_do_and_never_else(void)
{
	const char *dir = make_points(false);
	struct opened o = open_tree(dir);
	struct times before = times_of(o.t), now;
	char error[POINT_SELECT_ERROR_MAX];
	struct putter w;

	ok(are_same(times_anew(dir), before));
	/* Files, of which those of each hour are joined; another hour's points come. */
	w = putter(dir);
	put(&w, "late", "", "", AT(4, 1), 0.2);
	done(w, true);
	ok(are_same(times_anew(dir), before));
	usleep((TREE_REFRESH_MS + 50) * 1000);
	ok(are_same(times_of(o.t), before));
	close_tree(o);

	w = putter(dir);
	put(&w, "cpu_usage", "", "", AT(0, 0), 2);
	done(w, false);
	now = times_anew(dir);
	ok(are_others(now, before));
	done(putter(dir), true);
	ok(are_same(times_anew(dir), now));
	before = now;

	w = putter(dir);
	ok_r(points_drop(w.p, "odd", AT(0, 0), AT(0, 5), error));
	done(w, false);
	now = times_anew(dir);
	ok(are_others(now, before));
	done(putter(dir), true);
	ok(are_same(times_anew(dir), now));
}

/* --- /openmetrics --- */

/* Whether the text's lines, without their ids, are these. */
static bool has_lines(const char *text, const char *wanted)
{
	const char *id;
	_cleanup_(buf_done) struct buf out = {0};

	for (; text && (id = strstr(text, ",histfs_id=\"")); text = id + strlen(",histfs_id=\"") + 33)
		buf_put(&out, text, (size_t)(id - text));
	buf_puts(&out, text ? text : "");
	buf_put_u8(&out, 0);
	if (strstr((const char *)out.p, wanted))
		return true;
	printf("# %s\n# is not in\n# %.400s\n", wanted, (const char *)out.p);
	return false;
}

static void a_block_has_all_custom_series_by_their_families(void)
{
	for (int files = 0; files < 2; files++) {
		struct opened o = open_tree(make_points(files));
		_cleanup_(cleanup_free) char *text = NULL, *again = NULL;
		size_t len = 0, len_again = 0;
		const char *p;

		text = file(o.t, "/openmetrics/2026-11-20T02.om", 1 << 17, &len);
		again = file(o.t, "/openmetrics/2026-11-20T02.om", 71, &len_again);
		ok(text && again && strcmp(text, again) == 0);
		ok(has_lines(text, "cpu_usage{histfs_name=\"cpu.usage\",host=\"a/b\"} 199.9 1795145599.000\n"));
		/* Of both hours, in order. */
		ok(has_lines(text, "cpu_usage 1e+300 1795143599.999\ncpu_usage 1 1795143600.000\n"));
		/* Of those in one millisecond the last. */
		ok(has_lines(text, "odd{a_b=\"1\"} -Infinity 1795143600.000\nodd{a_b=\"1\"} -0 1795143600.001\n"));
		ok(has_lines(text, "odd{a_b=\"1\"} 7 1795143600.000\n"));
		ok(text && strncmp(text, "# TYPE cpu_usage unknown\n", 25) == 0);
		ok(text && len > 6 && strcmp(text + len - 6, "# EOF\n") == 0);
		/* Two metrics are one family. */
		p = text ? strstr(text + 1, "# TYPE ") : NULL;
		ok(p && strncmp(p, "# TYPE odd unknown\n", 19) == 0);
		p = p ? strstr(p + 1, "# TYPE ") : NULL;
		ok(!p);
		eq(names_in(o.t, "/openmetrics").n, 2);
		str_eq(names_in(o.t, "/openmetrics").last, "2026-11-20T06.om");
		close_tree(o);
	}
}

static void a_table_is_a_file_of_its_numbers(void)
{
	struct opened o = open_tree(make_points(false));
	_cleanup_(cleanup_free) char *text = NULL, *again = NULL, *series = NULL;
	size_t len = 0;
	unsigned n = 0;

	text = file(o.t, "/openmetrics/2026-11-20T04.cpu.om", 1 << 17, &len);
	again = file(o.t, "/openmetrics/2026-11-20T04.cpu.om", 71, &len);
	ok(text && again && strcmp(text, again) == 0);
	ok(has_lines(text, "# TYPE cpu_user_ticks counter\ncpu_user_ticks_total{cpu=\"all\"} "));
	ok(has_lines(text, "# TYPE cpu_idle_ticks counter\ncpu_idle_ticks_total{cpu=\"all\"} 840 01795147200.000\n"));
	/* As many as /series has in both hours. */
	for (const char *p = text; p && (p = strstr(p, "cpu_user_ticks_total{")); p++)
		n++;
	eq(n, PER_HOUR + 6);
	series = file(o.t, "/series/2026-11-20T05/cpu/all/idle_ticks", 1000, &len);
	ok(series && strncmp(series, "2026-11-20T05:00:00.000Z\t1680\n", 30) == 0);
	ok(has_lines(text, "cpu_idle_ticks_total{cpu=\"all\"} 1680 01795150800.000\n"));
	/* Of a table without numbers nothing is left. */
	free(TAKE(again));
	again = file(o.t, "/openmetrics/2026-11-20T04.tasks.om", 100, &len);
	ok(again && strcmp(again, "# EOF\n") == 0);
	close_tree(o);
}

/* Ticks 0 to 9, then 5 to 14. */
static void a_clock_that_was_stepped_back_leaves_times_that_ascend(void)
{
	_cleanup_(cleanup_free) char *text = NULL, *wanted = NULL;
	const char *dir = tap_tmpdir();
	struct machine m = {0};
	struct opened o;
	size_t len = 0;
	unsigned n = 0;

	machine_open(&m, dir);
	machine_run(&m, 10);
	m.tick = 5;
	machine_run(&m, 10);
	machine_close(&m);
	o = open_tree(dir);
	text = file(o.t, "/openmetrics/2026-11-20T02.cpu.om", 100, &len);
	for (const char *p = text; p && (p = strstr(p, "cpu_idle_ticks_total{")); p++) {
		ok(asprintf(&wanted, "cpu_idle_ticks_total{cpu=\"all\"} %u 0%" PRId64 ".000\n", n * 70,
		       (AT(0, 0) / MS + n * STEP_MS) / 1000) > 0);
		if (!ok(strncmp(p, wanted, strlen(wanted)) == 0))
			printf("# %.80s, not %s", p, wanted);
		free(TAKE(wanted));
		n++;
	}
	/* Those of the hour; what is behind it is in the next. */
	eq(n, PER_HOUR);
	close_tree(o);
}

/* --- damage --- */

static int damage(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type == FTW_F && strstr(path, "/series/2026-11-20T03.") && strstr(path, ".points")) {
		int fd = open(path, O_RDWR | O_CLOEXEC);

		ok_r(fd);
		for (off_t off = 0; off < st->st_size; off += 64)
			ok(pwrite(fd, "\xa5", 1, off) == 1);
		close(fd);
	}
	return 0;
}

static void what_is_damaged_is_an_error_and_the_rest_is_there(void)
{
	const char *dir = make_points(true);
	_cleanup_(cleanup_free) char *text = NULL;
	struct opened o;
	struct tree_attr a;
	size_t len = 0;

	eq(nftw(dir, damage, 16, FTW_PHYS), 0);
	o = open_tree(dir);
	ok(walk(o.t, "/series/2026-11-20T03/metrics/cpu_usage") < 0);
	ok(reads(o.t, "/series/2026-11-20T07/metrics/late", 100, "2026-11-20T07:00:00.000Z\t0.1\n"));
	ok(reads(o.t, "/series/2026-11-20T02/metrics/cpu_usage", 100, "2026-11-20T02:59:59.999999999Z\t1e+300\n"));
	ok_r(tree_walk(o.t, "/series/2026-11-20T03/cpu/all/user_ticks", &a));
	text = file(o.t, "/status", 1000, &len);
	ok(text && strstr(text, "\ndamaged\tseries/2026-11-20T03."));
	close_tree(o);
}

int main(void)
{
	RUN(series_are_files_of_times_and_values);
	RUN(names_that_are_none_lead_nowhere);
	RUN(hours_that_have_only_points_are_listed);
	RUN(inodes_say_what_they_stand_for);
	RUN(a_series_has_a_picture);
	RUN(a_name_is_a_series_before_it_is_a_picture);
	RUN(a_name_that_is_cut_leads_to_its_series);
	RUN(a_point_in_anothers_place_moves_the_time);
	RUN(times_change_when_points_do_and_never_else);
	RUN(a_block_has_all_custom_series_by_their_families);
	RUN(a_table_is_a_file_of_its_numbers);
	RUN(a_clock_that_was_stepped_back_leaves_times_that_ascend);
	RUN(what_is_damaged_is_an_error_and_the_rest_is_there);
	return tap_done();
}
