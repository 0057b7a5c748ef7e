/* mkstore.c -- writes a synthetic store through the recorder, for tests of what reads one and for measuring
 *
 *   mkstore DIR [-h HOURS] [-l N] [-i SECONDS] [-p PROCESSES] [-t HOUR] [-s SEED]
 *     HOURS whole hours, sealed, from HOUR on, a snapshot every SECONDS (with ms behind it: milliseconds);
 *     then N snapshots of the hour after, which stays live
 *   mkstore DIR -a N [-i SECONDS] [-p PROCESSES] [-s SEED]
 *     N more snapshots, SECONDS apart, behind the newest
 *
 * The tables are the collector's, filled with numbers that move as those of a machine do: most rows idle, counters that
 * grow, processes that come and go. The same arguments give the same history.
 */
#include "collector/config.h"
#include "collector/source.h"
#include "store/recorder.h"
#include "store/store.h"
#include "view/name.h"

#include <err.h>
#include <inttypes.h>

enum {
	HOUR_MS = 3600 * 1000,
	US_PER_MS = 1000,
	ROWS_DEFAULT = 4,
	BOOT = 0x626f6f74,
};

/* A table being made up. */
struct made {
	struct table_schema *schema;
	struct table *table;
	uint32_t n_rows;
	uint64_t *cells;  /* [row * n_columns + column] */
	uint64_t next_id; /* of a row that comes */
};

struct maker {
	struct recorder *recorder;
	struct made *made;
	struct table **tables;
	uint32_t n;
	uint64_t random;
	uint32_t n_processes;
	int64_t start_ms; /* of all time: when the machine was booted */
};

/* xorshift64* */
static uint64_t rnd(struct maker *m)
{
	m->random ^= m->random >> 12;
	m->random ^= m->random << 25;
	m->random ^= m->random >> 27;
	return m->random * 0x2545f4914f6cdd1d;
}

static void check(int r, const char *what)
{
	if (r < 0)
		errx(1, "%s: %s", what, strerror(-r));
}

static void *need(void *p)
{
	if (!p)
		errx(1, "no memory");
	return p;
}

/* --- rows --- */

static bool is_processes(const struct made *t)
{
	return strcmp(t->schema->name, "processes") == 0;
}

/* First values of a row. Key columns tell rows apart by their number. */
static void make_row(struct maker *m, struct made *t, uint64_t *cells)
{
	uint64_t id = t->next_id++;

	for (uint32_t c = 0; c < t->schema->n_columns; c++) {
		const struct column *col = &t->schema->columns[c];

		if (col->flags & COL_KEY)
			cells[c] = id;
		else if (col->type == COL_F64)
			cells[c] = 0;
		else
			cells[c] = rnd(m) % (col->kind == KIND_LABEL ? 64 : 1 << (10 + c % 16));
	}
}

/* Time goes on for a row: one in eight did something. */
static void age_row(struct maker *m, const struct made *t, uint64_t *cells)
{
	uint64_t r = rnd(m);

	if (r % 8)
		return;
	for (uint32_t c = 0; c < t->schema->n_columns; c++) {
		const struct column *col = &t->schema->columns[c];

		r = r * 6364136223846793005 + 1442695040888963407;
		if (col->kind == KIND_COUNTER && r >> 63)
			cells[c] += r >> 40 & 0xffff;
		else if (col->kind == KIND_GAUGE && col->type != COL_STR && col->type != COL_F64 && r >> 62 == 3)
			cells[c] = cells[c] + (r >> 32 & 0xff) > 128 ? cells[c] + (r >> 32 & 0xff) - 128 : 0;
	}
}

/* A process goes and another comes. */
static void replace_row(struct maker *m, struct made *t)
{
	uint32_t n_c = t->schema->n_columns, gone = (uint32_t)(rnd(m) % t->n_rows);
	uint64_t *p = t->cells + (size_t)gone * n_c;

	memmove(p, p + n_c, (size_t)(t->n_rows - gone - 1) * n_c * sizeof(*p));
	make_row(m, t, t->cells + (size_t)(t->n_rows - 1) * n_c);
}

