/* store.c -- reading while hours come, go, and change their files */
#include "store/store.h"
#include "tests/unit/machine.h"

#include <fcntl.h>
#include <unistd.h>

#define SNAPSHOTS_03 "snapshots/2026-11-20T03"

static struct store *open_store(const char *dir)
{
	struct store *s;

	if (!ok_r(store_open(dir, NULL, &s)))
		exit(1);
	return s;
}

static struct hour *open_hour(struct store *s, int32_t number)
{
	struct hour *h = NULL;

	if (!ok_r(store_hour(s, number, &h)))
		exit(1);
	return h;
}

/* One tick, without the second table. */
static void run_without_tasks(struct machine *m)
{
	struct snapshot s = machine_snapshot(m->tables, m->tick++);

	recorder_begin(m->recorder);
	machine_fill(m->tables, m->tick);
	table_clear(m->tables[1]);
	m->tables[1]->absent = true;
	machine_record(m, &s);
}

/* A text or a whole hour's, as a string to free. */
static char *text_of(struct store *s, struct hour *h, uint32_t i, enum text_form form)
{
	struct span text = {0};

	ok_r(store_text(s, h, i, CPU, form, &text));
	return strndup((const char *)text.p, span_left(&text));
}

static char *hour_text_of(struct store *s, struct hour *h)
{
	struct buf b = {0};

	ok_r(store_hour_text(s, h, CPU, 0, SIZE_MAX, &b));
	buf_put_u8(&b, 0);
	return (char *)b.p;
}

/* As a log is between its making and its first snapshot, which may be long on a disk that is slow. */
static void the_first_snapshot_of_a_log_is_the_latest_though_the_log_was_there_before(void)
{
	const char *dir = new_store_path();
	_cleanup_(cleanup_store) struct store *s = NULL;
	struct machine m = {0};
	char log[1 << 16];
	int32_t hour = 0;
	uint32_t seq = 0;
	ssize_t len;
	int fd;

	machine_open(&m, dir);
	machine_run(&m, PER_HOUR);
	machine_seal(&m);
	machine_run(&m, 1);
	machine_close(&m);
	fd = open(path_in(dir, "snapshots/2026-11-20T04.wal"), O_RDWR);
	len = pread(fd, log, sizeof log, 0);
	ok(len > 0 && len < (ssize_t)sizeof log);
	for (ssize_t short_len = 0; short_len < len; short_len++) {
		ok(ftruncate(fd, short_len) == 0);
		if (s)
			store_close(s);
		s = open_store(dir);
		ok_r(store_latest(s, &hour, &seq));
		eq(hour, HOUR);
		eq(seq, PER_HOUR - 1);
		(void)store_refresh(s);
		ok(pwrite(fd, log, (size_t)len, 0) == len);
		eq(store_refresh(s), 1);
		ok_r(store_latest(s, &hour, &seq));
		eq(hour, HOUR + 1);
		eq(seq, 0);
	}
	close(fd);
}

static void an_hour_stays_open_while_its_rates_are_looked_for_in_many_others(void)
{
	enum { N_HOURS = 20 };
	_cleanup_(cleanup_store) struct store *s = NULL;
	const char *dir = new_store_path();
	struct machine m = {0};
	struct span text = {0};
	struct hour *h;

	machine_open(&m, dir);
	for (unsigned k = 0; k < N_HOURS; k++) {
		m.tick = k * PER_HOUR;
		run_without_tasks(&m);
	}
	m.tick = N_HOURS * PER_HOUR;
	machine_run(&m, 1);
	machine_seal(&m);
	machine_close(&m);

	s = open_store(dir);
	h = open_hour(s, HOUR + N_HOURS);
	ok_r(store_text(s, h, 0, TASKS, FORM_RATE, &text));
	ok(span_left(&text) > 0);
	eq(hour_number(h), HOUR + N_HOURS);
	ok(open_hour(s, HOUR + N_HOURS) == h);
}

/* A store with one hour, of n snapshots that begin with tick: a log, or sealed. */
static const char *make_store(uint64_t tick, unsigned n, bool sealed)
{
	const char *path = new_store_path();
	char *dir = strdup(path);
	struct machine m = {.tick = tick};

	machine_open(&m, dir);
	machine_run(&m, n);
	if (sealed) {
		m.tick = 3 * PER_HOUR;
		machine_run(&m, 1);
		machine_seal(&m);
	}
	machine_close(&m);
	return dir;
}

/* The hour's file gets another content: that of another store, under the suffix there. */
static void replace_hour(const char *dir, const char *suffix, const char *by, const char *by_suffix)
{
	char from[5000], to[5000], old[5000];

	snprintf(old, sizeof old, "%s/" SNAPSHOTS_03 "%s", dir, suffix);
	snprintf(to, sizeof to, "%s/" SNAPSHOTS_03 "%s", dir, by_suffix);
	snprintf(from, sizeof from, "%s/" SNAPSHOTS_03 "%s", by, by_suffix);
	ok(unlink(old) == 0);
	ok(rename(from, to) == 0);
}

