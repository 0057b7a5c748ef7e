/* points.c -- power cuts, failing calls and failing allocations while points are put
 *
 * What is promised: what was put before a sync that returned 0 is there, for ever, and what was dropped is gone; of
 * what was put since, each batch is there, or is not, as a whole; after any failure putting goes on.
 */
#include "store/points.h"

#include "tests/crash/disk.h"
#include "tests/faultalloc.h"
#include "tests/unit/points.h"

enum { OPEN_MAX = 12, STEPS = 40 };

static const char *disk;
static char path[4200];
static int store = -1;

static struct model durable;
static struct model_change open_changes[OPEN_MAX]; /* that may be there or not */
static unsigned n_open;
static uint32_t n_put;
static int64_t now_ms;
static uint64_t buffer_max; /* 1: each put waits until what is in memory is in a file */

static void begin(void)
{
	disk_begin(disk, path, &store);
	n_open = 0;
	n_put = 0;
	now_ms = model_ns(0) / 1000000;
	memset(&durable, 0, sizeof durable);
}

static int open_points(struct points **ret)
{
	const struct points_options o = {.sync = SYNC_FDATASYNC, .buffer_max = buffer_max, .segment_size = 1};

	return points_open(store, 7, &o, ret);
}

static void all_is_durable(void)
{
	for (unsigned i = 0; i < n_open; i++)
		model_apply(&durable, &open_changes[i]);
	n_open = 0;
}

static bool is_one_of_the_ways(const struct model *found)
{
	for (unsigned mask = (1U << n_open); mask > 0; mask--) {
		struct model m = durable;

		for (unsigned i = 0; i < n_open; i++)
			if ((mask - 1) & 1U << i)
				model_apply(&m, &open_changes[i]);
		if (memcmp(&m, found, sizeof m) == 0)
			return true;
	}
	return false;
}

/* What is there is what is durable, with some of what came since. From here on it counts. */
static void check(void)
{
	_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;
	struct model found;

	if (!ok_r(points_reader_open(store, &pr)) || !model_read(pr, &found) || !ok(is_one_of_the_ways(&found)))
		return;
	durable = found;
	n_open = 0;
}

/* Fills a log, so that another one is begun: many points of one time. */
static void fill_log(struct points *p)
{
	enum { N = 8192 };
	static struct point v[N];
	char room[16];
	uint32_t series;

	ok_r(points_series(p, model_key(0, room), &series));
	n_put++;
	for (unsigned i = 0; i < N; i++)
		v[i] = (struct point){.ns = model_ns(0), .bits = n_put, .series = series};
	ok_r(points_put(p, v, N, NULL));
	durable.v[0][0] = n_put;
}

/* One thing after the other. */
static int step(struct points *p, uint64_t *random)
{
	uint64_t what = n_open + 1 < OPEN_MAX ? faultio_random(random) % 16 : 10;
	int r;

	if (what < 8) {
		r = model_put(p, faultio_random, random, &n_put, &open_changes[n_open]);
		n_open += r == 0;
	} else if (what < 9) {
		r = model_drop(p, faultio_random, random, &open_changes[n_open]);
		/* One that could not be synced may be there all the same, once its log is read again. */
		n_open += r != -ENOMEM;
		if (r == 0)
			all_is_durable();
	} else if (what < 11) {
		r = points_sync(p);
		if (r == 0)
			all_is_durable();
	} else if (what < 14) {
		r = points_tidy(p, now_ms, 1000, true, NULL);
	} else {
		now_ms += (int64_t)(faultio_random(random) % 90) * 60 * 1000;
		r = points_tidy(p, now_ms, 1000, false, NULL);
	}
	return r;
}

static void live(uint64_t *random, unsigned n_steps)
{
	struct points *p = NULL;

	if (open_points(&p) < 0)
		return;
	for (unsigned i = 0; i < n_steps; i++)
		if (step(p, random) < 0)
			break;
	if (points_close(p) == 0 && !faultio_hit())
		all_is_durable();
}

static void reopen_and_put(void)
{
	struct points *p = NULL;
	uint64_t random = 5;

	for (int i = 0; i < 2; i++) {
		if (!ok_r(open_points(&p)))
			return;
		check();
		ok_r(model_put(p, faultio_random, &random, &n_put, &open_changes[n_open++]));
		ok_r(points_sync(p));
		all_is_durable();
		check();
		ok_r(points_tidy(p, now_ms, 1000, true, NULL));
		check();
		ok_r(points_close(p));
	}
}

