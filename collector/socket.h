/* socket.h -- the socket that clients connect to: made, or taken over from the service manager */
#ifndef COLLECTOR_SOCKET_H
#define COLLECTOR_SOCKET_H

#include "collector/config_topics.h"

#include <sys/un.h>

struct socket_file {
	int fd;     /* listens; -1: there is none */
	int lockfd; /* -1: the file is not ours */
	char *path;
};

/* Opens it as the configuration says. What a histd that ended has left there is replaced; -EADDRINUSE: somebody listens
 * there, or it is no socket. Of a service manager that passes a socket (LISTEN_FDS) that one is taken. Errors are said.
 */
int socket_open(const struct config_socket *c, struct socket_file *ret);

/* Removes what a histd that ended has left, a socket of that type. -EADDRINUSE: as above. */
int socket_remove_stale(const struct sockaddr_un *addr, int type);

/* Removes the file. fd is not closed here. */
void socket_close(struct socket_file *s);

#endif
