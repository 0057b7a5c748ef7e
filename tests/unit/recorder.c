/* recorder.c -- hours, clocks, sealing, retention: what other recorders got wrong (docs/known-failures.md) */
#include "store/store.h"
#include "tests/unit/machine.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define SNAPSHOTS_03 "snapshots/2026-11-20T03"

static bool exists(const char *dir, const char *name)
{
	struct stat st;

	return lstat(path_in(dir, name), &st) == 0;
}

static struct hour *open_hour(struct store *s, int32_t number)
{
	struct hour *h = NULL;

	if (!ok_r(store_hour(s, number, &h)))
		exit(1);
	return h;
}

static uint32_t count(const char *dir, int32_t number)
{
	_cleanup_(cleanup_store) struct store *s = NULL;
	struct hour *h;

	if (!ok_r(store_open(dir, NULL, &s)) || store_hour(s, number, &h) < 0)
		return 0;
	return hour_n(h);
}

/* The text of a table; a string to free. */
static char *text_of(struct store *s, int32_t number, uint32_t seq, uint16_t table)
{
	struct hour *h = open_hour(s, number);
	struct span text = {0};
	uint32_t i = 0;

	ok_r(hour_find(h, seq, &i));
	ok_r(store_text(s, h, i, table, FORM_TEXT, &text));
	return strndup((const char *)text.p, span_left(&text));
}

static void copy_file(const char *from, const char *to)
{
	_cleanup_(cleanup_close) int in = open(from, O_RDONLY | O_CLOEXEC);
	_cleanup_(cleanup_close) int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	char b[65536];
	ssize_t n;

	ok(in >= 0 && out >= 0);
	while ((n = read(in, b, sizeof b)) > 0)
		eq(write(out, b, (size_t)n), n);
}

/* --- hours --- */

static void a_snapshot_is_in_the_hour_of_its_own_time(void)
{
	const char *dir = new_store_path();
	struct machine m = {0};

	machine_open(&m, dir);
	machine_run(&m, 2);
	m.tick = 5 * PER_HOUR;
	machine_run(&m, 3);
	machine_close(&m);
	ok(exists(dir, SNAPSHOTS_03 ".wal") && exists(dir, "snapshots/2026-11-20T08.wal"));
	eq(count(dir, HOUR), 2);
	eq(count(dir, HOUR + 5), 3);
}

static void a_second_recorder_is_refused(void)
{
	struct recorder_options o = {.sync = SYNC_NONE};
	const char *dir = new_store_path();
	struct machine m = {0};
	struct recorder *r;

	machine_open(&m, dir);
	eq(recorder_open(dir, &o, &r), -EWOULDBLOCK);
	machine_run(&m, 1);
	machine_close(&m);
	eq(count(dir, HOUR), 1);
}

static void a_clock_that_steps_back_hides_nothing(void)
{
	const int64_t back_ms = (int64_t)HOUR * HOUR_MS + HOUR_MS / 2 + STEP_MS / 2;
	_cleanup_(cleanup_store) struct store *s = NULL;
	const char *dir = new_store_path();
	struct machine m = {0};
	struct snapshot snap;
	uint32_t seq = 0;
	int32_t hour = 0;

	machine_open(&m, dir);
	machine_run(&m, PER_HOUR + 2);
	machine_seal(&m);
	snap = machine_snapshot(m.tables, m.tick);
	snap.time_ms = back_ms;
	recorder_begin(m.recorder);
	machine_fill(m.tables, m.tick);
	machine_record(&m, &snap);
	machine_close(&m);

	ok(exists(dir, SNAPSHOTS_03 ".chunk") && exists(dir, SNAPSHOTS_03 ".1.wal"));
	ok_r(store_open(dir, NULL, &s));
	eq(hour_n(open_hour(s, HOUR)), PER_HOUR + 1);
	eq(hour_n(open_hour(s, HOUR + 1)), 2);
	ok_r(store_at(s, back_ms, &hour, &seq));
	ok(hour == HOUR && seq == PER_HOUR);
	/* Half a step later the sealed snapshot comes, by its time. */
	ok_r(store_at(s, back_ms + STEP_MS / 2, &hour, &seq));
	ok(hour == HOUR && seq == PER_HOUR / 2 + 1);
	ok_r(store_at(s, back_ms + HOUR_MS, &hour, &seq));
	ok(hour == HOUR + 1 && seq == 1);
	ok_r(store_latest(s, &hour, &seq));
	ok(hour == HOUR && seq == PER_HOUR);
}

