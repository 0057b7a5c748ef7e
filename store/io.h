/* io.h -- every system call the store makes on a file
 *
 * Nothing else in store/ calls the kernel about files, so that tests replace this one object (tests/faultio.c) to
 * fail the n-th call, or to take away at a crash what was not synced. All functions return 0 or more, or a negative
 * errno; EINTR and short transfers are dealt with inside. Thread-safe.
 */
#ifndef STORE_IO_H
#define STORE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Opens a directory for use as dirfd below. create: makes it (mode 0750) if it is not there and syncs its parent. */
int io_opendir(int dirfd, const char *name, bool create);

/* Opens a file to read. */
int io_open_read(int dirfd, const char *name);

/* Creates a file that must not exist (-EEXIST), to read and write, mode 0640. */
int io_create(int dirfd, const char *name);

/* Opens an existing file to read and write. */
int io_open_write(int dirfd, const char *name);

void io_close(int fd);

/* For _cleanup_: closes a descriptor unless it is -1. */
static inline void cleanup_io_close(int *fd)
{
	if (*fd >= 0)
		io_close(*fd);
}

/* Reads len bytes at off; returns the number read, fewer only at the end of the file. */
ssize_t io_pread(int fd, void *p, size_t len, uint64_t off);

/* Tells the kernel that these bytes will be read soon, in one piece. Returns nothing: it is only advice. */
void io_prefetch(int fd, uint64_t off, uint64_t len);

/* Writes len bytes at off, all of them. After an error any part may be in the file. */
int io_pwrite(int fd, const void *p, size_t len, uint64_t off);

/* The same for n pieces, at most IO_PIECES_MAX, one behind the other. */
enum { IO_PIECES_MAX = 8 };
int io_pwritev(int fd, const struct iovec *pieces, unsigned n, uint64_t off);

int io_truncate(int fd, uint64_t len);

/* Durable: contents and size. data_only: as fdatasync. */
int io_sync(int fd, bool data_only);

/* Durable: names in the directory. */
int io_sync_dir(int dirfd);

int io_rename(int dirfd, const char *from, const char *to);
int io_unlink(int dirfd, const char *name);

struct io_stat {
	uint64_t len;
	uint64_t ino;
	uint64_t dev;
	int64_t mtime_ns;
	bool is_dir;
};

int io_fstat(int fd, struct io_stat *ret);
int io_stat(int dirfd, const char *name, struct io_stat *ret);

/* Calls each(name, arg) for every name in the directory but . and .. , in the kernel's order; stops at the first
 * non-zero value and returns it. */
int io_list(int dirfd, int (*each)(const char *name, void *arg), void *arg);

/* Takes the exclusive lock without waiting: 0, or -EWOULDBLOCK if another process (or descriptor) has it. */
int io_lock(int fd);

/* Fills p with random bytes. */
int io_random(void *p, size_t len);

/* The first len bytes of a file, which may be shorter, to be read in place. What is written to the file is seen at
 * once. The descriptor is not needed any more. */
struct io_map {
	const uint8_t *p;
	size_t len;
};
int io_map(int fd, size_t len, struct io_map *ret);
void io_unmap(struct io_map *m);

/* Calls fn(bytes of the map, arg), which may read where the file has bytes. Where it has none, because somebody cut it,
 * or where the disk fails, fn is left at once and -EIO returned: it must hold nothing then. Takes the place of the
 * process's handler of SIGBUS, which it calls for what is not its own. */
int io_map_read(const struct io_map *m, int (*fn)(const uint8_t *p, void *arg), void *arg);

/* Bytes free on the file system, with those that are reserved for root, and its size. Both are 0 where it tells
 * neither. */
int io_space(int dirfd, uint64_t *ret_free, uint64_t *ret_size);

#endif
