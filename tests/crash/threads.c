/* threads.c -- what the recorder's threads do between each other's calls
 *
 * One thread here: whatever another one may do is done before the nth call of a function, for every n.
 */
#include "store/store.h"
#include "tests/faultio.h"
#include "tests/unit/machine.h"

static const char *disk;

static const char *new_disk(void)
{
	static char path[4200];
	static unsigned n;

	faultio_begin(disk, 1);
	snprintf(path, sizeof path, "%s/store%u", disk, n++);
	return path;
}

static struct hour *open_hour(struct store *s, int32_t number)
{
	struct hour *h = NULL;

	if (!ok_r(store_hour(s, number, &h)))
		exit(1);
	return h;
}

struct other {
	struct machine *m;
	uint64_t tick;
	bool done;
};

static void record_one(void *arg)
{
	struct other *o = arg;

	o->m->tick = o->tick;
	machine_run(o->m, 1);
	o->done = true;
}

static void seal(void *arg)
{
	struct other *o = arg;

	machine_seal(o->m);
	o->done = true;
}

static void a_log_that_is_begun_in_an_old_hour_outlives_retention(void)
{
	bool done = true;

	for (uint64_t n = 1; done; n++) {
		_cleanup_(cleanup_store) struct store *s = NULL;
		const char *dir = new_disk();
		struct machine m = {0};
		struct other writer = {.m = &m, .tick = PER_HOUR - 1};

		machine_open(&m, dir);
		machine_run(&m, 3 * PER_HOUR);
		machine_seal(&m);
		faultio_before(n, record_one, &writer);
		ok_r(recorder_retain(m.recorder, 1, 0, NEVER_LATER));
		done = writer.done;
		faultio_before(0, NULL, NULL);
		if (!done)
			record_one(&writer);
		ok_r(store_open(dir, NULL, &s));
		eq(hour_last_ms(open_hour(s, HOUR)), (int64_t)HOUR * HOUR_MS + (PER_HOUR - 1) * STEP_MS);
		machine_close(&m);
	}
}

static void no_number_is_given_twice_while_a_part_is_sealed(void)
{
	bool done = true;

	for (uint64_t n = 1; done; n++) {
		_cleanup_(cleanup_store) struct store *s = NULL;
		const char *dir = new_disk();
		struct machine m = {0};
		struct other sealer = {.m = &m};
		uint32_t i = 0;

		machine_open(&m, dir);
		machine_run(&m, PER_HOUR + 1);
		m.tick = PER_HOUR - 1;
		faultio_before(n, seal, &sealer);
		machine_run(&m, 1);
		done = sealer.done;
		faultio_before(0, NULL, NULL);
		machine_seal(&m);
		ok_r(store_open(dir, NULL, &s));
		eq(hour_n(open_hour(s, HOUR)), PER_HOUR + 1);
		ok_r(hour_find(open_hour(s, HOUR), PER_HOUR, &i));
		eq(i, PER_HOUR);
		machine_close(&m);
	}
}

int main(void)
{
	disk = tap_tmpdir();
	RUN(a_log_that_is_begun_in_an_old_hour_outlives_retention);
	RUN(no_number_is_given_twice_while_a_part_is_sealed);
	return tap_done();
}
