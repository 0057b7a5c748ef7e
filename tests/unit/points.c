/* points.c -- points are put, become files, are joined, dropped and removed, and read at any time */
#include "store/segment_name.h"
#include "tests/unit/pointstore.h"

static void what_was_put_is_read(void)
{
	_cleanup_(cleanup_points) struct points *p = NULL;

	begin();
	p = open_points();
	ok_r(put1(p, "a", T0 + SECOND, 1.5));
	ok_r(put1(p, "a", T0 + 2 * SECOND, -2));
	ok_r(put1(p, "b{x=y}", T0 + SECOND, 7));
	ok_r(points_sync(p));
	str_eq(read_anew("a"), "1=1.5 2=-2");
	str_eq(read_anew("b{x=y}"), "1=7");
	str_eq(read_anew("c"), "none");
	ok_r(points_close(TAKE(p)));
	p = open_points();
	ok_r(put1(p, "a", T0 + 3 * SECOND, 3));
	str_eq(read_anew("a"), "1=1.5 2=-2 3=3");
}

static void flushed_points_are_seen_by_who_was_there_and_who_comes(void)
{
	_cleanup_(cleanup_points) struct points *p = NULL;
	_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;

	begin();
	p = open_points();
	ok_r(put1(p, "a", T0 + SECOND, 1));
	pr = open_reader();
	str_eq(seen(pr, HOUR, "a"), "1=1");
	tidy(p, NOW_MS, true);
	eq(state_of(p).n_files, 1);
	eq(state_of(p).n_points, 0);
	ok_r(put1(p, "a", T0 + 2 * SECOND, 2));
	ok_r(points_reader_refresh(pr));
	str_eq(seen(pr, HOUR, "a"), "1=1 2=2");
	str_eq(read_anew("a"), "1=1 2=2");
}

/* --- failures of others --- */

static void a_second_file_of_an_hour_takes_nothing_from_the_first(void)
{
	_cleanup_(cleanup_points) struct points *p = NULL;

	begin();
	p = open_points();
	ok_r(put1(p, "a", T0 + SECOND, 1));
	tidy(p, NOW_MS, true);
	ok_r(put1(p, "a", T0 + 2 * SECOND, 2));
	ok_r(put1(p, "a", T0 + SECOND, 10));
	ok_r(put1(p, "b", T0, 3));
	tidy(p, NOW_MS, true);
	eq(state_of(p).n_files, 2);
	str_eq(read_anew("a"), "1=10 2=2");
	str_eq(read_anew("b"), "0=3");
	ok_r(points_close(TAKE(p)));
	p = open_points();
	str_eq(read_anew("a"), "1=10 2=2");
}

/* The newest log's name. */
static uint64_t newest;

static int look_for_log(const char *name, void *arg)
{
	enum segment_file type;
	uint64_t base;

	(void)arg;
	if (segment_name_parse(name, &base, &type) && type == SEGMENT_LOG && base > newest)
		newest = base;
	return 0;
}

static int open_newest_log(int flags)
{
	char path[SEGMENT_NAME_SIZE + 16], name[SEGMENT_NAME_SIZE];
	int fd = io_opendir(store, "series", false);

	newest = 0;
	ok_r(io_list(fd, look_for_log, NULL));
	io_close(fd);
	segment_name_put(name, newest, SEGMENT_LOG);
	snprintf(path, sizeof path, "series/%s", name);
	return openat(store, path, flags);
}

