/* pg_server.c -- see pg_server.h
 *
 * THREADS. The thread fills one table while the other is shown. What is shown is under the lock, which is held for
 * swapping and for copying only; the thread itself may read it without, as nobody else writes it.
 *
 * PACES. Rounds begin a little before full multiples of their interval, as ticks are at these: rows are fresh when they
 * are shown, and those of several servers are of the same time. Databases are visited one after the other, and what is
 * asked often is not kept waiting by that.
 */
#include "collector/pg_server.h"

#include "collector/pg_line.h"
#include "collector/pg_session.h"
#include "collector/priority.h"
#include "collector/say.h"
#include "collector/thread.h"
#include "collector/tick.h"
#include "store/lock.h"

#include <libpq-fe.h>
#include <stdarg.h>
#include <sys/eventfd.h>
#include <time.h>

enum {
	STACK = 1 << 20,
	LEAD_MS = 200,
	RETRY_MS = 1000, /* doubled with each failure */
	RETRY_MAX_MS = 30000,
	DATABASES_MAX = 64,
	ENTER_MS = 20,
	NOTE_MAX = sizeof((struct source_report *)NULL)->note
};

/* The rows of a table. */
struct served {
	const struct source_desc *desc;
	struct table *filling;
	char note[NOTE_MAX]; /* on filling */
	int64_t begun_ns;

	/* Under the lock. */
	struct table *shown;
	char shown_note[NOTE_MAX];
	int r; /* 0: there are rows; -ENOENT */
	int64_t taken_ns;
	uint32_t took_ms;
	uint64_t generation;
};

struct pg_server {
	pthread_t thread;
	pthread_mutex_t lock;
	int quit_fd;

	char *name;
	struct pg_line *line;
	uint64_t interval_ms[PG_PACES];
	struct redact *redact;
	size_t text_max;
	struct pglog *log; /* NULL: it is not read */
	size_t n_served;
	struct served *served;

	/* Under the lock. */
	bool down;           /* it does not answer, */
	char why[NOTE_MAX];  /* for this reason */
	int64_t answered_ms; /* when it did last, since 1970; 0: not yet */
	uint64_t n_changes;  /* of what there is to say of that */

	/* The thread's own. */
	struct pg_conn *conn; /* to the first database */
	bool up;              /* connected */
	bool well;            /* and all that was due has been answered since */
	bool said;            /* that it is not */
	uint64_t retry_ms;
	struct tick tick[PG_PACES];
};

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* --- memory --- */

static void free_all(struct pg_server *s)
{
	for (size_t i = 0; i < s->n_served; i++) {
		source_table_free(s->served[i].filling);
		source_table_free(s->served[i].shown);
	}
	free(s->served);
	if (s->line)
		pg_line_put(s->line);
	if (s->redact)
		redact_free(s->redact);
	if (s->quit_fd >= 0)
		close(s->quit_fd);
	pthread_mutex_destroy(&s->lock);
	free(s->name);
	free(s);
}

/* --- what is shown --- */

static void begin(struct served *v)
{
	v->begun_ns = clock_ns(CLOCK_BOOTTIME);
	v->note[0] = '\0';
	strpool_epoch(v->filling->pool);
	table_clear(v->filling);
}

/* Shows the rows that were filled in, or that there are none. */
static void publish(struct pg_server *s, struct served *v, int r)
{
	struct table *t = v->filling;

	if (r < 0)
		table_clear(t);
	strpool_sweep(t->pool);
	pthread_mutex_lock(&s->lock);
	v->filling = v->shown;
	v->shown = t;
	v->r = r < 0 ? -ENOENT : 0;
	memcpy(v->shown_note, v->note, sizeof v->note);
	v->taken_ns = v->begun_ns;
	v->took_ms = (uint32_t)((clock_ns(CLOCK_BOOTTIME) - v->begun_ns) / 1000000);
	v->generation++;
	pthread_mutex_unlock(&s->lock);
}

