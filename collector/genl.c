/* genl.c -- see genl.h */
#include "collector/genl.h"

#include "store/cleanup.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <time.h>

enum { PATIENCE_MS = 2000 /* the kernel answers at once */ };

struct request {
	struct nlmsghdr header;
	struct genlmsghdr command;
	struct nlattr attribute;
	char value[256];
};

int genl_open(int buffer_bytes, int *ret_fd)
{
	_cleanup_(cleanup_close) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return -errno;
	/* What is above the system's limit needs a privilege, and is a wish. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof buffer_bytes) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
	*ret_fd = take_fd(&fd);
	return 0;
}

int genl_send(
    int fd, uint16_t family, uint8_t command, uint16_t flags, uint16_t attribute, const void *value, size_t len)
{
	struct request q = {0};
	size_t attribute_len = sizeof q.attribute + len;
	ssize_t n;

	if (len > sizeof q.value)
		return -EMSGSIZE;
	q.header.nlmsg_type = family;
	q.header.nlmsg_flags = NLM_F_REQUEST | flags;
	q.header.nlmsg_len = (uint32_t)(offsetof(struct request, attribute) + NLA_ALIGN(attribute_len));
	q.command.cmd = command;
	q.command.version = 1;
	q.attribute.nla_type = attribute;
	q.attribute.nla_len = (uint16_t)attribute_len;
	memcpy(q.value, value, len);
	n = send(fd, &q, q.header.nlmsg_len, 0);
	return n < 0 ? -errno : n == (ssize_t)q.header.nlmsg_len ? 0 : -EIO;
}

static int64_t monotonic_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* Waits for a message of that type, or for what answers the command: an error, or 0. */
static int receive(int fd, uint16_t type, void *buf, size_t cap)
{
	int64_t until = monotonic_ms() + PATIENCE_MS;

	while (monotonic_ms() < until) {
		struct nlmsghdr header;
		struct nlmsgerr error;
		ssize_t n = recv(fd, buf, cap, 0);

		if (n < 0 && errno != EINTR && errno != ENOBUFS)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (n < (ssize_t)sizeof header)
			continue;
		memcpy(&header, buf, sizeof header);
		if (header.nlmsg_type == type && type != NLMSG_ERROR)
			return (int)n;
		if (header.nlmsg_type == NLMSG_ERROR && n >= (ssize_t)(sizeof header + sizeof error)) {
			memcpy(&error, (const char *)buf + sizeof header, sizeof error);
			return error.error;
		}
	}
	return -ETIMEDOUT;
}

int genl_receive(int fd, uint16_t family, void *buf, size_t cap)
{
	int r = receive(fd, family, buf, cap);

	return r == 0 ? -EBADMSG : r;
}

int genl_receive_ack(int fd)
{
	char buf[GENL_ANSWER_MAX];

	return receive(fd, NLMSG_ERROR, buf, sizeof buf);
}

int genl_next(struct span *s, uint16_t *ret_type, struct span *ret)
{
	struct nlattr attribute;
	const void *p;
	int r;

	if (span_left(s) == 0)
		return -ENODATA;
	p = span_take(s, sizeof attribute);
	if (!p)
		return -EBADMSG;
	memcpy(&attribute, p, sizeof attribute);
	if (attribute.nla_len < sizeof attribute)
		return -EBADMSG;
	r = span_sub(s, attribute.nla_len - sizeof attribute, ret);
	if (r < 0)
		return r;
	/* The last one may lack the bytes that align the next. */
	if (attribute.nla_len % NLA_ALIGNTO != 0 && !span_take(s, NLA_ALIGNTO - attribute.nla_len % NLA_ALIGNTO))
		s->p = s->end;
	*ret_type = attribute.nla_type & NLA_TYPE_MASK;
	return 0;
}

int genl_family(int fd, const char *name, uint16_t *ret)
{
	char buf[GENL_ANSWER_MAX];
	struct span s, value;
	uint16_t type;
	int r;

	r = genl_send(fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, CTRL_ATTR_FAMILY_NAME, name, strlen(name) + 1);
	if (r == 0)
		r = genl_receive(fd, GENL_ID_CTRL, buf, sizeof buf);
	if (r < 0)
		return r;
	s = span_of(buf, (size_t)r);
	if (!span_take(&s, sizeof(struct nlmsghdr) + sizeof(struct genlmsghdr)))
		return -EBADMSG;
	while ((r = genl_next(&s, &type, &value)) == 0)
		if (type == CTRL_ATTR_FAMILY_ID && span_left(&value) == sizeof *ret) {
			memcpy(ret, value.p, sizeof *ret);
			return 0;
		}
	return r == -ENODATA ? -ENOENT : r;
}
