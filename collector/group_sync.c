/* group_sync.c -- see group_sync.h */
#include "collector/group_sync.h"

#include <stddef.h>
#include <time.h>

enum { FLUSH_MS = 1000 };

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

void group_sync_wrote(struct group_sync *s)
{
	if (s->unsynced)
		return;
	s->unsynced = true;
	s->due_ms = now_ms() + FLUSH_MS;
}

const int *group_sync_want(struct group_sync *s)
{
	if (!s->unsynced && s->r == 0)
		return NULL;
	s->wanted = true;
	return &s->r;
}

int group_sync_run(struct group_sync *s, int (*sync)(void *arg), void *arg)
{
	int64_t left = s->due_ms - now_ms();

	if (!s->wanted && !s->unsynced)
		return -1;
	if (!s->wanted && left > 0)
		return (int)left;
	s->r = sync(arg);
	s->n_failed += s->r < 0;
	s->wanted = s->unsynced = false;
	return -1;
}
