/* address.c -- see address.h */
#include "collector/address.h"

#include "collector/procfs.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

enum { HOST_MAX = 64 };

static const char *behind(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

static bool parse_path(const char *path, struct address *ret)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&ret->addr;

	if (*path != '/' || strlen(path) >= sizeof un->sun_path)
		return false;
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, strlen(path) + 1);
	ret->len = sizeof *un;
	return true;
}

static bool parse_port(const char *text, in_port_t *ret)
{
	uint64_t port;

	if (!parse_u64(&text, &port) || *text != '\0' || port == 0 || port > UINT16_MAX)
		return false;
	*ret = htons((uint16_t)port);
	return true;
}

/* HOST:PORT or [HOST]:PORT. */
static bool parse_host(const char *text, struct address *ret)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&ret->addr;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ret->addr;
	bool six = *text == '[';
	const char *end = strchr(text, six ? ']' : ':'), *begin = text + six;
	char host[HOST_MAX];

	if (!end || end - begin >= HOST_MAX || (six && end[1] != ':'))
		return false;
	memcpy(host, begin, (size_t)(end - begin));
	host[end - begin] = '\0';
	if (six) {
		in6->sin6_family = AF_INET6;
		ret->len = sizeof *in6;
		return inet_pton(AF_INET6, host, &in6->sin6_addr) == 1 && parse_port(end + 2, &in6->sin6_port);
	}
	in->sin_family = AF_INET;
	ret->len = sizeof *in;
	return inet_pton(AF_INET, host, &in->sin_addr) == 1 && parse_port(end + 1, &in->sin_port);
}

bool address_parse(const char *text, struct address *ret)
{
	const char *rest;

	*ret = (struct address){.type = SOCK_STREAM};
	if ((rest = behind(text, "unix:")))
		return parse_path(rest, ret);
	if ((rest = behind(text, "tcp:")))
		return parse_host(rest, ret);
	ret->type = SOCK_DGRAM;
	if ((rest = behind(text, "unixgram:")))
		return parse_path(rest, ret);
	return (rest = behind(text, "udp:")) && parse_host(rest, ret);
}

bool address_is_local(const struct address *a)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)&a->addr;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->addr;

	if (a->addr.ss_family == AF_INET)
		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	return a->addr.ss_family == AF_UNIX || IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}
