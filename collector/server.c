/* server.c -- see server.h
 *
 * A ROUND. epoll tells who has something to read, or room to be sent to; these are queued and served one after the
 * other, each as far as its buffers reach; what takes long is done in steps, one a round. Who waits for a sync is not
 * sent anything until that is done. Then comes one commit; answers that it proves wrong are replaced; notices; all is
 * sent.
 *
 * BACK-PRESSURE. A client is read from only while little is on its way to it and its frame has room in the budget. One
 * that has to wait for the budget is asked nothing until others give back; if these do not move for STALL_MS, they go.
 */
#include "collector/server.h"

#include "collector/listeners.h"
#include "collector/op.h"
#include "collector/say.h"
#include "collector/subscriptions.h"
#include "collector/thread.h"
#include "collector/waiters.h"
#include "collector/wake.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

enum {
	STACK = 1 << 20, /* a put of points may have to write a file of them */
	EVENTS_MAX = 256,
	ACCEPTS_MAX = 64,        /* in a round */
	SERVE_MAX = 256,         /* requests of one client in a round */
	STALL_MS = 30000,        /* who holds memory that others wait for moves in that time */
	RETRY_MS = 1000,         /* what failed, or waits for memory, is tried again */
	GATHER_NS_MIN = 10000,   /* below that nothing is gained */
	GATHER_NS_MAX = 2000000, /* a commit is held up so long at most, */
	GATHER_PART = 2,         /* and by such a part of what the last one took */
	CACHE_BYTES = 16 << 20,  /* of what is read */
	BUILDER_KEEP = 1 << 20,  /* memory of a larger batch is given back */
};

struct server {
	pthread_t thread;
	pthread_mutex_t lock;
	struct config *next; /* with the lock: to go over to; NULL: none */
	bool stop;           /* with the lock */
	struct calls calls;

	struct ingest *ingest;
	struct topic_store *store;
	struct listeners *listeners; /* NULL: there are none */
	int epfd, listenfd, wakefd;
	bool listening;
	int64_t accept_again_ms; /* 0: no accept failed */

	struct conn *conns;
	size_t n_conns;
	struct conn *in_round; /* whose buffers were touched in this round */
	struct conn *to_serve;
	struct conn *short_first, *short_last; /* who wait for the budget */
	size_t budget;
	size_t nothing;
	size_t short_budget; /* what was left when short_first tried last */

	struct batch_builder builder;
	struct subscriptions subscriptions;

	struct waiters waiters;
	int64_t commit_ns; /* the last commit took */
	int due_ms;        /* the next is due; -1: none is */
};

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static int64_t now_ms(void)
{
	return now_ns() / 1000000;
}

static const struct config_socket *limits(const struct server *s)
{
	return &ingest_config(s->ingest)->socket;
}

/* --- who is served --- */

static void touch(void *arg, struct conn *c)
{
	struct server *s = arg;

	if (c->in_round)
		return;
	c->in_round = true;
	c->next_in_round = s->in_round;
	s->in_round = c;
}

static void want_serving(struct server *s, struct conn *c)
{
	touch(s, c);
	if (c->to_serve)
		return;
	c->to_serve = true;
	c->next_to_serve = s->to_serve;
	s->to_serve = c;
}

static void wait_for_budget(struct server *s, struct conn *c)
{
	if (!s->short_first || s->short_first == c)
		s->short_budget = s->budget;
	if (c->short_of_budget)
		return;
	c->short_of_budget = true;
	c->next_short = NULL;
	*(s->short_last ? &s->short_last->next_short : &s->short_first) = c;
	s->short_last = c;
}

static void waits_no_more(struct server *s, struct conn *c)
{
	struct conn *before = NULL, *at = s->short_first;

	if (!c->short_of_budget)
		return;
	for (; at != c; at = at->next_short)
		before = at;
	*(before ? &before->next_short : &s->short_first) = c->next_short;
	if (s->short_last == c)
		s->short_last = before;
	c->short_of_budget = false;
	s->short_budget = 0;
}

static bool may_be_read(const struct conn *c)
{
	return !c->eof && !c->broken && !c->short_of_budget && conn_unsent(c) <= CONN_SMALL;
}

/* A client that epoll cannot tell of has to go. */
static int ask_epoll(struct server *s, struct conn *c)
{
	uint32_t events = (may_be_read(c) ? EPOLLIN : 0) | (conn_unsent(c) > 0 ? EPOLLOUT : 0);
	struct epoll_event e = {.events = events, .data.ptr = c};
	int op = c->events == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

	if (events == c->events)
		return 0;
	if (epoll_ctl(s->epfd, op, c->fd, &e) < 0)
		return -errno;
	c->events = events;
	return 0;
}

