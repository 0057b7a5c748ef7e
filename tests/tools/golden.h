/* golden.h -- for mkgolden.c: a store that is recorded, and beside it what it must read as
 *
 * The expected text comes from the values that are recorded, by rules written down here once more; no reader has a part
 * in it. Ids, times and boots are fixed: io_random and clock_gettime are replaced when this is linked.
 */
#ifndef TESTS_TOOLS_GOLDEN_H
#define TESTS_TOOLS_GOLDEN_H

#include "store/io.h"
#include "store/names.h"
#include "store/recorder.h"
#include "store/text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

enum { COLUMNS_MAX = 12, ROWS = 24, TABLES = 4, SHOTS_MAX = 1024, HEAT_LINE = 200 };

/* --- seams --- */

static uint64_t random_state;

int __wrap_io_random(void *p, size_t len);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);

static uint64_t rnd(uint64_t n)
{
	uint64_t x = random_state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return (x ^ x >> 31) % n;
}

int __wrap_io_random(void *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)p)[i] = (uint8_t)rnd(256);
	return 0;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	(void)clock;
	*ret = (struct timespec){.tv_sec = 1795000000, .tv_nsec = 123000000};
	return 0;
}

static void must(bool condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "mkgolden: %s\n", what);
		exit(1);
	}
}
#define MUST(x) must((x) >= 0, #x)

/* --- the model --- */

struct cell {
	bool null;
	uint64_t v;
	const char *text; /* what a double or decimal is written as; bytes of a string */
	size_t len;       /* of a string */
};

struct model_table {
	struct table_schema *schema;
	uint32_t n_rows;
	struct cell rows[ROWS][COLUMNS_MAX];
	bool absent, repeated;
	int64_t taken_ms;
};

struct shot {
	int32_t hour;
	uint32_t seq;
	uint64_t off, end; /* of its frames in the log */
	bool keyframe, lost;
	struct buf text;
};

struct world {
	char path[512];
	struct recorder_options options;
	struct recorder *recorder;
	struct table *tables[TABLES];
	struct model_table models[TABLES];
	uint32_t n_tables;
	struct shot shots[SHOTS_MAX];
	uint32_t n_shots;
	int64_t time_ms;
	uint64_t boot, boot_us;
};

static void put_str(struct buf *out, const char *s, size_t len)
{
	static const char letters[] = "btnvfr"; /* of 8 to 13 */

	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)s[i];

		if (c == '\\')
			buf_puts(out, "\\\\");
		else if (c >= 8 && c <= 13)
			buf_printf(out, "\\%c", letters[c - 8]);
		else if (c < 32 || c == 127)
			buf_printf(out, "\\x%02x", c);
		else
			buf_put_u8(out, c);
	}
}

static void put_cell(struct buf *out, const struct column *c, const struct cell *cell)
{
	if (cell->null)
		buf_puts(out, "\\N");
	else if (c->type == COL_STR)
		put_str(out, cell->text, cell->len);
	else if (cell->text)
		buf_puts(out, cell->text);
	else if (c->type == COL_U64)
		buf_printf(out, "%" PRIu64, cell->v);
	else
		buf_printf(out, "%" PRId64, (int64_t)cell->v);
}

static void put_table(struct buf *out, const struct model_table *m)
{
	struct buf text = {0};
	char taken[TEXT_TIME_LEN + 1];

	for (uint32_t c = 0; c < m->schema->n_columns; c++)
		buf_printf(&text, "%s%s", c ? "\t" : "", m->schema->columns[c].name);
	buf_puts(&text, "\n");
	for (uint32_t i = 0; i < m->n_rows; i++) {
		for (uint32_t c = 0; c < m->schema->n_columns; c++) {
			if (c > 0)
				buf_puts(&text, "\t");
			put_cell(&text, &m->schema->columns[c], &m->rows[i][c]);
		}
		buf_puts(&text, "\n");
	}
	text_time(taken, m->taken_ms);
	buf_printf(out, "table %s rows %u bytes %zu taken %s\n", m->schema->name, m->n_rows, text.len, taken);
	buf_put(out, text.p, text.len);
	buf_done(&text);
}