static void no_number_is_given_twice_after_a_torn_end(void)
{
	_cleanup_(cleanup_points) struct points *p = NULL;
	uint64_t before, number;
	struct point v;
	int fd;

	begin();
	p = open_points();
	ok_r(put1(p, "a", T0 + SECOND, 1));
	ok_r(put1(p, "b", T0 + SECOND, 2));
	tidy(p, NOW_MS, true);
	before = state_of(p).number;
	ok_r(points_close(TAKE(p)));
	fd = open_newest_log(O_RDWR);
	ok_r(ftruncate(fd, lseek(fd, 0, SEEK_END) - 3));
	close(fd);

	p = open_points();
	v = (struct point){.ns = T0 + 5 * SECOND, .bits = f64_bits(5), .series = series(p, "b")};
	ok_r(points_put(p, &v, 1, &number));
	ok(number > before);
	str_eq(read_anew("b"), "1=2 5=5");
	ok_r(points_close(TAKE(p)));
	p = open_points();
	str_eq(read_anew("b"), "1=2 5=5");
	tidy(p, NOW_MS, true);
	str_eq(read_anew("b"), "1=2 5=5");
}

static void damage_in_a_log_gives_no_point_to_another_series(void)
{
	_cleanup_(cleanup_points) struct points *p = NULL;
	uint64_t from, to;
	int fd;

	begin();
	p = open_points();
	ok_r(put1(p, "a", T0 + SECOND, 1));
	from = state_of(p).log_bytes;
	ok_r(put1(p, "b", T0 + SECOND, 2));
	to = state_of(p).log_bytes;
	ok_r(put1(p, "c", T0 + SECOND, 3));
	ok_r(put1(p, "b", T0 + 2 * SECOND, 4));
	ok_r(put1(p, "a", T0 + 2 * SECOND, 5));
	ok_r(points_close(TAKE(p)));
	fd = open_newest_log(O_RDWR);
	ok(pwrite(fd, "?", 1, (off_t)(from + to) / 2) == 1);
	close(fd);
	for (int i = 0; i < 2; i++) {
		str_eq(read_anew("a"), "1=1 2=5");
		str_eq(read_anew("b"), i == 0 ? "none" : "3=6");
		str_eq(read_anew("c"), "1=3");
		if (p)
			break;
		p = open_points();
		ok(state_of(p).n_damaged > 0);
		ok_r(put1(p, "b", T0 + 3 * SECOND, 6));
	}
}

static void any_time_and_any_bits_come_back(void)
{
	static const int64_t times[] = {INT64_MIN, INT64_MIN + 1, -POINT_HOUR_NS - 1, -POINT_HOUR_NS, -1, 0, 1,
	    POINT_HOUR_NS - 1, POINT_HOUR_NS, INT64_MAX - 1, INT64_MAX};
	static const uint64_t bits[] = {0x7ff8000000000001, 0x7ff0000000000001, 0xfff8dead00000000, 0x8000000000000000,
	    1, 0x7ff0000000000000, 0xfff0000000000000, 0, 0x3ff0000000000000, 0x7fefffffffffffff, 0x000fffffffffffff};
	_cleanup_(cleanup_points) struct points *p = NULL;

	begin();
	p = open_points();
	for (size_t i = 0; i < N_ELEMENTS(times); i++) {
		struct point v = {.ns = times[i], .bits = bits[i], .series = series(p, "a")};

		ok_r(points_put(p, &v, 1, NULL));
	}
	eq(point_hour(-1), -1);
	eq(point_hour(-POINT_HOUR_NS), -1);
	eq(point_hour(-POINT_HOUR_NS - 1), -2);
	for (int pass = 0; pass < 3; pass++) {
		_cleanup_(cleanup_points_reader) struct points_reader *pr = open_reader();
		const int32_t *hours;
		size_t n, k = 0;

		points_reader_hours(pr, &hours, &n);
		eq(n, 6);
		for (size_t i = 0; i < n; i++) {
			_cleanup_(buf_done) struct buf ns = {0}, got = {0};
			struct points_hour *h;

			ok_r(points_hour(pr, hours[i], &h));
			eq(points_hour_n(h), 1);
			ok_r(points_hour_read(pr, h, 0, INT64_MIN, INT64_MAX, &ns, &got));
			for (size_t j = 0; j < ns.len / 8; j++, k++) {
				ok(((int64_t *)(void *)ns.p)[j] == times[k]);
				ok(((uint64_t *)(void *)got.p)[j] == bits[k]);
			}
		}
		eq(k, N_ELEMENTS(times));
		if (pass == 0)
			tidy(p, NOW_MS, true);
		else
			tidy(p, INT64_MAX / 1000000 + 10000000, true);
	}
}

