/* pglog_sum.c -- what a PostgreSQL server's messages become: errors, counts, and events as versions 10 to 18 tell them
 */
#include "collector/pg_query.h"
#include "collector/pglog_class.h"
#include "collector/pglog_event.h"
#include "collector/pglog_normal.h"
#include "collector/pglog_sum.h"
#include "store/rate.h"
#include "tests/tap.h"

#include <stdio.h>

#define HOUR_NS (3600 * INT64_C(1000000000))

/* The three tables, and what fills them. */
struct rig {
	struct pglog_sum *sum;
	struct table *errors, *counts, *events;
	int64_t now_ns;
};

static void up(struct rig *g)
{
	*g = (struct rig){.now_ns = HOUR_NS};
	ok_r(source_table_new(source_find("pg_log_errors"), &g->errors));
	ok_r(source_table_new(source_find("pg_log_events"), &g->counts));
	ok_r(source_table_new(source_find("pg_log_detailed_events"), &g->events));
	ok_r(pglog_sum_new("main", NULL, 4096, &g->sum));
}

static void down(struct rig *g)
{
	pglog_sum_free(g->sum);
	source_table_free(g->errors);
	source_table_free(g->counts);
	source_table_free(g->events);
}

static void add_at(
    struct rig *g, enum pglog_severity severity, const char *sqlstate, const char *message, int64_t time_ms)
{
	struct pglog_record rec;

	pglog_record_clear(&rec);
	rec.time_ms = time_ms;
	rec.severity = severity;
	rec.pid = 77;
	snprintf(rec.sqlstate, sizeof rec.sqlstate, "%s", sqlstate);
	rec.part[PGLOG_MESSAGE] = pgtext_of(message);
	rec.part[PGLOG_STATEMENT] = pgtext_of("select 'x'");
	rec.database = pgtext_of("shop");
	ok_r(pglog_sum_add(g->sum, &rec, g->now_ns, g->events));
}

static void add(struct rig *g, enum pglog_severity severity, const char *sqlstate, const char *message)
{
	add_at(g, severity, sqlstate, message, 1795144325123);
}

static const char *text_at(const struct table *t, uint32_t column, uint32_t row)
{
	static char rooms[8][512];
	static unsigned n;
	char *room = rooms[n++ % 8];
	struct str s = table_str(t, column, row);

	snprintf(room, sizeof rooms[0], "%.*s", (int)s.len, s.len ? s.p : "");
	return room;
}

static uint64_t counted(struct rig *g, enum pglog_count_column c)
{
	table_clear(g->counts);
	ok_r(pglog_sum_put_counts(g->sum, "csvlog", "/x", g->counts));
	return table_get(g->counts, c, 0);
}

static void put_errors(struct rig *g)
{
	table_clear(g->errors);
	pglog_sum_forget(g->sum, g->now_ns);
	ok_r(pglog_sum_put_errors(g->sum, g->errors));
}

/* --- normal forms --- */

static void check_message(const char *in, const char *want)
{
	_cleanup_(buf_done) struct buf out = {0};

	pglog_normal_message(pgtext_of(in), &out);
	buf_put_u8(&out, '\0');
	str_eq((const char *)out.p, want);
}

static void messages_keep_names_and_lose_values(void)
{
	check_message("duplicate key value violates unique constraint \"users_pkey\"",
	    "duplicate key value violates unique constraint \"users_pkey\"");
	check_message(
	    "invalid input syntax for type integer: \"a \"\"b\"", "invalid input syntax for type integer: \"?\"");
	check_message("syntax error at or near \"selec\"", "syntax error at or near \"?\"");
	check_message("column t2.x1 does not exist", "column t2.x1 does not exist");
	check_message("canceling autovacuum of 12 and 0/16B3748", "canceling autovacuum of ? and ?/?");
	check_message("can't open 'a b' of user's", "can't open '?' of user's");
	check_message("value \"2026-11-20\" is out of range", "value \"?\" is out of range");
	check_message("first\nsecond 2", "first");
	check_message("open \"", "open \"?\"");
	check_message("", "");
}

static void check_sql(const char *in, const char *want)
{
	_cleanup_(buf_done) struct buf out = {0};

	pglog_normal_sql(pgtext_of(in), &out);
	buf_put_u8(&out, '\0');
	str_eq((const char *)out.p, want);
}

