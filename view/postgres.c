/* postgres.c -- the summary's lines on PostgreSQL servers
 *
 * A line a server, then what is worth one: who blocks others, what sessions wait for, the longest statement, events,
 * replication. Ages are by the server's own clock.
 */
#include "view/lock_tree.h"
#include "view/summary.h"

#include <inttypes.h>
#include <math.h>

enum { SERVERS_MAX = 16, NAME_LEN = 64, WHO_LEN = 128, STATEMENT_LEN = 512, WAITS_MAX = 8, LONG_S = 1 };

/* A session that is named. */
struct session {
	double pid; /* NAN: there is none */
	double since_s;
	char who[WHO_LEN], state[NAME_LEN], statement[STATEMENT_LEN];
};

struct wait {
	char type[NAME_LEN];
	uint32_t n;
};

struct server {
	char name[NAME_LEN];
	double now_s;
	bool has_sessions;
	uint32_t n, active, idle, in_transaction, waiting;
	struct wait waits[WAITS_MAX];
	double xact_since_s;
	struct session longest;

	bool has_locks;
	uint32_t blocked;
	struct session root; /* that most are blocked by, */
	double root_query_s; /* when its statement began, */
	uint32_t behind;     /* and how many that are */

	double commits, rollbacks, hits, reads, temp_bytes; /* a second */
	double checkpoints, deadlocks, errors, slow;        /* since the server was asked before */
	unsigned n_receivers;
	double lag_bytes, lag_us; /* of the one that is farthest behind */
	double replayed_s;        /* when what was replayed last was committed; of a standby */
};

struct servers {
	const struct summary *m;
	struct server v[SERVERS_MAX];
	unsigned n;
	char note[WHO_LEN]; /* which of them could not be asked, and why */
};

/* --- what is read --- */

/* The server of a row; NULL: it is none of those that have lines. */
static struct server *server_of(struct servers *p, const struct table *t, uint32_t row)
{
	struct str name = figures_string(t, "server", row);

	for (unsigned i = 0; i < p->n; i++)
		if (figures_is(name, p->v[i].name))
			return &p->v[i];
	return NULL;
}

static int read_servers(struct servers *p)
{
	const struct table *t;
	int r = figures_table(&p->m->at, "pg_server", &t);

	for (uint32_t row = 0; r == 0 && t && row < t->n_rows && p->n < SERVERS_MAX; row++) {
		struct server *s = &p->v[p->n++];
		double replayed = figures_named(t, "last_replayed_xact_s", row);

		*s = (struct server){
		    .now_s = figures_named(t, "now_s", row),
		    .xact_since_s = NAN,
		    .longest = {.pid = NAN, .since_s = NAN},
		    .root = {.pid = NAN, .since_s = NAN},
		    .commits = NAN,
		    .rollbacks = NAN,
		    .hits = NAN,
		    .reads = NAN,
		    .temp_bytes = NAN,
		    .checkpoints = NAN,
		    .deadlocks = NAN,
		    .errors = NAN,
		    .slow = NAN,
		    .lag_bytes = NAN,
		    .lag_us = NAN,
		    .replayed_s = figures_named(t, "in_recovery", row) > 0 ? replayed : NAN,
		};
		figures_copy(s->name, sizeof s->name, figures_string(t, "server", row));
	}
	return r;
}

/* Of pg_stat_activity. */
static void take_session(const struct table *t, uint32_t row, struct session *ret)
{
	struct str user = figures_string(t, "usename", row), database = figures_string(t, "datname", row);
	struct str application = figures_string(t, "application_name", row);

	snprintf(ret->who, sizeof ret->who, "%.*s@%.*s %.*s", (int)user.len, user.p, (int)database.len, database.p,
	    (int)application.len, application.p);
	figures_copy(ret->state, sizeof ret->state, figures_string(t, "state", row));
	figures_copy(ret->statement, sizeof ret->statement, figures_string(t, "query", row));
}

static void count_wait(struct server *s, struct str type)
{
	for (unsigned i = 0; i < WAITS_MAX; i++) {
		if (s->waits[i].n == 0)
			figures_copy(s->waits[i].type, sizeof s->waits[i].type, type);
		if (figures_is(type, s->waits[i].type)) {
			s->waits[i].n++;
			return;
		}
	}
}

