/* pglog_tail.c -- see pglog_tail.h
 *
 * ROTATION. A file is left for a newer one when that has something in it, and the old one has been read to its end once
 * more since then: its writer had gone over before it wrote there. Where files that were left end is remembered, for a
 * while: what is appended to them all the same is read, and nothing twice.
 *
 * COST. Where many files lie, an idle log costs a look at the newest ones. All are looked at when one was made, removed
 * or renamed, and now and then, as an older one may be written again: the more there are, the more seldom.
 */
#include "collector/pglog_tail.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <sys/stat.h>
#include <time.h>

enum {
	LEFT = 16,
	CANDIDATES_MAX = 65536,
	NEWEST = 64,
	PAUSE_MS = 10, /* between looks at all files, for each of them */
	PAUSE_MAX_MS = 60000,
	SETTLED_MS = 3000 /* what is done to a directory later than that changes its time */
};
#define GONE UINT64_MAX /* inode of a file that is not there any more */

struct candidate {
	char name[NAME_MAX + 1];
	uint64_t ino, len;
	int64_t mtime_ns;
};

struct pglog_tail {
	char *dir, *pattern;
	struct pglog_position at; /* off is that of the window's first byte */
	struct pglog_position left[LEFT];
	unsigned n_left;
	char path[PGLOG_PATH_MAX];
	int fd;       /* -1: no file is open */
	bool aligned; /* a line begins at the window's front */
	bool leaving; /* a newer file has something in it */
	bool ended;   /* nothing more is read of this file */
	bool idle;    /* the last reading gave nothing */
	uint8_t *window;
	size_t len;
	uint64_t skipped;

	/* When all files were looked at last: */
	struct candidate newest[NEWEST];
	size_t n_newest;
	int64_t dir_mtime_ns;
	int64_t next_ns; /* when that is done again, if the directory stays as it is; monotonic */
};

