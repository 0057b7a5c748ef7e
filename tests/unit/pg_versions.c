/* pg_versions.c -- what answers of each version become, and what a connection does when servers misbehave
 *
 * libpq is a scripted one: the functions below stand in its place, and answer as a server of any version.
 */
#include "collector/pg_conn.h"
#include "collector/pg_line.h"
#include "collector/pg_query.h"
#include "tests/source_rig.h"
#include "tests/tap.h"

#include <libpq-fe.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <time.h>

/* --- the scripted libpq --- */

/* A result has one row; the field k holds the number k + 1, or what is given. */
struct pg_result {
	int n_rows;
	ExecStatusType status;
};

static struct {
	int version;
	int fd;           /* always ready */
	bool busy;        /* does not answer */
	bool refuses;     /* the question */
	bool breaks;      /* the connection, with the answer */
	bool takes_leave; /* before that */
	bool closes;      /* the connection: there is no more than what was read */
	bool copies;      /* instead of an answer */
	bool goes_on;     /* with its answer, and never ends it */
	int n_fields;     /* of an answer; 0: one */
	bool rejects;     /* the connection */
	bool looks_up;    /* the name, until look_up_fd is readable */
	int look_up_fd;
	atomic_int n_connected;   /* connections that there are */
	atomic_int n_ended;       /* and that are no more */
	atomic_int n_connections; /* that there were */
	PQnoticeProcessor notice;
	void *notice_arg;
	int n_pending; /* results not taken yet */
	int n_taken;
	char dbname[64], password[64];
	char asked[8192];
	struct pg_result result;
} server;

static char connection;

static PGconn *the_connection(void)
{
	return (PGconn *)(void *)&connection;
}

PGconn *PQconnectStartParams(const char *const *keywords, const char *const *values, int expand)
{
	struct pollfd look_up = {.fd = server.look_up_fd, .events = POLLIN};

	ok(expand == 0);
	if (server.looks_up)
		poll(&look_up, 1, -1);
	server.n_connections++;
	server.n_connected++;
	for (; *keywords; keywords++, values++) {
		if (strcmp(*keywords, "dbname") == 0)
			snprintf(server.dbname, sizeof server.dbname, "%s", *values);
		if (strcmp(*keywords, "password") == 0)
			snprintf(server.password, sizeof server.password, "%s", *values);
	}
	return the_connection();
}

PostgresPollingStatusType PQconnectPoll(PGconn *c)
{
	(void)c;
	return server.rejects ? PGRES_POLLING_FAILED : PGRES_POLLING_OK;
}

void PQfinish(PGconn *c)
{
	if (!c)
		return;
	server.n_connected--;
	server.n_ended++;
}

ConnStatusType PQstatus(const PGconn *c)
{
	(void)c;
	return server.rejects || (server.breaks && server.n_pending == 0) ? CONNECTION_BAD : CONNECTION_OK;
}

int PQsocket(const PGconn *c)
{
	(void)c;
	return server.fd;
}

int PQsetnonblocking(PGconn *c, int on)
{
	(void)c;
	return on ? 0 : -1;
}

PQnoticeProcessor PQsetNoticeProcessor(PGconn *c, PQnoticeProcessor p, void *arg)
{
	(void)c;
	server.notice = p;
	server.notice_arg = arg;
	return NULL;
}

int PQsendQuery(PGconn *c, const char *sql)
{
	(void)c;
	snprintf(server.asked, sizeof server.asked, "%s", sql);
	server.n_pending = 1;
	return 1;
}

int PQflush(PGconn *c)
{
	(void)c;
	return 0;
}

int PQconsumeInput(PGconn *c)
{
	(void)c;
	if (server.takes_leave)
		server.notice(server.notice_arg, "FATAL:  terminating connection\n");
	return !server.closes;
}

