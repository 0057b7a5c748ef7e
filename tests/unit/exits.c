/* exits.c -- tests of collector/exits.c and collector/seen.c: threads summed up, bounds, starts that were seen */
#include "collector/exits.h"

#include "collector/seen.h"
#include "tests/tap.h"

#include <signal.h>

enum { EXITED_3 = 3 << 8 };

static struct exit_message message(uint32_t tid, uint32_t tgid, bool last)
{
	struct exit_message m = {.tid = tid, .tgid = tgid, .last = last, .row = {.begun_us = 1000, .ended_us = 2000}};

	exits_set(&m.row, EXIT_THREADS, 1);
	exits_set(&m.row, EXIT_UTIME, 10);
	exits_set(&m.row, EXIT_PEAK_RSS, tid);
	exits_set(&m.row, EXIT_PPID, tid + 1000);
	snprintf(m.row.comm, sizeof m.row.comm, "t%u", tid);
	return m;
}

static struct exits *new_exits(void)
{
	struct exits *x = NULL;

	ok_r(exits_new(&x));
	return x;
}

static void a_process_of_one_thread_is_a_row(void)
{
	_cleanup_(cleanup_exits) struct exits *x = new_exits();
	struct exit_message m = message(7, 7, true);
	const struct exit_row *rows;

	m.status = EXITED_3;
	exits_add(x, &m);
	eq(exits_take(x, &rows), 1);
	eq(rows[0].cells[EXIT_PID], 7);
	eq(rows[0].cells[EXIT_THREADS], 1);
	eq(rows[0].cells[EXIT_CODE], 3);
	ok(exits_knows(&rows[0], EXIT_SIGNAL));
	eq(rows[0].cells[EXIT_SIGNAL], 0);
	eq(rows[0].cells[EXIT_CORE], 0);
	eq(exits_take(x, &rows), 0);
}

static void a_signal_and_a_core_are_told_from_an_exit_code(void)
{
	_cleanup_(cleanup_exits) struct exits *x = new_exits();
	struct exit_message m = message(7, 7, true);
	const struct exit_row *rows;

	m.status = SIGKILL;
	exits_add(x, &m);
	m.status = SIGSEGV | 0x80;
	exits_add(x, &m);
	eq(exits_take(x, &rows), 2);
	eq(rows[0].cells[EXIT_SIGNAL], SIGKILL);
	eq(rows[0].cells[EXIT_CORE], 0);
	ok(!exits_knows(&rows[0], EXIT_CODE));
	eq(rows[1].cells[EXIT_SIGNAL], SIGSEGV);
	eq(rows[1].cells[EXIT_CORE], 1);
}

static void threads_become_one_row_when_the_last_has_ended(void)
{
	_cleanup_(cleanup_exits) struct exits *x = new_exits();
	struct exit_message a = message(8, 7, false), leader = message(7, 7, false), b = message(9, 7, true);
	const struct exit_row *rows;

	b.status = EXITED_3;
	b.row.ended_us = 3000;
	exits_add(x, &a);
	exits_add(x, &leader);
	eq(exits_take(x, &rows), 0);
	exits_add(x, &b);
	eq(exits_take(x, &rows), 1);
	eq(rows[0].cells[EXIT_PID], 7);
	eq(rows[0].cells[EXIT_THREADS], 3);
	eq(rows[0].cells[EXIT_UTIME], 30);
	eq(rows[0].cells[EXIT_PEAK_RSS], 9);
	eq(rows[0].cells[EXIT_CODE], 3);
	eq(rows[0].ended_us, 3000);
	/* Names and owners are the leader's. */
	eq(rows[0].cells[EXIT_PPID], 1007);
	str_eq(rows[0].comm, "t7");
	/* And all of it is forgotten. */
	exits_add(x, &b);
	eq(exits_take(x, &rows), 1);
	eq(rows[0].cells[EXIT_THREADS], 1);
}

static void two_processes_that_share_a_bucket_stay_two(void)
{
	_cleanup_(cleanup_exits) struct exits *x = new_exits();
	struct exit_message a = message(8, 7, false), b = message(8, 7 + 1024, false);
	const struct exit_row *rows;

	exits_add(x, &a);
	exits_add(x, &b);
	a.last = b.last = true;
	exits_add(x, &a);
	exits_add(x, &b);
	eq(exits_take(x, &rows), 2);
	eq(rows[0].cells[EXIT_PID], 7);
	eq(rows[0].cells[EXIT_THREADS], 2);
	eq(rows[1].cells[EXIT_PID], 7 + 1024);
	eq(rows[1].cells[EXIT_THREADS], 2);
}

