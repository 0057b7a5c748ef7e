/* mkgolden.c -- writes the golden stores, and beside each what it must read as
 *
 *   mkgolden DIR        DIR/NAME/ and DIR/NAME.expected for every story below
 *
 * The expected text comes from the values that are recorded, by rules written down here once more; no reader has a part
 * in it. Times, ids and boots are fixed (io_random and clock_gettime are replaced when this is linked), so that the
 * same library writes the same bytes. The stores in tests/golden/ are kept as they were written once: every later
 * version must read them.
 */
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

#define STR(s) ((struct cell){.text = (s), .len = sizeof(s) - 1})
#define NUM(x) ((struct cell){.v = (uint64_t)(x)})
#define TXT(x, t) ((struct cell){.v = (uint64_t)(x), .text = (t)})
#define NIL ((struct cell){.null = true})

/* --- the stories --- */

/* Every type at its limits, as first value and as change. */
static void types(const char *dir)
{
	static const struct column columns[] = {
	    {.name = "key", .type = COL_U64, .flags = COL_KEY},
	    {.name = "signed_key", .type = COL_I64, .flags = COL_KEY},
	    {.name = "decimal_key", .type = COL_DEC, .scale = 1, .flags = COL_KEY},
	    {.name = "string_key", .type = COL_STR, .flags = COL_KEY},
	    {.name = "double_key", .type = COL_F64, .flags = COL_KEY},
	    {.name = "count", .unit = "ticks", .type = COL_U64, .kind = KIND_COUNTER, .flags = COL_REAPED},
	    {.name = "signed", .type = COL_I64, .kind = KIND_GAUGE},
	    {.name = "whole", .type = COL_DEC, .kind = KIND_GAUGE},
	    {.name = "small", .type = COL_DEC, .kind = KIND_GAUGE, .scale = 18},
	    {.name = "real", .type = COL_F64, .kind = KIND_GAUGE},
	    {.name = "Text_(1).x-y", .type = COL_STR},
	};
	static const struct cell
	    counts[] = {NUM(0), NUM(UINT64_MAX), NUM(1), NUM(INT64_MAX), NUM((uint64_t)1 << 63), NUM(UINT64_MAX - 1),
	        NIL},
	    ints[] = {NUM(0), NUM(INT64_MIN), NUM(INT64_MAX), NUM(-1), NIL, NUM(1)},
	    smalls[] = {TXT(0, "0.000000000000000000"), TXT(INT64_MIN, "-9.223372036854775808"),
	        TXT(-1, "-0.000000000000000001"), TXT(INT64_MAX, "9.223372036854775807"),
	        TXT(1000000000000000000, "1.000000000000000000"), NIL},
	    reals[] = {TXT(0, "0"), TXT(0x8000000000000000, "-0"), TXT(0x7ff0000000000000, "Infinity"),
	        TXT(0xfff0000000000000, "-Infinity"), TXT(0x7ff8000000000000, "NaN"), TXT(0xfff8dead0000beef, "NaN"),
	        TXT(0x7ff0000000000001, "NaN"), TXT(1, "5e-324"), TXT(0x000fffffffffffff, "2.225073858507201e-308"),
	        NIL, TXT(0x0010000000000000, "2.2250738585072014e-308"),
	        TXT(0x7fefffffffffffff, "1.7976931348623157e+308"), TXT(0x3fb999999999999a, "0.1"),
	        TXT(0x3fd5555555555555, "0.3333333333333333"), TXT(0x40f86a0000000000, "100000"),
	        TXT(0x430c6bf526340000, "1e+15"), TXT(0xbff0000000000001, "-1.0000000000000002")},
	    strings[] = {STR(""), STR("plain"), STR("tab\tnewline\nreturn\rback\\slash"),
	        STR("\xff\xfe not UTF-8 \x80"), NIL, STR("nul\0inside \x01\x1f\x7f\b\f\v"),
	        STR("\xe2\x82\xac \xf0\x9f\x90\x98"), STR("\\N"), STR("plain"),
	        STR("a longer text that is not like any other, so that it is stored as it is: 0123456789")};
	struct world *w = begin(dir, "types", 1795050000000);
	struct model_table *m = add_table(w, new_schema(7, "types", columns, N_ELEMENTS(columns)));

	w->options.keyframe_every = 12;
	start(w);
	for (uint32_t s = 0; s < 35; s++) {
		m->n_rows = 17;
		for (uint32_t i = 0; i < m->n_rows; i++) {
			struct cell *c = m->rows[i];
			uint32_t k = s / (1 + i % 4) + i;

			c[0] = i == 16 ? NIL : NUM(i * i * UINT64_C(0x1111111111111111));
			c[1] = i == 16 ? NIL : ints[i % 4];
			c[2] = i == 3 ? NIL : i % 2 ? TXT(-15, "-1.5") : TXT(7, "0.7");
			c[3] = strings[i % N_ELEMENTS(strings)];
			c[4] = reals[i % N_ELEMENTS(reals)];
			c[5] = counts[k % N_ELEMENTS(counts)];
			c[6] = ints[k % N_ELEMENTS(ints)];
			c[7] = ints[(k + 2) % N_ELEMENTS(ints)];
			c[8] = smalls[k % N_ELEMENTS(smalls)];
			c[9] = reals[k % N_ELEMENTS(reals)];
			c[10] = strings[k % N_ELEMENTS(strings)];
		}
		record(w);
		pass(w, 1000 + (int64_t)rnd(3));
	}
	pass(w, 3600000);
	record(w);
	seal(w);
	end(w);
}