static void retention_looks_at_files_and_at_what_is_in_memory(void)
{
	_cleanup_(cleanup_points) struct points *p = NULL;
	_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;
	const int32_t *hours;
	size_t n;

	begin();
	p = open_with((struct points_options){.retention_ms = 5 * 3600 * 1000, .buffer_age_ms = INT64_C(1) << 40});
	for (int i = 0; i < 10; i++)
		ok_r(put1(p, "a", T0 + i * POINT_HOUR_NS, i));
	tidy(p, NOW_MS, true);
	eq(state_of(p).n_files, 10);
	ok_r(put1(p, "a", T0 + SECOND, 100));
	ok_r(put1(p, "a", T0 + 9 * POINT_HOUR_NS + SECOND, 100));
	pr = open_reader();
	points_tidy(p, NOW_MS + 9 * 3600 * 1000, 1000, false, NULL);
	eq(state_of(p).n_files, 6);
	for (int pass = 0; pass < 2; pass++) {
		ok_r(points_reader_refresh(pr));
		points_reader_hours(pr, &hours, &n);
		eq(n, 6);
		eq(hours[0], HOUR + 4);
		str_eq(seen(pr, HOUR, "a"), "none");
		str_eq(seen(pr, HOUR + 9, "a"), "0=9 1=100");
		ok_r(points_close(TAKE(p)));
		p = open_with(
		    (struct points_options){.retention_ms = 5 * 3600 * 1000, .buffer_age_ms = INT64_C(1) << 40});
		points_reader_close(TAKE(pr));
		pr = open_reader();
	}
}

static void retention_by_bytes_leaves_the_newest_hour(void)
{
	_cleanup_(cleanup_points) struct points *p = NULL;

	begin();
	p = open_with((struct points_options){.retention_bytes = 1});
	for (int i = 0; i < 4; i++)
		ok_r(put1(p, "a", T0 + i * POINT_HOUR_NS, i));
	tidy(p, NOW_MS, true);
	eq(state_of(p).n_files, 1);
	str_eq(read_anew("a"), "none");
}

/* --- merging --- */

static void files_of_an_hour_that_is_over_become_one(void)
{
	_cleanup_(cleanup_points) struct points *p = NULL;
	_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;

	begin();
	p = open_points();
	for (int i = 0; i < 5; i++) {
		ok_r(put1(p, "a", T0 + i * SECOND, i));
		ok_r(put1(p, "b", T0 + SECOND, i));
		tidy(p, NOW_MS, true);
		if (i == 2)
			pr = open_reader();
	}
	eq(state_of(p).n_files, 5);
	str_eq(seen(pr, HOUR, "a"), "0=0 1=1 2=2");
	tidy(p, NOW_MS + 2 * 3600 * 1000, false);
	eq(state_of(p).n_files, 1);
	eq(state_of(p).files_joined, 5);
	tidy(p, NOW_MS + 2 * 3600 * 1000, false);
	eq(state_of(p).files_joined, 5);
	ok_r(points_reader_refresh(pr));
	str_eq(seen(pr, HOUR, "a"), "0=0 1=1 2=2 3=3 4=4");
	str_eq(read_anew("b"), "1=4");

	/* What comes late is joined in its turn. */
	ok_r(put1(p, "a", T0 + SECOND, 77));
	tidy(p, NOW_MS + 2 * 3600 * 1000, true);
	str_eq(read_anew("a"), "0=0 1=77 2=2 3=3 4=4");
	tidy(p, NOW_MS + 4 * 3600 * 1000, true);
	eq(state_of(p).n_files, 1);
	str_eq(read_anew("a"), "0=0 1=77 2=2 3=3 4=4");
	ok_r(points_close(TAKE(p)));
	p = open_points();
	eq(state_of(p).n_files, 1);
	tidy(p, NOW_MS + 5 * 3600 * 1000, true);
	eq(state_of(p).files_joined, 0);
}

