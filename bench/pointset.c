/* pointset.c -- makes sets of points (bench/pointset.h) of what was recorded
 *
 *   pointset store STORE FILE EVERY [active]
 *       every numeric column of every row of every table of a store: TABLE_COLUMN{key columns as labels};
 *       not of what has ended (the table exited): a row that is there once is an event, not a series
 *   pointset scrapes FOLDER FILE EVERY [active]
 *       every series of a Prometheus exporter's answers in FOLDER, files named by their milliseconds since 1970
 *
 *   pointset show FILE
 *       series, points, and the second behind the last point
 *
 * EVERY: points of seconds that it divides are taken, the others left out. active: series whose value changes. Prints
 * how many series and points there are.
 */
#include "bench/pointset.h"
#include "store/bytes.h"
#include "store/cleanup.h"
#include "store/store.h"

#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* What is being made. */
struct maker {
	uint64_t every; /* seconds */
	bool active;
	struct buf entries, times, values, keys;
};

static void check(int r, const char *what)
{
	if (r < 0)
		errx(1, "%s: %s", what, strerror(-r));
}

/* Whether that time is one of those wanted: it is some milliseconds beside the second that it belongs to. */
static bool wanted(const struct maker *m, int64_t ms)
{
	return (uint64_t)((ms + 500) / 1000) % m->every == 0;
}

static bool changes(const double *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (memcmp(&v[i], &v[0], sizeof *v) != 0)
			return true;
	return false;
}

/* Adds a series of n points, unless it is empty or not wanted. */
static void put_series(
    struct maker *m, const void *key, size_t key_len, const int64_t *times, const double *values, size_t n)
{
	struct pointset_entry e = {.first = m->times.len / 8, .n = n, .key = m->keys.len, .key_len = key_len};

	if (n == 0 || (m->active && !changes(values, n)))
		return;
	buf_put(&m->entries, &e, sizeof e);
	buf_put(&m->times, times, n * sizeof *times);
	buf_put(&m->values, values, n * sizeof *values);
	buf_put(&m->keys, key, key_len);
}

static void write_set(const struct maker *m, const char *path)
{
	struct pointset_head h = {.magic = POINTSET_MAGIC,
	    .n_series = m->entries.len / sizeof(struct pointset_entry),
	    .n_points = m->times.len / 8,
	    .keys_len = m->keys.len};
	const struct buf *parts[] = {&m->entries, &m->times, &m->values, &m->keys};
	FILE *f = fopen(path, "w");

	if (!f || fwrite(&h, sizeof h, 1, f) != 1)
		err(1, "%s", path);
	for (size_t i = 0; i < N_ELEMENTS(parts); i++) {
		check(parts[i]->err, path);
		if (fwrite(parts[i]->p, 1, parts[i]->len, f) != parts[i]->len)
			err(1, "%s", path);
	}
	if (fclose(f) != 0)
		err(1, "%s", path);
	printf("%" PRIu64 " %" PRIu64 "\n", h.n_series, h.n_points);
}

/* Series as they grow, by the ids of their names. */
struct growing {
	struct buf times, values;
};

struct harvest {
	struct strpool *names;
	struct growing *series;
	uint32_t n;
};

/* Each series' points come in order of time; one that is not behind the one before is left out. */
static void take_point(struct harvest *h, const void *name, size_t len, int64_t ms, double v)
{
	int64_t ns = ms * 1000000;
	struct growing *g;
	uint32_t id;

	check(strpool_intern(h->names, name, len, &id), "series");
	if (id >= h->n) {
		uint32_t n = id + 1 + id / 2;
		struct growing *more = realloc(h->series, n * sizeof *more);

		if (!more)
			err(1, "series");
		memset(more + h->n, 0, (n - h->n) * sizeof *more);
		h->series = more;
		h->n = n;
	}
	g = &h->series[id];
	if (g->times.len > 0 && ((const int64_t *)(const void *)(g->times.p + g->times.len))[-1] >= ns)
		return;
	buf_put(&g->times, &ns, sizeof ns);
	buf_put(&g->values, &v, sizeof v);
}

static void put_harvest(struct maker *m, struct harvest *h)
{
	for (uint32_t i = 0; i < h->n; i++) {
		const struct str *name = strpool_get(h->names, i);
		struct growing *g = &h->series[i];

		check(g->times.err | g->values.err, "points");
		if (name)
			put_series(m, name->p, name->len, (const void *)g->times.p, (const void *)g->values.p,
			    g->times.len / 8);
		buf_done(&g->times);
		buf_done(&g->values);
	}
	free(h->series);
	strpool_free(h->names);
}

/* --- of a store --- */

static double number(const struct column *c, uint64_t v)
{
	double d;

	switch (c->type) {
	case COL_U64:
		return (double)v;
	case COL_I64:
		return (double)(int64_t)v;
	case COL_DEC:
		return (double)(int64_t)v / pow(10, c->scale);
	default:
		memcpy(&d, &v, sizeof d);
		return d;
	}
}

static void put_quoted(struct buf *key, const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (value[i] == '\\' || value[i] == '"')
			buf_printf(key, "\\%c", value[i]);
		else if (value[i] == '\n')
			buf_puts(key, "\\n");
		else
			buf_put(key, value + i, 1);
}

/* The numbers of the columns of a table's key, in order of their names. */
static uint32_t key_columns(const struct table_schema *s, uint32_t *ret, uint32_t max)
{
	uint32_t n = 0;

	for (uint32_t c = 0; c < s->n_columns && n < max; c++) {
		uint32_t at = n;

		if (!(s->columns[c].flags & COL_KEY))
			continue;
		for (; at > 0 && strcmp(s->columns[ret[at - 1]].name, s->columns[c].name) > 0; at--)
			ret[at] = ret[at - 1];
		ret[at] = c;
		n++;
	}
	return n;
}

