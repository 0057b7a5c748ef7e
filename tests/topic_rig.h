/* topic_rig.h -- topics written and read back through the files, for the tests of what writes them */
#ifndef TESTS_TOPIC_RIG_H
#define TESTS_TOPIC_RIG_H

#include "store/io.h"
#include "store/segment_name.h"
#include "store/segment_scan.h"
#include "store/topic_names.h"
#include "store/topics.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <inttypes.h>

enum { STORE_ID = 0x5709e };

struct rig {
	int fd; /* of the store's directory */
	struct topics *topics;
	uint32_t boot;
	char said[256]; /* the last line */
};

static inline void rig_say(void *arg, const char *line)
{
	struct rig *g = arg;

	snprintf(g->said, sizeof g->said, "%s", line);
}

static inline int rig_open(struct rig *g)
{
	const struct topics_options o = {.boot = g->boot, .say = rig_say, .arg = g};

	return topics_open(g->fd, STORE_ID, &o, &g->topics);
}

/* The topic's only partition, to be kept as o says. */
static inline int rig_partition(struct rig *g, const char *topic, const struct topic_options *o, struct partition **ret)
{
	struct topic *t = NULL;
	int r = topics_create(g->topics, topic, 1, &t);

	if (r < 0)
		return r;
	topic_configure(t, o);
	return topic_partition(t, 0, ret);
}

static inline struct span rig_str(const char *s)
{
	return s ? span_of(s, strlen(s)) : (struct span){0};
}

/* One batch of n messages: keys and values as given, or NULL. */
static inline int rig_append(
    struct partition *p, const char *const *keys, const char *const *values, unsigned n, uint64_t *ret_offset)
{
	_cleanup_(batch_done) struct batch_builder b = {0};

	for (unsigned i = 0; i < n; i++) {
		struct message m = {.offset = i,
		    .time_ms = 1000 + i,
		    .key = rig_str(keys ? keys[i] : NULL),
		    .value = rig_str(values[i])};
		int r = batch_add(&b, &m);

		if (r < 0)
			return r;
	}
	return partition_append(p, &b, 5000, ret_offset);
}

/* A value that says which message it is, and is len bytes long. */
static inline void rig_value(char *p, size_t len, uint64_t id)
{
	int n = snprintf(p, len + 1, "%" PRIu64 ":", id);

	if (n >= 0 && (size_t)n < len)
		memset(p + n, 'a' + (int)(id % 26), len - (size_t)n);
	p[len] = 0;
}

static inline uint64_t rig_id(const struct message *m)
{
	char number[24] = "";
	size_t len = span_left(&m->value);

	if (m->value.p)
		memcpy(number, m->value.p, len < sizeof number - 1 ? len : sizeof number - 1);
	return strtoull(number, NULL, 10);
}

/* --- reading --- */

static inline int rig_dir(const struct rig *g, const char *topic)
{
	char path[TOPIC_NAME_MAX + 32];

	snprintf(path, sizeof path, TOPICS_DIR "/%s/0", topic);
	return openat(g->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

struct rig_bases {
	uint64_t v[1024];
	unsigned n;
};

static inline int rig_note_base(const char *name, void *arg)
{
	struct rig_bases *b = arg;
	enum segment_file type;
	uint64_t base;
	unsigned i;

	if (!segment_name_parse(name, &base, &type) || type != SEGMENT_LOG || b->n == N_ELEMENTS(b->v))
		return 0;
	for (i = b->n++; i > 0 && b->v[i - 1] > base; i--)
		b->v[i] = b->v[i - 1];
	b->v[i] = base;
	return 0;
}

/* The bases of the segments, ascending; their number. */
static inline unsigned rig_segments(const struct rig *g, const char *topic, struct rig_bases *ret)
{
	int fd = rig_dir(g, topic);

	ret->n = 0;
	if (fd < 0)
		return 0;
	(void)io_list(fd, rig_note_base, ret);
	close(fd);
	return ret->n;
}

/* each(message, arg) for all that can be read, in order. Ret: whether anything is damaged. */
static inline bool rig_read(
    const struct rig *g, const char *topic, void (*each)(const struct message *m, void *arg), void *arg)
{
	struct rig_bases bases;
	bool damaged = false;
	int fd = rig_dir(g, topic);

	for (unsigned i = 0, n = rig_segments(g, topic, &bases); i < n; i++) {
		_cleanup_(segment_scan_done) struct segment_scan s;
		struct message m;
		int r = segment_scan_open(&s, fd, bases.v[i]);

		if (r < 0) {
			damaged = damaged || r != -ENODATA;
			continue;
		}
		while (segment_scan_next(&s, &m) == 0)
			each(&m, arg);
		damaged = damaged || s.damaged;
	}
	if (fd >= 0)
		close(fd);
	return damaged;
}

#endif
