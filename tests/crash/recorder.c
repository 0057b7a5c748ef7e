/* recorder.c -- recording, sealing and retention on a disk that fails, and whose power is cut
 *
 * Snapshots are numbered by this test, and each holds its number; everything else in it follows from that. What a
 * recorder promises: a snapshot that was synced is there, once, with exactly its rows, whatever happens afterwards; one
 * that was not is there whole or not at all; its name (hour and sequence number) never changes; and what was not there
 * after a recovery does not come back.
 */
#include "store/names.h"
#include "store/recorder.h"
#include "store/store.h"
#include "store/text.h"
#include "tests/faultalloc.h"
#include "tests/faultio.h"
#include "tests/tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>

enum { SHOTS_MAX = 4096, N_TABLES = 3, PER_LIFE = 14 };

enum status {
	NEVER, /* not recorded, or found missing */
	MAYBE, /* appended */
	ANY,   /* it may be there or not: its sync failed, or retention was at it */
	THERE, /* synced, or found by a recovery, which syncs */
};

struct shot {
	uint8_t status;
	bool named; /* has been seen under hour and seq */
	int32_t hour;
	uint32_t seq;
	int64_t time_ms;
	bool found; /* in the present reading */
};

struct world {
	uint32_t n;
	struct shot shots[SHOTS_MAX];
	bool named_hours; /* the store has been there */
};

static const char *path;
static char store_path[256];
static struct world world;

/* --- what snapshots hold --- */

static struct table_schema *schemas[N_TABLES];

static void make_schemas(void)
{
	static const struct column columns[N_TABLES][4] = {
	    {{.name = "number", .type = COL_U64, .kind = KIND_GAUGE}, {.name = "note", .type = COL_STR},
	        {.name = "x", .type = COL_F64}, {.name = "y", .type = COL_DEC, .scale = 3}},
	    {{.name = "pid", .type = COL_U64, .flags = COL_KEY}, {.name = "name", .type = COL_STR},
	        {.name = "ticks", .type = COL_U64, .kind = KIND_COUNTER}, {.name = "nice", .type = COL_I64}},
	    {{.name = "slow", .type = COL_STR, .flags = COL_KEY}, {.name = "a", .type = COL_U64},
	        {.name = "b", .type = COL_U64}, {.name = "c", .type = COL_U64}},
	};
	static const char *const names[N_TABLES] = {"number", "rows", "seldom"};

	for (unsigned i = 0; i < N_TABLES; i++) {
		if (table_schema_new((uint16_t)(i + 1), names[i], &schemas[i]) < 0)
			abort();
		for (unsigned c = 0; c < 4; c++)
			if (table_schema_add(schemas[i], &columns[i][c]) < 0)
				abort();
	}
}

static int fill_number(struct table *t, uint32_t i)
{
	char note[32];
	uint32_t row;
	int r = table_add_row(t, &row);

	if (r < 0)
		return r;
	snprintf(note, sizeof note, "note %u\t\xff", i / 5);
	table_set(t, row, 0, i);
	table_set(t, row, 2, 0x3ff0000000000000 + i);
	table_set(t, row, 3, 0 - (uint64_t)i);
	return table_set_str(t, row, 1, note, strlen(note));
}

static int fill_rows(struct table *t, uint32_t i)
{
	for (uint32_t k = i / 3; k < i / 3 + 2 + i % 4; k++) {
		char name[32];
		uint32_t row;
		int r = table_add_row(t, &row);

		snprintf(name, sizeof name, "task %u", k % 7);
		if (r == 0)
			r = table_set_str(t, row, 1, name, strlen(name));
		if (r < 0)
			return r;
		table_set(t, row, 0, k);
		table_set(t, row, 2, (uint64_t)i * k);
		if (i % 5)
			table_set(t, row, 3, (uint64_t)k - i);
	}
	return 0;
}

/* Not due but every fourth time; not there now and then. */
static uint32_t seldom_of(uint32_t i)
{
	return i - i % 4;
}

static int fill_seldom(struct table *t, uint32_t i)
{
	uint32_t row;
	int r = table_add_row(t, &row);

	if (r == 0)
		r = table_set_str(t, row, 0, "key", 3);
	if (r < 0)
		return r;
	for (uint32_t c = 1; c < 4; c++)
		table_set(t, row, c, seldom_of(i) * c);
	return 0;
}

static bool absent(unsigned table, uint32_t i)
{
	return table == 2 && i % 11 == 5;
}

static int fill(struct table *t, unsigned table, uint32_t i)
{
	table_clear(t);
	return table == 0 ? fill_number(t, i) : table == 1 ? fill_rows(t, i) : fill_seldom(t, i);
}

