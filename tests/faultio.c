/* faultio.c -- see faultio.h */
#include "tests/faultio.h"
#include "store/io.h"
#include "tests/faultalloc.h"
#include "tests/faultdisk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static uint64_t random_state;

static struct {
	uint64_t n; /* calls made */
	uint64_t at;
	enum fault what;
	int err;
	bool hit;
} fault;

static struct {
	uint64_t at;
	void (*fn)(void *arg);
	void *arg;
} meanwhile;

static void die(const char *what)
{
	printf("Bail out! faultio: %s: %s\n", what, strerror(errno));
	exit(1);
}

uint64_t faultio_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

void faultio_begin(const char *path, uint64_t seed)
{
	random_state = seed;
	faultdisk_begin(path);
	faultio_at(0, FAULT_FAIL, 0);
}

void faultio_crash(uint64_t seed)
{
	faultdisk_crash(seed);
	faultio_at(0, FAULT_FAIL, 0);
}

/* --- faults --- */

void faultio_at(uint64_t n, enum fault what, int err)
{
	fault.n = 0;
	fault.at = n;
	fault.what = what;
	fault.err = err;
	fault.hit = false;
}

void faultio_before(uint64_t n, void (*fn)(void *arg), void *arg)
{
	fault.n = 0;
	meanwhile.at = n;
	meanwhile.fn = fn;
	meanwhile.arg = arg;
}

bool faultio_hit(void)
{
	return fault.hit;
}

uint64_t faultio_calls(void)
{
	return fault.n;
}

/* Counts a call: 0, or how it fails. */
static int step(bool needs_space)
{
	fault.n++;
	if (meanwhile.fn && fault.n == meanwhile.at) {
		void (*fn)(void *arg) = meanwhile.fn;

		meanwhile.fn = NULL;
		fn(meanwhile.arg);
	}
	if (fault.at == 0 || fault.n < fault.at)
		return 0;
	if (fault.what == FAULT_FULL ? !needs_space : fault.what != FAULT_CRASH && fault.n > fault.at)
		return 0;
	fault.hit = true;
	return fault.what == FAULT_CRASH ? -EIO : -fault.err;
}

/* --- io.h --- */

int io_opendir(int dirfd, const char *name, bool create)
{
	int r = step(create && faccessat(dirfd, name, F_OK, 0) < 0), fd, parent;

	if (r < 0)
		return r;
	if (create && mkdirat(dirfd, name, 0750) < 0) {
		if (errno != EEXIST)
			return -errno;
		create = false;
	}
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || !create)
		return fd < 0 ? -errno : fd;
	parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		die("..");
	faultdisk_created(parent, strrchr(name, '/') ? strrchr(name, '/') + 1 : name, fd);
	r = io_sync_dir(parent);
	close(parent);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

static int open_counted(int dirfd, const char *name, int flags)
{
	int r = step(flags & O_CREAT), fd;

	if (r < 0)
		return r;
	fd = openat(dirfd, name, flags | O_CLOEXEC | O_NONBLOCK, 0640);
	return fd < 0 ? -errno : fd;
}

int io_open_read(int dirfd, const char *name)
{
	return open_counted(dirfd, name, O_RDONLY);
}

int io_open_write(int dirfd, const char *name)
{
	return open_counted(dirfd, name, O_RDWR);
}

int io_create(int dirfd, const char *name)
{
	int fd = open_counted(dirfd, name, O_RDWR | O_CREAT | O_EXCL);

	if (fd >= 0)
		faultdisk_created(dirfd, name, fd);
	return fd;
}

void io_close(int fd)
{
	close(fd);
}

ssize_t io_pread(int fd, void *p, size_t len, uint64_t off)
{
	int r = step(false);
	ssize_t n;

	if (r < 0)
		return r;
	n = pread(fd, p, len, (off_t)off);
	return n < 0 ? -errno : n;
}

void io_prefetch(int fd, uint64_t off, uint64_t len)
{
	(void)fd;
	(void)off;
	(void)len;
}