/* The power is cut at every step of a life, with every way in which the disk may come out of it; another life is cut
 * short, too; then all that was acknowledged must be there. */
static void what_was_synced_survives_a_power_cut_at_every_step(void)
{
	bool hit = true;

	for (uint64_t n = 1; hit && n < 600; n += 1 + n / 40)
		for (uint64_t seed = n; seed < n + 4; seed++) {
			uint64_t random = seed;

			begin();
			live(&random, 12);
			faultio_at(n, FAULT_CRASH, EIO);
			live(&random, STEPS);
			hit = faultio_hit();
			disk_cut_power(path, &store, seed);
			reopen_and_put();
			faultio_at(1 + faultio_random(&random) % 80, FAULT_CRASH, EIO);
			live(&random, 12);
			disk_cut_power(path, &store, seed + 1);
			reopen_and_put();
		}
}

/* Nothing was to be synced, and logs were filled; then all was to be, by the same writer or the next one. */
static void what_was_put_before_anything_was_to_be_synced_is_durable_with_the_next_sync(void)
{
	for (uint64_t seed = 0; seed < 16; seed++) {
		struct points_options o = {.sync = SYNC_NONE, .segment_size = 1};
		struct points *p = NULL;
		struct model_change change;
		uint64_t random = seed;

		begin();
		if (!ok_r(points_open(store, 7, &o, &p)))
			return;
		for (unsigned i = 0; i < 3; i++) {
			ok_r(model_put(p, faultio_random, &random, &n_put, &change));
			model_apply(&durable, &change);
			fill_log(p);
		}
		o.sync = SYNC_FDATASYNC;
		if (seed % 2) {
			ok_r(points_close(p));
			if (!ok_r(points_open(store, 7, &o, &p)))
				return;
		} else {
			points_configure(p, &o);
		}
		ok_r(model_put(p, faultio_random, &random, &n_put, &change));
		model_apply(&durable, &change);
		ok_r(points_sync(p));
		ok_r(points_close(p));
		disk_cut_power(path, &store, seed);
		reopen_and_put();
	}
}

/* Calls fail, or the disk is full; nothing that was acknowledged is lost, and a batch that failed is not there. */
static void try_fault(enum fault what, int err)
{
	bool hit = true;

	for (uint64_t n = 1; hit && n < 600; n += 1 + n / 40)
		for (uint64_t seed = n; seed < n + 3; seed++) {
			uint64_t random = seed;

			begin();
			live(&random, 12);
			faultio_at(n, what, err);
			live(&random, STEPS);
			hit = faultio_hit();
			faultio_at(0, FAULT_FAIL, 0);
			reopen_and_put();
		}
}

static void a_call_that_fails_costs_nothing_that_was_acknowledged(void)
{
	try_fault(FAULT_FAIL, EIO);
}

static void a_write_that_is_cut_short_leaves_no_part_of_a_batch(void)
{
	try_fault(FAULT_SHORT, EIO);
}

static void a_full_disk_leaves_no_part_of_a_batch(void)
{
	try_fault(FAULT_FULL, ENOSPC);
}

/* Space comes back: the same writer goes on, with all that it had. */
static void fill_disk(void)
{
	for (uint64_t n = 1; n < 120; n += 1 + n / 20) {
		struct points *p = NULL;
		uint64_t random = n;

		begin();
		if (!ok_r(open_points(&p)))
			return;
		faultio_at(n, FAULT_FULL, ENOSPC);
		for (unsigned i = 0; i < STEPS; i++) {
			struct model_change change;
			int r = model_put(p, faultio_random, &random, &n_put, &change);

			ok(r == 0 || r == -ENOSPC);
			if (r == 0)
				model_apply(&durable, &change);
			if (i % 5 == 0)
				r = points_tidy(p, now_ms, 1000, true, NULL);
			ok(r >= 0 || r == -ENOSPC);
		}
		faultio_at(0, FAULT_FAIL, 0);
		check();
		ok_r(points_tidy(p, now_ms, 1000, true, NULL));
		check();
		ok_r(points_sync(p));
		ok_r(points_close(p));
		reopen_and_put();
	}
}

static void a_disk_that_was_full_costs_nothing_once_there_is_space(void)
{
	fill_disk();
	buffer_max = 1;
	fill_disk();
	buffer_max = 0;
}

