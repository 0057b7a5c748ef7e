/* payloads.c -- documents by key: what is put is there, in this process and in others, and after it began anew */
#include "tests/unit/payloads.h"

#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>

static struct payloads *open_writer(int fd)
{
	struct payloads_options o = {.sync = SYNC_NONE, .segment_size = 1 << 20};
	struct payloads *p = NULL;

	ok_r(payloads_open(fd, 7, &o, &p));
	return p;
}

static void what_is_put_is_there_also_as_of_a_time(void)
{
	int fd = new_store();
	struct payloads *p = open_writer(fd);

	ok(put1(p, named("a"), "{\"v\":1}", 1000) == 1);
	ok(put1(p, named("a"), "{\"v\":2}", 2000) == 1);
	ok(put1(p, numbered(42), "[42]", 2000) == 1);
	ok(put1(p, named("42"), "\"42\"", 2000) == 1);
	ok(has(p, named("a"), INT64_MAX, "{\"v\":2}"));
	ok(has(p, named("a"), 1999, "{\"v\":1}"));
	ok(has(p, named("a"), 999, NULL));
	ok(has(p, numbered(42), INT64_MAX, "[42]"));
	ok(has(p, named("42"), INT64_MAX, "\"42\""));
	ok(put1(p, named("a"), NULL, 3000) == 1);
	ok(has(p, named("a"), INT64_MAX, NULL));
	ok(has(p, named("a"), 2999, "{\"v\":2}"));
	ok(put1(p, named("a"), NULL, 3000) == 0);
	ok(put1(p, named("nobody"), NULL, 3000) == 0);
	ok_r(payloads_close(p));
	p = open_writer(fd);
	ok(has(p, named("a"), INT64_MAX, NULL));
	ok(has(p, named("a"), 2999, "{\"v\":2}"));
	ok(has(p, named("42"), INT64_MAX, "\"42\""));
	ok(put1(p, named("a"), "3", 2500) == 1);
	ok(has(p, named("a"), 3000, "3"));
	ok_r(payloads_close(p));
	io_close(fd);
}

static void any_time_of_many_versions_is_found(void)
{
	enum { N = 3000 };
	int fd = new_store();
	struct payloads *p = open_writer(fd);
	char text[1100];

	memset(text, ' ', sizeof text);
	for (int i = 0; i < N; i++) {
		snprintf(text + 1000, sizeof text - 1000, "%d", i);
		ok(put1(p, named("key"), text, i * 10) == 1);
		if (i % 100 == 0)
			ok(put1(p, numbered((uint64_t)i), "1", i) == 1);
	}
	for (int again = 0; again < 2; again++) {
		for (int i = 0; i < N; i += 7) {
			snprintf(text + 1000, sizeof text - 1000, "%d", i);
			ok(has(p, named("key"), i * 10 + 9, text));
		}
		ok_r(payloads_close(p));
		p = open_writer(fd);
	}
	ok_r(payloads_close(p));
	io_close(fd);
}

static void a_batch_is_put_in_order_also_with_a_key_twice(void)
{
	int fd = new_store();
	struct payloads *p = open_writer(fd);
	struct payload_put puts[] = {put_of(named("x"), "1"), put_of(named("y"), "2"), put_of(named("x"), "3"),
	    {.key = named("y"), .deletes = true}, {.key = named("y"), .deletes = true}, put_of(named("y"), "4"),
	    {.key = named("z"), .deletes = true}};
	struct payloads_state st;
	struct payload found;
	struct buf room = {0};
	uint64_t number;
	uint32_t n;

	ok_r(payloads_put(p, puts, N_ELEMENTS(puts), 5, &number, &n, NULL));
	eq(number, 1);
	eq(n, 5);
	for (int again = 0; again < 2; again++) {
		ok(has(p, named("x"), INT64_MAX, "3"));
		ok(has(p, named("y"), INT64_MAX, "4"));
		ok(has(p, named("z"), INT64_MAX, NULL));
		payloads_state(p, &st);
		eq(st.n_keys, 2);
		ok_r(payloads_record(p, 1, &room, &found));
		ok(found.version == 0 && found.before == 0);
		struct payload_key key = named("y");

		ok_r(payloads_newest(p, &key, &room, &found));
		ok(found.version == 2 && found.before == 4 && found.number == 5);
		eq(payloads_record(p, 6, &room, &found), -ENOENT);
		ok_r(payloads_close(p));
		p = open_writer(fd);
	}
	buf_done(&room);
	ok_r(payloads_close(p));
	io_close(fd);
}

