/* reach.c -- tests of what threads reach for that may hang (collector/reach.c) */
#include "collector/reach.h"
#include "tests/tap.h"

#include <errno.h>
#include <time.h>

static struct reach *reach;
static unsigned own, given_up[REACH_PLACES];

/* n threads wait for those. */
static bool begin(const char *const *paths, unsigned n)
{
	if (!ok_r(reach_new(&reach)))
		return false;
	for (unsigned i = 0; i < n; i++) {
		ok_r(reach_enter(reach, &given_up[i]));
		reach_must(reach, given_up[i], paths[i]);
	}
	return ok_r(reach_enter(reach, &own));
}

static bool may(const char *path)
{
	bool r = reach_begin(reach, own, path);

	if (r)
		reach_end(reach, own);
	return r;
}

static void what_another_waits_for_is_let_alone_until_that_is_back(void)
{
	static const char *const paths[] = {"/d/a"};

	if (begin(paths, 1)) {
		ok(!may("/d/a"));
		ok(may("/d/b"));
		ok(may("/a"));
		reach_end(reach, given_up[0]);
		ok(may("/d/a"));
	}
	reach_put(reach);
}

static void one_may_be_a_link_and_two_are_the_directory(void)
{
	static const char *const paths[] = {"/d/a", "/d/b", "/e/a"};

	if (begin(paths, 3)) {
		ok(!may("/d/c"));
		ok(may("/d/e/c"));
		ok(may("/dd/c"));
		ok(may("/e/c"));
		ok(may("/d"));
	}
	reach_put(reach);
}

static void who_is_given_up_reaches_for_nothing_any_more_but_ends(void)
{
	if (begin(NULL, 0)) {
		ok(may("/a"));
		reach_must(reach, own, "/b");
		reach_give_up(reach, own);
		reach_end(reach, own);
		ok(!may("/a"));
		reach_leave(reach, own);
		/* Nothing is left of it. */
		reach_give_up(reach, own);
		ok_r(reach_enter(reach, &own));
		ok(may("/a"));
	}
	reach_put(reach);
}

static void places_are_bounded_and_free_again(void)
{
	static const char *const paths[REACH_PLACES] = {"/1/a", "/2/a", "/3/a", "/4/a", "/5/a", "/6/a", "/7/a", "/8/a"};
	unsigned more;

	if (begin(paths, REACH_PLACES - 1)) {
		eq(reach_count(reach), REACH_PLACES);
		eq(reach_enter(reach, &more), -EAGAIN);
		reach_leave(reach, given_up[3]);
		eq(reach_count(reach), REACH_PLACES - 1);
		ok_r(reach_enter(reach, &more));
		eq(more, given_up[3]);
	}
	reach_put(reach);
}

static void it_is_told_for_how_long_one_waits(void)
{
	const struct timespec pause = {0, 20000000};

	if (begin(NULL, 0)) {
		eq(reach_waits(reach, own), 0);
		ok(reach_begin(reach, own, "/a"));
		nanosleep(&pause, NULL);
		ok(reach_waits(reach, own) >= 19);
		reach_end(reach, own);
		eq(reach_waits(reach, own), 0);
	}
	reach_put(reach);
}

int main(void)
{
	RUN(what_another_waits_for_is_let_alone_until_that_is_back);
	RUN(one_may_be_a_link_and_two_are_the_directory);
	RUN(who_is_given_up_reaches_for_nothing_any_more_but_ends);
	RUN(places_are_bounded_and_free_again);
	RUN(it_is_told_for_how_long_one_waits);
	return tap_done();
}
