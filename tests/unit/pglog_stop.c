/* pglog_stop.c -- the threads that read logs end all at once, also those whose directory hangs
 *
 * The linker puts a directory that hangs until it is let go in the place of the real one, and no time passes.
 */
#include "collector/pglog.h"
#include "tests/tap.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LOGS = 3 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned n_hanging, n_waits;
static bool let_go;
static struct timespec waits[LOGS + 1]; /* until when each thread was waited for */

DIR *__wrap_opendir(const char *path);
int __wrap_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until);

DIR *__wrap_opendir(const char *path)
{
	(void)path;
	pthread_mutex_lock(&lock);
	n_hanging++;
	pthread_cond_broadcast(&changed);
	while (!let_go)
		pthread_cond_wait(&changed, &lock);
	n_hanging--;
	pthread_mutex_unlock(&lock);
	errno = ENOENT;
	return NULL;
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until)
{
	(void)c, (void)m;
	if (n_waits < LOGS)
		waits[n_waits++] = *until;
	return ETIMEDOUT;
}

/* Threads of this process. */
static unsigned n_threads(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	unsigned n = 0;

	while (f && fgets(line, sizeof line, f))
		sscanf(line, "Threads: %u", &n);
	if (f)
		fclose(f);
	return n;
}

static void no_log_that_hangs_is_waited_for_after_another(void)
{
	struct config c = {.interval_ms = 1000, .cmdline_max = 256};
	struct pglog *logs[LOGS + 1] = {NULL};
	char store[512], log[600], root[] = "/";
	unsigned n;

	snprintf(store, sizeof store, "%s", tap_tmpdir());
	snprintf(log, sizeof log, "%s/a.csv", store);
	c.store = store;
	c.root = root;
	/* The last one is not read. */
	for (unsigned i = 0; i < LOGS; i++) {
		char name[] = {(char)('a' + i), '\0'};
		struct config_postgres given = {.name = name, .log = log};

		if (!ok_r(pglog_start(&c, &given, &logs[i])))
			return;
	}
	pthread_mutex_lock(&lock);
	while (n_hanging < LOGS)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	n = n_threads();
	pglog_stop(logs, LOGS + 1);
	eq(n_waits, LOGS);
	for (unsigned i = 1; i < LOGS; i++)
		ok(memcmp(&waits[i], &waits[0], sizeof waits[0]) == 0);
	/* They were left behind, and end by themselves. */
	eq(n_threads(), n);
	pthread_mutex_lock(&lock);
	let_go = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	for (unsigned i = 0; i < 3000 && n_threads() > n - LOGS; i++)
		usleep(10000);
	eq(n_threads(), n - LOGS);
}

int main(void)
{
	RUN(no_log_that_hangs_is_waited_for_after_another);
	return tap_done();
}
