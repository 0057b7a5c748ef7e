/* documents.c -- payloads through the socket of a server: what is put, what is answered, what is refused */
#include "collector/documents.h"
#include "tests/unit/served.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct histfs *connected(const struct served *s)
{
	struct histfs *h = NULL;

	if (!ok_r(histfs_open(s->socket, &h)))
		exit(1);
	return h;
}

static struct histfs_key key(const char *text)
{
	return (struct histfs_key){.string = text, .len = strlen(text)};
}

static struct histfs_payload json(const char *name, const char *value)
{
	return (struct histfs_payload){.key = key(name), .value = value, .value_len = strlen(value)};
}

static bool is(const struct histfs_payload *p, const char *value)
{
	return p->value_len == strlen(value) && memcmp(p->value, value, p->value_len) == 0;
}

static void what_is_put_is_got_also_as_of_a_time_and_by_number(void)
{
	struct served s;
	struct histfs *h;
	struct histfs_payload p, v1 = json("deploy", "{\"v\":1}"), v2 = json("deploy", "{\"v\":2}"), got;
	const struct histfs_key name = key("deploy");
	uint64_t first = 0, second = 0;
	size_t written = 0;

	if (!served_begin(&s, tap_tmpdir(), ""))
		exit(1);
	h = connected(&s);
	ok_r(histfs_put(h, &v1, 1, HISTFS_SYNCED, &first, &written));
	eq(written, 1);
	ok_r(histfs_get(h, &name, HISTFS_NEWEST, &got));
	ok(is(&got, "{\"v\":1}") && got.number == first && got.flags == 0);
	p = got;
	ok_r(histfs_put(h, &v2, 1, HISTFS_WRITTEN, &second, NULL));
	ok(second > first);
	eq(histfs_get(h, &name, p.time_ms - 1, &got), -ENOENT);
	ok_r(histfs_record(h, first, &got));
	ok(is(&got, "{\"v\":1}") && got.key.len == 6 && memcmp(got.key.string, "deploy", 6) == 0);
	eq(histfs_record(h, second + 1, &got), -ENOENT);
	eq(histfs_del(h, &name, HISTFS_SYNCED), 1);
	eq(histfs_del(h, &name, HISTFS_SYNCED), 0);
	eq(histfs_get(h, &name, HISTFS_NEWEST, &got), -ENOENT);
	str_eq(histfs_error(h), "there is no such document");
	histfs_close(h);
	served_end(&s);
}

static void a_batch_is_kept_as_a_whole_or_not_at_all(void)
{
	struct served s;
	struct histfs *h;
	struct histfs_payload batch[] = {json("a", "1"), json("b", "[1,"), json("c", "3")}, got;
	const struct histfs_key a = key("a"), c = key("c");
	size_t written = 0;

	if (!served_begin(&s, tap_tmpdir(), ""))
		exit(1);
	h = connected(&s);
	eq(histfs_put(h, batch, 3, HISTFS_SYNCED, NULL, NULL), -EINVAL);
	ok(strncmp(histfs_error(h), "document 2: no JSON: byte 3: ", 29) == 0);
	eq(histfs_get(h, &a, HISTFS_NEWEST, &got), -ENOENT);
	batch[1] = json("", "1");
	eq(histfs_put(h, batch, 3, HISTFS_SYNCED, NULL, NULL), -EINVAL);
	str_eq(histfs_error(h), "document 2: a key has 1 to 512 bytes");
	eq(histfs_get(h, &c, HISTFS_NEWEST, &got), -ENOENT);
	/* One key twice, and one deleted that is not there. */
	batch[1] = json("a", "2");
	batch[2] = (struct histfs_payload){.key = key("none"), .flags = HISTFS_DELETED};
	ok_r(histfs_put(h, batch, 3, HISTFS_SYNCED, NULL, &written));
	eq(written, 2);
	ok_r(histfs_get(h, &a, HISTFS_NEWEST, &got));
	ok(is(&got, "2"));
	histfs_close(h);
	served_end(&s);
}

