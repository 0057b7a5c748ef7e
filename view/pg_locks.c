/* pg_locks.c -- /hour/H/snapshot-N/pg_locks: who waited for whose lock on the PostgreSQL servers, for a person
 *
 * A part for each server; in it two lines for each session of table pg_lock_tree, the second with its statement. Who
 * that is stands in pg_stat_activity. Where the table of an older recorder does not have the statement, it is taken
 * from there, too: that was asked a moment before, and what it says of another statement than the one that waits, or
 * has the lock, is not told. Ages are by the server's own clock. Lines that would fill screens are left out: the table
 * has them all.
 *
 * Where no server told of its locks, table pg_server_down has since when, and why: with a row of that the file is
 * there.
 */
#include "view/hours.h"

#include "store/text.h"
#include "view/figures.h"
#include "view/lock_tree.h"
#include "view/screen.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum {
	WIDTH = 140,
	SHOWN_MAX = 1000,  /* sessions of a server */
	SERVERS_MAX = 256, /* that are told */
	INDENT = 2,
	INDENTS_MAX = 5,
	PID_WIDTH = 2 + INDENT * INDENTS_MAX + 10,
	STATE_WIDTH = 20,
	FACT_LEN = 64,
	STATEMENT_LEN = 512,
};

struct server {
	char *name;
	char version[FACT_LEN];
	double now_s;
};

/* What pg_stat_activity knows of a session. */
struct activity {
	bool known;
	double xact_start_s, query_start_s;
	double state_since_s;
	char user[FACT_LEN], database[FACT_LEN], application[FACT_LEN], client[FACT_LEN];
	char state[FACT_LEN], wait[FACT_LEN], statement[STATEMENT_LEN];
};

struct drawing {
	struct moment at;
	struct screen line; /* being written */
	struct buf *out;
	struct server *servers;
	size_t n_servers;
	char note[256]; /* what could not be asked, and of which server */
};

/* --- lines --- */

static void end_line(struct drawing *d)
{
	const char *text = screen_line(&d->line, 0);
	size_t len = d->line.col;

	while (len > 0 && text[len - 1] == ' ')
		len--;
	buf_put(d->out, text, len);
	buf_put_u8(d->out, '\n');
	screen_clear(&d->line);
}

static void put_age(struct screen *s, double now_s, double since_s)
{
	char span[SCREEN_NUMBER_LEN];
	double age = now_s - since_s;

	/* The clock was asked before the rest. */
	screen_printf(s, "%8s", screen_span(span, age < 0 ? 0 : age));
}

/* What a lock is on; in the database of the session, if it is in one. */
static void put_object(struct screen *s, const struct table *t, uint32_t row, const char *database)
{
	struct str type = figures_string(t, "locktype", row), object = figures_string(t, "object", row);
	struct str relation = figures_string(t, "relation", row);
	double relid = figures_named(t, "relid", row);

	if (!figures_is(type, "relation")) {
		screen_put_str(s, type);
		screen_printf(s, " ");
		screen_put_str(s, object);
		screen_printf(s, isnan(relid) ? "" : " of ");
	}
	if (isnan(relid))
		return;
	/* What all databases share is in none. */
	if (database[0] && figures_named(t, "datid", row) > 0) {
		screen_put_str(s, str_of(database));
		screen_printf(s, ".");
	}
	if (relation.len > 0)
		screen_put_str(s, relation);
	else
		screen_printf(s, "%.0f", relid);
}

static void put_lock(
    struct screen *s, const struct table *t, uint32_t row, const struct lock_session *session, const struct activity *a)
{
	struct str others = figures_string(t, "also_waits_for", row);
	double waits_for = figures_named(t, "waits_for_pid", row);

	screen_printf(s, session->depth == 0 ? "holds " : "");
	screen_put_str(s, figures_string(t, "mode", row));
	screen_printf(s, " on ");
	put_object(s, t, row, a->database);
	if (session->depth == 0) {
		screen_printf(s, ", blocks %" PRIu32, session->behind);
	} else if (isnan(waits_for) && figures_is(others, "0")) {
		screen_printf(s, ", behind a prepared transaction");
	} else {
		screen_printf(s, ", behind ");
		if (!isnan(waits_for))
			screen_printf(s, others.len > 0 ? "%.0f," : "%.0f", waits_for);
		screen_put_str(s, others);
	}
}

static void put_who(struct screen *s, const struct activity *a)
{
	screen_put_str(s, str_of(a->user));
	screen_printf(s, "@");
	screen_put_str(s, str_of(a->database));
	screen_printf(s, " ");
	screen_put_str(s, str_of(a->application));
	screen_printf(s, a->client[0] ? " " : "");
	screen_put_str(s, str_of(a->client));
}

