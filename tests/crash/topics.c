/* topics.c -- power cuts, failing calls and failing allocations while topics are written
 *
 * What is promised: a message whose sync was acknowledged is there, at its offset, for ever; what is read is what was
 * appended at that offset; an offset that was given to somebody is never given for another message; and after any
 * failure appending goes on.
 */
#include "tests/faultalloc.h"
#include "tests/faultio.h"
#include "tests/topic_rig.h"

#include <ftw.h>

enum {
	MESSAGES_MAX = 4096,
	VALUE_LEN = 3000, /* so that few messages fill a segment */
	FIRST_BOOT = 100,
};

static const char *disk;

/* What a producer was told: message id was appended at the offset, and later that it is durable. */
static struct told {
	uint64_t offset;
	bool synced;
} told[MESSAGES_MAX];
static uint64_t n_told, told_before; /* in this life */

static struct rig rig;
static const struct topic_options small = {.sync = SYNC_FDATASYNC, .segment_size = 64 << 10, .index_interval = 5000};

static char path[4200];

/* Another boot of the machine. Only the disk's own directory is still the one that was open. */
static void power_cut(uint64_t seed)
{
	faultio_crash(seed);
	close(rig.fd);
	rig.fd = io_opendir(AT_FDCWD, path, true);
	ok(rig.fd >= 0);
	rig.boot++;
}

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(name);
}

static void begin(void)
{
	static unsigned n;

	if (n > 0)
		nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);

	faultio_begin(disk, 1);
	snprintf(path, sizeof path, "%s/store%u", disk, n++);
	if (rig.fd > 0)
		close(rig.fd);
	rig.fd = io_opendir(AT_FDCWD, path, true);
	rig.boot = FIRST_BOOT;
	rig.topics = NULL;
	n_told = told_before = 0;
	ok(rig.fd >= 0);
}

static bool offset_is_taken(uint64_t offset)
{
	for (uint64_t i = 0; i < n_told; i++)
		if (told[i].offset == offset)
			return true;
	return false;
}

/* Appends a batch of n; remembers what was told. */
static int append(struct partition *p, unsigned n)
{
	static char values[8][VALUE_LEN + 1];
	const char *v[8];
	uint64_t off = 0;
	int r;

	for (unsigned i = 0; i < n; i++) {
		rig_value(values[i], VALUE_LEN, n_told + i);
		v[i] = values[i];
	}
	r = rig_append(p, NULL, v, n, &off);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < n; i++) {
		ok(!offset_is_taken(off + i));
		told[n_told++] = (struct told){.offset = off + i};
	}
	return 0;
}

static int sync_all(struct partition *p)
{
	uint64_t n = n_told;
	int r = partition_sync(p);

	for (uint64_t i = told_before; r == 0 && i < n; i++)
		told[i].synced = true;
	return r;
}

/* Messages whose sync failed are nobody's any more: they may be there or not. What is told later counts. */
static void live(uint64_t *random, unsigned n_steps)
{
	struct partition *p = NULL;

	told_before = n_told;
	if (rig_open(&rig) < 0)
		return;
	if (rig_partition(&rig, "t", &small, &p) == 0)
		for (unsigned i = 0; i < n_steps; i++) {
			(void)append(p, 1 + (unsigned)(faultio_random(random) % 5));
			if (faultio_random(random) % 3 == 0 && sync_all(p) < 0)
				break;
		}
	(void)topics_close(rig.topics);
}

struct seen {
	bool at[MESSAGES_MAX];
	uint64_t last;
	bool any;
};

static void see(const struct message *m, void *arg)
{
	struct seen *s = arg;
	uint64_t id = rig_id(m);

	ok(!s->any || m->offset > s->last);
	s->any = true;
	s->last = m->offset;
	for (uint64_t i = 0; i < n_told; i++)
		if (told[i].offset == m->offset) {
			eq(id, i);
			s->at[i] = true;
		}
}

/* The truth about everything that was told. all: also of what was not synced. */
static void check(bool all)
{
	struct seen s = {0};
	uint64_t lost = 0;

	(void)rig_read(&rig, "t", see, &s);
	for (uint64_t i = 0; i < n_told; i++)
		lost += (told[i].synced || all) && !s.at[i];
	eq(lost, 0);
}

static void reopen_and_append(void)
{
	struct partition *p = NULL;

	if (!ok_r(rig_open(&rig)) || !ok_r(rig_partition(&rig, "t", &small, &p)))
		return;
	check(false);
	told_before = n_told;
	ok_r(append(p, 3));
	ok_r(sync_all(p));
	ok_r(topics_close(rig.topics));
	check(false);
}

/* The power is cut at every step of a life, with every way in which the disk may come out of it; another life is cut
 * short, too; then all that was acknowledged must be there. */
