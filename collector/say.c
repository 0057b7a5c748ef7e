/* say.c -- see say.h */
#include "collector/say.h"

#include "collector/thread.h"
#include "store/lock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 1024, N_LINES = 32, LAST_WAIT_S = 1, STACK = 64 << 10 };

static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake, empty;
	atomic_bool on;
	bool stop, hangs;
	unsigned first, n; /* of lines */
	uint64_t n_dropped;
	size_t len[N_LINES];
	char lines[N_LINES][LINE];
} talker;

static void put_line(const char *line, size_t len)
{
	ssize_t written = write(STDERR_FILENO, line, len);

	/* There is nobody to be told that this failed. */
	(void)written;
}

__attribute__((format(printf, 2, 0))) static size_t format(char line[LINE], const char *fmt, va_list ap)
{
	static const char prefix[] = "histd: ";
	size_t len = sizeof prefix - 1;
	int n;

	memcpy(line, prefix, sizeof prefix);
	n = vsnprintf(line + len, LINE - len, fmt, ap);
	if (n > 0)
		len += (size_t)n;
	if (len > LINE - 1)
		len = LINE - 1;
	line[len++] = '\n';
	return len;
}

/* Writes the first line, without the lock. It stays where it is until it is written. */
static void put_first(void)
{
	const char *line = talker.lines[talker.first];
	size_t len = talker.len[talker.first];

	pthread_mutex_unlock(&talker.lock);
	put_line(line, len);
	pthread_mutex_lock(&talker.lock);
	talker.first = (talker.first + 1) % N_LINES;
	talker.n--;
}

static void put_dropped(void)
{
	uint64_t n = talker.n_dropped;
	char line[LINE];
	int len = snprintf(line, sizeof line, "histd: %llu messages could not be written\n", (unsigned long long)n);

	talker.n_dropped = 0;
	pthread_mutex_unlock(&talker.lock);
	put_line(line, (size_t)len);
	pthread_mutex_lock(&talker.lock);
}

static void *talker_main(void *arg)
{
	pthread_setname_np(pthread_self(), "histd-say");
	pthread_mutex_lock(&talker.lock);
	for (;;) {
		if (talker.n > 0)
			put_first();
		else if (talker.n_dropped > 0)
			put_dropped();
		else if (talker.stop)
			break;
		else
			pthread_cond_wait(&talker.wake, &talker.lock);
	}
	talker.on = false;
	pthread_cond_signal(&talker.empty);
	pthread_mutex_unlock(&talker.lock);
	return arg;
}

void say(const char *fmt, ...)
{
	int saved = errno;
	char line[LINE];
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	len = format(line, fmt, ap);
	va_end(ap);
	if (!talker.on) {
		put_line(line, len);
		errno = saved;
		return;
	}
	pthread_mutex_lock(&talker.lock);
	if (talker.n == N_LINES || talker.hangs) {
		talker.n_dropped++;
	} else {
		unsigned i = (talker.first + talker.n++) % N_LINES;

		memcpy(talker.lines[i], line, len);
		talker.len[i] = len;
		pthread_cond_signal(&talker.wake);
	}
	pthread_mutex_unlock(&talker.lock);
	errno = saved;
}

int say_start(void)
{
	pthread_condattr_t attr;
	int r;

	lock_init(&talker.lock);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&talker.wake, &attr);
	pthread_cond_init(&talker.empty, &attr);
	pthread_condattr_destroy(&attr);
	talker.stop = talker.hangs = false;
	talker.on = true;
	r = thread_start(&talker.thread, STACK, talker_main, NULL);
	if (r < 0)
		talker.on = false;
	return r;
}

void say_stop(void)
{
	struct timespec until;

	if (!talker.on)
		return;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += LAST_WAIT_S;
	pthread_mutex_lock(&talker.lock);
	talker.stop = true;
	pthread_cond_signal(&talker.wake);
	while (talker.on && !talker.hangs)
		talker.hangs = pthread_cond_timedwait(&talker.empty, &talker.lock, &until) == ETIMEDOUT;
	pthread_mutex_unlock(&talker.lock);
	if (talker.hangs)
		pthread_detach(talker.thread);
	else
		pthread_join(talker.thread, NULL);
}
