/* topictree.c -- topics in the tree: messages, lines, times, and what damage and appending change */
#include "tests/unit/topicstore.h"

enum { BIG = 5 << 20 };

static void every_message_is_a_file_of_its_bytes_and_its_time(void)
{
	struct opened o = open_tree(make());
	struct names s = names_in(o.t, "/topics/orders/0");

	eq(s.n, N);
	ok(s.ascend);
	str_eq(s.first, "00000000000000000000");
	str_eq(s.last, "00000000000000001999");
	for (unsigned i = 0; i < N; i++) {
		_cleanup_(cleanup_free) char *text = NULL;
		char path[64], value[200];
		struct span wanted = value_of(value, i);
		struct tree_attr a = {0};
		size_t len = 0;

		snprintf(path, sizeof(path), i % 2 ? "/topics/orders/0/%u" : "/topics/orders/0/%020u", i);
		ok_r(tree_walk(o.t, path, &a));
		eq(a.mtime_ms, START_MS + (int64_t)i * MESSAGE_MS);
		eq(a.ino, UINT64_C(1) << 63 | UINT64_C(1) << 40 | i);
		text = file(o.t, path, 1 << 20, &len);
		ok(text && len == span_left(&wanted) && memcmp(text, wanted.p ? (const char *)wanted.p : "", len) == 0);
	}
	close_tree(o);
}

static void names_that_are_none_lead_nowhere(void)
{
	static const char *const paths[] = {"/topics/orders/0/2000", "/topics/orders/0/-1", "/topics/orders/0/+1",
	    "/topics/orders/0/1x", "/topics/orders/0/0x1", "/topics/orders/0/",
	    "/topics/orders/0/99999999999999999999999", "/topics/orders/0/18446744073709551616", "/topics/orders/2",
	    "/topics/orders/x", "/topics/orders/4294967296", "/topics/order", "/topics/orders.since",
	    "/log/orders/0/1.tsv", "/log/orders/0/0", "/log/orders/0/0.tsv.tsv", "/log/orders/2.since",
	    "/log/orders/0.since/tomorrow", "/log/orders/0.since/", "/hour/2026-11-20T03/log/empty/0",
	    "/hour/2026-11-20T03/log/orders/2", "/hour/2026-11-20T07", "/hour/2026-11-20T07/log",
	    "/hour/2026-11-20T05/log/orders/1", "/rate/2026-11-20T03/log"};
	struct opened o = open_tree(make());

	for (unsigned i = 0; i < N_ELEMENTS(paths); i++) {
		struct tree_attr a;
		int r = tree_walk(o.t, paths[i], &a);

		/* What ends in a slash is the directory. */
		if (!ok(paths[i][strlen(paths[i]) - 1] == '/' ? r == 0 && S_ISDIR(a.mode) : r == -ENOENT))
			printf("# %s: %d\n", paths[i], r);
	}
	eq(walk(o.t, "/topics/orders/0/1/x"), -ENOTDIR);
	eq(walk(o.t, "/log/orders/0/0.tsv/x"), -ENOTDIR);
	eq(walk(o.t, "/hour/2026-11-20T03/log/orders/0/x"), -ENOTDIR);
	close_tree(o);
}

/* The lines of a partition, out of the messages. */
static char *lines(unsigned from, unsigned to, size_t *ret_len)
{
	struct buf out = {0};

	buf_puts(&out, MESSAGE_TEXT_HEADER);
	for (unsigned i = from; i < to; i++) {
		char value[200];
		struct message m = {.offset = i, .time_ms = START_MS + (int64_t)i * MESSAGE_MS};

		m.value = value_of(value, i);
		m.key = i % 3 ? span_of("key", 3) : (struct span){0};
		message_put_text(&out, &m);
	}
	*ret_len = out.len;
	buf_put_u8(&out, '\0');
	return (char *)out.p;
}

