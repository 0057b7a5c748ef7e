/* procfs.c -- see procfs.h
 *
 * READING. A read of a /proc file may be short in the middle: the kernel hands out whole records a page at a time. A
 * file has ended when a read yields nothing, so each is read until then; what a single buffer of the kernel's holds
 * comes in one piece.
 */
#include "collector/procfs.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
	FIRST_CAP = 8192,
	TEXT_MAX = 64 << 20, /* nothing below /proc or /sys that is read here comes near */
};

struct procfs {
	int rootfd;
	char *p;
	size_t cap;
};

int procfs_open(const char *root, struct procfs **ret)
{
	struct procfs *fs = calloc(1, sizeof *fs);

	if (!fs)
		return -ENOMEM;
	fs->rootfd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fs->rootfd < 0) {
		int r = -errno;

		free(fs);
		return r;
	}
	*ret = fs;
	return 0;
}

void procfs_close(struct procfs *fs)
{
	close(fs->rootfd);
	free(fs->p);
	free(fs);
}

int procfs_rootfd(const struct procfs *fs)
{
	return fs->rootfd;
}

bool procfs_is_own(const struct procfs *fs)
{
	_cleanup_(cleanup_close) int fd = openat(fs->rootfd, "proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char self[16];
	struct statfs st;
	ssize_t n;

	if (fd < 0 || fstatfs(fd, &st) < 0 || st.f_type != PROC_SUPER_MAGIC)
		return false;
	n = readlinkat(fd, "self", self, sizeof self - 1);
	if (n <= 0)
		return false;
	self[n] = '\0';
	return strtol(self, NULL, 10) == getpid();
}

static int grow(char **p, size_t *cap)
{
	size_t want = *cap ? *cap * 2 : FIRST_CAP;
	char *q;

	if (want > TEXT_MAX)
		return -EFBIG;
	q = realloc(*p, want);
	if (!q)
		return -ENOMEM;
	*p = q;
	*cap = want;
	return 0;
}

/* Reads fd from its start to its end into *p, which grows; a NUL goes behind the end. */
static int read_whole(int fd, char **p, size_t *cap, size_t *ret_len)
{
	size_t len = 0;

	for (;;) {
		ssize_t n;

		if (len + 1 >= *cap) {
			int r = grow(p, cap);

			if (r < 0)
				return r;
		}
		n = pread(fd, *p + len, *cap - len - 1, (off_t)len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	(*p)[len] = '\0';
	*ret_len = len;
	return 0;
}

int procfs_read(struct procfs *fs, const char *path, const char **ret, size_t *ret_len)
{
	_cleanup_(cleanup_close) int fd = openat(fs->rootfd, path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = read_whole(fd, &fs->p, &fs->cap, ret_len);
	if (r < 0)
		return r;
	*ret = fs->p;
	return 0;
}

int procfile_read(struct procfs *fs, struct procfile *pf, const char *path, const char **ret, size_t *ret_len)
{
	bool was_open = pf->fd >= 0;
	int r;

	if (was_open) {
		r = read_whole(pf->fd, &pf->p, &pf->cap, ret_len);
		if (r == 0) {
			*ret = pf->p;
			return 0;
		}
		close(pf->fd);
		pf->fd = -1;
		if (r == -ENOMEM || r == -EFBIG)
			return r;
	}
	pf->fd = openat(fs->rootfd, path, O_RDONLY | O_CLOEXEC);
	if (pf->fd < 0)
		return -errno;
	r = read_whole(pf->fd, &pf->p, &pf->cap, ret_len);
	if (r < 0) {
		close(pf->fd);
		pf->fd = -1;
		return r;
	}
	*ret = pf->p;
	return 0;
}

void procfile_done(struct procfile *pf)
{
	if (pf->fd >= 0)
		close(pf->fd);
	free(pf->p);
	*pf = PROCFILE_CLOSED;
}

static const char *skip_blanks(const char *c)
{
	while (*c == ' ' || *c == '\t')
		c++;
	return c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Appends a digit to *v; false if 64 bits do not hold that. */
static bool push_digit(uint64_t *v, char digit)
{
	return !__builtin_mul_overflow(*v, 10, v) && !__builtin_add_overflow(*v, (uint64_t)(digit - '0'), v);
}

bool parse_u64(const char **p, uint64_t *ret)
{
	const char *c = skip_blanks(*p);
	uint64_t v = 0;

	if (!is_digit(*c))
		return false;
	for (; is_digit(*c); c++)
		if (!push_digit(&v, *c))
			return false;
	*p = c;
	*ret = v;
	return true;
}

/* Gives v the sign; false if the result does not fit. */
static bool apply_sign(uint64_t v, bool minus, int64_t *ret)
{
	if (v > (uint64_t)INT64_MAX + minus)
		return false;
	*ret = minus ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

bool parse_i64(const char **p, int64_t *ret)
{
	const char *c = skip_blanks(*p);
	bool minus = *c == '-';
	uint64_t v;

	c += minus;
	if (!is_digit(*c) || !parse_u64(&c, &v) || !apply_sign(v, minus, ret))
		return false;
	*p = c;
	return true;
}

bool parse_dec(const char **p, unsigned scale, int64_t *ret)
{
	const char *c = skip_blanks(*p);
	bool minus = *c == '-';
	uint64_t v;

	c += minus;
	if (!is_digit(*c) || !parse_u64(&c, &v))
		return false;
	if (*c == '.' && is_digit(c[1]))
		for (c++; is_digit(*c); c++) {
			if (scale == 0)
				continue;
			if (!push_digit(&v, *c))
				return false;
			scale--;
		}
	for (; scale > 0; scale--)
		if (!push_digit(&v, '0'))
			return false;
	if (!apply_sign(v, minus, ret))
		return false;
	*p = c;
	return true;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool parse_hex(const char **p, uint64_t *ret)
{
	const char *c = skip_blanks(*p);
	uint64_t v = 0;

	if (hex_digit(*c) < 0)
		return false;
	for (; hex_digit(*c) >= 0; c++) {
		if (v >> 60)
			return false;
		v = v << 4 | (uint64_t)hex_digit(*c);
	}
	*p = c;
	*ret = v;
	return true;
}

const char *parse_word(const char **p, size_t *ret_len)
{
	const char *begin = skip_blanks(*p), *c = begin;

	while (*c != ' ' && *c != '\t' && *c != '\n' && *c != '\0')
		c++;
	*p = c;
	*ret_len = (size_t)(c - begin);
	return begin;
}

bool parse_next_line(const char **p)
{
	const char *c;

	if (**p == '\0')
		return false;
	c = strchrnul(*p, '\n');
	*p = c + (*c == '\n');
	return true;
}