static void put_string(const struct made *t, uint32_t row, uint32_t c, uint64_t v)
{
	static const char *const resources[] = {"cpu", "io", "memory", "irq"};
	static const char *const words[] = {"postgres: writer", "nginx", "/usr/bin/python3 -m http.server", "bash",
	    "tab\there", "line\nbreak", "na\xc3\xafve", "kworker/0:1", "sleep 3600", "not utf-8 \xff\xfe"};
	const char *table = t->schema->name;
	char s[80];

	if (!(t->schema->columns[c].flags & COL_KEY))
		snprintf(s, sizeof(s), "%s %" PRIu64, words[v % N_ELEMENTS(words)], v);
	else if (strcmp(table, "psi") == 0 && v < N_ELEMENTS(resources))
		snprintf(s, sizeof(s), "%s", resources[v]);
	else if (strcmp(table, "cpu") == 0 && v == 0)
		snprintf(s, sizeof(s), "all");
	else
		snprintf(s, sizeof(s), "%.32s%" PRIu64, table, v);
	check(table_set_str(t->table, row, c, s, strlen(s)), "string");
}

static void fill(struct maker *m, struct made *t)
{
	uint32_t n_c = t->schema->n_columns, row;

	table_clear(t->table);
	if (is_processes(t) && rnd(m) % 4 == 0)
		replace_row(m, t);
	for (uint32_t i = 0; i < t->n_rows; i++) {
		uint64_t *cells = t->cells + (size_t)i * n_c;

		age_row(m, t, cells);
		check(table_add_row(t->table, &row), "row");
		for (uint32_t c = 0; c < n_c; c++) {
			if (t->schema->columns[c].type == COL_STR)
				put_string(t, row, c, cells[c]);
			else
				table_set(t->table, row, c, cells[c]);
		}
	}
}

/* --- history --- */

static void maker_init(struct maker *m, const char *dir)
{
	struct recorder_options o = {.sync = SYNC_NONE, .host = "synthetic"};
	const struct source_desc *const *sources;
	size_t n;

	check(recorder_open(dir, &o, &m->recorder), dir);
	sources = source_all(&n);
	m->made = need(calloc(n, sizeof(*m->made)));
	m->tables = need(calloc(n, sizeof(struct table *)));
	for (size_t i = 0; i < n; i++) {
		struct made *t = &m->made[m->n];

		if (sources[i]->postgres)
			continue; /* only where servers are named */
		check(table_schema_new(sources[i]->id, sources[i]->name, &t->schema), sources[i]->name);
		for (uint32_t c = 0; c < sources[i]->n_columns; c++)
			check(table_schema_add(t->schema, &sources[i]->columns[c]), sources[i]->name);
		if (t->schema->n_columns == 0) {
			/* All of its columns are what the kernel prints. */
			table_schema_put(t->schema);
			continue;
		}
		check(table_new(t->schema, recorder_pool(m->recorder), &t->table), sources[i]->name);
		t->n_rows = is_processes(t) ? m->n_processes : ROWS_DEFAULT;
		t->cells = need(calloc((size_t)t->n_rows * t->schema->n_columns + 1, sizeof(*t->cells)));
		for (uint32_t row = 0; row < t->n_rows; row++)
			make_row(m, t, t->cells + (size_t)row * t->schema->n_columns);
		m->tables[m->n++] = t->table;
	}
}

static void maker_done(struct maker *m)
{
	for (uint32_t i = 0; i < m->n; i++) {
		table_free(m->made[i].table);
		table_schema_put(m->made[i].schema);
		free(m->made[i].cells);
	}
	free(m->made);
	free(m->tables);
	recorder_close(m->recorder);
}