/* A client's; others do the server's own work. */
static void count_session(struct server *s, const struct table *t, uint32_t row)
{
	struct str state = figures_string(t, "state", row), wait = figures_string(t, "wait_event_type", row);
	double xact = figures_named(t, "xact_start_s", row), query = figures_named(t, "query_start_s", row);

	s->n++;
	s->xact_since_s = fmin(s->xact_since_s, xact);
	if (figures_is(state, "idle")) {
		s->idle++;
	} else if (figures_is(state, "active")) {
		s->active++;
		if (wait.len > 0) {
			s->waiting++;
			count_wait(s, wait);
		}
		if (isnan(s->longest.pid) || query < s->longest.since_s) {
			s->longest.pid = figures_named(t, "pid", row);
			s->longest.since_s = query;
			take_session(t, row, &s->longest);
		}
	} else if (figures_is(state, "idle in transaction") || figures_is(state, "idle in transaction (aborted)")) {
		s->in_transaction++;
	}
}

/* Who waits for whom; whoever that is stands in pg_stat_activity, which is read after this. */
static int read_locks(struct servers *p)
{
	const struct table *t;
	int r = figures_table(&p->m->at, "pg_lock_tree", &t);

	for (unsigned i = 0; r == 0 && t && i < p->n; i++) {
		struct server *s = &p->v[i];
		struct lock_tree l;

		r = lock_tree_build(t, str_of(s->name), &l);
		s->has_locks = true;
		s->blocked = l.n_waiting;
		s->behind = l.n > 0 ? l.sessions[0].behind : 0;
		if (s->behind > 0) {
			uint32_t row = l.sessions[0].row;

			s->root.pid = figures_named(t, "pid", row);
			s->root.since_s = figures_named(t, "xact_start_s", row);
			s->root_query_s = figures_named(t, "query_start_s", row);
		}
		lock_tree_done(&l);
	}
	return r;
}

/* Whether it is about the root, and still about the same statement: it was asked a moment before the locks. */
static bool is_root(const struct server *s, const struct table *t, uint32_t row)
{
	return s->behind > 0 && figures_named(t, "pid", row) == s->root.pid &&
	       figures_same(figures_named(t, "xact_start_s", row), s->root.since_s) &&
	       figures_same(figures_named(t, "query_start_s", row), s->root_query_s);
}

static int read_sessions(struct servers *p)
{
	const struct table *t;
	int r = figures_table(&p->m->at, "pg_stat_activity", &t);

	for (uint32_t row = 0; r == 0 && t && row < t->n_rows; row++) {
		struct server *s = server_of(p, t, row);

		if (!s)
			continue;
		s->has_sessions = true;
		if (is_root(s, t, row))
			take_session(t, row, &s->root);
		if (figures_is(figures_string(t, "backend_type", row), "client backend"))
			count_session(s, t, row);
	}
	return r;
}

/* Adds up a rate of a server's rows. */
struct sum {
	const char *column;
	size_t at; /* in struct server */
};

static void add(double *sum, double v)
{
	if (!isnan(v))
		*sum = isnan(*sum) ? v : *sum + v;
}

static int read_sums(struct servers *p, const char *table, const struct sum *sums, unsigned n_sums)
{
	const struct table *t;
	int r = figures_rates(&p->m->at, table, &t);

	for (uint32_t row = 0; r == 0 && t && row < t->n_rows; row++) {
		struct server *s = server_of(p, t, row);

		for (unsigned k = 0; s && k < n_sums; k++)
			add((double *)(void *)((char *)s + sums[k].at), figures_named(t, sums[k].column, row));
	}
	return r;
}

/* Makes a count of a rate: of the time from when a table was taken to when it was the time before. */
static double counted(double per_s, double over_s)
{
	double n = round(per_s * over_s);

	return per_s > 0 && n < 1 ? 1 : n;
}

static int read_rates(struct servers *p)
{
	static const struct sum database[] = {
	    {"xact_commit_per_s", offsetof(struct server, commits)},
	    {"xact_rollback_per_s", offsetof(struct server, rollbacks)},
	    {"blks_hit_per_s", offsetof(struct server, hits)},
	    {"blks_read_per_s", offsetof(struct server, reads)},
	    {"deadlocks_per_s", offsetof(struct server, deadlocks)},
	    {"temp_bytes_per_s", offsetof(struct server, temp_bytes)},
	};
	static const struct sum checkpoints[] = {
	    {"checkpoints_timed_per_s", offsetof(struct server, checkpoints)},
	    {"checkpoints_requested_per_s", offsetof(struct server, checkpoints)},
	};
	static const struct sum logged[] = {
	    {"errors_per_s", offsetof(struct server, errors)},
	    {"fatals_per_s", offsetof(struct server, errors)},
	    {"panics_per_s", offsetof(struct server, errors)},
	    {"slow_queries_per_s", offsetof(struct server, slow)},
	};
	int r = read_sums(p, "pg_stat_database", database, N_ELEMENTS(database));

	if (r == 0)
		r = read_sums(p, "pg_stat_bgwriter", checkpoints, N_ELEMENTS(checkpoints));
	return r < 0 ? r : read_sums(p, "pg_log_events", logged, N_ELEMENTS(logged));
}

