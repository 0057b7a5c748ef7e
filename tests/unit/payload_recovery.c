/* payload_recovery.c -- what was durable is told from what was torn, and nothing of it is cut away */
#include "tests/unit/payloads.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define SEGMENT "payloads/00000000000000000001.log"

enum { HEADER = 64 };

static struct payloads *open_boot(int fd, uint32_t boot)
{
	const struct payloads_options o = {.sync = SYNC_FDATASYNC, .keep_versions = UINT32_MAX, .boot = boot};
	struct payloads *p = NULL;

	ok_r(payloads_open(fd, 7, &o, &p));
	return p;
}

static void put3(struct payloads *p, const char *a, const char *b, const char *c)
{
	struct payload_put puts[] = {put_of(named(a), "1"), put_of(named(b), "2"), put_of(named(c), "3")};

	ok_r(payloads_put(p, puts, 3, 1, NULL, NULL, NULL));
}

/* "first" alone, then "a", "b" and "c" together, all durable. Ret: the length of the log. */
static uint64_t make_synced(int fd)
{
	struct payloads *p = open_boot(fd, 1);
	struct io_stat st;

	ok(put1(p, named("first"), "0", 1) == 1);
	ok_r(payloads_sync(p));
	put3(p, "a", "b", "c");
	ok_r(payloads_sync(p));
	ok_r(payloads_close(p));
	ok_r(io_stat(fd, SEGMENT, &st));
	return st.len;
}

static uint64_t len_of(int fd, const char *name)
{
	struct io_stat st;

	return io_stat(fd, name, &st) < 0 ? 0 : st.len;
}

static void flip(int fd, uint64_t off)
{
	int seg = openat(fd, SEGMENT, O_RDWR);
	uint8_t c;

	ok(pread(seg, &c, 1, (off_t)off) == 1);
	c ^= 1;
	ok(pwrite(seg, &c, 1, (off_t)off) == 1);
	close(seg);
}

static uint64_t n_damaged(struct payloads *p)
{
	struct payloads_state st;

	payloads_state(p, &st);
	return st.n_damaged;
}

static void check_but_last(struct payloads *p)
{
	ok(has(p, named("first"), INT64_MAX, "0"));
	ok(has(p, named("a"), INT64_MAX, "1") && has(p, named("b"), INT64_MAX, "2"));
	ok(has(p, named("c"), INT64_MAX, NULL));
	eq(n_damaged(p), 1);
}

static void what_was_durable_and_is_damaged_at_the_end_stays_there(void)
{
	for (uint32_t boot = 1; boot <= 2; boot++) {
		int fd = new_store();
		uint64_t len = make_synced(fd), number;
		struct payload_put put = put_of(named("d"), "4");
		struct payloads *p;

		eq(n_problems(fd), 0);
		flip(fd, len - 1);
		eq(n_problems(fd), 1);
		ok_r(payloads_open_read(fd, &p));
		check_but_last(p);
		eq(payloads_refresh(p), 0);
		check_but_last(p);
		ok_r(payloads_close(p));
		for (int i = 0; i < 2; i++) {
			p = open_boot(fd, boot);
			check_but_last(p);
			eq(len_of(fd, SEGMENT), len);
			if (i == 1) {
				ok_r(payloads_put(p, &put, 1, 1, &number, NULL, NULL));
				ok(number > 4);
			}
			ok_r(payloads_close(p));
		}
		eq(len_of(fd, SEGMENT ".torn"), 0);
		p = open_boot(fd, boot);
		check_but_last(p);
		ok(has(p, named("d"), INT64_MAX, "4"));
		ok_r(payloads_close(p));
		io_close(fd);
	}
}

static void the_rest_of_a_durable_batch_counts_whatever_is_damaged_of_it(void)
{
	uint64_t frame = sizeof(struct disk_frame) + sizeof(struct disk_payload) + 1 + 1;

	for (unsigned i = 1; i <= 3; i++) {
		int fd = new_store();
		uint64_t len = make_synced(fd);
		struct payloads *p;

		flip(fd, len - (i - 1) * frame - 1);
		p = open_boot(fd, 1);
		ok(has(p, named("first"), INT64_MAX, "0"));
		ok(has(p, named("a"), INT64_MAX, i == 3 ? NULL : "1"));
		ok(has(p, named("b"), INT64_MAX, i == 2 ? NULL : "2"));
		ok(has(p, named("c"), INT64_MAX, i == 1 ? NULL : "3"));
		eq(n_damaged(p), 1);
		eq(len_of(fd, SEGMENT), len);
		ok_r(payloads_close(p));
		io_close(fd);
	}
}

