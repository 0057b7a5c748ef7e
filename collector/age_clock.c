/* age_clock.c -- see age_clock.h */
#include "collector/age_clock.h"

#include "collector/say.h"
#include "store/hourlist.h"
#include "store/io.h"
#include "store/names.h"

#include <pthread.h>
#include <time.h>

enum { HOUR_MS = 3600 * 1000, DAY_HOURS = 24, DAY_MS = DAY_HOURS * HOUR_MS };

struct age_clock {
	pthread_mutex_t lock;
	int64_t offset_ms; /* what is believed: the time less the time since the machine was started */
	int64_t since_ms;  /* since the start, when the clock was first seen ahead of that */
	bool ahead;
};

static int64_t clock_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* The end of the newest of n hours, ascending, that is believed. */
static int64_t newest_ms(const struct known_hour *v, size_t n)
{
	size_t last = n - 1, first = last;

	while (first > 0) {
		if (v[first].hour - v[first - 1].hour <= DAY_HOURS)
			first--;
		else if (v[last].hour - v[first].hour >= DAY_HOURS)
			break;
		else
			last = --first;
	}
	return hour_begin_ms(v[last].hour + 1);
}

/* *ret becomes what time it was last, if that is earlier. */
static int read_newest(int store_fd, int64_t *ret)
{
	_cleanup_(cleanup_io_close) int fd = io_opendir(store_fd, SNAPSHOT_DIR, false);
	_cleanup_(cleanup_free) struct known_hour *v = NULL;
	size_t n = 0;
	int r = fd < 0 ? fd : hourlist_read(fd, &v, &n);

	if (r == 0 && n > 0 && newest_ms(v, n) < *ret)
		*ret = newest_ms(v, n);
	return r == -ENOENT ? 0 : r;
}

int age_clock_new(int store_fd, struct age_clock **ret)
{
	struct age_clock *c = calloc(1, sizeof *c);
	int64_t ms = clock_ms(CLOCK_REALTIME);
	int r;

	if (!c)
		return -ENOMEM;
	r = read_newest(store_fd, &ms);
	if (r < 0) {
		free(c);
		return r;
	}
	pthread_mutex_init(&c->lock, NULL);
	c->offset_ms = ms - clock_ms(CLOCK_BOOTTIME);
	*ret = c;
	return 0;
}

void age_clock_free(struct age_clock *c)
{
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* The time goes on from where it was. */
static void doubt(struct age_clock *c, int64_t boot_ms, int64_t ahead_ms)
{
	if (!c->ahead)
		say("the clock is %lld h ahead of what was recorded last: unless it is set back, in a day what is "
		    "older than "
		    "the configured ages is removed, and not before",
		    (long long)(ahead_ms / HOUR_MS));
	c->since_ms = c->ahead ? c->since_ms : boot_ms;
	c->ahead = true;
}

static void believe(struct age_clock *c, int64_t offset_ms)
{
	if (c->ahead)
		say("the clock is believed again");
	c->ahead = false;
	c->offset_ms = offset_ms;
}

int64_t age_clock_ms(struct age_clock *c)
{
	int64_t boot_ms = clock_ms(CLOCK_BOOTTIME), offset_ms = clock_ms(CLOCK_REALTIME) - boot_ms, ms;

	pthread_mutex_lock(&c->lock);
	if (offset_ms - c->offset_ms > DAY_MS)
		doubt(c, boot_ms, offset_ms - c->offset_ms);
	if (offset_ms - c->offset_ms <= DAY_MS || boot_ms - c->since_ms >= DAY_MS)
		believe(c, offset_ms);
	ms = c->offset_ms + boot_ms;
	pthread_mutex_unlock(&c->lock);
	return ms;
}
