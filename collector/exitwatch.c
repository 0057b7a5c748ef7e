/* exitwatch.c -- see exitwatch.h */
#include "collector/exitwatch.h"

#include "collector/procevents.h"
#include "collector/taskstats.h"
#include "collector/priority.h"
#include "collector/thread.h"

#include <linux/netlink.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>

enum {
	STACK = 128 << 10,
	BATCH = 32,         /* messages taken at a time */
	MESSAGE_MAX = 4096, /* they have some 1 200 bytes */
	PAUSE_MS = 4,       /* behind a batch: processes that end in numbers do not wake the thread each */
	MEMINFO_DROPS = 8
};

struct exitwatch {
	unsigned refs;
	enum exitwatch_source source;
	int taskstats_r, procevents_r;
	struct exits *exits;
	struct procevents *procevents;
	int fd;
	uint16_t type;
	int events_fd; /* of the proc connector, beside taskstats that does not know of processes; -1: none */
	int stop_fd;
	pthread_t thread;
	bool started;
	atomic_uint_fast64_t cut;      /* messages that were longer than any should be */
	atomic_uint_fast64_t overruns; /* times that the kernel had no room */

	/* The thread's. */
	struct mmsghdr headers[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_nl from[BATCH];
	char buf[BATCH][MESSAGE_MAX];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct exitwatch *the_one; /* under the lock, as are the references to it */

/* --- the thread --- */

static int64_t monotonic_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

/* Takes all events there are, each of them a thread or process that began. */
static void follow_events(struct exitwatch *w)
{
	struct sockaddr_nl from;
	char buf[MESSAGE_MAX];
	ssize_t n;

	for (;;) {
		socklen_t len = sizeof from;

		n = recvfrom(w->events_fd, buf, sizeof buf, MSG_DONTWAIT, (struct sockaddr *)&from, &len);
		/* Some began that we were not told of. */
		if (n < 0 && errno == ENOBUFS)
			procevents_scan(w->procevents);
		else if (n < 0 && errno != EINTR)
			return;
		if (n > 0 && from.nl_pid == 0)
			procevents_follow(w->procevents, buf, (size_t)n);
	}
}

static void take_message(struct exitwatch *w, const void *p, size_t len, int64_t now_us)
{
	struct exit_message m;
	int r;

	if (w->source == EXITWATCH_TASKSTATS)
		r = taskstats_parse(p, len, w->type, now_us, &m);
	else
		r = procevents_parse(w->procevents, p, len, now_us, &m);
	if (r == 0 && m.tgid == 0 && w->events_fd >= 0) {
		/* That the thread began was told before it ended. */
		follow_events(w);
		procevents_complete(w->procevents, &m);
	}
	if (r == 0)
		exits_add(w->exits, &m);
	else if (r == -EBADMSG)
		atomic_fetch_add(&w->cut, 1);
}

/* Takes what is there, up to a batch. False: there is no more. */
static bool take_batch(struct exitwatch *w)
{
	int64_t now_us;
	int n;

	for (unsigned i = 0; i < BATCH; i++) {
		w->iov[i] = (struct iovec){w->buf[i], sizeof w->buf[i]};
		w->headers[i].msg_hdr = (struct msghdr){
		    .msg_name = &w->from[i],
		    .msg_namelen = sizeof w->from[i],
		    .msg_iov = &w->iov[i],
		    .msg_iovlen = 1,
		};
	}
	n = recvmmsg(w->fd, w->headers, BATCH, MSG_DONTWAIT, NULL);
	if (n < 0) {
		if (errno == ENOBUFS)
			atomic_fetch_add(&w->overruns, 1);
		return errno == ENOBUFS || errno == EINTR;
	}
	now_us = monotonic_us();
	for (int i = 0; i < n; i++) {
		/* Other processes may write to this socket, too. */
		if (w->from[i].nl_pid != 0)
			continue;
		if (w->headers[i].msg_hdr.msg_flags & MSG_TRUNC)
			atomic_fetch_add(&w->cut, 1);
		else
			take_message(w, w->buf[i], w->headers[i].msg_len, now_us);
	}
	return n == BATCH;
}

static void *exitwatch_main(void *arg)
{
	struct exitwatch *w = arg;
	struct pollfd fds[] = {
	    {.fd = w->stop_fd, .events = POLLIN},
	    {.fd = w->fd, .events = POLLIN},
	    {.fd = w->events_fd, .events = POLLIN},
	};

	pthread_setname_np(pthread_self(), "histd-exits");
	/* Whoever starts it: thousands of processes that end in a second must not come before all others. */
	priority_apart();
	/* Should waiting fail, what is there is taken all the same. */
	while (!fds[0].revents) {
		poll(fds, N_ELEMENTS(fds), -1);
		if (w->events_fd >= 0)
			follow_events(w);
		while (take_batch(w))
			;
		poll(fds, 1, PAUSE_MS);
	}
	return NULL;
}

/* --- callers --- */

static void stop(struct exitwatch *w)
{
	if (w->started) {
		uint64_t one = 1;

		if (write(w->stop_fd, &one, sizeof one) == sizeof one)
			pthread_join(w->thread, NULL);
	}
	if (w->fd >= 0 && w->source == EXITWATCH_PROCEVENTS)
		procevents_close(w->fd);
	else if (w->fd >= 0)
		close(w->fd);
	if (w->events_fd >= 0)
		procevents_close(w->events_fd);
	if (w->stop_fd >= 0)
		close(w->stop_fd);
	if (w->procevents)
		procevents_free(w->procevents);
	if (w->exits)
		exits_free(w->exits);
	free(w);
}

/* Listens to threads that begin, too. */
static int find_groups(struct exitwatch *w)
{
	int r;

	w->procevents_r = procevents_open(&w->events_fd);
	if (w->procevents_r < 0)
		return 0;
	r = procevents_new("/", &w->procevents);
	return r < 0 ? r : procevents_scan(w->procevents);
}

/* Listens to what there is. */
static int find_source(struct exitwatch *w)
{
	bool groups;

	w->taskstats_r = taskstats_open(&w->fd, &w->type, &groups);
	if (w->taskstats_r == 0)
		return groups ? 0 : find_groups(w);
	w->source = EXITWATCH_PROCEVENTS;
	w->procevents_r = procevents_open(&w->fd);
	if (w->procevents_r < 0) {
		w->source = EXITWATCH_NONE;
		return 0;
	}
	return procevents_new("/", &w->procevents);
}

static int start(struct exitwatch **ret)
{
	struct exitwatch *w = calloc(1, sizeof *w);
	int r;

	if (!w)
		return -ENOMEM;
	w->fd = w->events_fd = -1;
	w->stop_fd = eventfd(0, EFD_CLOEXEC);
	r = w->stop_fd < 0 ? -errno : exits_new(&w->exits);
	if (r == 0)
		r = find_source(w);
	if (r == 0 && w->source != EXITWATCH_NONE) {
		r = thread_start(&w->thread, STACK, exitwatch_main, w);
		w->started = r == 0;
	}
	if (r < 0) {
		stop(w);
		return r;
	}
	*ret = w;
	return 0;
}

int exitwatch_get(struct exitwatch **ret)
{
	int r = 0;

	pthread_mutex_lock(&lock);
	if (!the_one)
		r = start(&the_one);
	if (r == 0) {
		the_one->refs++;
		*ret = the_one;
	}
	pthread_mutex_unlock(&lock);
	return r;
}

void exitwatch_put(struct exitwatch *w)
{
	pthread_mutex_lock(&lock);
	if (--w->refs == 0) {
		stop(w);
		the_one = NULL;
	}
	pthread_mutex_unlock(&lock);
}

enum exitwatch_source exitwatch_source(const struct exitwatch *w, int *ret_taskstats, int *ret_procevents)
{
	*ret_taskstats = w->taskstats_r;
	*ret_procevents = w->procevents_r;
	return w->source;
}

size_t exitwatch_take(struct exitwatch *w, const struct exit_row **ret)
{
	return exits_take(w->exits, ret);
}

/* What the kernel threw away. Older ones say only that they did. */
static uint64_t dropped(struct exitwatch *w)
{
	uint32_t meminfo[MEMINFO_DROPS + 1];
	socklen_t len = sizeof meminfo;

	if (w->fd >= 0 && getsockopt(w->fd, SOL_SOCKET, SO_MEMINFO, meminfo, &len) == 0 && len == sizeof meminfo)
		return meminfo[MEMINFO_DROPS];
	return atomic_load(&w->overruns);
}

bool exitwatch_lost(uint64_t *ret)
{
	bool listens;

	pthread_mutex_lock(&lock);
	listens = the_one && the_one->source != EXITWATCH_NONE;
	if (listens)
		*ret = exits_lost(the_one->exits) + atomic_load(&the_one->cut) + dropped(the_one);
	pthread_mutex_unlock(&lock);
	return listens;
}
