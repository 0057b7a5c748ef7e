/* conn.c -- see conn.h */
#include "collector/conn.h"

#include <sys/socket.h>

enum {
	READ_MAX = 256 << 10,
	LEN_BYTES = 4, /* of a frame, which do not count in its length */
	LEN_MIN = FRAME_HEAD - LEN_BYTES,
	ANSWER_BIT = 128,
};

int conn_new(int fd, struct conn **ret)
{
	struct conn *c = calloc(1, sizeof *c);

	if (!c)
		return -ENOMEM;
	c->fd = fd;
	*ret = c;
	return 0;
}

void conn_free(struct conn *c, size_t *budget)
{
	*budget += c->held_in + c->held_out;
	close(c->fd);
	free(c->begun);
	buf_done(&c->in);
	buf_done(&c->out);
	free(c);
}

static void give_back(size_t *held, size_t *budget)
{
	*budget += *held;
	*held = 0;
}

/* --- in --- */

static size_t unread(const struct conn *c)
{
	return c->in.len - c->in_at;
}

static uint32_t frame_len(const struct conn *c)
{
	le32 len;

	memcpy(&len, c->in.p + c->in_at, sizeof len);
	return get_le32(len);
}

int conn_fill(struct conn *c, int64_t now_ms)
{
	size_t want = CONN_SMALL, room;
	ssize_t n;

	if (c->in_at > 0) {
		memmove(c->in.p, c->in.p + c->in_at, unread(c));
		c->in.len -= c->in_at;
		c->in_at = 0;
	}
	if (c->held_in > 0 && c->in.len >= LEN_BYTES)
		want = LEN_BYTES + (size_t)frame_len(c);
	room = want > c->in.len ? want - c->in.len : 0;
	if (room > READ_MAX)
		room = READ_MAX;
	if (room == 0)
		return 0;
	if (buf_reserve(&c->in, room) < 0)
		return -ENOMEM;
	do
		n = recv(c->fd, c->in.p + c->in.len, room, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return -EAGAIN;
	if (n <= 0) {
		c->eof = true;
		return 0;
	}
	c->in.len += (size_t)n;
	c->moved_ms = now_ms;
	return 0;
}

int conn_next(struct conn *c, size_t max_frame, size_t *budget, struct frame_in *ret)
{
	size_t n = unread(c), len;
	const uint8_t *p;
	le32 id;

	*ret = (struct frame_in){0};
	if (n < LEN_BYTES)
		return 0;
	p = c->in.p + c->in_at;
	len = frame_len(c);
	if (n >= FRAME_HEAD) {
		memcpy(&id, p + 8, sizeof id);
		ret->op = p[4];
		ret->id = get_le32(id);
	}
	if (len < LEN_MIN || len > max_frame)
		return -EPROTO;
	if (n < FRAME_HEAD)
		return 0;
	if (p[5] != 0 || p[6] != 0 || p[7] != 0)
		return -EPROTO;
	if (n - LEN_BYTES >= len) {
		ret->body = span_of(p + FRAME_HEAD, len - LEN_MIN);
		return 1;
	}
	if (LEN_BYTES + len > CONN_SMALL && c->held_in == 0) {
		if (*budget < len)
			return -ENOBUFS;
		*budget -= len;
		c->held_in = len;
	}
	return 0;
}

void conn_took(struct conn *c, size_t *budget)
{
	size_t left;

	c->in_at += LEN_BYTES + (size_t)frame_len(c);
	left = unread(c);
	if (left == 0) {
		buf_done(&c->in);
		c->in_at = 0;
	} else if (c->in.cap > 2 * (size_t)CONN_SMALL && left <= CONN_SMALL) {
		struct buf small = {0};

		buf_put(&small, c->in.p + c->in_at, left);
		if (small.err == 0) {
			buf_done(&c->in);
			c->in = small;
			c->in_at = 0;
		}
	}
	give_back(&c->held_in, budget);
}

/* --- out --- */

size_t conn_begin(struct conn *c, uint8_t op, uint32_t id)
{
	const le32 no_len = put_le32(0), le_id = put_le32(id);
	const uint8_t head[4] = {op | ANSWER_BIT};
	size_t place = c->out.len;

	buf_put(&c->out, &no_len, sizeof no_len);
	buf_put(&c->out, head, sizeof head);
	buf_put(&c->out, &le_id, sizeof le_id);
	return place;
}

void conn_status(struct conn *c, int32_t status)
{
	const le32 s = put_le32((uint32_t)status);

	buf_put(&c->out, &s, sizeof s);
}

void conn_end(struct conn *c, size_t place)
{
	le32 len;

	if (c->out.err < 0)
		return;
	len = put_le32((uint32_t)(c->out.len - place - LEN_BYTES));
	memcpy(c->out.p + place, &len, sizeof len);
}

ptrdiff_t conn_fail(struct conn *c, size_t place, int32_t status, const char *why)
{
	struct buf rest = {0};
	size_t behind, before = c->out.len;
	le32 len;

	if (c->out.err < 0)
		return 0;
	memcpy(&len, c->out.p + place, sizeof len);
	behind = place + LEN_BYTES + get_le32(len);
	buf_put(&rest, c->out.p + behind, before - behind);
	c->out.len = place + FRAME_HEAD;
	conn_status(c, status);
	buf_puts(&c->out, why);
	conn_end(c, place);
	buf_put(&c->out, rest.p, rest.len);
	if (rest.err < 0)
		c->out.err = rest.err;
	buf_done(&rest);
	return (ptrdiff_t)c->out.len - (ptrdiff_t)before;
}

size_t conn_unsent(const struct conn *c)
{
	return c->out.len - c->out_at;
}

void conn_flush(struct conn *c, size_t *budget, int64_t now_ms)
{
	/* An answer that there was no memory for cannot be left out. */
	if (c->out.err < 0)
		c->mute = c->eof = true;
	while (!c->mute && conn_unsent(c) > 0) {
		ssize_t n = send(c->fd, c->out.p + c->out_at, conn_unsent(c), MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n < 0) {
			c->mute = true;
			break;
		}
		c->out_at += (size_t)n;
		c->moved_ms = now_ms;
	}
	buf_done(&c->out);
	c->out_at = 0;
	give_back(&c->held_out, budget);
}
