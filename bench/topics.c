/* topics.c -- appending and reading messages of 1 KiB, and the same bytes without anything around them
 *
 *   topics append DIR N BATCH  N messages, BATCH at once, not synced; output: messages a second of CPU time
 *   topics write FILE N        as many bytes in writes of 64 KiB, each hashed
 *   topics synced DIR N        N messages, synced each 1000; messages a second of time passed
 *   topics writesync FILE N    as many bytes, fdatasync each 1000 times 1 KiB
 *   topics next DIR            all messages in a row
 *   topics random DIR N        N of them by offset, after each block was looked at once
 *   topics pread DIR N         N times 1 KiB at random from the same files
 *   topics mmap DIR N          the same copied out of a mapping
 *   topics look DIR N          N look-ups in the index
 *   topics text DIR            all lines, in pieces of 128 KiB; output: MB a second
 *   topics big DIR N           N messages of a mebibyte, synced at the end
 *   topics killed DIR          appends to it some megabytes that are not closed, as a process that is killed leaves
 * them; then as open topics open DIR            milliseconds until a reader knows the partition, and until the writer
 * may append
 */
#include "store/identity.h"
#include "store/io.h"
#include "store/topic_reader.h"
#include "store/topics.h"

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <xxhash.h>

enum { LEN = 1024, WRITE = 64 << 10, FILES_MAX = 1000 };

static double clock_s(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Of this process, kernel included: what is not waited for is a matter of one CPU, whatever else the machine does. */
static double now(void)
{
	return clock_s(CLOCK_PROCESS_CPUTIME_ID);
}

static double wall(void)
{
	return clock_s(CLOCK_MONOTONIC);
}

static void check(int r, const char *what)
{
	if (r < 0)
		errx(1, "%s: %s", what, strerror(-r));
}

static uint64_t random_below(uint64_t n)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x % n;
}

/* A megabyte of letters; messages are pieces of it. */
static const char *letters(void)
{
	static char p[1 << 20];

	for (size_t i = 0; i < sizeof p; i++)
		p[i] = (char)('a' + random_below(26));
	return p;
}

/* --- writing --- */

static struct topics *open_topics(const char *dir, enum sync_mode mode, struct topic **ret)
{
	struct topics_options o = {.boot = 1};
	struct topic_options how = {.sync = mode};
	struct identity id = {.created_ms = 1, .host = "bench"};
	struct topics *ts;
	int fd = io_opendir(AT_FDCWD, dir, true), r;

	check(fd, dir);
	r = identity_read(fd, &id);
	check(r == -ENOENT ? identity_create(fd, &id) : r, dir);
	check(topics_open(fd, id.id, &o, &ts), dir);
	check(topics_create(ts, "bench", 1, ret), dir);
	topic_configure(*ret, &how);
	return ts;
}

/* synced: after each batch. */
static double append(const char *dir, uint64_t n, uint32_t batch, bool synced)
{
	_cleanup_(batch_done) struct batch_builder b = {0};
	const char *text = letters();
	struct partition *p;
	struct topics *ts;
	struct topic *t;
	uint64_t offset;
	double start;

	ts = open_topics(dir, synced ? SYNC_FDATASYNC : SYNC_NONE, &t);
	check(topic_partition(t, 0, &p), dir);
	start = synced ? wall() : now();
	for (uint64_t i = 0; i < n; i++) {
		struct message m = {
		    .offset = b.n, .time_ms = (int64_t)i, .value = span_of(text + i * 1021 % ((1 << 20) - LEN), LEN)};

		check(batch_add(&b, &m), "batch");
		if (b.n < batch && i + 1 < n)
			continue;
		check(partition_append(p, &b, (int64_t)i, &offset), "append");
		if (synced)
			check(partition_sync(p), "sync");
		batch_clear(&b);
	}
	start = (synced ? wall() : now()) - start;
	check(topics_close(ts), "close");
	return (double)n / start;
}