/* --- what is in them --- */

static void a_table_that_gains_a_column_leaves_what_was_recorded_readable(void)
{
	static const struct column more = {"nice", "", COL_I64, KIND_GAUGE, 0, 0};
	_cleanup_(cleanup_table_schema) struct table_schema *wider = NULL;
	const char *dir = new_store_path();
	struct machine m = {0};

	machine_open(&m, dir);
	machine_run(&m, 6);
	ok_r(table_schema_copy(m.tables[1]->schema, &wider));
	ok_r(table_schema_add(wider, &more));
	ok_r(table_set_schema(m.tables[1], wider));
	machine_run(&m, PER_HOUR - 6 + 1);
	for (int sealed = 0; sealed < 2; sealed++) {
		_cleanup_(cleanup_store) struct store *s = NULL;
		_cleanup_(cleanup_free) char *before = NULL, *after = NULL;

		ok_r(store_open(dir, NULL, &s));
		before = text_of(s, HOUR, 5, TASKS);
		after = text_of(s, HOUR, 6, TASKS);
		ok(strncmp(before, "pid\tcomm\n", 9) == 0);
		ok(strncmp(after, "pid\tcomm\tnice\n", 14) == 0);
		ok(strstr(after, "\ttask 2\t\\N\n"));
		machine_seal(&m);
	}
	machine_close(&m);
}

static void a_string_that_is_not_utf8_comes_back_byte_for_byte(void)
{
	static const char odd[] = "a\xff\xfe\tb\nc\0d\xc3";
	const char *dir = new_store_path();
	struct machine m = {0};

	machine_open(&m, dir);
	for (unsigned i = 0; i < PER_HOUR + 1; i++, m.tick++) {
		struct snapshot s = machine_snapshot(m.tables, m.tick);

		recorder_begin(m.recorder);
		machine_fill(m.tables, m.tick);
		ok_r(table_set_str(m.tables[1], 1, 1, odd, sizeof odd - 1));
		machine_record(&m, &s);
	}
	machine_seal(&m);
	machine_close(&m);
	for (int32_t h = HOUR; h <= HOUR + 1; h++) { /* sealed, and not */
		_cleanup_(cleanup_store) struct store *s = NULL;
		const struct table *t = NULL;
		struct str str;

		ok_r(store_open(dir, NULL, &s));
		ok_r(store_table(s, open_hour(s, h), 0, TASKS, &t));
		str = table_str(t, 1, 1);
		ok(str.len == sizeof odd - 1 && memcmp(str.p, odd, str.len) == 0);
	}
}

static void the_first_heat_entry_of_an_hour_goes_on_from_the_hour_before(void)
{
	_cleanup_(cleanup_store) struct store *s = NULL;
	const char *dir = new_store_path();
	const struct disk_heat *heat = NULL;
	struct machine m = {0};
	uint32_t n = 0;

	machine_open(&m, dir);
	machine_run(&m, 2 * PER_HOUR + 1);
	machine_seal(&m);
	machine_close(&m);
	ok_r(store_open(dir, NULL, &s));
	for (int32_t h = HOUR + 1; h <= HOUR + 2; h++) {
		ok_r(store_heat(s, open_hour(s, h), &heat, &n));
		ok(n > 0);
		/* 30 of 100 ticks, give or take a few. */
		ok(get_le16(heat[0].m[HEAT_CPU]) > 200 && get_le16(heat[0].m[HEAT_CPU]) < 400);
	}
}

