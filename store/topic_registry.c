/* topic_registry.c -- see topic_registry.h */
#include "store/topic_registry.h"

#include "store/io.h"
#include "store/segment_name.h"

#define NAMES_TMP TOPIC_NAMES_FILE ".tmp"

struct reading {
	struct topic_names *names;
	uint64_t n_wrong;
};

static void say(const struct topic_registry_options *o, const char *line)
{
	if (o->say)
		o->say(o->arg, line);
}

static int take_topic(uint8_t type, uint64_t off, struct span payload, void *arg)
{
	struct reading *rd = arg;
	int r = type == FRAME_TOPIC ? topic_names_add(rd->names, payload) : 0;

	(void)off;
	if (r != -EBADMSG && r != -EEXIST)
		return r;
	rd->n_wrong++;
	return 0;
}

/* --- from the segments --- */

/* Looking for one segment of a partition whose header can be read, and what is found by it. */
struct finding {
	int dirfd;
	uint32_t partition;
	uint32_t number; /* 0: not known */
};

static int look_at_segment(const char *name, void *arg)
{
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	struct finding *f = arg;
	enum segment_file type;
	uint64_t base;

	if (!segment_name_parse(name, &base, &type) || type != SEGMENT_LOG)
		return 0;
	if (log_reader_open(f->dirfd, name, KIND_SEGMENT, &lr) < 0 || log_reader_id(lr)->part != f->partition)
		return 0;
	f->number = (uint32_t)log_reader_id(lr)->hour;
	return 1;
}

/* The same for a topic. */
struct topic_finding {
	int dirfd;
	uint32_t number; /* of partition 0; 0: not known */
	uint32_t n_partitions;
};

static int look_at_partition(const char *name, void *arg)
{
	struct topic_finding *t = arg;
	struct finding f = {0};
	int r;

	if (!segment_name_partition(name, &f.partition))
		return 0;
	if (t->n_partitions <= f.partition)
		t->n_partitions = f.partition + 1;
	f.dirfd = io_opendir(t->dirfd, name, false);
	if (f.dirfd < 0)
		return f.dirfd == -ENOTDIR ? 0 : f.dirfd;
	r = io_list(f.dirfd, look_at_segment, &f);
	io_close(f.dirfd);
	if (r >= 0 && f.number > f.partition && t->number == 0)
		t->number = f.number - f.partition;
	return r < 0 ? r : 0;
}

struct search {
	const struct topic_registry_options *o;
	struct topic_names *names;
};

static int look_at_topic(const char *name, void *arg)
{
	struct search *s = arg;
	_cleanup_(buf_done) struct buf payload = {0}, line = {0};
	struct topic_finding t = {0};
	size_t len = strlen(name);
	int r;

	if (!segment_name_topic_valid(name, len) || topic_names_find(s->names, name, len))
		return 0;
	t.dirfd = io_opendir(s->o->dirfd, name, false);
	if (t.dirfd < 0)
		return t.dirfd == -ENOTDIR ? 0 : t.dirfd;
	r = io_list(t.dirfd, look_at_partition, &t);
	io_close(t.dirfd);
	if (r < 0 || t.number == 0)
		return r;
	topic_names_put(&payload, t.number, t.n_partitions, name, len);
	r = payload.err < 0 ? payload.err : topic_names_add(s->names, span_of(payload.p, payload.len));
	if (r < 0 && r != -EEXIST && r != -EBADMSG)
		return r;
	buf_printf(&line, "topic %s: %s", name,
	    r == 0 ? "is known again by its segments" : "has numbers that are another's, and is left out");
	if (line.err == 0)
		say(s->o, (const char *)line.p);
	return 0;
}

/* --- the file --- */

static int create(const struct topic_registry_options *o, const char *name, struct log **ret)
{
	struct file_id id = {.kind = KIND_TOPIC_NAMES, .store_id = o->store_id};

	return log_create(o->dirfd, name, &id, SYNC_FDATASYNC, ret);
}

static int append(struct log *l, uint32_t number, uint32_t n_partitions, const char *name, size_t len)
{
	_cleanup_(buf_done) struct buf payload = {0};
	struct span s;

	topic_names_put(&payload, number, n_partitions, name, len);
	if (payload.err < 0)
		return payload.err;
	s = span_of(payload.p, payload.len);
	return log_append(l, FRAME_TOPIC, &s, 1, NULL);
}

/* All that is known, in a new file that takes the old one's place. */
int topic_registry_renew(const struct topic_registry_options *o, const struct topic_names *names, struct log **ret)
{
	_cleanup_(cleanup_log) struct log *l = NULL;
	const struct topic_name *t;
	uint32_t from = 0;
	int r = io_unlink(o->dirfd, NAMES_TMP);

	if (r == 0 || r == -ENOENT)
		r = create(o, NAMES_TMP, &l);
	for (; r == 0 && (t = topic_names_next(names, from)); from = t->number + 1)
		r = append(l, t->number, t->n_partitions, t->name, t->len);
	if (r == 0)
		r = log_sync(l);
	if (r == 0)
		r = io_rename(o->dirfd, NAMES_TMP, TOPIC_NAMES_FILE);
	if (r == 0)
		r = io_sync_dir(o->dirfd);
	if (r < 0)
		return r;
	*ret = TAKE(l);
	return 0;
}

int topic_registry_open(const struct topic_registry_options *o, struct topic_names *names, struct log **ret)
{
	_cleanup_(cleanup_log) struct log *l = NULL;
	struct search search = {.o = o, .names = names};
	struct reading rd = {.names = names};
	struct log_recovery found = {0};
	int r = log_open(o->dirfd, TOPIC_NAMES_FILE, KIND_TOPIC_NAMES, SYNC_FDATASYNC, take_topic, &rd, &found, &l);
	bool missing = r == -ENOENT || r == -ENODATA, damaged = r == -EBADMSG || found.n_damaged > 0 || rd.n_wrong > 0;

	if (r < 0 && !missing && !damaged)
		return r;
	if (!missing && !damaged) {
		*ret = TAKE(l);
		return 0;
	}
	if (damaged)
		say(o, "the registry of topics is damaged, and is written anew");
	r = io_list(o->dirfd, look_at_topic, &search);
	return r < 0 ? r : topic_registry_renew(o, names, ret);
}

int topic_registry_add(
    struct log *registry, struct topic_names *names, uint32_t number, uint32_t n_partitions, const char *name)
{
	_cleanup_(buf_done) struct buf payload = {0};
	size_t len = strlen(name);
	int r = append(registry, number, n_partitions, name, len);

	if (r == 0)
		r = log_sync(registry);
	topic_names_put(&payload, number, n_partitions, name, len);
	if (r == 0)
		r = payload.err < 0 ? payload.err : topic_names_add(names, span_of(payload.p, payload.len));
	return r;
}
