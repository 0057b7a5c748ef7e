/* topicstore.h -- a store with an hour's topics and snapshots, for tests of the tree */
#ifndef TESTS_UNIT_TOPICSTORE_H
#define TESTS_UNIT_TOPICSTORE_H

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
};

#define START_MS ((int64_t)HOUR * HOUR_MS + 600 * 1000)

/* --- writing --- */

struct writer {
	int fd;
	struct topics *topics;
};

static inline void writer_open(struct writer *w, const char *dir)
{
	struct topics_options o = {.boot = 1};
	struct identity id;

	w->fd = io_opendir(AT_FDCWD, dir, false);
	if (!ok_r(w->fd) || !ok_r(identity_read(w->fd, &id)) || !ok_r(topics_open(w->fd, id.id, &o, &w->topics)))
		exit(1);
}

static inline void writer_close(struct writer *w)
{
	ok_r(topics_close(w->topics));
	io_close(w->fd);
}

static inline struct partition *partition_of(
    struct writer *w, const char *name, uint32_t partition, uint8_t compression)
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
static inline struct span value_of(char buf[200], unsigned i)
{
	int n = snprintf(buf, 200, "message %u of\tall\n%.*s", i, (int)(i % 100),
	    "..................................................................................................");

	if (i % 50 == 7)
		return (struct span){0};
	return span_of(buf, i % 50 == 8 ? 0 : (size_t)n);
}

static inline void append(struct partition *p, unsigned from, unsigned n, int64_t step_ms)
{
	struct batch_builder b = {0};
	uint64_t offset;

	for (unsigned i = from; i < from + n; i++) {
		char value[200];
		struct message m = {.offset = i - from, .time_ms = START_MS + (int64_t)i * step_ms};

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
static inline const char *make(void)
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

static inline struct opened open_tree(const char *dir)
{
	struct opened o;

	if (!ok_r(store_open(dir, NULL, &o.store)) || !ok_r(tree_new(o.store, &o.t)))
		exit(1);
	return o;
}

static inline void close_tree(struct opened o)
{
	tree_free(o.t);
	store_close(o.store);
}

static inline int walk(struct tree *t, const char *path)
{
	struct tree_attr a;

	return tree_walk(t, path, &a);
}

/* A file's bytes, read in pieces; NULL: not readable. */
static inline char *file(struct tree *t, const char *path, size_t piece, size_t *ret_len)
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

static inline int see_name(const struct tree_entry *e, void *arg)
{
	struct names *s = arg;

	if (s->n++ == 0)
		snprintf(s->first, sizeof(s->first), "%.60s", e->name);
	else
		s->ascend = s->ascend && strcmp(s->last, e->name) < 0;
	snprintf(s->last, sizeof(s->last), "%.60s", e->name);
	return 0;
}

static inline struct names names_in(struct tree *t, const char *path)
{
	struct names s = {.ascend = true};
	struct tree_attr a;

	if (ok_r(tree_walk(t, path, &a)))
		ok_r(tree_list(t, a.ino, 0, false, see_name, &s));
	return s;
}

#endif
