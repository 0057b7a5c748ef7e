/* pg_take.c -- rows of several PostgreSQL servers in one table: none is shown twice, and who is late holds up nobody
 *
 * The servers are scripted ones, which the linker puts in the place of those with threads.
 */
#include "collector/pg.h"
#include "collector/pg_server.h"
#include "store/rate.h"
#include "tests/source_rig.h"
#include "tests/tap.h"

enum { SERVERS = 2 };

struct pg_server {
	const char *name;
	uint64_t generation;
	bool here, awaited;
	uint64_t counter;
	int64_t taken_ns;
	uint32_t interval_ms;
	uint64_t changes;
	const char *why; /* it does not answer; NULL: it does */
	bool no_room;    /* for saying so, once */
};

static struct pg_server servers[SERVERS];
static unsigned n_started;

int __wrap_pg_server_start(const struct config *c, const struct config_postgres *given,
    const struct source_desc *const *sources, size_t n_sources, struct pglog *log, struct pg_server **ret);
void __wrap_pg_server_stop(struct pg_server *s);
uint64_t __wrap_pg_server_generation(struct pg_server *s, size_t source);
bool __wrap_pg_server_awaited(struct pg_server *s, size_t source);
uint64_t __wrap_pg_server_changes(struct pg_server *s);
int __wrap_pg_server_put_down(struct pg_server *s, struct table *t);
int __wrap_pg_server_put(
    struct pg_server *s, size_t source, uint64_t *seen, struct table *t, int64_t *ret_ns, struct source_report *report);

int __wrap_pg_server_start(const struct config *c, const struct config_postgres *given,
    const struct source_desc *const *sources, size_t n_sources, struct pglog *log, struct pg_server **ret)
{
	(void)c, (void)sources, (void)n_sources, (void)log;
	*ret = &servers[n_started++];
	**ret = (struct pg_server){.name = given->name, .interval_ms = n_started * 1000};
	return 0;
}

void __wrap_pg_server_stop(struct pg_server *s)
{
	(void)s;
	n_started--;
}

uint64_t __wrap_pg_server_generation(struct pg_server *s, size_t source)
{
	(void)source;
	return s->generation;
}

bool __wrap_pg_server_awaited(struct pg_server *s, size_t source)
{
	(void)source;
	return s->here && s->awaited;
}

int __wrap_pg_server_put(
    struct pg_server *s, size_t source, uint64_t *seen, struct table *t, int64_t *ret_ns, struct source_report *report)
{
	bool again = *seen == s->generation;
	uint32_t row;

	(void)source;
	*seen = s->generation;
	report->interval_ms = s->interval_ms;
	if (!s->here || again)
		return -ENOENT;
	ok_r(table_add_row(t, &row));
	ok_r(table_set_str(t, row, 0, s->name, strlen(s->name)));
	table_set(t, row, 1, s->counter);
	*ret_ns = s->taken_ns;
	return 0;
}

uint64_t __wrap_pg_server_changes(struct pg_server *s)
{
	return s->changes;
}

int __wrap_pg_server_put_down(struct pg_server *s, struct table *t)
{
	uint32_t row;

	if (!s->why)
		return 0;
	ok_r(table_add_row(t, &row));
	ok_r(table_set_str(t, row, PG_DOWN_SERVER, s->name, strlen(s->name)));
	if (s->no_room) {
		s->no_room = false;
		return -ENOMEM;
	}
	return table_set_str(t, row, PG_DOWN_REASON, s->why, strlen(s->why));
}

/* --- the recorder's side --- */

struct rig {
	struct source_rig source;
	struct config_postgres given[SERVERS];
	struct config config;
	struct source_report report;
	int64_t taken_ns;
};

static void up_with(struct rig *g, const char *table)
{
	static char a[] = "a", b[] = "b", off[] = "off";

	memset(g, 0, sizeof *g);
	g->given[0].name = a;
	g->given[1].name = b;
	g->given[0].log = g->given[1].log = off;
	g->config.postgres = g->given;
	g->config.n_postgres = SERVERS;
	if (!ok_r(source_rig_up(&g->source, source_rig_find(table), "/")) ||
	    !ok_r(pg_new(&g->config, &g->source.env.pg)))
		exit(1);
}

static void up(struct rig *g)
{
	up_with(g, "pg_stat_wal");
}

static void down(struct rig *g)
{
	pg_free(g->source.env.pg);
	source_rig_down(&g->source);
}

