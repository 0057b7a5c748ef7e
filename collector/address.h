/* address.h -- where to listen: udp:127.0.0.1:8125, tcp:[::1]:2003, unix:/run/metrics, unixgram:/run/statsd */
#ifndef COLLECTOR_ADDRESS_H
#define COLLECTOR_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

struct address {
	int type; /* SOCK_STREAM, SOCK_DGRAM */
	struct sockaddr_storage addr;
	socklen_t len;
};

/* Names of hosts are not looked up. False: it is no address. */
bool address_parse(const char *text, struct address *ret);

/* Whether only this machine can reach it. */
bool address_is_local(const struct address *a);

#endif