static void what_is_no_key_or_no_json_is_refused_with_its_place(void)
{
	int fd = new_store();
	struct payloads *p = open_writer(fd);
	struct payload_put puts[] = {put_of(named("x"), "1"), put_of(named("y"), "{\"a\":1,}")};
	struct payload_error e;
	char key[PAYLOAD_KEY_MAX + 2];

	eq(payloads_put(p, puts, 2, 5, NULL, NULL, &e), -EINVAL);
	eq(e.which, 1);
	eq(e.at, 7);
	ok(e.why != NULL);
	puts[1] = put_of(named(""), "1");
	eq(payloads_put(p, puts, 2, 5, NULL, NULL, &e), -EINVAL);
	memset(key, 'k', sizeof key);
	key[PAYLOAD_KEY_MAX + 1] = 0;
	puts[1] = put_of(named(key), "1");
	eq(payloads_put(p, puts, 2, 5, NULL, NULL, &e), -EMSGSIZE);
	ok(has(p, named("x"), INT64_MAX, NULL));
	key[PAYLOAD_KEY_MAX] = 0;
	ok(put1(p, named(key), "1", 1) == 1);
	ok(has(p, named(key), INT64_MAX, "1"));
	ok(put1(p, named(".."), "1", 1) == 1);
	ok(has(p, named(".."), INT64_MAX, "1"));
	ok(put1(p, named("É"), "1", 1) == 1 && put1(p, named("E\xcc\x81"), "2", 1) == 1 &&
	    put1(p, named("é"), "3", 1) == 1);
	ok(has(p, named("É"), INT64_MAX, "1") && has(p, named("E\xcc\x81"), INT64_MAX, "2") &&
	    has(p, named("é"), INT64_MAX, "3"));
	ok_r(payloads_close(p));
	io_close(fd);
}

/* Two numbers whose keys have the same hash. */
static void keys_with_the_same_hash_are_two(void)
{
	const struct payload_key a = numbered(UINT64_C(10268308122928113144)),
	                         b = numbered(UINT64_C(14041567770148844780));
	int fd = new_store();
	struct payloads *p = open_writer(fd);
	struct buf room = {0};
	struct payload x, y;

	ok(put1(p, a, "1", 1) == 1);
	ok(has(p, b, INT64_MAX, NULL));
	ok(put1(p, b, NULL, 2) == 0);
	ok(put1(p, b, "2", 2) == 1);
	for (int again = 0; again < 2; again++) {
		uint64_t cookie = 0, len;
		unsigned n = 0;

		ok(has(p, a, INT64_MAX, "1") && has(p, b, INT64_MAX, "2"));
		ok_r(payloads_newest(p, &a, &room, &x));
		ok_r(payloads_newest(p, &b, &room, &y));
		ok(x.hash == y.hash && x.id != y.id);
		ok_r(payloads_by_id(p, x.id, &room, &x));
		ok(x.key.number == a.number);
		ok_r(payloads_by_id(p, y.id, &room, &x));
		ok(x.key.number == b.number);
		while (payloads_next(p, cookie, PAYLOADS_VALUES, &room, &x, &len, &cookie) == 0)
			n++;
		eq(n, 2);
		ok_r(payloads_close(p));
		p = open_writer(fd);
	}
	buf_done(&room);
	ok_r(payloads_close(p));
	io_close(fd);
}

static void a_reader_sees_what_was_put_since(void)
{
	int fd = new_store();
	struct payloads *p, *rd = NULL;
	char text[2000];

	ok_r(payloads_open_read(fd, &rd));
	ok(has(rd, named("a"), INT64_MAX, NULL));
	eq(payloads_refresh(rd), 0);
	p = open_writer(fd);
	ok(put1(p, named("a"), "1", 1) == 1);
	eq(payloads_refresh(rd), 1);
	ok(has(rd, named("a"), INT64_MAX, "1"));
	memset(text, ' ', sizeof text);
	for (int i = 0; i < 3000; i++) {
		snprintf(text + 1900, 100, "%d", i);
		ok(put1(p, numbered((uint64_t)i), text, 1) == 1);
		if (i % 500 == 0)
			eq(payloads_refresh(rd), 1);
	}
	eq(payloads_refresh(rd), 1);
	for (int i = 0; i < 3000; i += 11) {
		snprintf(text + 1900, 100, "%d", i);
		ok(has(rd, numbered((uint64_t)i), INT64_MAX, text));
	}
	ok_r(payloads_close(rd));
	ok_r(payloads_close(p));
	io_close(fd);
}

