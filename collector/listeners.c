/* listeners.c -- see listeners.h */
#include "collector/listeners.h"

#include "collector/feed.h"
#include "collector/port.h"
#include "collector/say.h"

#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

enum {
	EVENTS_MAX = 16,     /* so that streams with much to read are not all read in one turn */
	DATAGRAMS_MAX = 256, /* of a port at once */
};

/* Points of StatsD's names are not those of texts. */
static const uint64_t statsd_scope = UINT64_MAX;

/* --- statsd --- */

/* The next interval's end is a multiple of it, by the clock, which is not to be before it when the timer is: what comes
 * of an interval would take the place of what came of the last. */
static void set_timer(struct listeners *l)
{
	int64_t interval = (int64_t)l->config->series.statsd.interval_ms * 1000000;
	int r;

	do {
		int64_t now = port_now_ns(), end = now - now % interval + interval;
		struct itimerspec t = {.it_value = {end / 1000000000, end % 1000000000}};

		r = timerfd_settime(l->intervalfd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &t, NULL);
	} while (r < 0 && errno == ECANCELED);
	if (r < 0)
		say("statsd: %s", strerror(errno));
}

static void flush_statsd(struct listeners *l, int64_t ns)
{
	struct feed *f = gauges_feed(ingest_gauges(l->ingest));
	struct feed_result result;

	statsd_flush(l->statsd, port_now_ms(), ns, feed_begin(f, statsd_scope, NULL, 0));
	if (feed_end(f, &result) == 0 && result.refused > 0)
		say("statsd: %llu points refused; the first: %s", (unsigned long long)result.refused, result.why);
}

static void take_interval(struct listeners *l)
{
	int64_t interval = (int64_t)l->config->series.statsd.interval_ms * 1000000;
	uint64_t n;

	if (read(l->intervalfd, &n, sizeof n) == (ssize_t)sizeof n) {
		int64_t ns = port_now_ns();

		flush_statsd(l, ns - ns % interval);
	} else if (errno != ECANCELED) {
		return;
	}
	/* Also when the clock was set. */
	set_timer(l);
}

static int open_statsd(struct listeners *l)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = &l->interval};
	int r = statsd_new(l->config->series.statsd.max_names, l->config->series.statsd.idle_ms, &l->statsd);

	if (r < 0)
		return r;
	l->interval.what = EVENT_INTERVAL;
	l->intervalfd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (l->intervalfd < 0 || epoll_ctl(l->epfd, EPOLL_CTL_ADD, l->intervalfd, &e) < 0)
		return -errno;
	set_timer(l);
	return 0;
}

/* What has come becomes points. */
static void close_statsd(struct listeners *l)
{
	if (l->statsd && l->intervalfd >= 0)
		flush_statsd(l, port_now_ns());
	if (l->statsd)
		statsd_free(l->statsd);
	cleanup_close(&l->intervalfd);
	l->statsd = NULL;
	l->intervalfd = -1;
}

/* --- ports --- */

void listeners_wake_by(struct listeners *l, int64_t ms)
{
	struct itimerspec t = {.it_value = {ms / 1000, ms % 1000 * 1000000}};

	if (ms >= l->wake_ms)
		return;
	if (timerfd_settime(l->wakefd, TFD_TIMER_ABSTIME, &t, NULL) < 0)
		say("ports: %s", strerror(errno));
	else
		l->wake_ms = ms;
}

/* Why it is not open is said when that changes. */
static void open_port(struct port *p)
{
	int r = port_socket_open(p);

	if (r < 0) {
		if (r != p->r)
			say("[listen.%s]: %s: %s", p->config->name, p->config->address, strerror(-r));
		listeners_wake_by(p->all, port_now_ms() + RETRY_MS);
	} else if (p->r < 0) {
		say("[listen.%s]: %s is open now", p->config->name, p->config->address);
	}
	p->r = r;
	port_streams_listen(p);
}

static void free_port(struct port *p)
{
	port_streams_end_all(p);
	port_socket_close(p);
	free(p);
}

/* Whatever is due. */
static void take_wake(struct listeners *l)
{
	uint64_t n;

	if (read(l->wakefd, &n, sizeof n) != (ssize_t)sizeof n)
		return;
	l->wake_ms = INT64_MAX;
	for (struct port *p = l->ports; p; p = p->next) {
		p->resting = false;
		if (p->fd < 0)
			open_port(p);
		port_streams_end_idle(p);
		port_streams_listen(p);
	}
}

/* --- configuration --- */

/* The port at that address, with lines of that form, is taken out of the list; NULL: there is none. */
static struct port *take_out(struct port **list, const struct config_listen *c)
{
	struct port *p;