/* Rows that come, go and move; rows with one key; no key; tables that are empty, not there, not due. */
static void change_tasks(struct model_table *t, uint32_t s, uint64_t *pid)
{
	static const struct cell states[] = {STR("S"), STR("R"), STR("D")};
	static const struct cell commands[] = {
	    STR("init"), STR("postgres: writer"), STR("sh -c\tx"), STR("\xc3\x28"), NIL};

	while (t->n_rows > 0 && rnd(3) == 0) {
		uint32_t at = (uint32_t)rnd(t->n_rows);

		memmove(t->rows[at], t->rows[at + 1], (t->n_rows - at - 1) * sizeof *t->rows);
		t->n_rows--;
	}
	while (t->n_rows < ROWS && rnd(5) < 2) {
		uint32_t at = (uint32_t)rnd(t->n_rows + 1);

		memmove(t->rows[at + 1], t->rows[at], (t->n_rows - at) * sizeof *t->rows);
		t->rows[at][0] = NUM(*pid);
		t->rows[at][2] = NUM(rnd(1000));
		t->rows[at][3] = commands[rnd(N_ELEMENTS(commands))];
		t->n_rows++;
		*pid += 1 + rnd(3) * 20;
	}
	for (uint32_t i = 0; i < t->n_rows; i++) {
		t->rows[i][1] = states[rnd(N_ELEMENTS(states))];
		t->rows[i][2].v += rnd(3) ? 0 : rnd(100000);
	}
	if (t->n_rows > 3 && s % 10 == 4) { /* the last moves to the front */
		struct cell last[COLUMNS_MAX];

		memcpy(last, t->rows[t->n_rows - 1], sizeof last);
		memmove(t->rows[1], t->rows[0], (t->n_rows - 1) * sizeof *t->rows);
		memcpy(t->rows[0], last, sizeof last);
	}
	if (t->n_rows > 3 && s % 10 == 7) /* one is there twice */
		memcpy(t->rows[2], t->rows[1], sizeof t->rows[1]);
	if (s % 50 == 30)
		t->n_rows = 0;
}