/* Leaves what it opened as it is, if killed. */
static void append_big(const char *dir, uint64_t n, bool killed)
{
	_cleanup_(batch_done) struct batch_builder b = {0};
	const char *text = letters();
	struct partition *p;
	struct topics *ts;
	struct topic *t;
	uint64_t offset;

	ts = open_topics(dir, SYNC_FDATASYNC, &t);
	check(topic_partition(t, 0, &p), dir);
	for (uint64_t i = 0; i < n; i++) {
		struct message m = {.time_ms = (int64_t)i, .value = span_of(text, 1 << 20)};

		batch_clear(&b);
		check(batch_add(&b, &m), "batch");
		check(partition_append(p, &b, (int64_t)i, &offset), "append");
	}
	if (!killed)
		check(topics_close(ts), "close");
}

static double write_bare(const char *file, uint64_t n, uint64_t synced)
{
	int fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0644);
	const char *text = letters();
	uint64_t at = 0, end = n * LEN, sum = 0, since = 0;
	double start = synced ? wall() : now();

	check(fd < 0 ? -errno : 0, file);
	while (at < end) {
		size_t len = end - at < WRITE ? (size_t)(end - at) : (size_t)WRITE;
		const char *p = text + at * 1021 % ((1 << 20) - WRITE);

		if (synced && since + len > synced)
			len = (size_t)(synced - since);
		sum += XXH3_64bits_withSeed(p, len, at);
		check(io_pwrite(fd, p, len, at), file);
		at += len;
		since += len;
		if (synced && since == synced) {
			check(io_sync(fd, true), file);
			since = 0;
		}
	}
	start = (synced ? wall() : now()) - start;
	close(fd);
	return sum == 0 ? 0 : (double)n / start;
}

/* --- reading --- */

static struct topic_reader *open_reader(const char *dir, struct topic_store **ret)
{
	struct topic_reader *r;

	check(topic_store_open(dir, 0, ret), dir);
	check(topic_store_reader(*ret, 1, &r), dir);
	return r;
}

static double read_in_a_row(struct topic_reader *r)
{
	uint64_t at = 0, n = 0, sum = 0;
	double start = now();
	struct message m;

	while (topic_reader_next(r, at, &m, &at) == 0) {
		sum += span_left(&m.value);
		n++;
	}
	return sum == 0 ? 0 : (double)n / (now() - start);
}

static double read_random(struct topic_reader *r, uint64_t n)
{
	struct topic_range range;
	struct message m;
	double start;

	topic_reader_range(r, &range);
	for (uint64_t i = 0; i < range.next_offset; i += 16)
		check(topic_reader_get(r, i, &m), "get");
	start = now();
	for (uint64_t i = 0; i < n; i++) {
		check(topic_reader_get(r, random_below(range.next_offset), &m), "get");
		if (span_left(&m.value) != LEN)
			errx(1, "another message");
	}
	return (double)n / (now() - start);
}

static double look(struct topic_reader *r, uint64_t n)
{
	struct topic_range range;
	uint64_t first, sum = 0;
	double start;

	topic_reader_range(r, &range);
	for (uint64_t i = 0; i < range.next_offset; i += 1000)
		check(topic_reader_look(r, i, &first), "look-up");
	start = now();
	for (uint64_t i = 0; i < n; i++) {
		check(topic_reader_look(r, random_below(range.next_offset), &first), "look-up");
		sum += first;
	}
	return sum == 0 ? 0 : (double)n / (now() - start);
}

static double read_text(struct topic_reader *r)
{
	_cleanup_(buf_done) struct buf out = {0};
	struct topic_segment seg;
	uint64_t from = 0, len = 0;
	double start = now();

	while (topic_reader_segment(r, from, &seg) == 0) {
		for (uint64_t off = 0; off < seg.text_len; off += 128 << 10) {
			buf_clear(&out);
			check(topic_reader_text(r, seg.base, seg.next, off, 128 << 10, &out), "text");
			len += out.len;
		}
		from = seg.base + 1;
	}
	return (double)len / 1e6 / (now() - start);
}

/* --- bare reading --- */

struct files {
	int fd[FILES_MAX];
	const uint8_t *map[FILES_MAX];
	uint64_t len[FILES_MAX];
	unsigned n;
};

static struct files open_files(const char *dir)
{
	struct files f = {.n = 0};
	struct dirent *e;
	char path[300];
	struct stat st;
	DIR *d;

