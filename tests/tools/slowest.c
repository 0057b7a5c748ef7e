/* slowest.c -- walks a tree as find, ls -l and cat would, and says how long the slowest single call took
 *
 *   slowest DIR [MAX]
 *     prints "entries N", then, in microseconds, "readdir N NAME", "lstat N NAME" and "read N NAME": the longest of
 * each kind and where it was. Stops after MAX entries. Fails if a file does not have the size that it says.
 */
#include "store/cleanup.h"

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { READDIR, LSTAT, READ, N_CALLS };
enum { PIECE = 1 << 17, PATH_LEN_MAX = 1024 };

static const char *const call_names[N_CALLS] = {[READDIR] = "readdir", [LSTAT] = "lstat", [READ] = "read"};
static struct {
	int64_t us;
	char where[PATH_LEN_MAX];
} worst[N_CALLS];
static uint64_t n_entries, max_entries = UINT64_MAX;
static char piece[PIECE];

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

static void note(int call, int64_t begin_us, const char *path)
{
	int64_t us = now_us() - begin_us;

	if (us <= worst[call].us)
		return;
	worst[call].us = us;
	snprintf(worst[call].where, sizeof(worst[call].where), "%s", path);
}

static void read_file(const char *path, off_t size)
{
	_cleanup_(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t len = 0;
	ssize_t n;

	if (fd < 0)
		err(1, "%s", path);
	do {
		int64_t begin = now_us();

		n = read(fd, piece, sizeof(piece));
		note(READ, begin, path);
		if (n < 0)
			err(1, "%s", path);
		len += n;
	} while (n > 0);
	if (len != size)
		errx(1, "%s: %jd bytes, where lstat says %jd", path, (intmax_t)len, (intmax_t)size);
}

static void walk(const char *dir);

static void visit(const char *dir, const char *name)
{
	char path[PATH_LEN_MAX];
	struct stat st;
	int64_t begin;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		errx(1, "%s: too long", dir);
	begin = now_us();
	if (lstat(path, &st) < 0)
		err(1, "%s", path);
	note(LSTAT, begin, path);
	n_entries++;
	if (S_ISDIR(st.st_mode))
		walk(path);
	else if (S_ISREG(st.st_mode))
		read_file(path, st.st_size);
}

/* The system call itself: readdir(3) hides which of its calls asks. */
static void walk(const char *dir)
{
	_cleanup_(cleanup_close) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(cleanup_free) char *entries = malloc(PIECE);
	long n;

	if (fd < 0 || !entries)
		err(1, "%s", dir);
	for (;;) {
		int64_t begin = now_us();

		n = syscall(SYS_getdents64, fd, entries, PIECE);
		note(READDIR, begin, dir);
		if (n < 0)
			err(1, "%s", dir);
		if (n == 0)
			return;
		for (long at = 0; at < n && n_entries < max_entries;) {
			const struct dirent64 *d = (const void *)(entries + at);

			at += d->d_reclen;
			if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
				visit(dir, d->d_name);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc < 2 || argc > 3)
		errx(2, "usage: slowest DIR [MAX]");
	if (argc == 3)
		max_entries = strtoull(argv[2], NULL, 10);
	walk(argv[1]);
	printf("entries %" PRIu64 "\n", n_entries);
	for (int i = 0; i < N_CALLS; i++)
		printf("%s %" PRId64 " %s\n", call_names[i], worst[i].us, worst[i].where);
	return 0;
}