static void a_table_that_is_not_due_costs_next_to_nothing_and_is_there(void)
{
	enum { N_ROWS = 500 };
	_cleanup_(cleanup_store) struct store *s = NULL;
	const char *dir = new_store_path();
	struct machine m = {0};
	const struct table *t = NULL;
	size_t len[2] = {0};

	machine_open(&m, dir);
	for (unsigned i = 0; i < 2; i++, m.tick++) {
		_cleanup_(cleanup_encoded) struct encoded *e = NULL;
		struct snapshot snap = machine_snapshot(m.tables, m.tick);
		uint32_t row;

		recorder_begin(m.recorder);
		machine_fill(m.tables, 0);
		for (uint32_t k = N_TASKS; k < N_ROWS; k++) {
			char comm[32];

			snprintf(comm, sizeof comm, "number %u", k * 7919);
			ok_r(table_add_row(m.tables[1], &row));
			table_set(m.tables[1], row, 0, k);
			ok_r(table_set_str(m.tables[1], row, 1, comm, strlen(comm)));
		}
		m.tables[1]->repeated = i > 0;
		m.tables[1]->taken_ms = i > 0 ? -STEP_MS : 0;
		ok_r(recorder_encode(m.recorder, &snap, &e));
		len[i] = e->frame.len;
		ok_r(recorder_append(m.recorder, e));
	}
	machine_close(&m);
	ok(len[0] > 1000);
	ok(len[1] < 200);
	ok_r(store_open(dir, NULL, &s));
	ok_r(store_table(s, open_hour(s, HOUR), 1, TASKS, &t));
	eq(t ? t->n_rows : 0, N_ROWS);
}

/* The hour has parts 0, a log that could not be sealed, and 1, a chunk. */
static void a_log_goes_on_only_if_it_is_its_hours_last_part(void)
{
	_cleanup_(cleanup_store) struct store *s = NULL;
	const char *dir = new_store_path();
	struct machine m = {0};
	uint32_t i = 0;

	machine_open(&m, dir);
	machine_run(&m, PER_HOUR + 1);
	ok(mkdir(path_in(dir, SNAPSHOTS_03 ".chunk.tmp"), 0700) == 0);
	m.tick = PER_HOUR - 1;
	machine_run(&m, 2);
	for (unsigned k = 0; k < 3; k++)
		(void)recorder_seal(m.recorder);
	machine_close(&m);
	ok(exists(dir, SNAPSHOTS_03 ".wal") && exists(dir, SNAPSHOTS_03 ".1.chunk"));
	ok(rmdir(path_in(dir, SNAPSHOTS_03 ".chunk.tmp")) == 0);
	ok(unlink(path_in(dir, "snapshots/2026-11-20T04.chunk")) == 0);
	ok(unlink(path_in(dir, "snapshots/2026-11-20T04.1.wal")) == 0);

	machine_open(&m, dir);
	m.tick = PER_HOUR - 1;
	machine_run(&m, 1);
	machine_close(&m);
	ok_r(store_open(dir, NULL, &s));
	eq(hour_n(open_hour(s, HOUR)), PER_HOUR + 2);
	ok_r(hour_find(open_hour(s, HOUR), PER_HOUR + 1, &i));
	eq(i, PER_HOUR + 1);
}

/* --- sealing --- */

static void a_log_left_beside_its_chunk_counts_once(void)
{
	const char *dir = new_store_path();
	struct machine m = {0};

	machine_open(&m, dir);
	machine_run(&m, PER_HOUR + 1);
	copy_file(path_in(dir, SNAPSHOTS_03 ".wal"), path_in(dir, "saved"));
	machine_seal(&m);
	machine_close(&m);
	/* As after a crash between the chunk's name and the log's removal. */
	ok(rename(path_in(dir, "saved"), path_in(dir, SNAPSHOTS_03 ".wal")) == 0);
	eq(count(dir, HOUR), PER_HOUR);
	machine_open(&m, dir);
	ok(!exists(dir, SNAPSHOTS_03 ".wal"));
	machine_seal(&m);
	machine_close(&m);
	eq(count(dir, HOUR), PER_HOUR);
}

