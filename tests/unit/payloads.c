/* payloads.c -- documents by key: what is put is there, in this process and in others, and after it began anew */
#include "store/payloads.h"

#include "store/io.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static int top = -1;

static int new_store(void)
{
	static unsigned n;
	char name[32];

	if (top < 0)
		top = open(tap_tmpdir(), O_RDONLY | O_DIRECTORY);
	snprintf(name, sizeof name, "store%u", n++);
	return io_opendir(top, name, true);
}

static struct payload_key named(const char *s)
{
	return (struct payload_key){.string = span_of(s, strlen(s))};
}

static struct payload_key numbered(uint64_t n)
{
	return (struct payload_key){.is_number = true, .number = n};
}

static struct payload_put put_of(struct payload_key key, const char *value)
{
	return (struct payload_put){.key = key, .value = span_of(value, strlen(value))};
}

static struct payloads *open_writer(int fd)
{
	struct payloads_options o = {.sync = SYNC_NONE, .segment_size = 1 << 20};
	struct payloads *p = NULL;

	ok_r(payloads_open(fd, 7, &o, &p));
	return p;
}

static int put1(struct payloads *p, struct payload_key key, const char *value, int64_t ms)
{
	struct payload_put put = value ? put_of(key, value) : (struct payload_put){.key = key, .deletes = true};
	uint32_t n;
	int r = payloads_put(p, &put, 1, ms, NULL, &n, NULL);

	return r < 0 ? r : (int)n;
}

/* The value, as text; NULL: an error, in *ret_r. */
static const char *get(struct payloads *p, struct payload_key key, int64_t ms, int *ret_r)
{
	static struct buf room, text;
	struct payload found;

	*ret_r = payloads_get(p, &key, ms, &room, &found);
	if (*ret_r < 0)
		return NULL;
	buf_clear(&text);
	buf_put(&text, found.value.p, span_left(&found.value));
	buf_put_u8(&text, 0);
	return (const char *)text.p;
}

static bool has(struct payloads *p, struct payload_key key, int64_t ms, const char *value)
{
	int r;
	const char *found = get(p, key, ms, &r);

	return value ? found && strcmp(found, value) == 0 : r == -ENOENT;
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
	_Alignas(8) struct buf room = {0};
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
		while (payloads_next(p, cookie, true, &room, &x, &len, &cookie) == 0)
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

int main(void)
{
	RUN(what_is_put_is_there_also_as_of_a_time);
	RUN(any_time_of_many_versions_is_found);
	RUN(a_batch_is_put_in_order_also_with_a_key_twice);
	RUN(what_is_no_key_or_no_json_is_refused_with_its_place);
	RUN(keys_with_the_same_hash_are_two);
	RUN(a_reader_sees_what_was_put_since);
	RUN(ten_puts_after_a_torn_end_are_there);
	return tap_done();
}
