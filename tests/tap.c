/* tap.c -- see tap.h */
#include "tests/tap.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int n_run, n_failed, n_bad_checks;
static char tmpdirs[64][128];
static int n_tmpdirs;

bool tap_check(bool cond, const char *file, int line, const char *what)
{
	if (!cond) {
		n_bad_checks++;
		printf("# %s:%d: not so: %s\n", file, line, what);
	}
	return cond;
}

bool tap_check_r(int r, const char *file, int line, const char *what)
{
	if (r < 0)
		printf("# %s:%d: %s\n", file, line, strerror(-r));
	return tap_check(r >= 0, file, line, what);
}

bool tap_check_eq(long long a, long long b, const char *file, int line, const char *what)
{
	if (a != b)
		printf("# %s:%d: %lld is not %lld\n", file, line, a, b);
	return tap_check(a == b, file, line, what);
}

bool tap_check_str(const char *a, const char *b, const char *file, int line, const char *what)
{
	bool same = a && b && strcmp(a, b) == 0;

	if (!same)
		printf("# %s:%d: '%s' is not '%s'\n", file, line, a ? a : "(null)", b ? b : "(null)");
	return tap_check(same, file, line, what);
}

void tap_run(void (*fn)(void), const char *name)
{
	n_bad_checks = 0;
	fn();
	n_run++;
	if (n_bad_checks)
		n_failed++;
	printf("%sok %d - ", n_bad_checks ? "not " : "", n_run);
	for (const char *c = name; *c; c++)
		putchar(*c == '_' ? ' ' : *c);
	putchar('\n');
	fflush(stdout);
}

void tap_skip(const char *name, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++n_run, name, why);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int tap_done(void)
{
	printf("1..%d\n", n_run);
	for (int i = 0; i < n_tmpdirs; i++) {
		if (n_failed)
			printf("# kept: %s\n", tmpdirs[i]);
		else
			nftw(tmpdirs[i], remove_one, 16, FTW_DEPTH | FTW_PHYS);
	}
	return n_failed ? 1 : 0;
}

const char *tap_tmpdir(void)
{
	const char *base = getenv("TMPDIR");
	char *p;

	if (n_tmpdirs == (int)(sizeof tmpdirs / sizeof *tmpdirs)) {
		printf("Bail out! too many temporary directories\n");
		exit(1);
	}
	p = tmpdirs[n_tmpdirs++];
	snprintf(p, sizeof *tmpdirs, "%s/histfs-test-XXXXXX", base && *base ? base : "/tmp");
	if (!mkdtemp(p)) {
		printf("Bail out! mkdtemp: %s\n", strerror(errno));
		exit(1);
	}
	return p;
}
