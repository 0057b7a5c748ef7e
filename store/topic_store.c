/* topic_store.c -- see topic_reader.h: the topics of a store that is read, and the partitions that are open
 *
 * The registry is a log: what was read of it stays, and what was appended since is read when it has changed. A few
 * partitions stay open.
 */
#include "store/followed.h"
#include "store/io.h"
#include "store/log.h"
#include "store/topic_names.h"
#include "store/topic_reader_new.h"

#include <fcntl.h>

enum { READERS_OPEN = 8, PROBLEMS_MAX = 1000, CACHE_BYTES = 64 << 20 };

struct open_reader {
	struct topic_reader *reader;
	uint32_t number;
	uint64_t used;
};

struct found_problem {
	char *file;
	uint64_t off;
	const char *what;
};

struct topic_store {
	int dirfd;
	size_t cache_bytes;
	struct block_cache *blocks;
	struct topic_names *names;
	struct log_reader *registry; /* NULL: there is none yet */
	struct io_stat registry_st;
	struct open_reader open[READERS_OPEN];
	uint64_t clock;
	struct found_problem *problems;
	size_t n_problems;
};

static void note_problem(void *arg, const char *file, uint64_t off, const char *what)
{
	struct topic_store *s = arg;
	struct found_problem *p;

	for (size_t i = 0; i < s->n_problems; i++)
		if (s->problems[i].off == off && strcmp(s->problems[i].file, file) == 0)
			return;
	if (s->n_problems == PROBLEMS_MAX)
		return;
	p = realloc(s->problems, (s->n_problems + 1) * sizeof *p);
	if (!p)
		return; /* told again the next time it is met */
	s->problems = p;
	p += s->n_problems;
	*p = (struct found_problem){.file = strdup(file), .off = off, .what = what};
	s->n_problems += p->file != NULL;
}

void topic_store_problems(
    const struct topic_store *s, void (*each)(const char *file, uint64_t off, const char *what, void *arg), void *arg)
{
	struct io_stat st;

	for (size_t i = 0; i < s->n_problems; i++)
		each(s->problems[i].file, s->problems[i].off, s->problems[i].what, arg);
	if (io_stat(s->dirfd, TOPICS_DIR "/" FOLLOWED_DAMAGED, &st) == 0)
		each(TOPICS_DIR "/" FOLLOWED_DAMAGED, 0, "positions in followed files: lines came again", arg);
}

/* --- the registry --- */

static void close_reader(struct open_reader *o)
{
	topic_reader_free(o->reader);
	*o = (struct open_reader){0};
}

/* Another registry, under which numbers may be others'. */
static int begin_registry(struct topic_store *s)
{
	struct topic_names *names;
	int r = topic_names_new(&names);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < READERS_OPEN; i++)
		close_reader(&s->open[i]);
	topic_names_free(s->names);
	s->names = names;
	log_reader_close(TAKE(s->registry));
	return 0;
}

static int read_registry(struct topic_store *s)
{
	uint64_t off, expected = 0;
	struct span payload;
	uint8_t type;
	int r;

	for (;;) {
		r = log_reader_next(s->registry, &type, &off, &payload);
		if (r < 0)
			break;
		if (expected != 0 && off != expected)
			note_problem(s, TOPICS_DIR "/" TOPIC_NAMES_FILE, expected, "damaged");
		expected = off + sizeof(struct disk_frame) + span_left(&payload);
		if (type != FRAME_TOPIC)
			continue;
		r = topic_names_add(s->names, payload);
		if (r == -EBADMSG || r == -EEXIST)
			note_problem(s, TOPICS_DIR "/" TOPIC_NAMES_FILE, off, "no topic");
		else if (r < 0)
			return r;
	}
	return r == -ENODATA ? 0 : r;
}

/* Ret: 1 if it has changed, 0 if not. */
static int look_at_registry(struct topic_store *s)
{
	static const char name[] = TOPICS_DIR "/" TOPIC_NAMES_FILE;
	struct io_stat st;
	uint32_t n = topic_names_count(s->names);
	int r = io_stat(s->dirfd, name, &st);

	if (r == -ENOENT)
		st = (struct io_stat){0};
	else if (r < 0)
		return r;
	if (st.ino == s->registry_st.ino && st.dev == s->registry_st.dev && st.len == s->registry_st.len)
		return 0;
	r = 0;
	if (st.ino != s->registry_st.ino || st.dev != s->registry_st.dev)
		r = begin_registry(s);
	if (r == 0 && !s->registry && st.ino != 0)
		r = log_reader_open(s->dirfd, name, KIND_TOPIC_NAMES, &s->registry);
	if (r == 0 && s->registry)
		r = read_registry(s);
	if (r == -EBADMSG) {
		note_problem(s, name, 0, "cannot be read");
		r = 0;
	}
	if (r == -ENODATA || r == -ENOENT)
		return n > 0;
	if (r < 0)
		return r;
	s->registry_st = st;
	return 1;
}

