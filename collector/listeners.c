/* listeners.c -- see listeners.h */
#include "collector/listeners.h"

#include "collector/address.h"
#include "collector/feed.h"
#include "collector/graphite.h"
#include "collector/influx.h"
#include "collector/say.h"
#include "collector/socket.h"
#include "collector/statsd.h"

#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>

enum {
	BACKLOG = 128,
	EVENTS_MAX = 64,
	READ_MAX = 256 << 10,    /* of a stream at once */
	LINE_MAX_LEN = 64 << 10, /* of a stream */
	DATAGRAM_MAX = 64 << 10,
	DATAGRAMS_MAX = 256,     /* of a port at once */
	RECEIVE_BYTES = 8 << 20, /* that the kernel is asked to keep of datagrams */
	SAY_MS = 60000,
	RETRY_S = 1, /* until more streams are accepted when one could not be */
};

/* Points of StatsD's names are not those of texts. */
static const uint64_t statsd_scope = UINT64_MAX;

enum what { PORT, STREAM, TIMER, RETRY };

/* What epoll tells of: the first thing in each. */
struct event {
	enum what what;
};

struct listener {
	struct event event;
	const struct config_listen *config;
	struct listeners *all;
	int fd;
	bool stream;
	char *path; /* of a socket's file */
	size_t n_streams;
	bool listening;    /* more streams may come */
	bool resting;      /* one could not be accepted a moment ago */
	uint32_t missed;   /* datagrams, as the kernel counts */
	int64_t said_ms;   /* 0: never */
	uint64_t n_silent; /* refused since then */
};

struct stream {
	struct event event;
	struct listener *of;
	struct stream *prev, *next;
	int fd;
	struct buf in;
};

struct listeners {
	struct ingest *ingest;
	struct config *config;
	const struct config_series *series;
	int epfd;
	struct listener *v;
	size_t n;
	struct stream *streams;

	struct event retry;
	int retryfd;
	struct event timer;
	int timerfd; /* -1: there is no statsd */
	struct statsd *statsd;
	uint8_t datagram[DATAGRAM_MAX];
};

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static int64_t now_ms(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

/* --- what comes --- */

/* Once a minute at most: whoever can send can send rubbish. */
static void say_refused(struct listener *l, uint64_t n, const char *why)
{
	int64_t now = now_ms();

	if (n == 0)
		return;
	if (l->said_ms != 0 && now - l->said_ms < SAY_MS) {
		l->n_silent += n;
		return;
	}
	say("%s: %llu refused, as this one: %s", l->config->address, (unsigned long long)(n + l->n_silent), why);
	l->said_ms = now;
	l->n_silent = 0;
}

static struct gauges_stat *counts(struct listener *l)
{
	return gauges_counts(ingest_gauges(l->all->ingest));
}

static void refuse_one(struct listener *l, const char *why)
{
	counts(l)->n_refused++;
	say_refused(l, 1, why);
}

struct statsd_taker {
	struct statsd_sink sink; /* first */
	struct listener *of;
	int64_t now_ms;
};

static void take_sample(struct statsd_sink *s, const struct statsd_sample *sample)
{
	struct statsd_taker *t = (struct statsd_taker *)s;
	const char *why = statsd_add(t->of->all->statsd, sample, t->now_ms);

	if (why)
		refuse_one(t->of, why);
}

static void refuse_sample(struct statsd_sink *s, const char *why)
{
	refuse_one(((struct statsd_taker *)s)->of, why);
}

static size_t take_statsd(struct listener *l, struct span text, bool whole)
{
	struct statsd_taker t = {{.sample = take_sample, .refuse = refuse_sample}, l, now_ms()};

	return statsd_line_parse(text, whole, &t.sink);
}

/* Whole lines, or, with `whole`, all of it. Returns how much was taken. */
static size_t take(struct listener *l, struct span text, bool whole)
{
	struct feed *f = gauges_feed(ingest_gauges(l->all->ingest));
	int64_t now = clock_ns(CLOCK_REALTIME);
	struct feed_result result;
	struct point_sink *sink;
	size_t n;
	int r;

	if (l->config->form == LISTEN_STATSD)
		return take_statsd(l, text, whole);
	sink = feed_begin(f, 0, NULL, 0);
	n = l->config->form == LISTEN_INFLUX ? influx_parse(text, whole, now, (int64_t)l->config->unit, sink)
	                                     : graphite_parse(text, whole, now, sink);
	r = feed_end(f, &result);
	say_refused(l, result.refused, result.why);
	/* That it failed was said where it did. */
	return r < 0 ? span_left(&text) : n;
}

/* --- datagrams --- */

static void count_missed(struct listener *l, struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		uint32_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
			continue;
		memcpy(&n, CMSG_DATA(c), sizeof n);
		counts(l)->n_missed += n - l->missed;
		l->missed = n;
	}
}