static void statements_lose_literals_and_comments(void)
{
	check_sql("select 1, 1.5e-3, .5, 0x1F, 'it''s', E'a\\'b', $$x$$, $a$ $$ $a$, $1 from t1 where \"a 1\" = -2",
	    "select ?, ?, ?, ?, ?, ?, ?, ?, $1 from t1 where \"a 1\" = -?");
	check_sql("  select /* a /* b */ 'c' */ x -- 'y\n\t, z ", "select x , z");
	check_sql("select 'open", "select ?");
	check_sql("select \"open 1", "select \"open 1");
	check_sql("/* open", "");
	check_sql("alter role bob password 'secret'", "alter role bob password ?");
}

/* --- errors --- */

static void errors_are_told_apart_by_code_and_message(void)
{
	struct rig g;

	up(&g);
	add(&g, PGLOG_ERROR, "23505", "duplicate key 1");
	add(&g, PGLOG_ERROR, "23505", "duplicate key 2");
	add(&g, PGLOG_ERROR, "23503", "duplicate key 3");
	add(&g, PGLOG_WARNING, "", "duplicate key 4");
	add(&g, PGLOG_LOG, "", "duplicate key 5");
	put_errors(&g);
	eq(g.errors->n_rows, 3);
	str_eq(text_at(g.errors, PGLOG_ERR_SQLSTATE, 0), "23505");
	str_eq(text_at(g.errors, PGLOG_ERR_MESSAGE, 0), "duplicate key ?");
	str_eq(text_at(g.errors, PGLOG_ERR_SAMPLE, 0), "duplicate key 1");
	str_eq(text_at(g.errors, PGLOG_ERR_STATEMENT, 0), "select 'x'");
	str_eq(text_at(g.errors, PGLOG_ERR_CATEGORY, 0), "constraint");
	str_eq(text_at(g.errors, PGLOG_ERR_SEVERITY, 0), "ERROR");
	eq(table_get(g.errors, PGLOG_ERR_COUNT, 0), 2);
	ok(table_is_null(g.errors, PGLOG_ERR_SQLSTATE, 2));
	eq(counted(&g, PGLOG_N_ERRORS), 3);
	eq(counted(&g, PGLOG_N_WARNINGS), 1);
	eq(counted(&g, PGLOG_N_LINES), 5);
	down(&g);
}

static struct table *rates_since(const struct table *now, const struct table *before)
{
	_cleanup_(cleanup_table_schema) struct table_schema *schema = NULL;
	struct table *rates = NULL;

	ok_r(rate_schema(now->schema, &schema));
	ok_r(table_new(schema, now->pool, &rates));
	ok_r(rate_table(now, before, 1000000, rates));
	return rates;
}

/* As by a restart, whose counts have outgrown those of before. */
static void what_is_counted_anew_has_no_rate(void)
{
	struct rig before, now;
	struct table *rates;

	up(&before);
	up(&now);
	add(&before, PGLOG_ERROR, "23505", "duplicate key 1");
	add_at(&now, PGLOG_ERROR, "23505", "duplicate key 1", 1795144399000);
	add_at(&now, PGLOG_ERROR, "23505", "duplicate key 1", 1795144399500);
	put_errors(&before);
	put_errors(&now);
	rates = rates_since(now.errors, before.errors);
	ok(table_is_null(rates, PGLOG_ERR_COUNT, 0));
	table_free(rates);
	counted(&before, PGLOG_N_ERRORS);
	pglog_sum_count(now.sum, PGLOG_N_SINCE, 1);
	counted(&now, PGLOG_N_ERRORS);
	rates = rates_since(now.counts, before.counts);
	ok(table_is_null(rates, PGLOG_N_ERRORS, 0));
	table_free(rates);

	/* The same goes on. */
	add(&before, PGLOG_ERROR, "23505", "duplicate key 2");
	source_table_free(now.errors);
	ok_r(source_table_new(source_find("pg_log_errors"), &now.errors));
	ok_r(pglog_sum_put_errors(before.sum, now.errors));
	rates = rates_since(now.errors, before.errors);
	eq(table_get(rates, PGLOG_ERR_COUNT, 0), 1000);
	table_free(rates);
	down(&before);
	down(&now);
}

