/* store.c -- reading beside a writer, at every step of it, and on a disk that fails
 *
 * What is promised: a snapshot that is in the store is found at any moment, also while its log becomes a chunk; and
 * what a failed look at the files did not bring comes with the next.
 */
#include "store/store.h"
#include "tests/faultalloc.h"
#include "tests/faultio.h"
#include "tests/unit/machine.h"

#include <unistd.h>

static const char *disk;

/* A new store's path. */
static const char *new_disk(void)
{
	static char path[4200];
	static unsigned n;

	faultio_begin(disk, 1);
	snprintf(path, sizeof path, "%s/store%u", disk, n++);
	return path;
}

static void seal(void *arg)
{
	struct machine *m = arg;

	machine_seal(m);
	m->tick = 0; /* it was done */
}

/* The hour and its last snapshot, whole. */
static void read_hour(struct store *s, int32_t number, uint32_t n)
{
	struct span text = {0};
	struct hour *h = NULL;
	int r = store_hour(s, number, &h);

	ok_r(r);
	if (r < 0 || !ok(hour_n(h) == n))
		return;
	ok_r(store_text(s, h, n - 1, CPU, FORM_TEXT, &text));
	ok(span_left(&text) > 0);
}

static void a_log_may_be_sealed_at_every_step_of_opening_its_hour(void)
{
	bool done = true;

	for (uint64_t n = 1; done; n++) {
		_cleanup_(cleanup_store) struct store *s = NULL;
		const char *dir = new_disk();
		struct machine m = {0};

		machine_open(&m, dir);
		machine_run(&m, PER_HOUR + 1);
		if (!ok_r(store_open(dir, NULL, &s)))
			return;
		faultio_before(n, seal, &m);
		read_hour(s, HOUR, PER_HOUR);
		done = m.tick == 0;
		faultio_before(0, NULL, NULL);
		machine_close(&m);
	}
}

static void a_log_may_be_sealed_at_every_step_of_looking_again(void)
{
	bool done = true;

	for (uint64_t n = 1; done; n++) {
		_cleanup_(cleanup_store) struct store *s = NULL;
		const char *dir = new_disk();
		struct machine m = {0};
		const int32_t *hours;
		size_t n_hours;

		machine_open(&m, dir);
		machine_run(&m, PER_HOUR - 1);
		if (!ok_r(store_open(dir, NULL, &s)))
			return;
		store_hours(s, &hours, &n_hours);
		read_hour(s, HOUR, PER_HOUR - 1);
		machine_run(&m, 2);
		faultio_before(n, seal, &m);
		ok_r(store_refresh(s));
		read_hour(s, HOUR, PER_HOUR);
		done = m.tick == 0;
		faultio_before(0, NULL, NULL);
		ok_r(store_refresh(s));
		read_hour(s, HOUR, PER_HOUR);
		read_hour(s, HOUR + 1, 1);
		machine_close(&m);
	}
}

static void what_a_failed_look_did_not_bring_comes_with_the_next(void)
{
	bool hit = true;

	for (uint64_t n = 1; hit; n++) {
		_cleanup_(cleanup_store) struct store *s = NULL;
		const char *dir = new_disk();
		struct machine m = {0};

		machine_open(&m, dir);
		machine_run(&m, 3);
		if (!ok_r(store_open(dir, NULL, &s)))
			return;
		read_hour(s, HOUR, 3);
		machine_run(&m, 2);
		faultio_at(n, FAULT_FAIL, EIO);
		(void)store_refresh(s);
		hit = faultio_hit();
		faultio_at(0, FAULT_FAIL, 0);
		ok_r(store_refresh(s));
		read_hour(s, HOUR, 5);
		machine_close(&m);
	}
}