static void keys_and_history_come_in_pages_that_have_each_once(void)
{
	enum { KEYS = 3000, VERSIONS = 500 };
	struct served s;
	struct histfs *h;
	const struct histfs_payload *page;
	const struct histfs_key name = key("versions");
	static uint8_t seen[KEYS];
	uint64_t after = 0, before = 0;
	size_t n, n_keys = 0, n_versions = 0;

	if (!served_begin(&s, tap_tmpdir(), ""))
		exit(1);
	h = connected(&s);
	for (uint64_t i = 0; i < KEYS; i++) {
		const struct histfs_payload p = {.key = {.number = i}, .value = "1", .value_len = 1};

		ok_r(histfs_put(h, &p, 1, HISTFS_WRITTEN, NULL, NULL));
	}
	do {
		ok_r(histfs_keys(h, &after, 700, &page, &n));
		ok(n <= 700);
		for (size_t i = 0; i < n; i++, n_keys++) {
			ok(!page[i].key.string && page[i].key.number < KEYS && page[i].value_len == 1);
			seen[page[i].key.number % KEYS]++;
		}
	} while (n > 0);
	eq(n_keys, KEYS);
	for (size_t i = 0; i < KEYS; i++)
		if (seen[i] != 1)
			eq(seen[i], 1);
	for (size_t i = 0; i < VERSIONS; i++) {
		const struct histfs_payload p = json("versions", i % 2 ? "[]" : "1");

		ok_r(histfs_put(h, &p, 1, HISTFS_WRITTEN, NULL, NULL));
	}
	do {
		ok_r(histfs_history(h, &name, before, 64, &page, &n));
		for (size_t i = 0; i < n; i++, n_versions++) {
			ok(before == 0 || page[i].number < before);
			before = page[i].number;
			eq(page[i].value_len, n_versions % 2 ? 1 : 2);
		}
	} while (n > 0);
	eq(n_versions, VERSIONS);
	histfs_close(h);
	served_end(&s);
}

static void a_value_that_is_larger_than_a_client_has_without_asking_comes_whole(void)
{
	enum { LEN = 3 << 20 };
	struct served s;
	struct histfs *h;
	char *value = malloc(LEN);
	struct histfs_payload p = {.key = key("big"), .value = value, .value_len = LEN, .flags = HISTFS_RAW}, got;

	if (!ok(value) || !served_begin(&s, tap_tmpdir(), "[payloads]\nmax_value = 4M\n"))
		exit(1);
	for (size_t i = 0; i < LEN; i++)
		value[i] = (char)(i * 7 ^ i >> 9);
	h = connected(&s);
	ok_r(histfs_put(h, &p, 1, HISTFS_SYNCED, NULL, NULL));
	ok_r(histfs_get(h, &p.key, HISTFS_NEWEST, &got));
	ok(got.flags == HISTFS_RAW && got.value_len == LEN && memcmp(got.value, value, LEN) == 0);
	p.value_len = LEN;
	p.flags = 0;
	eq(histfs_put(h, &p, 1, HISTFS_SYNCED, NULL, NULL), -EINVAL);
	free(value);
	histfs_close(h);
	served_end(&s);
}

static void writers_share_a_sync_and_what_nobody_waits_for_is_synced_in_time(void)
{
	struct served s;
	struct histfs *h;
	struct histfs_payload p = json("a", "1");
	struct documents_stat st = {0};

	if (!served_begin(&s, tap_tmpdir(), ""))
		exit(1);
	h = connected(&s);
	for (int i = 0; i < 100; i++)
		ok_r(histfs_put(h, &p, 1, HISTFS_WRITTEN, NULL, NULL));
	/* Due a second after the first. */
	for (int i = 0; i < 400 && (!documents_stat(&st) || st.store.synced_number < 100); i++)
		poll(NULL, 0, 50);
	eq(st.store.synced_number, 100);
	eq(st.n_puts, 100);
	ok(st.n_syncs < 100);
	histfs_close(h);
	served_end(&s);
	ok(!documents_stat(&st));
}

/* What is in their way here is a file; it may be that a disk is full. */
static void payloads_that_could_not_be_opened_are_opened_when_they_can_be(void)
{
	char base[64], dir[96], away[96];
	struct served s;
	struct histfs *h;
	struct histfs_payload p = json("a", "1"), got;
	const struct histfs_key name = key("a");
	struct documents_stat st = {0};
	int fd;

	snprintf(base, sizeof base, "%s", tap_tmpdir());
	if (!served_begin(&s, base, ""))
		exit(1);
	h = connected(&s);
	ok_r(histfs_put(h, &p, 1, HISTFS_SYNCED, NULL, NULL));
	histfs_close(h);
	served_end(&s);
	snprintf(dir, sizeof dir, "%s/payloads", s.dir);
	snprintf(away, sizeof away, "%s/away", s.dir);
	ok(rename(dir, away) == 0);
	fd = open(dir, O_WRONLY | O_CREAT | O_EXCL, 0600);
	ok(fd >= 0);
	close(fd);
	if (!served_begin(&s, base, ""))
		exit(1);
	ok(!documents_stat(&st));
	eq(st.why, -ENOTDIR);
	ok(unlink(dir) == 0 && rename(away, dir) == 0);
	/* Also if nobody asks for anything. */
	for (int i = 0; !documents_stat(&st) && i < 3000; i++)
		poll(NULL, 0, 20);
	h = connected(&s);
	ok_r(histfs_get(h, &name, HISTFS_NEWEST, &got));
	ok(is(&got, "1"));
	ok_r(histfs_put(h, &p, 1, HISTFS_SYNCED, NULL, NULL));
	for (int i = 0; i < 400 && (!documents_stat(&st) || st.n_puts < 1); i++)
		poll(NULL, 0, 50);
	ok(documents_stat(&st));
	eq(st.why, 0);
	eq(st.store.newest_number, 2);
	histfs_close(h);
	served_end(&s);
	ok(!documents_stat(&st));
	eq(st.why, 0);
}