/* What the recorder says of the servers: how often they are asked, which do not answer. */
static int read_sources(struct servers *p)
{
	const struct table *t;
	uint32_t row;
	double over_s;
	int r = figures_table(&p->m->at, "sources", &t);

	if (r < 0)
		return r;
	row = figures_row(t, "table", "pg_server");
	figures_copy(p->note, sizeof p->note, figures_string(t, "note", row));
	over_s = fmax(p->m->over_s, figures_named(t, "interval_ms", row) / 1000);
	for (unsigned i = 0; i < p->n; i++) {
		struct server *s = &p->v[i];

		s->checkpoints = counted(s->checkpoints, over_s);
		s->deadlocks = counted(s->deadlocks, over_s);
		s->errors = counted(s->errors, over_s);
		s->slow = counted(s->slow, over_s);
	}
	return 0;
}

static int read_replication(struct servers *p)
{
	const struct table *t;
	int r = figures_table(&p->m->at, "pg_stat_replication", &t);

	for (uint32_t row = 0; r == 0 && t && row < t->n_rows; row++) {
		struct server *s = server_of(p, t, row);

		if (!s)
			continue;
		s->n_receivers++;
		s->lag_bytes = fmax(s->lag_bytes, figures_named(t, "lag_bytes", row));
		s->lag_us = fmax(s->lag_us, figures_named(t, "replay_lag_us", row));
	}
	return r;
}

/* --- lines --- */

static const char *age(char ret[SCREEN_NUMBER_LEN], const struct server *s, double since_s)
{
	double v = s->now_s - since_s;

	/* The clock was asked before the rest. */
	return screen_span(ret, v < 0 ? 0 : v);
}

static void put_number(struct screen *s, bool known, uint32_t n)
{
	screen_put_count(s, 6, known ? n : NAN);
}

static void put_server(struct screen *s, const struct server *v)
{
	char span[SCREEN_NUMBER_LEN];
	double hits = v->hits + v->reads > 0 ? 100 * v->hits / (v->hits + v->reads) : NAN;

	screen_put_cell(s, str_of(v->name), 9);
	put_number(s, v->has_sessions, v->n);
	put_number(s, v->has_sessions, v->active);
	put_number(s, v->has_sessions, v->idle);
	put_number(s, v->has_sessions, v->in_transaction);
	put_number(s, v->has_sessions, v->waiting);
	put_number(s, v->has_locks, v->blocked);
	screen_put_count(s, 7, v->commits);
	screen_put_count(s, 7, v->rollbacks);
	screen_put_decimal(s, 7, 1, hits);
	screen_printf(s, "%7s", age(span, v, isnan(v->longest.pid) ? NAN : v->longest.since_s));
	screen_printf(s, "%7s", age(span, v, v->xact_since_s));
	screen_next(s);
}

/* Begins a line on a server. */
static struct screen *begin(const struct summary *m, const struct server *v, const char *about)
{
	screen_printf(m->s, "  ");
	screen_put_str(m->s, str_of(v->name));
	screen_printf(m->s, " %s", about);
	return m->s;
}

static void put_session(struct screen *s, const struct session *v)
{
	screen_put_str(s, str_of(v->who));
	screen_printf(s, v->who[0] ? ": " : "");
	screen_put_words(s, str_of(v->statement));
	screen_next(s);
}

static bool put_root(const struct summary *m, const struct server *v)
{
	char span[SCREEN_NUMBER_LEN];
	struct screen *s;

	if (v->behind == 0)
		return false;
	s = begin(m, v, "blocked: ");
	screen_printf(s, "%" PRIu32 " by %.0f, ", v->behind, v->root.pid);
	screen_put_str(s, str_of(v->root.state));
	screen_printf(s, "%s%s", v->root.state[0] ? " " : "", age(span, v, v->root.since_s));
	screen_printf(s, v->root.who[0] ? ", " : "");
	put_session(s, &v->root);
	return true;
}