static int64_t ns_of(struct timespec t)
{
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

int pglog_tail_new(const char *glob, const struct pglog_position *from, struct pglog_tail **ret)
{
	_cleanup_(cleanup_pglog_tail) struct pglog_tail *t = NULL;
	const char *slash = strrchr(glob, '/');

	if (!slash)
		return -EINVAL;
	t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	t->fd = -1;
	t->dir = strndup(glob, slash > glob ? (size_t)(slash - glob) : 1);
	t->pattern = strdup(slash + 1);
	t->window = malloc(PGLOG_WINDOW);
	if (!t->dir || !t->pattern || !t->window)
		return -ENOMEM;
	if (from)
		t->at = *from;
	*ret = TAKE(t);
	return 0;
}

static void close_file(struct pglog_tail *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	t->path[0] = '\0';
}

void pglog_tail_free(struct pglog_tail *t)
{
	close_file(t);
	free(t->dir);
	free(t->pattern);
	free(t->window);
	free(t);
}

/* --- files --- */

static ssize_t read_at(int fd, void *p, size_t len, uint64_t off)
{
	ssize_t n;

	do
		n = pread(fd, p, len, (off_t)off);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* 1: the file begins as it did when it was read to that position; 0: it does not. */
static int begins_as(int fd, const struct pglog_position *at)
{
	char head[PGLOG_HEAD_LEN];
	ssize_t n = read_at(fd, head, at->head_len, 0);

	if (n < 0)
		return (int)n;
	return n == at->head_len && memcmp(head, at->head, at->head_len) == 0;
}

static int by_time(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->mtime_ns != y->mtime_ns)
		return x->mtime_ns < y->mtime_ns ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* False: it is no regular file, or none any more. */
static bool look_at(int dir, const char *name, struct candidate *ret)
{
	struct stat st;

	if (fstatat(dir, name, &st, 0) < 0 || !S_ISREG(st.st_mode))
		return false;
	ret->ino = st.st_ino;
	ret->len = (uint64_t)st.st_size;
	ret->mtime_ns = ns_of(st.st_mtim);
	return true;
}

/* Regular files of the directory, the oldest first; all: also those whose names do not match. */
static int list_files(const struct pglog_tail *t, bool all, struct candidate **ret, size_t *ret_n)
{
	_cleanup_(cleanup_free) struct candidate *files = NULL;
	size_t n = 0, cap = 0;
	DIR *d = opendir(t->dir);
	struct dirent *e;
	int r = 0;

	if (!d)
		return -errno;
	while (r == 0 && n < CANDIDATES_MAX && (e = readdir(d))) {
		struct candidate file;

		if (!all && fnmatch(t->pattern, e->d_name, FNM_PERIOD) != 0)
			continue;
		if (!look_at(dirfd(d), e->d_name, &file))
			continue;
		snprintf(file.name, sizeof file.name, "%s", e->d_name);
		if (n == cap) {
			struct candidate *p = realloc(files, (cap = 2 * cap + 8) * sizeof *p);

			if (!p) {
				r = -ENOMEM;
				break;
			}
			files = p;
		}
		files[n++] = file;
	}
	closedir(d);
	if (r < 0)
		return r;
	if (n > 0)
		qsort(files, n, sizeof *files, by_time);
	*ret = TAKE(files);
	*ret_n = n;
	return 0;
}

static int open_file(const struct pglog_tail *t, const struct candidate *c, char path[PGLOG_PATH_MAX])
{
	int fd;

	if (snprintf(path, PGLOG_PATH_MAX, "%s/%s", strcmp(t->dir, "/") == 0 ? "" : t->dir, c->name) >= PGLOG_PATH_MAX)
		return -ENAMETOOLONG;
	/* Should it be something else by now, that is not waited for. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

/* Reads the file from that position on. */
static void take_file(struct pglog_tail *t, int fd, const char *path, const struct pglog_position *at)
{
	char before = '\n';

	close_file(t);
	t->fd = fd;
	t->at = *at;
	snprintf(t->path, sizeof t->path, "%s", path);
	t->len = 0;
	t->leaving = t->ended = t->idle = false;
	t->next_ns = 0;
	t->aligned = at->off == 0 || (read_at(fd, &before, 1, at->off - 1) == 1 && before == '\n');
}

static struct pglog_position *find_left(struct pglog_tail *t, uint64_t ino)
{
	for (unsigned i = 0; i < LEFT; i++)
		if (t->left[i].ino == ino && ino != 0)
			return &t->left[i];
	return NULL;
}

static void remember_left(struct pglog_tail *t)
{
	struct pglog_position *known = find_left(t, t->at.ino);

	if (!known)
		known = &t->left[t->n_left++ % LEFT];
	*known = t->at;
}

/* Opens the file where it was left, or at its start. */
static int open_candidate(struct pglog_tail *t, const struct candidate *c)
{
	struct pglog_position start = {.ino = c->ino}, *left = find_left(t, c->ino);
	char path[PGLOG_PATH_MAX];
	int fd = open_file(t, c, path);

	if (fd < 0)
		return fd;
	if (left && left->off <= c->len && begins_as(fd, left) == 1)
		start = *left;
	take_file(t, fd, path, &start);
	return 0;
}

/* Whether there is anything to read in it that was not read. */
static bool has_more(struct pglog_tail *t, const struct candidate *c)
{
	const struct pglog_position *left = find_left(t, c->ino);

	return c->ino != t->at.ino && c->mtime_ns >= t->at.mtime_ns && c->len > 0 && (!left || left->off != c->len);
}

/* The next file; of those that are too much, the oldest are passed over. NULL: there is none. */
static const struct candidate *find_next(struct pglog_tail *t, const struct candidate *files, size_t n, bool skip)
{
	const struct candidate *next = NULL;
	uint64_t behind = 0;

	for (size_t i = n; i-- > 0;) {
		if (!has_more(t, &files[i]))
			continue;
		if (next && behind + files[i].len > PGLOG_BEHIND_MAX) {
			t->skipped += skip ? files[i].len : 0;
			continue;
		}
		behind += files[i].len;
		next = &files[i];
	}
	return next;
}

/* At the end of the newest file. */
static int open_newest(struct pglog_tail *t, const struct candidate *files, size_t n)
{
	struct pglog_position at = {.ino = files[n - 1].ino, .off = files[n - 1].len};
	char path[PGLOG_PATH_MAX];
	int fd = open_file(t, &files[n - 1], path);
	ssize_t len;

	if (fd < 0)
		return fd;
	len = read_at(fd, at.head, at.off < sizeof at.head ? at.off : sizeof at.head, 0);
	at.head_len = len > 0 ? (uint32_t)len : 0;
	at.mtime_ns = files[n - 1].mtime_ns;
	take_file(t, fd, path, &at);
	return 0;
}

/* The file that was read before, under whatever name. -ENOENT: it is gone, or begins anew. */
static int open_known(struct pglog_tail *t)
{
	_cleanup_(cleanup_free) struct candidate *files = NULL;
	struct pglog_position at = t->at;
	char path[PGLOG_PATH_MAX];
	size_t n;
	int fd, r = list_files(t, true, &files, &n);

	for (size_t i = 0; i < n && r == 0; i++) {
		if (files[i].ino != at.ino || files[i].len < at.off)
			continue;
		fd = open_file(t, &files[i], path);
		if (fd < 0)
			return fd;
		if (begins_as(fd, &at) == 1) {
			take_file(t, fd, path, &at);
			return 0;
		}
		close(fd);
		break;
	}
	return r < 0 ? r : -ENOENT;
}

/* Opens the file that is to be read. -ENODATA: those that there are were read. */
static int open_any(struct pglog_tail *t)
{
	_cleanup_(cleanup_free) struct candidate *files = NULL;
	const struct candidate *next;
	size_t n;
	int r;

	if (t->at.ino != 0) {
		r = open_known(t);
		if (r != -ENOENT)
			return r;
	}
	r = list_files(t, false, &files, &n);
	if (r == 0 && n == 0)
		r = -ENOENT;
	if (r < 0)
		return r;
	if (t->at.ino == 0)
		return open_newest(t, files, n);
	/* Under the old number there may be another file now. */
	t->at.ino = GONE;
	next = find_next(t, files, n, true);
	return next ? open_candidate(t, next) : -ENODATA;
}

/* --- reading --- */

/* Remembers how the file begins. */
static void keep_head(struct pglog_tail *t, const uint8_t *p, size_t len, uint64_t off)
{
	if (off != t->at.head_len || off >= PGLOG_HEAD_LEN)
		return;
	if (len > PGLOG_HEAD_LEN - off)
		len = PGLOG_HEAD_LEN - off;
	memcpy(t->at.head + off, p, len);
	t->at.head_len += (uint32_t)len;
}

/* Goes over to a newer file, or to the same one from its start. */
static int leave(struct pglog_tail *t)
{
	_cleanup_(cleanup_free) struct candidate *files = NULL;
	const struct candidate *next;
	size_t n;
	int r = list_files(t, false, &files, &n);

	if (r < 0)
		return r;
	if (t->leaving) {
		remember_left(t);
		next = find_next(t, files, n, true);
		if (next)
			return open_candidate(t, next);
		t->leaving = t->ended = false;
		return 0;
	}
	/* It was emptied. What it is known by is that of before. */
	t->at = (struct pglog_position){.ino = t->at.ino, .mtime_ns = t->at.mtime_ns};
	t->ended = t->idle = false;
	t->aligned = true;
	return 0;
}

/* Passes over what is more than can be read in reasonable time. */
static void skip_ahead(struct pglog_tail *t, uint64_t file_len)
{
	uint64_t end = t->at.off + t->len;

	if (file_len - end <= PGLOG_BEHIND_MAX)
		return;
	t->skipped += file_len - PGLOG_BEHIND_KEPT - t->at.off;
	t->at.off = file_len - PGLOG_BEHIND_KEPT;
	t->len = 0;
	t->aligned = false;
}

/* Drops the rest of a line whose start was not read. */
static void align(struct pglog_tail *t)
{
	const uint8_t *end = t->len ? memchr(t->window, '\n', t->len) : NULL;
	size_t len = end ? (size_t)(end + 1 - t->window) : t->len;

	t->aligned = end != NULL;
	t->skipped += len;
	pglog_tail_took(t, len);
}

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ns_of(ts);
}

/* Looks at all files, and says when that is worth while again. */
static int look_at_all(struct pglog_tail *t, int64_t dir_mtime_ns, bool *ret)
{
	_cleanup_(cleanup_free) struct candidate *files = NULL;
	int64_t settled_ns = dir_mtime_ns + SETTLED_MS * INT64_C(1000000), pause_ms;
	bool settled = clock_ns(CLOCK_REALTIME) > settled_ns;
	size_t n;
	int r = list_files(t, false, &files, &n);

	if (r < 0)
		return r;
	*ret = find_next(t, files, n, false);
	pause_ms = (int64_t)n * PAUSE_MS < PAUSE_MAX_MS ? (int64_t)n * PAUSE_MS : PAUSE_MAX_MS;
	t->next_ns = n > NEWEST && settled ? clock_ns(CLOCK_MONOTONIC) + pause_ms * 1000000 : 0;
	t->dir_mtime_ns = dir_mtime_ns;
	t->n_newest = n < NEWEST ? n : NEWEST;
	if (n > 0)
		memcpy(t->newest, files + n - t->n_newest, t->n_newest * sizeof *files);
	return 0;
}

/* Whether there is a newer file with something in it. */
static int is_outdone(struct pglog_tail *t, bool *ret)
{
	_cleanup_(cleanup_close) int dir = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	*ret = false;
	if (dir < 0 || fstat(dir, &st) < 0)
		return -errno;
	if (t->next_ns <= clock_ns(CLOCK_MONOTONIC) || ns_of(st.st_mtim) != t->dir_mtime_ns)
		return look_at_all(t, ns_of(st.st_mtim), ret);
	for (size_t i = 0; i < t->n_newest; i++)
		if (look_at(dir, t->newest[i].name, &t->newest[i]) && has_more(t, &t->newest[i]))
			*ret = true;
	return 0;
}

/* At the end of the file: whether to go over to another one. */
static int look_around(struct pglog_tail *t, const struct stat *st)
{
	int r;

	if (t->leaving) {
		t->ended = true; /* what is in the window is the rest */
		return 0;
	}
	/* A directory that is gone says nothing about the file that is open. */
	r = is_outdone(t, &t->leaving);
	/* What was removed is not kept from the disk's free space. */
	if (!t->leaving && st->st_nlink == 0) {
		remember_left(t);
		close_file(t);
	}
	return r == -ENOENT ? 0 : r;
}

/* Fills the window up. *ret_new: 0 at the file's end. */
static int fill(struct pglog_tail *t, size_t *ret_new)
{
	struct stat st;
	uint64_t end;
	ssize_t n;
	int r;

	if (fstat(t->fd, &st) < 0)
		return -errno;
	r = t->at.mtime_ns == ns_of(st.st_mtim) ? 1 : begins_as(t->fd, &t->at);
	if (r < 0)
		return r;
	if ((uint64_t)st.st_size < t->at.off + t->len || r == 0) {
		t->ended = true;
		return 0;
	}
	t->at.mtime_ns = ns_of(st.st_mtim);
	skip_ahead(t, (uint64_t)st.st_size);
	end = t->at.off + t->len;
	n = read_at(t->fd, t->window + t->len, PGLOG_WINDOW - t->len, end);
	if (n < 0)
		return (int)n;
	keep_head(t, t->window + t->len, (size_t)n, end);
	t->len += (size_t)n;
	*ret_new = (size_t)n;
	if (!t->aligned)
		align(t);
	return n == 0 && end >= (uint64_t)st.st_size ? look_around(t, &st) : 0;
}

/* Reads on in the file that is the one to read. *ret_new: 0: there is nothing more now. */
static int read_on(struct pglog_tail *t, size_t *ret_new)
{
	/* Whatever went on since a file was looked at last, it is over and the next one begun after so many steps. */
	for (unsigned step = 0; step < 4; step++) {
		int r = t->ended && t->len == 0 ? leave(t) : 0;

		if (r == 0 && t->fd < 0)
			r = open_any(t);
		if (r == 0 && !t->ended && t->len < PGLOG_WINDOW)
			r = fill(t, ret_new);
		if (r < 0 || *ret_new > 0 || (t->len > 0 && t->ended) || (!t->ended && !t->leaving))
			return r;
	}
	return 0;
}

int pglog_tail_read(struct pglog_tail *t, struct pgtext *ret, size_t *ret_new, enum pglog_ahead *ret_ahead)
{
	bool was_full = t->len == PGLOG_WINDOW, was_idle = t->idle;
	int r;

	*ret_new = 0;
	r = read_on(t, ret_new);
	if (r < 0)
		return r;
	t->idle = *ret_new == 0;
	*ret = (struct pgtext){(const char *)t->window, t->len};
	*ret_ahead = t->idle && was_idle ? PGLOG_QUIET : PGLOG_MORE;
	if (t->ended || was_full)
		*ret_ahead = PGLOG_END;
	/* A line that is longer is cut, and its rest dropped. */
	if (was_full)
		t->aligned = false;
	return t->len > 0 || *ret_new > 0 ? 0 : -ENODATA;
}

void pglog_tail_took(struct pglog_tail *t, size_t len)
{
	memmove(t->window, t->window + len, t->len - len);
	t->len -= len;
	t->at.off += len;
}

void pglog_tail_position(const struct pglog_tail *t, struct pglog_position *ret)
{
	*ret = t->at;
}

const char *pglog_tail_path(const struct pglog_tail *t)
{
	return t->path;
}

uint64_t pglog_tail_skipped(struct pglog_tail *t)
{
	uint64_t n = t->skipped;

	t->skipped = 0;
	return n;
}