static void a_leader_that_ends_first_lends_its_exit_code_to_a_kernel_that_has_no_other(void)
{
	_cleanup_(cleanup_exits) struct exits *x = new_exits();
	struct exit_message leader = message(7, 7, false), b = message(9, 7, true);
	const struct exit_row *rows;

	leader.status = EXITED_3;
	exits_add(x, &leader);
	exits_add(x, &b);
	eq(exits_take(x, &rows), 1);
	eq(rows[0].cells[EXIT_CODE], 3);
}

static void a_thread_that_executes_a_program_takes_the_leaders_place(void)
{
	_cleanup_(cleanup_exits) struct exits *x = new_exits();
	struct exit_message killed = message(7, 7, false), after = message(7, 7, true);
	const struct exit_row *rows;

	killed.status = SIGKILL;
	snprintf(after.row.comm, sizeof after.row.comm, "program");
	exits_add(x, &killed);
	exits_add(x, &after);
	eq(exits_take(x, &rows), 1);
	eq(rows[0].cells[EXIT_SIGNAL], 0);
	eq(rows[0].cells[EXIT_CODE], 0);
	str_eq(rows[0].comm, "program");
}

static void a_value_that_one_thread_lacks_is_that_of_the_others(void)
{
	_cleanup_(cleanup_exits) struct exits *x = new_exits();
	struct exit_message a = message(8, 7, false), b = message(7, 7, true);
	const struct exit_row *rows;

	exits_set(&a.row, EXIT_RUN, 5);
	exits_add(x, &a);
	exits_add(x, &b);
	eq(exits_take(x, &rows), 1);
	ok(exits_knows(&rows[0], EXIT_RUN));
	eq(rows[0].cells[EXIT_RUN], 5);
	ok(!exits_knows(&rows[0], EXIT_STIME));
}

static void a_thread_whose_process_is_not_known_is_a_row_of_its_own(void)
{
	_cleanup_(cleanup_exits) struct exits *x = new_exits();
	struct exit_message m = message(8, 0, false);
	const struct exit_row *rows;

	exits_add(x, &m);
	eq(exits_take(x, &rows), 1);
	eq(rows[0].cells[EXIT_PID], 8);
}

static void rows_that_nobody_takes_are_bounded_and_counted(void)
{
	_cleanup_(cleanup_exits) struct exits *x = new_exits();
	struct exit_message m = message(7, 7, true);
	const struct exit_row *rows;

	for (unsigned i = 0; i < EXITS_ROWS_MAX + 10; i++) {
		m.tid = m.tgid = i + 1;
		exits_add(x, &m);
	}
	eq(exits_lost(x), 10);
	eq(exits_take(x, &rows), EXITS_ROWS_MAX);
	eq(rows[EXITS_ROWS_MAX - 1].cells[EXIT_PID], EXITS_ROWS_MAX);
	/* Then there is room again. */
	exits_add(x, &m);
	eq(exits_take(x, &rows), 1);
	eq(exits_lost(x), 10);
}

static void processes_whose_end_is_not_heard_of_are_bounded_and_counted(void)
{
	_cleanup_(cleanup_exits) struct exits *x = new_exits();
	const struct exit_row *rows;

	for (unsigned i = 0; i < EXITS_GROUPS_MAX + 3; i++) {
		struct exit_message m = message(i + 2, i + 1, false);

		m.row.begun_us = i;
		m.row.ended_us = 1000000 + i;
		exits_add(x, &m);
	}
	eq(exits_lost(x), 3);
	/* Those that were silent for longest gave way. */
	for (unsigned tgid = 3; tgid <= 4; tgid++) {
		struct exit_message m = message(tgid, tgid, true);

		exits_add(x, &m);
		eq(exits_take(x, &rows), 1);
		eq(rows[0].cells[EXIT_THREADS], tgid == 3 ? 1 : 2);
	}
}

static void a_number_that_was_given_again_is_another_process(void)
{
	_cleanup_(cleanup_exits) struct exits *x = new_exits();
	struct exit_message before = message(8, 7, false), m = message(7, 7, true);
	const struct exit_row *rows;

	m.row.begun_us = before.row.ended_us + 2000000;
	m.row.ended_us = m.row.begun_us + 10;
	exits_add(x, &before);
	exits_add(x, &m);
	eq(exits_take(x, &rows), 1);
	eq(rows[0].cells[EXIT_THREADS], 1);
	eq(exits_lost(x), 1);
}