/* The rows as text, made without the store's group codec. */
static void check_text(unsigned table, uint32_t i, struct span got)
{
	_cleanup_(cleanup_strpool) struct strpool *pool = NULL;
	_cleanup_(cleanup_table) struct table *t = NULL;
	_cleanup_(buf_done) struct buf text = {0};

	ok_r(strpool_new(&pool));
	ok_r(table_new(schemas[table], pool, &t));
	ok_r(fill(t, table, i));
	text_put_table(&text, t);
	ok(text.len == span_left(&got) && memcmp(text.p, got.p, text.len) == 0);
}

/* Ten minutes from one to the next; back by an hour and a half now and then. */
static int64_t time_of(uint32_t i)
{
	return 1795000000000 + 600000 * (int64_t)i - 5400000 * (int64_t)(i / 19);
}

/* --- reading --- */

static void found(uint32_t i, int32_t hour, uint32_t seq, int64_t time_ms)
{
	struct shot *s = &world.shots[i];

	if (!ok(i < world.n))
		return;
	ok(!s->found);
	s->found = true;
	ok(s->status != NEVER);
	eq(time_ms, s->time_ms);
	eq(hour, hour_of(s->time_ms));
	if (s->named)
		ok(s->hour == hour && s->seq == seq);
	s->named = true;
	s->hour = hour;
	s->seq = seq;
}

/* What was read before in the hour. */
struct last {
	uint32_t i, seq;
};

static void read_snapshot(struct store *st, struct hour *h, uint32_t k, struct last *last)
{
	const struct table *number;
	int64_t time_ms;
	uint32_t seq, i;
	int r = hour_snapshot(h, k, &seq, &time_ms);

	if (ok_r(r), r == 0)
		ok_r(r = store_table(st, h, k, 1, &number));
	if (r < 0 || !ok(number->n_rows == 1))
		return;
	i = (uint32_t)table_get(number, 0, 0);
	ok(k == 0 || (i > last->i && seq > last->seq));
	*last = (struct last){i, seq};
	found(i, hour_number(h), seq, time_ms);
	for (unsigned t = 0; t < N_TABLES; t++) {
		uint64_t rows, len;
		struct span text;

		r = store_text(st, h, k, (uint16_t)(t + 1), FORM_TEXT, &text);
		if (absent(t, i)) {
			eq(r, -ENOENT);
			eq(hour_size(h, k, (uint16_t)(t + 1), &rows, &len), -ENOENT);
			continue;
		}
		if (ok_r(r), r < 0)
			continue;
		check_text(t, i, text);
		ok_r(hour_size(h, k, (uint16_t)(t + 1), &rows, &len));
		eq(len, span_left(&text));
	}
}

static void check_heat(struct store *st, struct hour *h)
{
	const struct disk_heat *heat;
	uint32_t n, seq;
	int64_t time_ms;

	ok_r(store_heat(st, h, &heat, &n));
	if (!ok(n == hour_n(h)))
		return;
	for (uint32_t k = 0; k < n; k++) {
		ok_r(hour_snapshot(h, k, &seq, &time_ms));
		eq(get_le32(heat[k].seq), seq);
		eq(get_le64(heat[k].time_ms), time_ms);
	}
}

/* Reads everything. after_recovery: what is found now stays, and what is not never comes. */
static void check(bool after_recovery)
{
	_cleanup_(cleanup_store) struct store *st = NULL;
	const int32_t *hours;
	size_t n_hours;
	int r = store_open(store_path, NULL, &st);

	for (uint32_t i = 0; i < world.n; i++)
		world.shots[i].found = false;
	if (r == 0) {
		store_hours(st, &hours, &n_hours);
		for (size_t k = 0; k < n_hours; k++) {
			struct last last = {0};
			struct hour *h;

			r = store_hour(st, hours[k], &h);
			if (r == -ENOENT)
				continue; /* an empty log */
			if (ok_r(r), r < 0)
				continue;
			for (uint32_t s = 0; s < hour_n(h); s++)
				read_snapshot(st, h, s, &last);
			check_heat(st, h);
		}
	} else {
		ok(!after_recovery);
	}
	for (uint32_t i = 0; i < world.n; i++) {
		struct shot *s = &world.shots[i];

		if (s->status == THERE && !ok(s->found))
			printf("# number %u is lost\n", i);
		if (after_recovery)
			s->status = s->found ? THERE : NEVER;
	}
}

/* --- a life --- */

struct life {
	struct recorder *r;
	struct table *tables[N_TABLES];
	uint32_t seldom; /* what the last table holds */
};