/* 33 */
static void ten_puts_after_a_torn_end_are_there(void)
{
	int fd = new_store(), dir, seg;
	struct payloads *p = open_writer(fd);
	struct stat st;

	ok(put1(p, named("a"), "1", 1) == 1 && put1(p, named("b"), "2", 1) == 1);
	ok_r(payloads_close(p));
	dir = openat(fd, "payloads", O_RDONLY | O_DIRECTORY);
	seg = openat(dir, "00000000000000000001.log", O_RDWR);
	ok(fstat(seg, &st) == 0 && ftruncate(seg, st.st_size - 3) == 0);
	p = open_writer(fd);
	ok(has(p, named("a"), INT64_MAX, "1") && has(p, named("b"), INT64_MAX, NULL));
	for (uint64_t i = 0; i < 10; i++)
		ok(put1(p, numbered(i), "9", 1) == 1);
	ok_r(payloads_close(p));
	p = open_writer(fd);
	for (uint64_t i = 0; i < 10; i++)
		ok(has(p, numbered(i), INT64_MAX, "9"));
	ok_r(payloads_close(p));
	close(seg);
	close(dir);
	io_close(fd);
}

static unsigned n_listed(struct payloads *p)
{
	struct buf room = {0};
	struct payload found;
	uint64_t cookie = 0, len;
	unsigned n = 0;

	while (payloads_next(p, cookie, false, &room, &found, &len, &cookie) == 0)
		n++;
	buf_done(&room);
	return n;
}

static struct payloads *open_tidied(int fd, uint32_t keep_versions)
{
	struct payloads_options o = {
	    .sync = SYNC_NONE, .segment_size = 1 << 20, .snapshot_every = 1 << 20, .keep_versions = keep_versions};
	struct payloads *p = NULL;

	ok_r(payloads_open(fd, 7, &o, &p));
	return p;
}

static void a_snapshot_has_what_was_put_before_and_since(void)
{
	int fd = new_store();
	struct payloads *p = open_tidied(fd, UINT32_MAX), *rd = NULL;
	struct payloads_state st;

	ok_r(payloads_open_read(fd, &rd));
	fill(p, 0, 5000, "a", 1);
	eq(payloads_tidy(p, 1, 1000, NULL), 0);
	payloads_state(p, &st);
	ok(st.snapshot_bytes > 5000 * 16);
	eq(st.n_keys, 5000);
	eq(n_wrong(p, 0, 5000, "a"), 0);
	fill(p, 2000, 3000, "b", 2);
	fill(p, 5000, 9000, "a", 2);
	ok(put1(p, numbered(7), NULL, 3) == 1);
	ok(put1(p, numbered(8999), NULL, 3) == 1);
	for (int again = 0; again < 4; again++) {
		eq(n_wrong(p, 2000, 3000, "b"), 0);
		eq(n_wrong(p, 0, 7, "a") + n_wrong(p, 8, 2000, "a") + n_wrong(p, 3000, 8999, "a"), 0);
		ok(has(p, numbered(7), INT64_MAX, NULL) && has(p, numbered(8999), INT64_MAX, NULL));
		payloads_state(p, &st);
		eq(st.n_keys, 8998);
		eq(n_listed(p), 8998);
		ok_r(payloads_refresh(rd));
		eq(n_wrong(rd, 2000, 3000, "b"), 0);
		eq(n_listed(rd), 8998);
		if (again == 0) {
			eq(payloads_tidy(p, 4, 1000, NULL), 0);
			continue;
		}
		ok_r(payloads_close(p));
		p = open_tidied(fd, UINT32_MAX);
		if (again == 2)
			ok(unlinkat(fd, "payloads/keys", 0) == 0);
	}
	ok_r(payloads_close(rd));
	ok_r(payloads_close(p));
	io_close(fd);
}