static void listen_or_not(struct server *s)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = &s->listenfd};
	bool want = s->listenfd >= 0 && s->n_conns < limits(s)->max_clients;

	if (s->accept_again_ms != 0 && now_ms() < s->accept_again_ms)
		want = false;
	else
		s->accept_again_ms = 0;
	if (want != s->listening && epoll_ctl(s->epfd, want ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, s->listenfd, &e) == 0)
		s->listening = want;
}

static void drop(struct server *s, struct conn *c)
{
	waiters_drop(&s->waiters, c);
	subscriptions_drop(c);
	waits_no_more(s, c);
	*(c->prev ? &c->prev->next : &s->conns) = c->next;
	if (c->next)
		c->next->prev = c->prev;
	conn_free(c, &s->budget);
	s->n_conns--;
}

static int add(struct server *s, int fd)
{
	struct conn *c;
	int r = conn_new(fd, &c);

	if (r < 0)
		return r;
	c->next = s->conns;
	if (c->next)
		c->next->prev = c;
	s->conns = c;
	s->n_conns++;
	c->moved_ms = now_ms();
	if (ask_epoll(s, c) < 0)
		drop(s, c);
	return 0;
}

static void accept_some(struct server *s)
{
	for (int i = 0; i < ACCEPTS_MAX && s->n_conns < limits(s)->max_clients; i++) {
		int fd = accept4(s->listenfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), r;

		if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ECONNABORTED))
			return;
		r = fd < 0 ? -errno : add(s, fd);
		if (r < 0) {
			if (fd >= 0)
				close(fd);
			say("a client cannot be served: %s", strerror(-r));
			s->accept_again_ms = now_ms() + RETRY_MS;
			return;
		}
	}
}

/* --- requests --- */

static void put_error(struct conn *c, const struct op_call *call, int r)
{
	conn_status(c, r);
	buf_puts(&c->out, call->why[0] ? call->why : strerror(-r));
	if (call->has_next) {
		buf_put_u8(&c->out, 0);
		buf_put_varint(&c->out, call->next);
	}
}

/* Who waits for it first is not passed by others. */
static size_t *budget_of(struct server *s, const struct conn *c)
{
	s->nothing = 0;
	return s->short_first && s->short_first != c ? &s->nothing : &s->budget;
}

static int run_op(struct op_call *call, uint8_t number)
{
	const struct op_desc *op = op_find(number);

	if (op)
		return op->run(call);
	snprintf(call->why, sizeof call->why, "operation %u is not known", number);
	return -EPROTO;
}

/* Does what a frame asks for. 1; -ENOBUFS: not now; -EINPROGRESS: not all of it now. */
static int serve_frame(struct server *s, struct conn *c, const struct frame_in *f)
{
	struct op_call call = {
	    .ingest = s->ingest,
	    .store = s->store,
	    .builder = &s->builder,
	    .subscriptions = &s->subscriptions,
	    .budget = budget_of(s, c),
	    .conn = c,
	    .id = f->id,
	    .body = f->body,
	};
	size_t place = conn_begin(c, f->op, f->id);
	int r = waiters_prepare(&s->waiters);

	conn_status(c, 0);
	if (r == 0)
		r = run_op(&call, f->op);
	if (s->builder.body.cap > BUILDER_KEEP)
		batch_done(&s->builder);
	if (r == -ENOBUFS || r == -EINPROGRESS || call.no_answer)
		c->out.len = place;
	if (r == -ENOBUFS || r == -EINPROGRESS)
		return r;
	/* Whoever ended it: the next request does not go on with it. */
	free(TAKE(c->begun));
	ingest_counts(s->ingest)->n_requests++;
	if (r == -EPROTO || (r < 0 && call.no_answer))
		c->broken = true;
	if (call.no_answer)
		return 1;
	/* Without memory for an answer the connection ends, when it is to be sent. */
	if (r < 0 && c->out.err == 0) {
		c->out.len = place + FRAME_HEAD;
		put_error(c, &call, r);
	}
	conn_end(c, place);
	if (r == 0 && call.wait)
		waiters_add(&s->waiters, c, call.wait, place);
	return 1;
}

static void refuse_frame(struct conn *c, const struct frame_in *f)
{
	size_t place = conn_begin(c, f->op, f->id);

	conn_status(c, -EPROTO);
	buf_puts(&c->out, "the frame is too long, too short, or not zero where it must be");
	conn_end(c, place);
	c->broken = true;
}

/* The next frame and what it asks for. 1: done; 0: it is not there yet, or there is nothing to be done with it;
 * -ENOBUFS, -EINPROGRESS.
 */