int PQisBusy(PGconn *c)
{
	struct timespec some = {.tv_nsec = 20000000};

	(void)c;
	if (server.goes_on)
		nanosleep(&some, NULL);
	return server.busy || server.goes_on;
}

PGresult *PQgetResult(PGconn *c)
{
	(void)c;
	if (server.n_pending == 0)
		return NULL;
	server.n_taken++;
	/* libpq has that result until the copy is over; a test is to end before. */
	if (!server.copies || server.n_taken > 100)
		server.n_pending--;
	server.result = (struct pg_result){1, server.copies    ? PGRES_COPY_OUT
	                                      : server.refuses ? PGRES_FATAL_ERROR
	                                                       : PGRES_TUPLES_OK};
	return &server.result;
}

int PQserverVersion(const PGconn *c)
{
	(void)c;
	return server.version;
}

char *PQdb(const PGconn *c)
{
	(void)c;
	return server.dbname;
}

char *PQerrorMessage(const PGconn *c)
{
	static char text[] = "the server said no\nand more";

	(void)c;
	return text;
}

ExecStatusType PQresultStatus(const PGresult *r)
{
	return r ? r->status : PGRES_FATAL_ERROR;
}

char *PQresultErrorMessage(const PGresult *r)
{
	static char text[] = "ERROR:  permission denied\n";

	(void)r;
	return text;
}

int PQntuples(const PGresult *r)
{
	return r->n_rows;
}

int PQnfields(const PGresult *r)
{
	(void)r;
	return server.n_fields ? server.n_fields : 1;
}

int PQgetisnull(const PGresult *r, int row, int field)
{
	(void)r;
	return row != 0 || field < 0;
}

char *PQgetvalue(const PGresult *r, int row, int field)
{
	static char text[16];

	(void)r;
	(void)row;
	snprintf(text, sizeof text, "%d", field + 1);
	return text;
}

void PQclear(PGresult *r)
{
	(void)r;
}

/* --- rows --- */

static int open_nothing(const struct source_env *env, void **ret_state)
{
	(void)env;
	(void)ret_state;
	return 0;
}

static void what_a_version_does_not_have_is_null(void)
{
	struct source_desc desc = *source_rig_find("pg_stat_wal");
	struct pg_result one = {1, PGRES_TUPLES_OK};
	struct source_rig g;

	desc.open = open_nothing;
	if (ok_r(source_rig_up(&g, &desc, "/"))) {
		struct table *t = g.t;

		ok_r(pg_query_read(desc.postgres, 180000, "s", NULL, 100, &one, t));
		ok_r(pg_query_read(desc.postgres, 150000, "s", NULL, 100, &one, t));
		eq(t->n_rows, 2);
		/* The fifth that is asked for is stats_reset to the one, wal_write to the other. */
		eq(table_get(t, (uint32_t)table_schema_find(t->schema, "stats_reset_s"), 0), 5000);
		ok(table_is_null(t, (uint32_t)table_schema_find(t->schema, "wal_write"), 0));
		eq(table_get(t, (uint32_t)table_schema_find(t->schema, "wal_write"), 1), 5);
		eq(table_get(t, (uint32_t)table_schema_find(t->schema, "wal_write_time_us"), 1), 7000);
		eq(table_get(t, (uint32_t)table_schema_find(t->schema, "stats_reset_s"), 1), 9000);
	}
	source_rig_down(&g);
}

static void versions_of_extensions_are_numbers(void)
{
	eq(pg_query_extension_version("1.10"), 110);
	eq(pg_query_extension_version("1.6"), 106);
	eq(pg_query_extension_version("2.0"), 200);
	eq(pg_query_extension_version("1.6.1"), 106);
	eq(pg_query_extension_version("1.6.x"), 0);
	eq(pg_query_extension_version("10.0"), 0);
	eq(pg_query_extension_version("1"), 0);
	eq(pg_query_extension_version("1.x"), 0);
	eq(pg_query_extension_version("unpackaged"), 0);
}