static void an_allocation_that_fails_costs_nothing(void)
{
	bool hit = true;

	for (uint64_t n = 1; hit && n < 3000; n += 1 + n / 40) {
		uint64_t random = n;

		begin();
		live(&random, 12);
		faultalloc_at(n);
		live(&random, STEPS);
		hit = faultalloc_hit();
		faultalloc_at(0);
		reopen_and_put();
	}
}

/* A call of tidying fails, and the same writer goes on: then all is dropped, and the log that says so is no longer
 * needed. There may be no file then that the writer does not know of. */
static void fail_tidying(uint64_t n, enum fault what, uint64_t seed, bool *ret_hit)
{
	_cleanup_(cleanup_points) struct points *p = NULL;
	char error[POINT_SELECT_ERROR_MAX];
	uint64_t random = seed;
	int r;

	begin();
	if (!ok_r(open_points(&p)))
		return;
	for (unsigned i = 0; i < 9; i++) {
		ok_r(model_put(p, faultio_random, &random, &n_put, &open_changes[n_open++]));
		ok_r(points_tidy(p, now_ms, 1000, true, NULL));
	}
	all_is_durable();
	now_ms += 4 * 3600 * 1000;
	faultio_at(n, what, EIO);
	r = points_tidy(p, now_ms, 1000, true, NULL);
	*ret_hit = faultio_hit();
	ok(r >= 0 || *ret_hit);
	faultio_at(0, FAULT_FAIL, 0);
	check();
	ok_r(points_drop(p, "{__name__!=\"\"}", INT64_MIN, INT64_MAX, error));
	memset(&durable, 0, sizeof durable);
	for (unsigned i = 0; i < 4; i++) {
		now_ms += 3600 * 1000;
		ok_r(points_tidy(p, now_ms, 1000, true, NULL));
		fill_log(p);
		check();
	}
	ok_r(points_sync(p));
}

static void what_was_dropped_stays_so_after_tidying_failed(void)
{
	for (unsigned what = FAULT_FAIL; what <= FAULT_SHORT; what++) {
		bool hit = true;

		for (uint64_t n = 1; hit && n < 600; n++) {
			fail_tidying(n, what, n, &hit);
			disk_cut_power(path, &store, n);
			reopen_and_put();
		}
	}
}

/* --- retention --- */

/* Removes what is older than two hours when it is four. Ret: whether that was done. */
static bool remove_old(struct points *p)
{
	const struct points_options o = {.sync = SYNC_FDATASYNC, .retention_ms = 2 * 3600 * 1000};

	points_configure(p, &o);
	return points_tidy(p, now_ms + 4 * 3600 * 1000, 1000, false, NULL) == 0;
}

/* The first two of three hours are to be gone: both, or, if the power was cut before, neither. */
static void check_removed(const struct model *before, bool removed)
{
	_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;
	struct model kept = {0}, found;

	for (unsigned i = 0; i < MODEL_SERIES; i++)
		for (unsigned k = 2 * MODEL_TIMES / MODEL_HOURS; k < MODEL_TIMES; k++)
			kept.v[i][k] = before->v[i][k];
	if (ok_r(points_reader_open(store, &pr)) && model_read(pr, &found))
		ok(memcmp(&found, &kept, sizeof kept) == 0 || (!removed && memcmp(&found, before, sizeof found) == 0));
}

static void hours_that_were_removed_do_not_come_back(void)
{
	bool hit = true;

	for (uint64_t n = 1; hit && n < 200; n++)
		for (uint64_t seed = n; seed < n + 4; seed++) {
			struct points *p = NULL;
			uint64_t random = seed;
			bool removed;

			begin();
			if (!ok_r(open_points(&p)))
				return;
			/* Some of it in files and in the log, some in the log alone. */
			for (unsigned i = 0; i < 8; i++) {
				ok_r(model_put(p, faultio_random, &random, &n_put, &open_changes[n_open++]));
				if (i % 3 == 2)
					ok_r(points_tidy(p, now_ms, 1000, true, NULL));
			}
			ok_r(points_sync(p));
			all_is_durable();
			faultio_at(n, FAULT_CRASH, EIO);
			removed = remove_old(p);
			hit = faultio_hit();
			(void)points_close(p);
			disk_cut_power(path, &store, seed);
			check_removed(&durable, removed);
			if (ok_r(open_points(&p))) {
				check_removed(&durable, removed);
				ok(remove_old(p));
				check_removed(&durable, true);
				ok_r(points_close(p));
				check_removed(&durable, true);
			}
		}
}

/* --- a reader --- */