static void compaction_leaves_what_is_to_be_kept(void)
{
	int fd = new_store();
	struct payloads *p = open_tidied(fd, 1), *rd = NULL;
	struct payload_key key = numbered(5);
	struct buf room = {0};
	struct payload found;
	struct payloads_state before, st;
	const int64_t week = INT64_C(8) * 24 * 3600 * 1000;

	for (int i = 0; i < 8; i++)
		fill(p, 0, 3000, (const char *[]){"a", "b", "c", "d", "e", "f", "g", "h"}[i], i);
	for (unsigned i = 100; i < 200; i++)
		ok(put1(p, numbered(i), NULL, 9) == 1);
	fill(p, 3000, 6000, "h", 10);
	payloads_state(p, &before);
	ok_r(payloads_open_read(fd, &rd));
	for (int i = 0; i < 12; i++)
		ok_r(payloads_tidy(p, 20 + week * (i > 5), 10000, NULL));
	payloads_state(p, &st);
	ok(st.bytes < before.bytes / 2);
	for (int again = 0; again < 3; again++) {
		eq(n_wrong(p, 0, 100, "h") + n_wrong(p, 200, 6000, "h"), 0);
		payloads_state(p, &st);
		eq(st.n_keys, 5900);
		eq(n_listed(p), 5900);
		ok_r(payloads_newest(p, &key, &room, &found));
		ok(found.version == 7);
		ok_r(payloads_record(p, found.before, &room, &found));
		ok(found.version == 6);
		eq(payloads_record(p, found.before, &room, &found), -ENOENT);
		ok_r(payloads_refresh(rd));
		eq(n_wrong(rd, 0, 100, "h") + n_wrong(rd, 200, 6000, "h"), 0);
		ok_r(payloads_close(p));
		p = open_tidied(fd, 1);
		if (again == 1)
			ok(unlinkat(fd, "payloads/keys", 0) == 0);
	}
	buf_done(&room);
	ok_r(payloads_close(rd));
	ok_r(payloads_close(p));
	io_close(fd);
}

static void what_is_kept_can_be_changed_meanwhile(void)
{
	struct payloads_options o = {.keep_versions = 0, .value_max = 100};
	int fd = new_store();
	struct payloads *p = open_tidied(fd, UINT32_MAX);
	struct payloads_state before, st;

	for (int i = 0; i < 4; i++)
		fill(p, 0, 3000, (const char *[]){"a", "b", "c", "d"}[i], i);
	for (int i = 0; i < 6; i++)
		ok_r(payloads_tidy(p, 20, 10000, NULL));
	payloads_state(p, &before);
	ok(before.bytes > 4 * 3000 * 500);
	ok_r(payloads_configure(p, &o));
	for (int i = 0; i < 6; i++)
		ok_r(payloads_tidy(p, 20, 10000, NULL));
	payloads_state(p, &st);
	ok(st.bytes < before.bytes / 2);
	eq(n_wrong(p, 0, 3000, "d"), 0);
	ok(put1(p, numbered(1), "\"0123456789\"", 5) == 1);
	eq(put1(p, numbered(1),
	       "\"012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
	       "0123456789\"",
	       6),
	    -EMSGSIZE);
	ok_r(payloads_close(p));
	io_close(fd);
}

static void tombstones_go_when_they_are_old(void)
{
	const int64_t week = INT64_C(7) * 24 * 3600 * 1000;
	int fd = new_store();
	struct payloads *p = open_tidied(fd, 0);
	struct payload_key key = numbered(150);
	struct buf room = {0};
	struct payload found;
	struct payloads_state st;

	fill(p, 0, 4000, "a", 1);
	for (unsigned i = 0; i < 4000; i++)
		ok(put1(p, numbered(i), NULL, 2) == 1);
	fill(p, 4000, 8000, "a", 3);
	for (int i = 0; i < 12; i++)
		ok_r(payloads_tidy(p, 4, 10000, NULL));
	ok_r(payloads_newest(p, &key, &room, &found));
	ok(found.deleted);
	for (int i = 0; i < 12; i++)
		ok_r(payloads_tidy(p, 4 + week, 10000, NULL));
	eq(payloads_newest(p, &key, &room, &found), -ENOENT);
	payloads_state(p, &st);
	eq(st.n_keys, 4000);
	eq(n_wrong(p, 4000, 8000, "a"), 0);
	buf_done(&room);
	ok_r(payloads_close(p));
	io_close(fd);
}