/* What a session was doing when its locks were asked for. */
struct doing {
	bool told;
	struct str state, wait, statement;
	double since_s;
};

static void find_doing(const struct table *t, uint32_t row, const struct activity *a, struct doing *ret)
{
	struct str statement = figures_string(t, "query", row);

	*ret = (struct doing){.state = str_of("-"), .wait = str_of(""), .since_s = NAN};
	if (a->known && figures_same(a->xact_start_s, figures_named(t, "xact_start_s", row)) &&
	    figures_same(a->query_start_s, figures_named(t, "query_start_s", row)))
		*ret = (struct doing){true, str_of(a->state), str_of(a->wait), str_of(a->statement), a->state_since_s};
	if (statement.len > 0) {
		struct str state = figures_string(t, "state", row);

		ret->told = true;
		ret->state = state.len > 0 ? state : str_of("-");
		ret->statement = statement;
		ret->since_s = figures_named(t, "state_change_s", row);
	}
}

static void put_session(struct drawing *d, const struct server *server, const struct table *t,
    const struct lock_session *session, const struct activity *a)
{
	uint32_t depth = session->depth == LOCK_NO_ROOT ? 0 : session->depth, row = session->row;
	int indent = 2 + INDENT * (int)(depth < INDENTS_MAX ? depth : INDENTS_MAX);
	double xact_start_s = figures_named(t, "xact_start_s", row);
	struct doing doing;
	struct screen *s = &d->line;

	find_doing(t, row, a, &doing);
	screen_printf(s, "%*s%-*" PRIu64, indent, "", PID_WIDTH - indent, session->pid);
	put_age(s, server->now_s, session->depth == 0 ? NAN : figures_named(t, "wait_start_s", row));
	put_age(s, server->now_s, xact_start_s);
	put_age(s, server->now_s, doing.since_s);
	screen_printf(s, "  ");
	screen_put_cell(s, doing.state, doing.state.len < STATE_WIDTH ? STATE_WIDTH : doing.state.len);
	screen_printf(s, " ");
	put_lock(s, t, row, session, a);
	end_line(d);

	screen_printf(s, "%*s", PID_WIDTH, "");
	if (a->known)
		put_who(s, a);
	else
		screen_printf(s, "-");
	if (doing.told) {
		screen_printf(s, doing.wait.len > 0 ? " " : "");
		screen_put_str(s, doing.wait);
		screen_printf(s, ": ");
		screen_put_words(s, doing.statement);
	} else {
		screen_printf(s, a->known ? ": -" : "");
	}
	end_line(d);
}

/* --- what is read --- */

static int add_server(struct drawing *d, struct str name)
{
	struct server *p;

	for (size_t i = 0; i < d->n_servers; i++)
		if (figures_is(name, d->servers[i].name))
			return 0;
	if (d->n_servers == SERVERS_MAX)
		return 0;
	p = realloc(d->servers, (d->n_servers + 1) * sizeof *p);
	if (!p)
		return -ENOMEM;
	d->servers = p;
	p += d->n_servers;
	*p = (struct server){.name = strndup(name.p, name.len), .now_s = NAN};
	if (!p->name)
		return -ENOMEM;
	d->n_servers++;
	return 0;
}

/* The servers that answered, and those that have rows all the same. */
static int read_servers(struct drawing *d)
{
	const struct table *t;
	int r = figures_table(&d->at, "pg_server", &t);

	for (uint32_t row = 0; r == 0 && t && row < t->n_rows; row++) {
		size_t n = d->n_servers;

		r = add_server(d, figures_string(t, "server", row));
		if (r == 0 && d->n_servers > n) {
			figures_copy(d->servers[n].version, FACT_LEN, figures_string(t, "version", row));
			/* Without what the distribution calls it. */
			d->servers[n].version[strcspn(d->servers[n].version, " ")] = '\0';
			d->servers[n].now_s = figures_named(t, "now_s", row);
		}
	}
	if (r == 0)
		r = figures_table(&d->at, "pg_lock_tree", &t);
	for (uint32_t row = 0; r == 0 && t && row < t->n_rows; row++)
		r = add_server(d, figures_string(t, "server", row));
	if (r == 0)
		r = figures_table(&d->at, "sources", &t);
	if (r == 0) {
		struct str note = figures_string(t, "note", figures_row(t, "table", "pg_lock_tree"));

		snprintf(d->note, sizeof d->note, "%.*s", (int)note.len, note.p);
	}
	return r;
}