/* One datagram. False: there is none. */
static bool take_datagram(struct listener *l)
{
	uint8_t *room = l->all->datagram;
	struct iovec part = {room, DATAGRAM_MAX};
	union {
		char bytes[CMSG_SPACE(sizeof(uint32_t))];
		struct cmsghdr align;
	} control;
	struct msghdr m = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control};
	ssize_t n = recvmsg(l->fd, &m, MSG_DONTWAIT);

	if (n < 0)
		return errno == EINTR;
	counts(l)->n_datagrams++;
	count_missed(l, &m);
	if (m.msg_flags & MSG_TRUNC)
		refuse_one(l, "a datagram that is too long");
	else
		take(l, span_of(room, (size_t)n), true);
	return true;
}

/* --- streams --- */

/* Accepts as long as there may be more. */
static void listen_or_not(struct listener *l)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = l};
	bool want = !l->stream || (!l->resting && l->n_streams < l->config->max_clients);

	if (want != l->listening && epoll_ctl(l->all->epfd, want ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, l->fd, &e) == 0)
		l->listening = want;
}

static void close_stream(struct stream *s)
{
	struct listener *l = s->of;

	*(s->prev ? &s->prev->next : &l->all->streams) = s->next;
	if (s->next)
		s->next->prev = s->prev;
	close(s->fd);
	buf_done(&s->in);
	free(s);
	l->n_streams--;
	listen_or_not(l);
}

static int add_stream(struct listener *l, int fd)
{
	struct stream *s = calloc(1, sizeof *s);
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = s};

	if (!s)
		return -ENOMEM;
	*s = (struct stream){.event = {STREAM}, .of = l, .fd = fd, .next = l->all->streams};
	if (epoll_ctl(l->all->epfd, EPOLL_CTL_ADD, fd, &e) < 0) {
		free(s);
		return -errno;
	}
	if (s->next)
		s->next->prev = s;
	l->all->streams = s;
	l->n_streams++;
	return 0;
}

/* Who waits stays readable: without descriptors or memory it would be tried again and again. */
static void rest(struct listener *l, int r)
{
	struct itimerspec t = {.it_value = {.tv_sec = RETRY_S}};

	refuse_one(l, strerror(-r));
	l->resting = timerfd_settime(l->all->retryfd, 0, &t, NULL) == 0;
}

static void accept_some(struct listener *l)
{
	while (!l->resting && l->n_streams < l->config->max_clients) {
		int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), r;

		if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ECONNABORTED))
			break;
		r = fd < 0 ? -errno : add_stream(l, fd);
		if (r < 0) {
			cleanup_close(&fd);
			rest(l, r);
		}
	}
	listen_or_not(l);
}

static void take_retry(struct listeners *all)
{
	uint64_t n;

	if (read(all->retryfd, &n, sizeof n) != (ssize_t)sizeof n)
		return;
	for (size_t i = 0; i < all->n; i++) {
		all->v[i].resting = false;
		if (all->v[i].fd >= 0)
			listen_or_not(&all->v[i]);
	}
}

/* What is left behind the last whole line stays, and no more memory than that. */
static bool take_lines(struct stream *s)
{
	size_t n = take(s->of, span_of(s->in.p, s->in.len), false);
	struct buf rest = {0};

	if (s->in.len - n >= LINE_MAX_LEN) {
		refuse_one(s->of, "a line that is too long");
		return false;
	}
	buf_put(&rest, s->in.p + n, s->in.len - n);
	buf_done(&s->in);
	s->in = rest;
	return rest.err == 0;
}

static void read_stream(struct stream *s)
{
	ssize_t n;

	if (buf_reserve(&s->in, READ_MAX) < 0) {
		refuse_one(s->of, strerror(ENOMEM));
		close_stream(s);
		return;
	}
	n = recv(s->fd, s->in.p + s->in.len, READ_MAX, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (n <= 0) {
		if (s->in.len > 0)
			refuse_one(s->of, "half a line at the end");
		close_stream(s);
		return;
	}
	s->in.len += (size_t)n;
	if (!take_lines(s))
		close_stream(s);
}

/* --- statsd --- */

/* The next interval's end is a multiple of it, by the clock, which is not to be before it when the timer is: what comes
 * of an interval would take the place of what came of the last. */
static void set_timer(struct listeners *l)
{
	int64_t interval = (int64_t)l->series->statsd.interval_ms * 1000000;
	int r;

	do {
		int64_t now = clock_ns(CLOCK_REALTIME), end = now - now % interval + interval;
		struct itimerspec t = {.it_value = {end / 1000000000, end % 1000000000}};

		r = timerfd_settime(l->timerfd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &t, NULL);
	} while (r < 0 && errno == ECANCELED);
	if (r < 0)
		say("statsd: %s", strerror(errno));
}

static void flush_statsd(struct listeners *l, int64_t ns)
{
	struct feed *f = gauges_feed(ingest_gauges(l->ingest));
	struct feed_result result;

	statsd_flush(l->statsd, now_ms(), ns, feed_begin(f, statsd_scope, NULL, 0));
	if (feed_end(f, &result) == 0 && result.refused > 0)
		say("statsd: %llu points refused; the first: %s", (unsigned long long)result.refused, result.why);
}

static void take_timer(struct listeners *l)
{
	int64_t interval = (int64_t)l->series->statsd.interval_ms * 1000000;
	uint64_t n;

	if (read(l->timerfd, &n, sizeof n) == (ssize_t)sizeof n) {
		int64_t ns = clock_ns(CLOCK_REALTIME);

		flush_statsd(l, ns - ns % interval);
	} else if (errno != ECANCELED) {
		return;
	}
	/* Also when the clock was set. */
	set_timer(l);
}

static int open_statsd(struct listeners *l)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = &l->timer};
	int r = statsd_new(l->series->statsd.max_names, l->series->statsd.idle_ms, &l->statsd);

	if (r < 0)
		return r;
	l->timer.what = TIMER;
	l->timerfd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (l->timerfd < 0 || epoll_ctl(l->epfd, EPOLL_CTL_ADD, l->timerfd, &e) < 0)
		return -errno;
	set_timer(l);
	return 0;
}