static void change_keyless(struct model_table *k)
{
	static const struct cell loads[] = {TXT(0, "0.00"), TXT(1, "0.01"), TXT(-50, "-0.50"), TXT(1234, "12.34")};

	k->n_rows = (uint32_t)rnd(5);
	for (uint32_t i = 0; i < k->n_rows; i++) {
		k->rows[i][0] = NUM(rnd(3));
		k->rows[i][1] = loads[rnd(N_ELEMENTS(loads))];
	}
}

static void rows(const char *dir)
{
	static const struct column tasks[] =
	    {
	        {.name = "pid", .type = COL_U64, .flags = COL_KEY},
	        {.name = "state", .type = COL_STR},
	        {.name = "utime_us", .unit = "us", .type = COL_U64, .kind = KIND_COUNTER},
	        {.name = "cmdline", .type = COL_STR},
	    },
	                           keyless[] =
	                               {
	                                   {.name = "n", .type = COL_U64, .kind = KIND_GAUGE},
	                                   {.name = "load", .type = COL_DEC, .kind = KIND_GAUGE, .scale = 2},
	                               },
	                           mem[] = {
	                               {.name = "MemTotal_kb", .type = COL_U64, .kind = KIND_GAUGE},
	                               {.name = "MemAvailable_kb", .type = COL_U64, .kind = KIND_GAUGE},
	                           };
	struct world *w = begin(dir, "rows", 1795060000000);
	struct model_table *t = add_table(w, new_schema(1, "tasks", tasks, N_ELEMENTS(tasks)));
	struct model_table *k = add_table(w, new_schema(3, "keyless", keyless, N_ELEMENTS(keyless)));
	struct model_table *m = add_table(w, new_schema(4095, "mem", mem, N_ELEMENTS(mem)));
	uint64_t pid = 1;

	start(w);
	for (uint32_t s = 0; s < 150; s++) {
		t->absent = s % 23 == 11 || (s > 60 && s < 75);
		t->repeated = !t->absent && s % 23 == 10;
		if (!t->repeated)
			change_tasks(t, s, &pid);
		k->absent = s < 5;
		k->repeated = !k->absent && s % 5 != 0;
		if (!k->repeated)
			change_keyless(k);
		m->n_rows = 1;
		m->rows[0][0] = NUM(16000000);
		m->rows[0][1] = NUM(200000 + 20000 * s);
		record(w);
		pass(w, s == 99 ? 3600000 : 10000);
	}
	seal(w); /* the first hour; the second stays a log */
	end(w);
}

/* Tables gain columns and new tables come, in the middle of the hour and of a log; another process goes on with it. */
static void growth(const char *dir)
{
	static const struct column columns[] = {
	    {.name = "name", .type = COL_STR, .flags = COL_KEY},
	    {.name = "a", .type = COL_U64, .kind = KIND_COUNTER},
	    {.name = "b", .type = COL_I64, .kind = KIND_GAUGE},
	    {.name = "c", .type = COL_F64, .kind = KIND_GAUGE},
	    {.name = "d", .type = COL_STR},
	};
	static const struct cell names[] = {STR("one"), STR("two"), STR("three")};
	struct world *w = begin(dir, "growth", 1795070000000);
	struct model_table *t = add_table(w, new_schema(5, "grows", columns, 2)), *late;

	start(w);
	for (uint32_t s = 0; s < 70; s++) {
		if (s == 10 || s == 30 || s == 50) {
			struct table_schema *grown;

			MUST(table_schema_copy(t->schema, &grown));
			MUST(table_schema_add(grown, &columns[grown->n_columns]));
			table_schema_put(t->schema);
			t->schema = grown;
			MUST(table_set_schema(w->tables[0], grown));
		}
		if (s == 20) {
			late = add_table(w, new_schema(9, "late", columns, 1));
			late->n_rows = 1;
			late->rows[0][0] = names[2];
		}
		if (s == 40) {
			stop(w);
			start(w);
		}
		t->n_rows = 3;
		for (uint32_t i = 0; i < t->n_rows; i++) {
			t->rows[i][0] = names[i];
			t->rows[i][1] = NUM(s * s * i);
			t->rows[i][2] = NUM(-(int64_t)s);
			t->rows[i][3] = TXT(0x3ff8000000000000, "1.5");
			t->rows[i][4] = names[s % 3];
		}
		record(w);
		pass(w, s == 63 ? 3600000 : 1000);
	}
	seal(w);
	end(w);
}

