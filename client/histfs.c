/* histfs.c -- see histfs.h */
#include "client/histfs.h"

#include "client/histfs_conn.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { VERSION = 1 };

const char *histfs_error(const struct histfs *h)
{
	return h->error;
}

int histfs_fd(const struct histfs *h)
{
	return h->fd;
}

/* --- opening --- */

static int connect_to(const char *path, int *ret)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd, r;

	if (strlen(path) >= sizeof addr.sun_path)
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	do
		r = connect(fd, (const struct sockaddr *)&addr, sizeof addr);
	while (r < 0 && errno == EINTR);
	if (r < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	*ret = fd;
	return 0;
}

static int hello(struct histfs *h)
{
	struct histfs_wire_in in;
	uint32_t id = histfs_conn_begin(h, OP_HELLO);
	int r;

	histfs_wire_put_varint(&h->out, VERSION);
	histfs_wire_put_string(&h->out, "libhistfs");
	r = histfs_conn_ask(h, id, &in);
	if (r < 0)
		return r;
	histfs_wire_varint(&in);
	h->max_frame = histfs_wire_varint(&in);
	return histfs_conn_parsed(h, &in);
}

int histfs_open(const char *path, struct histfs **ret)
{
	struct histfs *h;
	int r;

	if (!path)
		path = getenv("HISTFS_SOCKET");
	if (!path || !*path)
		path = HISTFS_SOCKET_PATH;
	h = calloc(1, sizeof *h);
	if (!h)
		return -ENOMEM;
	h->fd = -1;
	h->max_frame = HISTFS_FRAME_FIRST;
	r = connect_to(path, &h->fd);
	if (r == 0)
		r = hello(h);
	if (r < 0) {
		histfs_close(h);
		return r;
	}
	*ret = h;
	return 0;
}

void histfs_close(struct histfs *h)
{
	if (!h)
		return;
	if (h->fd >= 0)
		close(h->fd);
	free(h->out.p);
	free(h->dir.p);
	free(h->body.p);
	free(h->in.p);
	free(h->subscriptions);
	free(h->messages.v);
	free(h->messages.headers);
	free(h->payloads);
	free(h);
}

/* --- producing --- */

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

static int send_messages(struct histfs *h, const char *topic, uint32_t partition, const struct histfs_message *messages,
    size_t n, enum histfs_ack ack, uint32_t *ret_id)
{
	uint32_t id = histfs_conn_begin(h, OP_PRODUCE);
	int64_t first_ms = 0;
	int r;

	if (n == 0)
		return histfs_conn_fail(h, -EINVAL, "there is no message");
	h->dir.len = h->body.len = 0;
	h->dir.failed = h->body.failed = false;
	r = histfs_wire_put_messages(&h->dir, &h->body, messages, n, now_ms(), &first_ms);
	if (r < 0)
		return histfs_conn_fail_errno(h, r);
	histfs_wire_put_string(&h->out, topic);
	histfs_wire_put_varint(&h->out, partition);
	histfs_wire_put_le(&h->out, (uint64_t)ack, 1);
	histfs_wire_put_varint(&h->out, n);
	histfs_wire_put_le(&h->out, (uint64_t)first_ms, 8);
	histfs_wire_put_varint(&h->out, h->dir.len);
	*ret_id = id;
	return histfs_conn_finish(h, &h->dir, &h->body);
}

int histfs_produce(struct histfs *h, const char *topic, uint32_t partition, const struct histfs_message *messages,
    size_t n, enum histfs_ack ack, uint64_t *ret_offset)
{
	struct histfs_wire_in in;
	uint64_t offset;
	uint32_t id;
	int r = send_messages(h, topic, partition, messages, n, ack, &id);

	if (r < 0 || ack == HISTFS_UNACKED)
		return r;
	r = histfs_conn_wait(h, id, &in);
	if (r < 0)
		return r;
	offset = histfs_wire_varint(&in);
	r = histfs_conn_parsed(h, &in);
	if (r == 0 && ret_offset)
		*ret_offset = offset;
	return r;
}