/* Everything that is kept of an hour is of the files that are there now. */
static void replaced(bool sealed)
{
	const char *suffix = sealed ? ".chunk" : ".wal";
	_cleanup_(cleanup_free) char *dir = (char *)(uintptr_t)make_store(4, 4, false);
	_cleanup_(cleanup_free) char *by = (char *)(uintptr_t)make_store(6, 4, sealed);
	_cleanup_(cleanup_store) struct store *s = open_store(dir), *t = open_store(by);
	struct hour *h = open_hour(s, HOUR), *other = open_hour(t, HOUR);
	_cleanup_(cleanup_free) char *lines = hour_text_of(t, other);
	size_t n_hours;
	const int32_t *hours;

	store_hours(s, &hours, &n_hours);
	eq(n_hours, 1);
	free(hour_text_of(s, h));
	for (enum text_form form = FORM_TEXT; form <= FORM_RATE_JSON; form++)
		free(text_of(s, h, 3, form));
	replace_hour(dir, ".wal", by, suffix);
	eq(store_refresh(s), 1);
	h = open_hour(s, HOUR);
	for (enum text_form form = FORM_TEXT; form <= FORM_RATE_JSON; form++) {
		_cleanup_(cleanup_free) char *a = text_of(s, h, 3, form), *b = text_of(t, other, 3, form);

		str_eq(a, b);
	}
	{
		_cleanup_(cleanup_free) char *again = hour_text_of(s, h);

		str_eq(again, lines);
	}
}

static void nothing_is_kept_of_a_log_that_became_another_chunk(void)
{
	replaced(true);
}

static void nothing_is_kept_of_a_log_that_became_another_log(void)
{
	replaced(false);
}

static void a_part_that_comes_is_seen_by_a_reader_that_never_listed_the_hours(void)
{
	_cleanup_(cleanup_store) struct store *s = NULL;
	const char *dir = new_store_path();
	struct machine m = {0};

	machine_open(&m, dir);
	machine_run(&m, PER_HOUR + 1);
	machine_seal(&m);
	s = open_store(dir);
	eq(hour_n(open_hour(s, HOUR)), PER_HOUR);
	eq(store_refresh(s), 0);
	m.tick = PER_HOUR - 1;
	machine_run(&m, 1);
	eq(store_refresh(s), 1);
	eq(hour_n(open_hour(s, HOUR)), PER_HOUR + 1);
	machine_close(&m);
}

static void an_hour_that_comes_as_another_goes_is_a_difference(void)
{
	_cleanup_(cleanup_store) struct store *s = NULL;
	const char *dir = new_store_path();
	struct machine m = {0};
	const int32_t *hours;
	size_t n;

	machine_open(&m, dir);
	machine_run(&m, 2 * PER_HOUR);
	machine_seal(&m);
	s = open_store(dir);
	store_hours(s, &hours, &n);
	eq(n, 2);
	machine_run(&m, 1);
	ok_r(recorder_retain(m.recorder, 0, HOUR_MS, NEVER_LATER));
	eq(store_refresh(s), 1);
	store_hours(s, &hours, &n);
	ok(n == 2 && hours[0] == HOUR + 1 && hours[1] == HOUR + 2);
	machine_close(&m);
}

/* The entries of an hour by its number: what store_heat gives, and their sum. */
static void check_entries(const char *dir, int32_t number, uint32_t expected)
{
	_cleanup_(cleanup_store) struct store *s = open_store(dir);
	_cleanup_(buf_done) struct buf entries = {0};
	struct heat_sum found = {0}, sum = {0};
	const struct disk_heat *heat = NULL;
	uint32_t n = 0;

	ok_r(store_heat_sum(s, number, &found));
	ok_r(store_heat_entries(s, number, &entries));
	ok_r(store_heat(s, open_hour(s, number), &heat, &n));
	eq(n, expected);
	ok(entries.len == n * sizeof *heat && memcmp(entries.p, heat, entries.len) == 0);
	sidecar_sum(&sum, heat, n);
	ok(found.n == n && found.known == sum.known && found.text_len == sum.text_len && found.last_ms == sum.last_ms);
	ok_r(store_heat_sum(s, number, &found)); /* as it was kept */
	eq(found.text_len, sum.text_len);
}

static void entries_come_from_logs_sidecars_or_where_there_is_none_the_chunk(void)
{
	_cleanup_(cleanup_store) struct store *s = NULL;
	_cleanup_(buf_done) struct buf none = {0};
	const char *dir = new_store_path(), *sidecar;
	struct heat_sum sum;
	struct machine m = {0};

	machine_open(&m, dir);
	machine_run(&m, PER_HOUR + 3);
	check_entries(dir, HOUR, PER_HOUR);
	machine_seal(&m);
	check_entries(dir, HOUR, PER_HOUR);
	check_entries(dir, HOUR + 1, 3);
	/* Another part, in a log and sealed. */
	m.tick = 5;
	machine_run(&m, 2);
	check_entries(dir, HOUR, PER_HOUR + 2);
	m.tick = PER_HOUR + 3;
	machine_run(&m, 1);
	machine_seal(&m);
	check_entries(dir, HOUR, PER_HOUR + 2);
	sidecar = path_in(dir, SNAPSHOTS_03 ".heat");
	eq(truncate(sidecar, 200), 0);
	check_entries(dir, HOUR, PER_HOUR + 2);
	eq(unlink(sidecar), 0);
	check_entries(dir, HOUR, PER_HOUR + 2);
	machine_close(&m);
	s = open_store(dir);
	eq(store_heat_sum(s, HOUR - 1, &sum), -ENOENT);
	eq(store_heat_entries(s, HOUR - 1, &none), -ENOENT);
}

