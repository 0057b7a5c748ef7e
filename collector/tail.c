/* tail.c -- see tail.h */
#include "collector/tail.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

enum {
	READ_LEN = 256 << 10,
	SIBLINGS_MAX = 1000,
	SETTLE_MS = 1000, /* a file whose successor is there is at its end if it has been for so long */
};

struct tail {
	char *path;
	size_t line_max;

	int fd; /* -1: none is open */
	uint64_t dev, ino;
	uint64_t pos;
	struct buf in;                 /* bytes from pos on; */
	size_t at;                     /* of them were taken */
	size_t line_len, line_end;     /* of the line that was given: bytes, and with its '\n' */
	uint8_t last[TAIL_MARK_BYTES]; /* bytes before pos */
	size_t n_last;
	unsigned n_files; /* that were begun */

	int next_fd; /* takes its place; -1: none does */
	uint64_t next_pos;
	int64_t ended_ms; /* since when it is known to be at its end, monotonic; 0: it is not */
};

bool tail_reads(const struct tail *t, uint64_t dev, uint64_t ino)
{
	return t->fd >= 0 && t->dev == dev && t->ino == ino;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* --- files and marks --- */

/* -EINVAL: there is something of that name that is no file. */
static int open_file(int dirfd, const char *name, struct stat *ret)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int r = fd < 0 || fstat(fd, ret) < 0 ? -errno : S_ISREG(ret->st_mode) ? 0 : -EINVAL;

	if (r == 0)
		return fd;
	cleanup_close(&fd);
	return r;
}

static int hash_at(int fd, uint64_t off, size_t len, uint64_t *ret)
{
	uint8_t bytes[TAIL_MARK_BYTES];
	ssize_t n = pread(fd, bytes, len, (off_t)off);

	if (n < 0)
		return -errno;
	if ((size_t)n < len)
		return -ENODATA;
	*ret = followed_hash(bytes, len);
	return 0;
}

static int make_mark(int fd, const struct stat *st, uint64_t pos, struct followed_mark *ret)
{
	uint32_t n = pos < TAIL_MARK_BYTES ? (uint32_t)pos : TAIL_MARK_BYTES;
	int r;

	*ret = (struct followed_mark){.dev = st->st_dev, .ino = st->st_ino, .pos = pos, .n_head = n, .n_last = n};
	r = hash_at(fd, 0, n, &ret->head_hash);
	return r < 0 ? r : hash_at(fd, pos - n, n, &ret->last_hash);
}

static bool is_same(const struct stat *st, const struct followed_mark *m)
{
	return st->st_dev == m->dev && st->st_ino == m->ino;
}

/* Whether the file holds what had been read when the mark was made. Before anything was, it is known by its inode. */
static bool holds(int fd, const struct stat *st, const struct followed_mark *m)
{
	uint64_t head, last;

	if (m->pos == 0)
		return is_same(st, m);
	return m->n_head <= TAIL_MARK_BYTES && m->n_last <= TAIL_MARK_BYTES && m->n_last <= m->pos &&
	       (uint64_t)st->st_size >= m->pos && hash_at(fd, 0, m->n_head, &head) == 0 && head == m->head_hash &&
	       hash_at(fd, m->pos - m->n_last, m->n_last, &last) == 0 && last == m->last_hash;
}

/* --- siblings --- */