/* A message is part of the key: no two rows have the same. */
static void messages_that_are_the_same_when_they_are_blanked_and_cut_are_one(void)
{
	_cleanup_(cleanup_redact) struct redact *redact = NULL;
	struct rig g;

	up(&g);
	pglog_sum_free(g.sum);
	ok_r(redact_new(NULL, 0, NULL, &redact));
	ok_r(pglog_sum_new("main", redact, 40, &g.sum));
	add(&g, PGLOG_ERROR, "08006", "no answer with password=abc");
	add(&g, PGLOG_ERROR, "08006", "no answer with password=efg");
	add(&g, PGLOG_ERROR, "08006", "of this there is more than forty bytes: a");
	add(&g, PGLOG_ERROR, "08006", "of this there is more than forty bytes: b");
	put_errors(&g);
	eq(g.errors->n_rows, 2);
	str_eq(text_at(g.errors, PGLOG_ERR_MESSAGE, 0), "no answer with password=***");
	eq(table_get(g.errors, PGLOG_ERR_COUNT, 0), 2);
	str_eq(text_at(g.errors, PGLOG_ERR_MESSAGE, 1), "of this there is more than forty bytes: ");
	eq(table_get(g.errors, PGLOG_ERR_COUNT, 1), 2);
	down(&g);
}

static void errors_of_an_hour_ago_are_forgotten(void)
{
	struct rig g;

	up(&g);
	add(&g, PGLOG_ERROR, "", "a");
	g.now_ns += HOUR_NS / 2;
	add(&g, PGLOG_ERROR, "", "b");
	g.now_ns += HOUR_NS / 2 + 1;
	put_errors(&g);
	eq(g.errors->n_rows, 1);
	str_eq(text_at(g.errors, PGLOG_ERR_MESSAGE, 0), "b");
	eq(counted(&g, PGLOG_N_ERRORS), 2);
	down(&g);
}

static void errors_that_are_too_many_share_a_row(void)
{
	struct rig g;

	up(&g);
	for (unsigned i = 0; i < PGLOG_ERRORS_MAX + 10; i++) {
		char text[32];

		snprintf(text, sizeof text, "error %c%c%c", 'a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676);
		add(&g, PGLOG_ERROR, "", text);
	}
	put_errors(&g);
	eq(g.errors->n_rows, PGLOG_ERRORS_MAX + 1);
	str_eq(text_at(g.errors, PGLOG_ERR_MESSAGE, PGLOG_ERRORS_MAX), "(others)");
	eq(table_get(g.errors, PGLOG_ERR_COUNT, PGLOG_ERRORS_MAX), 10);
	down(&g);
}

static void errors_have_categories_by_code_or_by_text(void)
{
	static const struct {
		const char *sqlstate, *message;
		enum pglog_severity severity;
		enum pglog_category category;
		enum pglog_weight weight;
	} cases[] = {
	    {"40P01", "deadlock detected", PGLOG_ERROR, PGLOG_OF_LOCK, PGLOG_MATTERS},
	    {"", "deadlock detected", PGLOG_ERROR, PGLOG_OF_LOCK, PGLOG_MATTERS},
	    {"23505", "x", PGLOG_ERROR, PGLOG_OF_CONSTRAINT, PGLOG_MINOR},
	    {"", "new row for relation \"t\" violates check constraint \"c\"", PGLOG_ERROR, PGLOG_OF_CONSTRAINT,
	        PGLOG_MINOR},
	    {"40001", "x", PGLOG_ERROR, PGLOG_OF_SERIALIZATION, PGLOG_MATTERS},
	    {"57014", "canceling statement due to statement timeout", PGLOG_ERROR, PGLOG_OF_TIMEOUT, PGLOG_MATTERS},
	    {"57014", "canceling statement due to user request", PGLOG_ERROR, PGLOG_OF_OTHER, PGLOG_MINOR},
	    {"", "canceling statement due to user request", PGLOG_ERROR, PGLOG_OF_OTHER, PGLOG_MINOR},
	    {"55P03", "canceling statement due to lock timeout", PGLOG_ERROR, PGLOG_OF_LOCK, PGLOG_MATTERS},
	    {"57P01", "terminating connection due to administrator command", PGLOG_FATAL, PGLOG_OF_CONNECTION,
	        PGLOG_MATTERS},
	    {"08006", "x", PGLOG_LOG, PGLOG_OF_CONNECTION, PGLOG_MINOR},
	    {"28P01", "password authentication failed for user \"bob\"", PGLOG_FATAL, PGLOG_OF_AUTH, PGLOG_MATTERS},
	    {"", "password authentication failed for user \"bob\"", PGLOG_FATAL, PGLOG_OF_AUTH, PGLOG_MATTERS},
	    {"42501", "permission denied for table t", PGLOG_ERROR, PGLOG_OF_AUTH, PGLOG_MATTERS},
	    {"42601", "x", PGLOG_ERROR, PGLOG_OF_SYNTAX, PGLOG_MINOR},
	    {"53300", "x", PGLOG_FATAL, PGLOG_OF_RESOURCE, PGLOG_CRITICAL},
	    {"", "sorry, too many clients already", PGLOG_FATAL, PGLOG_OF_RESOURCE, PGLOG_CRITICAL},
	    {"XX001", "x", PGLOG_ERROR, PGLOG_OF_CORRUPTION, PGLOG_CRITICAL},
	    {"", "invalid page in block 7 of relation base/1/2", PGLOG_ERROR, PGLOG_OF_CORRUPTION, PGLOG_CRITICAL},
	    {"XX000", "x", PGLOG_ERROR, PGLOG_OF_SYSTEM, PGLOG_CRITICAL},
	    {"58030", "x", PGLOG_PANIC, PGLOG_OF_SYSTEM, PGLOG_CRITICAL},
	    {"22012", "division by zero", PGLOG_ERROR, PGLOG_OF_OTHER, PGLOG_MINOR},
	    {"53100", "x", PGLOG_WARNING, PGLOG_OF_RESOURCE, PGLOG_MINOR},
	};

	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pglog_record rec = {.severity = cases[i].severity};

		snprintf(rec.sqlstate, sizeof rec.sqlstate, "%s", cases[i].sqlstate);
		rec.part[PGLOG_MESSAGE] = pgtext_of(cases[i].message);
		eq(pglog_class_of(&rec), cases[i].category);
		eq(pglog_class_weight(rec.severity, cases[i].category), cases[i].weight);
	}
}

