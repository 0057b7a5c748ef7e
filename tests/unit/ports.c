/* ports.c -- tests of collector/listeners.c and its parts: which connections are ended, by a clock that is set
 *
 * The rest is in tests/cli/streams.t, ports.t and points.t.
 */
#include "collector/listeners.h"
#include "tests/unit/served.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>

int __real_clock_gettime(clockid_t id, struct timespec *ret);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret);
int __real_timerfd_settime(int fd, int flags, const struct itimerspec *t, struct itimerspec *old);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *t, struct itimerspec *old);

/* --- a clock that stands still until it is set, and a timer that goes by it --- */

static int64_t clock_ms = 1000000, due_ms = INT64_MAX;
static int timer = -1;

int __wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
	if (id != CLOCK_MONOTONIC)
		return __real_clock_gettime(id, ret);
	*ret = (struct timespec){clock_ms / 1000, clock_ms % 1000 * 1000000};
	return 0;
}

/* It is readable when this is over. */
static void fire_if_due(void)
{
	const struct itimerspec at_once = {.it_value = {0, 1}};
	struct pollfd p = {.fd = timer, .events = POLLIN};

	if (due_ms > clock_ms)
		return;
	due_ms = INT64_MAX;
	ok_r(__real_timerfd_settime(timer, 0, &at_once, NULL));
	eq(poll(&p, 1, -1), 1);
}

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *t, struct itimerspec *old)
{
	if (flags & TFD_TIMER_CANCEL_ON_SET) /* of StatsD's intervals, which go by the clock */
		return __real_timerfd_settime(fd, flags, t, old);
	timer = fd;
	due_ms = t->it_value.tv_sec * INT64_C(1000) + t->it_value.tv_nsec / 1000000;
	fire_if_due();
	return 0;
}

/* --- ports without a server --- */

static struct served s;
static struct listeners *listeners;

static void serve(void)
{
	struct pollfd p = {.fd = listeners_fd(listeners), .events = POLLIN};

	while (poll(&p, 1, 0) > 0)
		listeners_serve(listeners);
}

static void pass(int64_t ms)
{
	clock_ms += ms;
	fire_if_due();
	serve();
}

/* One port, of that many clients at most. */
static void begin(int max_clients)
{
	const struct recorder_options o = {0};
	const char *dir = tap_tmpdir();
	char text[256];

	s = (struct served){.file = {.fd = -1, .lockfd = -1}};
	snprintf(s.dir, sizeof s.dir, "%s/store", dir);
	snprintf(s.socket, sizeof s.socket, "%s/port", dir);
	snprintf(text, sizeof text,
	    "[series]\nsync = none\n[listen.p]\naddress = unix:%s\nform = graphite\nmax_clients = %d\n", s.socket,
	    max_clients);
	s.config = served_config(dir, text);
	if (!ok(s.config) || !ok_r(recorder_open(s.dir, &o, &s.rec)) ||
	    !ok_r(ingest_open(recorder_dirfd(s.rec), recorder_store_id(s.rec), s.config, &s.ingest)) ||
	    !ok_r(listeners_open(s.ingest, s.config, &listeners)))
		exit(1);
}

static void end(void)
{
	listeners_close(listeners);
	served_end(&s);
}

static int client(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof addr.sun_path, "%s", s.socket);
	ok(connect(fd, (const struct sockaddr *)&addr, sizeof addr) == 0);
	return fd;
}

static void tell(int fd, const char *text)
{
	eq(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static bool is_there(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static const struct gauges_stat *counts(void)
{
	return gauges_counts(ingest_gauges(s.ingest));
}

/* --- tests --- */

static void half_a_line_is_waited_for_for_an_hour(void)
{
	int half, whole, drip;

	begin(3);
	half = client();
	whole = client();
	drip = client();
	tell(half, "a 1 1\nb 1");
	tell(whole, "c 1 1\n");
	serve();
	eq(counts()->n_streams, 3);
	for (int i = 0; i < 59; i++) {
		tell(drip, "x");
		serve();
		pass(60000);
	}
	ok(is_there(half) && is_there(whole) && is_there(drip));
	pass(59999);
	ok(is_there(half) && is_there(whole) && is_there(drip));
	pass(1);
	ok(!is_there(half) && is_there(whole) && !is_there(drip));
	eq(counts()->n_streams, 1);
	eq(counts()->n_streams_ended, 2);
	eq(counts()->n_refused, 2);
	pass(INT64_C(100) * 86400000);
	ok(is_there(whole));
	tell(whole, "c 2 2\n");
	serve();
	ok(is_there(whole));
	close(half);
	close(whole);
	close(drip);
	end();
}

static void who_has_been_quiet_longest_makes_room(void)
{
	int a, b, c, d;

	begin(2);
	a = client();
	serve();
	pass(1000);
	b = client();
	serve();
	pass(1000);
	tell(a, "a 1 1\n");
	serve();
	pass(1000);
	/* b was heard of two seconds ago: c has to wait for eight more. */
	c = client();
	tell(c, "c 1 1\n");
	serve();
	pass(7999);
	ok(is_there(a) && is_there(b));
	eq(counts()->n_streams, 2);
	pass(1);
	ok(is_there(a) && !is_there(b) && is_there(c));
	eq(counts()->n_streams_ended, 1);
	/* a has sent something that was not read yet: nobody makes room for d before that. */
	pass(9999);
	tell(a, "a 2 2\n");
	d = client();
	pass(1);
	ok(is_there(a) && !is_there(c) && is_there(d));
	eq(counts()->n_streams, 2);
	close(a);
	close(b);
	close(c);
	close(d);
	end();
}

static void who_goes_makes_room_at_once(void)
{
	int a, b;

	begin(1);
	a = client();
	serve();
	b = client();
	tell(b, "b 1 1\n");
	serve();
	eq(counts()->n_streams, 1);
	close(a);
	serve();
	ok(is_there(b));
	eq(counts()->n_streams, 1);
	eq(counts()->n_streams_ended, 0);
	close(b);
	end();
}

static void configure(const char *ports)
{
	struct config *c = served_config(s.dir, ports);

	if (!ok(c))
		return;
	listeners_configure(listeners, c);
	config_put(s.config);
	s.config = c;
}

static void what_is_configured_anew_holds_for_connections_that_stay(void)
{
	char text[256];
	int a;

	begin(2);
	a = client();
	tell(a, "a 1 1\n");
	serve();
	pass(5000);
	snprintf(text, sizeof text,
	    "[listen.q]\naddress = unix:%s-q\nform = statsd\n[listen.other]\naddress = unix:%s\nform = graphite\n"
	    "idle = 6s\n",
	    s.socket, s.socket);
	configure(text);
	serve();
	pass(999);
	ok(is_there(a));
	pass(1);
	ok(!is_there(a));
	eq(counts()->n_streams_ended, 1);
	close(a);
	a = client();
	serve();
	eq(counts()->n_streams, 1);
	configure("");
	ok(!is_there(a));
	eq(counts()->n_streams, 0);
	ok(access(s.socket, F_OK) < 0);
	configure(text);
	ok_r(access(s.socket, F_OK));
	close(a);
	end();
}

int main(void)
{
	RUN(half_a_line_is_waited_for_for_an_hour);
	RUN(who_has_been_quiet_longest_makes_room);
	RUN(who_goes_makes_room_at_once);
	RUN(what_is_configured_anew_holds_for_connections_that_stay);
	return tap_done();
}