/* Only memory is measured in these stores: `mem` with MemTotal_kb and MemAvailable_kb. */
static void put_heat(struct buf *out, const struct world *w)
{
	unsigned m[HEAT_N];

	for (unsigned i = 0; i < HEAT_N; i++)
		m[i] = HEAT_UNKNOWN;
	for (uint32_t i = 0; i < w->n_tables; i++) {
		const struct model_table *t = &w->models[i];
		const struct cell *c = t->rows[0];

		if (t->absent || strcmp(t->schema->name, "mem") != 0)
			continue;
		m[HEAT_MEM] = (unsigned)(((c[0].v - c[1].v) * 1000 + c[0].v / 2) / c[0].v);
		m[HEAT_HEALTH] = 100 - (m[HEAT_MEM] > 900 ? m[HEAT_MEM] - 900 : 0);
	}
	buf_puts(out, "heat");
	for (unsigned i = 0; i < HEAT_N; i++)
		buf_printf(out, " %u", m[i]);
	buf_puts(out, "\n");
}

/* --- a store and its lives --- */

static uint32_t next_seq(const struct world *w, int32_t hour)
{
	for (uint32_t i = w->n_shots; i-- > 0;)
		if (w->shots[i].hour == hour)
			return w->shots[i].seq + 1;
	return 0;
}

static void start(struct world *w)
{
	MUST(recorder_open(w->path, &w->options, &w->recorder));
	for (uint32_t i = 0; i < w->n_tables; i++)
		MUST(table_new(w->models[i].schema, recorder_pool(w->recorder), &w->tables[i]));
}

static void stop(struct world *w)
{
	for (uint32_t i = 0; i < w->n_tables; i++)
		table_free(w->tables[i]);
	recorder_close(TAKE(w->recorder));
}

static void seal(struct world *w)
{
	while (recorder_seal(w->recorder) == 0)
		;
}

static struct table_schema *new_schema(uint16_t id, const char *name, const struct column *columns, unsigned n)
{
	struct table_schema *s;

	MUST(table_schema_new(id, name, &s));
	for (unsigned i = 0; i < n; i++)
		MUST(table_schema_add(s, &columns[i]));
	return s;
}

static struct model_table *add_table(struct world *w, struct table_schema *schema)
{
	struct model_table *m = &w->models[w->n_tables];

	must(w->n_tables == 0 || m[-1].schema->id < schema->id, "tables in order");
	*m = (struct model_table){.schema = schema};
	if (w->recorder)
		MUST(table_new(schema, recorder_pool(w->recorder), &w->tables[w->n_tables]));
	w->n_tables++;
	return m;
}

static void fill(struct table *t, const struct model_table *m)
{
	table_clear(t);
	for (uint32_t i = 0; i < m->n_rows; i++) {
		uint32_t row;

		MUST(table_add_row(t, &row));
		for (uint32_t c = 0; c < m->schema->n_columns; c++) {
			const struct cell *cell = &m->rows[i][c];

			if (cell->null)
				continue;
			if (m->schema->columns[c].type == COL_STR)
				MUST(table_set_str(t, row, c, cell->text, cell->len));
			else
				table_set(t, row, c, cell->v);
		}
	}
}

static void fill_all(struct world *w, int64_t taken_after_ms)
{
	for (uint32_t i = 0; i < w->n_tables; i++) {
		struct model_table *m = &w->models[i];
		struct table *t = w->tables[i];

		if (!m->repeated) {
			fill(t, m);
			m->taken_ms = w->time_ms + taken_after_ms;
		}
		t->absent = m->absent;
		t->repeated = m->repeated;
		t->taken_ms = (int32_t)(m->taken_ms - w->time_ms);
	}
}

static void describe(const struct world *w, struct shot *s)
{
	char hour[HOUR_NAME_LEN + 1], time[TEXT_TIME_LEN + 1];

	hour_name(hour, s->hour);
	text_time(time, w->time_ms);
	buf_printf(
	    &s->text, "snapshot %s %04u %s boot %016" PRIx64 " %" PRIu64 "\n", hour, s->seq, time, w->boot, w->boot_us);
	put_heat(&s->text, w);
	for (uint32_t i = 0; i < w->n_tables; i++)
		if (!w->models[i].absent)
			put_table(&s->text, &w->models[i]);
}

