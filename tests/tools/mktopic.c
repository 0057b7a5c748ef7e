/* mktopic.c -- writes messages to a topic of a store through the library, for tests of what reads one and for measuring
 *
 *   mktopic DIR TOPIC [-n N] [-l BYTES] [-k KEYS] [-H HEADERS] [-b N] [-c CODEC] [-p PARTITIONS] [-S BYTES] [-x BYTES]
 *                     [-t MS] [-i MS] [-y N] [-a] [-d]
 *     N messages to each of PARTITIONS, whose values have BYTES bytes, in batches of -b messages, of KEYS keys (0:
 * none), with HEADERS headers each, the first one at -t, -i later the next; segments of -S bytes, an index entry each
 * -x. CODEC: none, zstd, lz4, gzip, snappy. -y: synced each N batches. -a: times are those of appending. -d: every
 * third message of a key deletes it. A store that is not there is made. The same arguments give the same messages.
 */
#include "store/identity.h"
#include "store/io.h"
#include "store/names.h"
#include "store/topics.h"

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>

struct wanted {
	uint64_t n, batch, keys, headers, partitions, synced;
	size_t len;
	int64_t start_ms, step_ms;
	bool deletes;
	struct topic_options options;
};

static void check(int r, const char *what)
{
	if (r < 0)
		errx(1, "%s: %s", what, strerror(-r));
}

static uint8_t codec(const char *name)
{
	static const struct {
		const char *name;
		uint8_t codec;
	} known[] = {{"none", BATCH_STORED}, {"zstd", BATCH_ZSTD}, {"lz4", BATCH_LZ4}, {"gzip", BATCH_GZIP},
	    {"snappy", BATCH_SNAPPY}};

	for (size_t i = 0; i < N_ELEMENTS(known); i++)
		if (strcmp(name, known[i].name) == 0)
			return known[i].codec;
	errx(2, "no such codec: %s", name);
}

/* What message i says: a line of words, as a log has them. */
static void put_value(char *p, size_t len, uint64_t partition, uint64_t i)
{
	static const char *const words[] = {"order", "accepted", "shipped", "from", "store", "with", "9.99", "EUR"};
	uint64_t random = i * 0x9e3779b97f4a7c15 + partition;
	size_t at = 0;

	while (at < len) {
		char word[32];
		int n = at == 0 ? snprintf(word, sizeof word, "%" PRIu64 "/%" PRIu64 " ", partition, i)
		                : snprintf(word, sizeof word, "%s ", words[random >> 61]);

		random = random * 6364136223846793005 + 1442695040888963407;
		if ((size_t)n > len - at)
			n = (int)(len - at);
		memcpy(p + at, word, (size_t)n);
		at += (size_t)n;
	}
}

static void add(struct batch_builder *b, const struct wanted *w, uint64_t partition, uint64_t i, char *value)
{
	_cleanup_(buf_done) struct buf headers = {0};
	struct message m = {.offset = i, .time_ms = w->start_ms + (int64_t)i * w->step_ms};
	char key[32];

	put_value(value, w->len, partition, i);
	m.value = span_of(value, w->len);
	if (w->deletes && i % 3 == 2)
		m.value = (struct span){0};
	if (w->keys > 0)
		m.key = span_of(key, (size_t)snprintf(key, sizeof key, "key-%" PRIu64, i * 7919 % w->keys));
	for (uint64_t h = 0; h < w->headers; h++)
		message_put_header(&headers, "trace\n", h % 2 ? 6 : 5, h % 3 ? key : NULL, 3);
	m.headers = span_of(headers.p, headers.len);
	check(headers.err, "headers");
	check(batch_add(b, &m), "message");
}

static void fill(struct partition *p, const struct wanted *w, uint64_t partition)
{
	_cleanup_(batch_done) struct batch_builder b = {0};
	_cleanup_(cleanup_free) char *value = malloc(w->len + 1);
	struct partition_state state;
	uint64_t off, n_batches = 0;

	if (!value)
		errx(1, "no memory");
	partition_state(p, &state);
	for (uint64_t i = state.next_offset, end = i + w->n; i < end; i++) {
		add(&b, w, partition, i, value);
		if (b.n < w->batch && i + 1 < end)
			continue;
		check(partition_append(p, &b, w->start_ms + (int64_t)i * w->step_ms, &off), "append");
		if (w->synced > 0 && ++n_batches % w->synced == 0)
			check(partition_sync(p), "sync");
		batch_clear(&b);
	}
}

static int open_store(const char *dir, uint64_t *ret_id)
{
	struct identity id = {.created_ms = 1, .host = "made"};
	int fd = io_opendir(AT_FDCWD, dir, true), r;

	check(fd, dir);
	r = identity_read(fd, &id);
	if (r == -ENOENT)
		r = identity_create(fd, &id);
	check(r, dir);
	r = io_opendir(fd, SNAPSHOT_DIR, true);
	check(r, SNAPSHOT_DIR);
	io_close(r);
	*ret_id = id.id;
	return fd;
}

int main(int argc, char **argv)
{
	struct topics_options o = {.boot = 0x626f6f74};
	struct wanted w = {
	    .n = 1000,
	    .len = 100,
	    .batch = 100,
	    .partitions = 1,
	    .start_ms = 1763605800000,
	    .step_ms = 10,
	    .options = {.sync = SYNC_FDATASYNC},
	};
	struct topics *ts;
	struct topic *t;
	uint64_t id;
	int fd, c;

	if (argc < 3)
		errx(2, "usage: mktopic DIR TOPIC [OPTION]…");
	optind = 3;
	while ((c = getopt(argc, argv, "n:l:k:H:b:c:p:S:x:t:i:y:ad")) != -1) {
		uint64_t v = optarg ? strtoull(optarg, NULL, 10) : 0;

		switch (c) {
		case 'n':
			w.n = v;
			break;
		case 'l':
			w.len = v;
			break;
		case 'k':
			w.keys = v;
			break;
		case 'H':
			w.headers = v;
			break;
		case 'b':
			w.batch = v;
			break;
		case 'c':
			w.options.compression = codec(optarg);
			break;
		case 'p':
			w.partitions = v;
			break;
		case 'S':
			w.options.segment_size = v;
			break;
		case 'x':
			w.options.index_interval = v;
			break;
		case 't':
			w.start_ms = strtoll(optarg, NULL, 10);
			break;
		case 'i':
			w.step_ms = strtoll(optarg, NULL, 10);
			break;
		case 'y':
			w.synced = v;
			break;
		case 'a':
			w.options.append_time = true;
			break;
		case 'd':
			w.deletes = true;
			break;
		default:
			return 2;
		}
	}
	fd = open_store(argv[1], &id);
	check(topics_open(fd, id, &o, &ts), "topics");
	check(topics_create(ts, argv[2], (uint32_t)w.partitions, &t), argv[2]);
	topic_configure(t, &w.options);
	for (uint32_t i = 0; i < w.partitions; i++) {
		struct partition *p = NULL;

		check(topic_partition(t, i, &p), "partition");
		fill(p, &w, i);
	}
	check(topics_close(ts), "close");
	io_close(fd);
	return 0;
}