/* Whether something is noted of a server: "a: what; b: what". */
static bool is_noted(const struct drawing *d, const char *server)
{
	size_t len = strlen(server);

	for (const char *p = d->note; p; p = strstr(p, "; ")) {
		p += *p == ';' ? 2 : 0;
		if (strncmp(p, server, len) == 0 && p[len] == ':')
			return true;
	}
	return false;
}

static int compare_pids(const void *a, const void *b)
{
	uint64_t x = (*(const struct lock_session *const *)a)->pid, y = (*(const struct lock_session *const *)b)->pid;

	return (x > y) - (x < y);
}

static void take_activity(const struct table *t, uint32_t row, struct activity *a)
{
	struct str type = figures_string(t, "wait_event_type", row);

	a->known = true;
	a->xact_start_s = figures_named(t, "xact_start_s", row);
	a->query_start_s = figures_named(t, "query_start_s", row);
	a->state_since_s = figures_named(t, "state_change_s", row);
	figures_copy(a->user, FACT_LEN, figures_string(t, "usename", row));
	figures_copy(a->database, FACT_LEN, figures_string(t, "datname", row));
	figures_copy(a->application, FACT_LEN, figures_string(t, "application_name", row));
	figures_copy(a->client, FACT_LEN, figures_string(t, "client_addr", row));
	figures_copy(a->state, FACT_LEN, figures_string(t, "state", row));
	figures_copy(a->statement, STATEMENT_LEN, figures_string(t, "query", row));
	/* That it waits for a lock is what all this says. */
	if (type.len > 0 && !figures_is(type, "Lock")) {
		struct str event = figures_string(t, "wait_event", row);

		snprintf(a->wait, sizeof a->wait, "%.*s/%.*s", (int)type.len, type.p, (int)event.len, event.p);
	}
}

/* What is known of the first n sessions of a server's tree. */
static int read_activity(struct drawing *d, const struct server *server, const struct lock_session *sessions,
    uint32_t n, struct activity *ret)
{
	const struct lock_session *by_pid[SHOWN_MAX], **found;
	const struct table *t;
	int pid, r = figures_table(&d->at, "pg_stat_activity", &t);

	for (uint32_t i = 0; i < n; i++) {
		ret[i] = (struct activity){.known = false};
		by_pid[i] = &sessions[i];
	}
	if (r < 0 || !t)
		return r;
	qsort(by_pid, n, sizeof by_pid[0], compare_pids);
	pid = figures_column(t, "pid");
	for (uint32_t row = 0; row < t->n_rows; row++) {
		double v = figures_number(t, pid, row);
		struct lock_session key = {.pid = v >= 0 ? (uint64_t)v : 0};
		const struct lock_session *wanted = &key;

		found = bsearch(&wanted, by_pid, n, sizeof by_pid[0], compare_pids);
		if (found && figures_is(figures_string(t, "server", row), server->name))
			take_activity(t, row, &ret[*found - sessions]);
	}
	return 0;
}

/* --- a server --- */

static void put_head(struct drawing *d, const struct server *server, const struct lock_tree *l)
{
	struct screen *s = &d->line;
	char time[TEXT_TIME_LEN + 1];

	screen_put_str(s, str_of(server->name));
	if (server->version[0]) {
		screen_printf(s, ", PostgreSQL ");
		screen_put_str(s, str_of(server->version));
	}
	if (fabs(server->now_s) < 1e12) {
		text_time(time, (int64_t)llround(server->now_s * 1000));
		screen_printf(s, ", %s by its clock", time);
	}
	if (l->n > 0)
		screen_printf(
		    s, ": %" PRIu32 " waiting for locks, %" PRIu32 " whom they wait for", l->n_waiting, l->n_roots);
	else
		screen_printf(
		    s, is_noted(d, server->name) ? ": not known who waits for locks" : ": nobody waits for a lock");
	end_line(d);
}

static int put_tree(struct drawing *d, const struct server *server, const struct lock_tree *l)
{
	uint32_t n = l->n < SHOWN_MAX ? l->n : SHOWN_MAX;
	_cleanup_(cleanup_free) struct activity *activity = malloc(((size_t)n + 1) * sizeof *activity);
	const struct table *t;
	int r = activity ? read_activity(d, server, l->sessions, n, activity) : -ENOMEM;

	if (r == 0)
		r = figures_table(&d->at, "pg_lock_tree", &t);
	if (r < 0)
		return r;
	screen_printf(&d->line, "  %-*s%8s%8s%8s  %-*s%s", PID_WIDTH - 2, "PID", "WAITED", "XACT", "FOR",
	    STATE_WIDTH + 1, "STATE", "LOCK");
	end_line(d);
	for (uint32_t i = 0; i < n; i++)
		put_session(d, server, t, &l->sessions[i], &activity[i]);
	if (n < l->n) {
		screen_printf(&d->line, "  and %" PRIu32 " more, see pg_lock_tree", l->n - n);
		end_line(d);
	}
	return 0;
}