static void what_was_synced_survives_a_power_cut_at_every_step(void)
{
	bool hit = true;

	for (uint64_t n = 1; hit && n < 400; n++)
		for (uint64_t seed = n; seed < n + 4; seed++) {
			uint64_t random = seed;

			begin();
			live(&random, 4);
			rig.boot++;
			faultio_at(n, FAULT_CRASH, EIO);
			live(&random, 30);
			hit = faultio_hit();
			power_cut(seed);
			faultio_at(1 + faultio_random(&random) % 60, FAULT_CRASH, EIO);
			live(&random, 6);
			power_cut(seed + 1);
			reopen_and_append();
		}
}

/* What was written long ago is on the disk, whoever synced it. */
static void everything_is_durable(uint64_t seed)
{
	close(rig.fd);
	faultio_begin(disk, seed);
	rig.fd = io_opendir(AT_FDCWD, path, true);
	ok(rig.fd >= 0);
}

/* A call fails, the writer goes on, and then the power is cut. */
static void an_error_before_a_power_cut_does_not_make_an_offset_free_again(void)
{
	bool hit = true;

	for (uint64_t n = 1; hit; n++)
		for (uint64_t seed = n; seed < n + 12; seed++) {
			uint64_t random = seed;
			struct partition *p = NULL;

			begin();
			live(&random, 5);
			everything_is_durable(seed);
			ok_r(rig_open(&rig));
			told_before = n_told;
			faultio_at(n, FAULT_FAIL, EIO);
			if (rig_partition(&rig, "t", &small, &p) == 0)
				for (unsigned i = 0; i < 2; i++)
					(void)append(p, 3);
			hit = faultio_hit();
			faultio_at(1, FAULT_CRASH, EIO);
			(void)topics_close(rig.topics);
			power_cut(seed);
			reopen_and_append();
		}
}

/* The machine goes on, the writer does not: nothing that was appended is lost, and nothing is skipped. */
static void a_writer_that_is_killed_loses_nothing(void)
{
	bool hit = true;

	for (uint64_t n = 1; hit; n++) {
		uint64_t random = n;

		begin();
		live(&random, 5);
		faultio_at(n, FAULT_CRASH, EIO);
		live(&random, 20);
		hit = faultio_hit();
		faultio_at(0, FAULT_FAIL, 0);
		check(true);
		reopen_and_append();
		check(true);
	}
}

static void fail_every_call(enum fault what, int err)
{
	bool hit = true;

	for (uint64_t n = 1; hit; n++) {
		uint64_t random = n;

		begin();
		live(&random, 5);
		faultio_at(n, what, err);
		live(&random, 20);
		hit = faultio_hit();
		faultio_at(0, FAULT_FAIL, 0);
		check(true);
		reopen_and_append();
		power_cut(n);
		reopen_and_append();
	}
}

static void any_call_that_fails_costs_nothing_that_was_acknowledged(void)
{
	fail_every_call(FAULT_FAIL, EIO);
	fail_every_call(FAULT_SHORT, EIO);
}

static void a_disk_that_is_full_from_any_call_on_costs_nothing(void)
{
	fail_every_call(FAULT_FULL, ENOSPC);
}

/* Also one where nothing is synced: what waits for nothing is not asked for when its segment has ended. */
static void a_disk_that_is_full_from_any_call_on_ends_nobody(void)
{
	static const struct topic_options unsynced = {.sync = SYNC_NONE, .segment_size = 64 << 10};
	bool hit = true;

	for (uint64_t n = 1; hit; n++) {
		struct partition *p = NULL;

		begin();
		ok_r(rig_open(&rig));
		ok_r(rig_partition(&rig, "t", &unsynced, &p));
		faultio_at(n, FAULT_FULL, ENOSPC);
		for (unsigned i = 0; p && i < 20; i++) {
			if (append(p, 5) < 0)
				(void)partition_sync(p);
		}
		hit = faultio_hit();
		faultio_at(0, FAULT_FAIL, 0);
		ok_r(append(p, 1));
		ok_r(partition_sync(p));
		ok_r(topics_close(rig.topics));
		check(true);
	}
}

static void a_full_disk_in_the_middle_of_a_batch_appends_nothing_and_offsets_go_on(void)
{
	struct partition *p = NULL;

	begin();
	ok_r(rig_open(&rig));
	if (!ok_r(rig_partition(&rig, "t", &small, &p)))
		return;
	ok_r(append(p, 2));
	for (uint64_t i = 1; i < 6; i++) {
		struct partition_state before, after;

		partition_state(p, &before);
		faultio_at(1, FAULT_FULL, ENOSPC);
		eq(append(p, 4), -ENOSPC);
		faultio_at(0, FAULT_FAIL, 0);
		partition_state(p, &after);
		ok(after.next_offset == before.next_offset && after.bytes == before.bytes);
		ok_r(append(p, 1));
		eq(told[n_told - 1].offset, before.next_offset);
	}
	ok_r(sync_all(p));
	ok_r(topics_close(rig.topics));
	check(true);
}