	for (; (p = *list); list = &p->next)
		if (strcmp(p->config->address, c->address) == 0 && p->config->form == c->form) {
			*list = p->next;
			return p;
		}
	return NULL;
}

/* It goes on as the configuration says now. */
static void keep_port(struct port *p, const struct config_listen *c)
{
	if (p->path && c->mode != p->config->mode && chmod(p->path, (mode_t)c->mode) < 0)
		say("[listen.%s]: %s: %s", c->name, p->path, strerror(errno));
	p->config = c;
	port_streams_end_idle(p);
	port_streams_listen(p);
}

static struct port *new_port(struct listeners *l, const struct config_listen *c)
{
	struct port *p = calloc(1, sizeof *p);

	if (p)
		*p = (struct port){.event = {EVENT_PORT}, .all = l, .config = c, .fd = -1};
	return p;
}

/* Ports that stay are kept, with their connections; the others are closed before there are new ones, which may have
 * their addresses. */
static int set_ports(struct listeners *l, const struct config_series *c)
{
	struct port *before = TAKE(l->ports), **end = &l->ports, *p;
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->n_listens; i++) {
		p = take_out(&before, &c->listens[i]);
		if (p)
			keep_port(p, &c->listens[i]);
		else
			p = new_port(l, &c->listens[i]);
		if (!p)
			r = -ENOMEM;
		else
			*end = p;
		if (p)
			end = &p->next;
		*end = NULL;
	}
	while ((p = before)) {
		before = p->next;
		free_port(p);
	}
	for (p = l->ports; p; p = p->next)
		if (p->fd < 0)
			open_port(p);
	return r;
}

static int set_statsd(struct listeners *l, bool same_interval)
{
	const struct config_series *c = &l->config->series;
	bool want = false;
	int r;

	for (const struct port *p = l->ports; p; p = p->next)
		want |= p->config->form == LISTEN_STATSD;
	if (!want) {
		close_statsd(l);
		return 0;
	}
	if (!l->statsd) {
		r = open_statsd(l);
		if (r < 0)
			close_statsd(l);
		return r;
	}
	statsd_configure(l->statsd, c->statsd.max_names, c->statsd.idle_ms);
	if (!same_interval)
		set_timer(l);
	return 0;
}

void listeners_configure(struct listeners *l, struct config *c)
{
	struct config *before = l->config;
	int r, statsd;

	l->config = config_get(c);
	r = set_ports(l, &c->series);
	statsd = set_statsd(l, c->series.statsd.interval_ms == before->series.statsd.interval_ms);
	port_streams_free_ended(l);
	config_put(before);
	if (r < 0 || statsd < 0)
		say("ports: %s", strerror(r < 0 ? -r : -statsd));
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
		struct port *port = (struct port *)e;

		if (e->what == EVENT_INTERVAL)
			take_interval(l);
		else if (e->what == EVENT_WAKE)
			take_wake(l);
		else if (e->what == EVENT_STREAM)
			port_streams_read((struct stream *)e);
		else if (port->stream)
			port_streams_accept(port);
		else
			for (int k = 0; k < DATAGRAMS_MAX && port_lines_datagram(port); k++)
				;
	}
	port_streams_free_ended(l);
}

static int open_wake(struct listeners *l)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = &l->wake};

	l->wake.what = EVENT_WAKE;
	l->wake_ms = INT64_MAX;
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epfd < 0)
		return -errno;
	l->wakefd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (l->wakefd < 0 || epoll_ctl(l->epfd, EPOLL_CTL_ADD, l->wakefd, &e) < 0)
		return -errno;
	return 0;
}

int listeners_open(struct ingest *g, struct config *c, struct listeners **ret)
{
	struct listeners *l;
	int r;

	*ret = NULL;
	if (c->series.n_listens == 0 || !gauges_feed(ingest_gauges(g)))
		return 0;
	l = calloc(1, sizeof *l);
	if (!l)
		return -ENOMEM;
	l->ingest = g;
	l->config = config_get(c);
	l->epfd = l->wakefd = l->intervalfd = -1;
	r = open_wake(l);
	if (r == 0)
		r = set_ports(l, &c->series);
	if (r == 0)
		r = set_statsd(l, true);
	if (r < 0) {
		listeners_close(l);
		return r;
	}
	*ret = l;
	return 0;
}

void listeners_close(struct listeners *l)
{
	struct port *p;

	while ((p = l->ports)) {
		l->ports = p->next;
		free_port(p);
	}
	port_streams_free_ended(l);
	close_statsd(l);
	cleanup_close(&l->wakefd);
	cleanup_close(&l->epfd);
	config_put(l->config);
	free(l);
}