bool tail_is_packed(const char *name)
{
	static const char *const ends[] = {".gz", ".xz", ".bz2", ".zst", ".lz4", ".Z", ".tmp"};
	size_t len = strlen(name);

	for (size_t i = 0; i < N_ELEMENTS(ends); i++)
		if (len > strlen(ends[i]) && strcmp(name + len - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

/* Calls each(fd, st, arg) for every file that rotation may have made of the one at path; it returns whether it keeps
 * the descriptor. */
static void each_sibling(const char *path, bool (*each)(int fd, const struct stat *st, void *arg), void *arg)
{
	_cleanup_(cleanup_free) char *dir = strdup(path);
	char *slash = dir ? strrchr(dir, '/') : NULL;
	const char *base = slash ? slash + 1 : NULL;
	struct dirent *e;
	size_t len;
	DIR *d;

	if (!slash)
		return;
	*slash = '\0';
	len = strlen(base);
	d = opendir(*dir ? dir : "/");
	for (int n = 0; d && n < SIBLINGS_MAX && (e = readdir(d));) {
		struct stat st;
		int fd;

		if (strncmp(e->d_name, base, len) != 0 || (e->d_name[len] != '.' && e->d_name[len] != '-') ||
		    tail_is_packed(e->d_name))
			continue;
		n++;
		fd = open_file(dirfd(d), e->d_name, &st);
		if (fd >= 0 && !each(fd, &st, arg))
			close(fd);
	}
	if (d)
		closedir(d);
}

struct search {
	const struct followed_mark *mark;
	int fd;
	bool same; /* fd is of the mark's inode */
};

static bool try_mark(int fd, const struct stat *st, void *arg)
{
	struct search *s = arg;
	bool same = is_same(st, s->mark);

	if ((s->fd >= 0 && (s->same || !same)) || !holds(fd, st, s->mark))
		return false;
	cleanup_close(&s->fd);
	s->fd = fd;
	s->same = same;
	return true;
}

/* The file that holds what had been read. -ENODATA: none does, and one of that name is there; -ENOENT: it is not; else
 * what opening or reading that one said. */
static int find_mark(const char *path, const struct followed_mark *mark)
{
	struct search s = {.mark = mark, .fd = -1};
	struct stat st;
	uint64_t hash;
	int fd = open_file(AT_FDCWD, path, &st), r = fd < 0 ? fd : hash_at(fd, 0, mark->pos > 0, &hash);

	if (fd >= 0 && !try_mark(fd, &st, &s))
		close(fd);
	/* Of the same inode it is the same file, whatever it is called, and none other is. */
	if (!s.same)
		each_sibling(path, try_mark, &s);
	if (s.fd >= 0)
		return s.fd;
	return r < 0 ? r : -ENODATA;
}

struct succession {
	const struct followed_mark *mark; /* of the file that was read to its end */
	struct timespec after;            /* when that was last written */
	dev_t path_dev;
	ino_t path_ino; /* of the file at the path */
	int fd;
	struct timespec when;
};

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* The one written first of those that were written after. */
static bool try_younger(int fd, const struct stat *st, void *arg)
{
	struct succession *s = arg;

	if (is_same(st, s->mark) || (st->st_dev == s->path_dev && st->st_ino == s->path_ino))
		return false;
	if (st->st_size == 0 || !is_before(&s->after, &st->st_mtim) ||
	    (s->fd >= 0 && !is_before(&st->st_mtim, &s->when)) || holds(fd, st, s->mark))
		return false;
	cleanup_close(&s->fd);
	s->fd = fd;
	s->when = st->st_mtim;
	return true;
}

/* --- reading --- */

static void use(struct tail *t, int fd, uint64_t pos)
{
	struct stat st;

	cleanup_close(&t->fd);
	t->fd = fd;
	t->n_files++;
	t->pos = pos;
	buf_clear(&t->in);
	t->at = t->line_len = t->line_end = 0;
	t->ended_ms = 0;
	t->n_last = 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	t->dev = st.st_dev;
	t->ino = st.st_ino;
	if (pos > 0) {
		size_t n = pos < sizeof t->last ? (size_t)pos : sizeof t->last;
		ssize_t got = pread(fd, t->last, n, (off_t)(pos - n));

		t->n_last = got == (ssize_t)n ? n : 0;
	}
}

/* Whether what was read is still there, before what is read next. */
static bool is_cut(const struct tail *t, const struct stat *st)
{
	uint8_t now[TAIL_MARK_BYTES];
	uint64_t end = t->pos + t->in.len - t->at;

	if ((uint64_t)st->st_size < end)
		return true;
	return t->n_last > 0 && (pread(t->fd, now, t->n_last, (off_t)(t->pos - t->n_last)) != (ssize_t)t->n_last ||
	                            memcmp(now, t->last, t->n_last) != 0);
}

/* What was read is no longer in the file: a copy of it may have what was not read, else it begins anew. */
static int find_rest(struct tail *t)
{
	struct followed_mark m = {.dev = t->dev, .ino = t->ino, .pos = t->pos, .n_last = (uint32_t)t->n_last};
	int fd = -ENOENT;

	/* Its head is gone with it: the last bytes alone say which it is. */
	m.last_hash = followed_hash(t->last, t->n_last);
	m.head_hash = followed_hash("", 0);
	if (t->n_last > 0)
		fd = find_mark(t->path, &m);
	if (fd >= 0) {
		t->next_fd = fd;
		t->next_pos = t->pos;
		return -ESTALE;
	}
	t->next_fd = fcntl(t->fd, F_DUPFD_CLOEXEC, 0);
	t->next_pos = 0;
	return t->next_fd < 0 ? -errno : -ESTALE;
}

/* At the end of what is read: whether another file has taken its place. -EAGAIN: none has. */
static int find_successor(struct tail *t, const struct stat *st)
{
	struct succession s = {.after = st->st_mtim, .fd = -1};
	struct followed_mark mark;
	struct stat path;
	int fd = open_file(AT_FDCWD, t->path, &path), r;

	if (fd >= 0 && path.st_dev == st->st_dev && path.st_ino == st->st_ino) {
		close(fd);
		t->ended_ms = 0;
		return -EAGAIN;
	}
	r = make_mark(t->fd, st, t->pos, &mark);
	if (r == 0 && fd >= 0) {
		s.mark = &mark;
		s.path_dev = path.st_dev;
		s.path_ino = path.st_ino;
		each_sibling(t->path, try_younger, &s);
	}
	/* Who wrote to it may go on doing so until there is something in its successor, and a little longer. */
	if (r == 0 && s.fd < 0 && (fd < 0 || path.st_size == 0))
		r = -EAGAIN;
	if (r == 0 && t->ended_ms == 0)
		t->ended_ms = now_ms();
	if (r == 0 && now_ms() - t->ended_ms < SETTLE_MS)
		r = -EAGAIN;
	if (r < 0) {
		cleanup_close(&fd);
		cleanup_close(&s.fd);
		return r;
	}
	if (s.fd >= 0) {
		cleanup_close(&fd);
		fd = s.fd;
	}
	t->next_fd = fd;
	t->next_pos = 0;
	return -ESTALE;
}

/* Reads on behind what is in memory. The number of bytes. */
static ssize_t read_on(struct tail *t)
{
	ssize_t n;

	if (t->at > 0) {
		memmove(t->in.p, t->in.p + t->at, t->in.len - t->at);
		t->in.len -= t->at;
		t->at = 0;
	}
	if (buf_reserve(&t->in, READ_LEN) < 0) {
		t->in.err = 0;
		return -ENOMEM;
	}
	do
		n = pread(t->fd, t->in.p + t->in.len, READ_LEN, (off_t)(t->pos + t->in.len));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	t->in.len += (size_t)n;
	return n;
}

/* A line of what is in memory. end: nothing will come behind it. */
static bool take_line(struct tail *t, bool end, struct span *ret)
{
	const uint8_t *p = t->in.p + t->at;
	size_t n = t->in.len - t->at;
	size_t most = n <= t->line_max ? n : t->line_max + 1;
	const uint8_t *newline = n > 0 ? memchr(p, '\n', most) : NULL;

	if (newline)
		t->line_len = (size_t)(newline - p);
	else if (n > t->line_max)
		t->line_len = t->line_max;
	else if (end && n > 0)
		t->line_len = n;
	else
		return false;
	t->line_end = t->line_len + (newline != NULL);
	*ret = span_of(p, t->line_len);
	return true;
}

static int open_path(struct tail *t)
{
	struct stat st;
	int fd = open_file(AT_FDCWD, t->path, &st);

	if (fd < 0)
		return fd == -ENOENT ? -EAGAIN : fd;
	use(t, fd, 0);
	return 0;
}

int tail_next(struct tail *t, struct span *ret)
{
	int r = t->fd < 0 ? open_path(t) : 0;

	if (r < 0)
		return r;
	if (t->next_fd >= 0)
		return -ESTALE;
	while (!take_line(t, false, ret)) {
		struct stat st;
		ssize_t n;

		if (fstat(t->fd, &st) < 0)
			return -errno;
		if (is_cut(t, &st))
			return find_rest(t);
		n = read_on(t);
		if (n < 0)
			return (int)n;
		if (n > 0) {
			t->ended_ms = 0;
			continue;
		}
		r = find_successor(t, &st);
		if (r != -ESTALE || !take_line(t, true, ret))
			return r;
		/* The last line, which will not get an end; the successor is found again behind it. */
		cleanup_close(&t->next_fd);
		t->next_fd = -1;
		return 0;
	}
	return 0;
}

void tail_took(struct tail *t)
{
	const uint8_t *p = t->in.p + t->at;
	size_t n = t->line_end, keep;

	/* The bytes before the new position: of those that were there, and of the line. */
	if (n >= sizeof t->last) {
		memcpy(t->last, p + n - sizeof t->last, sizeof t->last);
		t->n_last = sizeof t->last;
	} else {
		keep = t->n_last < sizeof t->last - n ? t->n_last : sizeof t->last - n;
		memmove(t->last, t->last + t->n_last - keep, keep);
		memcpy(t->last + keep, p, n);
		t->n_last = keep + n;
	}
	t->at += n;
	t->pos += n;
	t->line_len = t->line_end = 0;
}

void tail_switch(struct tail *t)
{
	int fd = take_fd(&t->next_fd);

	use(t, fd, t->next_pos);
}

int tail_mark(struct tail *t, struct followed_mark *ret)
{
	struct stat st;

	if (t->fd < 0)
		return -ENOENT;
	if (fstat(t->fd, &st) < 0)
		return -errno;
	return make_mark(t->fd, &st, t->pos, ret);
}

unsigned tail_n_files(const struct tail *t)
{
	return t->n_files;
}

int tail_pass(struct tail *t, struct span value)
{
	size_t len = span_left(&value), n;
	const uint8_t *p;
	bool newline;

	if (t->fd < 0)
		return 0;
	while (t->in.len - t->at <= len) {
		ssize_t got = read_on(t);

		if (got < 0)
			return (int)got;
		if (got == 0)
			break;
	}
	n = t->in.len - t->at;
	p = t->in.p + t->at;
	if (n < len || (len > 0 && memcmp(p, value.p, len) != 0))
		return 0;
	newline = n > len && p[len] == '\n';
	t->line_end = len + newline;
	if (t->line_end == 0)
		return 0;
	tail_took(t);
	return 1;
}

/* --- beginning --- */

int tail_new(const char *path, const struct followed_mark *mark, size_t line_max, struct tail **ret)
{
	_cleanup_(cleanup_tail) struct tail *t = calloc(1, sizeof *t);
	int fd;

	if (!t)
		return -ENOMEM;
	t->fd = t->next_fd = -1;
	t->line_max = line_max;
	t->path = strdup(path);
	if (!t->path)
		return -ENOMEM;
	fd = mark ? find_mark(path, mark) : -ENODATA;
	if (fd < 0 && fd != -ENODATA)
		return fd == -ENOENT ? -EAGAIN : fd;
	if (fd >= 0)
		use(t, fd, mark->pos);
	*ret = TAKE(t);
	return 0;
}

void tail_free(struct tail *t)
{
	cleanup_close(&t->fd);
	cleanup_close(&t->next_fd);
	buf_done(&t->in);
	free(t->path);
	free(t);
}
