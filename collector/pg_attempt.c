/* pg_attempt.c -- see pg_attempt.h
 *
 * THREADS. Until the attempt is over the connection is the thread's, then the caller's. Who is the last to know of the
 * attempt frees it.
 */
#include "collector/pg_attempt.h"

#include "collector/thread.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>

enum { STACK = 1 << 20, KEYWORDS_MAX = 80 };

struct pg_attempt {
	char *conninfo, *dbname;
	int over_fd, left_fd;
	_Atomic(PGconn *) pq; /* once it is over */
	atomic_uint refs;
};

static void put(struct pg_attempt *a)
{
	if (atomic_fetch_sub(&a->refs, 1) > 1)
		return;
	PQfinish(a->pq);
	if (a->over_fd >= 0)
		close(a->over_fd);
	if (a->left_fd >= 0)
		close(a->left_fd);
	free(a->conninfo);
	free(a->dbname);
	free(a);
}

/* The words of conninfo, then ours, which libpq takes instead where a word is there twice. */
static void add_keywords(
    const struct pg_attempt *a, const PQconninfoOption *given, const char **keywords, const char **values)
{
	/* Somebody who has a good reason gives others in conninfo. */
	static const char *const preset[][2] = {{"keepalives_idle", "10"}, {"keepalives_interval", "5"},
	    {"keepalives_count", "3"}, {"tcp_user_timeout", "20000"}};
	unsigned n = 0;

	for (unsigned i = 0; i < N_ELEMENTS(preset); i++) {
		keywords[n] = preset[i][0];
		values[n++] = preset[i][1];
	}
	for (; given->keyword && n < KEYWORDS_MAX - 4; given++) {
		if (!given->val)
			continue;
		keywords[n] = given->keyword;
		values[n++] = given->val;
	}
	if (a->dbname) {
		keywords[n] = "dbname";
		values[n++] = a->dbname;
	}
	keywords[n] = "application_name";
	values[n++] = "histd";
	keywords[n] = "client_encoding";
	values[n++] = "UTF8";
}

static PGconn *begin(const struct pg_attempt *a)
{
	const char *keywords[KEYWORDS_MAX] = {NULL}, *values[KEYWORDS_MAX] = {NULL};
	PQconninfoOption *given = PQconninfoParse(a->conninfo, NULL);
	PGconn *pq;

	/* It was understood when it was configured. */
	if (!given)
		return NULL;
	add_keywords(a, given, keywords, values);
	pq = PQconnectStartParams(keywords, values, 0);
	PQconninfoFree(given);
	return pq;
}

/* Goes on until it is connected, or cannot be, or was left. */
static void finish(const struct pg_attempt *a, PGconn *pq)
{
	PostgresPollingStatusType want = PGRES_POLLING_WRITING;

	while (want == PGRES_POLLING_READING || want == PGRES_POLLING_WRITING) {
		struct pollfd fds[2] = {
		    {.fd = PQsocket(pq), .events = want == PGRES_POLLING_READING ? POLLIN : POLLOUT},
		    {.fd = a->left_fd, .events = POLLIN}};

		if (poll(fds, N_ELEMENTS(fds), -1) < 0 && errno != EINTR)
			return;
		if (fds[1].revents)
			return;
		if (fds[0].revents)
			want = PQconnectPoll(pq);
	}
}

static void *attempt_main(void *arg)
{
	struct pg_attempt *a = arg;
	PGconn *pq;

	pthread_setname_np(pthread_self(), "histd-pgconnect");
	pq = begin(a);
	if (pq && PQstatus(pq) != CONNECTION_BAD)
		finish(a, pq);
	atomic_store(&a->pq, pq);
	eventfd_write(a->over_fd, 1);
	put(a);
	return NULL;
}

int pg_attempt_start(const char *conninfo, const char *dbname, struct pg_attempt **ret)
{
	struct pg_attempt *a = calloc(1, sizeof *a);
	pthread_t thread;
	int r = 0;

	if (!a)
		return -ENOMEM;
	a->refs = 1;
	a->conninfo = strdup(conninfo);
	a->dbname = dbname ? strdup(dbname) : NULL;
	if (!a->conninfo || (dbname && !a->dbname))
		r = -ENOMEM;
	a->over_fd = eventfd(0, EFD_CLOEXEC);
	a->left_fd = eventfd(0, EFD_CLOEXEC);
	if (r == 0 && (a->over_fd < 0 || a->left_fd < 0))
		r = -EMFILE;
	if (r == 0) {
		atomic_fetch_add(&a->refs, 1);
		r = thread_start(&thread, STACK, attempt_main, a);
		if (r < 0)
			atomic_fetch_sub(&a->refs, 1);
	}
	if (r < 0) {
		put(a);
		return r;
	}
	pthread_detach(thread);
	*ret = a;
	return 0;
}

int pg_attempt_fd(const struct pg_attempt *a)
{
	return a->over_fd;
}

PGconn *pg_attempt_take(struct pg_attempt *a)
{
	return atomic_exchange(&a->pq, NULL);
}

void pg_attempt_free(struct pg_attempt *a)
{
	eventfd_write(a->left_fd, 1);
	put(a);
}