static int serve_next(struct server *s, struct conn *c)
{
	struct frame_in f;
	int r = conn_next(c, limits(s)->max_frame, budget_of(s, c), &f);

	if (r == -EPROTO)
		refuse_frame(c, &f);
	else if (r > 0)
		r = serve_frame(s, c, &f);
	if (r > 0)
		conn_took(c, &s->budget);
	return r == -EPROTO ? 0 : r;
}

/* Reads once, and does what is there, as far as the buffers reach. */
static void serve(struct server *s, struct conn *c)
{
	bool filled = false;

	c->more = false;
	if (!c->waits)
		conn_flush(c, &s->budget, now_ms());
	for (int n = 0; !c->broken;) {
		int r;

		if (n == SERVE_MAX || conn_unsent(c) > CONN_SMALL) {
			c->more = true;
			return;
		}
		r = serve_next(s, c);
		if (r == -ENOBUFS) {
			wait_for_budget(s, c);
			return;
		}
		waits_no_more(s, c);
		if (r == -EINPROGRESS) {
			c->more = true;
			return;
		}
		if (r > 0) {
			n++;
			continue;
		}
		if (filled || c->eof || c->broken)
			return;
		r = conn_fill(c, now_ms());
		if (r == -ENOMEM)
			c->broken = c->mute = true;
		if (r < 0)
			return;
		filled = true;
	}
}

/* --- ports --- */

static int open_listeners(struct server *s)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = &s->listeners};
	int r = listeners_open(s->ingest, ingest_config_all(s->ingest), &s->listeners);

	if (r < 0 || !s->listeners)
		return r;
	return epoll_ctl(s->epfd, EPOLL_CTL_ADD, listeners_fd(s->listeners), &e) < 0 ? -errno : 0;
}

/* As the configuration says. */
static void set_listeners(struct server *s)
{
	int r = 0;

	if (s->listeners)
		listeners_configure(s->listeners, ingest_config_all(s->ingest));
	else
		r = open_listeners(s);
	if (r < 0)
		say("points are not listened for: %s", strerror(-r));
}

/* --- other threads --- */

static void take_calls(struct server *s)
{
	struct config *config;

	if (!wake_clear(s->wakefd))
		return;
	pthread_mutex_lock(&s->lock);
	config = TAKE(s->next);
	pthread_mutex_unlock(&s->lock);
	if (config) {
		ingest_configure(s->ingest, config);
		set_listeners(s);
		config_put(config);
	}
	calls_take(&s->calls, s->ingest, &s->subscriptions);
}

/* --- rounds --- */

static void take_events(struct server *s, int timeout_ms)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(s->epfd, events, EVENTS_MAX, timeout_ms);

	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr == &s->listenfd)
			accept_some(s);
		else if (events[i].data.ptr == &s->wakefd)
			take_calls(s);
		else if (events[i].data.ptr == &s->listeners)
			listeners_serve(s->listeners);
		else
			want_serving(s, events[i].data.ptr);
	}
}

static void serve_all(struct server *s)
{
	struct conn *c, *list = TAKE(s->to_serve);

	while ((c = list)) {
		list = c->next_to_serve;
		c->to_serve = false;
		serve(s, c);
	}
}

/* Producers that waited in the rounds before will be back soon. */
static void gather(struct server *s)
{
	int64_t wait = s->commit_ns / GATHER_PART, until;

	if (s->waiters.n == 0 || wait < GATHER_NS_MIN)
		return;
	until = now_ns() + (wait < GATHER_NS_MAX ? wait : GATHER_NS_MAX);
	while (waiters_expected(&s->waiters) > 0) {
		struct pollfd p = {.fd = s->epfd, .events = POLLIN};
		int64_t left = until - now_ns();
		struct timespec ts = {0, left};

		if (left <= 0 || ppoll(&p, 1, &ts, NULL) <= 0)
			return;
		take_events(s, 0);
		serve_all(s);
	}
}

static void commit(struct server *s)
{
	bool wanted = ingest_wanted(s->ingest);
	int64_t begin = now_ns();

	s->due_ms = ingest_commit(s->ingest);
	if (wanted)
		s->commit_ns = now_ns() - begin;
	calls_answer(&s->calls);
	waiters_end_round(&s->waiters);
}

/* Sends what there is to send, and lets go who is through. */
static void finish(struct server *s, struct conn *c)
{
	c->waits = false;
	subscriptions_catch_up(&s->subscriptions, c);
	conn_flush(c, &s->budget, now_ms());
	/* From here on it may be in the next. */
	c->in_round = false;
	if (((c->broken || (c->eof && !c->more)) && !c->short_of_budget && conn_unsent(c) == 0) ||
	    ask_epoll(s, c) < 0) {
		drop(s, c);
		return;
	}
	if (c->more && conn_unsent(c) <= CONN_SMALL)
		want_serving(s, c);
}