/* Records what the models hold, at the world's time. */
static void record(struct world *w)
{
	struct shot *s = &w->shots[w->n_shots];
	struct recorder_stat before, after;
	struct snapshot snap = {.time_ms = w->time_ms,
	    .boot_us = w->boot_us,
	    .boot = w->boot,
	    .n_tables = w->n_tables,
	    .tables = w->tables};
	struct encoded *e;

	must(w->n_shots < SHOTS_MAX, "too many snapshots");
	s->hour = hour_of(w->time_ms);
	s->seq = next_seq(w, s->hour);
	recorder_begin(w->recorder);
	fill_all(w, (int64_t)(w->n_shots % 3));
	MUST(recorder_encode(w->recorder, &snap, &e));
	recorder_stat(w->recorder, &before);
	MUST(recorder_append(w->recorder, e));
	MUST(recorder_sync(w->recorder));
	recorder_stat(w->recorder, &after);
	s->off = before.log_bytes;
	s->end = after.log_bytes;
	s->keyframe = e->keyframe;
	encoded_free(e);
	describe(w, s);
	w->n_shots++;
}

static void pass(struct world *w, int64_t ms)
{
	w->time_ms += ms;
	w->boot_us += (uint64_t)ms * 1000 + rnd(100);
}

/* Turns a byte of a snapshot's frames over: at from its beginning, or, if negative, from its end. */
static void damage(const struct world *w, uint32_t shot, int64_t at)
{
	const struct shot *s = &w->shots[shot];
	off_t off = at < 0 ? (off_t)((int64_t)s->end + at) : (off_t)((int64_t)s->off + at);
	char path[600], name[FILE_NAME_SIZE];
	uint8_t byte = 0;
	int fd;

	file_name(name, s->hour, 0, ".wal");
	snprintf(path, sizeof path, "%s/snapshots/%s", w->path, name);
	fd = open(path, O_RDWR);
	must(fd >= 0 && pread(fd, &byte, 1, off) == 1, "damage");
	byte ^= 0x10;
	must(pwrite(fd, &byte, 1, off) == 1, "damage");
	close(fd);
}

/* A snapshot, and those based on it. */
static void lose(struct world *w, uint32_t shot)
{
	uint32_t i = shot;

	do
		w->shots[i++].lost = true;
	while (i < w->n_shots && !w->shots[i].keyframe && w->shots[i].hour == w->shots[shot].hour);
}

static void lose_from_to(struct world *w, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		w->shots[i].lost = true;
}

static struct world *begin(const char *dir, const char *name, int64_t time_ms)
{
	struct world *w = calloc(1, sizeof *w);

	must(w != NULL, "memory");
	random_state = (uint64_t)time_ms;
	snprintf(w->path, sizeof w->path, "%s/%s", dir, name);
	w->options = (struct recorder_options){.host = name, .keyframe_every = 7, .group_n = 10};
	w->time_ms = time_ms;
	w->boot = 0xb007 + (uint64_t)strlen(name);
	w->boot_us = 1000000;
	return w;
}

static int by_hour(const void *a, const void *b)
{
	const struct shot *x = a, *y = b;

	if (x->hour != y->hour)
		return x->hour < y->hour ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static void end(struct world *w)
{
	char path[600];
	FILE *f;

	stop(w);
	snprintf(path, sizeof path, "%s/lock", w->path);
	must(unlink(path) == 0, path);
	qsort(w->shots, w->n_shots, sizeof *w->shots, by_hour);
	snprintf(path, sizeof path, "%s.expected", w->path);
	f = fopen(path, "w");
	must(f != NULL, path);
	for (uint32_t i = 0; i < w->n_shots; i++) {
		const struct buf *text = &w->shots[i].text;

		if (!w->shots[i].lost)
			must(fwrite(text->p, 1, text->len, f) == text->len, path);
		buf_done(&w->shots[i].text);
	}
	must(fclose(f) == 0, path);
	for (uint32_t i = 0; i < w->n_tables; i++)
		table_schema_put(w->models[i].schema);
	free(w);
}

#endif