static void to_delete_what_is_not_there_costs_no_sync(void)
{
	struct served s;
	struct histfs *h;
	const struct histfs_payload p = json("a", "1");
	const struct histfs_key none = key("none");
	struct documents_stat st = {0};

	if (!served_begin(&s, tap_tmpdir(), ""))
		exit(1);
	h = connected(&s);
	for (int i = 0; i < 50; i++)
		eq(histfs_del(h, &none, HISTFS_SYNCED), 0);
	ok_r(histfs_put(h, &p, 1, HISTFS_SYNCED, NULL, NULL));
	for (int i = 0; i < 400 && (!documents_stat(&st) || st.n_puts < 1); i++)
		poll(NULL, 0, 50);
	eq(st.n_puts, 1);
	eq(st.n_syncs, 1);
	eq(st.store.newest_number, 1);
	histfs_close(h);
	served_end(&s);
}

/* --- lies --- */

static int raw_socket(const struct served *s)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof addr.sun_path, "%s", s->socket);
	if (!ok(fd >= 0 && connect(fd, (const struct sockaddr *)&addr, sizeof addr) == 0))
		exit(1);
	return fd;
}

/* Sends a request, and reads up to the end of the connection: the status of the answer. */
static int32_t told(const struct served *s, uint8_t op, const char *body, size_t len)
{
	uint8_t frame[256] = {(uint8_t)(8 + len), 0, 0, 0, op, 0, 0, 0, 1}, in[512];
	int fd = raw_socket(s);
	size_t n = 0;
	ssize_t r;

	memcpy(frame + 12, body, len);
	ok(send(fd, frame, 12 + len, MSG_NOSIGNAL) == (ssize_t)(12 + len));
	shutdown(fd, SHUT_WR);
	while (n < sizeof in && (r = recv(fd, in + n, sizeof in - n, 0)) > 0)
		n += (size_t)r;
	close(fd);
	if (!ok(n >= 16 && in[4] == (op | 128)))
		return 1;
	return (int32_t)get_le32((le32){{in[12], in[13], in[14], in[15]}});
}

static void requests_that_do_not_parse_are_answered_with_an_error(void)
{
	static const struct {
		uint8_t op;
		const char *body;
		size_t len;
	} lies[] = {
	    {16, "", 0}, /* no ack */
	    {16,
	        "\0\1\0\1\1\1"
	        "1",
	        7},                            /* an ack that is none */
	    {16, "\2\0", 2},                   /* nothing to put */
	    {16, "\2\xff\xff\xff\xff\x0f", 6}, /* more than there can be */
	    {16,
	        "\2\1\4\0\1k\1"
	        "1",
	        8}, /* a flag that is none */
	    {16,
	        "\2\1\0\2\1k\1"
	        "1",
	        8}, /* a kind of key that is none */
	    {16,
	        "\2\1\0\0\7k\1"
	        "1",
	        8}, /* a key that ends outside */
	    {16,
	        "\2\1\0\0\1k\1"
	        "12",
	        9},                                                        /* more behind it */
	    {17, "\0\1k", 3},                                              /* no time */
	    {18, "\0", 1},                                                 /* no number */
	    {19, "\0\1k\0", 4}, {20, "", 0}, {20, "\1\1", 2}, {21, "", 0}, /* no operation */
	};
	struct served s;
	struct histfs *h;
	uint64_t after = 0;
	const struct histfs_payload *page;
	size_t n = 1;

	if (!served_begin(&s, tap_tmpdir(), ""))
		exit(1);
	for (size_t i = 0; i < N_ELEMENTS(lies); i++)
		if (told(&s, lies[i].op, lies[i].body, lies[i].len) != -EPROTO)
			eq(i, -1);
	eq(told(&s, 17, "\0\1k\0\0\0\0\0\0\0\x7f", 11), -ENOENT);
	eq(told(&s, 17, "\0\0\0\0\0\0\0\0\0\x7f", 10), -ENOENT);
	h = connected(&s);
	ok_r(histfs_keys(h, &after, 10, &page, &n));
	eq(n, 0);
	histfs_close(h);
	served_end(&s);
}

int main(void)
{
	RUN(what_is_put_is_got_also_as_of_a_time_and_by_number);
	RUN(a_batch_is_kept_as_a_whole_or_not_at_all);
	RUN(keys_and_history_come_in_pages_that_have_each_once);
	RUN(a_value_that_is_larger_than_a_client_has_without_asking_comes_whole);
	RUN(writers_share_a_sync_and_what_nobody_waits_for_is_synced_in_time);
	RUN(payloads_that_could_not_be_opened_are_opened_when_they_can_be);
	RUN(to_delete_what_is_not_there_costs_no_sync);
	RUN(requests_that_do_not_parse_are_answered_with_an_error);
	return tap_done();
}
