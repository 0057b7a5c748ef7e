/* topictree.c -- topics in the tree: messages, lines, times, inode numbers, and what damage and appending change */
#include "store/identity.h"
#include "store/io.h"
#include "store/store.h"
#include "store/topics.h"
#include "tests/unit/machine.h"
#include "view/node.h"
#include "view/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

enum {
	N = 2000, /* messages of partition 0 of orders: one each 5 s, so that they end in hour 05 */
	MESSAGE_MS = 5000,
	BIG = 5 << 20,
	N_NODES_MAX = 20000,
};

static const int64_t start_ms = (int64_t)HOUR * HOUR_MS + 600 * 1000;

/* --- writing --- */

struct writer {
	int fd;
	struct topics *topics;
};

static void writer_open(struct writer *w, const char *dir)
{
	struct topics_options o = {.boot = 1};
	struct identity id;

	w->fd = io_opendir(AT_FDCWD, dir, false);
	if (!ok_r(w->fd) || !ok_r(identity_read(w->fd, &id)) || !ok_r(topics_open(w->fd, id.id, &o, &w->topics)))
		exit(1);
}

static void writer_close(struct writer *w)
{
	ok_r(topics_close(w->topics));
	io_close(w->fd);
}

static struct partition *partition_of(struct writer *w, const char *name, uint32_t partition, uint8_t compression)
{
	struct topic_options o = {.segment_size = 64 << 10, .compression = compression};
	struct partition *p = NULL;
	struct topic *t;

	if (!ok_r(topics_create(w->topics, name, partition + 1, &t)))
		exit(1);
	topic_configure(t, &o);
	if (!ok_r(topic_partition(t, partition, &p)))
		exit(1);
	return p;
}

/* The value of a message: some are empty, some NULL, some have what lines escape. */
static struct span value_of(char buf[200], unsigned i)
{
	int n = snprintf(buf, 200, "message %u of\tall\n%.*s", i, (int)(i % 100),
	    "..................................................................................................");

	if (i % 50 == 7)
		return (struct span){0};
	return span_of(buf, i % 50 == 8 ? 0 : (size_t)n);
}

static void append(struct partition *p, unsigned from, unsigned n, int64_t step_ms)
{
	struct batch_builder b = {0};
	uint64_t offset;

	for (unsigned i = from; i < from + n; i++) {
		char value[200];
		struct message m = {.offset = i - from, .time_ms = start_ms + (int64_t)i * step_ms};

		m.value = value_of(value, i);
		m.key = i % 3 ? span_of("key", 3) : (struct span){0};
		ok_r(batch_add(&b, &m));
		if (b.n == 10 || i + 1 == from + n) {
			ok_r(partition_append(p, &b, 0, &offset));
			batch_clear(&b);
		}
	}
	batch_done(&b);
}

/* Three hours of snapshots, from 03 on, and topics orders with two partitions and empty. */
static const char *make(void)
{
	const char *dir = tap_tmpdir();
	struct machine m = {0};
	struct writer w;

	machine_open(&m, dir);
	machine_run(&m, 2 * PER_HOUR + 6);
	machine_close(&m);
	writer_open(&w, dir);
	partition_of(&w, "orders", 1, BATCH_STORED);
	append(partition_of(&w, "orders", 0, BATCH_STORED), 0, N / 2, MESSAGE_MS);
	append(partition_of(&w, "orders", 0, BATCH_ZSTD), N / 2, N / 2, MESSAGE_MS);
	append(partition_of(&w, "orders", 1, BATCH_STORED), 0, 30, MESSAGE_MS);
	partition_of(&w, "empty", 0, BATCH_STORED);
	writer_close(&w);
	return dir;
}

/* --- reading --- */

struct opened {
	struct store *store;
	struct tree *t;
};

static struct opened open_tree(const char *dir)
{
	struct opened o;

	if (!ok_r(store_open(dir, NULL, &o.store)) || !ok_r(tree_new(o.store, &o.t)))
		exit(1);
	return o;
}

static void close_tree(struct opened o)
{
	tree_free(o.t);
	store_close(o.store);
}

static int walk(struct tree *t, const char *path)
{
	struct tree_attr a;

	return tree_walk(t, path, &a);
}