/* Damages the chunk's meta frame, which has the id of the log. */
static void damage_meta(const char *dir, const char *log, const char *chunk)
{
	_cleanup_(cleanup_fclose) FILE *l = fopen(path_in(dir, log), "r"), *c = fopen(path_in(dir, chunk), "r+");
	_cleanup_(cleanup_free) char *text = malloc(1 << 20);
	char header[32], *at;
	size_t len;

	if (!ok(l && c && text) || !ok(fread(header, 1, sizeof header, l) == sizeof header))
		return;
	len = fread(text, 1, 1 << 20, c);
	at = memmem(text, len, header + 24, 8);
	if (!ok(at))
		return;
	ok(fseek(c, at - text, SEEK_SET) == 0 && fputc(~*at, c) != EOF);
}

static void a_log_left_beside_its_chunk_counts_once_though_the_chunk_forgot_it(void)
{
	const char *dir = new_store_path();
	struct machine m = {0};

	machine_open(&m, dir);
	machine_run(&m, PER_HOUR + 1);
	copy_file(path_in(dir, SNAPSHOTS_03 ".wal"), path_in(dir, "saved"));
	machine_seal(&m);
	machine_close(&m);
	damage_meta(dir, "saved", SNAPSHOTS_03 ".chunk");
	eq(count(dir, HOUR), PER_HOUR);
	ok(rename(path_in(dir, "saved"), path_in(dir, SNAPSHOTS_03 ".wal")) == 0);
	machine_open(&m, dir);
	ok(exists(dir, SNAPSHOTS_03 ".chunk.damaged"));
	eq(count(dir, HOUR), PER_HOUR);
	machine_seal(&m);
	machine_close(&m);
	eq(count(dir, HOUR), PER_HOUR);
	ok(!exists(dir, SNAPSHOTS_03 ".wal"));
}

static void a_log_that_cannot_be_sealed_stays_and_is_tried_again(void)
{
	const char *dir = new_store_path();
	struct recorder_stat st;
	struct machine m = {0};

	machine_open(&m, dir);
	machine_run(&m, PER_HOUR + 1);
	/* A directory in the place of the temporary file cannot be replaced. */
	ok(mkdir(path_in(dir, SNAPSHOTS_03 ".chunk.tmp"), 0700) == 0);
	ok(recorder_seal(m.recorder) < 0);
	ok(recorder_seal(m.recorder) < 0);
	recorder_stat(m.recorder, &st);
	ok(st.n_seal_errors == 2 && st.n_unsealed == 1 && st.n_sealed == 0);
	eq(count(dir, HOUR), PER_HOUR);
	ok(rmdir(path_in(dir, SNAPSHOTS_03 ".chunk.tmp")) == 0);
	machine_seal(&m);
	recorder_stat(m.recorder, &st);
	ok(st.n_unsealed == 0 && st.n_sealed == 1);
	ok(!exists(dir, SNAPSHOTS_03 ".wal"));
	machine_close(&m);
	eq(count(dir, HOUR), PER_HOUR);
}

static void a_damaged_log_is_kept_aside_and_what_is_newer_is_read(void)
{
	const char *dir = new_store_path();
	struct machine m = {0};
	struct stat st;
	uint8_t byte;
	uint32_t n;
	int fd;

	machine_open(&m, dir);
	machine_run(&m, PER_HOUR + 3);
	fd = open(path_in(dir, SNAPSHOTS_03 ".wal"), O_RDWR | O_CLOEXEC);
	ok(fd >= 0 && fstat(fd, &st) == 0);
	ok(pread(fd, &byte, 1, st.st_size / 2) == 1);
	byte ^= 0x10;
	ok(pwrite(fd, &byte, 1, st.st_size / 2) == 1);
	close(fd);
	machine_seal(&m);
	machine_close(&m);
	ok(exists(dir, SNAPSHOTS_03 ".wal.damaged") && exists(dir, SNAPSHOTS_03 ".chunk"));
	n = count(dir, HOUR);
	ok(n >= PER_HOUR - 4 && n < PER_HOUR); /* a keyframe every 4 */
	eq(count(dir, HOUR + 1), 3);
}

#if defined(__SANITIZE_ADDRESS__)
#define NO_MEMORY_TESTS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NO_MEMORY_TESTS 1
#endif
#endif

