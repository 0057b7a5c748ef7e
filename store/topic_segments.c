/* topic_segments.c -- see topic_segments.h
 *
 * WHICH THERE ARE says a listing of the directory, made again when the directory changed. What was replaced (compaction
 * renames another file in its place) is told by its inode, its length and its time.
 */
#include "store/topic_segments.h"

#include "store/io.h"
#include "store/segment_name.h"

#include <time.h>

enum { FILES_OPEN = 48, SETTLED_NS = 1000000000 };

struct listed {
	uint64_t base;
	struct segment_reader *reader;
	struct io_stat st; /* of the file, as listed */
	uint64_t used;
};

struct topic_segments {
	int storefd, dirfd;
	char *dir;
	struct segment_place place;
	size_t index_bytes;   /* budget */
	int64_t dir_mtime_ns; /* at the last listing; 0: was too fresh to tell a later change by */
	int64_t changed_ns;
	uint64_t generation;
	uint64_t clock;
	struct listed *list; /* by base */
	uint32_t n;
	uint64_t live_base; /* of the segment that was the newest at the last look */
};

int topic_segments_new(int storefd, const char *dir, uint32_t number, struct block_cache *blocks, size_t index_bytes,
    void (*problem)(void *arg, uint64_t base, uint64_t off, const char *what), void *arg, struct topic_segments **ret)
{
	_cleanup_(cleanup_topic_segments) struct topic_segments *t = malloc(sizeof *t);

	if (!t)
		return -ENOMEM;
	*t = (struct topic_segments){.storefd = storefd,
	    .dirfd = -1,
	    .dir = strdup(dir),
	    .place = {.dirfd = -1, .number = number, .blocks = blocks, .problem = problem, .arg = arg},
	    .index_bytes = index_bytes};
	if (!t->dir)
		return -ENOMEM;
	*ret = TAKE(t);
	return 0;
}

static void free_list(struct listed *list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		segment_reader_free(list[i].reader);
	free(list);
}

void topic_segments_free(struct topic_segments *t)
{
	if (!t)
		return;
	free_list(t->list, t->n);
	if (t->dirfd >= 0)
		io_close(t->dirfd);
	free(t->dir);
	free(t);
}

/* --- listing --- */

static int note_name(const char *name, void *arg)
{
	enum segment_file type;
	struct buf *bases = arg;
	uint64_t base;

	if (segment_name_parse(name, &base, &type) && type == SEGMENT_LOG)
		buf_put(bases, &base, sizeof base);
	return bases->err;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return x < y ? -1 : x > y;
}

/* Whether the file that has the name now is the one that was listed. The inode of one that is not open may have been
 * freed and be another's by now; a segment that others follow does not change as long as it is the same. */
static bool is_same(const struct listed *l, const struct io_stat *st)
{
	if (!l->reader || l->st.ino != st->ino || l->st.dev != st->dev)
		return false;
	return segment_reader_is_open(l->reader) || (l->st.len == st->len && l->st.mtime_ns == st->mtime_ns);
}

/* The entry for a base: the one there was, if the file is the same, or a new one. -ENOENT: it went meanwhile. */
static int list_one(struct topic_segments *t, uint64_t base, uint32_t *old, struct listed *ret)
{
	struct listed l = {.base = base};
	char name[SEGMENT_NAME_SIZE];
	int r;

	segment_name_put(name, base, SEGMENT_LOG);
	r = io_stat(t->dirfd, name, &l.st);
	if (r < 0)
		return r;
	while (*old < t->n && t->list[*old].base < base)
		++*old;
	if (*old < t->n && t->list[*old].base == base && is_same(&t->list[*old], &l.st)) {
		l.reader = TAKE(t->list[*old].reader);
		l.used = t->list[*old].used;
	} else {
		r = segment_reader_new(&t->place, base, &l.reader);
	}
	if (r == 0)
		*ret = l;
	return r;
}

static int list_dir(struct topic_segments *t)
{
	_cleanup_(buf_done) struct buf bases = {0};
	uint32_t n = 0, n_bases, old = 0, n_old = t->n;
	struct listed *list;
	int r = io_list(t->dirfd, note_name, &bases);

	if (r < 0)
		return r;
	n_bases = (uint32_t)(bases.len / sizeof(uint64_t));
	list = calloc(n_bases + 1, sizeof *list);
	if (!list)
		return -ENOMEM;
	if (n_bases > 0)
		qsort(bases.p, n_bases, sizeof(uint64_t), by_number);
	for (uint32_t i = 0; i < n_bases; i++) {
		uint64_t base;

		memcpy(&base, bases.p + i * sizeof base, sizeof base);
		r = list_one(t, base, &old, &list[n]);
		if (r == -ENOENT)
			continue;
		if (r < 0)
			break;
		n++;
	}
	for (uint32_t i = 0; i < n_old; i++)
		t->generation += t->list[i].reader != NULL;
	free_list(t->list, n_old);
	t->list = list;
	t->n = n;
	if (r < 0 && r != -ENOENT)
		return r;
	return 0;
}

static int look_at_dir(struct topic_segments *t)
{
	struct timespec now;
	struct io_stat st;
	int r;

	if (t->dirfd < 0) {
		r = io_opendir(t->storefd, t->dir, false);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
		t->dirfd = t->place.dirfd = r;
	}
	r = io_fstat(t->dirfd, &st);
	if (r < 0 || (t->dir_mtime_ns != 0 && st.mtime_ns == t->dir_mtime_ns))
		return r;
	clock_gettime(CLOCK_REALTIME, &now);
	r = list_dir(t);
	if (r < 0) {
		t->dir_mtime_ns = 0;
		return r;
	}
	/* Within a tick of its clock the directory may change again and look the same. */
	t->dir_mtime_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - st.mtime_ns > SETTLED_NS ? st.mtime_ns : 0;
	t->changed_ns = st.mtime_ns;
	return 1;
}