/* As when a file system has lost it. */
static void a_durable_end_that_is_gone_is_told_of_and_its_numbers_are_not_given_again(void)
{
	int fd = new_store(), seg;
	uint64_t len = make_synced(fd), number;
	struct payload_put put = put_of(named("d"), "4");
	struct payloads *p;

	seg = openat(fd, SEGMENT, O_RDWR);
	ok(ftruncate(seg, (off_t)len - 3) == 0);
	close(seg);
	eq(n_problems(fd), 1);
	p = open_boot(fd, 1);
	check_but_last(p);
	ok_r(payloads_put(p, &put, 1, 1, &number, NULL, NULL));
	eq(number, 5);
	ok_r(payloads_close(p));
	p = open_boot(fd, 1);
	ok(has(p, named("b"), INT64_MAX, "2") && has(p, named("d"), INT64_MAX, "4"));
	ok_r(payloads_close(p));
	io_close(fd);
}

/* Its writer has ended in mid-batch: in the boot of the reader of the rest, or with the machine. */
static void a_torn_end_is_cut_and_is_copied_first_if_the_machine_had_stopped(void)
{
	for (uint32_t boot = 1; boot <= 2; boot++) {
		int fd = new_store(), seg;
		uint64_t synced = make_synced(fd), len;
		struct payloads *ended = open_boot(fd, 1), *p;

		put3(ended, "x", "y", "z");
		len = len_of(fd, SEGMENT);
		seg = openat(fd, SEGMENT, O_RDWR);
		ok(ftruncate(seg, (off_t)len - 3) == 0);
		close(seg);
		p = open_boot(fd, boot);
		ok(has(p, named("c"), INT64_MAX, "3") && has(p, named("x"), INT64_MAX, NULL));
		eq(n_damaged(p), 0);
		eq(len_of(fd, SEGMENT), synced);
		eq(len_of(fd, SEGMENT ".torn"), boot == 1 ? 0 : len - 3 - synced);
		ok_r(payloads_close(p));
		p = open_boot(fd, boot);
		ok(has(p, named("c"), INT64_MAX, "3") && has(p, named("x"), INT64_MAX, NULL));
		eq(len_of(fd, SEGMENT ".torn"), boot == 1 ? 0 : len - 3 - synced);
		ok_r(payloads_close(p));
		ok_r(payloads_close(ended));
		io_close(fd);
	}
}

/* What file systems say of their room, in the place of the C library; NULL: plenty of it. */
static const struct statvfs *told;

int fstatvfs(int fd, struct statvfs *ret)
{
	(void)fd;
	*ret = told ? *told : (struct statvfs){.f_frsize = 4096, .f_blocks = 1 << 20, .f_bfree = 1 << 20};
	return 0;
}

/* A store whose segment has an end that was torn before it was synced. Its writer is ended when it is closed. */
struct torn {
	int fd;
	uint64_t len, synced;
	struct payloads *ended;
};

static void make_torn(struct torn *t)
{
	int seg;

	t->fd = new_store();
	t->synced = make_synced(t->fd);
	t->ended = open_boot(t->fd, 1);
	put3(t->ended, "x", "y", "z");
	t->len = len_of(t->fd, SEGMENT) - 3;
	seg = openat(t->fd, SEGMENT, O_RDWR);
	ok(ftruncate(seg, (off_t)t->len) == 0);
	close(seg);
}

/* It is cut, and what was cut is kept. */
static void check_cut(struct torn *t)
{
	struct payloads *p = open_boot(t->fd, 2);

	ok(has(p, named("c"), INT64_MAX, "3") && has(p, named("x"), INT64_MAX, NULL));
	eq(len_of(t->fd, SEGMENT), t->synced);
	eq(len_of(t->fd, SEGMENT ".torn"), t->len - t->synced);
	ok_r(payloads_close(p));
	ok_r(payloads_close(t->ended));
	io_close(t->fd);
}

static void check_not_opened(struct torn *t, int error)
{
	const struct payloads_options o = {.sync = SYNC_FDATASYNC, .keep_versions = UINT32_MAX, .boot = 2};
	struct payloads *p = NULL;

	eq(payloads_open(t->fd, 7, &o, &p), error);
	eq(faccessat(t->fd, SEGMENT ".torn", F_OK, 0), -1);
	eq(len_of(t->fd, SEGMENT), t->len);
}

/* As large as a file may be is less than what is to be copied: that fails in the middle, as it would on a full disk. */
static void a_copy_of_a_torn_end_that_cannot_be_finished_takes_no_room_and_nothing_is_cut(void)
{
	struct rlimit before, small;
	struct sigaction ignore = {.sa_handler = SIG_IGN}, as_before;
	struct torn t;

	make_torn(&t);
	ok(getrlimit(RLIMIT_FSIZE, &before) == 0);
	small = (struct rlimit){.rlim_cur = 1, .rlim_max = before.rlim_max};
	sigaction(SIGXFSZ, &ignore, &as_before);
	/* What is told of it in between could not be written, either. */
	fflush(stdout);
	ok(setrlimit(RLIMIT_FSIZE, &small) == 0);
	check_not_opened(&t, -EFBIG);
	setrlimit(RLIMIT_FSIZE, &before);
	sigaction(SIGXFSZ, &as_before, NULL);
	check_cut(&t);
}

