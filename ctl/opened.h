/* opened.h -- a store that a command reads */
#ifndef CTL_OPENED_H
#define CTL_OPENED_H

#include "view/tree.h"

struct opened {
	struct store *store;
	struct tree *tree;
};

/* Opens the store in dir. After an error stderr has been told. o must be zeroed; opened_done in any case. */
int opened_init(struct opened *o, const char *dir);
void opened_done(struct opened *o);

/* A moment as names below /at are written. -ENOENT, and stderr has been told. */
int opened_time(const char *text, int64_t *ret_ms);

#endif