int io_pwrite(int fd, const void *p, size_t len, uint64_t off)
{
	int r = step(true);

	if (r < 0) {
		if (fault.what != FAULT_SHORT && fault.what != FAULT_FULL)
			return r;
		/* Every fourth time, all of it. */
		if (faultio_random(&random_state) % 4)
			len = faultio_random(&random_state) % (len + 1);
	}
	if (len > 0) {
		if (pwrite(fd, p, len, (off_t)off) != (ssize_t)len)
			die("write");
		faultdisk_written(fd, p, len, off);
	}
	return r;
}

int io_pwritev(int fd, const struct iovec *pieces, unsigned n, uint64_t off)
{
	size_t len = 0;
	uint8_t *p;
	int r;

	for (unsigned i = 0; i < n; i++)
		len += pieces[i].iov_len;
	p = faultalloc_real(NULL, len + 1);
	len = 0;
	for (unsigned i = 0; i < n; i++) {
		if (pieces[i].iov_len > 0)
			memcpy(p + len, pieces[i].iov_base, pieces[i].iov_len);
		len += pieces[i].iov_len;
	}
	r = io_pwrite(fd, p, len, off);
	free(p);
	return r;
}

int io_truncate(int fd, uint64_t len)
{
	int r = step(false);

	if (r < 0)
		return r;
	if (ftruncate(fd, (off_t)len) < 0)
		return -errno;
	faultdisk_truncated(fd, len);
	return 0;
}

int io_sync(int fd, bool data_only)
{
	int r = step(false);

	(void)data_only; /* the size is data */
	if (r == 0)
		faultdisk_synced(fd);
	else if (fault.what != FAULT_CRASH)
		faultdisk_sync_failed(fd, &random_state);
	return r;
}

int io_sync_dir(int dirfd)
{
	int r = step(false);

	if (r == 0)
		faultdisk_dir_synced(dirfd);
	return r;
}

int io_rename(int dirfd, const char *from, const char *to)
{
	int r = step(false);

	if (r < 0)
		return r;
	if (renameat(dirfd, from, dirfd, to) < 0)
		return -errno;
	faultdisk_renamed(dirfd, from, to);
	return 0;
}

int io_unlink(int dirfd, const char *name)
{
	int r = step(false);

	if (r < 0)
		return r;
	if (unlinkat(dirfd, name, 0) < 0)
		return -errno;
	faultdisk_renamed(dirfd, name, NULL);
	return 0;
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
	int r = step(false);
	struct stat st;

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	stat_from(&st, ret);
	return 0;
}

int io_stat(int dirfd, const char *name, struct io_stat *ret)
{
	int r = step(false);
	struct stat st;

	if (r < 0)
		return r;
	if (fstatat(dirfd, name, &st, 0) < 0)
		return -errno;
	stat_from(&st, ret);
	return 0;
}

int io_list(int dirfd, int (*each)(const char *name, void *arg), void *arg)
{
	int r = step(false);
	struct dirent *e;
	DIR *d;

	if (r < 0)
		return r;
	d = fdopendir(openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (!d)
		die("open directory");
	while (r == 0 && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = each(e->d_name, arg);
	closedir(d);
	return r;
}

int io_lock(int fd)
{
	int r = step(false);

	if (r < 0)
		return r;
	return flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}

int io_random(void *p, size_t len)
{
	int r = step(false);

	if (r < 0)
		return r;
	for (size_t i = 0; i < len; i++)
		((uint8_t *)p)[i] = (uint8_t)faultio_random(&random_state);
	return 0;
}

int io_space(int dirfd, uint64_t *ret_free, uint64_t *ret_size)
{
	int r = step(false);
	struct statvfs v;

	if (r < 0)
		return r;
	if (fstatvfs(dirfd, &v) < 0)
		return -errno;
	*ret_free = (uint64_t)v.f_bfree * v.f_frsize;
	*ret_size = (uint64_t)v.f_blocks * v.f_frsize;
	return 0;
}

int io_map(int fd, size_t len, struct io_map *ret)
{
	int r = step(false);
	void *p;

	if (r < 0)
		return r;
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

/* A fault of the disk is a call that fails; nothing here reads behind a file's end. */
int io_map_read(const struct io_map *m, int (*fn)(const uint8_t *p, void *arg), void *arg)
{
	int r = step(false);

	return r < 0 ? r : fn(m->p, arg);
}
