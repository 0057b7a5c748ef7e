/* spot.c -- from snapshot to snapshot: over borders of hours, parts, gaps and damage, while the store changes */
#include "tests/unit/machine.h"
#include "view/spot.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { HOURS = 3 };

static struct store *open_store(const char *dir)
{
	struct store *s;

	if (!ok_r(store_open(dir, NULL, &s)))
		exit(1);
	return s;
}

/* HOURS hours of PER_HOUR snapshots, of which the last is a log. */
static const char *recorded(void)
{
	const char *dir = new_store_path();
	struct machine m = {0};

	machine_open(&m, dir);
	machine_run(&m, HOURS * PER_HOUR);
	machine_seal(&m);
	machine_close(&m);
	return dir;
}

static void remove_file(const char *dir, const char *name)
{
	ok(unlink(path_in(dir, name)) == 0);
}

static int64_t ms_of(unsigned tick)
{
	return (int64_t)HOUR * HOUR_MS + (int64_t)tick * STEP_MS;
}

static void is_at(const struct spot *spot, int32_t hour, uint32_t seq)
{
	eq(spot->hour, hour);
	eq(spot->seq, seq);
}

/* Steps from one end to the other. Returns the snapshots met, which must be in order of time. */
static unsigned walk(struct store *s, int direction)
{
	struct spot spot, next;
	unsigned n = 1;
	int r = direction == SPOT_ON ? spot_at(s, INT64_MIN / 2, &spot) : spot_last(s, &spot);

	if (!ok_r(r))
		return 0;
	while ((r = spot_step(s, &spot, direction, &next)) == 0) {
		ok(direction == SPOT_ON ? next.ms > spot.ms : next.ms < spot.ms);
		spot = next;
		n++;
	}
	eq(r, -ENOENT);
	return n;
}

static void steps_lead_through_all_hours_and_back(void)
{
	_cleanup_(cleanup_store) struct store *s = open_store(recorded());

	eq(walk(s, SPOT_ON), HOURS * PER_HOUR);
	eq(walk(s, SPOT_BACK), HOURS * PER_HOUR);
}

static void an_hour_that_is_not_there_is_stepped_over(void)
{
	const char *dir = recorded();
	_cleanup_(cleanup_store) struct store *s = NULL;

	remove_file(dir, "snapshots/2026-11-20T04.chunk");
	s = open_store(dir);
	eq(walk(s, SPOT_ON), (HOURS - 1) * PER_HOUR);
	eq(walk(s, SPOT_BACK), (HOURS - 1) * PER_HOUR);
}

static void an_hour_that_cannot_be_read_is_stepped_over(void)
{
	const char *dir = recorded();
	_cleanup_(cleanup_store) struct store *s = NULL;
	int fd = open(path_in(dir, "snapshots/2026-11-20T04.chunk"), O_WRONLY | O_TRUNC);

	ok(fd >= 0 && write(fd, "not a chunk", 11) == 11 && close(fd) == 0);
	s = open_store(dir);
	eq(walk(s, SPOT_ON), (HOURS - 1) * PER_HOUR);
	eq(walk(s, SPOT_BACK), (HOURS - 1) * PER_HOUR);
}

static void numbers_that_are_missing_are_stepped_over(void)
{
	_cleanup_(cleanup_store) struct store *s = open_store(recorded());
	struct spot from = {.hour = HOUR, .seq = 1000}, to;

	/* As a spot is whose snapshot was lost: behind all that are there. */
	ok_r(spot_step(s, &from, SPOT_BACK, &to));
	is_at(&to, HOUR, PER_HOUR - 1);
	ok_r(spot_step(s, &from, SPOT_ON, &to));
	is_at(&to, HOUR + 1, 0);
}

static void parts_of_an_hour_are_one_row_of_snapshots(void)
{
	const char *dir = new_store_path();
	_cleanup_(cleanup_store) struct store *s = NULL;
	struct machine m = {0};
	struct spot spot, next;

	/* The clock steps back into an hour that is sealed. */
	machine_open(&m, dir);
	machine_run(&m, PER_HOUR + 2);
	machine_seal(&m);
	m.tick = 3;
	machine_run(&m, 2);
	machine_close(&m);
	s = open_store(dir);
	ok_r(spot_end(s, HOUR, 1, SPOT_ON, &spot));
	is_at(&spot, HOUR, PER_HOUR + 1);
	eq(spot.ms, ms_of(4));
	ok_r(spot_step(s, &spot, SPOT_BACK, &spot));
	ok_r(spot_step(s, &spot, SPOT_BACK, &next));
	is_at(&next, HOUR, PER_HOUR - 1);
	ok_r(spot_step(s, &next, SPOT_ON, &next));
	ok(spot_same(&next, &spot));
	/* What was recorded last is not what is newest. */
	ok_r(spot_last(s, &spot));
	is_at(&spot, HOUR, PER_HOUR + 1);
	ok_r(spot_step(s, &spot, SPOT_ON, &next));
	is_at(&next, HOUR + 1, 0);
}