static void record(struct maker *m, int64_t time_ms)
{
	_cleanup_(cleanup_encoded) struct encoded *e = NULL;
	struct snapshot s = {
	    .time_ms = time_ms,
	    .boot_us = (uint64_t)(time_ms - m->start_ms) * US_PER_MS,
	    .boot = BOOT,
	    .n_tables = m->n,
	    .tables = m->tables,
	};

	recorder_begin(m->recorder);
	for (uint32_t i = 0; i < m->n; i++)
		fill(m, &m->made[i]);
	check(recorder_encode(m->recorder, &s, &e), "encode");
	check(recorder_append(m->recorder, e), "append");
}

static void seal(struct maker *m)
{
	int r;

	while ((r = recorder_seal(m->recorder)) == 0)
		;
	if (r != -ENODATA)
		check(r, "seal");
}

/* n snapshots from time_ms on, in steps. Hours are sealed as they are left behind. */
static void record_many(struct maker *m, int64_t time_ms, int64_t step_ms, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++, time_ms += step_ms) {
		record(m, time_ms);
		if (time_ms % HOUR_MS < step_ms)
			seal(m);
	}
	check(recorder_sync(m->recorder), "sync");
}

/* When the newest snapshot was taken. */
static int64_t newest_ms(const char *dir)
{
	_cleanup_(cleanup_store) struct store *s = NULL;
	struct hour *h;
	int32_t hour;
	uint32_t seq;

	check(store_open(dir, NULL, &s), dir);
	check(store_latest(s, &hour, &seq), dir);
	check(store_hour(s, hour, &h), dir);
	return hour_last_ms(h);
}

static uint64_t number(const char *s)
{
	char *end;
	unsigned long long v = strtoull(s, &end, 10);

	if (end == s || *end)
		errx(2, "not a number: %s", s);
	return v;
}

/* "10" seconds or "100ms". */
static int64_t step(const char *s)
{
	size_t len = strlen(s);
	uint64_t ms;

	if (len < 3 || strcmp(s + len - 2, "ms") != 0)
		return (int64_t)number(s) * 1000;
	if (!config_value_time(s, &ms))
		errx(2, "not a time: %s", s);
	return (int64_t)ms;
}

int main(int argc, char **argv)
{
	struct maker m = {.n_processes = 40};
	uint64_t n_hours = 2, n_live = 30, n_append = 0, seed = 1;
	int64_t step_ms = 10 * 1000, from_ms;
	const char *from = "2026-11-20T00", *dir;
	int32_t hour;
	int c;

	while ((c = getopt(argc, argv, "h:l:i:p:t:s:a:")) >= 0) {
		switch (c) {
		case 'h':
			n_hours = number(optarg);
			break;
		case 'l':
			n_live = number(optarg);
			break;
		case 'i':
			step_ms = step(optarg);
			break;
		case 'p':
			m.n_processes = (uint32_t)number(optarg);
			break;
		case 't':
			from = optarg;
			break;
		case 's':
			seed = number(optarg);
			break;
		case 'a':
			n_append = number(optarg);
			break;
		default:
			return 2;
		}
	}
	if (argc - optind != 1 || name_parse_hour(from, &hour) < 0 || step_ms <= 0 || m.n_processes == 0)
		errx(2, "usage: mkstore DIR [-h HOURS] [-l N] [-i SECONDS] [-p PROCESSES] [-t HOUR] [-s SEED] [-a N]");
	dir = argv[optind];
	from_ms = (int64_t)hour * HOUR_MS;
	m.start_ms = from_ms - HOUR_MS;
	if (n_append) {
		from_ms = newest_ms(dir) + step_ms;
		m.start_ms = 0;
		seed += (uint64_t)from_ms;
	} else {
		n_append = n_hours * (uint64_t)(HOUR_MS / step_ms) + n_live;
	}
	m.random = seed * 0x9e3779b97f4a7c15 | 1;
	maker_init(&m, dir);
	record_many(&m, from_ms, step_ms, n_append);
	maker_done(&m);
	return 0;
}
