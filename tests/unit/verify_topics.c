/* verify_topics.c -- what histctl verify must find in topics: each byte that is flipped, and files that lie */
#include "store/followed.h"
#include "store/identity.h"
#include "store/names.h"
#include "store/verify.h"
#include "tests/topic_rig.h"

static char path[4200];

/* Two topics, of several segments and of all that batches may have, stopped cleanly. */
static void new_store(struct rig *g)
{
	static const struct topic_options o[] = {
	    {.segment_size = 64 << 10, .index_interval = 5000}, {.compression = BATCH_ZSTD, .append_time = true}};
	static const char *const names[] = {"a", "b"};
	static char file[] = "/log", topic[] = "a";
	static const char *dir;
	static unsigned n;
	struct identity id = {.created_ms = 1, .host = "h"};

	if (!dir)
		dir = tap_tmpdir();
	snprintf(path, sizeof path, "%s/store%u", dir, n++);
	*g = (struct rig){.fd = io_opendir(AT_FDCWD, path, true), .boot = 1};
	ok(g->fd >= 0);
	io_close(io_opendir(g->fd, SNAPSHOT_DIR, true));
	ok_r(identity_create(g->fd, &id));
	ok_r(topics_open(g->fd, id.id, &(struct topics_options){.boot = 1}, &g->topics));
	for (unsigned t = 0; t < N_ELEMENTS(names); t++) {
		struct partition *p = NULL;

		ok_r(rig_partition(g, names[t], &o[t], &p));
		for (unsigned i = 0; i < 30; i++) {
			char value[3001];
			const char *const keys[] = {"k", NULL}, *const values[] = {value, "a\tb"};
			uint64_t off;

			rig_value(value, sizeof value - 1, i);
			ok_r(rig_append(p, keys, values, 2, &off));
		}
	}
	ok_r(topics_close(g->topics));
	ok_r(followed_store(g->fd, id.id, &(struct followed){.path = file, .topic = topic}, 1));
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

static void topics_without_fault_have_no_problems(void)
{
	struct verify_count n;
	struct found f;
	struct rig g;

	new_store(&g);
	f = verify(&n);
	str_eq(f.last, "");
	ok(f.n == 0 && n.n_messages == 120);
	close(g.fd);
}

/* How many bytes of a file, each step of them, may be wrong without being found. */
static uint64_t missed(const struct rig *g, const char *file, uint64_t step)
{
	uint64_t n_missed = 0;
	int fd = openat(g->fd, file, O_RDWR | O_CLOEXEC);
	off_t len = lseek(fd, 0, SEEK_END);

	ok(len > 0);
	for (off_t off = 0; off < len; off += (off_t)step) {
		struct verify_count n;
		uint8_t c = 0, was;

		eq(pread(fd, &c, 1, off), 1);
		was = c;
		c ^= (uint8_t)(1 << off % 8);
		eq(pwrite(fd, &c, 1, off), 1);
		n_missed += verify(&n).n == 0;
		eq(pwrite(fd, &was, 1, off), 1);
	}
	close(fd);
	return n_missed;
}

static void every_flipped_byte_is_found(void)
{
	struct rig g;

	new_store(&g);
	eq(missed(&g, "topics/names", 1), 0);
	eq(missed(&g, "topics/" FOLLOWED_FILE, 1), 0);
	eq(missed(&g, "topics/" FOLLOWED_COPY, 1), 0);
	eq(missed(&g, "topics/a/0/00000000000000000000.index", 3), 0);
	eq(missed(&g, "topics/a/0/00000000000000000000.timeindex", 3), 0);
	eq(missed(&g, "topics/a/0/00000000000000000000.log", 997), 0);
	eq(missed(&g, "topics/b/0/00000000000000000000.log", 7), 0);
	close(g.fd);
}

static void positions_that_were_put_aside_are_told_of(void)
{
	struct verify_count n;
	struct rig g;

	new_store(&g);
	ok_r(followed_put_aside(g.fd));
	str_eq(verify(&n).last, "topics/" FOLLOWED_DAMAGED ": kept aside because of damage in it; nothing reads it");
	close(g.fd);
}

/* Not also the index, which is right, in each entry behind it. */
static void a_damaged_batch_is_one_problem(void)
{
	static const char *const files[] = {
	    "topics/a/0/00000000000000000000.log", "topics/b/0/00000000000000000000.log"};

	for (unsigned i = 0; i < N_ELEMENTS(files); i++) {
		struct verify_count n;
		struct found f;
		struct rig g;
		int fd;

		new_store(&g);
		fd = openat(g.fd, files[i], O_RDWR | O_CLOEXEC);
		eq(pwrite(fd, "damaged", 7, lseek(fd, 0, SEEK_END) / 2), 7);
		f = verify(&n);
		eq(f.n, 1);
		if (!ok(strstr(f.last, "are no frames")))
			str_eq(f.last, "are no frames");
		close(fd);
		close(g.fd);
	}
}

static void said(const char *what)
{
	struct verify_count n;
	struct found f = verify(&n);

	if (!ok(strstr(f.last, what)))
		str_eq(f.last, what);
}

static void files_that_are_another_segments_or_are_missing_are_found(void)
{
	struct rig g;

	new_store(&g);
	eq(renameat(g.fd, "topics/a/0/00000000000000000000.index", g.fd, "topics/b/0/00000000000000000000.index"), 0);
	said("speaks of another segment");
	eq(unlinkat(g.fd, "topics/b/0/00000000000000000000.index", 0), 0);
	{
		struct verify_count n;

		eq(verify(&n).n, 0); /* what is derived may be missing */
	}
	eq(renameat(g.fd, "topics/b/0/00000000000000000000.log", g.fd, "topics/a/0/00000000000000000009.log"), 0);
	said("out of order");
	eq(unlinkat(g.fd, "topics/a/0/00000000000000000009.log", 0), 0);
	eq(unlinkat(g.fd, "topics/names", 0), 0);
	said("does not name this topic");
	close(g.fd);
}

int main(void)
{
	RUN(topics_without_fault_have_no_problems);
	RUN(every_flipped_byte_is_found);
	RUN(positions_that_were_put_aside_are_told_of);
	RUN(a_damaged_batch_is_one_problem);
	RUN(files_that_are_another_segments_or_are_missing_are_found);
	return tap_done();
}