/* --- the connection --- */

static struct pg_conn *begin(const char *conninfo, const char *dbname)
{
	static int quit_fd = -1;
	struct pg_conn *c = NULL;

	memset(&server, 0, sizeof server);
	server.version = 150004;
	server.fd = eventfd(1, EFD_CLOEXEC);
	if (quit_fd < 0)
		quit_fd = eventfd(0, EFD_CLOEXEC);
	ok_r(pg_conn_new(conninfo, dbname, quit_fd, &c));
	return c;
}

static void end(struct pg_conn *c)
{
	pg_conn_free(c);
	eq(server.n_connected, 0);
	close(server.fd);
}

static void passwords_and_names_with_quotes_and_blanks_arrive_as_they_are(void)
{
	struct pg_conn *c = begin("host=/tmp dbname=postgres password='a b\\'c\\\\d'", "it's \"so\" = x");

	ok_r(pg_conn_open(c));
	str_eq(server.password, "a b'c\\d");
	str_eq(server.dbname, "it's \"so\" = x");
	str_eq(server.asked, "SET jit = off");
	end(c);
	c = begin("", NULL);
	server.version = 100023;
	ok_r(pg_conn_open(c));
	ok(strstr(server.asked, "statement_timeout = 2000"));
	ok(strstr(server.asked, "default_transaction_read_only = on"));
	end(c);
}

static void a_server_that_hangs_is_not_connected_to_again(void)
{
	_cleanup_(cleanup_pg_result) struct pg_result *answer = NULL;
	struct pg_conn *c = begin("", NULL);

	ok_r(pg_conn_open(c));
	server.busy = true;
	close(server.fd);
	server.fd = eventfd(0, EFD_CLOEXEC); /* nothing comes */
	eq(pg_conn_query(c, "SELECT 1", 1, &answer), -ETIMEDOUT);
	ok(pg_conn_waits(c));
	for (int i = 0; i < 10; i++) {
		eq(pg_conn_open(c), -ETIMEDOUT);
		eq(pg_conn_query(c, "SELECT 2", 1, &answer), -ETIMEDOUT);
	}
	eq(server.n_connections, 1);
	str_eq(server.asked, "SELECT 1");
	str_eq(pg_conn_error(c), "no answer");
	/* The answer comes, and is not taken for that of another question. */
	server.busy = false;
	ok_r(pg_conn_open(c));
	eq(pg_conn_query(c, "SELECT 3", 1, &answer), 0);
	str_eq(server.asked, "SELECT 3");
	eq(server.n_connections, 1);
	end(c);
}

static void a_refused_question_is_not_a_lost_connection(void)
{
	_cleanup_(cleanup_pg_result) struct pg_result *answer = NULL;
	struct pg_conn *c = begin("", NULL);

	ok_r(pg_conn_open(c));
	server.refuses = true;
	eq(pg_conn_query(c, "SELECT 1", 1, &answer), -EREMOTEIO);
	str_eq(pg_conn_error(c), "ERROR:  permission denied");
	server.refuses = false;
	eq(pg_conn_query(c, "SELECT 2", 1, &answer), 0);
	eq(server.n_connections, 1);
	end(c);
}

static void an_answer_to_another_question_is_not_taken(void)
{
	_cleanup_(cleanup_pg_result) struct pg_result *answer = NULL;
	struct pg_conn *c = begin("", NULL);

	ok_r(pg_conn_open(c));
	eq(pg_conn_query(c, "SELECT 1, 2", 2, &answer), -EBADMSG);
	ok(!answer);
	server.n_fields = 2;
	eq(pg_conn_query(c, "SELECT 1, 2", 2, &answer), 0);
	eq(server.n_connections, 1);
	end(c);
}

