/* reach.c -- see reach.h */
#include "collector/reach.h"

#include "collector/say.h"
#include "store/cleanup.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BESIDE_MAX = 2 };

struct place {
	bool taken, given_up;
	const char *path; /* that it waits for, maybe; NULL: for none */
	int64_t since_ms;
	char *missed; /* what it was given up for; NULL: that is not known */
};

struct reach {
	pthread_mutex_t lock; /* of all that follows */
	unsigned n_users;
	struct place places[REACH_PLACES];
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

int reach_new(struct reach **ret)
{
	struct reach *r = calloc(1, sizeof *r);

	if (!r)
		return -ENOMEM;
	pthread_mutex_init(&r->lock, NULL);
	r->n_users = 1;
	*ret = r;
	return 0;
}

struct reach *reach_get(struct reach *r)
{
	pthread_mutex_lock(&r->lock);
	r->n_users++;
	pthread_mutex_unlock(&r->lock);
	return r;
}

void reach_put(struct reach *r)
{
	bool last;

	pthread_mutex_lock(&r->lock);
	last = --r->n_users == 0;
	pthread_mutex_unlock(&r->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&r->lock);
	free(r);
}

int reach_enter(struct reach *r, unsigned *ret_place)
{
	int err = -EAGAIN;

	pthread_mutex_lock(&r->lock);
	for (unsigned i = 0; i < REACH_PLACES && err < 0; i++) {
		if (r->places[i].taken)
			continue;
		r->places[i] = (struct place){.taken = true};
		*ret_place = i;
		err = 0;
	}
	pthread_mutex_unlock(&r->lock);
	return err;
}

void reach_leave(struct reach *r, unsigned place)
{
	struct place was;

	pthread_mutex_lock(&r->lock);
	was = r->places[place];
	r->places[place] = (struct place){0};
	pthread_mutex_unlock(&r->lock);
	if (was.missed)
		say("%s: answers again", was.missed);
	free(was.missed);
}

unsigned reach_count(struct reach *r)
{
	unsigned n = 0;

	pthread_mutex_lock(&r->lock);
	for (unsigned i = 0; i < REACH_PLACES; i++)
		n += r->places[i].taken;
	pthread_mutex_unlock(&r->lock);
	return n;
}

/* --- in the thread --- */

static bool are_in_one_directory(const char *a, const char *b)
{
	size_t len = (size_t)(strrchr(a, '/') - a);

	return (size_t)(strrchr(b, '/') - b) == len && memcmp(a, b, len) == 0;
}

/* Whether others wait for it, or so many for what is beside it that it would be the next. One of those alone may be a
 * link to somewhere else. With the lock. */
static bool is_waited_for(const struct reach *r, unsigned place, const char *path)
{
	unsigned n_beside = 0;

	for (unsigned i = 0; i < REACH_PLACES; i++) {
		const char *other = i == place ? NULL : r->places[i].path;

		if (!other || !are_in_one_directory(other, path))
			continue;
		if (strcmp(other, path) == 0)
			return true;
		n_beside++;
	}
	return n_beside >= BESIDE_MAX;
}

bool reach_begin(struct reach *r, unsigned place, const char *path)
{
	struct place *own = &r->places[place];
	bool may;

	pthread_mutex_lock(&r->lock);
	may = !own->given_up && !is_waited_for(r, place, path);
	if (may) {
		own->path = path;
		own->since_ms = now_ms();
	}
	pthread_mutex_unlock(&r->lock);
	return may;
}

void reach_must(struct reach *r, unsigned place, const char *path)
{
	pthread_mutex_lock(&r->lock);
	r->places[place].path = path;
	r->places[place].since_ms = now_ms();
	pthread_mutex_unlock(&r->lock);
}

void reach_end(struct reach *r, unsigned place)
{
	pthread_mutex_lock(&r->lock);
	r->places[place].path = NULL;
	pthread_mutex_unlock(&r->lock);
}

/* --- its owner --- */

int64_t reach_waits(struct reach *r, unsigned place)
{
	int64_t ms;

	pthread_mutex_lock(&r->lock);
	ms = r->places[place].path ? now_ms() - r->places[place].since_ms : 0;
	pthread_mutex_unlock(&r->lock);
	return ms;
}

void reach_give_up(struct reach *r, unsigned place)
{
	struct place *p = &r->places[place];

	pthread_mutex_lock(&r->lock);
	/* It may be back and gone by now. */
	if (p->taken) {
		p->given_up = true;
		p->missed = p->path ? strdup(p->path) : NULL;
		if (p->missed)
			say("%s: does not answer; other files are followed meanwhile", p->missed);
	}
	pthread_mutex_unlock(&r->lock);
}
