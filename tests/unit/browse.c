/* browse.c -- histctl top without its terminal: what keys lead to, and what a store that changes does */
#include "ctl/browse.h"
#include "tests/unit/machine.h"

enum { HOURS = 30, ENTER = '\n', ESCAPE = 27 };

static int64_t ms_of(unsigned tick)
{
	return (int64_t)HOUR * HOUR_MS + (int64_t)tick * STEP_MS;
}

static const int64_t now_ms = (int64_t)(HOUR + HOURS) * HOUR_MS + 7;

struct looking {
	struct store *store;
	struct browse b;
};

static struct looking look_at(const char *dir)
{
	struct looking l;

	if (!ok_r(store_open(dir, NULL, &l.store)))
		exit(1);
	ok_r(browse_init(&l.b, l.store));
	return l;
}

static void look_away(struct looking *l)
{
	store_close(l->store);
}

/* A day and six hours, from 03 on. */
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

static void press(struct looking *l, int key)
{
	ok_r(browse_key(&l->b, key, now_ms));
}

static void type(struct looking *l, const char *text)
{
	for (; *text; text++)
		press(l, *text);
}

/* Where it is, in ticks since the first. */
static int tick(const struct looking *l)
{
	return (int)((l->b.spot.ms - ms_of(0)) / STEP_MS);
}

static const char *status(const struct looking *l)
{
	static char text[200];
	struct screen s;

	if (!ok_r(screen_init(&s, 120, 1, 1)))
		exit(1);
	browse_status(&l->b, now_ms, &s);
	snprintf(text, sizeof text, "%.*s", (int)s.col, s.text);
	screen_done(&s);
	return text;
}

static const char *footer(const struct looking *l)
{
	static char text[200];
	struct screen s;

	if (!ok_r(screen_init(&s, 120, 1, 1)))
		exit(1);
	browse_footer(&l->b, &s);
	snprintf(text, sizeof text, "%.*s", (int)s.col, s.text);
	screen_done(&s);
	return text;
}

static void it_begins_live_at_what_was_recorded_last(void)
{
	struct looking l = look_at(recorded());

	ok(l.b.any && l.b.live);
	eq(tick(&l), HOURS * PER_HOUR - 1);
	str_eq(status(&l), "LIVE  2026-11-21T08:55:00.000Z  hour/2026-11-21T08/snapshot-0011  lag 5m00s");
	look_away(&l);
}

static void arrows_step_and_leave_live(void)
{
	struct looking l = look_at(recorded());
	int last = tick(&l);

	press(&l, BROWSE_LEFT);
	eq(tick(&l), last - 1);
	ok(!l.b.live);
	ok(strncmp(status(&l), "PAST  2026-11-21T08:50", 22) == 0);
	ok(strstr(status(&l), "10m00s ago") != NULL);
	press(&l, 'h');
	eq(tick(&l), last - 2);
	press(&l, 'l');
	press(&l, BROWSE_RIGHT);
	eq(tick(&l), last);
	str_eq(l.b.message, "");
	press(&l, BROWSE_RIGHT);
	eq(tick(&l), last);
	str_eq(footer(&l), "This is the last one.");
	press(&l, 'n');
	ok(l.b.live);
	str_eq(l.b.message, "");
	look_away(&l);
}

static void arrows_cross_hours(void)
{
	struct looking l = look_at(recorded());

	for (int i = HOURS * PER_HOUR - 2; i >= 0; i--) {
		press(&l, BROWSE_LEFT);
		eq(tick(&l), i);
	}
	press(&l, BROWSE_LEFT);
	eq(tick(&l), 0);
	str_eq(l.b.message, "This is the first one.");
	look_away(&l);
}

static void leaps_are_of_a_minute_and_an_hour_and_over_gaps(void)
{
	struct looking l = look_at(recorded());
	int last = tick(&l);

	/* Snapshots are further apart than a minute: the next one. */
	press(&l, BROWSE_PAGE_UP);
	eq(tick(&l), last - 1);
	press(&l, BROWSE_PAGE_DOWN);
	eq(tick(&l), last);
	press(&l, ',');
	eq(tick(&l), last - PER_HOUR);
	press(&l, ',');
	press(&l, '.');
	eq(tick(&l), last - PER_HOUR);
	press(&l, '.');
	eq(tick(&l), last);
	press(&l, '.');
	eq(tick(&l), last);
	str_eq(l.b.message, "This is the last one.");
	for (int i = 0; i < HOURS; i++)
		press(&l, ',');
	eq(tick(&l), 0);
	press(&l, ',');
	eq(tick(&l), 0);
	str_eq(l.b.message, "This is the first one.");
	look_away(&l);
}