static bool put_waits(const struct summary *m, const struct server *v)
{
	struct screen *s;

	if (v->waiting == 0)
		return false;
	s = begin(m, v, "waits:");
	for (unsigned i = 0; i < WAITS_MAX && v->waits[i].n > 0; i++) {
		screen_printf(s, i ? ", " : " ");
		screen_put_str(s, str_of(v->waits[i].type));
		screen_printf(s, " %" PRIu32, v->waits[i].n);
	}
	screen_next(s);
	return true;
}

static bool put_longest(const struct summary *m, const struct server *v)
{
	char span[SCREEN_NUMBER_LEN];

	if (!(v->now_s - v->longest.since_s >= LONG_S))
		return false;
	screen_printf(begin(m, v, "longest: "), "%.0f %s, ", v->longest.pid, age(span, v, v->longest.since_s));
	put_session(m->s, &v->longest);
	return true;
}

static void put_event(struct screen *s, double n, const char *one, const char *more, const char **sep)
{
	char count[SCREEN_NUMBER_LEN];

	if (!(n > 0))
		return;
	screen_printf(s, "%s%s %s", *sep, screen_count(count, n), n > 1 ? more : one);
	*sep = ", ";
}

static bool put_events(const struct summary *m, const struct server *v)
{
	char bytes[SCREEN_NUMBER_LEN];
	const char *sep = " ";
	struct screen *s;

	if (!(v->errors > 0 || v->deadlocks > 0 || v->slow > 0 || v->checkpoints > 0 || v->temp_bytes > 0))
		return false;
	s = begin(m, v, "had:");
	put_event(s, v->errors, "error", "errors", &sep);
	put_event(s, v->deadlocks, "deadlock", "deadlocks", &sep);
	put_event(s, v->slow, "slow query", "slow queries", &sep);
	put_event(s, v->checkpoints, "checkpoint", "checkpoints", &sep);
	if (v->temp_bytes > 0)
		screen_printf(s, "%stemp files %s/s", sep, screen_bytes(bytes, v->temp_bytes));
	screen_next(s);
	return true;
}

static bool put_replication(const struct summary *m, const struct server *v)
{
	char a[SCREEN_NUMBER_LEN], b[SCREEN_NUMBER_LEN];
	struct screen *s;

	if (v->n_receivers == 0 && isnan(v->replayed_s))
		return false;
	s = begin(m, v, "replication:");
	if (v->n_receivers > 0)
		screen_printf(s, " %u receiver%s, at most %s and %s behind", v->n_receivers,
		    v->n_receivers > 1 ? "s" : "", screen_bytes(a, v->lag_bytes), screen_span(b, v->lag_us / 1e6));
	if (!isnan(v->replayed_s))
		screen_printf(s, "%s replayed what was committed %s ago", v->n_receivers > 0 ? ";" : "",
		    age(a, v, v->replayed_s));
	screen_next(s);
	return true;
}

static int read_all(struct servers *p)
{
	int r = read_servers(p);

	if (r == 0)
		r = read_locks(p);
	if (r == 0)
		r = read_sessions(p);
	if (r == 0)
		r = read_rates(p);
	if (r == 0)
		r = read_replication(p);
	return r < 0 ? r : read_sources(p);
}

/* A line a server, then what there is to say of each: first of all what is worst of each. */
static void put_servers(const struct servers *p, unsigned rows)
{
	static bool (*const details[])(const struct summary *m, const struct server *v) = {
	    put_root, put_events, put_longest, put_waits, put_replication};
	struct screen *s = p->m->s;

	screen_printf(s, "%-9s%6s%6s%6s%6s%6s%6s%7s%7s%7s%7s%7s", "POSTGRES", "sess", "activ", "idle", "idlxa", "waits",
	    "block", "tx/s", "rolb/s", "hit%", "query", "xact");
	screen_next(s);
	for (unsigned i = 0; i < p->n && rows > 0; i++, rows--)
		put_server(s, &p->v[i]);
	for (size_t k = 0; k < N_ELEMENTS(details); k++)
		for (unsigned i = 0; i < p->n && rows > 0; i++)
			rows -= details[k](p->m, &p->v[i]);
}

int postgres_servers(const struct summary *m, unsigned rows)
{
	struct servers p = {.m = m};
	int r = read_all(&p);

	if (r < 0)
		return r;
	if (p.n > 0)
		put_servers(&p, rows);
	if (p.note[0]) {
		screen_printf(m->s, "POSTGRES not asked: ");
		screen_put_str(m->s, str_of(p.note));
		screen_next(m->s);
	}
	return 0;
}