static void files_of_an_hour_that_runs_are_joined_by_eights(void)
{
	_cleanup_(cleanup_points) struct points *p = NULL;

	begin();
	p = open_points();
	for (int i = 0; i < 9; i++) {
		ok_r(put1(p, "a", T0 + i * SECOND, i));
		tidy(p, NOW_MS, true);
	}
	eq(state_of(p).n_files, 2);
	str_eq(read_anew("a"), "0=0 1=1 2=2 3=3 4=4 5=5 6=6 7=7 8=8");
}

static int look_for_number(const char *name, void *arg)
{
	uint64_t *number = arg, n;
	int32_t hour;

	if (point_file_name_parse(name, &hour, &n) && n > *number)
		*number = n;
	return 0;
}

/* The one that cannot be opened may have had other values. */
static void points_beside_a_damaged_file_are_not_taken_for_all(void)
{
	_cleanup_(cleanup_points) struct points *p = NULL;
	_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;
	_cleanup_(buf_done) struct buf ns = {0}, bits = {0};
	char name[POINT_FILE_NAME_SIZE];
	struct points_hour *h;
	struct point_stat st;
	uint64_t number = 0;
	int dir, fd;

	begin();
	p = open_points();
	ok_r(put1(p, "a", T0, 1));
	tidy(p, NOW_MS, true);
	ok_r(put1(p, "a", T0, 2));
	ok_r(put1(p, "a", T0 + POINT_HOUR_NS, 3));
	tidy(p, NOW_MS, true);
	ok_r(points_close(TAKE(p)));
	dir = io_opendir(store, "series", false);
	ok_r(io_list(dir, look_for_number, &number));
	point_file_name(name, HOUR, number);
	fd = openat(dir, name, O_RDWR);
	ok(pwrite(fd, "?", 1, 30) == 1); /* of its header */
	close(fd);
	io_close(dir);

	pr = open_reader();
	ok_r(points_hour(pr, HOUR, &h));
	eq(points_hour_read(pr, h, 0, INT64_MIN, INT64_MAX, &ns, &bits), -EBADMSG);
	eq(points_hour_stat(pr, h, 0, &st), -EBADMSG);
	str_eq(seen(pr, HOUR + 1, "a"), "0=3");
	p = open_points();
	tidy(p, NOW_MS + 4 * 3600 * 1000, true);
	eq(state_of(p).n_files, 3);
	ok(state_of(p).n_damaged > 0);
}

/* --- drops --- */

static void what_was_dropped_is_gone_wherever_it_is(void)
{
	_cleanup_(cleanup_points) struct points *p = NULL;
	_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;
	char error[POINT_SELECT_ERROR_MAX];

	begin();
	p = open_points();
	for (int i = 0; i < 4; i++) {
		ok_r(put1(p, "a{x=1}", T0 + i * SECOND, i));
		ok_r(put1(p, "a{x=2}", T0 + i * SECOND, i));
		if (i < 2)
			tidy(p, NOW_MS, true);
	}
	pr = open_reader();
	ok_r(points_drop(p, "a{x=\"1\"}", T0 + SECOND, T0 + 2 * SECOND, error));
	eq(points_drop(p, "a{x=", 0, 1, error), -EINVAL);
	ok_r(put1(p, "a{x=1}", T0 + SECOND, 9));
	ok_r(points_reader_refresh(pr));
	str_eq(seen(pr, HOUR, "a{x=1}"), "0=0 1=9 3=3");
	str_eq(seen(pr, HOUR, "a{x=2}"), "0=0 1=1 2=2 3=3");
	str_eq(read_anew("a{x=1}"), "0=0 1=9 3=3");
	tidy(p, NOW_MS, true);
	ok_r(points_reader_refresh(pr));
	str_eq(seen(pr, HOUR, "a{x=1}"), "0=0 1=9 3=3");
	str_eq(read_anew("a{x=1}"), "0=0 1=9 3=3");
	ok_r(points_close(TAKE(p)));
	p = open_points();
	str_eq(read_anew("a{x=1}"), "0=0 1=9 3=3");
	tidy(p, NOW_MS + 3 * 3600 * 1000, true);
	eq(state_of(p).n_files, 1);
	ok_r(points_reader_refresh(pr));
	str_eq(seen(pr, HOUR, "a{x=1}"), "0=0 1=9 3=3");
	str_eq(read_anew("a{x=1}"), "0=0 1=9 3=3");

	ok_r(points_drop(p, "{__name__=\"a\",x=\"2\"}", INT64_MIN, INT64_MAX, error));
	ok_r(points_reader_refresh(pr));
	str_eq(seen(pr, HOUR, "a{x=2}"), "none");
	tidy(p, NOW_MS + 3 * 3600 * 1000, true);
	str_eq(read_anew("a{x=2}"), "none");
	str_eq(read_anew("a{x=1}"), "0=0 1=9 3=3");
}