static void an_hour_on_over_a_gap_is_what_follows_it(void)
{
	const char *dir = new_store_path();
	struct machine m = {0};
	struct looking l;

	machine_open(&m, dir);
	machine_run(&m, 4);
	m.tick = 10 * PER_HOUR;
	machine_run(&m, 4);
	machine_close(&m);
	l = look_at(dir);
	press(&l, ',');
	eq(tick(&l), 3);
	press(&l, '.');
	eq(tick(&l), 10 * PER_HOUR);
	look_away(&l);
}

static void home_and_end_go_to_the_hours_then_the_days_ends(void)
{
	struct looking l = look_at(recorded());
	int day = 21 * PER_HOUR; /* of midnight */

	press(&l, 'g');
	type(&l, "2026-11-21T05:20");
	press(&l, ENTER);
	eq(tick(&l), day + 5 * PER_HOUR + 4);
	press(&l, BROWSE_HOME);
	eq(tick(&l), day + 5 * PER_HOUR);
	press(&l, BROWSE_HOME);
	eq(tick(&l), day);
	press(&l, BROWSE_HOME);
	eq(tick(&l), 0);
	press(&l, BROWSE_HOME);
	eq(tick(&l), 0);
	str_eq(l.b.message, "This is the first one.");
	press(&l, BROWSE_END);
	eq(tick(&l), PER_HOUR - 1);
	press(&l, BROWSE_END);
	eq(tick(&l), day - 1);
	ok(!l.b.live);
	press(&l, BROWSE_END);
	eq(tick(&l), HOURS * PER_HOUR - 1);
	ok(l.b.live);
	look_away(&l);
}

static void a_time_is_asked_for(void)
{
	struct looking l = look_at(recorded());
	int last = tick(&l);

	press(&l, '/');
	eq(l.b.mode, BROWSE_ASK_TIME);
	type(&l, "-1hx");
	press(&l, '\b');
	ok(strstr(footer(&l), "-1h") != NULL);
	press(&l, ENTER);
	eq(l.b.mode, BROWSE_LOOK);
	eq(tick(&l), last - PER_HOUR + 1);
	press(&l, 'g');
	type(&l, "quarter past");
	press(&l, ENTER);
	eq(tick(&l), last - PER_HOUR + 1);
	ok(strncmp(footer(&l), "Not a time: quarter past", 24) == 0);
	press(&l, 'g');
	type(&l, "03:10");
	press(&l, ESCAPE);
	eq(l.b.mode, BROWSE_LOOK);
	eq(tick(&l), last - PER_HOUR + 1);
	press(&l, 'g');
	type(&l, "1999-01-01");
	press(&l, ENTER);
	eq(tick(&l), 0);
	str_eq(l.b.message, "Nothing is recorded of before this.");
	press(&l, 'g');
	for (int i = 0; i < 1000; i++)
		press(&l, '1');
	press(&l, ENTER);
	eq(tick(&l), 0);
	look_away(&l);
}

static void other_keys_change_what_is_shown(void)
{
	struct looking l = look_at(recorded());
	enum summary_sort first = l.b.shape.sort;

	press(&l, 's');
	ok(l.b.shape.sort != first);
	ok(strstr(footer(&l), "sort: memory") != NULL);
	for (int i = SORT_CPU + 1; i < N_SORTS; i++)
		press(&l, 's');
	eq(l.b.shape.sort, first);
	press(&l, BROWSE_UP);
	eq(l.b.shape.skip, 0);
	press(&l, BROWSE_DOWN);
	press(&l, 'j');
	press(&l, 'k');
	eq(l.b.shape.skip, 1);
	for (int i = 0; i < 100000; i++)
		press(&l, BROWSE_DOWN);
	ok(l.b.shape.skip < FIGURES_TOP_MAX);
	press(&l, 'c');
	ok(l.b.shape.wrap);
	press(&l, 'c');
	ok(!l.b.shape.wrap);
	ok(l.b.live);
	press(&l, '?');
	eq(l.b.mode, BROWSE_HELP);
	press(&l, BROWSE_LEFT);
	eq(l.b.mode, BROWSE_LOOK);
	ok(l.b.live);
	press(&l, 'q');
	eq(l.b.mode, BROWSE_QUIT);
	look_away(&l);
}