int histfs_produce_send(struct histfs *h, const char *topic, uint32_t partition, const struct histfs_message *messages,
    size_t n, enum histfs_ack ack)
{
	uint32_t id;
	int r;

	/* Counted before it is sent: the answer may come while the end is still on its way. */
	h->n_sent += ack != HISTFS_UNACKED;
	r = send_messages(h, topic, partition, messages, n, ack, &id);
	if (r < 0 && !h->dead)
		h->n_sent -= ack != HISTFS_UNACKED;
	return r;
}

int histfs_drain(struct histfs *h, size_t left)
{
	int r = histfs_conn_take_others(h);

	while (r == 0 && h->n_sent > left) {
		if (h->dead)
			return histfs_conn_fail(h, -EPIPE, "the connection is at its end");
		r = histfs_conn_read(h, 0);
		if (r == 0)
			r = histfs_conn_take_others(h);
	}
	if (r < 0)
		return r;
	r = h->sent_r;
	if (r < 0)
		histfs_conn_fail(h, r, "%s", h->sent_error[0] ? h->sent_error : strerror(-r));
	h->sent_r = 0;
	return r;
}

/* --- reading --- */

int histfs_offsets(struct histfs *h, const char *topic, uint32_t partition, int64_t time_ms, struct histfs_offsets *ret)
{
	struct histfs_wire_in in;
	struct histfs_offsets o;
	uint32_t id = histfs_conn_begin(h, OP_OFFSETS);
	int r;

	histfs_wire_put_string(&h->out, topic);
	histfs_wire_put_varint(&h->out, partition);
	histfs_wire_put_le(&h->out, (uint64_t)time_ms, 8);
	r = histfs_conn_ask(h, id, &in);
	if (r < 0)
		return r;
	o.first = histfs_wire_varint(&in);
	o.next = histfs_wire_varint(&in);
	o.synced = histfs_wire_varint(&in);
	o.at = histfs_wire_varint(&in);
	o.bytes = histfs_wire_varint(&in);
	o.newest_ms = histfs_wire_zigzag(&in);
	r = histfs_conn_parsed(h, &in);
	if (r == 0)
		*ret = o;
	return r;
}

int histfs_fetch(struct histfs *h, const char *topic, uint32_t partition, uint64_t offset, size_t max_bytes,
    const struct histfs_message **ret, size_t *ret_n, uint64_t *ret_next)
{
	struct histfs_wire_in in, dir, body;
	uint32_t id = histfs_conn_begin(h, OP_FETCH);
	uint64_t n, first, dir_len;
	int64_t first_ms;
	int r;

	histfs_wire_put_string(&h->out, topic);
	histfs_wire_put_varint(&h->out, partition);
	histfs_wire_put_varint(&h->out, offset);
	histfs_wire_put_varint(&h->out, max_bytes);
	*ret_next = offset;
	r = histfs_conn_ask(h, id, &in);
	if (r == -EBADMSG || r == -ERANGE) {
		uint64_t next = histfs_wire_varint(&in);

		if (!in.failed)
			*ret_next = next;
	}
	if (r < 0)
		return r;
	n = histfs_wire_varint(&in);
	first = histfs_wire_varint(&in);
	histfs_wire_varint(&in);
	first_ms = (int64_t)histfs_wire_le(&in, 8);
	dir_len = histfs_wire_varint(&in);
	dir.p = histfs_wire_bytes(&in, dir_len);
	dir.end = dir.p ? dir.p + dir_len : dir.p;
	dir.failed = in.failed;
	body = in;
	r = histfs_conn_parsed(h, &in);
	if (r == 0)
		r = histfs_wire_get_messages(&h->messages, (size_t)n, first, first_ms, dir, body);
	if (r < 0)
		return histfs_conn_die(h, r, "histd sent messages that are none");
	*ret = h->messages.v;
	*ret_n = (size_t)n;
	if (n > 0)
		*ret_next = h->messages.v[n - 1].offset + 1;
	return 0;
}