/* --- the store --- */

int topic_store_open(const char *dir, size_t cache_bytes, struct topic_store **ret)
{
	_cleanup_(cleanup_topic_store) struct topic_store *s = calloc(1, sizeof *s);
	int r;

	if (!s)
		return -ENOMEM;
	s->cache_bytes = cache_bytes ? cache_bytes : CACHE_BYTES;
	s->dirfd = io_opendir(AT_FDCWD, dir, false);
	if (s->dirfd < 0)
		return s->dirfd;
	/* A half for what was looked at, a half for where it lies. */
	r = block_cache_new(s->cache_bytes / 2, &s->blocks);
	if (r == 0)
		r = topic_names_new(&s->names);
	if (r == 0)
		r = look_at_registry(s);
	if (r < 0)
		return r;
	*ret = TAKE(s);
	return 0;
}

void topic_store_close(struct topic_store *s)
{
	for (unsigned i = 0; i < READERS_OPEN; i++)
		close_reader(&s->open[i]);
	for (size_t i = 0; i < s->n_problems; i++)
		free(s->problems[i].file);
	free(s->problems);
	log_reader_close(s->registry);
	topic_names_free(s->names);
	if (s->blocks)
		block_cache_free(s->blocks);
	if (s->dirfd >= 0)
		io_close(s->dirfd);
	free(s);
}

int topic_store_refresh(struct topic_store *s)
{
	int r = look_at_registry(s), changed = r == 1;

	for (unsigned i = 0; r >= 0 && i < READERS_OPEN; i++) {
		if (!s->open[i].reader)
			continue;
		r = topic_reader_refresh(s->open[i].reader);
		changed |= r == 1;
	}
	return r < 0 ? r : changed;
}

uint64_t topic_store_count(struct topic_store *s)
{
	return topic_names_count(s->names);
}

static int info_of(const struct topic_name *n, struct topic_info *ret)
{
	if (!n)
		return -ENOENT;
	*ret = (struct topic_info){.name = n->name, .number = n->number, .n_partitions = n->n_partitions};
	return 0;
}

int topic_store_next(struct topic_store *s, uint32_t from, struct topic_info *ret)
{
	return info_of(topic_names_next(s->names, from), ret);
}

int topic_store_find(struct topic_store *s, const char *name, struct topic_info *ret)
{
	return info_of(topic_names_find(s->names, name, strlen(name)), ret);
}

int topic_store_partition(struct topic_store *s, uint32_t number, struct topic_info *ret, uint32_t *ret_partition)
{
	int r = info_of(topic_names_partition(s->names, number), ret);

	if (r == 0)
		*ret_partition = number - ret->number;
	return r;
}

/* --- partitions --- */

static int open_reader(struct topic_store *s, uint32_t number, struct topic_reader **ret)
{
	_cleanup_(cleanup_topic_reader) struct topic_reader *reader = NULL;
	_cleanup_(cleanup_free) char *dir = NULL;
	struct topic_reader_place place;
	struct topic_info info;
	uint32_t partition;
	int r = topic_store_partition(s, number, &info, &partition);

	if (r < 0)
		return r;
	if (asprintf(&dir, TOPICS_DIR "/%s/%u", info.name, partition) < 0) {
		dir = NULL;
		return -ENOMEM;
	}
	place = (struct topic_reader_place){.storefd = s->dirfd,
	    .dir = dir,
	    .number = number,
	    .blocks = s->blocks,
	    .index_bytes = s->cache_bytes / 2 / READERS_OPEN,
	    .problem = note_problem,
	    .arg = s};
	r = topic_reader_new(&place, &reader);
	if (r == 0)
		r = topic_reader_refresh(reader);
	if (r < 0)
		return r;
	*ret = TAKE(reader);
	return 0;
}

int topic_store_reader(struct topic_store *s, uint32_t number, struct topic_reader **ret)
{
	struct open_reader *place = &s->open[0];
	struct topic_reader *reader;
	int r;

	for (unsigned i = 0; i < READERS_OPEN; i++) {
		struct open_reader *o = &s->open[i];

		if (o->reader && o->number == number) {
			o->used = ++s->clock;
			*ret = o->reader;
			return 0;
		}
		if (o->used < place->used)
			place = o;
	}
	r = open_reader(s, number, &reader);
	if (r < 0)
		return r;
	close_reader(place);
	*place = (struct open_reader){.reader = reader, .number = number, .used = ++s->clock};
	*ret = reader;
	return 0;
}
