/* point_file.c -- files of points on a disk that fails, and whose power is cut
 *
 * What is promised: under its name there is at any time nothing, or the old file, whole, or the new one, whole; the new
 * one once point_file_writer_finish returned 0. What fails is told, leaves nothing, and costs no memory.
 */
#include "store/io.h"
#include "store/point_file.h"
#include "tests/faultalloc.h"
#include "tests/faultio.h"
#include "tests/tap.h"

#include <fcntl.h>

enum { HOUR = 494000, NUMBER = 9, N_SERIES = 200, N_POINTS = 40 };

#define BEGIN_NS (HOUR * INT64_C(3600000000000))

static const char *path;

/* The points of series i of a version. */
static void make(uint64_t version, unsigned i, int64_t ns[static N_POINTS], uint64_t bits[static N_POINTS])
{
	for (unsigned k = 0; k < N_POINTS; k++) {
		ns[k] = BEGIN_NS + (int64_t)(k * 1000000 + (i % 8) * version);
		bits[k] = version << 56 ^ i * UINT64_C(0x9e3779b97f4a7c15) ^ k;
	}
}

static size_t make_key(unsigned i, char ret[static 32])
{
	return (size_t)snprintf(ret, 32, "metric%05u", i) + 1;
}

static int write_version(int dir, uint64_t version, enum point_file_level level)
{
	_cleanup_(cleanup_point_file_writer) struct point_file_writer *w = NULL;
	struct point_file_head head = {.hour = HOUR, .number = NUMBER, .since = version};
	uint64_t bits[N_POINTS];
	int64_t ns[N_POINTS];
	char key[32];
	int r = point_file_writer_new(dir, 1, &head, level, &w);

	for (unsigned i = 0; i < N_SERIES && r == 0; i++) {
		size_t len = make_key(i, key);

		make(version, i, ns, bits);
		r = point_file_writer_add(w, span_of(key, len), ns, bits, N_POINTS);
	}
	return r < 0 ? r : point_file_writer_finish(TAKE(w), &head);
}

struct reading {
	uint64_t version;
	unsigned n;
};

static int on_series(uint64_t number, const int64_t *ns, const uint64_t *bits, size_t n, void *arg)
{
	uint64_t expected_bits[N_POINTS];
	int64_t expected_ns[N_POINTS];
	struct reading *rd = arg;

	make(rd->version, (unsigned)number, expected_ns, expected_bits);
	ok(n == N_POINTS && memcmp(ns, expected_ns, sizeof expected_ns) == 0 &&
	    memcmp(bits, expected_bits, sizeof expected_bits) == 0);
	rd->n++;
	return 0;
}

static int read_series(struct point_file *f)
{
	struct reading rd = {.version = point_file_head(f)->since};
	_cleanup_(buf_done) struct buf ns = {0}, bits = {0};
	struct point_stat st;
	uint64_t number;
	char key[32];
	size_t len = make_key(N_SERIES / 2, key);
	int r = point_file_scan(f, 0, on_series, &rd);

	if (r < 0)
		return r;
	eq(rd.n, N_SERIES);
	(void)point_file_may_have_key(f, span_of(key, len));
	r = point_file_find(f, span_of(key, len), &number);
	if (r == 0)
		r = point_file_stat(f, number, &st);
	if (r == 0)
		r = point_file_read(f, number, INT64_MIN, INT64_MAX, &ns, &bits);
	if (r < 0)
		return r;
	ok(number == N_SERIES / 2 && st.n == N_POINTS && ns.len == sizeof(int64_t) * N_POINTS);
	return 0;
}

/* The version that is there, whole and right; 0: none. */
static int read_version(int dir, uint64_t *ret_version)
{
	_cleanup_(cleanup_point_file) struct point_file *f = NULL;
	char name[POINT_FILE_NAME_SIZE];
	int r;

	*ret_version = 0;
	point_file_name(name, HOUR, NUMBER);
	r = point_file_open(dir, name, &f);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = read_series(f);
	if (r < 0)
		return r;
	ok(!point_file_salvaged(f));
	*ret_version = point_file_head(f)->since;
	return 0;
}

