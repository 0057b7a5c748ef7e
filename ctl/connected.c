/* connected.c -- see connected.h */
#include "ctl/connected.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

int connected_open(const char *socket, struct histfs **ret)
{
	int r = histfs_open(socket, ret);

	if (r == 0)
		return 0;
	/* Whoever did not say where histd is wants to know where it was looked for. */
	if (!socket)
		socket = getenv("HISTFS_SOCKET");
	if (!socket || !*socket)
		socket = HISTFS_SOCKET_PATH;
	warnx("histd does not answer on %s: %s", socket, strerror(-r));
	return r;
}