static int put_server(struct drawing *d, const struct server *server)
{
	struct str name = str_of(server->name);
	struct lock_tree l = {0};
	const struct table *t;
	int r = figures_table(&d->at, "pg_lock_tree", &t);

	if (r == 0)
		r = lock_tree_build(t, name, &l);
	if (r == 0)
		put_head(d, server, &l);
	if (r == 0 && l.n > 0)
		r = put_tree(d, server, &l);
	lock_tree_done(&l);
	return r;
}

/* A line for each server that does not answer. */
static int put_down(struct drawing *d)
{
	const struct table *t;
	int r = figures_table(&d->at, "pg_server_down", &t);

	for (uint32_t row = 0; r == 0 && t && row < t->n_rows && row < SERVERS_MAX; row++) {
		double answered_s = figures_named(t, "answered_s", row);
		char time[TEXT_TIME_LEN + 1];

		screen_put_str(&d->line, figures_string(t, "server", row));
		if (fabs(answered_s) < 1e12) {
			text_time(time, (int64_t)llround(answered_s * 1000));
			screen_printf(&d->line, " has not answered since %s: ", time);
		} else {
			screen_printf(&d->line, " has not answered yet: ");
		}
		screen_put_str(&d->line, figures_string(t, "reason", row));
		end_line(d);
	}
	return r;
}

/* Of those that answer, and what of the others is noted. */
static int put_servers(struct drawing *d)
{
	int r = read_servers(d);

	for (size_t i = 0; i < d->n_servers && r == 0; i++) {
		if (i > 0)
			end_line(d);
		r = put_server(d, &d->servers[i]);
	}
	if (r == 0 && d->note[0]) {
		screen_printf(&d->line, "not all could be asked: ");
		screen_put_str(&d->line, str_of(d->note));
		end_line(d);
	} else if (r == 0 && d->n_servers == 0) {
		screen_printf(&d->line, "nobody waits for a lock");
		end_line(d);
	}
	for (size_t i = 0; i < d->n_servers; i++)
		free(d->servers[i].name);
	free(d->servers);
	return r;
}

/* --- the file --- */

/* Rows of a table in a snapshot. -ENOENT: it is not there. */
static int count_rows(struct hour *h, uint32_t i, const char *table, uint64_t *ret)
{
	uint64_t len;
	uint32_t id;
	int r = hours_find_table(h, table, &id);

	return r < 0 ? r : hour_size(h, i, (uint16_t)id, ret, &len);
}

static int locks_has(struct hour *h, uint32_t i)
{
	uint64_t rows = 0;
	int r = count_rows(h, i, "pg_lock_tree", &rows);

	if (r != -ENOENT)
		return r;
	r = count_rows(h, i, "pg_server_down", &rows);
	return r == 0 && rows == 0 ? -ENOENT : r;
}

static int draw(struct drawing *d)
{
	uint64_t rows;
	int told = count_rows(d->at.hour, d->at.i, "pg_lock_tree", &rows);
	int r = screen_init(&d->line, WIDTH, SCREEN_CHAR_MAX, 1);

	if (r == 0)
		r = told == -ENOENT ? put_down(d) : put_servers(d);
	screen_done(&d->line);
	return r;
}

static int locks_text(struct tree *t, struct hour *h, uint32_t i, struct node n, struct span *ret)
{
	struct buf out = {0};
	struct drawing d = {.at = {t->store, h, i}, .out = &out};
	int r = locks_has(h, i);

	if (r < 0)
		return r;
	if (cache_get(t->cache, node_ino(n), 0, ret))
		return 0;
	r = draw(&d);
	if (r == 0)
		return cache_put(t->cache, node_ino(n), 0, &out, ret);
	buf_done(&out);
	return r;
}

/* As long as it is: its lines are made, for which the snapshot's group is decoded, three tables of it at the most. */
static int locks_len(struct tree *t, struct hour *h, uint32_t i, struct node n, uint64_t *ret)
{
	struct span text;
	int r = locks_text(t, h, i, n, &text);

	if (r == 0)
		*ret = span_left(&text);
	return r;
}

const struct leaf pg_locks_leaf = {
    .name = "pg_locks",
    .id = LEAF_PG_LOCKS,
    .has = locks_has,
    .len = locks_len,
    .text = locks_text,
};