/* A group that is in the cache is brought up to what was recorded since. */
static void an_allocation_that_fails_while_a_group_grows_is_no_damage(void)
{
	bool hit = true;

	for (uint64_t n = 1; hit; n++) {
		_cleanup_(cleanup_store) struct store *s = NULL;
		const char *dir = new_disk();
		struct machine m = {0};
		struct span text;
		struct hour *h;
		int r;

		machine_open(&m, dir);
		machine_run(&m, 1);
		if (!ok_r(store_open(dir, NULL, &s)))
			return;
		read_hour(s, HOUR, 1);
		machine_run(&m, 3);
		ok_r(store_refresh(s));
		ok_r(store_hour(s, HOUR, &h));
		faultalloc_at(n);
		r = store_text(s, h, 3, TASKS, FORM_TEXT, &text);
		hit = faultalloc_hit();
		faultalloc_at(0);
		ok(hit ? r == -ENOMEM : r == 0);
		ok_r(store_text(s, h, 3, TASKS, FORM_TEXT, &text));
		read_hour(s, HOUR, 4);
		machine_close(&m);
	}
}

/* Length and text of a column of a row, of a table that grows or is sealed. */
static int read_series(struct store *s, struct hour *h, struct buf *out)
{
	uint64_t len = 0;
	int r = store_series_len(s, h, TASKS, 1, 1, &len);

	buf_clear(out);
	if (r == 0)
		r = store_series_text(s, h, TASKS, 1, 1, 0, SIZE_MAX, out);
	if (r == 0)
		eq(out->len, len);
	return r;
}

static void an_allocation_that_fails_in_a_series_is_no_damage(void)
{
	const char *dir = new_disk();
	struct machine m = {0};

	machine_open(&m, dir);
	machine_run(&m, PER_HOUR + 7);
	machine_seal(&m);
	machine_close(&m);
	for (int32_t hour = HOUR; hour <= HOUR + 1; hour++) {
		_cleanup_(buf_done) struct buf right = {0};
		bool hit = true;

		for (uint64_t n = 0; hit; n++) {
			_cleanup_(cleanup_store) struct store *s = NULL;
			_cleanup_(buf_done) struct buf b = {0};
			struct hour *h;
			int r;

			if (!ok_r(store_open(dir, NULL, &s)) || !ok_r(store_hour(s, hour, &h)))
				return;
			if (n == 0) {
				ok_r(read_series(s, h, &right));
				continue;
			}
			faultalloc_at(n);
			r = read_series(s, h, &b);
			hit = faultalloc_hit();
			faultalloc_at(0);
			ok(r == 0 || (hit && r == -ENOMEM));
			ok_r(read_series(s, h, &b));
			ok(b.len == right.len && memcmp(b.p, right.p, b.len) == 0);
		}
	}
}

static void an_older_snapshot_is_no_answer_where_the_right_one_cannot_be_read(void)
{
	const char *dir = new_disk();
	struct machine m = {0};
	bool hit = true;

	machine_open(&m, dir);
	machine_run(&m, PER_HOUR + 2);
	machine_seal(&m);
	machine_close(&m);
	for (uint64_t n = 1; hit; n++) {
		_cleanup_(cleanup_store) struct store *s = NULL;
		int32_t hour = 0;
		uint32_t seq = 0;
		int r;

		if (!ok_r(store_open(dir, NULL, &s)))
			return;
		faultalloc_at(n);
		r = store_at(s, (int64_t)HOUR * HOUR_MS + HOUR_MS + STEP_MS, &hour, &seq);
		hit = faultalloc_hit();
		faultalloc_at(0);
		ok(r == 0 ? hour == HOUR + 1 && seq == 1 : hit && r == -ENOMEM);
	}
}

int main(void)
{
	disk = tap_tmpdir();
	RUN(a_log_may_be_sealed_at_every_step_of_opening_its_hour);
	RUN(a_log_may_be_sealed_at_every_step_of_looking_again);
	RUN(what_a_failed_look_did_not_bring_comes_with_the_next);
	RUN(an_older_snapshot_is_no_answer_where_the_right_one_cannot_be_read);
	RUN(an_allocation_that_fails_while_a_group_grows_is_no_damage);
	RUN(an_allocation_that_fails_in_a_series_is_no_damage);
	return tap_done();
}
