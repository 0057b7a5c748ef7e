/* step.c -- steps through history as histctl top does: what a key costs until the screen is drawn
 *
 *   step STORE SECONDS      from the newest snapshot back and on again, so far at a time; 0: from snapshot to snapshot.
 *                           The output: steps, mean and longest in microseconds
 */
#include "view/spot.h"
#include "view/summary.h"

#include <inttypes.h>
#include <time.h>

enum { WIDTH = 200, LINES = 60, STEPS_MAX = 1000 };

struct walk {
	struct store *store;
	struct spot spot;
	uint64_t n, sum_us, longest_us;
};

static _Noreturn void die(const char *what, int r)
{
	fprintf(stderr, "step: %s: %s\n", what, strerror(-r));
	exit(1);
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int draw(const struct walk *w, const struct spot *spot)
{
	static const struct summary_shape shape = {.sort = SORT_CPU};
	struct moment at = {.store = w->store};
	struct screen s;
	int r = screen_init(&s, WIDTH, SCREEN_CHAR_MAX, LINES);

	if (r == 0)
		r = spot_hour(at.store, spot, &at.hour, &at.i);
	if (r == 0)
		r = summary_draw(&at, &shape, &s);
	screen_done(&s);
	return r;
}

/* False at the end of history. */
static bool step(struct walk *w, int direction, int64_t ms)
{
	uint64_t begin = now_us(), us;
	struct spot to;
	int r =
	    ms ? spot_at(w->store, w->spot.ms + direction * ms, &to) : spot_step(w->store, &w->spot, direction, &to);

	if (r == -ENOENT || (r == 0 && spot_same(&to, &w->spot)))
		return false;
	if (r == 0)
		r = draw(w, &to);
	if (r < 0)
		die("a snapshot", r);
	us = now_us() - begin;
	w->spot = to;
	w->n++;
	w->sum_us += us;
	if (us > w->longest_us)
		w->longest_us = us;
	return true;
}

int main(int argc, char **argv)
{
	struct walk w = {0};
	int64_t ms;
	int r;

	if (argc != 3) {
		fprintf(stderr, "usage: step STORE SECONDS\n");
		return 2;
	}
	ms = (int64_t)atoi(argv[2]) * 1000;
	r = store_open(argv[1], NULL, &w.store);
	if (r == 0)
		r = spot_last(w.store, &w.spot);
	if (r < 0)
		die(argv[1], r);
	while (w.n < STEPS_MAX && step(&w, SPOT_BACK, ms))
		;
	while (w.n < 2 * STEPS_MAX && step(&w, SPOT_ON, ms))
		;
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", w.n, w.n ? w.sum_us / w.n : 0, w.longest_us);
	store_close(w.store);
	return 0;
}
