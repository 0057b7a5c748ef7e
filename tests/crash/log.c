/* log.c -- a log on a disk that fails, and whose power is cut
 *
 * Frames are numbered. What a log promises: a synced frame is there after whatever happens; one that was not synced is
 * there whole or not at all; their order is kept; none is there twice; and what was not there once, after a recovery,
 * does not come back.
 */
#include "store/io.h"
#include "store/log.h"
#include "tests/faultalloc.h"
#include "tests/faultio.h"
#include "tests/tap.h"

#include <fcntl.h>

enum { FRAMES_MAX = 4096, FILL_MAX = 1500 };

enum status {
	NEVER,  /* not written, or found missing */
	FAILED, /* writing it failed: nobody may see it, but after a power cut it may be there */
	MAYBE,  /* written */
	THERE,  /* synced, or found by a recovery, which syncs */
};

/* What is known of the log on the disk. */
struct world {
	const char *path;
	bool created;
	bool recovered;   /* since the last power cut: what was not synced before it is there or not, and known */
	bool sync_failed; /* since the last power cut: what can be read is not what is on the disk */
	uint32_t n;
	uint8_t status[FRAMES_MAX];
};

struct found {
	uint32_t n;
	uint32_t i[FRAMES_MAX];
	bool wrong; /* bytes that nobody wrote */
};

struct frame {
	le32 i;
	uint8_t fill[FILL_MAX];
};

static struct span frame(uint32_t i, struct frame *f)
{
	size_t fill = (i * 733 + 5) % FILL_MAX;

	f->i = put_le32(i);
	memset(f->fill, (int)(i * 31 % 251), fill);
	return span_of(f, sizeof f->i + fill);
}

static int note(uint8_t type, uint64_t off, struct span s, void *arg)
{
	struct found *found = arg;
	struct frame f;
	struct span expected;
	le32 i;

	(void)off;
	if (type != FRAME_SNAPSHOT || span_left(&s) < sizeof i) {
		found->wrong = true;
		return 0;
	}
	memcpy(&i, s.p, sizeof i);
	expected = frame(get_le32(i), &f);
	if (span_left(&s) != span_left(&expected) || memcmp(s.p, expected.p, span_left(&s)) != 0)
		found->wrong = true;
	else if (found->n < FRAMES_MAX)
		found->i[found->n++] = get_le32(i);
	return 0;
}

/* Compares what a recovery found with what is known, and knows more after it. */
static void check_recovered(struct world *w, const struct found *found)
{
	uint32_t k = 0;

	ok(!found->wrong);
	for (uint32_t i = 0; i < w->n; i++) {
		bool here = k < found->n && found->i[k] == i;

		k += here;
		if (w->status[i] == THERE)
			ok(here);
		if (w->status[i] == NEVER)
			ok(!here);
		if (!w->sync_failed)
			w->status[i] = here ? THERE : NEVER;
	}
	w->recovered = true;
	/* Anything left is out of order, twice there, or of another world. */
	eq(found->n, k);
}

/* A reader sees exactly what was written. */
static void check_read(const struct world *w, int dir)
{
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	struct found found = {0};
	uint64_t off;
	struct span s;
	uint8_t type;
	uint32_t k = 0;
	int r;

	if (w->created && !w->recovered)
		return;
	r = log_reader_open(dir, "a", KIND_WAL, &lr);
	if (!w->created) {
		ok(r == 0 || r == -ENOENT || r == -ENODATA);
		return;
	}
	ok_r(r);
	if (r < 0)
		return;
	while ((r = log_reader_next(lr, &type, &off, &s)) == 0)
		note(type, off, s, &found);
	eq(r, -ENODATA);
	ok(!found.wrong);
	for (uint32_t i = 0; i < w->n; i++)
		if (w->status[i] >= MAYBE)
			ok(k < found.n && found.i[k++] == i);
	eq(found.n, k);
}

static int open_or_make(struct world *w, int dir, struct log **ret)
{
	struct file_id id = {.kind = KIND_WAL};
	struct log_recovery rec;
	struct found found = {0};
	int r;

	r = log_open(dir, "a", KIND_WAL, SYNC_FDATASYNC, note, &found, &rec, ret);
	if (r == 0) {
		check_recovered(w, &found);
		return 0;
	}
	if (r != -ENODATA && r != -ENOENT)
		return r;
	ok(!w->created);
	if (r == -ENODATA) {
		r = io_unlink(dir, "a");
		if (r < 0)
			return r;
	}
	r = log_create(dir, "a", &id, SYNC_FDATASYNC, ret);
	if (r == 0)
		w->created = w->recovered = true;
	return r;
}

/* Opens the log, or makes it, and appends batches with a sync after each, and at last some frames without; goes on
 * after appends that fail. */
static int live(struct world *w, int dir)
{
	_cleanup_(cleanup_log) struct log *l = NULL;
	int r, failed = 0;

	r = open_or_make(w, dir, &l);
	if (r < 0)
		return r;
	for (uint32_t batch = 0; batch < 4; batch++) {
		uint32_t from = w->n;

		for (uint32_t i = 0; i < 3 && w->n < FRAMES_MAX; i++) {
			struct frame f;
			struct span s = frame(w->n, &f);

			r = log_append(l, FRAME_SNAPSHOT, &s, 1, NULL);
			w->status[w->n++] = r < 0 ? FAILED : MAYBE;
			if (r < 0)
				failed = r;
		}
		if (batch == 3)
			break;
		r = log_sync(l);
		if (r < 0) {
			w->sync_failed = true;
			eq(log_sync(l), -EIO);
			eq(log_append(l, FRAME_SNAPSHOT, NULL, 0, NULL), -EIO);
			return r;
		}
		for (uint32_t i = from; i < w->n; i++)
			if (w->status[i] == MAYBE)
				w->status[i] = THERE;
	}
	return failed;
}