/* A file's bytes, read in pieces; NULL: not readable. */
static char *file(struct tree *t, const char *path, size_t piece, size_t *ret_len)
{
	struct buf out = {0};
	struct tree_attr a;
	struct span part;
	int r = tree_walk(t, path, &a);

	do {
		if (r == 0)
			r = tree_read(t, a.ino, out.len, piece, &part);
		if (r < 0) {
			buf_done(&out);
			return NULL;
		}
		buf_put(&out, part.p, span_left(&part));
	} while (span_left(&part) > 0);
	if (!ok(out.len == a.size))
		printf("# %s: %zu bytes, not %zu\n", path, out.len, (size_t)a.size);
	*ret_len = out.len;
	buf_put_u8(&out, '\0');
	return (char *)out.p;
}

struct names {
	unsigned n;
	char first[64], last[64];
	bool ascend;
};

static int see_name(const struct tree_entry *e, void *arg)
{
	struct names *s = arg;

	if (s->n++ == 0)
		snprintf(s->first, sizeof(s->first), "%.60s", e->name);
	else
		s->ascend = s->ascend && strcmp(s->last, e->name) < 0;
	snprintf(s->last, sizeof(s->last), "%.60s", e->name);
	return 0;
}

static struct names names_in(struct tree *t, const char *path)
{
	struct names s = {.ascend = true};
	struct tree_attr a;

	if (ok_r(tree_walk(t, path, &a)))
		ok_r(tree_list(t, a.ino, 0, false, see_name, &s));
	return s;
}

/* --- tests --- */

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
		eq(a.mtime_ms, start_ms + (int64_t)i * MESSAGE_MS);
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
		struct message m = {.offset = i, .time_ms = start_ms + (int64_t)i * MESSAGE_MS};

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
	tree_set_now(o.t, start_ms + (N - 1) * (int64_t)MESSAGE_MS + 60 * 1000);
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
	eq(names_in(o.t, "/log/orders").n, 2);
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

/* --- everything --- */

struct seen {
	struct tree_attr *attrs;
	uint64_t *parents;
	char (*names)[32];
	uint32_t n;
	uint64_t parent;
};

static int see(const struct tree_entry *e, void *arg)
{
	struct seen *s = arg;

	if (!ok(e->attr && e->attr->ino == e->ino && (e->attr->mode & S_IFMT) == e->type && s->n < N_NODES_MAX))
		return -EIO;
	s->attrs[s->n] = *e->attr;
	s->parents[s->n] = s->parent;
	snprintf(s->names[s->n++], 32, "%s", e->name);
	return 0;
}

static void see_all(struct tree *t, struct seen *s)
{
	static const char *const roots[] = {"/topics", "/log", "/hour"};

	s->n = 0;
	for (unsigned i = 0; i < N_ELEMENTS(roots); i++) {
		struct tree_attr a = {0};
		uint32_t k = s->n;

		ok_r(tree_walk(t, roots[i], &a));
		s->parent = a.ino;
		ok_r(tree_list(t, a.ino, 0, true, see, s));
		for (; k < s->n; k++) {
			s->parent = s->attrs[k].ino;
			if (S_ISDIR(s->attrs[k].mode))
				ok_r(tree_list(t, s->parent, 0, true, see, s));
		}
	}
}