/* --- what they hold --- */

static uint64_t next_base(const struct topic_segments *t, uint32_t i)
{
	return i + 1 < t->n ? t->list[i + 1].base : UINT64_MAX;
}

/* Messages come to the newest segment, and had come to those that were it since the last look. */
static int look_at_end(struct topic_segments *t)
{
	uint32_t i = t->n - 1;
	int r, changed = 0;

	for (uint32_t k = i; k-- > 0 && t->list[k].base >= t->live_base;)
		if (segment_reader_sum(t->list[k].reader))
			changed |= segment_reader_look(t->list[k].reader, t->list[k + 1].base) == 1;
	t->live_base = t->list[i].base;
	r = segment_reader_look(t->list[i].reader, UINT64_MAX);
	if (r == 1) {
		char name[SEGMENT_NAME_SIZE];
		struct io_stat st;

		segment_name_put(name, t->list[i].base, SEGMENT_LOG);
		if (io_stat(t->dirfd, name, &st) == 0) {
			t->list[i].st = st;
			t->changed_ns = st.mtime_ns > t->changed_ns ? st.mtime_ns : t->changed_ns;
		}
	}
	t->list[i].used = ++t->clock;
	/* A damaged header is no reason not to read the others. */
	return r == -EBADMSG || r == -EPROTONOSUPPORT || r == -ENOENT ? changed : r < 0 ? r : r | changed;
}

int topic_segments_look(struct topic_segments *t)
{
	uint64_t generation = t->generation, next = topic_segments_next(t);
	uint32_t n = t->n;
	int r = look_at_dir(t), r2 = 0;

	if (r < 0)
		return r;
	if (t->n > 0)
		r2 = look_at_end(t);
	if (r2 < 0)
		return r2;
	return r2 == 1 || t->n != n || t->generation != generation || topic_segments_next(t) != next;
}

uint32_t topic_segments_n(const struct topic_segments *t)
{
	return t->n;
}

uint64_t topic_segments_next(const struct topic_segments *t)
{
	const struct segment_sum *sum = t->n ? segment_reader_sum(t->list[t->n - 1].reader) : NULL;

	return sum ? sum->next_offset : t->n ? t->list[t->n - 1].base : 0;
}

int64_t topic_segments_changed_ns(const struct topic_segments *t)
{
	return t->changed_ns;
}

uint64_t topic_segments_generation(const struct topic_segments *t)
{
	return t->generation;
}

uint32_t topic_segments_find(const struct topic_segments *t, uint64_t offset)
{
	uint32_t lo = 0, hi = t->n;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (t->list[mid].base <= offset)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

void topic_segments_problem(const struct topic_segments *t, uint64_t base, uint64_t off, const char *what)
{
	t->place.problem(t->place.arg, base, off, what);
}

/* --- what is open --- */

static struct listed *used_longest_ago(struct topic_segments *t, bool index)
{
	struct listed *oldest = NULL;

	for (uint32_t i = 0; i < t->n; i++) {
		struct listed *l = &t->list[i];

		if (!(index ? segment_reader_memory(l->reader) > 0 : segment_reader_is_open(l->reader)))
			continue;
		if (!oldest || l->used < oldest->used)
			oldest = l;
	}
	return oldest;
}

/* Lets go of what was used longest ago, but never of the segment that is asked for. */
static void trim(struct topic_segments *t, const struct listed *wanted)
{
	uint32_t n_open = 0;
	size_t memory = 0;

	for (uint32_t i = 0; i < t->n; i++) {
		n_open += segment_reader_is_open(t->list[i].reader);
		memory += segment_reader_memory(t->list[i].reader);
	}
	while (n_open > FILES_OPEN) {
		struct listed *l = used_longest_ago(t, false);

		if (!l || l == wanted)
			break;
		segment_reader_close(l->reader);
		n_open--;
	}
	while (memory > t->index_bytes) {
		struct listed *l = used_longest_ago(t, true);

		if (!l || l == wanted)
			break;
		memory -= segment_reader_memory(l->reader);
		segment_reader_forget(l->reader);
	}
}

int topic_segments_get(struct topic_segments *t, uint32_t i, struct segment_reader **ret)
{
	struct listed *l = &t->list[i];
	int r = 0;

	l->used = ++t->clock;
	if (!segment_reader_sum(l->reader))
		r = segment_reader_look(l->reader, next_base(t, i));
	if (r < 0)
		return r;
	if (!segment_reader_is_open(l->reader) || segment_reader_memory(l->reader) == 0)
		trim(t, l);
	*ret = l->reader;
	return 0;
}

int topic_segments_info(struct topic_segments *t, uint32_t i, bool sum, struct topic_segment_info *ret)
{
	struct listed *l = &t->list[i];
	bool was_open = segment_reader_is_open(l->reader);
	int r = 0;

	if (sum && !segment_reader_sum(l->reader)) {
		r = segment_reader_look(l->reader, next_base(t, i));
		if (!was_open)
			segment_reader_close(l->reader);
	}
	if (r < 0)
		return r;
	*ret = (struct topic_segment_info){.base = l->base,
	    .end = i + 1 < t->n ? t->list[i + 1].base : topic_segments_next(t),
	    .bytes = l->st.len,
	    .sum = sum ? segment_reader_sum(l->reader) : NULL};
	return 0;
}
