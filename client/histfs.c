/* histfs.c -- see histfs.h
 *
 * Requests go out in order and answers come back in that order. While there is no room to send, answers are read: the
 * server reads nothing of a client that does not. Answers to requests that nobody waits for any more are counted off as
 * they come; of notices the newest of each subscription is kept.
 */
#include "client/histfs.h"

#include "client/histfs_wire.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	OP_HELLO = 1,
	OP_PRODUCE,
	OP_OFFSETS,
	OP_FETCH,
	OP_CREATE,
	OP_SUBSCRIBE,
	OP_TOPICS,
	ANSWER = 128,
	OP_NOTICE = 134
};
enum {
	VERSION = 1,
	HEAD = 12,
	LEN_BYTES = 4,
	FRAME_MAX = 128 << 20,
	READ_LEN = 64 << 10,
	NAME_MAX_LEN = 255,
	ERRNO_MAX = 4095
};

struct subscription {
	uint32_t id;
	bool fresh;
	char topic[NAME_MAX_LEN + 1];
	uint32_t partition;
	uint64_t next;
	int64_t time_ms;
};

struct histfs {
	int fd;
	char error[512];
	uint64_t max_frame;
	uint32_t last_id;
	bool dead; /* the connection is of no use any more */

	struct histfs_wire_out out, dir, body;
	struct histfs_wire_out in; /* what was read; */
	size_t taken;              /* of it */

	size_t n_sent; /* produced, and not answered yet */
	int sent_r;    /* their first error; */
	char sent_error[256];

	struct subscription *subscriptions;
	size_t n_subscriptions, next_told;
	struct histfs_wire_messages messages;
};

__attribute__((format(printf, 3, 4))) static int fail(struct histfs *h, int r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(h->error, sizeof h->error, fmt, ap);
	va_end(ap);
	return r;
}

static int fail_errno(struct histfs *h, int r)
{
	return fail(h, r, "%s", strerror(-r));
}

/* The connection is at its end. */
static int die(struct histfs *h, int r, const char *why)
{
	h->dead = true;
	return fail(h, r, "%s", why);
}

const char *histfs_error(const struct histfs *h)
{
	return h->error;
}

int histfs_fd(const struct histfs *h)
{
	return h->fd;
}

/* --- frames in --- */

struct answer {
	uint8_t op;
	uint32_t id;
	struct histfs_wire_in body;
};

/* Takes a whole frame out of what was read. 1; 0: there is none. */
static int take_frame(struct histfs *h, struct answer *ret)
{
	struct histfs_wire_in in = {.p = h->in.p + h->taken, .end = h->in.p + h->in.len};
	uint64_t len;

	if (h->in.len - h->taken < LEN_BYTES)
		return 0;
	len = histfs_wire_le(&in, 4);
	if (len < HEAD - LEN_BYTES || len > FRAME_MAX)
		return die(h, -EPROTO, "histd sent a frame of an impossible length");
	if ((size_t)(in.end - in.p) < len)
		return 0;
	in.end = in.p + len;
	ret->op = (uint8_t)histfs_wire_le(&in, 1);
	histfs_wire_le(&in, 3);
	ret->id = (uint32_t)histfs_wire_le(&in, 4);
	ret->body = in;
	h->taken += LEN_BYTES + (size_t)len;
	return 1;
}

static void take_notice(struct histfs *h, struct answer *a)
{
	uint64_t len = histfs_wire_varint(&a->body);
	const char *topic = histfs_wire_bytes(&a->body, len);

	for (size_t i = 0; i < h->n_subscriptions; i++) {
		struct subscription *s = &h->subscriptions[i];

		if (s->id != a->id || !topic || len > NAME_MAX_LEN)
			continue;
		memcpy(s->topic, topic, len);
		s->topic[len] = '\0';
		s->partition = (uint32_t)histfs_wire_varint(&a->body);
		s->next = histfs_wire_varint(&a->body);
		s->time_ms = (int64_t)histfs_wire_le(&a->body, 8);
		s->fresh = true;
	}
}