/* --- events --- */

/* The event that a LOG message is; what was there before is gone. */
static struct table *event(struct rig *g, const char *message)
{
	table_clear(g->events);
	add(g, PGLOG_LOG, "", message);
	eq(g->events->n_rows, 1);
	if (g->events->n_rows == 0)
		ok_r(table_set_rows(g->events, 1));
	return g->events;
}

static void checkpoints_of_all_versions_are_read(void)
{
	static const char *const messages[] = {
	    /* 10 to 15 */
	    "checkpoint complete: wrote 3 buffers (0.0%); 1 WAL file(s) added, 2 removed, 4 recycled; write=0.103 s, "
	    "sync=0.001 s, "
	    "total=0.214 s; sync files=5, longest=0.002 s, average=0.001 s; distance=6 kB, estimate=7 kB",
	    /* 16, 17 */
	    "checkpoint complete: wrote 3 buffers (0.0%); 1 WAL file(s) added, 2 removed, 4 recycled; write=0.103 s, "
	    "sync=0.001 s, "
	    "total=0.214 s; sync files=5, longest=0.002 s, average=0.001 s; distance=6 kB, estimate=7 kB; "
	    "lsn=0/1949B18, redo "
	    "lsn=0/1949AE0",
	    /* 18 */
	    "checkpoint complete: wrote 3 buffers (0.0%), wrote 8 SLRU buffers; 1 WAL file(s) added, 2 removed, 4 "
	    "recycled; "
	    "write=0.103 s, sync=0.001 s, total=0.214 s; sync files=5, longest=0.002 s, average=0.001 s; distance=6 "
	    "kB, estimate=7 "
	    "kB; lsn=0/1949B18, redo lsn=0/1949AE0",
	};
	struct rig g;

	up(&g);
	for (unsigned i = 0; i < 3; i++) {
		struct table *t;

		add(&g, PGLOG_LOG, "", "checkpoint starting: immediate force wait");
		t = event(&g, messages[i]);
		str_eq(text_at(t, PGLOG_EV_KIND, 0), "checkpoint");
		str_eq(text_at(t, PGLOG_EV_REASON, 0), "immediate force wait");
		eq(table_get(t, PGLOG_EV_TIME, 0), 1795144325123);
		eq(table_get(t, PGLOG_EV_BUFFERS, 0), 3);
		eq(table_get(t, PGLOG_EV_WAL_ADDED, 0), 1);
		eq(table_get(t, PGLOG_EV_WAL_REMOVED, 0), 2);
		eq(table_get(t, PGLOG_EV_WAL_RECYCLED, 0), 4);
		eq(table_get(t, PGLOG_EV_WRITE, 0), 103000);
		eq(table_get(t, PGLOG_EV_SYNC, 0), 1000);
		eq(table_get(t, PGLOG_EV_DURATION, 0), 214000);
		eq(table_get(t, PGLOG_EV_SYNC_FILES, 0), 5);
		eq(table_get(t, PGLOG_EV_SYNC_LONGEST, 0), 2000);
		eq(table_get(t, PGLOG_EV_SYNC_AVERAGE, 0), 1000);
		eq(table_get(t, PGLOG_EV_DISTANCE, 0), 6144);
		eq(table_get(t, PGLOG_EV_ESTIMATE, 0), 7168);
		eq(table_is_null(t, PGLOG_EV_SLRU_BUFFERS, 0), i < 2);
		eq(table_get(t, PGLOG_EV_SEQUENCE, 0), i + 1);
	}
	eq(counted(&g, PGLOG_N_CHECKPOINTS), 3);
	event(&g, "restartpoint complete: wrote 9 buffers (0.1%); 0 WAL file(s) added, 0 removed, 0 recycled; "
	          "write=0.1 s, sync=0.001 "
	          "s, total=0.2 s; sync files=5, longest=0.002 s, average=0.001 s; distance=6 kB, estimate=7 kB");
	str_eq(text_at(g.events, PGLOG_EV_KIND, 0), "restartpoint");
	str_eq(text_at(g.events, PGLOG_EV_REASON, 0), "");
	eq(counted(&g, PGLOG_N_RESTARTPOINTS), 1);
	down(&g);
}

