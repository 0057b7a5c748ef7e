/* pg_conn.c -- see pg_conn.h */
#include "collector/pg_conn.h"

#include "collector/pg_attempt.h"

#include <errno.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
	CONNECT_MS = 3000,
	ANSWER_MS = 4000,  /* somewhat more than statement_timeout */
	ENDLESS_MS = 8000, /* what still goes on then never ends */
	ERROR_MAX = 256
};

/* search_path: what stands in a query is the catalog's. Limits are the server's to keep: where this program is killed,
 * its question ends all the same. */
static const char settings[] = "SET search_path = pg_catalog; SET statement_timeout = 2000; SET lock_timeout = 250; "
                               "SET default_transaction_read_only = on; SET timezone = 'UTC'; SET datestyle = 'ISO'; "
                               "SET client_min_messages = error";

enum state { CLOSED, CONNECTING, SETTING, READY, WAITING };

struct pg_conn {
	char *conninfo;
	char *dbname;
	int quit_fd;
	enum state state;
	struct pg_attempt *attempt; /* while CONNECTING */
	PGconn *pq;                 /* afterwards */
	char error[ERROR_MAX];
	char farewell[ERROR_MAX]; /* what the server said against it since the last question, also unasked */
};

int pg_conn_new(const char *conninfo, const char *dbname, int quit_fd, struct pg_conn **ret)
{
	_cleanup_(cleanup_pg_conn) struct pg_conn *c = calloc(1, sizeof *c);

	if (!c)
		return -ENOMEM;
	c->quit_fd = quit_fd;
	c->conninfo = strdup(conninfo);
	c->dbname = dbname ? strdup(dbname) : NULL;
	if (!c->conninfo || (dbname && !c->dbname))
		return -ENOMEM;
	*ret = TAKE(c);
	return 0;
}

void pg_conn_close(struct pg_conn *c)
{
	if (c->attempt)
		pg_attempt_free(TAKE(c->attempt));
	PQfinish(TAKE(c->pq));
	c->state = CLOSED;
}

void pg_conn_free(struct pg_conn *c)
{
	pg_conn_close(c);
	free(c->conninfo);
	free(c->dbname);
	free(c);
}

/* Keeps the first line. */
static void keep(char to[ERROR_MAX], const char *text)
{
	size_t len = strcspn(text, "\n");

	if (len >= ERROR_MAX)
		len = ERROR_MAX - 1;
	memcpy(to, text, len);
	to[len] = '\0';
}

static void keep_error(struct pg_conn *c, const char *text)
{
	keep(c->error, text);
}

/* A server that ends a session says why before it is asked anything, and libpq does not take that for an answer. */
static void keep_notice(void *arg, const char *text)
{
	struct pg_conn *c = arg;

	keep(c->farewell, text);
}

static int lost(struct pg_conn *c)
{
	keep_error(c, c->farewell[0] ? c->farewell : c->pq ? PQerrorMessage(c->pq) : "out of memory");
	pg_conn_close(c);
	return -ENOTCONN;
}

/* --- waiting --- */

static int64_t monotonic_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* 0: the descriptor is ready; -ETIMEDOUT, -ECANCELED. */
static int wait_for(const struct pg_conn *c, int fd, short events, int64_t until_ms)
{
	struct pollfd fds[2] = {{.fd = fd, .events = events}, {.fd = c->quit_fd, .events = POLLIN}};

	for (;;) {
		int64_t left = until_ms - monotonic_ms();
		int n = poll(fds, N_ELEMENTS(fds), left > 0 ? (int)left : 0);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && fds[1].revents)
			return -ECANCELED;
		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
	}
}

/* --- connecting --- */

/* Goes on until it is connected. */
static int connect_to(struct pg_conn *c, int64_t until_ms)
{
	int r = c->attempt ? 0 : pg_attempt_start(c->conninfo, c->dbname, &c->attempt);

	if (r < 0) {
		keep_error(c, strerror(-r));
		return -ENOTCONN;
	}
	c->state = CONNECTING;
	r = wait_for(c, pg_attempt_fd(c->attempt), POLLIN, until_ms);
	if (r == -ETIMEDOUT)
		keep_error(c, "no answer while connecting");
	if (r < 0)
		return r;
	c->farewell[0] = '\0';
	c->pq = pg_attempt_take(c->attempt);
	pg_attempt_free(TAKE(c->attempt));
	if (!c->pq || PQstatus(c->pq) != CONNECTION_OK || PQsetnonblocking(c->pq, 1) < 0)
		return lost(c);
	PQsetNoticeProcessor(c->pq, keep_notice, c);
	c->state = SETTING;
	return 0;
}

/* --- asking --- */

/* Not what was asked for: there is no telling what comes next. */
static int give_up(struct pg_conn *c, const char *why)
{
	keep_error(c, why);
	pg_conn_close(c);
	return -ENOTCONN;
}

