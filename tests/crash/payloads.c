/* payloads.c -- power cuts, failing calls and failing allocations while payloads are put
 *
 * What is promised: what was put before a sync that returned 0 is there, for ever; what is there is what a first part
 * of the batches comes to, none of them in part; numbers are not given again; after any failure putting goes on.
 */
#include "store/payloads.h"

#include "tests/crash/disk.h"
#include "tests/faultalloc.h"

#include <inttypes.h>

enum {
	KEYS = 10,
	BATCHES_MAX = 400,
	VALUE_LEN = 60000, /* so that few fill a segment */
	FIRST_BOOT = 50,
};

static const char *disk;
static char path[4200];
static int store = -1;
static uint32_t boot;

/* The state after a batch: which put, counted over all, each key's value is of; 0: none. */
static struct {
	uint32_t value[KEYS];
} states[BATCHES_MAX];
static unsigned n_batches; /* states[0] is before them all */
static unsigned n_synced;  /* at least so many are durable */
static uint32_t n_puts;
static uint64_t last_number; /* that was given */

static void begin(void)
{
	disk_begin(disk, path, &store);
	boot = FIRST_BOOT;
	n_batches = n_synced = n_puts = 0;
	last_number = 0;
	memset(&states[0], 0, sizeof states[0]);
}

/* Another boot of the machine. */
static void power_cut(uint64_t seed)
{
	disk_cut_power(path, &store, seed);
	boot++;
}

static int open_payloads(struct payloads **ret)
{
	const struct payloads_options o = {.sync = SYNC_FDATASYNC,
	    .segment_size = 1 << 20,
	    .snapshot_every = 300000,
	    .keep_versions = 1,
	    .boot = boot};

	return payloads_open(store, 7, &o, ret);
}

static void value_of(char *p, size_t len, uint32_t put)
{
	int n = snprintf(p, len + 1, "%" PRIu32 ":", put);

	memset(p + n, 'a' + (int)(put % 26), len - (size_t)n);
}

/* A batch of puts and deletes of keys, some of them twice. */
static int put_some(struct payloads *p, uint64_t *random)
{
	static char values[6][VALUE_LEN + 1];
	unsigned n = 1 + (unsigned)(faultio_random(random) % 6);
	struct payload_put puts[6];
	uint64_t number = 0;
	uint32_t n_written = 0;
	int r;

	if (n_batches + 1 == BATCHES_MAX)
		return -ENOSPC;
	states[n_batches + 1] = states[n_batches];
	for (unsigned i = 0; i < n; i++) {
		unsigned key = (unsigned)(faultio_random(random) % KEYS);
		size_t len = 20 + faultio_random(random) % (VALUE_LEN - 20);

		puts[i] = (struct payload_put){.key = {.is_number = true, .number = key}, .raw = true};
		puts[i].deletes = faultio_random(random) % 4 == 0;
		if (!puts[i].deletes) {
			value_of(values[i], len, ++n_puts);
			puts[i].value = span_of(values[i], len);
		}
		states[n_batches + 1].value[key] = puts[i].deletes ? 0 : n_puts;
	}
	r = payloads_put(p, puts, n, 1000 + n_batches, &number, &n_written, NULL);
	if (r < 0)
		return r;
	n_batches++;
	if (n_written > 0) {
		ok(number > last_number);
		last_number = number + n_written - 1;
	}
	return 0;
}

static int sync_all(struct payloads *p)
{
	int r = payloads_sync(p);

	if (r == 0)
		n_synced = n_batches;
	return r;
}

/* Which put each key's value is of. */
static bool look(struct payloads *p, uint32_t *values)
{
	struct buf room = {0};
	bool all = true;

	for (unsigned i = 0; i < KEYS; i++) {
		struct payload_key key = {.is_number = true, .number = i};
		static char expected[VALUE_LEN + 1];
		struct payload found;
		int r = payloads_get(p, &key, INT64_MAX, &room, &found);

		values[i] = 0;
		if (r == -ENOENT)
			continue;
		if (r < 0) {
			all = false;
			continue;
		}
		values[i] = (uint32_t)strtoul((const char *)found.value.p, NULL, 10);
		value_of(expected, span_left(&found.value), values[i]);
		ok(memcmp(expected, found.value.p, span_left(&found.value)) == 0);
	}
	buf_done(&room);
	return all;
}

/* What is there is what some of the batches, the durable ones and perhaps more, come to. From here on it counts. */
static void check(struct payloads *p)
{
	uint32_t values[KEYS];
	unsigned i;

	if (!ok(look(p, values)))
		return;
	for (i = n_batches; i > n_synced && memcmp(states[i].value, values, sizeof values) != 0; i--)
		;
	if (!ok(memcmp(states[i].value, values, sizeof values) == 0))
		return;
	n_batches = n_synced = i;
}

static void live(uint64_t *random, unsigned n_steps)
{
	struct payloads *p = NULL;

	if (open_payloads(&p) < 0)
		return;
	for (unsigned i = 0; i < n_steps; i++) {
		if (put_some(p, random) < 0)
			break;
		if (faultio_random(random) % 3 == 0 && sync_all(p) < 0)
			break;
		if (faultio_random(random) % 4 == 0 && payloads_tidy(p, 1000 + n_batches, 1000, NULL) < 0)
			break;
	}
	if (payloads_close(p) == 0 && !faultio_hit())
		n_synced = n_batches;
}

static void reopen_and_put(void)
{
	struct payloads *p = NULL;
	uint64_t random = 5;

	for (int i = 0; i < 2; i++) {
		if (!ok_r(open_payloads(&p)))
			return;
		check(p);
		ok_r(put_some(p, &random));
		ok_r(sync_all(p));
		check(p);
		ok_r(payloads_tidy(p, 1000 + n_batches, 1000, NULL));
		check(p);
		ok_r(payloads_close(p));
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
			struct payloads *p = NULL;

			begin();
			live(&random, 6);
			boot++;
			faultio_at(n, FAULT_CRASH, EIO);
			live(&random, 20);
			hit = faultio_hit();
			power_cut(seed);
			if (ok_r(open_payloads(&p))) {
				check(p);
				ok_r(payloads_close(p));
			}
			faultio_at(1 + faultio_random(&random) % 80, FAULT_CRASH, EIO);
			live(&random, 6);
			power_cut(seed + 1);
			reopen_and_put();
		}
}

/* Calls fail, or the disk is full; nothing that was acknowledged is lost, and a batch that failed is not there. */
static void try_fault(enum fault what, int err)
{
	bool hit = true;

	for (uint64_t n = 1; hit && n < 600; n += 1 + n / 40) {
		uint64_t random = n;

		begin();
		live(&random, 6);
		faultio_at(n, what, err);
		live(&random, 20);
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

static void an_allocation_that_fails_costs_nothing(void)
{
	bool hit = true;

	for (uint64_t n = 1; hit && n < 900; n += 1 + n / 40) {
		uint64_t random = n;

		begin();
		live(&random, 6);
		faultalloc_at(n);
		live(&random, 20);
		hit = faultalloc_hit();
		faultalloc_at(0);
		reopen_and_put();
	}
}

int main(void)
{
	disk = tap_tmpdir();
	RUN(what_was_synced_survives_a_power_cut_at_every_step);
	RUN(a_call_that_fails_costs_nothing_that_was_acknowledged);
	RUN(a_write_that_is_cut_short_leaves_no_part_of_a_batch);
	RUN(a_full_disk_leaves_no_part_of_a_batch);
	RUN(an_allocation_that_fails_costs_nothing);
	return tap_done();
}
