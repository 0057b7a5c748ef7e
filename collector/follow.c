/* follow.c -- see follow.h */
#include "collector/follow.h"

#include "collector/follower.h"
#include "collector/say.h"
#include "collector/thread.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum {
	STACK = 64 << 10,
	LOOK_S = 1,
	HANG_MS = 5000, /* who waits for so long hangs */
};

struct follow {
	pthread_t thread;
	pthread_mutex_t lock; /* of all but how */
	pthread_cond_t changed;
	bool stop;
	struct config *config;
	struct follower *follower; /* NULL: none at present */
	unsigned place;            /* its own */
	int said;                  /* why there is none, or no other */
	struct follower_start how;
};

static void say_once(struct follow *f, int r, const char *what)
{
	if (r < 0 && r != f->said)
		say("%s: %s", what, strerror(-r));
	f->said = r;
}

/* --- the thread: all with the lock --- */

static void start(struct follow *f)
{
	int r = reach_enter(f->how.reach, &f->place);

	if (r == 0)
		r = follower_start(&f->how, f->config, f->place, &f->follower);
	say_once(f, r, "files cannot be followed");
}

/* Left behind it keeps its place. */
static void replace(struct follow *f)
{
	struct follower *old = f->follower;
	bool ended;

	if (reach_count(f->how.reach) == REACH_PLACES) {
		say_once(f, -EAGAIN, "too many files do not answer; none are followed until one does");
		return;
	}
	f->follower = NULL;
	pthread_mutex_unlock(&f->lock);
	ended = follower_stop(old);
	pthread_mutex_lock(&f->lock);
	if (!ended)
		reach_give_up(f->how.reach, f->place);
}

static void look(struct follow *f)
{
	if (f->follower && reach_waits(f->how.reach, f->place) >= HANG_MS)
		replace(f);
	if (!f->follower && !f->stop)
		start(f);
}

static void *follow_main(void *arg)
{
	struct follow *f = arg;

	pthread_setname_np(pthread_self(), "histd-hung");
	pthread_mutex_lock(&f->lock);
	while (!f->stop) {
		struct timespec until;

		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += LOOK_S;
		if (f->follower && !follower_is_wanted(f->config) && reach_waits(f->how.reach, f->place) == 0)
			pthread_cond_wait(&f->changed, &f->lock);
		else
			pthread_cond_timedwait(&f->changed, &f->lock, &until);
		if (!f->stop)
			look(f);
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

/* --- callers --- */

static void free_all(struct follow *f)
{
	if (f->how.reach)
		reach_put(f->how.reach);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	config_put(f->config);
	free(f);
}

static void init_lock(struct follow *f)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&f->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&f->changed, &attr);
	pthread_condattr_destroy(&attr);
}

int follow_start(struct server *s, int store_fd, uint64_t store_id, struct config *c, struct follow **ret)
{
	struct follow *f = calloc(1, sizeof *f);
	int r;

	if (!f)
		return -ENOMEM;
	f->config = config_get(c);
	f->how = (struct follower_start){.server = s, .store_fd = store_fd, .store_id = store_id};
	init_lock(f);
	r = reach_new(&f->how.reach);
	if (r == 0)
		r = reach_enter(f->how.reach, &f->place);
	if (r == 0)
		r = follower_start(&f->how, c, f->place, &f->follower);
	if (r == 0)
		r = thread_start(&f->thread, STACK, follow_main, f);
	if (r < 0) {
		if (f->follower)
			follower_stop(f->follower);
		free_all(f);
		return r;
	}
	*ret = f;
	return 0;
}

void follow_configure(struct follow *f, struct config *c)
{
	pthread_mutex_lock(&f->lock);
	config_put(f->config);
	f->config = config_get(c);
	if (f->follower)
		follower_configure(f->follower, c);
	pthread_cond_signal(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

void follow_stop(struct follow *f)
{
	pthread_mutex_lock(&f->lock);
	f->stop = true;
	pthread_cond_signal(&f->changed);
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->thread, NULL);
	if (f->follower)
		follower_stop(f->follower);
	if (reach_count(f->how.reach) > 0)
		say("a followed file does not answer, and is not waited for");
	free_all(f);
}