/* 0 or a negative errno; 1: it is neither. */
static int status_of(struct answer *a)
{
	int32_t status = (int32_t)(uint32_t)histfs_wire_le(&a->body, 4);

	return a->body.failed || status > 0 || status < -ERRNO_MAX ? 1 : status;
}

/* Text of an error: up to a zero byte or the end. */
static void take_text(struct histfs_wire_in *in, char *ret, size_t size)
{
	size_t len = (size_t)(in->end - in->p);
	const uint8_t *zero = len ? memchr(in->p, 0, len) : NULL;
	size_t text = zero ? (size_t)(zero - in->p) : len;

	snprintf(ret, size, "%.*s", (int)(text < size ? text : size), (const char *)in->p);
	in->p += text + (zero != NULL);
}

/* Deals with a frame that nobody waits for. */
static void take_other(struct histfs *h, struct answer *a)
{
	int r;

	if (a->op == OP_NOTICE) {
		take_notice(h, a);
		return;
	}
	if (a->op != (OP_PRODUCE | ANSWER) || h->n_sent == 0)
		return;
	h->n_sent--;
	r = status_of(a);
	if (r > 0)
		r = -EPROTO;
	if (r < 0 && h->sent_r == 0) {
		h->sent_r = r;
		take_text(&a->body, h->sent_error, sizeof h->sent_error);
	}
}

/* Makes room at the front and reads what is there; waits for it unless told not to. */
static int read_more(struct histfs *h, int flags)
{
	ssize_t n;

	if (h->taken > 0) {
		memmove(h->in.p, h->in.p + h->taken, h->in.len - h->taken);
		h->in.len -= h->taken;
		h->taken = 0;
	}
	if (h->in.cap - h->in.len < READ_LEN) {
		size_t len = h->in.len;
		static const uint8_t room[READ_LEN];

		histfs_wire_put(&h->in, room, sizeof room);
		h->in.len = len;
		if (h->in.failed)
			return die(h, -ENOMEM, strerror(ENOMEM));
	}
	do
		n = recv(h->fd, h->in.p + h->in.len, h->in.cap - h->in.len, flags);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (n < 0)
		return die(h, -errno, strerror(errno));
	if (n == 0)
		return die(h, -ECONNRESET, "histd has closed the connection");
	h->in.len += (size_t)n;
	return 0;
}

/* Takes all frames that were read, none of which is waited for. */
static int take_others(struct histfs *h)
{
	struct answer a;
	int r;

	while ((r = take_frame(h, &a)) > 0)
		take_other(h, &a);
	return r;
}

/* --- frames out --- */

static uint32_t begin(struct histfs *h, uint8_t op)
{
	h->error[0] = '\0';
	h->out.len = 0;
	h->out.failed = false;
	histfs_wire_put_le(&h->out, 0, 4);
	histfs_wire_put_le(&h->out, op, 4);
	histfs_wire_put_le(&h->out, ++h->last_id, 4);
	return h->last_id;
}