/* Kilobytes that sealing an hour of n snapshots of 200 tasks takes at its peak. */
static long sealing_kb(unsigned n)
{
	enum { N_ROWS = 200 };
	const char *dir = new_store_path();
	struct recorder_options o = {.sync = SYNC_NONE};
	struct machine m = {0};
	struct rusage use = {0};
	int status = -1;
	pid_t pid;

	machine_open(&m, dir);
	for (unsigned i = 0; i < n; i++) {
		struct snapshot snap = machine_snapshot(m.tables, 0);

		snap.time_ms += i * 1000;
		snap.boot_us += i * UINT64_C(1000000);
		recorder_begin(m.recorder);
		machine_fill(m.tables, i);
		for (uint32_t k = 1; k < N_ROWS; k++) {
			uint32_t row;

			ok_r(table_add_row(m.tables[0], &row));
			table_set(m.tables[0], row, 1, (uint64_t)k * i);
			table_set(m.tables[0], row, 2, (uint64_t)k * k * i);
		}
		machine_record(&m, &snap);
	}
	m.tick = PER_HOUR;
	machine_run(&m, 1);
	machine_close(&m);
	/* In a process of its own, whose peak is the sealing's. */
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct recorder *r;

		_exit(recorder_open(dir, &o, &r) < 0 || recorder_seal(r) < 0);
	}
	ok(wait4(pid, &status, 0, &use) == pid && status == 0);
	return use.ru_maxrss;
}

static __attribute__((unused)) void sealing_takes_memory_for_a_group_and_not_for_the_hour(void)
{
	long few = sealing_kb(200), many = sealing_kb(2000);

	/* 1800 snapshots of 200 rows, three cells each, are 8 MB, and more as they are held. */
	ok(many < few + 4096);
	if (many >= few + 4096)
		printf("# %ld kB for 200 snapshots, %ld for 2000\n", few, many);
}

/* --- retention --- */

static uint64_t bytes_of(const char *dir)
{
	_cleanup_(cleanup_free) char *command = NULL;
	unsigned long long n = 0;
	FILE *f;

	ok(asprintf(&command, "cat '%s'/snapshots/* | wc -c", dir) > 0);
	f = popen(command, "r");
	ok(f && fscanf(f, "%llu", &n) == 1);
	if (f)
		pclose(f);
	return n;
}

static void retention_removes_whole_hours_oldest_first_and_counts_every_file(void)
{
	const char *dir = new_store_path();
	struct machine m = {0};

	machine_open(&m, dir);
	machine_run(&m, 5 * PER_HOUR + 1);
	machine_seal(&m);
	/* What was kept aside counts, and goes with its hour. */
	copy_file(path_in(dir, SNAPSHOTS_03 ".chunk"), path_in(dir, SNAPSHOTS_03 ".wal.damaged"));
	ok_r(recorder_retain(m.recorder, bytes_of(dir), 0, NEVER_LATER));
	ok(exists(dir, SNAPSHOTS_03 ".chunk"));
	ok_r(recorder_retain(m.recorder, bytes_of(dir) - 1, 0, NEVER_LATER));
	ok(!exists(dir, SNAPSHOTS_03 ".chunk") && !exists(dir, SNAPSHOTS_03 ".heat"));
	ok(!exists(dir, SNAPSHOTS_03 ".wal.damaged"));
	ok(exists(dir, "snapshots/2026-11-20T04.chunk") && exists(dir, "snapshots/2026-11-20T04.heat"));
	/* Nothing is younger than the newest hour, whatever the limit. */
	ok_r(recorder_retain(m.recorder, 1, 0, NEVER_LATER));
	ok(!exists(dir, "snapshots/2026-11-20T07.chunk") && exists(dir, "snapshots/2026-11-20T08.wal"));
	machine_close(&m);
	eq(count(dir, HOUR + 5), 1);
}