	snprintf(path, sizeof path, "%s/topics/bench/0", dir);
	d = opendir(path);
	check(d ? 0 : -errno, path);
	while ((e = readdir(d)) && f.n < FILES_MAX) {
		size_t len = strlen(e->d_name);
		int fd;

		if (len != 24 || strcmp(e->d_name + 20, ".log") != 0)
			continue;
		fd = openat(dirfd(d), e->d_name, O_RDONLY);
		if (fd < 0 || fstat(fd, &st) < 0 || st.st_size < 2 * LEN)
			continue;
		f.fd[f.n] = fd;
		f.len[f.n] = (uint64_t)st.st_size;
		f.map[f.n] = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
		if (f.map[f.n++] == MAP_FAILED)
			err(1, "mmap");
	}
	closedir(d);
	if (f.n == 0)
		errx(1, "%s: no segments", path);
	return f;
}

static double read_bare(const char *dir, uint64_t n, bool mapped)
{
	static uint8_t room[LEN];
	struct files f = open_files(dir);
	uint64_t sum = 0;
	double start = now();

	for (uint64_t i = 0; i < n; i++) {
		unsigned k = (unsigned)random_below(f.n);
		uint64_t off = random_below(f.len[k] - LEN);

		if (mapped)
			memcpy(room, f.map[k] + off, LEN);
		else if (io_pread(f.fd[k], room, LEN, off) != LEN)
			errx(1, "short");
		__asm__ volatile("" ::"r"(room) : "memory");
		sum += room[0];
	}
	return sum == 0 ? 0 : (double)n / (now() - start);
}

/* --- opening --- */

static void show_open(const char *dir)
{
	struct topic_store *s;
	struct topic_range range;
	struct partition *p;
	struct topics *ts;
	struct topic *t;
	double start = wall(), reader;

	topic_reader_range(open_reader(dir, &s), &range);
	reader = wall() - start;
	topic_store_close(s);
	start = wall();
	ts = open_topics(dir, SYNC_FDATASYNC, &t);
	check(topic_partition(t, 0, &p), dir);
	printf("%.3f %.3f\n", reader * 1e3, (wall() - start) * 1e3);
	check(topics_close(ts), "close");
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "", *where = argc > 2 ? argv[2] : "";
	uint64_t n = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	uint32_t batch = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 1;
	struct topic_store *s;
	double figure;

	if (strcmp(what, "big") == 0) {
		append_big(where, n, false);
		return 0;
	}
	if (strcmp(what, "killed") == 0) {
		pid_t child = fork();

		if (child == 0) {
			append_big(where, 8, true);
			raise(SIGKILL);
		}
		check(child < 0 || waitpid(child, NULL, 0) < 0 ? -errno : 0, "fork");
		show_open(where);
		return 0;
	}
	if (strcmp(what, "append") == 0)
		figure = append(where, n, batch, false);
	else if (strcmp(what, "synced") == 0)
		figure = append(where, n, 1000, true);
	else if (strcmp(what, "write") == 0)
		figure = write_bare(where, n, 0);
	else if (strcmp(what, "writesync") == 0)
		figure = write_bare(where, n, (uint64_t)1000 * LEN);
	else if (strcmp(what, "next") == 0)
		figure = read_in_a_row(open_reader(where, &s));
	else if (strcmp(what, "random") == 0)
		figure = read_random(open_reader(where, &s), n);
	else if (strcmp(what, "look") == 0)
		figure = look(open_reader(where, &s), n);
	else if (strcmp(what, "text") == 0)
		figure = read_text(open_reader(where, &s));
	else if (strcmp(what, "pread") == 0)
		figure = read_bare(where, n, false);
	else if (strcmp(what, "mmap") == 0)
		figure = read_bare(where, n, true);
	else if (strcmp(what, "open") == 0) {
		show_open(where);
		return 0;
	} else {
		fputs("usage: topics append|write|synced|writesync|next|random|pread|mmap|look|text|big|open|killed "
		      "WHERE [N [BATCH]]\n",
		    stderr);
		return 2;
	}
	printf("%.0f\n", figure);
	return 0;
}
