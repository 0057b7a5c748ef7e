/* age_clock.c -- tests of the time that ages are counted from: clocks that leap, machines that were off */
#include "collector/age_clock.h"
#include "store/cleanup.h"
#include "store/io.h"
#include "store/names.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <time.h>

#define NOW INT64_C(1795144325000) /* ms */
#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

static int64_t real_ms, boot_ms;

int __wrap_clock_gettime(clockid_t id, struct timespec *ret);

int __wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
	int64_t ms = id == CLOCK_REALTIME ? real_ms : boot_ms;

	*ret = (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	return 0;
}

static void pass(int64_t ms)
{
	real_ms += ms;
	boot_ms += ms;
}

static const char *dir;

/* A store that has n hours, the last of them the one that t lies in. */
static void record(int64_t t, int n)
{
	_cleanup_(cleanup_close) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(cleanup_io_close) int snapshots = io_opendir(fd, SNAPSHOT_DIR, true);

	for (int i = 0; i < n; i++) {
		char name[FILE_NAME_SIZE];
		int file;

		file_name(name, hour_of(t) - i, 0, ".chunk");
		file = io_create(snapshots, name);
		ok_r(file);
		if (file >= 0)
			io_close(file);
	}
}

static struct age_clock *begin(void)
{
	_cleanup_(cleanup_close) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct age_clock *c = NULL;

	ok_r(age_clock_new(fd, &c));
	return c;
}

/* A machine that was on for three days, and has recorded all of them but one hour's tenths. */
static struct age_clock *set_up(void)
{
	dir = tap_tmpdir();
	real_ms = NOW;
	boot_ms = 3 * DAY;
	record(NOW, 60);
	return begin();
}

static void without_a_store_s_hours_the_clock_is_believed(void)
{
	struct age_clock *c;

	dir = tap_tmpdir();
	real_ms = NOW;
	boot_ms = 1000;
	c = begin();
	eq(age_clock_ms(c), NOW);
	pass(DAY + HOUR);
	eq(age_clock_ms(c), NOW + DAY + HOUR);
	age_clock_free(c);
}

static void a_clock_that_goes_on_is_believed(void)
{
	struct age_clock *c = set_up();

	for (int i = 0; i < 100; i++) {
		eq(age_clock_ms(c), real_ms);
		pass(7 * HOUR);
	}
	/* It was set right by less than a day, and back. */
	real_ms += DAY - HOUR;
	eq(age_clock_ms(c), real_ms);
	real_ms -= 5 * DAY;
	eq(age_clock_ms(c), real_ms);
	age_clock_free(c);
}

static void time_goes_on_from_where_it_was_when_the_clock_leaps_ahead(void)
{
	struct age_clock *c = set_up();

	eq(age_clock_ms(c), NOW);
	real_ms += 400 * DAY;
	eq(age_clock_ms(c), NOW);
	pass(20 * HOUR);
	eq(age_clock_ms(c), NOW + 20 * HOUR);
	/* It was set right. */
	real_ms -= 400 * DAY;
	eq(age_clock_ms(c), NOW + 20 * HOUR);
	pass(HOUR);
	/* What stood before that does not count. */
	real_ms += 2 * DAY;
	eq(age_clock_ms(c), NOW + 21 * HOUR);
	pass(20 * HOUR);
	eq(age_clock_ms(c), NOW + 41 * HOUR);
	age_clock_free(c);
}

static void a_clock_that_has_stood_for_a_day_is_believed(void)
{
	struct age_clock *c = set_up();

	real_ms += 400 * DAY;
	eq(age_clock_ms(c), NOW);
	pass(DAY - 1);
	eq(age_clock_ms(c), NOW + DAY - 1);
	pass(1);
	eq(age_clock_ms(c), NOW + 401 * DAY);
	age_clock_free(c);
}

static void a_clock_that_is_wrong_from_the_start_is_not_believed(void)
{
	struct age_clock *c = set_up();

	age_clock_free(c);
	real_ms += 400 * DAY;
	boot_ms = 5000;
	c = begin();
	eq(age_clock_ms(c), hour_begin_ms(hour_of(NOW) + 1));
	pass(2 * HOUR);
	/* Nor does a restart help it: it has recorded for hours, not for a day. */
	record(real_ms, 2);
	age_clock_free(c);
	c = begin();
	eq(age_clock_ms(c), hour_begin_ms(hour_of(NOW) + 1));
	age_clock_free(c);
	pass(DAY);
	record(real_ms, 23);
	c = begin();
	eq(age_clock_ms(c), real_ms);
	age_clock_free(c);
}

static void a_clock_that_is_behind_what_was_recorded_is_believed(void)
{
	struct age_clock *c = set_up();

	age_clock_free(c);
	real_ms = 5000;
	boot_ms = 5000;
	c = begin();
	eq(age_clock_ms(c), 5000);
	age_clock_free(c);
}

int main(void)
{
	RUN(without_a_store_s_hours_the_clock_is_believed);
	RUN(a_clock_that_goes_on_is_believed);
	RUN(time_goes_on_from_where_it_was_when_the_clock_leaps_ahead);
	RUN(a_clock_that_has_stood_for_a_day_is_believed);
	RUN(a_clock_that_is_wrong_from_the_start_is_not_believed);
	RUN(a_clock_that_is_behind_what_was_recorded_is_believed);
	return tap_done();
}