static void check_vacuum(const struct table *t)
{
	str_eq(text_at(t, PGLOG_EV_KIND, 0), "autovacuum");
	str_eq(text_at(t, PGLOG_EV_DATNAME, 0), "shop");
	str_eq(text_at(t, PGLOG_EV_RELATION, 0), "public.or ders");
	eq(table_get(t, PGLOG_EV_INDEX_SCANS, 0), 1);
	eq(table_get(t, PGLOG_EV_PAGES_REMOVED, 0), 2);
	eq(table_get(t, PGLOG_EV_PAGES_REMAIN, 0), 620);
	eq(table_get(t, PGLOG_EV_TUPLES_REMOVED, 0), 118);
	eq(table_get(t, PGLOG_EV_TUPLES_REMAIN, 0), 634);
	eq(table_get(t, PGLOG_EV_TUPLES_DEAD, 0), 3);
	eq(table_get(t, PGLOG_EV_BUFFER_HITS, 0), 1223);
	eq(table_get(t, PGLOG_EV_BUFFER_MISSES, 0), 4);
	eq(table_get(t, PGLOG_EV_BUFFER_DIRTIED, 0), 5);
	eq(table_get(t, PGLOG_EV_READ_RATE, 0), 1572864);
	eq(table_get(t, PGLOG_EV_WRITE_RATE, 0), 262144);
	eq(table_get(t, PGLOG_EV_CPU_USER, 0), 10000);
	eq(table_get(t, PGLOG_EV_CPU_SYSTEM, 0), 20000);
	eq(table_get(t, PGLOG_EV_DURATION, 0), 1500000);
}

