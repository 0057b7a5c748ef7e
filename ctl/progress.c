/* progress.c -- see progress.h */
#include "ctl/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { EVERY_MS = 200, WIDTH = 40 };

void progress_begin(struct progress *p, int fd, const char *what)
{
	off_t at = lseek(fd, 0, SEEK_CUR);
	struct stat st;

	*p = (struct progress){.what = what};
	if (isatty(STDERR_FILENO) && at >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > at)
		p->total = (uint64_t)(st.st_size - at);
}

void progress_begin_of(struct progress *p, uint64_t total, const char *what)
{
	*p = (struct progress){.what = what};
	if (isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO))
		p->total = total;
}

void progress_show(struct progress *p, uint64_t more_bytes, uint64_t more_n)
{
	static const char bar[WIDTH + 1] = "########################################";
	struct timespec ts;
	int64_t now;
	int full;

	p->done += more_bytes;
	p->n += more_n;
	if (p->total == 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	if (now - p->shown_ms < EVERY_MS)
		return;
	p->shown_ms = now;
	full = p->done < p->total ? (int)(p->done * WIDTH / p->total) : WIDTH;
	fprintf(stderr, "\r[%-*.*s] %3d %%  %" PRIu64 " %s", WIDTH, full, bar, full * 100 / WIDTH, p->n, p->what);
}

void progress_end(struct progress *p)
{
	if (p->shown_ms)
		fprintf(stderr, "\r\033[K");
}