/* 34 */
static void a_flipped_byte_is_never_served(void)
{
	int fd = new_store(), seg;
	struct payloads *p = open_tidied(fd, UINT32_MAX), *rd = NULL;
	struct buf room = {0};
	struct stat st;
	unsigned n_bad = 0;
	int dir;

	fill(p, 0, 3, "a", 1);
	ok_r(payloads_close(p));
	dir = openat(fd, "payloads", O_RDONLY | O_DIRECTORY);
	seg = openat(dir, "00000000000000000001.log", O_RDWR);
	ok(fstat(seg, &st) == 0);
	ok_r(payloads_open_read(fd, &rd));
	eq(n_wrong(rd, 0, 3, "a"), 0);
	for (off_t at = 64; at < st.st_size; at++) {
		unsigned now = 0;
		uint8_t c;

		ok(pread(seg, &c, 1, at) == 1);
		c ^= 0x10;
		ok(pwrite(seg, &c, 1, at) == 1);
		for (unsigned i = 0; i < 3; i++) {
			struct payload_key key = numbered(i);
			struct payload found;
			int r = payloads_get(rd, &key, INT64_MAX, &room, &found);

			now += r == -EBADMSG;
			ok(r == -EBADMSG || (r == 0 && n_wrong(rd, i, i + 1, "a") == 0));
		}
		n_bad += now == 1;
		c ^= 0x10;
		ok(pwrite(seg, &c, 1, at) == 1);
	}
	eq(n_bad, st.st_size - 64);
	ok(ftruncate(seg, 64) == 0);
	ok(payloads_get(
	       rd, &(struct payload_key){.is_number = true, .number = 1}, INT64_MAX, &room, &(struct payload){0}) < 0);
	buf_done(&room);
	close(seg);
	close(dir);
	ok_r(payloads_close(rd));
	io_close(fd);
}

static void verifying_tells_of_damage_in_log_and_snapshot(void)
{
	int fd = new_store(), file;
	struct payloads *p = open_tidied(fd, UINT32_MAX);

	eq(n_problems(fd), 0);
	fill(p, 0, 3000, "a", 1);
	eq(payloads_tidy(p, 1, 1000, NULL), 0);
	eq(n_problems(fd), 0);
	file = openat(fd, "payloads/keys", O_RDWR);
	ok(pwrite(file, "x", 1, 4096 + 100) == 1);
	close(file);
	ok(n_problems(fd) > 0);
	ok_r(payloads_close(p));
	p = open_tidied(fd, UINT32_MAX);
	ok(put1(p, numbered(1), "{}", 2) == 1);
	for (int i = 0; i < 3; i++)
		ok_r(payloads_tidy(p, 3, 1000, NULL));
	fill(p, 0, 3000, "b", 4);
	eq(n_wrong(p, 0, 3000, "b"), 0);
	for (int i = 0; i < 3; i++)
		ok_r(payloads_tidy(p, 3, 1000, NULL));
	eq(n_problems(fd), 0);
	file = openat(fd, "payloads/00000000000000000001.log", O_RDWR);
	ok(pwrite(file, "x", 1, 5000) == 1);
	close(file);
	eq(n_problems(fd), 1);
	ok_r(payloads_close(p));
	io_close(fd);
}

/* 37 */
static void damage_in_the_middle_costs_what_it_hit(void)
{
	int fd = new_store(), seg;
	struct payloads_options o = {.sync = SYNC_FDATASYNC, .segment_size = 1 << 20};
	struct payloads *p = NULL;
	struct payloads_state st;

	ok_r(payloads_open(fd, 7, &o, &p));
	for (unsigned i = 0; i < 10; i++) {
		fill(p, i, i + 1, "a", 1);
		ok_r(payloads_sync(p));
	}
	ok_r(payloads_close(p));
	seg = openat(fd, "payloads/00000000000000000001.log", O_RDWR);
	/* The length of the second record from the end, and a bit of the first one's number. */
	ok(pwrite(seg, "\xff\xff\xff\x02", 4, 64 + 8 * (lseek(seg, 0, SEEK_END) - 64) / 10 + 12) == 4);
	ok(pwrite(seg, "\x40", 1, 64 + 20) == 1);
	close(seg);
	ok_r(payloads_open(fd, 7, &o, &p));
	eq(n_wrong(p, 1, 8, "a") + n_wrong(p, 9, 10, "a"), 0);
	ok(has(p, numbered(8), INT64_MAX, NULL) && has(p, numbered(0), INT64_MAX, NULL));
	payloads_state(p, &st);
	eq(st.n_damaged, 2);
	fill(p, 8, 9, "b", 1);
	ok_r(payloads_close(p));
	ok_r(payloads_open(fd, 7, &o, &p));
	eq(n_wrong(p, 8, 9, "b") + n_wrong(p, 9, 10, "a"), 0);
	ok_r(payloads_close(p));
	io_close(fd);
}