static void vacuums_of_all_versions_are_read(void)
{
	struct rig g;
	struct table *t;

	up(&g);
	/* 10 to 12 */
	t = event(&g, "automatic vacuum of table \"shop.public.or ders\": index scans: 1\n"
	              "pages: 2 removed, 620 remain, 6 skipped due to pins, 7 skipped frozen\n"
	              "tuples: 118 removed, 634 remain, 3 are dead but not yet removable, oldest xmin: 512\n"
	              "buffer usage: 1223 hits, 4 misses, 5 dirtied\n"
	              "avg read rate: 1.500 MB/s, avg write rate: 0.250 MB/s\n"
	              "system usage: CPU: user: 0.01 s, system: 0.02 s, elapsed: 1.50 s");
	check_vacuum(t);
	eq(table_get(t, PGLOG_EV_PAGES_SKIPPED_PINS, 0), 6);
	eq(table_get(t, PGLOG_EV_PAGES_SKIPPED_FROZEN, 0), 7);
	ok(table_is_null(t, PGLOG_EV_PAGES_SCANNED, 0) && table_is_null(t, PGLOG_EV_WAL_BYTES, 0));
	/* 16 */
	t = event(&g,
	    "automatic aggressive vacuum to prevent wraparound of table \"shop.public.or ders\": index scans: 1\n"
	    "pages: 2 removed, 620 remain, 589 scanned (95.00% of total)\n"
	    "tuples: 118 removed, 634 remain, 3 are dead but not yet removable\n"
	    "removable cutoff: 289809785, which was 1298 XIDs old when operation ended\n"
	    "frozen: 5 pages from table (0.06% of total) had 14 tuples frozen\n"
	    "index scan needed: 11 pages from table (0.13% of total) had 11 dead item identifiers removed\n"
	    "index \"orders_pkey\": pages: 30 in total, 0 newly deleted, 0 currently deleted, 0 reusable\n"
	    "I/O timings: read: 1.250 ms, write: 2.000 ms\n"
	    "avg read rate: 1.500 MB/s, avg write rate: 0.250 MB/s\n"
	    "buffer usage: 1223 hits, 4 misses, 5 dirtied\n"
	    "WAL usage: 13 records, 2 full page images, 1181 bytes\n"
	    "system usage: CPU: user: 0.01 s, system: 0.02 s, elapsed: 1.50 s");
	check_vacuum(t);
	str_eq(text_at(t, PGLOG_EV_REASON, 0), "aggressive, to prevent wraparound");
	eq(table_get(t, PGLOG_EV_PAGES_SCANNED, 0), 589);
	eq(table_get(t, PGLOG_EV_IO_READ, 0), 1250);
	eq(table_get(t, PGLOG_EV_IO_WRITE, 0), 2000);
	eq(table_get(t, PGLOG_EV_WAL_RECORDS, 0), 13);
	eq(table_get(t, PGLOG_EV_WAL_FPI, 0), 2);
	eq(table_get(t, PGLOG_EV_WAL_BYTES, 0), 1181);
	/* 18 */
	t = event(&g, "automatic vacuum of table \"shop.public.or ders\": index scans: 1\n"
	              "pages: 2 removed, 620 remain, 589 scanned (95.00% of total), 9 eagerly scanned\n"
	              "tuples: 118 removed, 634 remain, 3 are dead but not yet removable\n"
	              "visibility map: 5 pages set all-visible, 4 pages set all-frozen (0 were all-visible)\n"
	              "delay time: 100.500 ms\n"
	              "avg read rate: 1.500 MB/s, avg write rate: 0.250 MB/s\n"
	              "buffer usage: 1223 hits, 4 reads, 5 dirtied\n"
	              "WAL usage: 13 records, 2 full page images, 1181 bytes, 0 buffers full\n"
	              "system usage: CPU: user: 0.01 s, system: 0.02 s, elapsed: 1.50 s");
	check_vacuum(t);
	eq(table_get(t, PGLOG_EV_PAGES_SCANNED, 0), 589);
	eq(table_get(t, PGLOG_EV_DELAY, 0), 100500);
	eq(table_get(t, PGLOG_EV_WAL_BYTES, 0), 1181);
	eq(counted(&g, PGLOG_N_AUTOVACUUMS), 3);
	/* 10 to 13, and later ones. */
	t = event(&g, "automatic analyze of table \"shop.public.t\" system usage: CPU: user: 0.03 s, system: 0.00 s, "
	              "elapsed: 0.20 s");
	str_eq(text_at(t, PGLOG_EV_KIND, 0), "autoanalyze");
	str_eq(text_at(t, PGLOG_EV_RELATION, 0), "public.t");
	eq(table_get(t, PGLOG_EV_DURATION, 0), 200000);
	eq(table_get(t, PGLOG_EV_CPU_USER, 0), 30000);
	t = event(&g,
	    "automatic analyze of table \"shop.public.t\"\navg read rate: 1.500 MB/s, avg write rate: 0.250 MB/s\n"
	    "buffer usage: 12 hits, 3 misses, 1 dirtied\n"
	    "system usage: CPU: user: 0.03 s, system: 0.00 s, elapsed: 0.20 s");
	eq(table_get(t, PGLOG_EV_BUFFER_MISSES, 0), 3);
	eq(table_get(t, PGLOG_EV_DURATION, 0), 200000);
	eq(counted(&g, PGLOG_N_AUTOANALYZES), 2);
	down(&g);
}

