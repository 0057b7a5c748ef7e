/* connected.h -- the histd that a command talks to */
#ifndef CTL_CONNECTED_H
#define CTL_CONNECTED_H

#include "client/histfs.h"

/* socket NULL: where it is if nothing is said. After an error stderr has been told. */
int connected_open(const char *socket, struct histfs **ret);

static inline void cleanup_connected(struct histfs **h)
{
	if (*h)
		histfs_close(*h);
}

#endif