/* --- all --- */

int listeners_fd(const struct listeners *l)
{
	return l->epfd;
}

void listeners_serve(struct listeners *l)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(l->epfd, events, EVENTS_MAX, 0);

	for (int i = 0; i < n; i++) {
		struct event *e = events[i].data.ptr;
		struct listener *port = (struct listener *)e;

		if (e->what == TIMER)
			take_timer(l);
		else if (e->what == RETRY)
			take_retry(l);
		else if (e->what == STREAM)
			read_stream((struct stream *)e);
		else if (port->stream)
			accept_some(port);
		else
			for (int k = 0; k < DATAGRAMS_MAX && take_datagram(port); k++)
				;
	}
}

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

static int bind_port(struct listener *l, const struct address *a)
{
	int on = 1, bytes = RECEIVE_BYTES;

	l->stream = a->type == SOCK_STREAM;
	l->fd = socket(a->addr.ss_family, a->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return -errno;
	if (a->addr.ss_family == AF_UNIX) {
		int r = bind_file(l->fd, a, (mode_t)l->config->mode);

		if (r < 0)
			return r;
		l->path = strdup(((const struct sockaddr_un *)&a->addr)->sun_path);
	} else if ((l->stream && setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) ||
	           bind(l->fd, (const struct sockaddr *)&a->addr, a->len) < 0) {
		return -errno;
	}
	if (l->stream)
		return listen(l->fd, BACKLOG) < 0 ? -errno : 0;
	/* As much as there may be. */
	if (setsockopt(l->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
		setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	setsockopt(l->fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
	return 0;
}

static void open_port(struct listeners *all, struct listener *l, const struct config_listen *c)
{
	struct address a;
	int r;

	*l = (struct listener){.event = {PORT}, .config = c, .all = all, .fd = -1};
	r = address_parse(c->address, &a) ? bind_port(l, &a) : -EINVAL;
	if (r < 0) {
		say("[listen.%s]: %s: %s", c->name, c->address, strerror(-r));
		cleanup_close(&l->fd);
		l->fd = -1;
		return;
	}
	if (!address_is_local(&a))
		say("[listen.%s]: %s can be reached from other machines, and whoever reaches it is believed", c->name,
		    c->address);
	listen_or_not(l);
}

static int open_retry(struct listeners *l)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = &l->retry};

	l->retry.what = RETRY;
	l->retryfd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (l->retryfd < 0 || epoll_ctl(l->epfd, EPOLL_CTL_ADD, l->retryfd, &e) < 0)
		return -errno;
	return 0;
}

int listeners_open(struct ingest *g, struct config *c, struct listeners **ret)
{
	struct listeners *l;
	bool statsd = false;
	int r = 0;

	*ret = NULL;
	if (c->series.n_listens == 0 || !gauges_feed(ingest_gauges(g)))
		return 0;
	l = calloc(1, sizeof *l);
	if (!l)
		return -ENOMEM;
	l->ingest = g;
	l->config = config_get(c);
	l->series = &c->series;
	l->timerfd = l->retryfd = -1;
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	l->v = calloc(c->series.n_listens, sizeof *l->v);
	if (l->epfd < 0)
		r = -errno;
	else
		r = l->v ? open_retry(l) : -ENOMEM;
	for (size_t i = 0; r == 0 && i < c->series.n_listens; i++) {
		open_port(l, &l->v[l->n++], &c->series.listens[i]);
		statsd |= c->series.listens[i].form == LISTEN_STATSD;
	}
	if (r == 0 && statsd)
		r = open_statsd(l);
	if (r < 0) {
		listeners_close(l);
		return r;
	}
	*ret = l;
	return 0;
}

void listeners_close(struct listeners *l)
{
	while (l->streams)
		close_stream(l->streams);
	if (l->statsd) {
		if (l->timerfd >= 0)
			flush_statsd(l, clock_ns(CLOCK_REALTIME));
		statsd_free(l->statsd);
	}
	for (size_t i = 0; i < l->n; i++) {
		cleanup_close(&l->v[i].fd);
		if (l->v[i].path)
			unlink(l->v[i].path);
		free(l->v[i].path);
	}
	free(l->v);
	cleanup_close(&l->timerfd);
	cleanup_close(&l->retryfd);
	cleanup_close(&l->epfd);
	config_put(l->config);
	free(l);
}
