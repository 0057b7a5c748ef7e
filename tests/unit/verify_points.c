/* verify_points.c -- what histctl verify must find in custom series: each byte that is flipped, and files that lie */
#include "store/identity.h"
#include "store/io.h"
#include "store/names.h"
#include "store/point_dir.h"
#include "store/point_drops.h"
#include "store/points.h"
#include "store/verify.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <unistd.h>

enum { HOUR = 494000, N_SERIES = 80, N_POINTS = 3 };

#define BEGIN_NS (HOUR * INT64_C(3600000000000))
#define LOG "series/00000000000000000001.log"

static char path[4200], file[128];

static void put(struct points *p, int64_t ns)
{
	struct point v[N_SERIES * N_POINTS];

	for (uint32_t i = 0; i < N_SERIES; i++) {
		char key[32];
		int len = snprintf(key, sizeof key, "m%cid%c%03u", 0, 0, i) + 1;
		uint32_t series = 0;

		ok_r(points_series(p, span_of(key, (size_t)len), &series));
		for (uint32_t k = 0; k < N_POINTS; k++)
			v[i * N_POINTS + k] = (struct point){.ns = ns + k, .bits = ns ^ i, .series = series};
	}
	ok_r(points_put(p, v, N_ELEMENTS(v), NULL));
	ok_r(points_sync(p));
}

/* A file of an hour, drops, and a log with a drop and the points of another hour. Returns its directory. */
static int new_store(void)
{
	struct points_options o = {.sync = SYNC_NONE};
	struct identity id = {.created_ms = 1, .host = "h"};
	char error[POINT_SELECT_ERROR_MAX];
	struct point_dir d = {0};
	struct points *p = NULL;
	static const char *dir;
	static unsigned n;
	int fd, series;

	if (!dir)
		dir = tap_tmpdir();
	snprintf(path, sizeof path, "%s/store%u", dir, n++);
	fd = io_opendir(AT_FDCWD, path, true);
	io_close(io_opendir(fd, SNAPSHOT_DIR, true));
	ok_r(identity_create(fd, &id));
	ok_r(points_open(fd, id.id, &o, &p));
	put(p, BEGIN_NS);
	while (points_tidy(p, BEGIN_NS / 1000000 + 3600000, 1000, true, NULL) == 1)
		;
	ok_r(points_drop(p, "m{id=\"007\"}", INT64_MIN, INT64_MAX, error));
	put(p, BEGIN_NS + 2 * INT64_C(3600000000000));
	put(p, BEGIN_NS + 2 * INT64_C(3600000000000) + 1000);
	ok_r(points_close(p));
	series = io_opendir(fd, POINTS_DIR, false);
	ok_r(point_dir_list(series, &d));
	eq(d.n, 1);
	point_file_name(file, d.files[0].hour, d.files[0].number);
	point_dir_done(&d);
	io_close(series);
	return fd;
}

struct found {
	uint64_t n;
	char last[512];
};

static void on_problem(const struct store_problem *p, void *arg)
{
	struct found *f = arg;

	f->n++;
	snprintf(f->last, sizeof f->last, "%.100s: %.300s", p->file, p->what);
}

static struct found verify(struct verify_count *ret_n)
{
	struct found f = {0};
	struct verify_calls calls = {.problem = on_problem, .arg = &f};

	ok_r(verify_store(path, &calls, ret_n));
	return f;
}

static void points_without_fault_have_no_problems(void)
{
	_cleanup_(cleanup_io_close) int fd = new_store();
	struct verify_count n;
	struct found f = verify(&n);

	ok(fd >= 0);
	str_eq(f.last, "");
	eq(f.n, 0);
	/* Some of them are in a log, too, and some are dropped. */
	eq(n.n_points, 3 * N_SERIES * N_POINTS);
}

/* How many bytes of a file before `end`, each step of them, may be wrong without being found. */
static uint64_t missed(int dirfd, const char *name, uint64_t end, uint64_t step)
{
	_cleanup_(cleanup_io_close) int fd = io_open_write(dirfd, name);
	uint64_t n_missed = 0;
	struct io_stat st;

	ok_r(io_fstat(fd, &st));
	for (uint64_t at = 0; at < st.len && at < end; at += step) {
		struct verify_count n;
		uint8_t c = 0, bad;

		eq(io_pread(fd, &c, 1, at), 1);
		bad = c ^ 0x10;
		ok_r(io_pwrite(fd, &bad, 1, at));
		n_missed += verify(&n).n == 0;
		ok_r(io_pwrite(fd, &c, 1, at));
	}
	return n_missed;
}

static void each_flipped_byte_is_found(void)
{
	_cleanup_(cleanup_io_close) int fd = new_store(), series = io_opendir(fd, POINTS_DIR, false);
	struct verify_count n;

	eq(missed(series, file, UINT64_MAX, 1), 0);
	/* What is at the end of a log may be half written. */
	eq(missed(fd, LOG, 1000, 7), 0);
	eq(verify(&n).n, 0);
}