/* The clock steps back within an hour, and into hours that are sealed; the machine boots; one snapshot an hour; before
 * 1970. */
static void clock_steps(const char *dir)
{
	static const struct column columns[] = {{.name = "resource", .type = COL_STR, .flags = COL_KEY},
	    {.name = "n", .type = COL_U64, .kind = KIND_COUNTER}};
	struct world *w = begin(dir, "clock", 1795080000000);
	struct model_table *t = add_table(w, new_schema(2, "steps", columns, N_ELEMENTS(columns)));

	start(w);
	t->n_rows = 1;
	t->rows[0][0] = STR("clock");
	for (uint32_t s = 0; s < 100; s++) {
		t->rows[0][1] = NUM(1000 + s);
		record(w);
		pass(w, 1000);
		if (s == 12)
			w->time_ms -= 5500;
		if (s == 30 || s == 40) {
			w->boot += 17;
			w->boot_us = 12345678;
		}
		if (s == 50)
			w->time_ms += 3600000;
		if (s == 60 || s == 80) { /* back into the hour before, which is sealed by then */
			record(w);
			w->time_ms += 3600000;
			record(w);
			seal(w);
			w->time_ms -= 2 * 3600000;
		}
		if (s == 70)
			w->time_ms += 3600000;
		if (s == 94)
			w->time_ms = -2500;
		if (s == 98)
			w->time_ms = 3600000 * INT64_C(5);
	}
	seal(w);
	end(w);
}

/* Damage in logs: sealed without what is lost, and not sealed yet; a schema that is lost while its number means
 * another. */
static void damaged(const char *dir)
{
	static const struct column columns[] = {
	    {.name = "n", .type = COL_U64, .kind = KIND_COUNTER}, {.name = "s", .type = COL_STR}};
	static const struct cell words[] = {STR("alpha"), STR("beta"), STR("gamma"), STR("delta")};
	struct world *w = begin(dir, "damaged", 1795100400000);

	w->options.keyframe_every = 4;
	add_table(w, new_schema(20, "first", columns, 2));
	add_table(w, new_schema(22, "second", columns, 2));
	start(w);
	for (uint32_t s = 0; s < 120; s++) {
		if (s == 40) {
			stop(w);
			damage(w, 9, -1);
			lose(w, 9);
			damage(w, 16, 3); /* a mark */
			lose(w, 16);
			damage(w, 24, 14); /* a length */
			lose(w, 24);
			start(w);
			w->time_ms += 3600000;
		}
		if (s == 41)
			seal(w);
		if (s == 60) {
			/* The process that goes on has another table in the middle. */
			w->models[2] = w->models[1];
			stop(w);
			w->n_tables = 1;
			add_table(w, new_schema(21, "between", columns, 2));
			w->n_tables++;
			start(w);
		}
		for (uint32_t i = 0; i < w->n_tables; i++) {
			w->models[i].n_rows = 1;
			w->models[i].rows[0][0] = NUM(1000 * i + s);
			w->models[i].rows[0][1] = words[(s + i) % N_ELEMENTS(words)];
		}
		record(w);
		pass(w, 1000);
	}
	/* The second life's schema, and so all up to where it is written again: with the tenth keyframe from there. */
	stop(w);
	damage(w, 60, 25);
	lose_from_to(w, 60, 60 + 10 * w->options.keyframe_every);
	start(w);
	end(w);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: mkgolden DIR\n");
		return 2;
	}
	types(argv[1]);
	rows(argv[1]);
	growth(argv[1]);
	clock_steps(argv[1]);
	damaged(argv[1]);
	return 0;
}