/* Servers answer: the counter has grown, and the time. */
static void answer(struct pg_server *s, uint64_t counter, int64_t taken_ns)
{
	s->generation++;
	s->here = s->awaited = true;
	s->counter = counter;
	s->taken_ns = taken_ns;
}

static int take(struct rig *g)
{
	return g->source.desc->take(&g->source.env, g->source.desc, g->source.t, &g->taken_ns, &g->report);
}

/* The servers in the table, in their order. */
static const char *shown(const struct rig *g)
{
	static char text[64];

	text[0] = '\0';
	for (uint32_t i = 0; i < g->source.t->n_rows; i++)
		strncat(text, table_str(g->source.t, 0, i).p, 1);
	return text;
}

static void rows_of_all_servers_are_taken_together(void)
{
	struct rig g;

	up(&g);
	eq(take(&g), -EAGAIN);
	answer(&servers[0], 10, 1000);
	answer(&servers[1], 20, 2000);
	eq(take(&g), 0);
	str_eq(shown(&g), "ab");
	eq(g.taken_ns, 2000);
	eq(g.report.interval_ms, 2000);
	eq(take(&g), -EAGAIN);
	/* One has others, the other will in a moment. */
	answer(&servers[0], 11, 3000);
	eq(take(&g), -EAGAIN);
	str_eq(shown(&g), "ab");
	answer(&servers[1], 22, 4000);
	eq(take(&g), 0);
	str_eq(shown(&g), "ab");
	eq(table_get(g.source.t, 1, 0), 11);
	eq(table_get(g.source.t, 1, 1), 22);
	down(&g);
}

static void who_is_late_is_left_out_not_shown_again(void)
{
	struct rig g;

	up(&g);
	answer(&servers[0], 10, 1000);
	answer(&servers[1], 20, 1000);
	eq(take(&g), 0);
	answer(&servers[0], 11, 2000);
	servers[1].awaited = false;
	eq(take(&g), 0);
	str_eq(shown(&g), "a");
	/* The other goes on at its pace, */
	answer(&servers[0], 12, 3000);
	eq(take(&g), 0);
	str_eq(shown(&g), "a");
	/* and who is back is there again. */
	answer(&servers[0], 13, 4000);
	answer(&servers[1], 25, 4000);
	eq(take(&g), 0);
	str_eq(shown(&g), "ab");
	down(&g);
}

static void who_is_not_there_is_not_waited_for(void)
{
	struct rig g;

	up(&g);
	answer(&servers[0], 10, 1000);
	eq(take(&g), 0);
	str_eq(shown(&g), "a");
	servers[1].generation++;
	eq(take(&g), -EAGAIN); /* that it is still not there is no reason to show the first again */
	answer(&servers[0], 11, 2000);
	eq(take(&g), 0);
	str_eq(shown(&g), "a");
	servers[0].generation++;
	servers[0].here = false;
	eq(take(&g), -ENOENT);
	eq(g.source.t->n_rows, 0);
	down(&g);
}

static void who_does_not_answer_is_told_as_long_as_that_is_so(void)
{
	struct rig g;

	up_with(&g, "pg_server_down");
	eq(take(&g), 0); /* that there is none is known, too */
	str_eq(shown(&g), "");
	eq(take(&g), -EAGAIN);
	servers[1].why = "gone";
	servers[1].changes++;
	eq(take(&g), 0);
	str_eq(shown(&g), "b");
	ok(g.taken_ns > 0 && table_is_null(g.source.t, PG_DOWN_ANSWERED, 0));
	eq(take(&g), -EAGAIN);
	str_eq(shown(&g), "b");
	servers[0].why = "gone too";
	servers[0].changes++;
	eq(take(&g), 0);
	str_eq(shown(&g), "ab");
	/* What there was no memory for is told the next time, without another change. */
	servers[0].changes++;
	servers[0].no_room = true;
	eq(take(&g), -ENOMEM);
	eq(take(&g), 0);
	str_eq(shown(&g), "ab");
	servers[0].why = servers[1].why = NULL;
	servers[1].changes++;
	eq(take(&g), 0);
	eq(g.source.t->n_rows, 0);
	down(&g);
}

int main(void)
{
	RUN(rows_of_all_servers_are_taken_together);
	RUN(who_is_late_is_left_out_not_shown_again);
	RUN(who_is_not_there_is_not_waited_for);
	RUN(who_does_not_answer_is_told_as_long_as_that_is_so);
	return tap_done();
}