static int compare_inos(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static struct seen seen_new(void)
{
	struct seen s = {.attrs = calloc(N_NODES_MAX, sizeof(*s.attrs)),
	    .parents = calloc(N_NODES_MAX, sizeof(*s.parents)),
	    .names = calloc(N_NODES_MAX, sizeof(*s.names))};

	if (!s.attrs || !s.parents || !s.names)
		exit(1);
	return s;
}

static void seen_done(struct seen *s)
{
	free(s->attrs);
	free(s->parents);
	free(s->names);
}

static bool same_attr(const struct tree_attr *a, const struct tree_attr *b)
{
	return a->ino == b->ino && a->mode == b->mode && a->nlink == b->nlink && a->size == b->size &&
	       a->mtime_ms == b->mtime_ms && a->mtime_ns == b->mtime_ns && a->attr_ms == b->attr_ms;
}

static void inode_numbers_are_unique_lead_back_and_stay_from_mount_to_mount(void)
{
	struct seen first = seen_new(), second = seen_new();
	const char *dir = make();
	struct opened o = open_tree(dir), again;
	uint64_t *inos;

	see_all(o.t, &first);
	ok(first.n > N + 100);
	inos = calloc(first.n, sizeof(*inos));
	for (uint32_t i = 0; i < first.n; i++) {
		struct tree_attr a;

		inos[i] = first.attrs[i].ino;
		ok_r(tree_attr(o.t, inos[i], &a));
		ok(same_attr(&a, &first.attrs[i]));
		ok_r(tree_lookup(o.t, first.parents[i], first.names[i], &a));
		ok(same_attr(&a, &first.attrs[i]));
		ok(tree_parent(o.t, inos[i]) == first.parents[i]);
	}
	qsort(inos, first.n, sizeof(*inos), compare_inos);
	for (uint32_t i = 1; i < first.n; i++)
		ok(inos[i - 1] != inos[i]);
	again = open_tree(dir);
	see_all(again.t, &second);
	eq(second.n, first.n);
	for (uint32_t i = 0; i < first.n && i < second.n; i++)
		ok(same_attr(&first.attrs[i], &second.attrs[i]));
	free(inos);
	seen_done(&first);
	seen_done(&second);
	close_tree(again);
	close_tree(o);
}

static int count(const struct tree_entry *e, void *arg)
{
	(void)e;
	++*(uint32_t *)arg;
	return 0;
}

static void any_number_may_be_taken_for_an_inode(void)
{
	struct opened o = open_tree(make());
	uint32_t n_found = 0, n = 0;

	srandom(1);
	for (int i = 0; i < 50000; i++) {
		enum node_kind kind = (enum node_kind)(random() % 8 + 1);
		uint64_t offset = random() % 3   ? (uint64_t)random() % 2100
		                  : random() % 2 ? 0
		                                 : (uint64_t)random() << 20;
		struct node hourly = {.view = VIEW_HOUR_LOG, .hour = HOUR - 1 + (int32_t)(random() % 5)};
		struct tree_attr a = {0};
		struct span p;
		uint64_t ino = node_ino(node_of_kind(kind, (uint32_t)random() % 5, offset & NODE_OFFSET_MAX));
		int r, list, got;

		hourly.seq = (int32_t)(random() % 6) - 1;
		hourly.leaf = (uint32_t)random() % 3;
		if (random() % 3 == 0)
			ino = node_ino(hourly);
		r = tree_attr(o.t, ino, &a);
		list = tree_list(o.t, ino, 1900, false, count, &n);
		got = tree_read(o.t, ino, 0, 16, &p);
		n_found += r == 0;
		if (!ok(r == 0 ? a.ino == ino && (list == 0) == S_ISDIR(a.mode) && (got == 0) == S_ISREG(a.mode)
		               : r == -ENOENT && list < 0 && got < 0))
			printf("# %" PRIx64 ": %d %d %d\n", ino, r, list, got);
		ok(tree_parent(o.t, ino) != 0);
	}
	ok(n_found > 1000);
	close_tree(o);
}

/* Stops after one entry. */
static int take_one(const struct tree_entry *e, void *arg)
{
	*(uint64_t *)arg = e->cookie;
	return 1;
}

static void a_listing_goes_on_anywhere(void)
{
	struct opened o = open_tree(make());
	struct tree_attr a = {0};
	uint64_t cookie = 0;
	unsigned n = 0;

	ok_r(tree_walk(o.t, "/topics/orders/0", &a));
	while (tree_list(o.t, a.ino, cookie, n % 3 == 0, take_one, &cookie) == 1)
		n++;
	eq(n, N);
	close_tree(o);
}

/* --- what changes --- */

/* The tree looks for what is new by itself, some time later. */
static bool soon(struct tree *t, const char *path)
{
	for (unsigned i = 0; i < 1000; i++) {
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
	struct message m = {.time_ms = start_ms};
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
	RUN(inode_numbers_are_unique_lead_back_and_stay_from_mount_to_mount);
	RUN(any_number_may_be_taken_for_an_inode);
	RUN(a_listing_goes_on_anywhere);
	RUN(what_is_appended_is_there_and_moves_times_though_messages_have_the_same);
	RUN(a_large_message_is_read_in_pieces);
	RUN(damage_fails_what_needs_it_and_nothing_else);
	RUN(sizes_of_topics_count);
	return tap_done();
}