struct beside {
	struct payloads *p;
	_Atomic bool stop;
	_Atomic unsigned n_bad, n_gets;
};

static void *read_beside(void *arg)
{
	struct beside *b = arg;
	struct buf room = {0};

	for (uint64_t i = 0; !b->stop; i++) {
		struct payload_key key = numbered(i * 7 % 2000);
		struct payload found;
		int r = payloads_get(b->p, &key, INT64_MAX, &room, &found);

		if (r != -ENOENT && (r < 0 || found.key.number != key.number))
			b->n_bad++;
		b->n_gets++;
	}
	buf_done(&room);
	return NULL;
}

static void *tidy_beside(void *arg)
{
	struct beside *b = arg;

	while (!b->stop)
		if (payloads_tidy(b->p, 1, 100, NULL) < 0)
			b->n_bad++;
	return NULL;
}

static void gets_and_tidying_go_on_beside_puts(void)
{
	int fd = new_store();
	struct beside b = {.p = open_tidied(fd, 0)};
	pthread_t threads[3];
	char value[800];

	for (int i = 0; i < 2; i++)
		ok(pthread_create(&threads[i], NULL, read_beside, &b) == 0);
	ok(pthread_create(&threads[2], NULL, tidy_beside, &b) == 0);
	memset(value, ' ', sizeof value);
	for (int i = 0; i < 12000; i++) {
		snprintf(value + 700, sizeof value - 700, "%d", i);
		ok(put1(b.p, numbered((uint64_t)i % 2000), value, i) == 1);
	}
	while (b.n_gets == 0)
		sched_yield();
	b.stop = true;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	eq(b.n_bad, 0);
	for (int i = 10000; i < 12000; i++) {
		snprintf(value + 700, sizeof value - 700, "%d", i);
		ok(has(b.p, numbered((uint64_t)i % 2000), INT64_MAX, value));
	}
	ok_r(payloads_close(b.p));
	io_close(fd);
}

/* 35 */
static void a_snapshot_that_knows_more_than_the_log_has_is_not_trusted(void)
{
	int fd = new_store(), seg;
	struct payloads *p = open_tidied(fd, UINT32_MAX);

	fill(p, 0, 1000, "a", 1);
	fill(p, 0, 1500, "b", 1);
	eq(payloads_tidy(p, 1, 1000, NULL), 0);
	ok_r(payloads_close(p));
	seg = openat(fd, "payloads/00000000000000000001.log", O_RDWR);
	ok(ftruncate(seg, 570000) == 0);
	close(seg);
	for (uint64_t base = 2; base < 3000; base++) {
		char name[64];

		snprintf(name, sizeof name, "payloads/%020llu.log", (unsigned long long)base);
		unlinkat(fd, name, 0);
	}
	p = open_tidied(fd, UINT32_MAX);
	eq(n_wrong(p, 0, 900, "a"), 0);
	fill(p, 0, 10, "c", 1);
	ok_r(payloads_close(p));
	p = open_tidied(fd, UINT32_MAX);
	eq(n_wrong(p, 0, 10, "c") + n_wrong(p, 10, 900, "a"), 0);
	ok_r(payloads_close(p));
	io_close(fd);
}

int main(void)
{
	RUN(what_is_put_is_there_also_as_of_a_time);
	RUN(any_time_of_many_versions_is_found);
	RUN(a_batch_is_put_in_order_also_with_a_key_twice);
	RUN(what_is_no_key_or_no_json_is_refused_with_its_place);
	RUN(keys_with_the_same_hash_are_two);
	RUN(a_reader_sees_what_was_put_since);
	RUN(ten_puts_after_a_torn_end_are_there);
	RUN(a_snapshot_has_what_was_put_before_and_since);
	RUN(compaction_leaves_what_is_to_be_kept);
	RUN(what_is_kept_can_be_changed_meanwhile);
	RUN(tombstones_go_when_they_are_old);
	RUN(a_flipped_byte_is_never_served);
	RUN(verifying_tells_of_damage_in_log_and_snapshot);
	RUN(damage_in_the_middle_costs_what_it_hit);
	RUN(gets_and_tidying_go_on_beside_puts);
	RUN(a_snapshot_that_knows_more_than_the_log_has_is_not_trusted);
	return tap_done();
}
