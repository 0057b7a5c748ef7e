/* port_socket.c -- the socket of a port that points come to */
#include "collector/port.h"

#include "collector/address.h"
#include "collector/say.h"
#include "collector/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/un.h>

enum {
	BACKLOG = 128,
	RECEIVE_BYTES = 8 << 20, /* that the kernel is asked to keep of datagrams */
	/* A client whose machine is gone is found out in three minutes. */
	KEEPALIVE_IDLE_S = 60,
	KEEPALIVE_INTERVAL_S = 20,
	KEEPALIVE_PROBES = 6,
};

static int bind_file(int fd, const struct address *a, mode_t mode)
{
	const struct sockaddr_un *addr = (const struct sockaddr_un *)&a->addr;
	const char *path = addr->sun_path;
	int r = socket_remove_stale(addr, a->type);

	if (r < 0)
		return r;
	if (fchmod(fd, 0) < 0 || bind(fd, (const struct sockaddr *)&a->addr, a->len) < 0 || chmod(path, mode) < 0)
		return -errno;
	return 0;
}

/* The connections inherit it. */
static int keep_alive(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
	    {SOL_SOCKET, SO_KEEPALIVE, 1},
	    {IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
	    {IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S},
	    {IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES},
	    {SOL_SOCKET, SO_REUSEADDR, 1},
	};

	for (size_t i = 0; i < N_ELEMENTS(options); i++)
		if (setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof options[i].value) < 0)
			return -errno;
	return 0;
}

static int bind_ip(const struct port *p, const struct address *a)
{
	int r = p->stream ? keep_alive(p->fd) : 0;

	if (r == 0 && bind(p->fd, (const struct sockaddr *)&a->addr, a->len) < 0)
		r = -errno;
	return r;
}

static int bind_port(struct port *p, const struct address *a)
{
	int on = 1, bytes = RECEIVE_BYTES, r;

	p->stream = a->type == SOCK_STREAM;
	p->fd = socket(a->addr.ss_family, a->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd < 0)
		return -errno;
	if (a->addr.ss_family != AF_UNIX) {
		r = bind_ip(p, a);
	} else {
		r = bind_file(p->fd, a, (mode_t)p->config->mode);
		if (r == 0)
			p->path = strdup(((const struct sockaddr_un *)&a->addr)->sun_path);
	}
	if (r < 0)
		return r;
	if (p->stream)
		return listen(p->fd, BACKLOG) < 0 ? -errno : 0;
	/* As much as there may be. */
	if (setsockopt(p->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
		setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	setsockopt(p->fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
	return 0;
}

int port_socket_open(struct port *p)
{
	const struct config_listen *c = p->config;
	struct address a;
	int r = address_parse(c->address, &a) ? bind_port(p, &a) : -EINVAL;

	if (r < 0) {
		port_socket_close(p);
		return r;
	}
	if (!address_is_local(&a))
		say("[listen.%s]: %s can be reached from other machines, and whoever reaches it is believed", c->name,
		    c->address);
	return 0;
}

void port_socket_close(struct port *p)
{
	if (p->listening)
		epoll_ctl(p->all->epfd, EPOLL_CTL_DEL, p->fd, NULL);
	p->listening = false;
	cleanup_close(&p->fd);
	p->fd = -1;
	if (p->path)
		unlink(p->path);
	free(TAKE(p->path));
}