static void life_done(struct life *l)
{
	for (unsigned t = 0; t < N_TABLES; t++)
		if (l->tables[t])
			table_free(l->tables[t]);
	if (l->r)
		recorder_close(l->r);
}

static int begin_life(struct life *l)
{
	const struct recorder_options o = {.host = "crash", .keyframe_every = 5, .group_n = 4, .seal_level = 1};
	int r = recorder_open(store_path, &o, &l->r);

	l->seldom = UINT32_MAX;
	for (unsigned t = 0; t < N_TABLES && r == 0; t++)
		r = table_new(schemas[t], recorder_pool(l->r), &l->tables[t]);
	return r;
}

static int encode(struct life *l, uint32_t i, struct encoded **ret)
{
	struct snapshot snap = {.time_ms = time_of(i),
	    .boot_us = 600000000 * (uint64_t)i,
	    .boot = 1,
	    .n_tables = N_TABLES,
	    .tables = l->tables};
	int r = 0;

	recorder_begin(l->r);
	for (unsigned t = 0; t < N_TABLES && r == 0; t++) {
		bool due = t != 2 || l->seldom != seldom_of(i) || absent(t, i - 1);

		if (due)
			r = fill(l->tables[t], t, i);
		if (t == 2)
			l->seldom = r < 0 ? UINT32_MAX : seldom_of(i);
		l->tables[t]->absent = absent(t, i);
		l->tables[t]->repeated = !due && !absent(t, i);
	}
	return r < 0 ? r : recorder_encode(l->r, &snap, ret);
}

/* Records one snapshot as a collector does: an append that fails is tried again once, what then fails is dropped. */
static int record(struct life *l)
{
	_cleanup_(cleanup_encoded) struct encoded *e = NULL;
	uint32_t i = world.n++;
	int r;

	world.shots[i] = (struct shot){.time_ms = time_of(i)};
	r = encode(l, i, &e);
	if (r < 0) {
		recorder_want_keyframe(l->r);
		return r;
	}
	r = recorder_append(l->r, e);
	if (r < 0 && r != -ESTALE)
		r = recorder_append(l->r, e);
	if (r < 0)
		recorder_want_keyframe(l->r);
	/* What failed may have reached the disk before it was taken back, and the power may bring it back. */
	world.shots[i].status = r < 0 ? ANY : MAYBE;
	return r;
}

static int sync_all(struct life *l)
{
	int r = recorder_sync(l->r);

	for (uint32_t i = 0; i < world.n; i++)
		if (world.shots[i].status == MAYBE)
			world.shots[i].status = r < 0 ? ANY : THERE;
	return r;
}

static int retain(struct life *l)
{
	const int64_t age = 8 * 3600000;
	int32_t newest = INT32_MIN;

	for (uint32_t i = 0; i < world.n; i++)
		if (world.shots[i].status != NEVER && hour_of(world.shots[i].time_ms) > newest)
			newest = hour_of(world.shots[i].time_ms);
	for (uint32_t i = 0; i < world.n; i++)
		if (world.shots[i].status != NEVER && hour_of(world.shots[i].time_ms) < newest - 7)
			world.shots[i].status = ANY;
	return recorder_retain(l->r, 0, age, INT64_C(1) << 52);
}

/* Returns the first error. ret_failed: snapshots that were not recorded. */
static int live(unsigned *ret_failed)
{
	_cleanup_(life_done) struct life l = {0};
	int first = begin_life(&l), r;

	*ret_failed = 0;
	if (first < 0)
		return first;
	for (uint32_t k = 0; k < PER_LIFE && world.n < SHOTS_MAX; k++) {
		r = record(&l);
		*ret_failed += r < 0;
		if (r < 0 && r != -ESTALE && first == 0)
			first = r;
		if (k % 3 == 2) {
			r = sync_all(&l);
			first = first < 0 ? first : r;
		}
		if (k % 5 == 4) {
			r = recorder_seal(l.r);
			if (r < 0 && r != -ENODATA && first == 0)
				first = r;
		}
		if (k == 9) {
			r = retain(&l);
			first = first < 0 ? first : r;
		}
	}
	return first;
}

/* --- disks --- */

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(name);
}

/* A new, empty disk. */
static void begin(uint64_t seed)
{
	(void)nftw(store_path, remove_one, 16, FTW_DEPTH | FTW_PHYS); /* it may not be there */
	faultio_begin(path, seed);
	world.n = 0;
}

static void expect_clean(int r)
{
	if (r < 0)
		printf("# %s\n", strerror(-r));
	ok(r == 0);
}