/* A reader that had no memory once, and is asked again, has all: also of series that it did not know. */
static void a_reader_that_had_no_memory_misses_nothing(void)
{
	bool hit = true;

	for (uint64_t n = 1; hit && n < 1000; n++) {
		_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;
		_cleanup_(cleanup_points) struct points *p = NULL;
		uint64_t random = n;
		struct model found;
		int r;

		begin();
		if (!ok_r(open_points(&p)) || !ok_r(points_reader_open(store, &pr)))
			return;
		for (unsigned i = 0; i < 4; i++)
			ok_r(model_put(p, faultio_random, &random, &n_put, &open_changes[n_open++]));
		all_is_durable();
		fill_log(p);
		ok_r(model_put(p, faultio_random, &random, &n_put, &open_changes[n_open++]));
		ok_r(model_drop(p, faultio_random, &random, &open_changes[n_open++]));
		ok_r(points_tidy(p, now_ms, 1000, n % 2, NULL));
		ok_r(model_put(p, faultio_random, &random, &n_put, &open_changes[n_open++]));
		all_is_durable();
		faultalloc_at(n);
		r = points_reader_refresh(pr);
		hit = faultalloc_hit();
		faultalloc_at(0);
		ok(r >= 0 || (hit && r == -ENOMEM));
		ok(points_reader_refresh(pr) >= 0);
		if (model_read(pr, &found))
			ok(memcmp(&durable, &found, sizeof found) == 0);
	}
}

struct writer {
	struct points *p;
	uint64_t random;
	bool done;
};

/* What another process may do at any moment: points come, and all that there is is moved from one place to another. */
static void write_some(void *arg)
{
	struct writer *w = arg;

	ok_r(model_put(w->p, faultio_random, &w->random, &n_put, &open_changes[n_open++]));
	ok_r(points_tidy(w->p, now_ms, 1000, true, NULL));
	ok_r(model_put(w->p, faultio_random, &w->random, &n_put, &open_changes[n_open++]));
	now_ms += (int64_t)(faultio_random(&w->random) % 400) * 60 * 1000;
	ok_r(points_tidy(w->p, now_ms, 1000, faultio_random(&w->random) % 2, NULL));
	w->done = true;
}

/* Of points before them, a model must have all; of later ones it may have any. */
static bool has_all(const struct model *found, const struct model *before, const struct model *after)
{
	for (unsigned i = 0; i < MODEL_SERIES; i++)
		for (unsigned k = 0; k < MODEL_TIMES; k++)
			if (found->v[i][k] < before->v[i][k] || found->v[i][k] > after->v[i][k])
				return false;
	return true;
}

static void a_reader_misses_nothing_while_files_come_and_go(void)
{
	for (uint64_t seed = 1; seed < 12; seed++) {
		bool done = true;

		for (uint64_t n = 1; done; n++) {
			_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;
			struct writer w = {.random = seed};
			struct model before, found;

			begin();
			if (!ok_r(open_points(&w.p)))
				return;
			for (unsigned i = 0; i < 3; i++)
				write_some(&w);
			w.done = false;
			all_is_durable();
			before = durable;
			faultio_before(n, write_some, &w);
			if (!ok_r(points_reader_open(store, &pr)) ||
			    !model_by_hours(pr, memset(&found, 0, sizeof found)))
				break;
			done = w.done;
			faultio_before(0, NULL, NULL);
			all_is_durable();
			ok(has_all(&found, &before, &durable));
			if (ok_r(points_reader_refresh(pr)) && model_read(pr, &found))
				ok(memcmp(&durable, &found, sizeof found) == 0);
			ok_r(points_close(w.p));
		}
	}
}

int main(void)
{
	disk = tap_tmpdir();
	RUN(what_was_synced_survives_a_power_cut_at_every_step);
	RUN(what_was_put_before_anything_was_to_be_synced_is_durable_with_the_next_sync);
	RUN(a_call_that_fails_costs_nothing_that_was_acknowledged);
	RUN(a_write_that_is_cut_short_leaves_no_part_of_a_batch);
	RUN(a_full_disk_leaves_no_part_of_a_batch);
	RUN(a_disk_that_was_full_costs_nothing_once_there_is_space);
	RUN(an_allocation_that_fails_costs_nothing);
	RUN(what_was_dropped_stays_so_after_tidying_failed);
	RUN(hours_that_were_removed_do_not_come_back);
	RUN(a_reader_that_had_no_memory_misses_nothing);
	RUN(a_reader_misses_nothing_while_files_come_and_go);
	return tap_done();
}
