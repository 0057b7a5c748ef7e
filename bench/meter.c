/* meter.c -- measures a command, a daemon, a file; empties caches
 *
 *   meter run OUT COMMAND ARG…   runs it; appends "WALL-µs CPU-µs PEAK-KiB" to OUT; its exit status
 *   meter clock PID…             CPU nanoseconds that the processes have used, all threads, dead ones too
 *   meter drop PATH…             writes files (or those below a folder) back and takes them out of the page cache
 *   meter read FILE N            open + read + close of a cached file: nanoseconds, mean of N
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/cleanup.h"

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "meter: %s: %s\n", what, strerror(errno));
	exit(125);
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) < 0)
		die("clock");
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int run(const char *out, char **command)
{
	uint64_t start = now_ns(CLOCK_MONOTONIC), wall;
	struct rusage u;
	int status;
	pid_t pid;
	FILE *f;

	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		execvp(command[0], command);
		die(command[0]);
	}
	if (wait4(pid, &status, 0, &u) < 0)
		die("wait");
	wall = now_ns(CLOCK_MONOTONIC) - start;
	f = fopen(out, "ae");
	if (!f ||
	    fprintf(f, "%lu %lu %ld\n", (unsigned long)(wall / 1000),
	        (unsigned long)((u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec +
	                        u.ru_stime.tv_usec),
	        u.ru_maxrss) < 0 ||
	    fclose(f) != 0)
		die(out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

static int clock_of(char **pid)
{
	uint64_t sum = 0;
	clockid_t clock;

	for (; *pid; pid++) {
		if ((errno = clock_getcpuclockid((pid_t)atoi(*pid), &clock)))
			die(*pid);
		sum += now_ns(clock);
	}
	printf("%lu\n", (unsigned long)sum);
	return 0;
}

static int drop_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	_cleanup_(cleanup_close) int fd = -1;

	(void)st;
	(void)ftw;
	if (type != FTW_F)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fdatasync(fd) < 0 || (errno = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)))
		die(path);
	return 0;
}

static int drop(char **path)
{
	for (; *path; path++)
		if (nftw(*path, drop_one, 32, FTW_PHYS) < 0)
			die(*path);
	return 0;
}

static void read_once(const char *path)
{
	static char buffer[1 << 20];
	_cleanup_(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		die(path);
	do
		n = read(fd, buffer, sizeof buffer);
	while (n > 0);
	if (n < 0)
		die(path);
}

static int read_often(const char *path, unsigned long n)
{
	uint64_t start;

	read_once(path);
	start = now_ns(CLOCK_MONOTONIC);
	for (unsigned long i = 0; i < n; i++)
		read_once(path);
	printf("%lu\n", (unsigned long)((now_ns(CLOCK_MONOTONIC) - start) / (n ? n : 1)));
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	if (!strcmp(what, "run") && argc > 3)
		return run(argv[2], argv + 3);
	if (!strcmp(what, "clock"))
		return clock_of(argv + 2);
	if (!strcmp(what, "drop"))
		return drop(argv + 2);
	if (!strcmp(what, "read") && argc == 4)
		return read_often(argv[2], strtoul(argv[3], NULL, 10));
	fputs("usage: meter run OUT COMMAND… | clock PID… | drop PATH… | read FILE N\n", stderr);
	return 2;
}