static void a_time_leads_to_the_snapshot_before_it(void)
{
	_cleanup_(cleanup_store) struct store *s = open_store(recorded());
	struct spot spot;

	ok_r(spot_at(s, ms_of(PER_HOUR + 3) + STEP_MS - 1, &spot));
	is_at(&spot, HOUR + 1, 3);
	eq(spot.ms, ms_of(PER_HOUR + 3));
	ok_r(spot_at(s, ms_of(PER_HOUR) - 1, &spot));
	is_at(&spot, HOUR, PER_HOUR - 1);
	ok_r(spot_at(s, ms_of(1000), &spot));
	is_at(&spot, HOUR + 2, PER_HOUR - 1);
	/* Before all of them. */
	ok_r(spot_at(s, 0, &spot));
	is_at(&spot, HOUR, 0);
}

static void hours_and_days_have_ends(void)
{
	_cleanup_(cleanup_store) struct store *s = open_store(recorded());
	struct spot spot;

	ok_r(spot_end(s, HOUR + 1, 1, SPOT_BACK, &spot));
	is_at(&spot, HOUR + 1, 0);
	ok_r(spot_end(s, HOUR + 1, 1, SPOT_ON, &spot));
	is_at(&spot, HOUR + 1, PER_HOUR - 1);
	ok_r(spot_end(s, HOUR - HOUR % 24, 24, SPOT_BACK, &spot));
	is_at(&spot, HOUR, 0);
	ok_r(spot_end(s, HOUR - HOUR % 24, 24, SPOT_ON, &spot));
	is_at(&spot, HOUR + 2, PER_HOUR - 1);
	eq(spot_end(s, HOUR + 24, 24, SPOT_ON, &spot), -ENOENT);
}

static void a_spot_whose_hour_is_removed_moves_on_to_what_is_left(void)
{
	const char *dir = recorded();
	_cleanup_(cleanup_store) struct store *s = open_store(dir);
	struct spot spot, near;
	struct hour *h;
	uint32_t i;

	ok_r(spot_at(s, ms_of(4), &spot));
	ok_r(spot_near(s, &spot, &near));
	ok(spot_same(&spot, &near));
	remove_file(dir, "snapshots/2026-11-20T03.chunk");
	ok_r(store_refresh(s));
	eq(spot_hour(s, &spot, &h, &i), -ENOENT);
	ok_r(spot_near(s, &spot, &near));
	is_at(&near, HOUR + 1, 0);
	eq(spot_step(s, &spot, SPOT_BACK, &near), -ENOENT);
	/* And back, where nothing follows. */
	ok_r(spot_at(s, ms_of(1000), &spot));
	remove_file(dir, "snapshots/2026-11-20T05.wal");
	ok_r(store_refresh(s));
	ok_r(spot_near(s, &spot, &near));
	is_at(&near, HOUR + 1, PER_HOUR - 1);
}

static void what_is_recorded_meanwhile_is_stepped_onto(void)
{
	const char *dir = new_store_path();
	_cleanup_(cleanup_store) struct store *s = NULL;
	struct machine m = {0};
	struct spot spot, next;

	machine_open(&m, dir);
	s = open_store(dir);
	eq(spot_last(s, &spot), -ENOENT);
	eq(spot_at(s, ms_of(0), &spot), -ENOENT);
	for (unsigned n = 0; n < PER_HOUR + 2; n++) {
		machine_run(&m, 1);
		ok_r(store_refresh(s));
		if (n > 0) {
			ok_r(spot_step(s, &spot, SPOT_ON, &next));
			is_at(&next, HOUR + (int32_t)(n / PER_HOUR), n % PER_HOUR);
		}
		ok_r(spot_last(s, &spot));
		is_at(&spot, HOUR + (int32_t)(n / PER_HOUR), n % PER_HOUR);
		eq(spot_step(s, &spot, SPOT_ON, &next), -ENOENT);
	}
	/* Sealing an hour leaves everything where it was. */
	ok_r(spot_at(s, ms_of(5), &spot));
	machine_seal(&m);
	ok_r(store_refresh(s));
	ok_r(spot_near(s, &spot, &next));
	ok(spot_same(&spot, &next));
	machine_close(&m);
}

int main(void)
{
	RUN(steps_lead_through_all_hours_and_back);
	RUN(an_hour_that_is_not_there_is_stepped_over);
	RUN(an_hour_that_cannot_be_read_is_stepped_over);
	RUN(numbers_that_are_missing_are_stepped_over);
	RUN(parts_of_an_hour_are_one_row_of_snapshots);
	RUN(a_time_leads_to_the_snapshot_before_it);
	RUN(hours_and_days_have_ends);
	RUN(a_spot_whose_hour_is_removed_moves_on_to_what_is_left);
	RUN(what_is_recorded_meanwhile_is_stepped_onto);
	return tap_done();
}