/* libpq has such results without end. */
static bool is_copy(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/* If it is the session's end, this is why; unless the server said it before, and this is libpq's. */
static void keep_farewell(struct pg_conn *c, const PGresult *result)
{
	if (PQresultStatus(result) == PGRES_FATAL_ERROR && c->farewell[0] == '\0')
		keep(c->farewell, PQresultErrorMessage(result));
}

/* There is nothing more to read, but what was read may say why. */
static int ended(struct pg_conn *c)
{
	_cleanup_(cleanup_pg_result) PGresult *result = PQisBusy(c->pq) ? NULL : PQgetResult(c->pq);

	if (result)
		keep_farewell(c, result);
	return lost(c);
}

/* Takes what is left of an answer until it is whole; *ret is the last of its results. */
static int receive(struct pg_conn *c, int64_t until_ms, struct pg_result **ret)
{
	_cleanup_(cleanup_pg_result) PGresult *last = NULL;
	int64_t end_ms = monotonic_ms() + ENDLESS_MS;
	int unsent;

	for (;;) {
		PGresult *next;
		int r;

		unsent = PQflush(c->pq);
		if (unsent < 0 || !PQconsumeInput(c->pq))
			return ended(c);
		if (!PQisBusy(c->pq)) {
			next = PQgetResult(c->pq);
			if (!next)
				break;
			PQclear(last);
			last = next;
			keep_farewell(c, next);
			if (PQstatus(c->pq) == CONNECTION_BAD)
				return lost(c);
			if (is_copy(next))
				return give_up(c, "the server answers with something else");
			continue;
		}
		r = wait_for(c, PQsocket(c->pq), unsent ? POLLIN | POLLOUT : POLLIN, until_ms);
		if (r == -ETIMEDOUT)
			keep_error(c, "no answer");
		if (r < 0)
			return r;
		if (monotonic_ms() > end_ms)
			return give_up(c, "the answer has no end");
	}
	*ret = TAKE(last);
	return 0;
}

static int ask(struct pg_conn *c, const char *sql, struct pg_result **ret)
{
	_cleanup_(cleanup_pg_result) PGresult *result = NULL;
	enum state before = c->state;
	int r;

	c->farewell[0] = '\0';
	if (!PQsendQuery(c->pq, sql))
		return lost(c);
	c->state = WAITING;
	r = receive(c, monotonic_ms() + ANSWER_MS, &result);
	if (r < 0)
		return r;
	c->state = before;
	if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK) {
		keep_error(c, result ? PQresultErrorMessage(result) : "no result");
		return -EREMOTEIO;
	}
	*ret = TAKE(result);
	return 0;
}

/* What the session must be before anything is asked. */
static int set_up(struct pg_conn *c)
{
	_cleanup_(cleanup_pg_result) PGresult *result = NULL, *jit = NULL;
	int r = ask(c, settings, &result);

	if (r == 0 && PQserverVersion(c->pq) >= 110000)
		r = ask(c, "SET jit = off", &jit);
	if (r == 0)
		c->state = READY;
	/* Without them it must not be used. */
	if (r == -EREMOTEIO) {
		pg_conn_close(c);
		r = -ENOTCONN;
	}
	return r;
}

/* Of an answer that came too late: it is dropped as soon as it is there. */
static int drain(struct pg_conn *c)
{
	_cleanup_(cleanup_pg_result) PGresult *result = NULL;
	int r = receive(c, 0, &result);

	if (r == 0)
		c->state = SETTING;
	return r;
}

int pg_conn_open(struct pg_conn *c)
{
	int r = 0;

	if (c->state == CLOSED || c->state == CONNECTING)
		r = connect_to(c, monotonic_ms() + CONNECT_MS);
	if (r == 0 && c->state == WAITING)
		r = drain(c);
	if (r == 0 && c->state == SETTING)
		r = set_up(c);
	return r;
}

int pg_conn_query(struct pg_conn *c, const char *sql, unsigned n_fields, struct pg_result **ret)
{
	_cleanup_(cleanup_pg_result) PGresult *result = NULL;
	int r;

	if (c->state == WAITING)
		return -ETIMEDOUT;
	r = c->state == READY ? ask(c, sql, &result) : -ENOTCONN;
	if (r < 0)
		return r;
	if (PQresultStatus(result) != PGRES_TUPLES_OK || PQnfields(result) != (int)n_fields) {
		keep_error(c, "the server answers with something else");
		return -EBADMSG;
	}
	*ret = TAKE(result);
	return 0;
}

void pg_conn_clear(struct pg_result *r)
{
	PQclear(r);
}

void pg_conn_hand_over(struct pg_conn *c, int quit_fd)
{
	c->quit_fd = quit_fd;
}

bool pg_conn_waits(const struct pg_conn *c)
{
	return c->state == CONNECTING || c->state == WAITING;
}

const char *pg_conn_error(const struct pg_conn *c)
{
	return c->error;
}

unsigned pg_conn_version(const struct pg_conn *c)
{
	int version = c->pq ? PQserverVersion(c->pq) : 0;

	return version > 0 ? (unsigned)version : 0;
}

const char *pg_conn_database(const struct pg_conn *c)
{
	const char *name = c->pq ? PQdb(c->pq) : NULL;

	return name ? name : "";
}

int pg_conn_backend(const struct pg_conn *c)
{
	return c->pq ? PQbackendPID(c->pq) : 0;
}

bool pg_conn_is_local(const struct pg_conn *c)
{
	struct sockaddr_storage here = {0}, there = {0};
	socklen_t here_len = sizeof here, there_len = sizeof there;
	int fd = c->pq ? PQsocket(c->pq) : -1;

	if (getsockname(fd, (struct sockaddr *)&here, &here_len) < 0 ||
	    getpeername(fd, (struct sockaddr *)&there, &there_len) < 0 || here.ss_family != there.ss_family)
		return false;
	if (here.ss_family == AF_INET)
		return ((struct sockaddr_in *)&here)->sin_addr.s_addr ==
		       ((struct sockaddr_in *)&there)->sin_addr.s_addr;
	if (here.ss_family == AF_INET6)
		return memcmp(&((struct sockaddr_in6 *)&here)->sin6_addr, &((struct sockaddr_in6 *)&there)->sin6_addr,
		           sizeof(struct in6_addr)) == 0;
	return here.ss_family == AF_UNIX;
}

bool pg_conn_check(const char *conninfo)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);

	PQconninfoFree(options);
	return options != NULL;
}