static void finish_all(struct server *s)
{
	struct conn *c, *list;

	subscriptions_tell(&s->subscriptions);
	list = TAKE(s->in_round);
	while ((c = list)) {
		list = c->next_in_round;
		finish(s, c);
	}
}

/* Closes connections that hold memory which others wait for, and do not move. */
static void drop_stalled(struct server *s)
{
	int64_t before = now_ms() - STALL_MS;
	struct conn *next;

	for (struct conn *c = s->conns; c; c = next) {
		next = c->next;
		if (c->held_in + c->held_out > 0 && c->moved_ms < before && !c->in_round)
			drop(s, c);
	}
}

/* Who has waited for memory longest tries again. */
static void retry_short(struct server *s)
{
	if (!s->short_first)
		return;
	drop_stalled(s);
	if (s->short_first)
		want_serving(s, s->short_first);
}

/* How long nothing is to be done but what epoll tells of. */
static int idle_ms(const struct server *s)
{
	int t = s->due_ms;

	if (s->to_serve || (s->short_first && s->budget > s->short_budget))
		return 0;
	if ((s->short_first || s->accept_again_ms != 0) && (t < 0 || t > RETRY_MS))
		t = RETRY_MS;
	return t;
}

static bool stopped(struct server *s)
{
	bool stop;

	pthread_mutex_lock(&s->lock);
	stop = s->stop;
	pthread_mutex_unlock(&s->lock);
	return stop;
}

static void *server_main(void *arg)
{
	struct server *s = arg;

	pthread_setname_np(pthread_self(), "histd-topics");
	while (!stopped(s)) {
		listen_or_not(s);
		take_events(s, idle_ms(s));
		retry_short(s);
		serve_all(s);
		gather(s);
		commit(s);
		finish_all(s);
		ingest_counts(s->ingest)->n_clients = s->n_conns;
		ingest_publish(s->ingest);
	}
	return NULL;
}

/* --- callers --- */

static void free_all(struct server *s)
{
	while (s->conns)
		drop(s, s->conns);
	if (s->store)
		topic_store_close(s->store);
	if (s->listeners)
		listeners_close(s->listeners);
	cleanup_close(&s->epfd);
	cleanup_close(&s->wakefd);
	cleanup_close(&s->listenfd);
	batch_done(&s->builder);
	waiters_done(&s->waiters);
	if (s->next)
		config_put(s->next);
	pthread_mutex_destroy(&s->lock);
	calls_done(&s->calls);
	free(s);
}

static int open_all(struct server *s, const char *store)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = &s->wakefd};
	int r;

	s->epfd = epoll_create1(EPOLL_CLOEXEC);
	s->wakefd = wake_new();
	if (s->wakefd < 0)
		return s->wakefd;
	if (s->epfd < 0 || epoll_ctl(s->epfd, EPOLL_CTL_ADD, s->wakefd, &e) < 0)
		return -errno;
	r = topic_store_open(store, CACHE_BYTES, &s->store);
	if (r < 0)
		say("topics cannot be read by clients: %s", strerror(-r));
	set_listeners(s);
	return thread_start(&s->thread, STACK, server_main, s);
}

int server_start(struct ingest *ingest, const char *store, int listen_fd, struct server **ret)
{
	struct server *s = calloc(1, sizeof *s);
	int r;

	if (!s) {
		cleanup_close(&listen_fd);
		return -ENOMEM;
	}
	*s = (struct server){
	    .ingest = ingest,
	    .listenfd = listen_fd,
	    .epfd = -1,
	    .wakefd = -1,
	    .budget = ingest_config(ingest)->socket.max_memory,
	    .subscriptions = {.touched = touch, .arg = s},
	    .due_ms = 0, /* the first round tells */
	};
	pthread_mutex_init(&s->lock, NULL);
	waiters_init(&s->waiters);
	calls_init(&s->calls);
	r = open_all(s, store);
	if (r < 0) {
		free_all(s);
		return r;
	}
	*ret = s;
	return 0;
}

int server_call(struct server *s, int (*fn)(struct ingest *g, void *arg, struct server_task *task), void *arg)
{
	return calls_make(&s->calls, fn, arg, s->wakefd);
}

void server_configure(struct server *s, struct config *c)
{
	pthread_mutex_lock(&s->lock);
	if (s->next)
		config_put(s->next);
	s->next = config_get(c);
	wake_up(s->wakefd);
	pthread_mutex_unlock(&s->lock);
}

void server_stop(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	wake_up(s->wakefd);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	free_all(s);
}