static void slow_queries_of_both_protocols_are_read(void)
{
	static const struct {
		const char *message, *phase, *query;
	} cases[] = {
	    {"duration: 1234.567 ms  statement: select 'a', 1", "statement", "select ?, ?"},
	    {"duration: 1234.567 ms  parse <unnamed>: select $1", "parse", "select $1"},
	    {"duration: 1234.567 ms  bind S_1: select $1", "bind", "select $1"},
	    {"duration: 1234.567 ms  execute S_1/C_2: select $1", "execute", "select $1"},
	    {"duration: 1234.567 ms  execute fetch from S_1/C_2: select $1", "execute", "select $1"},
	    {"duration: 1234.567 ms  fastpath function call: \"lo_open\" (OID 952)", "fastpath", "\"lo_open\" (OID ?)"},
	};
	struct rig g;

	up(&g);
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct table *t = event(&g, cases[i].message);

		str_eq(text_at(t, PGLOG_EV_KIND, 0), "slow_query");
		str_eq(text_at(t, PGLOG_EV_REASON, 0), cases[i].phase);
		str_eq(text_at(t, PGLOG_EV_QUERY, 0), cases[i].query);
		eq(table_get(t, PGLOG_EV_DURATION, 0), 1234567);
		eq(table_get(t, PGLOG_EV_PID, 0), 77);
	}
	eq(counted(&g, PGLOG_N_SLOW_QUERIES), 6);
	down(&g);
}

static void a_duration_alone_is_of_the_statement_that_was_logged_before(void)
{
	struct rig g;
	struct table *t;

	up(&g);
	add(&g, PGLOG_LOG, "", "statement: select 5");
	/* As long as nobody knows what is slow, none is. */
	add(&g, PGLOG_LOG, "", "duration: 99999.000 ms");
	pglog_sum_set_slow(g.sum, 1000000);
	add(&g, PGLOG_LOG, "", "duration: 999.999 ms");
	eq(g.events->n_rows, 0);
	t = event(&g, "duration: 1000.000 ms");
	str_eq(text_at(t, PGLOG_EV_QUERY, 0), "select ?");
	str_eq(text_at(t, PGLOG_EV_KIND, 0), "slow_query");
	down(&g);
}

static void lock_waits_temporary_files_and_the_server_itself_are_read(void)
{
	struct rig g;
	struct table *t;

	up(&g);
	t = event(&g, "process 12 still waiting for ShareLock on transaction 777 after 1000.072 ms");
	str_eq(text_at(t, PGLOG_EV_KIND, 0), "lock_wait");
	str_eq(text_at(t, PGLOG_EV_REASON, 0), "still waiting");
	str_eq(text_at(t, PGLOG_EV_LOCK_MODE, 0), "ShareLock");
	str_eq(text_at(t, PGLOG_EV_LOCK_OBJECT, 0), "transaction 777");
	eq(table_get(t, PGLOG_EV_PID, 0), 12);
	eq(table_get(t, PGLOG_EV_DURATION, 0), 1000072);
	t = event(&g, "process 12 acquired ExclusiveLock on tuple (0,1) of relation 16384 of database 5 after 2.5 ms");
	str_eq(text_at(t, PGLOG_EV_REASON, 0), "acquired");
	str_eq(text_at(t, PGLOG_EV_LOCK_OBJECT, 0), "tuple (0,1) of relation 16384 of database 5");
	t = event(
	    &g, "process 12 avoided deadlock for ShareLock on transaction 7 by rearranging queue order after 1.000 ms");
	str_eq(text_at(t, PGLOG_EV_LOCK_OBJECT, 0), "transaction 7");
	eq(table_get(t, PGLOG_EV_DURATION, 0), 1000);
	t = event(&g, "process 12 could not obtain ShareLock on relation 7 of database 5");
	str_eq(text_at(t, PGLOG_EV_LOCK_OBJECT, 0), "relation 7 of database 5");
	eq(counted(&g, PGLOG_N_LOCK_WAITS), 1);
	t = event(&g, "temporary file: path \"base/pgsql_tmp/pgsql_tmp123.0\", size 104857600");
	str_eq(text_at(t, PGLOG_EV_KIND, 0), "temp_file");
	eq(table_get(t, PGLOG_EV_SIZE, 0), 104857600);
	eq(counted(&g, PGLOG_N_TEMP_BYTES), 104857600);
	t = event(&g, "server process (PID 99) was terminated by signal 9: Killed");
	str_eq(text_at(t, PGLOG_EV_KIND, 0), "crash");
	ok(text_at(t, PGLOG_EV_DETAIL, 0)[0] != '\0');
	t = event(&g, "database system is ready to accept connections");
	str_eq(text_at(t, PGLOG_EV_KIND, 0), "start");
	t = event(&g, "database system is shut down");
	str_eq(text_at(t, PGLOG_EV_KIND, 0), "stop");
	table_clear(g.events);
	add(&g, PGLOG_LOG, "", "connection authorized: user=bob database=shop");
	add(&g, PGLOG_LOG, "", "disconnection: session time: 0:00:00.002 user=bob database=shop host=[local]");
	eq(g.events->n_rows, 0);
	eq(counted(&g, PGLOG_N_CONNECTIONS), 1);
	eq(counted(&g, PGLOG_N_DISCONNECTIONS), 1);
	add(&g, PGLOG_ERROR, "40P01", "Verklemmung entdeckt");
	eq(g.events->n_rows, 1);
	eq(counted(&g, PGLOG_N_DEADLOCKS), 1);
	down(&g);
}