static int send_bytes(struct histfs *h, const uint8_t *p, size_t len)
{
	while (len > 0) {
		struct pollfd ready = {.fd = h->fd, .events = POLLIN | POLLOUT};
		ssize_t n = send(h->fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		int r;

		if (n >= 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)
			return die(h, -errno, strerror(errno));
		if (poll(&ready, 1, -1) < 0 && errno != EINTR)
			return die(h, -errno, strerror(errno));
		if (!(ready.revents & POLLIN))
			continue;
		r = read_more(h, MSG_DONTWAIT);
		if (r == 0)
			r = take_others(h);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Sends what was begun, with more behind it. */
static int finish(struct histfs *h, const struct histfs_wire_out *more, const struct histfs_wire_out *most)
{
	size_t len = h->out.len + (more ? more->len : 0) + (most ? most->len : 0) - LEN_BYTES;
	int r;

	if (h->dead)
		return fail(h, -EPIPE, "the connection is at its end");
	if (h->out.failed)
		return fail_errno(h, -ENOMEM);
	if (len > h->max_frame)
		return fail(h, -EMSGSIZE, "a request of %zu bytes is too large for histd, which takes %llu", len,
		    (unsigned long long)h->max_frame);
	for (unsigned i = 0; i < LEN_BYTES; i++)
		h->out.p[i] = (uint8_t)(len >> 8 * i);
	if (more)
		histfs_wire_put(&h->out, more->p, more->len);
	if (h->out.failed)
		return fail_errno(h, -ENOMEM);
	r = send_bytes(h, h->out.p, h->out.len);
	return r == 0 && most ? send_bytes(h, most->p, most->len) : r;
}

/* Waits for the answer to a request. Its body behind the status, which is returned; of an error, behind the text. */
static int wait_answer(struct histfs *h, uint32_t id, struct histfs_wire_in *ret)
{
	struct answer a;
	int r;

	for (;;) {
		r = take_frame(h, &a);
		if (r < 0)
			return r;
		if (r > 0 && a.id == id)
			break;
		if (r > 0)
			take_other(h, &a);
		else if ((r = read_more(h, 0)) < 0)
			return r;
	}
	r = status_of(&a);
	if (r > 0)
		return die(h, -EPROTO, "histd sent an answer that is none");
	if (r < 0) {
		take_text(&a.body, h->error, sizeof h->error);
		if (h->error[0] == '\0')
			fail_errno(h, r);
	}
	*ret = a.body;
	return r;
}

static int ask(struct histfs *h, uint32_t id, struct histfs_wire_in *ret)
{
	int r = finish(h, NULL, NULL);

	return r < 0 ? r : wait_answer(h, id, ret);
}

static int parsed(struct histfs *h, const struct histfs_wire_in *in)
{
	return in->failed ? die(h, -EPROTO, "histd sent an answer that is none") : 0;
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
	uint32_t id = begin(h, OP_HELLO);
	int r;

	histfs_wire_put_varint(&h->out, VERSION);
	histfs_wire_put_string(&h->out, "libhistfs");
	r = ask(h, id, &in);
	if (r < 0)
		return r;
	histfs_wire_varint(&in);
	h->max_frame = histfs_wire_varint(&in);
	return parsed(h, &in);
}

int histfs_open(const char *path, struct histfs **ret)
{
	struct histfs *h;
	int r;

	if (!path)
		path = getenv("HISTFS_SOCKET");
	if (!path || !*path)
		path = "/run/histfs/histd.sock";
	h = calloc(1, sizeof *h);
	if (!h)
		return -ENOMEM;
	h->fd = -1;
	h->max_frame = READ_LEN;
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
	uint32_t id = begin(h, OP_PRODUCE);
	int64_t first_ms = 0;
	int r;

	if (n == 0)
		return fail(h, -EINVAL, "there is no message");
	h->dir.len = h->body.len = 0;
	h->dir.failed = h->body.failed = false;
	r = histfs_wire_put_messages(&h->dir, &h->body, messages, n, now_ms(), &first_ms);
	if (r < 0)
		return fail_errno(h, r);
	histfs_wire_put_string(&h->out, topic);
	histfs_wire_put_varint(&h->out, partition);
	histfs_wire_put_le(&h->out, (uint64_t)ack, 1);
	histfs_wire_put_varint(&h->out, n);
	histfs_wire_put_le(&h->out, (uint64_t)first_ms, 8);
	histfs_wire_put_varint(&h->out, h->dir.len);
	*ret_id = id;
	return finish(h, &h->dir, &h->body);
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
	r = wait_answer(h, id, &in);
	if (r < 0)
		return r;
	offset = histfs_wire_varint(&in);
	r = parsed(h, &in);
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
	int r = take_others(h);

	while (r == 0 && h->n_sent > left) {
		if (h->dead)
			return fail(h, -EPIPE, "the connection is at its end");
		r = read_more(h, 0);
		if (r == 0)
			r = take_others(h);
	}
	if (r < 0)
		return r;
	r = h->sent_r;
	if (r < 0)
		fail(h, r, "%s", h->sent_error[0] ? h->sent_error : strerror(-r));
	h->sent_r = 0;
	return r;
}

/* --- reading --- */

int histfs_offsets(struct histfs *h, const char *topic, uint32_t partition, int64_t time_ms, struct histfs_offsets *ret)
{
	struct histfs_wire_in in;
	struct histfs_offsets o;
	uint32_t id = begin(h, OP_OFFSETS);
	int r;

	histfs_wire_put_string(&h->out, topic);
	histfs_wire_put_varint(&h->out, partition);
	histfs_wire_put_le(&h->out, (uint64_t)time_ms, 8);
	r = ask(h, id, &in);
	if (r < 0)
		return r;
	o.first = histfs_wire_varint(&in);
	o.next = histfs_wire_varint(&in);
	o.synced = histfs_wire_varint(&in);
	o.at = histfs_wire_varint(&in);
	o.bytes = histfs_wire_varint(&in);
	o.newest_ms = histfs_wire_zigzag(&in);
	r = parsed(h, &in);
	if (r == 0)
		*ret = o;
	return r;
}

int histfs_fetch(struct histfs *h, const char *topic, uint32_t partition, uint64_t offset, size_t max_bytes,
    const struct histfs_message **ret, size_t *ret_n, uint64_t *ret_next)
{
	struct histfs_wire_in in, dir, body;
	uint32_t id = begin(h, OP_FETCH);
	uint64_t n, first, dir_len;
	int64_t first_ms;
	int r;

	histfs_wire_put_string(&h->out, topic);
	histfs_wire_put_varint(&h->out, partition);
	histfs_wire_put_varint(&h->out, offset);
	histfs_wire_put_varint(&h->out, max_bytes);
	*ret_next = offset;
	r = ask(h, id, &in);
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
	r = parsed(h, &in);
	if (r == 0)
		r = histfs_wire_get_messages(&h->messages, (size_t)n, first, first_ms, dir, body);
	if (r < 0)
		return die(h, r, "histd sent messages that are none");
	*ret = h->messages.v;
	*ret_n = (size_t)n;
	if (n > 0)
		*ret_next = h->messages.v[n - 1].offset + 1;
	return 0;
}

int histfs_create(struct histfs *h, const char *topic, uint32_t partitions)
{
	struct histfs_wire_in in;
	uint32_t id = begin(h, OP_CREATE);

	histfs_wire_put_string(&h->out, topic);
	histfs_wire_put_varint(&h->out, partitions);
	return ask(h, id, &in);
}

/* --- being told --- */

int histfs_subscribe(struct histfs *h, const char *topic, uint32_t partition, uint64_t offset)
{
	struct histfs_wire_in in;
	struct subscription *s = realloc(h->subscriptions, (h->n_subscriptions + 1) * sizeof *s);
	uint32_t id;
	int r;

	if (!s)
		return fail_errno(h, -ENOMEM);
	h->subscriptions = s;
	id = begin(h, OP_SUBSCRIBE);
	histfs_wire_put_string(&h->out, topic);
	histfs_wire_put_varint(&h->out, partition);
	histfs_wire_put_varint(&h->out, offset);
	s[h->n_subscriptions++] = (struct subscription){.id = id};
	r = ask(h, id, &in);
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
		int r = take_others(h);

		if (r < 0)
			return r;
		if (take_told(h, ret))
			return 1;
		if (h->dead)
			return fail(h, -EPIPE, "the connection is at its end");
		r = poll(&ready, 1, timeout_ms < 0 ? -1 : left > 0 ? (int)left : 0);
		if (r < 0 && errno != EINTR)
			return fail_errno(h, -errno);
		if (r == 0)
			return 0;
		r = read_more(h, MSG_DONTWAIT);
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
	uint32_t id = begin(h, OP_TOPICS);
	uint64_t n;
	int r;

	histfs_wire_put_string(&h->out, after);
	r = ask(h, id, &in);
	if (r < 0)
		return r;
	n = histfs_wire_varint(&in);
	for (uint64_t i = 0; i < n; i++) {
		uint64_t len = histfs_wire_varint(&in), partitions;
		const char *name = histfs_wire_bytes(&in, len);

		histfs_wire_varint(&in);
		partitions = histfs_wire_varint(&in);
		if (in.failed || len > NAME_MAX_LEN)
			return die(h, -EPROTO, "histd sent an answer that is none");
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
	char after[NAME_MAX_LEN + 1] = "";
	int told = 0, r;

	do
		r = list_page(h, after, each, arg, &told);
	while (r > 0);
	return r < 0 ? r : told;
}
