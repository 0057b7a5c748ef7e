/* rows.c -- what one column of one row over an hour costs to read, and what knowing the rows costs on disk
 *
 *   rows STORE TABLE COLUMN
 *       Of the first sealed hour. Prints: snapshots, rows of the table, CPU microseconds of the first row's column in a
 *       store just opened, of the column of each further row, of a size (of all columns of all rows, in a store just
 *       opened), and the bytes in which the chunk lists its rows
 */
#include "store/names.h"
#include "store/sealed.h"
#include "store/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>

static _Noreturn void die(const char *what, int r)
{
	fprintf(stderr, "rows: %s: %s\n", what, strerror(-r));
	exit(1);
}

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

struct opened {
	struct store *store;
	struct hour *hour;
	const struct table_schema *table;
};

/* The first hour that is sealed. */
static void open_all(struct opened *o, const char *dir, const char *table)
{
	struct table_schema *const *tables;
	const int32_t *hours;
	size_t n_hours;
	uint32_t n;
	int r = store_open(dir, NULL, &o->store);

	if (r < 0)
		die(dir, r);
	store_hours(o->store, &hours, &n_hours);
	r = n_hours > 0 ? store_hour(o->store, hours[0], &o->hour) : -ENOENT;
	if (r < 0)
		die(dir, r);
	hour_tables(o->hour, &tables, &n);
	o->table = NULL;
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(tables[i]->name, table) == 0)
			o->table = tables[i];
	if (!o->table)
		die(table, -ENOENT);
}

static uint32_t n_rows(const struct opened *o)
{
	const struct roster *roster;
	int r = store_roster(o->store, o->hour, o->table->id, &roster);

	if (r < 0)
		die(o->table->name, r);
	return roster_n(roster);
}

static void read_series(const struct opened *o, uint32_t row, uint32_t column)
{
	_cleanup_(buf_done) struct buf text = {0};
	int r = store_series_text(o->store, o->hour, o->table->id, row, column, 0, SIZE_MAX, &text);

	if (r < 0)
		die("series", r);
}

static void measure_texts(const char *dir, const char *table, const char *name)
{
	double start = cpu_us(), first, rest;
	struct opened o;
	uint32_t n;
	int column;

	open_all(&o, dir, table);
	column = table_schema_find(o.table, name);
	if (column < 0)
		die(name, column);
	read_series(&o, 0, (uint32_t)column);
	first = cpu_us() - start;
	n = n_rows(&o);
	start = cpu_us();
	for (uint32_t i = 1; i < n; i++)
		read_series(&o, i, (uint32_t)column);
	rest = cpu_us() - start;
	printf("%u %u %.0f %.0f", hour_n(o.hour), n, first, n > 1 ? rest / (n - 1) : 0);
	store_close(o.store);
}

static void measure_sizes(const char *dir, const char *table)
{
	double start = cpu_us();
	struct opened o;
	uint64_t len;
	uint32_t n;

	open_all(&o, dir, table);
	n = n_rows(&o);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t c = 0; c < o.table->n_columns; c++) {
			int r = store_series_len(o.store, o.hour, o.table->id, i, c, &len);

			if (r < 0)
				die("size", r);
		}
	printf(" %.3f", (cpu_us() - start) / ((double)n * o.table->n_columns));
	store_close(o.store);
}

static void measure_section(const char *dir, const char *table)
{
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	_cleanup_(buf_done) struct buf b = {0};
	char name[FILE_NAME_SIZE], path[4096];
	struct opened o;
	int r;

	open_all(&o, dir, table);
	file_name(name, hour_number(o.hour), 0, ".chunk");
	snprintf(path, sizeof path, "%s/" SNAPSHOT_DIR "/%s", dir, name);
	r = sealed_open(AT_FDCWD, path, KIND_CHUNK, &s);
	if (r == 0)
		r = sealed_section(s, FRAME_ROSTERS, 0, &b);
	if (r < 0)
		die(path, r);
	printf(" %zu\n", b.len);
	store_close(o.store);
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fputs("usage: rows STORE TABLE COLUMN\n", stderr);
		return 2;
	}
	measure_texts(argv[1], argv[2], argv[3]);
	measure_sizes(argv[1], argv[2]);
	measure_section(argv[1], argv[2]);
	return 0;
}
