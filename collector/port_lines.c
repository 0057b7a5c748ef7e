/* port_lines.c -- what comes to a port: lines in streams and in datagrams, taken or refused */
#include "collector/port.h"

#include "collector/feed.h"
#include "collector/graphite.h"
#include "collector/influx.h"
#include "collector/say.h"

#include <sys/socket.h>

enum { SAY_MS = 60000 };

static void say_refused(struct port *p, uint64_t n, const char *why)
{
	int64_t now = port_now_ms();

	if (n == 0)
		return;
	if (p->said_ms != 0 && now - p->said_ms < SAY_MS) {
		p->n_silent += n;
		return;
	}
	say("%s: %llu refused, as this one: %s", p->config->address, (unsigned long long)(n + p->n_silent), why);
	p->said_ms = now;
	p->n_silent = 0;
}

void port_lines_refuse(struct port *p, const char *why)
{
	port_counts(p->all)->n_refused++;
	say_refused(p, 1, why);
}

struct statsd_taker {
	struct statsd_sink sink; /* first */
	struct port *of;
	int64_t now_ms;
};

static void take_sample(struct statsd_sink *s, const struct statsd_sample *sample)
{
	struct statsd_taker *t = (struct statsd_taker *)s;
	struct statsd *statsd = t->of->all->statsd;
	const char *why = statsd ? statsd_add(statsd, sample, t->now_ms) : strerror(ENOMEM);

	if (why)
		port_lines_refuse(t->of, why);
}

static void refuse_sample(struct statsd_sink *s, const char *why)
{
	port_lines_refuse(((struct statsd_taker *)s)->of, why);
}

static size_t take_statsd(struct port *p, struct span text, bool whole)
{
	struct statsd_taker t = {{.sample = take_sample, .refuse = refuse_sample}, p, port_now_ms()};

	return statsd_line_parse(text, whole, &t.sink);
}

size_t port_lines_take(struct port *p, struct span text, bool whole)
{
	struct feed *f = gauges_feed(ingest_gauges(p->all->ingest));
	int64_t now = port_now_ns();
	struct feed_result result;
	struct point_sink *sink;
	size_t n;
	int r;

	if (p->config->form == LISTEN_STATSD)
		return take_statsd(p, text, whole);
	sink = feed_begin(f, 0, NULL, 0);
	n = p->config->form == LISTEN_INFLUX ? influx_parse(text, whole, now, (int64_t)p->config->unit, sink)
	                                     : graphite_parse(text, whole, now, sink);
	r = feed_end(f, &result);
	say_refused(p, result.refused, result.why);
	/* That it failed was said where it did. */
	return r < 0 ? span_left(&text) : n;
}

/* --- datagrams --- */

static void count_missed(struct port *p, struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		uint32_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
			continue;
		memcpy(&n, CMSG_DATA(c), sizeof n);
		port_counts(p->all)->n_missed += n - p->missed;
		p->missed = n;
	}
}

bool port_lines_datagram(struct port *p)
{
	uint8_t *room = p->all->datagram;
	struct iovec part = {room, DATAGRAM_MAX};
	union {
		char bytes[CMSG_SPACE(sizeof(uint32_t))];
		struct cmsghdr align;
	} control;
	struct msghdr m = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control};
	ssize_t n = recvmsg(p->fd, &m, MSG_DONTWAIT);

	if (n < 0)
		return errno == EINTR;
	port_counts(p->all)->n_datagrams++;
	count_missed(p, &m);
	if (m.msg_flags & MSG_TRUNC)
		port_lines_refuse(p, "a datagram that is too long");
	else
		port_lines_take(p, span_of(room, (size_t)n), true);
	return true;
}
