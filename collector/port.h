/* port.h -- a port that points come to, and what all ports share: for listeners.c and its parts
 *
 * port_socket.c makes the socket, port_streams.c has the connections, port_lines.c what comes of either; listeners.c
 * has all of them. For the server's thread.
 */
#ifndef COLLECTOR_PORT_H
#define COLLECTOR_PORT_H

#include "collector/ingest.h"
#include "collector/statsd.h"

#include <time.h>

enum {
	DATAGRAM_MAX = 64 << 10,
	RETRY_MS = 1000, /* what could not be opened or accepted is tried again */
};

/* What epoll tells of: the first thing in each. */
struct event {
	enum { EVENT_PORT, EVENT_STREAM, EVENT_INTERVAL, EVENT_WAKE } what;
};

struct stream {
	struct event event;
	struct port *of;
	struct stream *earlier, *later; /* of the port, by line_ms; later: also of those that are ended */
	int fd;                         /* -1: it is ended */
	int64_t line_ms;                /* when it came, or a whole line of it, monotonic */
	struct buf in;                  /* half a line */
};

struct port {
	struct event event;
	struct port *next;
	struct listeners *all;
	const struct config_listen *config;
	int fd; /* -1: it is not open */
	int r;  /* why not, as was said */
	bool stream;
	char *path; /* of a socket's file */

	/* port_streams.c's. */
	struct stream *first, *last; /* whose last whole line came longest ago, and most recently */
	size_t n_streams;
	bool listening; /* epoll is asked */
	bool resting;   /* one could not be accepted a moment ago */

	/* port_lines.c's. */
	uint32_t missed;   /* datagrams, as the kernel counts */
	int64_t said_ms;   /* 0: never */
	uint64_t n_silent; /* refused since then */
};

struct listeners {
	struct ingest *ingest;
	struct config *config;
	int epfd;
	struct port *ports;
	struct stream *ended; /* which epoll may have told of: freed behind its events */

	struct event wake;
	int wakefd;
	int64_t wake_ms; /* INT64_MAX: it is not set */

	struct event interval;
	int intervalfd;
	struct statsd *statsd; /* NULL: no port has its lines */
	uint8_t datagram[DATAGRAM_MAX];
};

/* Monotonic. */
static inline int64_t port_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* Of the day. */
static inline int64_t port_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static inline struct gauges_stat *port_counts(const struct listeners *l)
{
	return gauges_counts(ingest_gauges(l->ingest));
}

/* --- port_socket.c --- */

/* Opens it as it is configured. An error is the caller's to say. */
int port_socket_open(struct port *p);
/* Closes it, and removes its file. */
void port_socket_close(struct port *p);

/* --- port_streams.c --- */

/* More are accepted, or asked for no more, as there is room. */
void port_streams_listen(struct port *p);
/* Accepts who waits. */
void port_streams_accept(struct port *p);
void port_streams_read(struct stream *s);
/* Ends those that no whole line has come of for too long. */
void port_streams_end_idle(struct port *p);
void port_streams_end_all(struct port *p);
void port_streams_free_ended(struct listeners *l);

/* --- port_lines.c --- */

/* Whole lines, or, with `whole`, all of it. Returns how much was taken. */
size_t port_lines_take(struct port *p, struct span text, bool whole);
/* One datagram. False: there is none. */
bool port_lines_datagram(struct port *p);
/* Counts one more, and says why, once a minute at most: whoever can send can send rubbish. */
void port_lines_refuse(struct port *p, const char *why);

/* --- listeners.c --- */

/* All ports are looked after at that time, monotonic, at the latest. */
void listeners_wake_by(struct listeners *l, int64_t ms);

#endif