/* Keeps the first thing that there is to say. */
static void note(struct served *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct served *v, const char *fmt, ...)
{
	va_list ap;

	if (v->note[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(v->note, sizeof v->note, fmt, ap);
	va_end(ap);
}

static void set_down(struct pg_server *s, const char *why)
{
	pthread_mutex_lock(&s->lock);
	if (!s->down || strcmp(s->why, why) != 0)
		s->n_changes++;
	s->down = true;
	snprintf(s->why, sizeof s->why, "%s", why);
	pthread_mutex_unlock(&s->lock);
}

static void set_answered(struct pg_server *s)
{
	pthread_mutex_lock(&s->lock);
	s->n_changes += s->down;
	s->down = false;
	s->answered_ms = clock_ns(CLOCK_REALTIME) / 1000000;
	pthread_mutex_unlock(&s->lock);
}

/* The server does not answer. */
static void go_down(struct pg_server *s, int r)
{
	const char *why = r == -ENOTCONN || r == -ETIMEDOUT ? pg_conn_error(s->conn) : strerror(-r);

	if (!s->said)
		say("postgres %s: %s; it is tried again until it answers", s->name, why);
	s->said = true;
	for (size_t i = 0; i < s->n_served; i++) {
		begin(&s->served[i]);
		note(&s->served[i], "%s", why);
		publish(s, &s->served[i], -ENOENT);
	}
	set_down(s, why);
	s->up = s->well = false;
}

/* --- asking --- */

/* Whether the question itself was refused: others may be answered. */
static bool is_refusal(int r)
{
	return r == -EREMOTEIO || r == -ENOENT || r == -EMSGSIZE || r == -EBADMSG;
}

/* Sets version and schema of an extension in the database that is asked; -ENOENT: it is not there. */
static int find_extension(struct pg_session *session, const char *extension, PGresult **ret, struct served *v)
{
	_cleanup_(cleanup_pg_result) PGresult *found = NULL;
	char sql[512];
	int r;

	snprintf(sql, sizeof sql,
	    "SELECT e.extversion, quote_ident(n.nspname), EXISTS (SELECT FROM pg_proc p "
	    "WHERE p.pronamespace = n.oid AND p.proname = e.extname AND 'showtext' = ANY (p.proargnames)) "
	    "FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = '%s'",
	    extension);
	r = pg_conn_query(session->conn, sql, 3, &found);
	if (r < 0)
		return r;
	if (PQntuples(found) == 0) {
		note(v, "the extension is not there in database %s", pg_conn_database(session->conn));
		return -ENOENT;
	}
	session->version = pg_query_extension_version(PQgetvalue(found, 0, 0));
	if (strcmp(PQgetvalue(found, 0, 2), "t") != 0)
		session->version += PG_TEXTS_ALWAYS;
	session->schema = PQgetvalue(found, 0, 1);
	*ret = TAKE(found);
	return 0;
}

/* Appends the rows of one database. */
static int ask(struct pg_server *s, struct pg_conn *conn, struct served *v)
{
	_cleanup_(cleanup_pg_result) PGresult *answer = NULL, *extension = NULL;
	_cleanup_(buf_done) struct buf sql = {0};
	const struct pg_table *of = v->desc->postgres;
	struct pg_session session = {.server = s,
	    .conn = conn,
	    .version = pg_conn_version(conn),
	    .last = v->r == 0 ? v->shown : NULL,
	    .redact = s->redact,
	    .text_max = s->text_max};
	uint32_t first = v->filling->n_rows;
	int r = of->extension ? find_extension(&session, of->extension, &extension, v) : 0;

	if (r == 0)
		r = pg_query_write(of, session.version, session.schema, &sql);
	if (r == -ENOENT && extension)
		note(v, "not in version %s of the extension", PQgetvalue(extension, 0, 0));
	else if (r == -ENOENT && !of->extension)
		note(v, "not in version %u", session.version / 10000);
	if (r == 0)
		r = pg_conn_query(conn, (const char *)sql.p, pg_query_n_fields(of, session.version), &answer);
	if (r == 0)
		r = pg_query_read(of, session.version, s->name, s->redact, s->text_max, answer, v->filling);
	if (r == 0 && of->finish)
		r = of->finish(&session, v->filling, first);
	if (r == -EREMOTEIO || r == -EBADMSG)
		note(v, "%s", pg_conn_error(conn));
	while (r < 0 && v->filling->n_rows > first)
		table_drop_row(v->filling);
	return r;
}

/* The tables of that pace that any database shows. */
static int ask_first(struct pg_server *s, enum pg_pace pace)
{
	for (size_t i = 0; i < s->n_served; i++) {
		struct served *v = &s->served[i];
		int r;

		if (v->desc->postgres->pace != pace || v->desc->postgres->per_database)
			continue;
		begin(v);
		r = ask(s, s->conn, v);
		if (r < 0 && !is_refusal(r))
			return r;
		publish(s, v, r);
	}
	return 0;
}

/* --- databases --- */

static bool is_visited(const struct served *v, enum pg_pace pace)
{
	return v->desc->postgres->pace == pace && v->desc->postgres->per_database;
}

/* One database, on a connection to it. An error is that of the connection. */
static int visit_on(struct pg_server *s, enum pg_pace pace, const char *database, struct pg_conn *conn)
{
	int r = pg_conn_open(conn);

	for (size_t i = 0; i < s->n_served; i++) {
		struct served *v = &s->served[i];

		if (!is_visited(v, pace))
			continue;
		if (r == 0)
			r = ask(s, conn, v);
		if (r < 0)
			note(v, "database %s: %s", database, pg_conn_error(conn));
		if (is_refusal(r))
			r = 0;
	}
	return r;
}

static int visit(struct pg_server *s, enum pg_pace pace, const char *database)
{
	struct pg_conn *conn;
	int r;

	if (strcmp(database, pg_conn_database(s->conn)) == 0)
		return visit_on(s, pace, database, s->conn);
	r = pg_line_take(s->line, database, &conn);
	if (r < 0)
		return r == -EBUSY ? 0 : r;
	r = visit_on(s, pace, database, conn);
	pg_line_give(s->line, database, conn);
	return r == -ECANCELED ? r : 0;
}

static bool is_due(const struct pg_server *s, enum pg_pace pace)
{
	return s->tick[pace].due_ns <= clock_ns(CLOCK_MONOTONIC);
}

static int ask_often(struct pg_server *s);

static int visit_databases(struct pg_server *s, enum pg_pace pace)
{
	_cleanup_(cleanup_pg_result) PGresult *databases = NULL;
	int n, r = pg_conn_query(s->conn,
	           "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate AND "
	           "has_database_privilege(oid, 'CONNECT') ORDER BY oid",
	           1, &databases);

	if (r < 0)
		return is_refusal(r) ? 0 : r;
	n = PQntuples(databases);
	for (size_t i = 0; i < s->n_served; i++)
		if (is_visited(&s->served[i], pace)) {
			begin(&s->served[i]);
			if (n > DATABASES_MAX)
				note(&s->served[i], "%d databases are left out", n - DATABASES_MAX);
		}
	for (int k = 0; k < n && k < DATABASES_MAX && r == 0; k++) {
		r = visit(s, pace, PQgetvalue(databases, k, 0));
		if (r == 0)
			r = ask_often(s);
	}
	for (size_t i = 0; i < s->n_served && r == 0; i++)
		if (is_visited(&s->served[i], pace))
			publish(s, &s->served[i], 0);
	return r;
}

/* --- rounds --- */

/* When the next round of that pace is due. */
static void schedule(struct pg_server *s, enum pg_pace pace)
{
	int64_t interval_ns = (int64_t)s->interval_ms[pace] * 1000000, lead_ns = LEAD_MS * INT64_C(1000000);

	if (lead_ns > interval_ns / 4)
		lead_ns = interval_ns / 4;
	s->tick[pace] =
	    tick_next(s->tick[pace], clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_REALTIME) + lead_ns, interval_ns);
}

static int ask_often(struct pg_server *s)
{
	if (!is_due(s, PG_OFTEN))
		return 0;
	schedule(s, PG_OFTEN);
	return ask_first(s, PG_OFTEN);
}

static int ask_all_due(struct pg_server *s)
{
	int r = ask_often(s);

	for (unsigned pace = PG_SLOW; pace < PG_PACES && r == 0; pace++) {
		if (!is_due(s, pace))
			continue;
		schedule(s, pace);
		if (pace == PG_SLOW && s->log)
			r = pglog_find(s->log, s->conn);
		if (r == 0)
			r = ask_first(s, pace);
		if (r == 0)
			r = visit_databases(s, pace);
	}
	return r;
}

/* False: quit. */
static bool wait_until(const struct pg_server *s, int64_t due_ns)
{
	return tick_wait(s->quit_fd, due_ns);
}

static int64_t next_due(const struct pg_server *s)
{
	int64_t due = s->tick[0].due_ns;

	for (unsigned pace = 1; pace < PG_PACES; pace++)
		due = s->tick[pace].due_ns < due ? s->tick[pace].due_ns : due;
	return due;
}

/* A first round was answered. */
static void be_well(struct pg_server *s)
{
	unsigned version = pg_conn_version(s->conn);

	say("postgres %s: version %u.%u, recorded", s->name, version / 10000, version % 10000);
	s->well = true;
	s->said = false;
	s->retry_ms = 0;
}

/* One round, or one try to connect. False: quit. */
static bool serve(struct pg_server *s)
{
	int r;

	if (s->up && !wait_until(s, next_due(s)))
		return false;
	r = pg_conn_open(s->conn);
	/* After a connection was made everything is due. */
	if (r == 0 && !s->up)
		memset(s->tick, 0, sizeof s->tick);
	s->up = r == 0;
	if (r == 0)
		r = ask_all_due(s);
	if (r == 0)
		set_answered(s);
	if (r == 0 && !s->well)
		be_well(s);
	if (r == 0)
		return true;
	if (r == -ECANCELED)
		return false;
	go_down(s, r);
	s->retry_ms = s->retry_ms ? 2 * s->retry_ms : RETRY_MS;
	if (s->retry_ms > RETRY_MAX_MS)
		s->retry_ms = RETRY_MAX_MS;
	return wait_until(s, clock_ns(CLOCK_MONOTONIC) + (int64_t)s->retry_ms * 1000000);
}

static void *server_main(void *arg)
{
	struct pg_server *s = arg;

	priority_apart();
	pthread_setname_np(pthread_self(), "histd-postgres");
	/* The thread of the configuration before is about to end. */
	while (pg_line_enter(s->line, s->quit_fd) == -EBUSY)
		if (!wait_until(s, clock_ns(CLOCK_MONOTONIC) + ENTER_MS * INT64_C(1000000)))
			return NULL;
	s->conn = pg_line_first(s->line);
	while (serve(s))
		;
	pg_line_leave(s->line);
	return NULL;
}

/* --- callers --- */

int pg_server_start(const struct config *c, const struct config_postgres *given,
    const struct source_desc *const *sources, size_t n_sources, struct pglog *log, struct pg_server **ret)
{
	struct pg_server *s = calloc(1, sizeof *s);
	int r;

	if (!s)
		return -ENOMEM;
	lock_init(&s->lock);
	s->interval_ms[PG_OFTEN] = given->interval_ms ? given->interval_ms : c->interval_ms;
	if (s->interval_ms[PG_OFTEN] < 1000 && !given->interval_ms)
		s->interval_ms[PG_OFTEN] = 1000;
	s->interval_ms[PG_SLOW] = given->slow_ms;
	s->interval_ms[PG_SLOWEST] = given->slowest_ms;
	s->text_max = c->cmdline_max;
	s->log = log;
	s->quit_fd = eventfd(0, EFD_CLOEXEC);
	r = s->quit_fd < 0 ? -errno : 0;
	s->name = strdup(given->name);
	s->served = calloc(n_sources + 1, sizeof *s->served);
	if (!s->name || !s->served)
		r = -ENOMEM;
	if (r == 0)
		r = pg_line_get(given->name, given->conninfo, &s->line);
	if (r == 0 && c->redact)
		r = redact_new((const char *const *)c->patterns.v, c->patterns.n, NULL, &s->redact);
	for (size_t i = 0; i < n_sources && r == 0; i++) {
		struct served *v = &s->served[s->n_served++];

		*v = (struct served){.desc = sources[i], .r = -ENOENT};
		r = source_table_new(sources[i], &v->filling);
		if (r == 0)
			r = source_table_new(sources[i], &v->shown);
	}
	if (r == 0)
		r = thread_start(&s->thread, STACK, server_main, s);
	if (r < 0) {
		free_all(s);
		return r;
	}
	*ret = s;
	return 0;
}

void pg_server_stop(struct pg_server *s)
{
	eventfd_write(s->quit_fd, 1);
	pthread_join(s->thread, NULL);
	free_all(s);
}

uint64_t pg_server_generation(struct pg_server *s, size_t source)
{
	uint64_t n;

	pthread_mutex_lock(&s->lock);
	n = s->served[source].generation;
	pthread_mutex_unlock(&s->lock);
	return n;
}

uint64_t pg_server_changes(struct pg_server *s)
{
	uint64_t n;

	pthread_mutex_lock(&s->lock);
	n = s->n_changes;
	pthread_mutex_unlock(&s->lock);
	return n;
}

int pg_server_put_down(struct pg_server *s, struct table *t)
{
	uint32_t row;
	int r = 0;

	pthread_mutex_lock(&s->lock);
	if (s->down) {
		r = table_add_row(t, &row);
		if (r == 0)
			r = table_set_str(t, row, PG_DOWN_SERVER, s->name, strlen(s->name));
		if (r == 0)
			r = table_set_str(t, row, PG_DOWN_REASON, s->why, strlen(s->why));
		if (r == 0 && s->answered_ms > 0)
			table_set(t, row, PG_DOWN_ANSWERED, (uint64_t)s->answered_ms);
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

bool pg_server_awaited(struct pg_server *s, size_t source)
{
	const struct served *v = &s->served[source];
	int64_t rounds_ns = 2 * (int64_t)s->interval_ms[v->desc->postgres->pace] * 1000000;
	bool awaited;

	pthread_mutex_lock(&s->lock);
	awaited = v->r == 0 && clock_ns(CLOCK_BOOTTIME) - v->taken_ns <= rounds_ns + v->took_ms * INT64_C(1000000);
	pthread_mutex_unlock(&s->lock);
	return awaited;
}

int pg_server_put(
    struct pg_server *s, size_t source, uint64_t *seen, struct table *t, int64_t *ret_ns, struct source_report *report)
{
	struct served *v = &s->served[source];
	int r;

	pthread_mutex_lock(&s->lock);
	r = v->r;
	if (r == 0 && v->generation == *seen) {
		source_report_add(report, s->name, "no answer in time");
		r = -ENOENT;
	}
	*seen = v->generation;
	if (r == 0)
		r = source_table_append(v->shown, t);
	*ret_ns = v->taken_ns;
	report->took_ms = v->took_ms;
	report->interval_ms = (uint32_t)s->interval_ms[v->desc->postgres->pace];
	source_report_add(report, s->name, v->shown_note);
	pthread_mutex_unlock(&s->lock);
	return r;
}

const struct table *pg_server_rows(const struct pg_server *s, const char *table)
{
	for (size_t i = 0; i < s->n_served; i++)
		if (s->served[i].r == 0 && strcmp(s->served[i].desc->name, table) == 0)
			return s->served[i].shown;
	return NULL;
}
