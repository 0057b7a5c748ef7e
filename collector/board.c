/* board.c -- see board.h */
#include "collector/board.h"

#include "store/lock.h"

#include <string.h>

/* Held for a copy: one does for all. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock;

static void init(void)
{
	lock_init(&lock);
}

void board_show(struct board *b, bool open, const void *what)
{
	pthread_once(&once, init);
	pthread_mutex_lock(&lock);
	b->open = open;
	memcpy(b->shown, what, b->len);
	pthread_mutex_unlock(&lock);
}

bool board_look(const struct board *b, void *ret)
{
	bool open;

	pthread_once(&once, init);
	pthread_mutex_lock(&lock);
	open = b->open;
	memcpy(ret, b->shown, b->len);
	pthread_mutex_unlock(&lock);
	return open;
}
