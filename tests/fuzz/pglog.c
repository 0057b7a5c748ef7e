/* pglog.c -- fuzz target: the log of a PostgreSQL server, in each format, into rows
 *
 * An input is a byte that chooses the format, a line with the prefix, and the log. Beside not crashing: the log is
 * taken whole, whatever is in it, and where it is cut makes no difference to what was taken before.
 */
#include "collector/pglog_parse.h"
#include "collector/pglog_sum.h"
#include "collector/source.h"
#include "tests/fuzz/must.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_record(const struct pglog_record *rec)
{
	must(rec->severity < PGLOG_SEVERITIES && strlen(rec->sqlstate) < sizeof rec->sqlstate);
	/* All of each text can be read. */
	for (unsigned i = 0; i < PGLOG_PARTS; i++)
		must(rec->part[i].len == 0 || memrchr(rec->part[i].p, rec->part[i].p[0], rec->part[i].len));
}

/* Messages of the text, as many as there are with that ahead. */
static size_t take_all(
    struct pglog_parser *x, struct pgtext t, enum pglog_ahead ahead, struct pglog_sum *sum, struct table *events)
{
	static const struct pglog_clock clock = {"CEST=7200 CET=3600"};
	size_t n = 0;

	for (;;) {
		struct pglog_record rec;
		size_t before = t.len;
		int r = pglog_parse_next(x, &t, ahead, &clock, &rec);

		must(r != -ENOMEM);
		if (r == -ENODATA || r == -EAGAIN) {
			must(t.len == before && (r == -EAGAIN || t.len == 0));
			must(r == -ENODATA || ahead != PGLOG_END);
			return n;
		}
		must(t.len < before);
		if (r == 0) {
			n++;
			check_record(&rec);
			if (sum)
				must(pglog_sum_add(sum, &rec, 1, events) == 0);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(cleanup_pglog_parser) struct pglog_parser *x = NULL;
	_cleanup_(cleanup_pglog_sum) struct pglog_sum *sum = NULL;
	_cleanup_(cleanup_free) char *prefix = NULL;
	struct table *events, *errors;
	const uint8_t *line;
	struct pgtext t;
	size_t whole, part;

	if (len < 2)
		return 0;
	line = memchr(data + 1, '\n', len - 1);
	if (!line)
		return 0;
	prefix = strndup((const char *)data + 1, (size_t)(line - data - 1));
	must(prefix);
	if (pglog_parse_new(PGLOG_STDERR + data[0] % 3, prefix, &x) < 0)
		return 0;
	t = (struct pgtext){(const char *)line + 1, len - (size_t)(line + 1 - data)};
	must(pglog_sum_new("s", NULL, 256, &sum) == 0);
	must(source_table_new(source_find("pg_log_detailed_events"), &events) == 0);
	must(source_table_new(source_find("pg_log_errors"), &errors) == 0);
	pglog_sum_set_slow(sum, 0);
	take_all(x, t, PGLOG_END, sum, events);
	must(pglog_sum_put_errors(sum, errors) == 0 && errors->n_rows <= PGLOG_ERRORS_MAX + 1);
	must(events->n_rows <= PGLOG_EVENTS_MAX);
	whole = take_all(x, t, PGLOG_MORE, NULL, NULL);
	t.len /= 2;
	part = take_all(x, t, PGLOG_MORE, NULL, NULL);
	must(part <= whole);
	source_table_free(errors);
	source_table_free(events);
	return 0;
}