static const char *path;

/* A new, empty disk. */
static struct world begin(uint64_t seed)
{
	char name[256];

	snprintf(name, sizeof name, "%s/a", path);
	(void)unlink(name);
	faultio_begin(path, seed);
	return (struct world){.path = path};
}

/* A life in which the nth call fails as given (n = 0: none). Returns whether it came to that. */
static bool life(struct world *w, uint64_t n, enum fault what, int err)
{
	int dir = open(w->path, O_RDONLY | O_DIRECTORY), r;
	bool hit;

	faultio_at(n, what, err);
	r = live(w, dir);
	hit = faultio_hit();
	faultio_at(0, FAULT_FAIL, 0);
	/* An error has a cause. (A cause need not become an error: removing what was left behind, say.) */
	ok(r == 0 || hit);
	check_read(w, dir);
	close(dir);
	return hit;
}

static void cut_power(struct world *w, uint64_t seed)
{
	faultio_crash(seed);
	w->sync_failed = w->recovered = false;
}

static void whole_life(struct world *w)
{
	ok(!life(w, 0, FAULT_FAIL, 0));
}

static void power_is_cut_at_every_step_of_a_new_log(void)
{
	for (uint64_t seed = 0; seed < 24; seed++) {
		bool hit = true;

		for (uint64_t n = 1; hit; n++) {
			struct world w = begin(seed);

			hit = life(&w, n, FAULT_CRASH, EIO);
			cut_power(&w, seed * 1000 + n);
			whole_life(&w);
			cut_power(&w, seed);
			whole_life(&w);
		}
	}
}

static void power_is_cut_at_every_step_of_a_recovery(void)
{
	for (uint64_t seed = 0; seed < 24; seed++) {
		bool hit = true;

		for (uint64_t n = 1; hit; n++) {
			struct world w = begin(seed);

			whole_life(&w);
			cut_power(&w, seed * 4 + 2); /* the last batch is torn */
			hit = life(&w, n, FAULT_CRASH, EIO);
			cut_power(&w, seed * 1000 + n);
			whole_life(&w);
			cut_power(&w, seed);
			whole_life(&w);
		}
	}
}

static void power_is_cut_again_and_again(void)
{
	for (uint64_t seed = 0; seed < 200; seed++) {
		struct world w = begin(seed);
		uint64_t rnd = seed;

		for (int lives = 0; lives < 12; lives++) {
			life(&w, 1 + faultio_random(&rnd) % 40, FAULT_CRASH, EIO);
			cut_power(&w, faultio_random(&rnd));
		}
		whole_life(&w);
	}
}

/* The writer is killed, and the next one finds frames that it had not synced; then the power goes before that one syncs
 * anything of its own. What was found must not be lost. */
static void a_writer_is_killed_and_the_next_has_its_power_cut(void)
{
	bool killed = true;

	for (uint64_t n = 1; killed; n++) {
		bool hit = true;

		for (uint64_t m = 1; hit; m++) {
			struct world w = begin(n);

			whole_life(&w);
			cut_power(&w, n);
			killed = life(&w, n, FAULT_CRASH, EIO);
			hit = life(&w, m, FAULT_CRASH, EIO);
			cut_power(&w, n * 100 + m);
			whole_life(&w);
		}
	}
}

static void every_call_fails_once(void)
{
	static const enum fault whats[] = {FAULT_FAIL, FAULT_SHORT, FAULT_FULL};

	for (uint64_t seed = 0; seed < 36; seed++) {
		bool hit = true;

		for (uint64_t n = 1; hit; n++) {
			struct world w = begin(seed);

			if (seed & 1) {
				whole_life(&w);
				cut_power(&w, seed);
			}
			hit = life(&w, n, whats[seed % 3], seed & 2 ? ENOSPC : EIO);
			if (seed & 4)
				cut_power(&w, seed * 100 + n);
			whole_life(&w);
			cut_power(&w, seed * 100 + n);
			whole_life(&w);
		}
	}
}

static void every_allocation_fails_once(void)
{
	bool hit = true;

	for (uint64_t n = 1; hit; n++) {
		struct world w = begin(n);
		int dir = open(w.path, O_RDONLY | O_DIRECTORY), r;

		whole_life(&w);
		faultalloc_at(n);
		r = live(&w, dir);
		hit = faultalloc_hit();
		faultalloc_at(0);
		eq(r, hit ? -ENOMEM : 0);
		check_read(&w, dir);
		close(dir);
		whole_life(&w);
	}
}

int main(void)
{
	path = tap_tmpdir();
	RUN(power_is_cut_at_every_step_of_a_new_log);
	RUN(power_is_cut_at_every_step_of_a_recovery);
	RUN(power_is_cut_again_and_again);
	RUN(a_writer_is_killed_and_the_next_has_its_power_cut);
	RUN(every_call_fails_once);
	RUN(every_allocation_fails_once);
	return tap_done();
}