/* What is reserved for root is room: who may not use it is told so by the write. */
static void a_copy_of_a_torn_end_is_begun_where_it_may_have_room(void)
{
	struct statvfs st = {.f_frsize = 1, .f_blocks = 1 << 20};
	struct torn t;

	told = &st;
	make_torn(&t);
	st.f_bfree = t.len - t.synced - 1;
	check_not_opened(&t, -ENOSPC);
	st.f_bfree++;
	check_cut(&t);
	/* A file system that tells nothing. */
	make_torn(&t);
	st = (struct statvfs){.f_frsize = 512};
	check_cut(&t);
	told = NULL;
}

/* An old mark, a spoilt one, and none: all of it is as it would be without. */
static void without_a_mark_what_follows_tells(void)
{
	int fd = new_store(), mark;
	uint64_t len = make_synced(fd);
	struct payloads *p;

	mark = openat(fd, "payloads/synced", O_RDWR);
	for (off_t place = 4096; place <= 8192; place += 4096)
		ok(pwrite(mark, "x", 1, place + 30) == 1);
	close(mark);
	flip(fd, HEADER + 30);
	p = open_boot(fd, 1);
	ok(has(p, named("first"), INT64_MAX, NULL) && has(p, named("c"), INT64_MAX, "3"));
	eq(n_damaged(p), 1);
	eq(len_of(fd, SEGMENT), len);
	ok_r(payloads_close(p));
	io_close(fd);
}

static void count_told(const char *file, uint64_t off, const char *what, void *arg)
{
	ok(strcmp(file, SEGMENT) == 0 && off > 0 && *what);
	++*(unsigned *)arg;
}

/* The index snapshot has the older one, and what came since the newer one, which rots while it is read. */
static void an_older_value_does_not_take_the_place_of_a_damaged_one(void)
{
	const struct payloads_options o = {.sync = SYNC_FDATASYNC, .keep_versions = UINT32_MAX, .snapshot_every = 1};
	struct payload_key key = named("a");
	struct buf room = {0};
	struct payload found;
	int fd = new_store();
	uint64_t cookie = 0, id;
	unsigned n_told = 0;
	struct payloads *p = NULL;

	ok_r(payloads_open(fd, 7, &o, &p));
	ok(put1(p, named("a"), "1", 1) == 1 && put1(p, named("b"), "1", 1) == 1);
	ok_r(payloads_sync(p));
	for (int i = 0; i < 4; i++)
		ok_r(payloads_tidy(p, 1, 1000, NULL));
	ok(put1(p, named("a"), "2", 2) == 1);
	ok_r(payloads_newest(p, &key, &room, &found));
	id = found.id;
	flip(fd, len_of(fd, SEGMENT) - 1);
	eq(payloads_get(p, &key, INT64_MAX, &room, &found), -EBADMSG);
	eq(payloads_by_id(p, id, &room, &found), -EBADMSG);
	for (unsigned i = 0, n = 0, n_bad = 0; i < 3; i++) {
		int r = payloads_next(p, cookie, 0, &room, &found, NULL, &cookie);

		n += r == 0 && span_left(&found.key.string) == 1 && *found.key.string.p == 'b';
		n_bad += r == -EBADMSG;
		ok(i < 2 ? r == 0 || r == -EBADMSG : r == -ENODATA && n == 1 && n_bad == 1);
	}
	payloads_state_problems(p, count_told, &n_told);
	eq(n_told, 1);
	flip(fd, len_of(fd, SEGMENT) - 1);
	ok(has(p, named("a"), INT64_MAX, "2"));
	/* An older one that is damaged is none of the list's. */
	flip(fd, HEADER + 30);
	cookie = 0;
	for (unsigned i = 0; i < 3; i++)
		eq(payloads_next(p, cookie, 0, &room, &found, NULL, &cookie), i < 2 ? 0 : -ENODATA);
	buf_done(&room);
	ok_r(payloads_close(p));
	io_close(fd);
}

int main(void)
{
	RUN(what_was_durable_and_is_damaged_at_the_end_stays_there);
	RUN(the_rest_of_a_durable_batch_counts_whatever_is_damaged_of_it);
	RUN(a_durable_end_that_is_gone_is_told_of_and_its_numbers_are_not_given_again);
	RUN(a_torn_end_is_cut_and_is_copied_first_if_the_machine_had_stopped);
	RUN(a_copy_of_a_torn_end_that_cannot_be_finished_takes_no_room_and_nothing_is_cut);
	RUN(a_copy_of_a_torn_end_is_begun_where_it_may_have_room);
	RUN(without_a_mark_what_follows_tells);
	RUN(an_older_value_does_not_take_the_place_of_a_damaged_one);
	return tap_done();
}
