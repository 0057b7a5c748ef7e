/* histfs_conn.c -- see histfs_conn.h */
#include "client/histfs_conn.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { ANSWER = 128, OP_NOTICE = 134 };
enum { HEAD = 12, LEN_BYTES = 4, FRAME_MAX = 128 << 20, READ_LEN = 64 << 10, ERRNO_MAX = 4095 };

int histfs_conn_fail(struct histfs *h, int r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(h->error, sizeof h->error, fmt, ap);
	va_end(ap);
	return r;
}

int histfs_conn_fail_errno(struct histfs *h, int r)
{
	return histfs_conn_fail(h, r, "%s", strerror(-r));
}

/* The connection is at its end. */
int histfs_conn_die(struct histfs *h, int r, const char *why)
{
	h->dead = true;
	return histfs_conn_fail(h, r, "%s", why);
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
	struct histfs_wire_in in;
	uint64_t len;

	if (h->in.len - h->taken < LEN_BYTES)
		return 0;
	in = (struct histfs_wire_in){.p = h->in.p + h->taken, .end = h->in.p + h->in.len};
	len = histfs_wire_le(&in, 4);
	if (len < HEAD - LEN_BYTES || len > FRAME_MAX)
		return histfs_conn_die(h, -EPROTO, "histd sent a frame of an impossible length");
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

		if (s->id != a->id || !topic || len > HISTFS_NAME_MAX)
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
int histfs_conn_read(struct histfs *h, int flags)
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
			return histfs_conn_die(h, -ENOMEM, strerror(ENOMEM));
	}
	do
		n = recv(h->fd, h->in.p + h->in.len, h->in.cap - h->in.len, flags);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (n < 0)
		return histfs_conn_die(h, -errno, strerror(errno));
	if (n == 0)
		return histfs_conn_die(h, -ECONNRESET, "histd has closed the connection");
	h->in.len += (size_t)n;
	return 0;
}

/* Takes all frames that were read, none of which is waited for. */
int histfs_conn_take_others(struct histfs *h)
{
	struct answer a;
	int r;

	while ((r = take_frame(h, &a)) > 0)
		take_other(h, &a);
	return r;
}

/* --- frames out --- */

uint32_t histfs_conn_begin(struct histfs *h, uint8_t op)
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
			return histfs_conn_die(h, -errno, strerror(errno));
		if (poll(&ready, 1, -1) < 0 && errno != EINTR)
			return histfs_conn_die(h, -errno, strerror(errno));
		if (!(ready.revents & POLLIN))
			continue;
		r = histfs_conn_read(h, MSG_DONTWAIT);
		if (r == 0)
			r = histfs_conn_take_others(h);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Sends what was begun, with more behind it. */
int histfs_conn_finish(struct histfs *h, const struct histfs_wire_out *more, const struct histfs_wire_out *most)
{
	size_t len = h->out.len + (more ? more->len : 0) + (most ? most->len : 0) - LEN_BYTES;
	int r;

	if (h->dead)
		return histfs_conn_fail(h, -EPIPE, "the connection is at its end");
	if (h->out.failed)
		return histfs_conn_fail_errno(h, -ENOMEM);
	if (len > h->max_frame)
		return histfs_conn_fail(h, -EMSGSIZE, "a request of %zu bytes is too large for histd, which takes %llu",
		    len, (unsigned long long)h->max_frame);
	for (unsigned i = 0; i < LEN_BYTES; i++)
		h->out.p[i] = (uint8_t)(len >> 8 * i);
	if (more)
		histfs_wire_put(&h->out, more->p, more->len);
	if (h->out.failed)
		return histfs_conn_fail_errno(h, -ENOMEM);
	r = send_bytes(h, h->out.p, h->out.len);
	return r == 0 && most ? send_bytes(h, most->p, most->len) : r;
}

/* Waits for the answer to a request. Its body behind the status, which is returned; of an error, behind the text. */
int histfs_conn_wait(struct histfs *h, uint32_t id, struct histfs_wire_in *ret)
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
		else if ((r = histfs_conn_read(h, 0)) < 0)
			return r;
	}
	r = status_of(&a);
	if (r > 0)
		return histfs_conn_die(h, -EPROTO, "histd sent an answer that is none");
	if (r < 0) {
		take_text(&a.body, h->error, sizeof h->error);
		if (h->error[0] == '\0')
			histfs_conn_fail_errno(h, r);
	}
	*ret = a.body;
	return r;
}

int histfs_conn_ask(struct histfs *h, uint32_t id, struct histfs_wire_in *ret)
{
	int r = histfs_conn_finish(h, NULL, NULL);

	return r < 0 ? r : histfs_conn_wait(h, id, ret);
}

int histfs_conn_parsed(struct histfs *h, const struct histfs_wire_in *in)
{
	return in->failed ? histfs_conn_die(h, -EPROTO, "histd sent an answer that is none") : 0;
}
