/* golden_topics.h -- for mkgolden.c: a store with topics, and beside it the lines that they must read as
 *
 * Lines are written out by hand here, as docs/format.md says that messages are shown.
 */
#ifndef TESTS_TOOLS_GOLDEN_TOPICS_H
#define TESTS_TOOLS_GOLDEN_TOPICS_H

#include "store/identity.h"
#include "store/io.h"
#include "store/names.h"
#include "store/topics.h"

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>

static inline void golden_check(int r, const char *what)
{
	if (r < 0)
		errx(1, "%s: %s", what, strerror(-r));
}

struct golden_message {
	int64_t time_ms;
	struct span key, value;
	const char *const *headers; /* name, value, …, NULL; a value "-" is NULL */
	const char *text;           /* of the line, behind the offset */
};

#define GOLDEN_STR(s)                                                                                                  \
	{                                                                                                              \
		(const uint8_t *)(s), (const uint8_t *)(s) + sizeof(s) - 1                                             \
	}

static const char *const golden_headers[] = {"trace", "a\"b", "", "-", "trace", "\xff\n", NULL};

static const struct golden_message golden_messages[] = {
    {0, GOLDEN_STR("key"), GOLDEN_STR("value"), NULL, "1970-01-01T00:00:00.000Z\tkey\t{}\tvalue"},
    {-1, {0}, GOLDEN_STR(""), NULL, "1969-12-31T23:59:59.999Z\t\\N\t{}\t"},
    {1763605800123, GOLDEN_STR(""), {0}, NULL, "2025-11-20T02:30:00.123Z\t\t{}\t\\N"},
    {1763605800000, GOLDEN_STR("t\tn\n"), GOLDEN_STR("\0\\\x7f\xff"), golden_headers,
        "2025-11-20T02:30:00.000Z\tt\\tn\\n\t{\"trace\":\"a\\\\\"b\",\"\":null,\"trace\":\"\\\\ufffd\\\\u000a\"}\t"
        "\\x00\\\\\\x7f\xff"},
    {1763605800500, GOLDEN_STR("again"),
        GOLDEN_STR("again and again and again and again and again and again and again and again"), NULL,
        "2025-11-20T02:30:00.500Z\tagain\t{}\tagain and again and again and again and again and again and again and "
        "again"},
};

/* All of them as a batch of partition i of a topic; lines to f. */
static inline void golden_fill(struct topic *t, uint32_t i, FILE *f)
{
	_cleanup_(batch_done) struct batch_builder b = {0};
	struct partition *p = NULL;
	uint64_t off = 0;

	golden_check(topic_partition(t, i, &p), "partition");
	for (size_t k = 0; k < N_ELEMENTS(golden_messages); k++) {
		const struct golden_message *g = &golden_messages[k];
		struct message m = {.offset = k, .time_ms = g->time_ms, .key = g->key, .value = g->value};
		_cleanup_(buf_done) struct buf headers = {0};

		for (const char *const *h = g->headers; h && *h; h += 2)
			message_put_header(
			    &headers, h[0], strlen(h[0]), strcmp(h[1], "-") == 0 ? NULL : h[1], strlen(h[1]));
		m.headers = span_of(headers.p, headers.len);
		golden_check(batch_add(&b, &m), "message");
	}
	for (unsigned batch = 0; batch < 3; batch++) {
		golden_check(partition_append(p, &b, 1763605801000, &off), "append");
		for (size_t k = 0; k < N_ELEMENTS(golden_messages); k++)
			fprintf(f, "%" PRIu64 "\t%s\n", off + k, golden_messages[k].text);
	}
}

static inline void golden_topics(const char *dir)
{
	static const struct {
		const char *name;
		uint8_t codec;
	} topics[] = {{"gzip", BATCH_GZIP}, {"lz4", BATCH_LZ4}, {"plain", BATCH_STORED}, {"snappy", BATCH_SNAPPY},
	    {"zstd", BATCH_ZSTD}};
	struct identity id = {.created_ms = 1795050000000, .host = "golden"};
	struct topics *ts = NULL;
	char path[4200];
	FILE *f;
	int fd;

	snprintf(path, sizeof path, "%s/topics.messages", dir);
	f = fopen(path, "w");
	snprintf(path, sizeof path, "%s/topics", dir);
	fd = io_opendir(AT_FDCWD, path, true);
	if (!f || fd < 0)
		err(1, "%s", path);
	io_close(io_opendir(fd, SNAPSHOT_DIR, true));
	golden_check(identity_create(fd, &id), "identity");
	golden_check(topics_open(fd, id.id, &(struct topics_options){.boot = 7}, &ts), "topics");
	for (size_t i = 0; i < N_ELEMENTS(topics); i++) {
		struct topic_options o = {.compression = topics[i].codec, .index_interval = 1};
		struct topic *t = NULL;

		golden_check(topics_create(ts, topics[i].name, 2, &t), topics[i].name);
		topic_configure(t, &o);
		for (uint32_t k = 0; k < 2; k++) {
			fprintf(f, "%s %u\n", topics[i].name, k);
			golden_fill(t, k, f);
		}
	}
	golden_check(topics_close(ts), "close");
	io_close(fd);
	if (fclose(f) != 0)
		err(1, "topics.messages");
}

#endif
