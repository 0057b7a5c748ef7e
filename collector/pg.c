/* pg.c -- see pg.h */
#include "collector/pg.h"

#include "collector/pg_server.h"

#include <time.h>

struct pg {
	const struct source_desc **sources;
	uint64_t *seen; /* generations of the rows that were put last: of each source, of each server */
	size_t n_sources;
	struct pg_server **servers;
	size_t n_servers;
	uint64_t n_changes;  /* of all servers, when table pg_server_down was made; UINT64_MAX: it was not */
	struct pglog **logs; /* of the servers; NULL: not read */
	size_t n_logs;
};

static int find_sources(struct pg *p, const struct config *c)
{
	size_t n;
	const struct source_desc *const *all = source_all(&n);

	p->sources = calloc(n + 1, sizeof(const struct source_desc *));
	p->seen = calloc((n + 1) * c->n_postgres, sizeof *p->seen);
	if (!p->sources || !p->seen)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (all[i]->postgres && config_wants(c, all[i]->name, all[i]->off))
			p->sources[p->n_sources++] = all[i];
	return 0;
}

int pg_new(const struct config *c, struct pg **ret)
{
	_cleanup_(cleanup_pg) struct pg *p = NULL;
	int r;

	*ret = NULL;
	if (c->n_postgres == 0)
		return 0;
	p = calloc(1, sizeof *p);
	if (!p)
		return -ENOMEM;
	p->n_changes = UINT64_MAX;
	r = find_sources(p, c);
	p->servers = calloc(c->n_postgres, sizeof(struct pg_server *));
	p->logs = calloc(c->n_postgres, sizeof(struct pglog *));
	if (!p->servers || !p->logs)
		r = -ENOMEM;
	for (size_t i = 0; i < c->n_postgres && r == 0; i++) {
		r = pglog_start(c, &c->postgres[i], &p->logs[p->n_logs]);
		if (r < 0)
			break;
		p->n_logs++;
		r = pg_server_start(c, &c->postgres[i], p->sources, p->n_sources, p->logs[i], &p->servers[i]);
		if (r == 0)
			p->n_servers++;
	}
	if (r == 0)
		*ret = TAKE(p);
	return r;
}

void pg_free(struct pg *p)
{
	for (size_t i = 0; i < p->n_servers; i++)
		pg_server_stop(p->servers[i]);
	pglog_stop(p->logs, p->n_logs);
	free(p->servers);
	free(p->logs);
	free(p->sources);
	free(p->seen);
	free(p);
}

/* Whether it is time to take rows: there are new ones, and no server is about to have others. Those of all servers are
 * taken together, since rates are over the time of their table, which is one; who is late is left out. So the longest
 * interval is that of all. */
static bool is_time(const struct pg *p, size_t source, const uint64_t *seen)
{
	bool any = false;

	for (size_t i = 0; i < p->n_servers; i++) {
		if (pg_server_generation(p->servers[i], source) != seen[i])
			any = true;
		else if (pg_server_awaited(p->servers[i], source))
			return false;
	}
	return any;
}

/* Rows of all servers; the time is that of the newest. */
static int put_all(
    struct pg *p, size_t source, uint64_t *seen, struct table *t, int64_t *ret_ns, struct source_report *report)
{
	int64_t newest_ns = 0;
	uint32_t longest_ms = 0;
	bool any = false;

	for (size_t i = 0; i < p->n_servers; i++) {
		int64_t ns;
		int r = pg_server_put(p->servers[i], source, &seen[i], t, &ns, report);

		if (r < 0 && r != -ENOENT)
			return r;
		if (r == 0 && (!any || ns > newest_ns))
			newest_ns = ns;
		any = any || r == 0;
		if (report->interval_ms > longest_ms)
			longest_ms = report->interval_ms;
	}
	report->interval_ms = longest_ms;
	*ret_ns = newest_ns;
	return any ? 0 : -ENOENT;
}

int pg_take(const struct source_env *env, const struct source_desc *desc, struct table *t, int64_t *ret_ns,
    struct source_report *report)
{
	struct pg *p = env->pg;
	size_t source = 0;
	uint64_t *seen;
	int r;

	while (source < p->n_sources && p->sources[source] != desc)
		source++;
	if (source == p->n_sources)
		return -ENOENT;
	seen = &p->seen[source * p->n_servers];
	if (!is_time(p, source, seen))
		return -EAGAIN;
	report->note[0] = '\0';
	strpool_epoch(t->pool);
	table_clear(t);
	r = put_all(p, source, seen, t, ret_ns, report);
	strpool_sweep(t->pool);
	return r;
}

int pg_take_down(const struct source_env *env, const struct source_desc *desc, struct table *t, int64_t *ret_ns,
    struct source_report *report)
{
	struct pg *p = env->pg;
	uint64_t n_changes = 0;
	struct timespec now;
	int r = 0;

	(void)desc;
	for (size_t i = 0; i < p->n_servers; i++)
		n_changes += pg_server_changes(p->servers[i]);
	if (n_changes == p->n_changes)
		return -EAGAIN;
	report->note[0] = '\0';
	strpool_epoch(t->pool);
	table_clear(t);
	for (size_t i = 0; i < p->n_servers && r == 0; i++)
		r = pg_server_put_down(p->servers[i], t);
	strpool_sweep(t->pool);
	/* What failed is made again. */
	if (r == 0)
		p->n_changes = n_changes;
	clock_gettime(CLOCK_BOOTTIME, &now);
	*ret_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
	return r;
}

/* Whether any log has rows that were not taken, or none is read at all. */
static bool has_new_rows(const struct pg *p, enum pglog_table which)
{
	bool any = false;

	for (size_t i = 0; i < p->n_logs; i++) {
		any = any || p->logs[i];
		if (p->logs[i] && pglog_is_new(p->logs[i], which))
			return true;
	}
	return !any;
}

int pg_take_log(const struct source_env *env, enum pglog_table which, struct table *t, int64_t *ret_ns,
    struct source_report *report)
{
	struct pg *p = env->pg;
	int64_t newest_ns = 0;
	int result = -ENOENT;

	/* An event is in one snapshot; all other rows are shown until there are newer ones. */
	if (which != PGLOG_EVENTS && !has_new_rows(p, which))
		return -EAGAIN;
	report->note[0] = '\0';
	strpool_epoch(t->pool);
	table_clear(t);
	for (size_t i = 0; i < p->n_logs; i++) {
		int64_t ns;
		int r = p->logs[i] ? pglog_put(p->logs[i], which, t, &ns, report) : -ENOENT;

		if (r < 0 && r != -ENOENT)
			return r;
		if (r == 0) {
			newest_ns = ns > newest_ns ? ns : newest_ns;
			result = 0;
		}
	}
	strpool_sweep(t->pool);
	*ret_ns = newest_ns;
	return result;
}