/* Many points, so that a log is full. */
static void put_many(struct points *p)
{
	static struct point v[500];

	for (int i = 0; i < 200; i++) {
		for (int k = 0; k < 500; k++)
			v[k] = (struct point){.ns = T0 + POINT_HOUR_NS + i, .series = series(p, "b")};
		ok_r(points_put(p, v, 500, NULL));
	}
}

static void a_drop_outlives_its_log(void)
{
	_cleanup_(cleanup_points) struct points *p = NULL;
	char error[POINT_SELECT_ERROR_MAX];

	begin();
	p = open_with((struct points_options){.segment_size = 1});
	ok_r(put1(p, "a", T0, 1));
	ok_r(put1(p, "a", T0 + SECOND, 1));
	tidy(p, NOW_MS, true);
	ok_r(points_drop(p, "a", T0, T0, error));
	put_many(p);
	tidy(p, NOW_MS, true);
	ok(faccessat(store, "series/drops", F_OK, 0) == 0);
	ok(faccessat(store, "series/00000000000000000001.log", F_OK, 0) < 0);
	str_eq(read_anew("a"), "1=1");
	ok_r(points_close(TAKE(p)));
	p = open_points();
	str_eq(read_anew("a"), "1=1");
	tidy(p, NOW_MS + 2 * 3600 * 1000, true);
	str_eq(read_anew("a"), "1=1");
	tidy(p, NOW_MS + 2 * 3600 * 1000, true);
	ok(faccessat(store, "series/drops", F_OK, 0) < 0);
	str_eq(read_anew("a"), "1=1");
}

static void who_looks_seldom_does_not_see_what_was_dropped_meanwhile(void)
{
	_cleanup_(cleanup_points) struct points *p = NULL;
	_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;
	char error[POINT_SELECT_ERROR_MAX];

	begin();
	p = open_with((struct points_options){.segment_size = 1});
	ok_r(put1(p, "a", T0, 1));
	pr = open_reader();
	str_eq(seen(pr, HOUR, "a"), "0=1");
	ok_r(points_drop(p, "a", INT64_MIN, INT64_MAX, error));
	put_many(p);
	tidy(p, NOW_MS, true);
	ok_r(put1(p, "c", T0, 1));
	ok(faccessat(store, "series/00000000000000000001.log", F_OK, 0) < 0);
	ok_r(points_reader_refresh(pr));
	str_eq(seen(pr, HOUR, "a"), "none");
	str_eq(seen(pr, HOUR, "c"), "0=1");
	ok_r(put1(p, "c", T0 + SECOND, 2));
	ok_r(points_reader_refresh(pr));
	str_eq(seen(pr, HOUR, "c"), "0=1 1=2");
}

/* --- limits --- */

