/* io.c -- see io.h */
#include "store/io.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A pipe or a terminal under a name of ours must neither hang nor adopt us. */
#define OPEN_FLAGS (O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

static int open_retry(int dirfd, const char *name, int flags, mode_t mode)
{
	int fd;

	do
		fd = openat(dirfd, name, flags, mode);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

static int sync_retry(int fd, bool data_only)
{
	int r;

	do
		r = data_only ? fdatasync(fd) : fsync(fd);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/* Makes durable that the directory behind fd has a name in the one above it. */
static int sync_parent(int fd)
{
	int parent = io_opendir(fd, "..", false), r;

	if (parent < 0)
		return parent;
	r = io_sync_dir(parent);
	io_close(parent);
	return r;
}

int io_opendir(int dirfd, const char *name, bool create)
{
	bool made = false;
	int fd, r;

	if (create) {
		made = mkdirat(dirfd, name, 0750) == 0;
		if (!made && errno != EEXIST)
			return -errno;
	}
	fd = open_retry(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0 || !made)
		return fd;
	r = sync_parent(fd);
	if (r < 0) {
		/* So that the next attempt makes it, and syncs, again. */
		unlinkat(dirfd, name, AT_REMOVEDIR);
		io_close(fd);
		return r;
	}
	return fd;
}

int io_open_read(int dirfd, const char *name)
{
	return open_retry(dirfd, name, O_RDONLY | OPEN_FLAGS, 0);
}

int io_create(int dirfd, const char *name)
{
	return open_retry(dirfd, name, O_RDWR | O_CREAT | O_EXCL | OPEN_FLAGS, 0640);
}

int io_open_write(int dirfd, const char *name)
{
	return open_retry(dirfd, name, O_RDWR | OPEN_FLAGS, 0);
}

void io_close(int fd)
{
	close(fd);
}

ssize_t io_pread(int fd, void *p, size_t len, uint64_t off)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, (uint8_t *)p + done, len - done, (off_t)(off + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

void io_prefetch(int fd, uint64_t off, uint64_t len)
{
	(void)posix_fadvise(fd, (off_t)off, (off_t)len, POSIX_FADV_WILLNEED);
}

int io_pwrite(int fd, const void *p, size_t len, uint64_t off)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pwrite(fd, (const uint8_t *)p + done, len - done, (off_t)(off + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		done += (size_t)n;
	}
	return 0;
}

/* Takes len bytes off the front of pieces. Returns how many are used up. */
static unsigned skip_pieces(struct iovec *v, unsigned n, size_t len)
{
	unsigned i = 0;

	while (i < n && len >= v[i].iov_len)
		len -= v[i++].iov_len;
	if (i < n) {
		v[i].iov_base = (uint8_t *)v[i].iov_base + len;
		v[i].iov_len -= len;
	}
	return i;
}

int io_pwritev(int fd, const struct iovec *pieces, unsigned n, uint64_t off)
{
	struct iovec v[IO_PIECES_MAX];
	unsigned i;

	assert(n <= IO_PIECES_MAX);
	memcpy(v, pieces, n * sizeof *v);
	for (i = skip_pieces(v, n, 0); i < n;) {
		ssize_t done = pwritev(fd, v + i, (int)(n - i), (off_t)off);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		if (done == 0)
			return -EIO;
		off += (uint64_t)done;
		i += skip_pieces(v + i, n - i, (size_t)done);
	}
	return 0;
}

int io_truncate(int fd, uint64_t len)
{
	int r;

	do
		r = ftruncate(fd, (off_t)len);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

int io_sync(int fd, bool data_only)
{
	return sync_retry(fd, data_only);
}

int io_sync_dir(int dirfd)
{
	int r = sync_retry(dirfd, false);

	/* Some file systems have no sync of directories; there is nothing more that could be done on them. */
	return r == -EINVAL ? 0 : r;
}

int io_rename(int dirfd, const char *from, const char *to)
{
	return renameat(dirfd, from, dirfd, to) < 0 ? -errno : 0;
}

int io_unlink(int dirfd, const char *name)
{
	return unlinkat(dirfd, name, 0) < 0 ? -errno : 0;
}

static void stat_from(const struct stat *st, struct io_stat *ret)
{
	*ret = (struct io_stat){
	    .len = (uint64_t)st->st_size,
	    .ino = st->st_ino,
	    .dev = st->st_dev,
	    .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
	    .is_dir = S_ISDIR(st->st_mode),
	};
}

int io_fstat(int fd, struct io_stat *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	stat_from(&st, ret);
	return 0;
}

int io_stat(int dirfd, const char *name, struct io_stat *ret)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, 0) < 0)
		return -errno;
	stat_from(&st, ret);
	return 0;
}

int io_list(int dirfd, int (*each)(const char *name, void *arg), void *arg)
{
	/* A descriptor of its own: the position in a directory belongs to the open file, not to the caller. */
	int fd = io_opendir(dirfd, ".", false), r = 0;
	struct dirent *e;
	DIR *d;

	if (fd < 0)
		return fd;
	d = fdopendir(fd);
	if (!d) {
		r = -errno;
		io_close(fd);
		return r;
	}
	while (r == 0) {
		errno = 0;
		e = readdir(d);
		if (!e) {
			r = -errno;
			break;
		}
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = each(e->d_name, arg);
	}
	closedir(d);
	return r;
}

int io_lock(int fd)
{
	int r;

	do
		r = flock(fd, LOCK_EX | LOCK_NB);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

int io_random(void *p, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = getrandom((uint8_t *)p + done, len - done, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

int io_space(int dirfd, uint64_t *ret_free, uint64_t *ret_size)
{
	struct statvfs v;
	int r;

	do
		r = fstatvfs(dirfd, &v);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	*ret_free = (uint64_t)v.f_bfree * v.f_frsize;
	*ret_size = (uint64_t)v.f_blocks * v.f_frsize;
	return 0;
}

/* --- mappings --- */

/* What a thread is reading just now. */
struct guard {
	sigjmp_buf back;
	const struct io_map *map;
	struct guard *outer;
};

static _Thread_local struct guard *volatile guard;
static struct sigaction handler_before;
static int handler_err;

/* Somebody else's fault: their handler has it, or what would have happened without any happens when the instruction is
 * tried again. */
static void pass_on(int sig, siginfo_t *info, void *context)
{
	if (handler_before.sa_flags & SA_SIGINFO)
		handler_before.sa_sigaction(sig, info, context);
	else if (handler_before.sa_handler != SIG_DFL && handler_before.sa_handler != SIG_IGN)
		handler_before.sa_handler(sig);
	else
		(void)sigaction(sig, &handler_before, NULL);
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	const uint8_t *at = info->si_addr;
	struct guard *g = guard;

	if (!g || at < g->map->p || at >= g->map->p + g->map->len) {
		pass_on(sig, info, context);
		return;
	}
	siglongjmp(g->back, 1);
}

static void set_handler(void)
{
	/* Left by a jump, which restores no mask. */
	struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};

	if (sigaction(SIGBUS, &sa, &handler_before) < 0)
		handler_err = -errno;
}

int io_map(int fd, size_t len, struct io_map *ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	void *p;

	pthread_once(&once, set_handler);
	if (handler_err < 0)
		return handler_err;
	p = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*ret = (struct io_map){p, len};
	return 0;
}

void io_unmap(struct io_map *m)
{
	union {
		const uint8_t *in;
		void *out;
	} p = {m->p};

	if (m->p)
		munmap(p.out, m->len);
	*m = (struct io_map){0};
}

int io_map_read(const struct io_map *m, int (*fn)(const uint8_t *p, void *arg), void *arg)
{
	struct guard g = {.map = m, .outer = guard};
	int r;

	if (sigsetjmp(g.back, 0) != 0) {
		guard = g.outer;
		return -EIO;
	}
	guard = &g;
	r = fn(m->p, arg);
	guard = g.outer;
	return r;
}