/* {label="value",…} of a row; nothing if there are no labels. */
static void put_labels(struct buf *key, const struct table *t, uint32_t row)
{
	uint32_t keys[16], n = key_columns(t->schema, keys, N_ELEMENTS(keys));
	const char *sep = "{";

	for (uint32_t i = 0; i < n; i++) {
		const struct column *c = &t->schema->columns[keys[i]];
		struct str s = table_str(t, keys[i], row);

		if (table_is_null(t, keys[i], row))
			continue;
		buf_printf(key, "%s%s=\"", sep, c->name);
		if (c->type == COL_STR)
			put_quoted(key, s.p, s.len);
		else
			buf_printf(key, "%.17g", number(c, table_get(t, keys[i], row)));
		buf_puts(key, "\"");
		sep = ",";
	}
	if (*sep == ',')
		buf_puts(key, "}");
}

static void take_table(struct harvest *h, const struct table *t, int64_t ms)
{
	_cleanup_(buf_done) struct buf labels = {0}, key = {0};

	for (uint32_t row = 0; row < t->n_rows; row++) {
		buf_clear(&labels);
		put_labels(&labels, t, row);
		for (uint32_t c = 0; c < t->schema->n_columns; c++) {
			const struct column *column = &t->schema->columns[c];

			if (column->type == COL_STR || (column->flags & COL_KEY) || table_is_null(t, c, row))
				continue;
			buf_clear(&key);
			buf_printf(&key, "%s_%s", t->schema->name, column->name);
			buf_put(&key, labels.p, labels.len);
			check(labels.err | key.err, "key");
			take_point(h, key.p, key.len, ms, number(column, table_get(t, c, row)));
		}
	}
}

/* A snapshot: what was taken for it, at its time. */
static void take_snapshot(struct maker *m, struct harvest *h, struct store *s, struct hour *hour, uint32_t i)
{
	struct table_schema *const *tables;
	int64_t ms;
	uint32_t n, seq;

	check(hour_snapshot(hour, i, &seq, &ms), "snapshot");
	if (!wanted(m, ms))
		return;
	hour_tables(hour, &tables, &n);
	for (uint32_t k = 0; k < n; k++) {
		const struct table *t;
		int r = store_table(s, hour, i, tables[k]->id, &t);

		if (r == -ENOENT || strcmp(tables[k]->name, "exited") == 0)
			continue;
		check(r, tables[k]->name);
		if (!t->repeated)
			take_table(h, t, ms);
	}
}

static void take_store(struct maker *m, struct harvest *h, const char *dir)
{
	struct store *s;
	const int32_t *hours;
	struct hour *hour;
	size_t n_hours;

	check(store_open(dir, NULL, &s), dir);
	store_hours(s, &hours, &n_hours);
	for (size_t k = 0; k < n_hours; k++) {
		check(store_hour(s, hours[k], &hour), dir);
		for (uint32_t i = 0; i < hour_n(hour); i++)
			take_snapshot(m, h, s, hour, i);
	}
	store_close(s);
}

/* --- of an exporter --- */

/* Lines without a time of their own: the series, as it stands, and its value. */
static void take_scrape(struct harvest *h, const char *path, int64_t ms)
{
	FILE *f = fopen(path, "r");
	char *line = NULL, *value;
	size_t cap = 0;

	if (!f)
		err(1, "%s", path);
	while (getline(&line, &cap, f) > 0) {
		value = strrchr(line, ' ');
		if (line[0] != '#' && value)
			take_point(h, line, (size_t)(value - line), ms, strtod(value + 1, NULL));
	}
	free(line);
	fclose(f);
}

/* In order of the names, which are all of the same length: of time. */
static void take_scrapes(struct maker *m, struct harvest *h, const char *dir)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort);

	check(n < 0 ? -errno : 0, dir);
	for (int i = 0; i < n; i++) {
		int64_t ms = strtoll(names[i]->d_name, NULL, 10);
		char path[4096];

		snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
		if (ms > 0 && wanted(m, ms))
			take_scrape(h, path, ms);
		free(names[i]);
	}
	free(names);
}

static void show(const char *path)
{
	struct pointset p;
	int64_t last = 0;

	pointset_open(path, &p);
	for (uint64_t i = 0; i < p.head->n_points; i++)
		last = p.times[i] > last ? p.times[i] : last;
	printf("%" PRIu64 " %" PRIu64 " %" PRId64 "\n", p.head->n_series, p.head->n_points, last / 1000000000 + 1);
}

int main(int argc, char **argv)
{
	struct harvest h = {0};
	struct maker m = {0};

	if (argc == 3 && strcmp(argv[1], "show") == 0) {
		show(argv[2]);
		return 0;
	}
	if (argc < 5) {
		fputs("usage: pointset store|scrapes FROM FILE EVERY [active] | show FILE\n", stderr);
		return 2;
	}
	m.every = strtoull(argv[4], NULL, 10);
	m.active = argc > 5;
	if (m.every == 0)
		errx(2, "%s: not a number of seconds", argv[4]);
	check(strpool_new(&h.names), "series");
	if (strcmp(argv[1], "store") == 0)
		take_store(&m, &h, argv[2]);
	else
		take_scrapes(&m, &h, argv[2]);
	put_harvest(&m, &h);
	write_set(&m, argv[3]);
	buf_done(&m.entries);
	buf_done(&m.times);
	buf_done(&m.values);
	buf_done(&m.keys);
	return 0;
}
