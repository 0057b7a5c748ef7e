/* capture.c -- copies the text of /proc that histd reads: a tar file a sample
 *
 *   capture DIR N INTERVAL_MS     DIR/MILLISECONDS-SINCE-1970.tar, N times; stopped early by SIGTERM or SIGINT
 *
 * It is a peer (what does it cost to just keep the text?), the input of bench/replay, and the text of the bench of
 * files. The last line of the output: samples, files a sample, bytes of text a sample, CPU microseconds a sample.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "store/cleanup.h"

#define TAR_BLOCK 512
#define FILE_MAX_LEN (1 << 20)

struct capture {
	char *tar; /* the sample so far; grows, is never given back */
	size_t len, cap;
	uint64_t n_files, n_bytes;
	time_t time;
};

static const char *const per_process[] = {
    "stat", "status", "io", "schedstat", "cmdline", "cgroup", "oom_score", "wchan"};

static const char *const system_files[] = {"proc/stat", "proc/loadavg", "proc/meminfo", "proc/vmstat", "proc/uptime",
    "proc/diskstats", "proc/interrupts", "proc/softirqs", "proc/pressure/cpu", "proc/pressure/io",
    "proc/pressure/memory", "proc/pressure/irq", "proc/net/dev", "proc/net/snmp", "proc/net/snmp6", "proc/net/netstat",
    "proc/net/sockstat", "proc/net/sockstat6", "proc/sys/kernel/random/boot_id"};

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "capture: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void reserve(struct capture *c, size_t n)
{
	if (c->len + n <= c->cap)
		return;
	c->cap = (c->len + n) * 2;
	c->tar = realloc(c->tar, c->cap);
	if (!c->tar)
		die("memory");
}

static void tar_header(char *h, const char *name, size_t size, time_t mtime)
{
	unsigned sum = 0;

	memset(h, 0, TAR_BLOCK);
	snprintf(h, 100, "%s", name);
	snprintf(h + 100, 8, "%07o", 0644);
	snprintf(h + 108, 8, "%07o", 0);
	snprintf(h + 116, 8, "%07o", 0);
	snprintf(h + 124, 12, "%011o", (unsigned)size);
	snprintf(h + 136, 12, "%011llo", (unsigned long long)mtime);
	memset(h + 148, ' ', 8);
	h[156] = '0';
	memcpy(h + 257, "ustar\00000", 8);
	for (unsigned i = 0; i < TAR_BLOCK; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
}

/* Appends a file; one that cannot be read (any more) is left out. */
static void add_file(struct capture *c, int dir, const char *path, const char *name)
{
	_cleanup_(cleanup_close) int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	size_t len = 0, start = c->len;
	ssize_t n;

	if (fd < 0)
		return;
	do {
		reserve(c, TAR_BLOCK + len + FILE_MAX_LEN / 8);
		n = read(fd, c->tar + start + TAR_BLOCK + len, FILE_MAX_LEN / 8);
		if (n < 0)
			return;
		len += (size_t)n;
	} while (n > 0 && len < FILE_MAX_LEN);
	reserve(c, len + 2 * TAR_BLOCK);
	tar_header(c->tar + start, name, len, c->time);
	memset(c->tar + start + TAR_BLOCK + len, 0, TAR_BLOCK);
	c->len = start + TAR_BLOCK + (len + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	c->n_files++;
	c->n_bytes += len;
}

static void add_processes(struct capture *c)
{
	DIR *d = opendir("/proc");
	const struct dirent *e;
	char name[300];

	if (!d)
		die("/proc");
	while ((e = readdir(d))) {
		_cleanup_(cleanup_close) int fd = -1;

		if (atoi(e->d_name) <= 0)
			continue;
		fd = openat(dirfd(d), e->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			continue;
		for (size_t i = 0; i < N_ELEMENTS(per_process); i++) {
			snprintf(name, sizeof name, "proc/%.20s/%s", e->d_name, per_process[i]);
			add_file(c, fd, per_process[i], name);
		}
	}
	closedir(d);
}

/* The regular files of a directory. */
static void add_dir(struct capture *c, const char *path)
{
	char file[600];
	const struct dirent *e;
	DIR *d = opendir(path);

	if (!d)
		return;
	while ((e = readdir(d))) {
		if (e->d_type != DT_REG)
			continue;
		snprintf(file, sizeof file, "%s/%s", path, e->d_name);
		add_file(c, AT_FDCWD, file, file + 1);
	}
	closedir(d);
}

static void add_interfaces(struct capture *c)
{
	static const char *const files[] = {"speed", "duplex", "operstate"};
	char file[600];
	const struct dirent *e;
	DIR *d = opendir("/sys/class/net");

	if (!d)
		return;
	while ((e = readdir(d))) {
		for (size_t i = 0; e->d_name[0] != '.' && i < N_ELEMENTS(files); i++) {
			snprintf(file, sizeof file, "/sys/class/net/%s/%s", e->d_name, files[i]);
			add_file(c, AT_FDCWD, file, file + 1);
		}
	}
	closedir(d);
}

static void sample(struct capture *c, const char *dir)
{
	_cleanup_(cleanup_close) int fd = -1;
	struct timespec now;
	char path[4096];

	clock_gettime(CLOCK_REALTIME, &now);
	c->time = now.tv_sec;
	c->len = 0;
	for (size_t i = 0; i < N_ELEMENTS(system_files); i++) {
		snprintf(path, sizeof path, "/%s", system_files[i]);
		add_file(c, AT_FDCWD, path, system_files[i]);
	}
	add_dir(c, "/proc/sys/fs");
	add_interfaces(c);
	add_processes(c);
	reserve(c, 2 * TAR_BLOCK);
	memset(c->tar + c->len, 0, 2 * TAR_BLOCK);
	c->len += 2 * TAR_BLOCK;

	snprintf(path, sizeof path, "%s/%lld%03ld.tar", dir, (long long)now.tv_sec, now.tv_nsec / 1000000);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, c->tar, c->len) != (ssize_t)c->len)
		die(path);
}

int main(int argc, char **argv)
{
	struct capture c = {0};
	struct timespec next;
	struct rusage u;
	unsigned long n, interval_ms, i = 0;

	if (argc != 4) {
		fputs("usage: capture DIR N INTERVAL_MS\n", stderr);
		return 2;
	}
	n = strtoul(argv[2], NULL, 10);
	interval_ms = strtoul(argv[3], NULL, 10);
	sigaction(SIGTERM, &(struct sigaction){.sa_handler = stop}, NULL);
	sigaction(SIGINT, &(struct sigaction){.sa_handler = stop}, NULL);

	clock_gettime(CLOCK_MONOTONIC, &next);
	while (i < n && !stopped) {
		sample(&c, argv[1]);
		i++;
		next.tv_nsec += (long)(interval_ms % 1000) * 1000000;
		next.tv_sec += (time_t)(interval_ms / 1000) + next.tv_nsec / 1000000000;
		next.tv_nsec %= 1000000000;
		if (i < n)
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	free(c.tar);
	if (i == 0)
		return 1;
	getrusage(RUSAGE_SELF, &u);
	printf("%lu %lu %lu %lu\n", i, (unsigned long)(c.n_files / i), (unsigned long)(c.n_bytes / i),
	    (unsigned long)(((uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
	                        (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec)) /
	                    i));
	return 0;
}