static void a_server_that_copies_is_left(void)
{
	_cleanup_(cleanup_pg_result) struct pg_result *answer = NULL;
	struct pg_conn *c = begin("", NULL);

	ok_r(pg_conn_open(c));
	server.copies = true;
	server.n_taken = 0;
	eq(pg_conn_query(c, "SELECT 1", 1, &answer), -ENOTCONN);
	eq(server.n_taken, 1);
	eq(server.n_connected, 0);
	end(c);
}

static void an_answer_without_an_end_is_left(void)
{
	_cleanup_(cleanup_pg_result) struct pg_result *answer = NULL;
	struct pg_conn *c = begin("", NULL);

	ok_r(pg_conn_open(c));
	server.goes_on = true;
	eq(pg_conn_query(c, "SELECT 1", 1, &answer), -ENOTCONN);
	str_eq(pg_conn_error(c), "the answer has no end");
	eq(server.n_connected, 0);
	end(c);
}

static void a_server_that_dies_in_the_middle_is_connected_to_anew_as_what_it_is_then(void)
{
	_cleanup_(cleanup_pg_result) struct pg_result *answer = NULL;
	struct pg_conn *c = begin("", NULL);

	ok_r(pg_conn_open(c));
	eq(pg_conn_version(c), 150004);
	server.breaks = true;
	eq(pg_conn_query(c, "SELECT 1", 1, &answer), -ENOTCONN);
	eq(server.n_connected, 0);
	str_eq(pg_conn_error(c), "the server said no");
	eq(pg_conn_query(c, "SELECT 1", 1, &answer), -ENOTCONN);
	server.breaks = false;
	server.rejects = true;
	eq(pg_conn_open(c), -ENOTCONN);
	eq(server.n_connected, 0);
	server.rejects = false;
	server.version = 170001;
	ok_r(pg_conn_open(c));
	eq(pg_conn_version(c), 170001);
	eq(pg_conn_query(c, "SELECT 1", 1, &answer), 0);
	end(c);
}

static void why_a_server_ends_a_session_is_kept(void)
{
	_cleanup_(cleanup_pg_result) struct pg_result *answer = NULL;
	struct pg_conn *c = begin("", NULL);

	ok_r(pg_conn_open(c));
	server.breaks = server.takes_leave = true;
	eq(pg_conn_query(c, "SELECT 1", 1, &answer), -ENOTCONN);
	str_eq(pg_conn_error(c), "FATAL:  terminating connection");
	server.breaks = server.takes_leave = false;
	ok_r(pg_conn_open(c));
	server.breaks = server.refuses = true; /* it was in the middle of the answer */
	eq(pg_conn_query(c, "SELECT 1", 1, &answer), -ENOTCONN);
	str_eq(pg_conn_error(c), "ERROR:  permission denied");
	server.breaks = server.refuses = false;
	ok_r(pg_conn_open(c));
	server.closes = server.refuses = true; /* with the end right behind */
	eq(pg_conn_query(c, "SELECT 1", 1, &answer), -ENOTCONN);
	str_eq(pg_conn_error(c), "ERROR:  permission denied");
	ok(server.n_connected == 0);
	server.closes = server.refuses = false;
	ok_r(pg_conn_open(c));
	server.breaks = server.refuses = server.takes_leave = true;
	eq(pg_conn_query(c, "SELECT 1", 1, &answer), -ENOTCONN);
	str_eq(pg_conn_error(c), "FATAL:  terminating connection");
	server.breaks = server.refuses = server.takes_leave = false;
	ok_r(pg_conn_open(c));
	server.breaks = true;
	eq(pg_conn_query(c, "SELECT 1", 1, &answer), -ENOTCONN);
	str_eq(pg_conn_error(c), "the server said no");
	end(c);
}

