/* points_version.c -- what tells the state of an hour of points: the same while nothing is put or dropped, whatever
 * logs and files it is in, and another one when something is
 */
#include "store/segment_name.h"
#include "tests/unit/pointstore.h"

enum { HOUR_MS = 3600 * 1000 };

static uint64_t version_of(struct points_reader *pr)
{
	struct points_hour *h;

	return ok_r(points_hour(pr, HOUR, &h)) ? points_hour_version(h) : 0;
}

/* Who was there before, and who comes, say the same. */
static uint64_t version(struct points_reader *pr)
{
	_cleanup_(cleanup_points_reader) struct points_reader *anew = open_reader();
	uint64_t v;

	ok_r(points_reader_refresh(pr));
	v = version_of(pr);
	eq(version_of(anew), v);
	return v;
}

/* Another hour's points, by which logs of before them are full, and go. */
static void fill_logs(struct points *p)
{
	static struct point v[5000];
	static int64_t n;

	for (unsigned i = 0; i < 3; i++) {
		for (unsigned k = 0; k < N_ELEMENTS(v); k++)
			v[k] = (struct point){.ns = T0 + 9 * POINT_HOUR_NS + n++, .series = series(p, "z")};
		ok_r(points_put(p, v, N_ELEMENTS(v), NULL));
	}
	tidy(p, NOW_MS, true);
	ok_r(points_sync(p));
}

static bool has_log(uint64_t base)
{
	char name[SEGMENT_NAME_SIZE], path[SEGMENT_NAME_SIZE + 8];

	segment_name_put(name, base, SEGMENT_LOG);
	snprintf(path, sizeof path, "series/%s", name);
	return faccessat(store, path, F_OK, 0) == 0;
}

static void an_hour_is_the_same_in_logs_in_files_joined_and_opened_again(void)
{
	const struct points_options small = {.segment_size = 1};
	_cleanup_(cleanup_points) struct points *p = NULL;
	_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;
	uint64_t v, before = 0;

	begin();
	p = open_with(small);
	pr = open_reader();
	for (int i = 0; i < 3; i++) {
		ok_r(put1(p, "a", T0 + i * SECOND, i));
		v = version(pr);
		ok(v > before);
		before = v;
		/* Numbers go on meanwhile. */
		ok_r(put1(p, "b", T0 + 8 * POINT_HOUR_NS, 0));
		eq(version(pr), v);
		tidy(p, NOW_MS, true);
		eq(version(pr), v);
	}
	eq(state_of(p).n_files, 6);
	ok_r(points_close(TAKE(p)));
	p = open_with(small);
	eq(version(pr), v);
	tidy(p, NOW_MS + 2 * HOUR_MS, true);
	eq(state_of(p).files_joined, 3);
	eq(version(pr), v);
	fill_logs(p);
	ok(!has_log(1));
	eq(version(pr), v);
	ok_r(put1(p, "a", T0, 0));
	ok(version(pr) > v);
}

static void a_drop_is_told_for_ever(void)
{
	for (int in_files = 0; in_files < 2; in_files++) {
		_cleanup_(cleanup_points) struct points *p = NULL;
		_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;
		char error[POINT_SELECT_ERROR_MAX];
		uint64_t v, before;

		begin();
		p = open_with((struct points_options){.segment_size = 1});
		pr = open_reader();
		ok_r(put1(p, "a", T0, 1));
		ok_r(put1(p, "b", T0, 1));
		tidy(p, NOW_MS, in_files);
		before = version(pr);
		ok_r(points_drop(p, "b", T0, T0, error));
		v = version(pr);
		ok(v > before);
		tidy(p, NOW_MS, true);
		eq(version(pr), v);
		fill_logs(p);
		ok(!has_log(1));
		eq(version(pr), v);
		tidy(p, NOW_MS + 2 * HOUR_MS, true);
		fill_logs(p);
		ok(faccessat(store, "series/drops", F_OK, 0) < 0);
		eq(version(pr), v);
		str_eq(read_anew("a"), "0=1");
		str_eq(read_anew("b"), "none");
	}
}

/* The newest batch of both is the same. */
static void what_a_damaged_log_had_not_comes_with_another_time(void)
{
	_cleanup_(cleanup_points) struct points *p = NULL;
	_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;
	uint64_t from, to, v;
	int fd;

	begin();
	p = open_points();
	ok_r(put1(p, "a", T0 + SECOND, 1));
	from = state_of(p).log_bytes;
	ok_r(put1(p, "b", T0 + SECOND, 2));
	to = state_of(p).log_bytes;
	ok_r(put1(p, "a", T0 + 2 * SECOND, 3));
	ok_r(points_sync(p));
	fd = openat(store, "series/00000000000000000001.log", O_RDWR);
	ok(pwrite(fd, "?", 1, (off_t)(from + to) / 2) == 1);
	close(fd);
	pr = open_reader();
	str_eq(seen(pr, HOUR, "b"), "none");
	v = version(pr);
	tidy(p, NOW_MS, true);
	ok(version(pr) % 1000000 != v % 1000000);
	str_eq(seen(pr, HOUR, "b"), "1=2");
}

static void a_file_of_before_is_as_new_as_its_number(void)
{
	_cleanup_(cleanup_io_close) int dir = io_opendir(AT_FDCWD, "tests/golden/points/series", false);
	_cleanup_(cleanup_point_file) struct point_file *f = NULL;

	if (!ok_r(point_file_open(dir, "2026-11-18T17.00000000000000000014.points", &f)))
		return;
	ok(!point_file_salvaged(f));
	eq(point_file_head(f)->number, 14);
	eq(point_file_head(f)->newest, 14);
}

int main(void)
{
	RUN(an_hour_is_the_same_in_logs_in_files_joined_and_opened_again);
	RUN(a_drop_is_told_for_ever);
	RUN(what_a_damaged_log_had_not_comes_with_another_time);
	RUN(a_file_of_before_is_as_new_as_its_number);
	return tap_done();
}
