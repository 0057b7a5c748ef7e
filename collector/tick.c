/* tick.c -- see tick.h */
#include "collector/tick.h"

#include <poll.h>
#include <time.h>

struct tick tick_next(struct tick last, int64_t mono_ns, int64_t wall_ns, int64_t interval_ns)
{
	int64_t into = wall_ns % interval_ns;
	struct tick t = {0};

	if (into < 0)
		into += interval_ns;
	t.due_ns = mono_ns + interval_ns - into;
	if (last.due_ns == 0)
		return t;
	/* The clocks run at slightly different rates: after waking a little early by the wall clock, the multiple just
	 * waited for still lies ahead. Nor do two ticks crowd together when the wall clock was stepped. */
	if (t.due_ns - last.due_ns < interval_ns / 2)
		t.due_ns += interval_ns;
	t.missed = (uint64_t)((t.due_ns - last.due_ns + interval_ns / 2) / interval_ns);
	if (t.missed > 0)
		t.missed--;
	return t;
}

bool tick_wait(int quit_fd, int64_t due_ns)
{
	struct pollfd fd = {.fd = quit_fd, .events = POLLIN};

	for (;;) {
		struct timespec now;
		int64_t left;

		clock_gettime(CLOCK_MONOTONIC, &now);
		left = due_ns - (now.tv_sec * INT64_C(1000000000) + now.tv_nsec);
		if (poll(&fd, 1, left > 0 ? (int)((left + 999999) / 1000000) : 0) > 0)
			return false;
		if (left <= 0)
			return true;
	}
}