/* A new disk, with version 1 on it or nothing. Returns its directory. */
static int begin(uint64_t seed, bool before)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY);
	char name[POINT_FILE_NAME_SIZE], tmp[POINT_FILE_NAME_SIZE + 8];

	point_file_name(name, HOUR, NUMBER);
	snprintf(tmp, sizeof tmp, "%s.tmp", name);
	(void)unlinkat(dir, name, 0);
	(void)unlinkat(dir, tmp, 0);
	faultio_begin(path, seed);
	if (before)
		ok_r(write_version(dir, 1, POINT_FILE_FAST));
	return dir;
}

static bool tmp_is_there(int dir)
{
	char name[POINT_FILE_NAME_SIZE], tmp[POINT_FILE_NAME_SIZE + 8];

	point_file_name(name, HOUR, NUMBER);
	snprintf(tmp, sizeof tmp, "%s.tmp", name);
	return faccessat(dir, tmp, F_OK, 0) == 0;
}

static void power_is_cut_at_every_step(void)
{
	for (uint64_t seed = 0; seed < 8; seed++) {
		enum point_file_level level = seed & 1 ? POINT_FILE_COLD : POINT_FILE_FAST;
		bool before = seed & 4, hit = true;

		for (uint64_t n = 1; hit; n++) {
			int dir = begin(seed, before), r;
			uint64_t now;

			faultio_at(n, FAULT_CRASH, EIO);
			r = write_version(dir, 2, level);
			hit = faultio_hit();
			ok(r == 0 || hit);
			faultio_crash(seed * 1000 + n);
			ok_r(read_version(dir, &now));
			ok(r == 0 ? now == 2 : now == 2 || now == before);
			/* Whatever was left behind is no hindrance. */
			ok_r(write_version(dir, 3, level));
			faultio_crash(seed);
			ok_r(read_version(dir, &now));
			eq(now, 3);
			close(dir);
		}
	}
}

static void every_call_fails_once(void)
{
	static const enum fault whats[] = {FAULT_FAIL, FAULT_SHORT, FAULT_FULL};

	for (uint64_t seed = 0; seed < 12; seed++) {
		bool before = seed & 4, hit = true;

		for (uint64_t n = 1; hit; n++) {
			int dir = begin(seed, before), r;
			uint64_t now;

			faultio_at(n, whats[seed % 3], seed & 1 ? ENOSPC : EIO);
			r = write_version(dir, 2, POINT_FILE_COLD);
			hit = faultio_hit();
			faultio_at(0, FAULT_FAIL, 0);
			eq(r, !hit ? 0 : seed & 1 ? -ENOSPC : -EIO);
			ok(!tmp_is_there(dir));
			ok_r(read_version(dir, &now));
			ok(r == 0 ? now == 2 : now == 2 || now == before);
			close(dir);
		}
	}
}

static void every_call_of_a_reader_fails_once(void)
{
	int dir = begin(1, true);
	uint64_t now = 0;
	bool hit = true;

	for (uint64_t n = 1; hit; n++) {
		int r;

		faultio_at(n, FAULT_FAIL, EIO);
		r = read_version(dir, &now);
		hit = faultio_hit();
		faultio_at(0, FAULT_FAIL, 0);
		/* Without the Bloom filter anything may be there. */
		ok(hit ? r == -EIO || (r == 0 && now == 1) : r == 0);
	}
	eq(now, 1);
	close(dir);
}

static void every_allocation_fails_once(void)
{
	bool hit = true;

	for (uint64_t n = 1; hit; n++) {
		int dir = begin(n, true), r;
		uint64_t now;

		faultalloc_at(n);
		r = write_version(dir, 2, n & 1 ? POINT_FILE_COLD : POINT_FILE_FAST);
		hit = faultalloc_hit();
		faultalloc_at(0);
		eq(r, hit ? -ENOMEM : 0);
		ok(!tmp_is_there(dir));
		ok_r(read_version(dir, &now));
		eq(now, hit ? 1 : 2);
		close(dir);
	}
	hit = true;
	for (uint64_t n = 1; hit; n++) {
		int dir = begin(n, true), r;
		uint64_t now;

		faultalloc_at(n);
		r = read_version(dir, &now);
		hit = faultalloc_hit();
		faultalloc_at(0);
		ok(hit ? r == -ENOMEM || (r == 0 && now == 1) : r == 0 && now == 1);
		close(dir);
	}
}

int main(void)
{
	path = tap_tmpdir();
	RUN(power_is_cut_at_every_step);
	RUN(every_call_fails_once);
	RUN(every_call_of_a_reader_fails_once);
	RUN(every_allocation_fails_once);
	return tap_done();
}