static void an_allocation_that_fails_costs_nothing_that_was_acknowledged(void)
{
	bool hit = true;

	for (uint64_t n = 1; hit; n++) {
		uint64_t random = n;

		begin();
		live(&random, 5);
		faultalloc_at(n);
		live(&random, 12);
		hit = faultalloc_hit();
		faultalloc_at(0);
		check(true);
		reopen_and_append();
	}
}

/* --- tidying --- */

static const struct topic_options compacted = {
    .sync = SYNC_FDATASYNC, .segment_size = 64 << 10, .compact = true, .tombstone_ms = 1};

enum { KEYS = 20, ROUNDS = 8 };

/* Each key again and again; in the last round a third of them are deleted. */
static void fill_keys(struct partition *p)
{
	static char value[VALUE_LEN + 1];

	for (unsigned i = 0; i < ROUNDS * KEYS; i++) {
		char key[16];
		const char *k = key, *v = value;
		uint64_t off;

		snprintf(key, sizeof key, "k%u", i % KEYS);
		rig_value(value, VALUE_LEN, i);
		if (i >= (ROUNDS - 1) * KEYS && i % 3 == 0)
			v = NULL;
		ok_r(rig_append(p, &k, &v, 1, &off));
	}
}

struct newest {
	uint64_t id[KEYS];
	bool deleted[KEYS], any[KEYS];
};

static void note_newest(const struct message *m, void *arg)
{
	struct newest *n = arg;
	char key[16] = "";
	unsigned k;

	memcpy(key, m->key.p, span_left(&m->key));
	k = (unsigned)atoi(key + 1) % KEYS;

	n->any[k] = true;
	n->deleted[k] = !m->value.p;
	n->id[k] = rig_id(m);
}

/* A key has its newest value, or is deleted, or is gone since it was deleted. */
static void check_newest(void)
{
	struct newest n = {0};

	ok(!rig_read(&rig, "c", note_newest, &n));
	for (unsigned k = 0; k < KEYS; k++) {
		unsigned last = (ROUNDS - 1) * KEYS + k;

		if (last % 3 == 0)
			ok(!n.any[k] || n.deleted[k]);
		else
			ok(n.any[k] && !n.deleted[k] && n.id[k] == last);
	}
}

static void tidy_cut_short(uint64_t n, enum fault what, int err, bool power, bool *ret_hit)
{
	struct partition *p = NULL;
	int64_t now = 10000000;

	begin();
	ok_r(rig_open(&rig));
	if (!ok_r(rig_partition(&rig, "c", &compacted, &p)))
		return;
	fill_keys(p);
	ok_r(partition_sync(p));
	if (n > 0)
		faultio_at(n, what, err);
	(void)topics_tidy(rig.topics, now, 100000, NULL);
	*ret_hit = faultio_hit();
	(void)topics_close(rig.topics);
	faultio_at(0, FAULT_FAIL, 0);
	if (power)
		power_cut(n);
	check_newest();
	ok_r(rig_open(&rig));
	ok_r(rig_partition(&rig, "c", &compacted, &p));
	ok_r(topics_tidy(rig.topics, now, 100000, NULL));
	check_newest();
	ok_r(topics_close(rig.topics));
}

static void compaction_may_be_cut_short_at_every_step(void)
{
	bool hit = true;

	for (uint64_t n = 1; hit; n += n < 60 ? 1 : 7)
		tidy_cut_short(n, FAULT_CRASH, EIO, true, &hit);
	hit = true;
	for (uint64_t n = 1; hit; n += n < 60 ? 1 : 7)
		tidy_cut_short(n, FAULT_SHORT, ENOSPC, false, &hit);
}

static void an_allocation_that_fails_while_tidying_costs_nothing(void)
{
	bool hit = true;

	for (uint64_t n = 1; hit; n++) {
		struct partition *p = NULL;

		begin();
		ok_r(rig_open(&rig));
		if (!ok_r(rig_partition(&rig, "c", &compacted, &p)))
			return;
		fill_keys(p);
		faultalloc_at(n);
		(void)topics_tidy(rig.topics, 10000000, 100000, NULL);
		hit = faultalloc_hit();
		faultalloc_at(0);
		check_newest();
		ok_r(topics_close(rig.topics));
	}
}

int main(void)
{
	disk = tap_tmpdir();
	RUN(what_was_synced_survives_a_power_cut_at_every_step);
	RUN(an_error_before_a_power_cut_does_not_make_an_offset_free_again);
	RUN(a_writer_that_is_killed_loses_nothing);
	RUN(any_call_that_fails_costs_nothing_that_was_acknowledged);
	RUN(a_disk_that_is_full_from_any_call_on_costs_nothing);
	RUN(a_disk_that_is_full_from_any_call_on_ends_nobody);
	RUN(a_full_disk_in_the_middle_of_a_batch_appends_nothing_and_offsets_go_on);
	RUN(an_allocation_that_fails_costs_nothing_that_was_acknowledged);
	RUN(compaction_may_be_cut_short_at_every_step);
	RUN(an_allocation_that_fails_while_tidying_costs_nothing);
	return tap_done();
}
