/* seen.c -- see seen.h */
#include "collector/seen.h"

/* By so much a process may be thought younger than it is. No number is given again within that time. */
enum { DOUBT_US = 1000000 };

struct life {
	uint64_t pid, start;
};

struct look {
	uint64_t when_us;
	struct life *lives;
	size_t n, cap;
};

struct seen {
	struct look last, before;
};

int seen_new(struct seen **ret)
{
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : -ENOMEM;
}

void seen_free(struct seen *s)
{
	free(s->last.lives);
	free(s->before.lives);
	free(s);
}

int seen_put(struct seen *s, uint64_t when_us, const uint64_t *pids, const uint64_t *starts, size_t n)
{
	struct look look = s->before;

	s->before = s->last;
	look.when_us = when_us;
	look.n = 0;
	s->last = look;
	if (n > look.cap) {
		size_t cap = n + n / 2;
		struct life *lives = realloc(look.lives, cap * sizeof *lives);

		if (!lives)
			return -ENOMEM;
		s->last.lives = lives;
		s->last.cap = cap;
	}
	for (size_t i = 0; i < n; i++)
		s->last.lives[i] = (struct life){pids[i], starts[i]};
	s->last.n = n;
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	const struct life *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static const struct life *find(const struct look *look, uint64_t pid, int64_t begun_us, int64_t ended_us)
{
	struct life key = {.pid = pid};
	const struct life *life;

	if (look->n == 0)
		return NULL;
	life = bsearch(&key, look->lives, look->n, sizeof key, by_pid);
	if (!life)
		return NULL;
	/* Another one with that number began later: after this one had begun, or after the look. */
	if (begun_us == INT64_MIN)
		return ended_us >= (int64_t)look->when_us ? life : NULL;
	return (int64_t)life->start <= begun_us && begun_us <= (int64_t)look->when_us + DOUBT_US ? life : NULL;
}

bool seen_find(const struct seen *s, uint64_t pid, int64_t begun_us, int64_t ended_us, uint64_t *ret_start)
{
	const struct life *life = find(&s->last, pid, begun_us, ended_us);

	if (!life)
		life = find(&s->before, pid, begun_us, ended_us);
	if (!life)
		return false;
	*ret_start = life->start;
	return true;
}
