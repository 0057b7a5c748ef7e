/* tick.c -- tests of collector/tick.c: no clock is read and nothing is waited for */
#include "collector/tick.h"
#include "tests/tap.h"

#define MS INT64_C(1000000)
#define S (1000 * MS)

static const struct tick none;

static void the_first_tick_is_at_a_multiple_of_the_wall_clock(void)
{
	struct tick t = tick_next(none, 500 * S, 1000 * S + 300 * MS, S);

	eq(t.due_ns, 500 * S + 700 * MS);
	eq(t.missed, 0);
	t = tick_next(none, 500 * S, 1207 * S, 600 * S);
	eq(t.due_ns, 500 * S + 593 * S);
}

static void a_day_of_ticks_does_not_drift(void)
{
	int64_t mono = 77 * S, wall = 5000 * S + 1;
	struct tick t = tick_next(none, mono, wall, 100 * MS);
	int64_t first = t.due_ns;

	/* Each wakes up somewhat late, by an amount that varies, and samples for a while. */
	for (int i = 1; i <= 864000; i++) {
		int64_t now = t.due_ns + (i % 7) * 10 * MS + i % 1000;

		t = tick_next(t, now, wall + now - mono, 100 * MS);
		if (t.missed != 0 || t.due_ns != first + i * 100 * MS) {
			eq(t.due_ns, first + i * 100 * MS);
			return;
		}
	}
	ok(true);
}

static void ticks_that_pass_during_a_long_one_are_missed_and_counted(void)
{
	struct tick last = {10 * S, 0}, t;

	t = tick_next(last, 10 * S + 999 * MS, 100 * S + 999 * MS, S);
	eq(t.due_ns, 11 * S);
	eq(t.missed, 0);
	t = tick_next(last, 13 * S + 500 * MS, 103 * S + 500 * MS, S);
	eq(t.due_ns, 14 * S);
	eq(t.missed, 3);
}

static void waking_early_by_the_wall_clock_makes_no_second_tick(void)
{
	struct tick last = {10 * S, 0}, t;

	/* Due at wall 100 s, awake 40 µs before that by the wall clock. */
	t = tick_next(last, 10 * S, 100 * S - 40000, S);
	eq(t.due_ns, 11 * S + 40000);
	eq(t.missed, 0);
}

static void a_step_of_the_wall_clock_moves_the_next_tick_by_less_than_an_interval(void)
{
	struct tick last = {10 * S, 0}, t;

	for (int64_t step = -7200 * S; step <= 7200 * S; step += 111 * S + 77 * MS) {
		t = tick_next(last, 10 * S + 5 * MS, 100 * S + 5 * MS + step, S);
		ok(t.due_ns - last.due_ns >= S / 2 && t.due_ns - last.due_ns < 2 * S);
		eq((t.due_ns - 10 * S + 100 * S + step) % S, 0);
		ok(t.missed == 0);
	}
}

static void times_before_1970_are_as_good(void)
{
	struct tick t = tick_next(none, 10 * S, -300 * MS, S);

	eq(t.due_ns, 10 * S + 300 * MS);
}

int main(void)
{
	RUN(the_first_tick_is_at_a_multiple_of_the_wall_clock);
	RUN(a_day_of_ticks_does_not_drift);
	RUN(ticks_that_pass_during_a_long_one_are_missed_and_counted);
	RUN(waking_early_by_the_wall_clock_makes_no_second_tick);
	RUN(a_step_of_the_wall_clock_moves_the_next_tick_by_less_than_an_interval);
	RUN(times_before_1970_are_as_good);
	return tap_done();
}