static void an_empty_store_is_waited_for(void)
{
	const char *dir = new_store_path();
	static const int keys[] = {
	    BROWSE_LEFT, BROWSE_RIGHT, BROWSE_HOME, BROWSE_END, ',', '.', BROWSE_PAGE_UP, 'n', 's'};
	struct machine m = {0};
	struct looking l;

	machine_open(&m, dir);
	l = look_at(dir);
	ok(!l.b.any);
	str_eq(status(&l), "LIVE  nothing is recorded yet");
	for (size_t i = 0; i < N_ELEMENTS(keys); i++)
		press(&l, keys[i]);
	press(&l, 'g');
	type(&l, "-5m");
	press(&l, ENTER);
	ok(!l.b.any);
	eq(browse_go(&l.b, now_ms), -ENOENT);
	eq(browse_follow(&l.b), 0);
	machine_run(&m, 1);
	ok_r(store_refresh(l.store));
	eq(browse_follow(&l.b), 1);
	ok(l.b.any);
	eq(tick(&l), 0);
	machine_close(&m);
	look_away(&l);
}

static void live_follows_and_the_past_stays(void)
{
	const char *dir = new_store_path();
	struct machine m = {0};
	struct looking l;

	machine_open(&m, dir);
	machine_run(&m, 3);
	l = look_at(dir);
	eq(browse_follow(&l.b), 0);
	for (int i = 3; i < 3 + PER_HOUR; i++) {
		machine_run(&m, 1);
		ok_r(store_refresh(l.store));
		eq(browse_follow(&l.b), 1);
		eq(tick(&l), i);
	}
	press(&l, BROWSE_LEFT);
	machine_run(&m, 1);
	machine_seal(&m);
	ok_r(store_refresh(l.store));
	eq(browse_follow(&l.b), 0);
	eq(tick(&l), 1 + PER_HOUR);
	press(&l, BROWSE_RIGHT);
	press(&l, BROWSE_RIGHT);
	eq(tick(&l), 3 + PER_HOUR);
	machine_close(&m);
	look_away(&l);
}

static void a_moment_that_is_removed_gives_way_to_the_next(void)
{
	const char *dir = recorded();
	struct looking l = look_at(dir);

	ok_r(browse_go(&l.b, ms_of(5)));
	ok(unlink(path_in(dir, "snapshots/2026-11-20T03.chunk")) == 0);
	ok_r(store_refresh(l.store));
	eq(browse_follow(&l.b), 1);
	eq(tick(&l), PER_HOUR);
	str_eq(footer(&l), "The snapshot that was shown is no longer stored.");
	eq(browse_follow(&l.b), 0);
	press(&l, BROWSE_RIGHT);
	eq(tick(&l), PER_HOUR + 1);
	str_eq(l.b.message, "");
	look_away(&l);
}

static void whatever_is_pressed_it_is_at_a_snapshot(void)
{
	static const int keys[] = {BROWSE_LEFT, BROWSE_RIGHT, BROWSE_UP, BROWSE_DOWN, BROWSE_PAGE_UP, BROWSE_PAGE_DOWN,
	    BROWSE_HOME, BROWSE_END, ',', '.', 'h', 'l', 'j', 'k', 'n', 's', 'c', '?', '/', 'g', '-', '1', '5', 'm',
	    ':', '\b', ENTER, ESCAPE, 0, 127, 200, 9999, -7};
	struct looking l = look_at(recorded());
	uint32_t random = 1;

	for (unsigned n = 0; n < 20000; n++) {
		struct hour *h;
		uint32_t i;

		random = random * 1664525 + 1013904223;
		press(&l, keys[(random >> 8) % N_ELEMENTS(keys)]);
		if (!ok_r(spot_hour(l.store, &l.b.spot, &h, &i)) || !ok(l.b.any && l.b.shape.sort < N_SORTS))
			break;
		if (n % 100 == 0)
			ok(strlen(status(&l)) > 40 && strlen(footer(&l)) > 10);
	}
	look_away(&l);
}

static void the_help_names_the_keys_and_fits(void)
{
	unsigned n = 0;

	for (; browse_help(n); n++)
		ok(strlen(browse_help(n)) <= 80);
	ok(n > 5 && n <= 22);
}

int main(void)
{
	RUN(it_begins_live_at_what_was_recorded_last);
	RUN(arrows_step_and_leave_live);
	RUN(arrows_cross_hours);
	RUN(leaps_are_of_a_minute_and_an_hour_and_over_gaps);
	RUN(an_hour_on_over_a_gap_is_what_follows_it);
	RUN(home_and_end_go_to_the_hours_then_the_days_ends);
	RUN(a_time_is_asked_for);
	RUN(other_keys_change_what_is_shown);
	RUN(an_empty_store_is_waited_for);
	RUN(live_follows_and_the_past_stays);
	RUN(a_moment_that_is_removed_gives_way_to_the_next);
	RUN(whatever_is_pressed_it_is_at_a_snapshot);
	RUN(the_help_names_the_keys_and_fits);
	return tap_done();
}