static void messages_that_are_cut_anywhere_are_events_or_not_and_nothing_else(void)
{
	static const char *const messages[] = {
	    "checkpoint complete: wrote 3 buffers (0.0%); 1 WAL file(s) added, 2 removed, 4 recycled; write=0.103 s",
	    "automatic vacuum of table \"s.p.t\": index scans: 1\npages: 2 removed, 620 remain, 589 scanned (95.00%)",
	    "duration: 1234.567 ms  execute S_1/C_2: select $1",
	    "process 12 avoided deadlock for ShareLock on transaction 7 by rearranging queue order after 1.000 ms",
	    "temporary file: path \"base/pgsql_tmp/pgsql_tmp123.0\", size 104857600",
	};
	struct rig g;

	up(&g);
	for (unsigned i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		for (size_t len = 0; len <= strlen(messages[i]); len++) {
			char *copy = strndup(messages[i], len);

			ok(copy != NULL);
			if (copy)
				add(&g, PGLOG_LOG, "", copy);
			free(copy);
		}
	}
	ok(g.events->n_rows > 0);
	down(&g);
}

static void events_that_nobody_takes_are_bounded_and_counted(void)
{
	struct rig g;

	up(&g);
	for (unsigned i = 0; i < PGLOG_EVENTS_MAX + 10; i++)
		add(&g, PGLOG_LOG, "", "database system is shut down");
	eq(g.events->n_rows, PGLOG_EVENTS_MAX);
	eq(counted(&g, PGLOG_N_EVENTS_LOST), 10);
	eq(pglog_sum_sequence(g.sum), PGLOG_EVENTS_MAX + 1);
	down(&g);
}

int main(void)
{
	RUN(messages_keep_names_and_lose_values);
	RUN(statements_lose_literals_and_comments);
	RUN(errors_are_told_apart_by_code_and_message);
	RUN(what_is_counted_anew_has_no_rate);
	RUN(messages_that_are_the_same_when_they_are_blanked_and_cut_are_one);
	RUN(errors_of_an_hour_ago_are_forgotten);
	RUN(errors_that_are_too_many_share_a_row);
	RUN(errors_have_categories_by_code_or_by_text);
	RUN(checkpoints_of_all_versions_are_read);
	RUN(vacuums_of_all_versions_are_read);
	RUN(slow_queries_of_both_protocols_are_read);
	RUN(a_duration_alone_is_of_the_statement_that_was_logged_before);
	RUN(lock_waits_temporary_files_and_the_server_itself_are_read);
	RUN(messages_that_are_cut_anywhere_are_events_or_not_and_nothing_else);
	RUN(events_that_nobody_takes_are_bounded_and_counted);
	return tap_done();
}
