/* mkgolden.c -- writes the golden stores, and beside each what it must read as
 *
 *   mkgolden DIR        DIR/NAME/ and DIR/NAME.expected for every story below; DIR/topics/ and DIR/topics.messages,
 *                       DIR/payloads/ and DIR/payloads.records
 *
 * The same library writes the same bytes each time. The stores in tests/golden/ are kept as they were written once:
 * every later version must read them.
 */
#include "tests/tools/golden.h"
#include "tests/tools/golden_points.h"
#include "tests/tools/golden_payloads.h"
#include "tests/tools/golden_topics.h"

#define STR(s) ((struct cell){.text = (s), .len = sizeof(s) - 1})
#define NUM(x) ((struct cell){.v = (uint64_t)(x)})
#define TXT(x, t) ((struct cell){.v = (uint64_t)(x), .text = (t)})
#define NIL ((struct cell){.null = true})

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

/* Cells that resemble those of other rows more than what they were: times of the last event, numbers of one sequence,
 * texts that are all new. */
static void sessions(const char *dir)
{
	static const struct column columns[] = {
	    {.name = "pid", .type = COL_U64, .flags = COL_KEY},
	    {.name = "since_s", .unit = "s", .type = COL_DEC, .scale = 3},
	    {.name = "xid", .type = COL_U64},
	    {.name = "hash", .type = COL_I64},
	    {.name = "query", .type = COL_STR},
	};
	static char texts[4096][40];
	struct world *w = begin(dir, "sessions", 1795090000000);
	struct model_table *t = add_table(w, new_schema(65, "sessions", columns, N_ELEMENTS(columns)));
	uint64_t pid = 100, xid = UINT64_MAX - 3000;
	size_t n = 0;

	start(w);
	for (uint32_t s = 0; s < 100; s++) {
		while (t->n_rows < 20) {
			memset(t->rows[t->n_rows], 0, sizeof t->rows[0]);
			t->rows[t->n_rows++][0] = NUM(pid++);
		}
		if (rnd(2) == 0) {
			uint32_t at = (uint32_t)rnd(t->n_rows);

			t->n_rows--;
			memmove(t->rows[at], t->rows[at + 1], (t->n_rows - at) * sizeof *t->rows);
		}
		for (uint32_t i = 0; i < t->n_rows; i++) {
			struct cell *c = t->rows[i];
			uint64_t ms = (uint64_t)w->time_ms - rnd(200);
			char *since = texts[n++], *query = texts[n++];

			if (s > 0 && c[1].text && rnd(5) == 0) {
				n -= 2;
				continue;
			}
			snprintf(
			    since, sizeof *texts, "%llu.%03u", (unsigned long long)(ms / 1000), (unsigned)(ms % 1000));
			snprintf(query, sizeof *texts, "update t set a = %u", (unsigned)rnd(100000));
			c[1] = TXT(ms, since);
			c[2] = rnd(4) ? NUM(xid += rnd(3)) : NIL;
			c[3] = NUM(-(int64_t)ms * 1000);
			c[4] = rnd(9) ? (struct cell){.text = query, .len = strlen(query)} : NIL;
		}
		record(w);
		pass(w, s == 79 ? 3600000 : 10000);
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
	sessions(argv[1]);
	clock_steps(argv[1]);
	damaged(argv[1]);
	golden_topics(argv[1]);
	golden_points(argv[1]);
	golden_payloads(argv[1]);
	return 0;
}