int histfs_create(struct histfs *h, const char *topic, uint32_t partitions)
{
	struct histfs_wire_in in;
	uint32_t id = histfs_conn_begin(h, OP_CREATE);

	histfs_wire_put_string(&h->out, topic);
	histfs_wire_put_varint(&h->out, partitions);
	return histfs_conn_ask(h, id, &in);
}

/* --- being told --- */

int histfs_subscribe(struct histfs *h, const char *topic, uint32_t partition, uint64_t offset)
{
	struct histfs_wire_in in;
	struct subscription *s = realloc(h->subscriptions, (h->n_subscriptions + 1) * sizeof *s);
	uint32_t id;
	int r;

	if (!s)
		return histfs_conn_fail_errno(h, -ENOMEM);
	h->subscriptions = s;
	id = histfs_conn_begin(h, OP_SUBSCRIBE);
	histfs_wire_put_string(&h->out, topic);
	histfs_wire_put_varint(&h->out, partition);
	histfs_wire_put_varint(&h->out, offset);
	s[h->n_subscriptions++] = (struct subscription){.id = id};
	r = histfs_conn_ask(h, id, &in);
	if (r < 0)
		h->n_subscriptions--;
	return r;
}

/* The next that has something to tell, each in its turn. */
static bool take_told(struct histfs *h, struct histfs_notice *ret)
{
	for (size_t i = 0; i < h->n_subscriptions; i++) {
		struct subscription *s = &h->subscriptions[h->next_told++ % h->n_subscriptions];

		if (!s->fresh)
			continue;
		s->fresh = false;
		*ret = (struct histfs_notice){
		    .topic = s->topic, .partition = s->partition, .next = s->next, .time_ms = s->time_ms};
		return true;
	}
	return false;
}

static int64_t monotonic_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

int histfs_wait(struct histfs *h, int timeout_ms, struct histfs_notice *ret)
{
	int64_t until = monotonic_ms() + timeout_ms;

	for (;;) {
		struct pollfd ready = {.fd = h->fd, .events = POLLIN};
		int64_t left = until - monotonic_ms();
		int r = histfs_conn_take_others(h);

		if (r < 0)
			return r;
		if (take_told(h, ret))
			return 1;
		if (h->dead)
			return histfs_conn_fail(h, -EPIPE, "the connection is at its end");
		r = poll(&ready, 1, timeout_ms < 0 ? -1 : left > 0 ? (int)left : 0);
		if (r < 0 && errno != EINTR)
			return histfs_conn_fail_errno(h, -errno);
		if (r == 0)
			return 0;
		r = histfs_conn_read(h, MSG_DONTWAIT);
		if (r < 0)
			return r;
	}
}

/* --- topics --- */

/* One page of names behind `after`, which becomes the last of them. 1: there may be more; 0: no more. */
static int list_page(struct histfs *h, char *after, int (*each)(const char *topic, uint32_t partitions, void *arg),
    void *arg, int *ret_each)
{
	struct histfs_wire_in in;
	uint32_t id = histfs_conn_begin(h, OP_TOPICS);
	uint64_t n;
	int r;

	histfs_wire_put_string(&h->out, after);
	r = histfs_conn_ask(h, id, &in);
	if (r < 0)
		return r;
	n = histfs_wire_varint(&in);
	for (uint64_t i = 0; i < n; i++) {
		uint64_t len = histfs_wire_varint(&in), partitions;
		const char *name = histfs_wire_bytes(&in, len);

		histfs_wire_varint(&in);
		partitions = histfs_wire_varint(&in);
		if (in.failed || len > HISTFS_NAME_MAX)
			return histfs_conn_die(h, -EPROTO, "histd sent an answer that is none");
		memcpy(after, name, len);
		after[len] = '\0';
		*ret_each = each(after, (uint32_t)partitions, arg);
		if (*ret_each != 0)
			return 0;
	}
	return n > 0;
}

int histfs_topics(struct histfs *h, int (*each)(const char *topic, uint32_t partitions, void *arg), void *arg)
{
	char after[HISTFS_NAME_MAX + 1] = "";
	int told = 0, r;

	do
		r = list_page(h, after, each, arg, &told);
	while (r > 0);
	return r < 0 ? r : told;
}