static void is_lines(struct tree *t, const char *path, unsigned from, unsigned to)
{
	static const size_t pieces[] = {1 << 20, 4096, 777};
	_cleanup_(cleanup_free) char *wanted = NULL;
	size_t wanted_len;

	wanted = lines(from, to, &wanted_len);
	for (unsigned i = 0; i < N_ELEMENTS(pieces); i++) {
		_cleanup_(cleanup_free) char *got = NULL;
		size_t len = 0;

		got = file(t, path, pieces[i], &len);
		if (!ok(got && len == wanted_len && memcmp(got, wanted, len) == 0))
			printf("# %s in pieces of %zu\n", path, pieces[i]);
	}
}

static void segments_are_lines_that_can_be_read_in_any_pieces(void)
{
	struct opened o = open_tree(make());
	struct names s = names_in(o.t, "/log/orders/0");
	unsigned from = 0;
	struct topic_segment segment;
	struct topic_reader *r;
	struct topic_store *ts;

	ok(s.n > 1 && s.ascend);
	str_eq(s.first, "00000000000000000000.tsv");
	ok_r(store_topics(o.store, &ts));
	for (unsigned i = 0; i < s.n; i++) {
		char path[64];

		ok_r(topic_store_reader(ts, 1, &r));
		ok_r(topic_reader_segment(r, from, &segment));
		snprintf(path, sizeof(path), "/log/orders/0/%020u.tsv", from);
		is_lines(o.t, path, from, (unsigned)segment.next);
		from = (unsigned)segment.next;
	}
	eq(from, N);
	is_lines(o.t, "/log/orders/1/0.tsv", 0, 30);
	eq(names_in(o.t, "/log/empty/0").n, 0);
	eq(names_in(o.t, "/topics/empty/0").n, 0);
	close_tree(o);
}

static void since_a_time_leads_to_all_lines_from_there_on(void)
{
	struct opened o = open_tree(make());
	struct tree_attr a, b, dir;

	is_lines(o.t, "/log/orders/0.since/2026-11-20T03:10:00", 0, N);
	is_lines(o.t, "/log/orders/0.since/2026-11-20", 0, N);
	is_lines(o.t, "/log/orders/0.since/2026-11-20T05:30:00.001Z", 1681, N);
	is_lines(o.t, "/log/orders/0.since/2027-01-01", N, N);
	tree_set_now(o.t, START_MS + (N - 1) * (int64_t)MESSAGE_MS + 60 * 1000);
	is_lines(o.t, "/log/orders/0.since/-2m", N - 13, N);
	/* A name relative to now may lead on at once, one of a time that is not reached with the next message. */
	ok_r(tree_walk(o.t, "/log/orders/0.since", &dir));
	ok_r(tree_lookup(o.t, dir.ino, "-2m", &a));
	eq(a.name_ms, 0);
	ok_r(tree_lookup(o.t, dir.ino, "2027-01-01", &b));
	ok(b.name_ms > 0 && b.name_ms <= 1000);
	ok_r(tree_walk(o.t, "/log/orders/0.since/2026-11-20T05:55:35", &b));
	ok_r(tree_attr(o.t, a.ino, &a));
	eq(names_in(o.t, "/log/orders/0.since").n, 0);
	eq(names_in(o.t, "/log/orders").n, 4);
	close_tree(o);
}

static void an_hour_has_the_lines_of_its_messages(void)
{
	/* From 03:10 on, 720 an hour. */
	struct opened o = open_tree(make());

	is_lines(o.t, "/hour/2026-11-20T03/log/orders/0", 0, 600);
	is_lines(o.t, "/hour/2026-11-20T04/log/orders/0", 600, 1320);
	is_lines(o.t, "/hour/2026-11-20T05/log/orders/0", 1320, N);
	is_lines(o.t, "/hour/2026-11-20T03/log/orders/1", 0, 30);
	eq(names_in(o.t, "/hour/2026-11-20T03/log").n, 1);
	eq(names_in(o.t, "/hour/2026-11-20T03/log/orders").n, 2);
	eq(names_in(o.t, "/hour/2026-11-20T04/log/orders").n, 1);
	eq(names_in(o.t, "/hour/2026-11-20T04").n, 2 + PER_HOUR);
	close_tree(o);
}

