/* retain.c -- which files go when the oldest hours are removed */
#include "store/retain.h"
#include "store/names.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOUR = 498651, LEN = 1000, NONE = INT32_MAX };

static int dir;
static const char *path;

static void make(const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0644);

	ok(fd >= 0 && ftruncate(fd, LEN) == 0);
	close(fd);
}

static void make_file(int32_t hour, uint32_t part, const char *suffix)
{
	char name[FILE_NAME_SIZE];

	file_name(name, hour, part, suffix);
	make(name);
}

static bool there(int32_t hour, uint32_t part, const char *suffix)
{
	char name[FILE_NAME_SIZE];

	file_name(name, hour, part, suffix);
	return faccessat(dir, name, F_OK, 0) == 0;
}

/* Hours of two files, LEN each, in an order that is not the hours'. */
static void begin(void)
{
	static const int order[] = {4, 1, 7, 0, 9, 3, 8, 2, 6, 5};

	path = tap_tmpdir();
	dir = open(path, O_RDONLY | O_DIRECTORY);
	for (unsigned i = 0; i < 10; i++) {
		make_file(HOUR + order[i], 0, ".heat");
		make_file(HOUR + order[i], 0, ".chunk");
	}
}

/* Hours from..to are there, and no others of the ten. */
static void check_hours(int from, int to)
{
	for (int i = 0; i < 10; i++) {
		bool expected = i >= from && i <= to;

		if (there(HOUR + i, 0, ".chunk") != expected || there(HOUR + i, 0, ".heat") != expected) {
			printf("# hour %d\n", i);
			ok(!"as expected");
		}
	}
}

/* Ages count from the hour being recorded. */
static int retain(uint64_t max_bytes, int64_t max_age_ms, int32_t recording, uint32_t *ret_n)
{
	atomic_int hour = recording;

	return retain_hours(dir, max_bytes, max_age_ms, &hour, recording, ret_n);
}

static void nothing_goes_without_a_limit_or_within_it(void)
{
	uint32_t n = 1;

	begin();
	ok_r(retain(0, 0, NONE, &n));
	eq(n, 0);
	ok_r(retain(20 * LEN, (int64_t)9 * 3600000, HOUR + 9, &n));
	eq(n, 0);
	check_hours(0, 9);
	close(dir);
}

static void the_oldest_hours_go_whole_until_the_rest_fits(void)
{
	uint32_t n;

	begin();
	ok_r(retain(15 * LEN, 0, NONE, &n));
	eq(n, 6); /* five files would do, but half an hour is none */
	check_hours(3, 9);
	ok_r(retain(14 * LEN, 0, NONE, &n));
	eq(n, 0);
	close(dir);
}

static void all_files_of_an_hour_count_and_go(void)
{
	uint32_t n;

	begin();
	make_file(HOUR + 2, 1, ".wal");
	make_file(HOUR + 2, 12, ".chunk.damaged");
	make_file(HOUR + 2, 0, ".wal.damaged");
	ok_r(retain(17 * LEN, 0, NONE, &n));
	check_hours(3, 9); /* 23 files: hours 0 and 1 leave 19 */
	ok(!there(HOUR + 2, 1, ".wal") && !there(HOUR + 2, 12, ".chunk.damaged") &&
	    !there(HOUR + 2, 0, ".wal.damaged"));
	eq(n, 9);
	close(dir);
}

static void the_newest_hour_and_the_one_being_recorded_stay(void)
{
	uint32_t n;

	begin();
	ok_r(retain(1, 1, HOUR + 4, &n));
	eq(n, 16);
	ok(there(HOUR + 4, 0, ".chunk") && there(HOUR + 4, 0, ".heat"));
	ok(there(HOUR + 9, 0, ".chunk") && there(HOUR + 9, 0, ".heat"));
	close(dir);
}

static void hours_go_by_age_once_all_of_them_is_old(void)
{
	uint32_t n;

	begin();
	ok_r(retain(0, (int64_t)4 * 3600000, HOUR + 9, &n));
	check_hours(5, 9);
	ok_r(retain(0, (int64_t)3 * 3600000 + 1, HOUR + 9, &n));
	eq(n, 0);
	close(dir);
}

static void an_hour_ahead_of_the_clock_makes_no_other_old(void)
{
	uint32_t n;

	begin();
	make_file(HOUR + 100000, 0, ".chunk");
	ok_r(retain(0, (int64_t)4 * 3600000, HOUR + 9, &n));
	check_hours(5, 9);
	ok(there(HOUR + 100000, 0, ".chunk"));
	close(dir);
}

static void nothing_is_old_before_the_present_is_known(void)
{
	uint32_t n;

	begin();
	ok_r(retain(0, 1, NONE, &n));
	eq(n, 0);
	check_hours(0, 9);
	close(dir);
}

static void what_is_none_of_ours_stays_and_does_not_count(void)
{
	uint32_t n;

	begin();
	make("notes.txt");
	make("2026-11-20T03.wal.bak");
	make("2026-11-20T03.chunk.tmp");
	ok_r(retain(20 * LEN, 0, NONE, &n));
	eq(n, 0);
	ok_r(retain(1, 0, NONE, &n));
	eq(n, 18);
	eq(faccessat(dir, "notes.txt", F_OK, 0), 0);
	eq(faccessat(dir, "2026-11-20T03.wal.bak", F_OK, 0), 0);
	eq(faccessat(dir, "2026-11-20T03.chunk.tmp", F_OK, 0), 0);
	close(dir);
}

/* Removing a directory fails, also for root. */
static void an_error_does_not_keep_the_others(void)
{
	char name[FILE_NAME_SIZE];
	uint32_t n;
	int r;

	begin();
	file_name(name, HOUR + 1, 3, ".wal");
	eq(mkdirat(dir, name, 0755), 0);
	r = retain(4 * LEN, 0, NONE, &n);
	ok(r == -EISDIR || r == -EPERM);
	ok(n >= 16);
	ok(there(HOUR + 9, 0, ".chunk") && there(HOUR + 9, 0, ".heat"));
	for (int i = 0; i < 8; i++)
		ok(!there(HOUR + i, 0, ".chunk") && !there(HOUR + i, 0, ".heat"));
	eq(unlinkat(dir, name, AT_REMOVEDIR), 0);
	close(dir);
}

static void an_empty_directory_is_no_error(void)
{
	uint32_t n = 1;

	dir = open(tap_tmpdir(), O_RDONLY | O_DIRECTORY);
	ok_r(retain(1, 1, NONE, &n));
	eq(n, 0);
	close(dir);
}

int main(void)
{
	RUN(nothing_goes_without_a_limit_or_within_it);
	RUN(the_oldest_hours_go_whole_until_the_rest_fits);
	RUN(all_files_of_an_hour_count_and_go);
	RUN(the_newest_hour_and_the_one_being_recorded_stay);
	RUN(hours_go_by_age_once_all_of_them_is_old);
	RUN(an_hour_ahead_of_the_clock_makes_no_other_old);
	RUN(nothing_is_old_before_the_present_is_known);
	RUN(what_is_none_of_ours_stays_and_does_not_count);
	RUN(an_error_does_not_keep_the_others);
	RUN(an_empty_directory_is_no_error);
	return tap_done();
}