/* Older kernels say of a thread how old it is, and not how old its process is. */
static void a_thread_that_begins_long_after_others_ended_is_of_the_same_process(void)
{
	_cleanup_(cleanup_exits) struct exits *x = new_exits();
	struct exit_message first = message(8, 7, false), later = message(9, 7, false), m = message(7, 7, true);
	const struct exit_row *rows;

	later.row.begun_us = first.row.ended_us + 2000000;
	later.row.ended_us = m.row.ended_us = later.row.begun_us + 10;
	exits_add(x, &first);
	exits_add(x, &later);
	exits_add(x, &m);
	eq(exits_take(x, &rows), 1);
	eq(rows[0].cells[EXIT_THREADS], 3);
	eq(rows[0].cells[EXIT_UTIME], 30);
	eq(exits_lost(x), 0);
	/* Where it is the process's age, that one is gone. */
	later.whole_age = true;
	m.row.begun_us = later.row.begun_us;
	exits_add(x, &first);
	exits_add(x, &later);
	exits_add(x, &m);
	eq(exits_take(x, &rows), 1);
	eq(rows[0].cells[EXIT_THREADS], 2);
	eq(exits_lost(x), 1);
}

/* --- starts --- */

static void a_process_that_was_seen_has_the_start_that_was_seen(void)
{
	static const uint64_t pids[] = {1, 7, 9}, starts[] = {10, 70, 90};
	_cleanup_(cleanup_seen) struct seen *s = NULL;
	uint64_t start = 0;

	ok_r(seen_new(&s));
	ok(!seen_find(s, 7, 0, 100, &start));
	ok_r(seen_put(s, 5000000, pids, starts, 3));
	ok(seen_find(s, 7, 4000000, 6000000, &start));
	eq(start, 70);
	ok(seen_find(s, 9, INT64_MIN, 6000000, &start));
	eq(start, 90);
	ok(!seen_find(s, 8, 4000000, 6000000, &start));
}

static void a_process_that_began_later_than_the_one_that_ended_or_than_the_look_is_another_one(void)
{
	static const uint64_t pids[] = {7}, starts[] = {4500000};
	_cleanup_(cleanup_seen) struct seen *s = NULL;
	uint64_t start;

	ok_r(seen_new(&s));
	ok_r(seen_put(s, 5000000, pids, starts, 1));
	ok(!seen_find(s, 7, 4000000, 4400000, &start));
	ok(!seen_find(s, 7, 6000001, 9000000, &start));
	ok(!seen_find(s, 7, INT64_MIN, 4900000, &start));
}

static void a_zombie_that_was_seen_after_its_end_is_the_process_that_ended(void)
{
	static const uint64_t pids[] = {7}, starts[] = {4000000};
	_cleanup_(cleanup_seen) struct seen *s = NULL;
	uint64_t start = 0;

	ok_r(seen_new(&s));
	ok_r(seen_put(s, 5000000, pids, starts, 1));
	ok(seen_find(s, 7, 4009000, 4100000, &start));
	eq(start, 4000000);
}

static void the_look_before_counts_too_and_the_one_before_that_does_not(void)
{
	static const uint64_t pids[] = {7}, starts[][1] = {{3000000}, {23000000}};
	_cleanup_(cleanup_seen) struct seen *s = NULL;
	uint64_t start = 0;

	ok_r(seen_new(&s));
	ok_r(seen_put(s, 5000000, pids, starts[0], 1));
	ok_r(seen_put(s, 15000000, NULL, NULL, 0));
	ok(seen_find(s, 7, 3001000, 14000000, &start));
	eq(start, 3000000);
	ok_r(seen_put(s, 25000000, pids, starts[1], 1));
	ok(!seen_find(s, 7, 3001000, 14000000, &start));
	ok(seen_find(s, 7, 23001000, 26000000, &start));
	eq(start, 23000000);
}

int main(void)
{
	RUN(a_process_of_one_thread_is_a_row);
	RUN(a_signal_and_a_core_are_told_from_an_exit_code);
	RUN(threads_become_one_row_when_the_last_has_ended);
	RUN(two_processes_that_share_a_bucket_stay_two);
	RUN(a_leader_that_ends_first_lends_its_exit_code_to_a_kernel_that_has_no_other);
	RUN(a_thread_that_executes_a_program_takes_the_leaders_place);
	RUN(a_value_that_one_thread_lacks_is_that_of_the_others);
	RUN(a_thread_whose_process_is_not_known_is_a_row_of_its_own);
	RUN(rows_that_nobody_takes_are_bounded_and_counted);
	RUN(processes_whose_end_is_not_heard_of_are_bounded_and_counted);
	RUN(a_number_that_was_given_again_is_another_process);
	RUN(a_thread_that_begins_long_after_others_ended_is_of_the_same_process);
	RUN(a_process_that_was_seen_has_the_start_that_was_seen);
	RUN(a_process_that_began_later_than_the_one_that_ended_or_than_the_look_is_another_one);
	RUN(a_zombie_that_was_seen_after_its_end_is_the_process_that_ended);
	RUN(the_look_before_counts_too_and_the_one_before_that_does_not);
	return tap_done();
}
