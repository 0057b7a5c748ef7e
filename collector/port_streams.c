/* port_streams.c -- the connections of a port that points come to
 *
 * WHO IS ENDED. Nothing is sent to a client, so that one that is gone may never be heard of: a machine that does not
 * answer is found out by the kernel (port_socket.c); who has sent no whole line for as long as the configuration says,
 * or half a line for an hour, is ended; and where there are as many as there may be, who has been quiet longest makes
 * room for the next, unless that sent something a moment ago.
 */
#include "collector/port.h"

#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	READ_MAX = 256 << 10,    /* at once */
	LINE_MAX_LEN = 64 << 10, /* as documented in histd.conf.5 */
	HALF_LINE_MS = 3600000,
	CROWD_MS = 10000, /* who sent something since then does not have to make room */
};

static void unlink_stream(struct stream *s)
{
	*(s->earlier ? &s->earlier->later : &s->of->first) = s->later;
	*(s->later ? &s->later->earlier : &s->of->last) = s->earlier;
}

/* It is the one that a line came of last. */
static void link_last(struct stream *s)
{
	s->line_ms = port_now_ms();
	s->earlier = s->of->last;
	s->later = NULL;
	*(s->earlier ? &s->earlier->later : &s->of->first) = s;
	s->of->last = s;
}

static bool has_room(const struct port *p)
{
	return p->n_streams < p->config->max_clients;
}

/* From when on it has to make room for others. */
static int64_t makes_room_ms(const struct stream *s)
{
	return s->line_ms + CROWD_MS;
}

/* The first that has to. */
static int64_t crowd_ms(const struct port *p)
{
	return p->first ? makes_room_ms(p->first) : INT64_MAX;
}

void port_streams_listen(struct port *p)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = p};
	bool want = p->fd >= 0;

	if (want && p->stream)
		want = !p->resting && (has_room(p) || port_now_ms() >= crowd_ms(p));
	if (want != p->listening && epoll_ctl(p->all->epfd, want ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, p->fd, &e) == 0)
		p->listening = want;
	if (p->fd >= 0 && !want && !p->resting)
		listeners_wake_by(p->all, crowd_ms(p));
}

/* --- ending --- */

static void end(struct stream *s)
{
	struct port *p = s->of;

	unlink_stream(s);
	epoll_ctl(p->all->epfd, EPOLL_CTL_DEL, s->fd, NULL);
	close(s->fd);
	s->fd = -1;
	buf_done(&s->in);
	p->n_streams--;
	port_counts(p->all)->n_streams--;
	s->later = p->all->ended;
	p->all->ended = s;
	port_streams_listen(p);
}

void port_streams_free_ended(struct listeners *l)
{
	struct stream *s;

	while ((s = l->ended)) {
		l->ended = s->later;
		free(s);
	}
}

/* One that nothing comes of. */
static void end_quiet(struct stream *s)
{
	if (s->in.len > 0)
		port_lines_refuse(s->of, "half a line, of which the rest did not come");
	port_counts(s->of->all)->n_streams_ended++;
	end(s);
}

/* INT64_MAX: never, as it is. */
static int64_t ends_ms(const struct stream *s)
{
	uint64_t limit = s->of->config->idle_ms;

	if (s->in.len > 0 && (limit == 0 || limit > HALF_LINE_MS))
		limit = HALF_LINE_MS;
	return limit == 0 ? INT64_MAX : s->line_ms + (int64_t)limit;
}

/* --- reading --- */

/* What is left behind the last whole line stays, and no more memory than that. */
static bool take_lines(struct stream *s)
{
	size_t n = port_lines_take(s->of, span_of(s->in.p, s->in.len), false);
	struct buf left = {0};

	if (n > 0) {
		unlink_stream(s);
		link_last(s);
	}
	if (s->in.len - n >= LINE_MAX_LEN) {
		port_lines_refuse(s->of, "a line that is too long");
		return false;
	}
	buf_put(&left, s->in.p + n, s->in.len - n);
	buf_done(&s->in);
	s->in = left;
	return left.err == 0;
}

void port_streams_read(struct stream *s)
{
	ssize_t n;

	if (s->fd < 0)
		return;
	if (buf_reserve(&s->in, READ_MAX) < 0) {
		port_lines_refuse(s->of, strerror(ENOMEM));
		end(s);
		return;
	}
	n = recv(s->fd, s->in.p + s->in.len, READ_MAX, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	/* That its machine does not answer. */
	if (n < 0 && errno == ETIMEDOUT) {
		end_quiet(s);
		return;
	}
	if (n <= 0) {
		if (s->in.len > 0)
			port_lines_refuse(s->of, "half a line at the end");
		end(s);
		return;
	}
	s->in.len += (size_t)n;
	if (take_lines(s))
		listeners_wake_by(s->of->all, ends_ms(s));
	else
		end(s);
}

/* --- who is quiet --- */

/* What came and was not read yet counts. */
static void end_if_quiet(struct stream *s, int64_t (*until_ms)(const struct stream *s))
{
	port_streams_read(s);
	if (s->fd >= 0 && until_ms(s) <= port_now_ms())
		end_quiet(s);
}

void port_streams_end_idle(struct port *p)
{
	struct stream *next;

	for (struct stream *s = p->first; s; s = next) {
		next = s->later;
		if (ends_ms(s) <= port_now_ms())
			end_if_quiet(s, ends_ms);
		if (s->fd >= 0)
			listeners_wake_by(p->all, ends_ms(s));
	}
}

void port_streams_end_all(struct port *p)
{
	while (p->first)
		end(p->first);
}

/* --- accepting --- */

static int add(struct port *p, int fd)
{
	struct stream *s = calloc(1, sizeof *s);
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = s};

	if (!s)
		return -ENOMEM;
	*s = (struct stream){.event = {EVENT_STREAM}, .of = p, .fd = fd};
	if (epoll_ctl(p->all->epfd, EPOLL_CTL_ADD, fd, &e) < 0) {
		int r = -errno;

		free(s);
		return r;
	}
	link_last(s);
	p->n_streams++;
	port_counts(p->all)->n_streams++;
	listeners_wake_by(p->all, ends_ms(s));
	return 0;
}

/* Who waits stays readable: without descriptors or memory it would be tried again and again. */
static void rest(struct port *p, int r)
{
	port_lines_refuse(p, strerror(-r));
	p->resting = true;
	listeners_wake_by(p->all, port_now_ms() + RETRY_MS);
}

/* It may be one too many: who turns out not to be quiet stays. */
static void make_room(struct port *p)
{
	while (!has_room(p) && port_now_ms() >= crowd_ms(p))
		end_if_quiet(p->first, makes_room_ms);
}

void port_streams_accept(struct port *p)
{
	while (!p->resting && (has_room(p) || port_now_ms() >= crowd_ms(p))) {
		int fd = accept4(p->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), r;

		if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ECONNABORTED))
			break;
		if (fd >= 0)
			make_room(p);
		r = fd < 0 ? -errno : add(p, fd);
		if (r < 0) {
			cleanup_close(&fd);
			rest(p, r);
		}
	}
	port_streams_listen(p);
}
