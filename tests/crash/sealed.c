/* sealed.c -- sealed files on a disk that fails, and whose power is cut
 *
 * What is promised: under its name there is at any time the old file, whole, or the new one, whole; the new one once
 * sealed_writer_finish returned 0; and the old one if anything else did, but for the sync of the directory.
 */
#include "store/io.h"
#include "store/sealed.h"
#include "tests/faultalloc.h"
#include "tests/faultio.h"
#include "tests/tap.h"

#include <fcntl.h>

enum { N_GROUPS = 5, GROUP_MAX = 3000 };

static const char *path;

/* The ith group of a file of that version. */
static size_t group(uint8_t version, unsigned i, uint8_t p[static GROUP_MAX])
{
	size_t len = (version * 977u + i * 613u) % GROUP_MAX + 1;

	memset(p, version * 16 + (int)i, len);
	return len;
}

static int write_version(int dir, uint8_t version)
{
	_cleanup_(cleanup_sealed_writer) struct sealed_writer *w = NULL;
	struct file_id id = {.kind = KIND_CHUNK};
	uint8_t p[GROUP_MAX];
	int r;

	r = sealed_writer_new(dir, "s", &id, &w);
	if (r < 0)
		return r;
	r = sealed_writer_add(w, FRAME_META, &version, sizeof version, true, NULL);
	for (unsigned i = 0; i < N_GROUPS && r == 0; i++)
		r = sealed_writer_add(w, FRAME_GROUP, p, group(version, i, p), true, NULL);
	if (r < 0)
		return r;
	return sealed_writer_finish(TAKE(w));
}

static void note(uint8_t type, uint64_t off, int r, void *arg)
{
	(void)type;
	(void)off;
	(void)r;
	(void)arg;
}

static int read_groups(const struct sealed *s, int *ret_version)
{
	_cleanup_(buf_done) struct buf b = {0};
	uint8_t p[GROUP_MAX], version;
	int r;

	r = sealed_section(s, FRAME_META, 0, &b);
	if (r < 0)
		return r;
	if (!ok(b.len == 1))
		return -EBADMSG;
	version = b.p[0];
	for (unsigned i = 0; i < N_GROUPS; i++) {
		r = sealed_section(s, FRAME_GROUP, i, &b);
		if (r < 0)
			return r;
		ok(b.len == group(version, i, p) && memcmp(b.p, p, b.len) == 0);
	}
	*ret_version = version;
	return 0;
}

/* The version that is there, whole and right; 0: none. */
static int read_version(int dir, int *ret_version)
{
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	int r;

	r = sealed_open(dir, "s", KIND_CHUNK, &s);
	if (r == -ENOENT) {
		*ret_version = 0;
		return 0;
	}
	if (r < 0)
		return r;
	r = sealed_verify(s, note, NULL);
	if (r != 0)
		return r < 0 ? r : -EBADMSG;
	return read_groups(s, ret_version);
}

/* A new disk, with version 1 on it or nothing. Returns its directory. */
static int begin(uint64_t seed, int version)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY);

	(void)unlinkat(dir, "s", 0);
	(void)unlinkat(dir, "s.tmp", 0);
	faultio_begin(path, seed);
	if (version > 0)
		ok_r(write_version(dir, (uint8_t)version));
	return dir;
}

static bool tmp_is_there(int dir)
{
	return faccessat(dir, "s.tmp", F_OK, 0) == 0;
}

static void power_is_cut_at_every_step(void)
{
	for (uint64_t seed = 0; seed < 64; seed++) {
		int before = seed & 4 ? 1 : 0, now;
		bool hit = true;

		for (uint64_t n = 1; hit; n++) {
			int dir = begin(seed, before), r;

			faultio_at(n, FAULT_CRASH, EIO);
			r = write_version(dir, 2);
			hit = faultio_hit();
			ok(r == 0 || hit);
			faultio_crash(seed * 1000 + n);
			ok_r(read_version(dir, &now));
			ok(r == 0 ? now == 2 : now == 2 || now == before);
			/* Whatever was left behind is no hindrance. */
			ok_r(write_version(dir, 3));
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

	for (uint64_t seed = 0; seed < 48; seed++) {
		int before = seed & 4 ? 1 : 0, now;
		bool hit = true;

		for (uint64_t n = 1; hit; n++) {
			int dir = begin(seed, before), r;

			faultio_at(n, whats[seed % 3], seed & 1 ? ENOSPC : EIO);
			r = write_version(dir, 2);
			hit = faultio_hit();
			faultio_at(0, FAULT_FAIL, 0);
			eq(r, !hit ? 0 : seed & 1 ? -ENOSPC : -EIO);
			ok(!tmp_is_there(dir));
			ok_r(read_version(dir, &now));
			ok(r == 0 ? now == 2 : now == 2 || now == before);
			faultio_crash(seed * 1000 + n);
			ok_r(read_version(dir, &now));
			ok(r == 0 ? now == 2 : now == 2 || now == before);
			close(dir);
		}
	}
}

static void every_call_of_a_reader_fails_once(void)
{
	int dir = begin(1, 7), now = 0;
	bool hit = true;

	for (uint64_t n = 1; hit; n++) {
		int r;

		faultio_at(n, FAULT_FAIL, EIO);
		r = read_version(dir, &now);
		hit = faultio_hit();
		faultio_at(0, FAULT_FAIL, 0);
		eq(r, hit ? -EIO : 0);
	}
	eq(now, 7);
	close(dir);
}

static void every_allocation_fails_once(void)
{
	bool hit = true;

	for (uint64_t n = 1; hit; n++) {
		int dir = begin(n, 1), now = 0, r;

		faultalloc_at(n);
		r = write_version(dir, 2);
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
		int dir = begin(n, 9), now = 0, r;

		faultalloc_at(n);
		r = read_version(dir, &now);
		hit = faultalloc_hit();
		faultalloc_at(0);
		eq(r, hit ? -ENOMEM : 0);
		eq(now, hit ? 0 : 9);
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