static void an_hour_without_snapshots_has_its_messages_but_is_not_listed(void)
{
	const char *dir = make();
	struct opened o;
	struct names s;
	struct writer w;

	writer_open(&w, dir);
	append(partition_of(&w, "late", 0, BATCH_LZ4), 2800, 1, MESSAGE_MS); /* in hour 07 */
	writer_close(&w);
	o = open_tree(dir);
	s = names_in(o.t, "/hour/2026-11-20T07");
	eq(s.n, 1);
	str_eq(s.first, "log");
	ok_r(walk(o.t, "/hour/2026-11-20T07/log/late/0"));
	eq(names_in(o.t, "/hour").n, 3);
	eq(walk(o.t, "/hour/2026-11-20T06"), -ENOENT);
	close_tree(o);
}

static void a_store_without_topics_has_none_anywhere(void)
{
	const char *dir = tap_tmpdir();
	struct machine m = {0};
	struct tree_attr a = {0};
	struct opened o;

	machine_open(&m, dir);
	machine_run(&m, 3);
	machine_close(&m);
	o = open_tree(dir);
	eq(names_in(o.t, "/topics").n, 0);
	eq(names_in(o.t, "/log").n, 0);
	eq(walk(o.t, "/hour/2026-11-20T03/log"), -ENOENT);
	ok_r(tree_walk(o.t, "/hour/2026-11-20T03", &a));
	eq(a.nlink, 2 + 3);
	close_tree(o);
}

/* --- what changes --- */

/* The tree looks for what is new by itself, some time later. */
static bool soon(struct tree *t, const char *path)
{
	for (unsigned i = 0; i < 6000; i++) {
		if (walk(t, path) == 0)
			return true;
		usleep(10000);
	}
	return false;
}

static void what_is_appended_is_there_and_moves_times_though_messages_have_the_same(void)
{
	static const char *const paths[] = {"/topics/now/0", "/log/now/0/0.tsv", "/hour/2026-11-20T03/log/now/0"};
	const char *dir = make();
	struct tree_attr before[3] = {0}, after = {0};
	struct opened o = open_tree(dir);
	struct partition *p;
	struct writer w;

	writer_open(&w, dir);
	p = partition_of(&w, "now", 0, BATCH_STORED);
	append(p, 0, 1, 0);
	ok(soon(o.t, "/topics/now/0/0"));
	for (unsigned n = 1; n < 4; n++) {
		char path[64];

		for (unsigned i = 0; i < 3; i++)
			ok_r(tree_walk(o.t, paths[i], &before[i]));
		append(p, n, 1, 0);
		snprintf(path, sizeof(path), "/topics/now/0/%u", n);
		ok(soon(o.t, path));
		for (unsigned i = 0; i < 3; i++) {
			ok_r(tree_walk(o.t, paths[i], &after));
			eq(after.mtime_ms, before[i].mtime_ms);
			ok(after.mtime_ns != before[i].mtime_ns);
			ok(after.mtime_ns < 1000000);
			ok(i == 0 || after.size > before[i].size);
			ok(after.ino == before[i].ino);
		}
	}
	writer_close(&w);
	close_tree(o);
}

static void a_large_message_is_read_in_pieces(void)
{
	const char *dir = make();
	struct batch_builder b = {0};
	struct message m = {.time_ms = START_MS};
	char *big = malloc(BIG), *got;
	struct opened o;
	struct writer w;
	uint64_t offset;
	size_t len = 0;

	if (!big)
		exit(1);
	for (size_t i = 0; i < BIG; i++)
		big[i] = (char)(i * i >> 7);
	m.value = span_of(big, BIG);
	writer_open(&w, dir);
	ok_r(batch_add(&b, &m));
	ok_r(partition_append(partition_of(&w, "big", 0, BATCH_ZSTD), &b, 0, &offset));
	batch_done(&b);
	writer_close(&w);
	o = open_tree(dir);
	got = file(o.t, "/topics/big/0/0", 128 << 10, &len);
	ok(got && len == BIG && memcmp(got, big, BIG) == 0);
	free(got);
	free(big);
	close_tree(o);
}

