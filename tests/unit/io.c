/* io.c -- the calls below the store do what io.h says of them */
#include "store/cleanup.h"
#include "store/io.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int new_dir(void)
{
	return io_opendir(AT_FDCWD, tap_tmpdir(), false);
}

static void files_are_created_once_and_opened_when_they_are_there(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_io_close) int fd = -1;

	eq(io_open_read(dir, "a"), -ENOENT);
	eq(io_open_write(dir, "a"), -ENOENT);
	fd = io_create(dir, "a");
	ok_r(fd);
	eq(io_create(dir, "a"), -EEXIST);
	eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

static void a_read_is_short_only_at_the_end(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_io_close) int fd = io_create(dir, "a");
	char b[16] = {0};

	ok_r(io_pwrite(fd, "0123456789", 10, 5));
	eq(io_pread(fd, b, sizeof b, 5), 10);
	ok(memcmp(b, "0123456789", 10) == 0);
	eq(io_pread(fd, b, 4, 14), 1);
	eq(io_pread(fd, b, 4, 15), 0);
	eq(io_pread(fd, b, 4, 1000), 0);
	ok_r(io_truncate(fd, 7));
	eq(io_pread(fd, b, sizeof b, 0), 7);
	ok_r(io_sync(fd, true));
	ok_r(io_sync(fd, false));
	ok_r(io_sync_dir(dir));
}

static void reading_a_folder_or_a_pipe_is_an_error_and_does_not_hang(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_io_close) int folder = -1, pipe = -1;
	char c;

	ok_r(mkdirat(dir, "folder", 0700));
	ok_r(mkfifoat(dir, "pipe", 0600));
	folder = io_open_read(dir, "folder");
	ok_r(folder);
	eq(io_pread(folder, &c, 1, 0), -EISDIR);
	eq(io_open_write(dir, "folder"), -EISDIR);
	pipe = io_open_read(dir, "pipe");
	ok_r(pipe);
	eq(io_pread(pipe, &c, 1, 0), -ESPIPE);
}

static void a_folder_is_made_on_demand(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_io_close) int a = -1, again = -1;
	struct io_stat st;

	eq(io_opendir(dir, "a", false), -ENOENT);
	a = io_opendir(dir, "a", true);
	ok_r(a);
	again = io_opendir(dir, "a", true);
	ok_r(again);
	ok_r(io_stat(dir, "a", &st));
	ok(st.is_dir);
	eq(io_opendir(dir, "none/a", true), -ENOENT);
	io_close(io_create(dir, "file"));
	eq(io_opendir(dir, "file", true), -ENOTDIR);
}

static void stat_tells_length_and_identity(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_io_close) int fd = io_create(dir, "a");
	struct timespec times[2] = {{.tv_sec = 1, .tv_nsec = 2}, {.tv_sec = 1000000000, .tv_nsec = 123456789}};
	struct io_stat by_fd, by_name;

	ok_r(io_pwrite(fd, "abc", 3, 0));
	ok_r(futimens(fd, times));
	ok_r(io_fstat(fd, &by_fd));
	ok_r(io_stat(dir, "a", &by_name));
	eq(by_fd.len, 3);
	eq(by_fd.mtime_ns, 1000000000123456789);
	ok(!by_fd.is_dir);
	ok(by_fd.ino == by_name.ino && by_fd.dev == by_name.dev);
	eq(io_stat(dir, "b", &by_name), -ENOENT);
	ok_r(io_rename(dir, "a", "b"));
	ok_r(io_stat(dir, "b", &by_name));
	eq(by_name.ino, by_fd.ino);
	ok_r(io_unlink(dir, "b"));
	eq(io_unlink(dir, "b"), -ENOENT);
	eq(io_rename(dir, "b", "a"), -ENOENT);
}

static int count(const char *name, void *arg)
{
	int *n = arg;

	ok(strlen(name) == 1);
	return ++*n == 3 ? 77 : 0;
}

static void a_list_names_everything_and_can_be_stopped(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	int n = 0;

	io_close(io_create(dir, "a"));
	io_close(io_create(dir, "b"));
	for (int again = 0; again < 2; again++) {
		n = 0;
		eq(io_list(dir, count, &n), 0);
		eq(n, 2);
	}
	io_close(io_create(dir, "c"));
	io_close(io_create(dir, "d"));
	n = 0;
	eq(io_list(dir, count, &n), 77);
	eq(n, 3);
}

static void a_lock_is_held_by_one(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_io_close) int a = io_create(dir, "lock"), b = io_open_write(dir, "lock");

	ok_r(io_lock(a));
	eq(io_lock(b), -EWOULDBLOCK);
	io_close(take_fd(&a));
	ok_r(io_lock(b));
}

static void random_bytes_differ(void)
{
	uint8_t a[32] = {0}, b[32] = {0};

	ok_r(io_random(a, sizeof a));
	ok_r(io_random(b, sizeof b));
	ok(memcmp(a, b, sizeof a) != 0);
}

static void space_is_told_in_bytes(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	uint64_t available = 0, size = 0;

	ok_r(io_space(dir, &available, &size));
	ok(size >= available && size > 1 << 20);
}

int main(void)
{
	RUN(files_are_created_once_and_opened_when_they_are_there);
	RUN(a_read_is_short_only_at_the_end);
	RUN(reading_a_folder_or_a_pipe_is_an_error_and_does_not_hang);
	RUN(a_folder_is_made_on_demand);
	RUN(stat_tells_length_and_identity);
	RUN(a_list_names_everything_and_can_be_stopped);
	RUN(a_lock_is_held_by_one);
	RUN(random_bytes_differ);
	RUN(space_is_told_in_bytes);
	return tap_done();
}