static void a_sum_is_that_of_the_entries_once_they_are_read(void)
{
	_cleanup_(cleanup_store) struct store *s = NULL;
	_cleanup_(buf_done) struct buf entries = {0};
	struct heat_sum found = {0}, sum = {0};
	const char *dir = new_store_path();
	struct machine m = {0};
	uint8_t byte = 0;
	int fd;

	machine_open(&m, dir);
	machine_run(&m, 2 * PER_HOUR + 1);
	machine_seal(&m);
	machine_close(&m);
	/* Entries that are damaged beside a sum that is not. They are made anew, and the first one has lost its rates.
	 */
	fd = open(path_in(dir, "snapshots/2026-11-20T04.heat"), O_RDWR);
	ok(fd >= 0 && pread(fd, &byte, 1, 100) == 1);
	byte ^= 1;
	eq(pwrite(fd, &byte, 1, 100), 1);
	close(fd);
	eq(unlink(path_in(dir, SNAPSHOTS_03 ".heat")), 0);
	eq(unlink(path_in(dir, SNAPSHOTS_03 ".chunk")), 0);
	s = open_store(dir);
	ok_r(store_heat_sum(s, HOUR + 1, &found));
	ok_r(store_heat_entries(s, HOUR + 1, &entries));
	sidecar_sum(&sum, (const struct disk_heat *)(const void *)entries.p, PER_HOUR);
	eq(entries.len, PER_HOUR * sizeof(struct disk_heat));
	ok(found.text_len != sum.text_len);
	ok_r(store_heat_sum(s, HOUR + 1, &found));
	eq(found.text_len, sum.text_len);
}

static void a_series_has_no_points_where_its_table_was_not_due(void)
{
	enum { N = 11, EVERY = 3, LATE_MS = 250 };
	_cleanup_(cleanup_store) struct store *s = NULL;
	const char *dir = new_store_path();
	struct machine m = {0};

	machine_open(&m, dir);
	for (unsigned i = 0; i < N; i++, m.tick++) {
		struct snapshot snap = machine_snapshot(m.tables, m.tick);

		recorder_begin(m.recorder);
		machine_fill(m.tables, m.tick - m.tick % EVERY);
		m.tables[0]->repeated = m.tick % EVERY != 0;
		m.tables[0]->taken_ms = LATE_MS - (int32_t)(m.tick % EVERY) * STEP_MS;
		machine_record(&m, &snap);
	}
	/* In the log, and in the chunk. */
	for (unsigned k = 0; k < 2; k++) {
		_cleanup_(buf_done) struct buf b = {0};
		const struct series_point *p;

		if (s)
			store_close(s);
		s = open_store(dir);
		ok_r(store_series_points(s, open_hour(s, HOUR), CPU, 0, 2, &b));
		eq(b.len, (N + EVERY - 1) / EVERY * sizeof *p);
		p = (const struct series_point *)(const void *)b.p;
		for (unsigned i = 0; i < b.len / sizeof *p; i++) {
			eq(p[i].ms, (int64_t)HOUR * HOUR_MS + i * EVERY * STEP_MS + LATE_MS);
			eq(p[i].value, i * EVERY * 70);
			eq(p[i].boot, p[0].boot);
			eq(p[i].boot_us - p[0].boot_us, i * EVERY * STEP_MS * 1000);
			eq(p[i].null, false);
		}
		m.tick = PER_HOUR;
		m.tables[0]->repeated = false;
		machine_run(&m, 1);
		machine_seal(&m);
	}
	machine_close(&m);
}

int main(void)
{
	RUN(nothing_is_kept_of_a_log_that_became_another_chunk);
	RUN(nothing_is_kept_of_a_log_that_became_another_log);
	RUN(a_part_that_comes_is_seen_by_a_reader_that_never_listed_the_hours);
	RUN(an_hour_that_comes_as_another_goes_is_a_difference);
	RUN(the_first_snapshot_of_a_log_is_the_latest_though_the_log_was_there_before);
	RUN(an_hour_stays_open_while_its_rates_are_looked_for_in_many_others);
	RUN(entries_come_from_logs_sidecars_or_where_there_is_none_the_chunk);
	RUN(a_sum_is_that_of_the_entries_once_they_are_read);
	RUN(a_series_has_no_points_where_its_table_was_not_due);
	return tap_done();
}
