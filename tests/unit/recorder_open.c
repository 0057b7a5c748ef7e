/* recorder_open.c -- which directories a recorder takes for its own, and how it goes on in them */
#include "store/identity.h"
#include "store/store.h"
#include "tests/unit/machine.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <xxhash.h>

static const struct recorder_options options = {.sync = SYNC_NONE, .host = "unit"};

static int try_open(const char *dir)
{
	_cleanup_(cleanup_recorder) struct recorder *r = NULL;

	return recorder_open(dir, &options, &r);
}

static unsigned n_files(const char *dir)
{
	DIR *d = opendir(dir);
	unsigned n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static void put_file(const char *dir, const char *name, const char *content)
{
	_cleanup_(cleanup_fclose) FILE *f = fopen(path_in(dir, name), "w");

	ok(f && fputs(content, f) >= 0);
}

static void a_directory_with_other_things_in_it_is_left_alone(void)
{
	const char *dir = tap_tmpdir();

	put_file(dir, "notes.txt", "mine");
	eq(try_open(dir), -ENOTEMPTY);
	eq(n_files(dir), 3); /* with . and .. */
}

static void an_empty_directory_and_none_become_a_store(void)
{
	const char *dir = tap_tmpdir(), *none = new_store_path();

	eq(try_open(dir), 0);
	eq(try_open(none), 0);
	eq(try_open(none), 0); /* and stay one */
}

static void what_an_interrupted_creation_left_becomes_a_store(void)
{
	const char *dir = tap_tmpdir();

	put_file(dir, "lock", "123\n");
	put_file(dir, "histfs.store.tmp", "half");
	eq(mkdir(path_in(dir, "lost+found"), 0700), 0);
	eq(try_open(dir), 0);
	eq(access(path_in(dir, "histfs.store.tmp"), F_OK), -1);
}

static void a_file_in_the_place_of_the_directory_is_an_error(void)
{
	const char *dir = tap_tmpdir();

	put_file(dir, "file", "");
	eq(try_open(path_in(dir, "file")), -ENOTDIR);
}

/* Sets the incompatible bits in the header of the store's file; right: with a check that is so. */
static void set_incompat(const char *dir, uint32_t bits, bool right)
{
	_cleanup_(cleanup_close) int fd = open(path_in(dir, "histfs.store"), O_RDWR);
	struct disk_header h;

	eq(pread(fd, &h, sizeof h, 0), sizeof h);
	h.incompat = put_le32(bits);
	if (right)
		h.check = put_le64(XXH3_64bits(&h, offsetof(struct disk_header, check)));
	eq(pwrite(fd, &h, sizeof h, 0), sizeof h);
}

static void a_store_file_that_is_damaged_or_newer_is_not_overwritten(void)
{
	const char *dir = new_store_path();
	_cleanup_(cleanup_close) int fd = -1;

	eq(try_open(dir), 0);
	set_incompat(dir, 1, false);
	eq(try_open(dir), -EBADMSG);
	set_incompat(dir, 1, true);
	eq(try_open(dir), -EPROTONOSUPPORT);
	set_incompat(dir, 0, true);
	eq(try_open(dir), 0);
	fd = open(path_in(dir, "histfs.store"), O_RDWR);
	eq(ftruncate(fd, 20), 0);
	eq(try_open(dir), -EBADMSG);
}

static void temporary_files_are_removed(void)
{
	const char *dir = new_store_path();

	eq(try_open(dir), 0);
	put_file(dir, "snapshots/2026-11-20T03.chunk.tmp", "half");
	put_file(dir, "snapshots/notes", "mine");
	eq(try_open(dir), 0);
	eq(access(path_in(dir, "snapshots/2026-11-20T03.chunk.tmp"), F_OK), -1);
	eq(access(path_in(dir, "snapshots/notes"), F_OK), 0);
}

static void check_numbers(const char *dir, uint32_t n)
{
	_cleanup_(cleanup_store) struct store *s = NULL;
	struct hour *h;

	if (!ok_r(store_open(dir, NULL, &s)) || !ok_r(store_hour(s, HOUR, &h)))
		return;
	eq(hour_n(h), n);
	for (uint32_t i = 0; i < hour_n(h); i++) {
		uint32_t seq;
		int64_t time_ms;

		ok_r(hour_snapshot(h, i, &seq, &time_ms));
		eq(seq, i);
	}
}

static void a_restart_goes_on_in_the_same_log_and_in_its_numbers(void)
{
	const char *dir = new_store_path();
	struct machine m = {0};

	for (unsigned i = 0; i < 5; i++) {
		machine_open(&m, dir);
		machine_run(&m, 2);
		machine_close(&m);
	}
	check_numbers(dir, 10);
	eq(n_files(path_in(dir, "snapshots")), 3);
}

/* The clock stepped back into a sealed hour, and the machine stopped before anything was recorded there. */
static void numbers_go_on_behind_a_part_that_is_empty_yet(void)
{
	const char *dir = new_store_path();
	struct machine m = {0};
	struct file_id id = {.kind = KIND_WAL, .hour = HOUR, .part = 1, .first_seq = 10};
	_cleanup_(cleanup_close) int fd = -1;
	struct log *log;

	machine_open(&m, dir);
	machine_run(&m, 10);
	m.tick = PER_HOUR;
	machine_run(&m, 1);
	machine_seal(&m);
	machine_close(&m);
	eq(unlink(path_in(dir, "snapshots/2026-11-20T04.wal")), 0);
	fd = open(path_in(dir, "snapshots"), O_RDONLY | O_DIRECTORY);
	ok_r(log_create(fd, "2026-11-20T03.1.wal", &id, SYNC_NONE, &log));
	log_close(log);
	m.tick = 10;
	machine_open(&m, dir);
	machine_run(&m, 2);
	machine_close(&m);
	check_numbers(dir, 12);
}

/* A number that a part had which is put aside is not given to another. */
static void a_new_part_comes_behind_those_put_aside(void)
{
	const char *dir = new_store_path();
	struct machine m = {0};

	machine_open(&m, dir);
	machine_close(&m);
	put_file(dir, "snapshots/2026-11-20T03.4.wal.damaged", "x");
	machine_open(&m, dir);
	machine_run(&m, 1);
	machine_close(&m);
	eq(access(path_in(dir, "snapshots/2026-11-20T03.5.wal"), F_OK), 0);
}

/* The CPU's share in the newest snapshot's entry. */
static uint16_t newest_cpu(const char *dir)
{
	_cleanup_(cleanup_store) struct store *s = NULL;
	const struct disk_heat *heat = NULL;
	struct hour *h;
	uint32_t seq, n = 0;
	int32_t hour = 0;

	if (!ok_r(store_open(dir, NULL, &s)) || !ok_r(store_latest(s, &hour, &seq)) || !ok_r(store_hour(s, hour, &h)) ||
	    !ok_r(store_heat(s, h, &heat, &n)) || !ok(n > 0))
		return 0;
	return get_le16(heat[n - 1].m[HEAT_CPU]);
}

static void measures_go_on_from_what_was_recorded_before_a_restart(void)
{
	const char *dir = new_store_path();
	struct machine m = {0};

	machine_open(&m, dir);
	machine_run(&m, PER_HOUR);
	eq(newest_cpu(dir) == HEAT_UNKNOWN, false);
	machine_seal(&m);
	machine_close(&m);
	/* Behind a sealed hour, and behind a log. */
	for (unsigned i = 0; i < 2; i++) {
		machine_open(&m, dir);
		machine_run(&m, 1);
		ok(newest_cpu(dir) > 200 && newest_cpu(dir) < 400);
		machine_close(&m);
	}
}

int main(void)
{
	RUN(a_directory_with_other_things_in_it_is_left_alone);
	RUN(an_empty_directory_and_none_become_a_store);
	RUN(what_an_interrupted_creation_left_becomes_a_store);
	RUN(a_file_in_the_place_of_the_directory_is_an_error);
	RUN(a_store_file_that_is_damaged_or_newer_is_not_overwritten);
	RUN(temporary_files_are_removed);
	RUN(a_restart_goes_on_in_the_same_log_and_in_its_numbers);
	RUN(numbers_go_on_behind_a_part_that_is_empty_yet);
	RUN(a_new_part_comes_behind_those_put_aside);
	RUN(measures_go_on_from_what_was_recorded_before_a_restart);
	return tap_done();
}