static void retention_goes_by_age_and_on_after_an_error(void)
{
	const char *dir = new_store_path();
	struct machine m = {0};

	machine_open(&m, dir);
	machine_run(&m, 5 * PER_HOUR + 1);
	machine_seal(&m);
	ok_r(recorder_retain(m.recorder, 0, (int64_t)10 * HOUR_MS, NEVER_LATER));
	ok(exists(dir, SNAPSHOTS_03 ".chunk"));
	/* A directory cannot be unlinked. */
	ok(unlink(path_in(dir, SNAPSHOTS_03 ".chunk")) == 0);
	ok(mkdir(path_in(dir, SNAPSHOTS_03 ".chunk"), 0700) == 0);
	ok(recorder_retain(m.recorder, 0, (int64_t)2 * HOUR_MS, NEVER_LATER) < 0);
	ok(!exists(dir, "snapshots/2026-11-20T04.chunk") && !exists(dir, "snapshots/2026-11-20T05.chunk"));
	ok(exists(dir, "snapshots/2026-11-20T06.chunk") && exists(dir, "snapshots/2026-11-20T07.chunk"));
	machine_close(&m);
}

static void a_clock_that_was_ahead_makes_nothing_old(void)
{
	const char *dir = new_store_path();
	struct machine m = {0};

	machine_open(&m, dir);
	machine_run(&m, PER_HOUR + 1);
	m.tick = 100000 * PER_HOUR;
	machine_run(&m, 1);
	machine_close(&m);
	/* Not even if its log is the newest when the next recorder begins. */
	machine_open(&m, dir);
	ok_r(recorder_retain(m.recorder, 0, (int64_t)2 * HOUR_MS, NEVER_LATER));
	m.tick = PER_HOUR + 1;
	machine_run(&m, 1);
	machine_seal(&m);
	ok_r(recorder_retain(m.recorder, 0, (int64_t)2 * HOUR_MS, NEVER_LATER));
	machine_close(&m);
	eq(count(dir, HOUR), PER_HOUR);
	eq(count(dir, HOUR + 1), 2);
	eq(count(dir, HOUR + 100000), 1);
}

static void ages_count_from_a_time_before_the_hour_appended_to_last(void)
{
	const char *dir = new_store_path();
	struct machine m = {0};

	machine_open(&m, dir);
	machine_run(&m, 3 * PER_HOUR);
	m.tick = 100000 * PER_HOUR;
	machine_run(&m, 1);
	machine_seal(&m);
	ok_r(recorder_retain(m.recorder, 0, (int64_t)HOUR_MS, hour_begin_ms(HOUR + 2)));
	ok(exists(dir, "snapshots/2026-11-20T04.chunk") && !exists(dir, SNAPSHOTS_03 ".chunk"));
	ok_r(recorder_retain(m.recorder, 0, (int64_t)HOUR_MS, NEVER_LATER));
	ok(!exists(dir, "snapshots/2026-11-20T04.chunk"));
	machine_close(&m);
}

int main(void)
{
	RUN(a_snapshot_is_in_the_hour_of_its_own_time);
	RUN(a_second_recorder_is_refused);
	RUN(a_clock_that_steps_back_hides_nothing);
	RUN(a_table_that_gains_a_column_leaves_what_was_recorded_readable);
	RUN(a_string_that_is_not_utf8_comes_back_byte_for_byte);
	RUN(the_first_heat_entry_of_an_hour_goes_on_from_the_hour_before);
	RUN(a_table_that_is_not_due_costs_next_to_nothing_and_is_there);
	RUN(a_log_goes_on_only_if_it_is_its_hours_last_part);
	RUN(a_log_left_beside_its_chunk_counts_once);
	RUN(a_log_left_beside_its_chunk_counts_once_though_the_chunk_forgot_it);
	RUN(a_log_that_cannot_be_sealed_stays_and_is_tried_again);
	RUN(a_damaged_log_is_kept_aside_and_what_is_newer_is_read);
#ifdef NO_MEMORY_TESTS
	SKIP(sealing_takes_memory_for_a_group_and_not_for_the_hour, "the sanitizer's own memory is in the way");
#else
	RUN(sealing_takes_memory_for_a_group_and_not_for_the_hour);
#endif
	RUN(retention_removes_whole_hours_oldest_first_and_counts_every_file);
	RUN(retention_goes_by_age_and_on_after_an_error);
	RUN(ages_count_from_a_time_before_the_hour_appended_to_last);
	RUN(a_clock_that_was_ahead_makes_nothing_old);
	return tap_done();
}