static void a_flipped_byte_of_the_drops_is_found(void)
{
	_cleanup_(cleanup_io_close) int fd = new_store(), series = io_opendir(fd, POINTS_DIR, false);
	struct point_drops drops = {0};
	struct point_log_drop drop = {.number = 1, .selector = span_of("m", 1)};
	char error[POINT_SELECT_ERROR_MAX];
	const struct point_drop *added;
	struct verify_count n;
	struct identity id;

	ok_r(identity_read(fd, &id));
	eq(point_drops_add(&drops, &drop, error, &added), 1);
	drop.number = 2;
	eq(point_drops_add(&drops, &drop, error, &added), 1);
	ok_r(point_drops_write(series, id.id, &drops));
	eq(verify(&n).n, 0);
	eq(missed(series, POINT_DROPS_FILE, UINT64_MAX, 1), 0);
	ok_r(point_drops_write(series, id.id + 1, &drops));
	str_eq(verify(&n).last, "series/drops: the file is another store's");
	point_drops_done(&drops);
}

static void a_file_of_another_name_or_store_is_told(void)
{
	_cleanup_(cleanup_io_close) int fd = new_store(), series = io_opendir(fd, POINTS_DIR, false);
	struct point_file_head head = {.hour = HOUR + 9, .number = 3, .since = 3};
	struct point_file_writer *w = NULL;
	char name[POINT_FILE_NAME_SIZE], to[POINT_FILE_NAME_SIZE];
	struct verify_count n;

	point_file_name(to, HOUR, 4);
	ok_r(io_rename(series, file, to));
	ok(strstr(verify(&n).last, "the number is not the name's") != NULL);
	ok_r(io_rename(series, to, file));
	point_file_name(to, HOUR + 1, 2);
	ok_r(io_rename(series, file, to));
	ok(verify(&n).n >= 1);
	ok_r(io_rename(series, to, file));
	ok_r(point_file_writer_new(series, 99, &head, POINT_FILE_FAST, &w));
	ok_r(point_file_writer_finish(w, &head));
	ok(strstr(verify(&n).last, "the file is another store's") != NULL);
	point_file_name(name, head.hour, head.number);
	ok_r(io_unlink(series, name));
	eq(verify(&n).n, 0);
}

static void a_log_that_was_put_aside_is_told(void)
{
	_cleanup_(cleanup_io_close) int fd = new_store();
	struct verify_count n;

	ok_r(io_rename(fd, LOG, LOG ".damaged"));
	ok(strstr(verify(&n).last, "kept aside because of damage") != NULL);
}

static void batches_that_lie_are_told(void)
{
	_cleanup_(cleanup_io_close) int fd = new_store(), series = io_opendir(fd, POINTS_DIR, false);
	static const char *const whats[] = {
	    "no batch", "follows", "keys are numbered", "cannot be read", "no drop", "follows"};
	struct identity id;

	ok_r(identity_read(fd, &id));
	for (unsigned i = 0; i < N_ELEMENTS(whats); i++) {
		struct file_id log_id = {.kind = KIND_POINT_LOG, .store_id = id.id, .first_seq = 900};
		_cleanup_(buf_done) struct buf b = {0};
		const struct point v = {.ns = 1};
		const uint32_t key = i == 3;
		enum frame_type type = i < 4 ? FRAME_POINTS : FRAME_DROP;
		struct log *l = NULL;
		struct span payload;
		struct verify_count n;
		struct found f;

		ok_r(log_create(series, "00000000000000000900.log", &log_id, SYNC_NONE, &l));
		if (i < 4) {
			point_log_put_head(&b, i == 1 ? 1 : 900, i == 2 ? 5 : 0, 1);
			buf_put(&b, "\002m", 3);
			point_log_put_columns(&b, &key, &v, 1);
		} else
			point_log_put_drop(
			    &b, &(struct point_log_drop){i == 5 ? 1 : 900, 0, 1, span_of(i == 4 ? "{" : "m", 1)});
		payload = span_of(b.p, i == 0 ? b.len - 1 : b.len);
		ok_r(log_append(l, type, &payload, 1, NULL));
		log_close(l);
		f = verify(&n);
		eq(f.n, 1);
		if (!ok(strstr(f.last, whats[i]) != NULL))
			printf("# %s\n", f.last);
		ok_r(io_unlink(series, "00000000000000000900.log"));
	}
}

int main(void)
{
	RUN(points_without_fault_have_no_problems);
	RUN(each_flipped_byte_is_found);
	RUN(a_flipped_byte_of_the_drops_is_found);
	RUN(a_file_of_another_name_or_store_is_told);
	RUN(a_log_that_was_put_aside_is_told);
	RUN(batches_that_lie_are_told);
	return tap_done();
}