/* Changes bytes in the middle of the newest segment's file of that number of messages. */
static void damage(const char *dir, const char *segment)
{
	_cleanup_(buf_done) struct buf path = {0};
	struct stat st;
	int fd;

	buf_printf(&path, "%s/topics/orders/0/%s", dir, segment);
	buf_put_u8(&path, '\0');
	fd = open((const char *)path.p, O_RDWR | O_CLOEXEC);
	if (!ok_r(fd))
		exit(1);
	ok_r(fstat(fd, &st));
	eq(pwrite(fd, "\x55\xaa\x55\xaa\x55\xaa\x55\xaa", 8, st.st_size / 2), 8);
	close(fd);
}

static void damage_fails_what_needs_it_and_nothing_else(void)
{
	const char *dir = make();
	unsigned n_bad = 0, n_other = 0;
	struct tree_attr a = {0};
	struct opened o;
	struct names s;
	char *text;
	size_t len;

	damage(dir, "00000000000000000000.log");
	o = open_tree(dir);
	for (unsigned i = 0; i < N; i++) {
		char path[64], value[200];
		struct span wanted = value_of(value, i), got;
		int r;

		snprintf(path, sizeof(path), "/topics/orders/0/%u", i);
		r = tree_walk(o.t, path, &a);
		if (r == 0)
			r = tree_read(o.t, a.ino, 0, 1 << 20, &got);
		n_bad += r == -EBADMSG;
		n_other += r < 0 && r != -EBADMSG;
		if (r == 0)
			ok(span_left(&got) == span_left(&wanted) &&
			    (span_left(&got) == 0 || memcmp(got.p, wanted.p, span_left(&got)) == 0));
	}
	eq(n_other, 0);
	ok(n_bad >= 1 && n_bad <= 20);
	s = names_in(o.t, "/topics/orders/0");
	ok(s.n >= N - n_bad && s.ascend);
	str_eq(s.last, "00000000000000001999");
	text = file(o.t, "/status", 1 << 20, &len);
	ok(text && strstr(text, "damaged\ttopics/orders/0/00000000000000000000.log\t"));
	ok(text && strstr(text, "\ntopics\t2\npartitions\t3\n"));
	free(text);
	/* Lines behind the damage keep their places. */
	is_lines(o.t, "/log/orders/1/0.tsv", 0, 30);
	is_lines(o.t, "/hour/2026-11-20T05/log/orders/0", 1320, N);
	ok_r(tree_walk(o.t, "/log/orders/0/0.tsv", &a));
	{
		struct span part = {0};
		const char end[] = "\tmessage ";

		ok_r(tree_read(o.t, a.ino, a.size - 400, 400, &part));
		eq(span_left(&part), 400);
		ok(span_left(&part) > 0 && part.end[-1] == '\n' && memmem(part.p, 400, end, sizeof(end) - 1));
	}
	close_tree(o);
}

static void sizes_of_topics_count(void)
{
	const char *dir = make();
	struct opened o = open_tree(dir);
	uint64_t bytes = 0, n_hours = 0, all = 0;
	char command[300];
	FILE *f;

	snprintf(command, sizeof(command),
	    "find '%s/topics' '%s/snapshots' -type f -printf '%%s\\n' | awk '{n += $1} END {print n}'", dir, dir);
	f = popen(command, "r");
	ok(f && fscanf(f, "%" SCNu64, &all) == 1);
	if (f)
		pclose(f);
	ok_r(tree_usage(o.t, &bytes, &n_hours));
	eq(bytes, all);
	eq(n_hours, 3);
	close_tree(o);
}

int main(void)
{
	RUN(every_message_is_a_file_of_its_bytes_and_its_time);
	RUN(names_that_are_none_lead_nowhere);
	RUN(segments_are_lines_that_can_be_read_in_any_pieces);
	RUN(since_a_time_leads_to_all_lines_from_there_on);
	RUN(an_hour_has_the_lines_of_its_messages);
	RUN(an_hour_without_snapshots_has_its_messages_but_is_not_listed);
	RUN(a_store_without_topics_has_none_anywhere);
	RUN(what_is_appended_is_there_and_moves_times_though_messages_have_the_same);
	RUN(a_large_message_is_read_in_pieces);
	RUN(damage_fails_what_needs_it_and_nothing_else);
	RUN(sizes_of_topics_count);
	return tap_done();
}