static void a_name_that_is_looked_up_for_ever_holds_nothing_up(void)
{
	struct pg_conn *c = begin("", NULL);
	uint64_t n;

	server.looks_up = true;
	server.look_up_fd = eventfd(0, EFD_CLOEXEC);
	eq(pg_conn_open(c), -ETIMEDOUT);
	ok(pg_conn_waits(c));
	str_eq(pg_conn_error(c), "no answer while connecting");
	pg_conn_free(c);
	eq(server.n_connections, 0);
	/* What it becomes when the look-up has come back is dropped by the thread that was left. */
	eventfd_write(server.look_up_fd, 1);
	while (server.n_ended == 0)
		sched_yield();
	eq(server.n_connected, 0);
	close(server.fd);
	ok(read(server.look_up_fd, &n, sizeof n) == sizeof n);
	close(server.look_up_fd);
}

/* As at a reload: the next one's thread comes before the last one's has ended. */
static void the_next_configuration_goes_on_with_a_connection_that_waits(void)
{
	_cleanup_(cleanup_pg_result) struct pg_result *answer = NULL;
	int quit_fd = eventfd(0, EFD_CLOEXEC);
	struct pg_line *l = NULL, *next = NULL, *other = NULL;
	struct pg_conn *elsewhere = NULL, *again = NULL;

	pg_conn_free(begin("", NULL));
	ok_r(pg_line_get("main", "host=a", &l));
	ok_r(pg_line_enter(l, quit_fd));
	ok_r(pg_conn_open(pg_line_first(l)));
	ok_r(pg_line_take(l, "elsewhere", &elsewhere));
	ok_r(pg_conn_open(elsewhere));
	eq(server.n_connected, 2);
	server.busy = true;
	server.fd = eventfd(0, EFD_CLOEXEC); /* nothing comes */
	eventfd_write(quit_fd, 1);
	eq(pg_conn_query(pg_line_first(l), "SELECT 1", 1, &answer), -ECANCELED);
	eq(pg_conn_query(elsewhere, "SELECT 1", 1, &answer), -ECANCELED);
	pg_line_give(l, "elsewhere", elsewhere);

	ok_r(pg_line_get("main", "host=a", &next));
	eq(pg_line_enter(next, quit_fd), -EBUSY);
	pg_line_leave(l);
	pg_line_put(l);
	quit_fd = eventfd(0, EFD_CLOEXEC);
	ok_r(pg_line_enter(next, quit_fd));
	eq(pg_conn_open(pg_line_first(next)), -ETIMEDOUT);
	ok_r(pg_line_take(next, "elsewhere", &again));
	ok(again == elsewhere);
	eq(server.n_connections, 2);
	pg_line_give(next, "elsewhere", again);
	/* Another server has its own. */
	ok_r(pg_line_get("main", "host=b", &other));
	ok(other != next);
	pg_line_put(other);
	/* Once it answers it is used, and closed at the end. */
	server.busy = false;
	ok_r(pg_conn_open(pg_line_first(next)));
	eq(server.n_connections, 2);
	pg_line_leave(next);
	eq(server.n_connected, 1);
	/* The server is no longer configured: nothing stays. */
	pg_line_put(next);
	eq(server.n_connected, 0);
	close(quit_fd);
}

int main(void)
{
	RUN(what_a_version_does_not_have_is_null);
	RUN(versions_of_extensions_are_numbers);
	RUN(passwords_and_names_with_quotes_and_blanks_arrive_as_they_are);
	RUN(a_server_that_hangs_is_not_connected_to_again);
	RUN(a_refused_question_is_not_a_lost_connection);
	RUN(an_answer_to_another_question_is_not_taken);
	RUN(a_server_that_copies_is_left);
	RUN(an_answer_without_an_end_is_left);
	RUN(a_server_that_dies_in_the_middle_is_connected_to_anew_as_what_it_is_then);
	RUN(why_a_server_ends_a_session_is_kept);
	RUN(a_name_that_is_looked_up_for_ever_holds_nothing_up);
	RUN(the_next_configuration_goes_on_with_a_connection_that_waits);
	return tap_done();
}