static void limits_are_told_and_cost_nothing(void)
{
	_cleanup_(cleanup_points) struct points *p = NULL;
	_cleanup_(buf_done) struct buf room = {0};
	struct point v = {.ns = T0, .series = 1000};
	uint32_t number;

	begin();
	p = open_with((struct points_options){.max_series = 2});
	ok_r(put1(p, "a", T0, 1));
	ok_r(put1(p, "b", T0, 1));
	eq(points_series(p, key_of("c", &room), &number), -ENOSPC);
	eq(points_series(p, span_of("x", 1), &number), -EINVAL);
	eq(points_put(p, &v, 1, NULL), -EINVAL);
	eq(points_put(p, &v, POINTS_BATCH_MAX + 1, NULL), -EMSGSIZE);
	eq(state_of(p).n_points, 2);
	str_eq(read_anew("a"), "0=1");
}

static void a_batch_is_put_whole_or_not_at_all(void)
{
	_cleanup_(cleanup_points) struct points *p = NULL;
	struct point v[3];

	begin();
	p = open_points();
	ok_r(put1(p, "a", T0, 1));
	v[0] = (struct point){.ns = T0, .bits = f64_bits(2), .series = series(p, "a")};
	v[1] = (struct point){.ns = T0 + POINT_HOUR_NS, .bits = f64_bits(2), .series = series(p, "a")};
	v[2] = (struct point){.ns = T0, .bits = f64_bits(2), .series = 99};
	eq(points_put(p, v, 3, NULL), -EINVAL);
	eq(state_of(p).n_points, 1);
	ok_r(put1(p, "a", T0 + SECOND, 3));
	str_eq(read_anew("a"), "0=1 1=3");
	tidy(p, NOW_MS, true);
	str_eq(read_anew("a"), "0=1 1=3");
	eq(state_of(p).n_files, 1);
}

static void series_that_are_not_used_are_forgotten(void)
{
	_cleanup_(cleanup_points) struct points *p = NULL;
	uint64_t epoch;

	begin();
	p = open_with((struct points_options){.max_series = 2});
	tidy(p, NOW_MS, true);
	ok_r(points_sync(p));
	ok_r(put1(p, "a", T0, 1));
	ok_r(put1(p, "b", T0, 1));
	epoch = points_epoch(p);
	for (int i = 1; i < 9; i++) {
		ok_r(put1(p, "b", T0 + i * SECOND, 1));
		tidy(p, NOW_MS + i * 3600 * 1000, true);
		ok_r(points_sync(p));
	}
	ok(points_epoch(p) > epoch);
	eq(state_of(p).n_series, 1);
	ok_r(put1(p, "c", T0, 3));
	ok_r(points_sync(p));
	str_eq(read_anew("a"), "0=1");
	str_eq(read_anew("c"), "0=3");
}

int main(void)
{
	RUN(what_was_put_is_read);
	RUN(flushed_points_are_seen_by_who_was_there_and_who_comes);
	RUN(a_second_file_of_an_hour_takes_nothing_from_the_first);
	RUN(no_number_is_given_twice_after_a_torn_end);
	RUN(damage_in_a_log_gives_no_point_to_another_series);
	RUN(any_time_and_any_bits_come_back);
	RUN(retention_looks_at_files_and_at_what_is_in_memory);
	RUN(retention_by_bytes_leaves_the_newest_hour);
	RUN(files_of_an_hour_that_is_over_become_one);
	RUN(files_of_an_hour_that_runs_are_joined_by_eights);
	RUN(points_beside_a_damaged_file_are_not_taken_for_all);
	RUN(what_was_dropped_is_gone_wherever_it_is);
	RUN(a_drop_outlives_its_log);
	RUN(who_looks_seldom_does_not_see_what_was_dropped_meanwhile);
	RUN(limits_are_told_and_cost_nothing);
	RUN(a_batch_is_put_whole_or_not_at_all);
	RUN(series_that_are_not_used_are_forgotten);
	return tap_done();
}