/* A recovery, after which what is there is known, and a life without any fault. */
static void recover(void)
{
	_cleanup_(life_done) struct life l = {0};

	check(false);
	expect_clean(begin_life(&l));
	check(true);
}

static void whole_life(void)
{
	unsigned n_failed;

	recover();
	expect_clean(live(&n_failed));
	check(false);
}

/* A life in which the nth call fails as given. Returns whether it came to that. */
static bool faulty_life(uint64_t n, enum fault what, int err)
{
	unsigned n_failed;
	bool hit;
	int r;

	faultio_at(n, what, err);
	r = live(&n_failed);
	hit = faultio_hit();
	faultio_at(0, FAULT_FAIL, 0);
	ok(r == 0 || hit);
	return hit;
}

static void crash(uint64_t seed)
{
	faultio_crash(seed);
	for (uint32_t i = 0; i < world.n; i++)
		if (world.shots[i].status == MAYBE)
			world.shots[i].status = ANY;
}

static void power_is_cut_at_every_step_of_a_new_store(void)
{
	for (uint64_t seed = 0; seed < 4; seed++) {
		bool hit = true;

		for (uint64_t n = 1; hit; n++) {
			begin(seed);
			hit = faulty_life(n, FAULT_CRASH, EIO);
			crash(seed + 4 * n);
			whole_life();
		}
	}
}

static void power_is_cut_at_every_step_of_a_later_life(void)
{
	for (uint64_t seed = 0; seed < 4; seed++) {
		bool hit = true;

		for (uint64_t n = 1; hit; n++) {
			begin(seed);
			whole_life();
			crash(seed * 5 + 2); /* what was not synced is torn */
			recover();
			hit = faulty_life(n, FAULT_CRASH, EIO);
			crash(seed + 4 * n);
			whole_life();
		}
	}
}

static void power_is_cut_again_and_again(void)
{
	for (uint64_t seed = 0; seed < 24; seed++) {
		uint64_t rnd = seed;

		begin(seed);
		for (int lives = 0; lives < 12; lives++) {
			faulty_life(1 + faultio_random(&rnd) % 250, FAULT_CRASH, EIO);
			crash(faultio_random(&rnd));
			recover();
		}
		whole_life();
	}
}

static void every_call_fails_once(void)
{
	static const enum fault whats[] = {FAULT_FAIL, FAULT_SHORT, FAULT_FULL};

	for (unsigned k = 0; k < 6; k++) {
		bool hit = true;

		for (uint64_t n = 1; hit; n++) {
			begin(k);
			if (k >= 3)
				whole_life();
			hit = faulty_life(n, whats[k % 3], k % 2 ? EIO : ENOSPC);
			crash(n);
			whole_life();
		}
	}
}

static void every_allocation_fails_once_and_costs_one_snapshot(void)
{
	bool hit = true;

	for (uint64_t n = 1; hit; n++) {
		unsigned n_failed;
		int r;

		begin(n);
		whole_life();
		faultalloc_at(n);
		r = live(&n_failed);
		hit = faultalloc_hit();
		faultalloc_at(0);
		ok(r == 0 || (hit && r == -ENOMEM));
		/* The next snapshot is recorded again. */
		ok(n_failed <= 1);
		whole_life();
	}
}

static void a_store_is_opened_while_the_disk_is_full(void)
{
	for (uint64_t seed = 0; seed < 8; seed++) {
		_cleanup_(life_done) struct life l = {0};

		begin(seed);
		whole_life();
		crash(seed);
		check(false);
		faultio_at(1, FAULT_FULL, ENOSPC);
		expect_clean(begin_life(&l));
		faultio_at(0, FAULT_FAIL, 0);
		check(true);
	}
}

static unsigned open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static void no_file_stays_open(void)
{
	static unsigned before;

	if (before == 0)
		before = open_files();
	else
		eq(open_files(), before);
}

int main(void)
{
	path = tap_tmpdir();
	snprintf(store_path, sizeof store_path, "%s/store", path);
	make_schemas();
	begin(1);
	no_file_stays_open();
	RUN(power_is_cut_at_every_step_of_a_new_store);
	RUN(power_is_cut_at_every_step_of_a_later_life);
	RUN(power_is_cut_again_and_again);
	RUN(every_call_fails_once);
	RUN(every_allocation_fails_once_and_costs_one_snapshot);
	RUN(a_store_is_opened_while_the_disk_is_full);
	RUN(no_file_stays_open);
	for (unsigned i = 0; i < N_TABLES; i++)
		table_schema_put(schemas[i]);
	return tap_done();
}
