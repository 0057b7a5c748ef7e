/* group.c -- what goes into a group comes out of it, whatever changes from snapshot to snapshot */
#include "store/group.h"
#include "store/group_writer.h"
#include "store/text.h"
#include "tests/tap.h"

#include <stdio.h>

static uint64_t rng;
static uint64_t turn; /* what rows that change in one snapshot have in common */

static uint64_t rnd(uint64_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng >> 11) % n;
}

/* A model: rows with a key, cells of every type; mutated at random from snapshot to snapshot. */
enum { COLUMNS = 9, ROWS = 60 };

struct row {
	uint64_t key;
	uint64_t v[COLUMNS];
	bool null[COLUMNS];
	char str[24];
};

struct model {
	struct row rows[ROWS];
	uint32_t n;
	uint64_t next_key;
};

static struct table_schema *model_schema(uint16_t id, unsigned extra)
{
	static const struct column columns[COLUMNS] = {
	    {.name = "key", .type = COL_U64, .flags = COL_KEY},
	    {.name = "count", .type = COL_U64, .kind = KIND_COUNTER},
	    {.name = "signed", .type = COL_I64, .kind = KIND_GAUGE},
	    {.name = "load", .type = COL_DEC, .kind = KIND_GAUGE, .scale = 2},
	    {.name = "real", .type = COL_F64, .kind = KIND_GAUGE},
	    {.name = "steady", .type = COL_U64, .kind = KIND_COUNTER},
	    {.name = "huge", .type = COL_U64, .kind = KIND_COUNTER},
	    {.name = "key2", .type = COL_STR, .flags = COL_KEY},
	    {.name = "text", .type = COL_STR},
	};
	struct table_schema *t;
	char name[16];

	snprintf(name, sizeof name, "t%u", id);
	if (table_schema_new(id, name, &t) < 0)
		abort();
	for (unsigned i = 0; i < COLUMNS; i++)
		if (table_schema_add(t, &columns[i]) < 0)
			abort();
	for (unsigned i = 0; i < extra; i++) {
		snprintf(name, sizeof name, "extra%u", i);
		if (table_schema_add(t, &(struct column){.name = name, .type = COL_U64, .kind = KIND_GAUGE}) < 0)
			abort();
	}
	return t;
}

static void mutate_row(struct row *r, unsigned wild)
{
	for (unsigned c = 1; c < COLUMNS; c++) {
		if (c == 5)
			r->v[c] += 100;
		else if (c == 7)
			continue;
		else if (c == 6 && rnd(wild) == 0)
			r->v[c] = turn * 1000003 + rnd(100);
		else if (c != 6 && rnd(wild) == 0)
			r->v[c] = rnd(3) ? r->v[c] + rnd(1000) - 300 : rnd(2) ? rng * 0x9e3779b97f4a7c15 : 0 - rnd(3);
		if (rnd(40) == 0)
			r->null[c] = !r->null[c];
	}
	if (rnd(wild) == 0)
		for (unsigned i = 0, n = (unsigned)rnd(sizeof r->str); i < sizeof r->str; i++)
			r->str[i] = i < n ? (char)(1 + rnd(255)) : 0;
}

static void mutate(struct model *m)
{
	turn++;
	for (uint32_t i = 0; i < m->n; i++)
		if (rnd(3) == 0)
			mutate_row(&m->rows[i], 4);
	while (m->n > 0 && rnd(4) == 0) {
		uint32_t at = (uint32_t)rnd(m->n);

		memmove(&m->rows[at], &m->rows[at + 1], (m->n - at - 1) * sizeof *m->rows);
		m->n--;
	}
	while (m->n < ROWS && (m->n < 4 || rnd(3) == 0)) {
		uint32_t at = (uint32_t)rnd(m->n + 1);

		memmove(&m->rows[at + 1], &m->rows[at], (m->n - at) * sizeof *m->rows);
		memset(&m->rows[at], 0, sizeof *m->rows);
		m->rows[at].key = m->next_key++;
		mutate_row(&m->rows[at], 1);
		m->n++;
	}
	if (m->n > 2 && rnd(20) == 0) { /* a row moves; another is there twice */
		struct row r = m->rows[m->n - 1];

		m->rows[m->n - 1] = m->rows[0];
		m->rows[0] = rnd(2) ? r : m->rows[0];
	}
	if (rnd(60) == 0)
		m->n = 0;
}

static void fill(struct table *t, const struct model *m)
{
	table_clear(t);
	for (uint32_t i = 0; i < m->n; i++) {
		const struct row *r = &m->rows[i];
		uint32_t row;

		ok_r(table_add_row(t, &row));
		table_set(t, row, 0, r->key);
		for (unsigned c = 1; c < t->schema->n_columns; c++) {
			char key2[8];

			if (c < COLUMNS && r->null[c])
				continue;
			if (c == 7) {
				snprintf(key2, sizeof key2, "k%d", (int)(r->key % 7));
				ok_r(table_set_str(t, row, c, key2, strlen(key2)));
			} else if (c == 8) {
				ok_r(table_set_str(t, row, c, r->str, strlen(r->str)));
			} else {
				table_set(t, row, c, c < COLUMNS ? r->v[c] : r->v[1] + c);
			}
		}
	}
}

static char *text_of(const struct table *t)
{
	struct buf b = {0};

	text_put_table(&b, t);
	eq(b.len, text_table_len(t));
	buf_put_u8(&b, 0);
	return (char *)b.p;
}

enum { N_TABLES = 3, N_MAX = 80 };

struct run {
	struct strpool *pool;
	struct group_writer *writer;
	struct table *tables[N_TABLES];
	struct model models[N_TABLES];
	char *expected[N_TABLES][N_MAX];
	int32_t taken_ms[N_TABLES][N_MAX];
	bool repeated[N_TABLES][N_MAX];
	int64_t taken_at[N_TABLES]; /* when the rows shown were taken */
	int64_t time_ms[N_MAX];
	uint64_t boot_us[N_MAX];
};

static void run_init(struct run *u, uint64_t seed)
{
	memset(u, 0, sizeof *u);
	rng = seed * 0x9e3779b97f4a7c15 + 1;
	ok_r(strpool_new(&u->pool));
	ok_r(group_writer_new(u->pool, &u->writer));
	group_writer_keep_sizes(u->writer);
	for (unsigned i = 0; i < N_TABLES; i++) {
		struct table_schema *s = model_schema((uint16_t)(2 * i + 1), i);

		ok_r(table_new(s, u->pool, &u->tables[i]));
		table_schema_put(s);
	}
}

static void run_done(struct run *u)
{
	for (unsigned i = 0; i < N_TABLES; i++) {
		table_free(u->tables[i]);
		for (unsigned s = 0; s < N_MAX; s++)
			free(u->expected[i][s]);
	}
	group_writer_free(u->writer);
	strpool_free(u->pool);
}

/* The next snapshot of the model goes into the writer. */
static void run_add(struct run *u, unsigned s, bool keyframe)
{
	struct snapshot snap = {.time_ms = 1700000000000 + 1000 * (int64_t)s + (int64_t)rnd(5) - (s == 9 ? 99999 : 0),
	    .boot_us = 5000000 + 1000000 * (uint64_t)s + rnd(50),
	    .boot = 42,
	    .n_tables = N_TABLES,
	    .tables = u->tables};

	if (keyframe)
		strpool_epoch(u->pool);
	u->time_ms[s] = snap.time_ms;
	u->boot_us[s] = snap.boot_us;
	for (unsigned i = 0; i < N_TABLES; i++) {
		struct table *t = u->tables[i];
		bool repeat = s > 0 && !t->absent && rnd(4) == 0;

		if (!repeat) {
			mutate(&u->models[i]);
			fill(t, &u->models[i]);
		}
		t->repeated = repeat;
		t->absent = !repeat && rnd(10) == 0;
		/* Rows that were taken apart are new though they are of a time before. */
		if (!repeat)
			u->taken_at[i] = snap.time_ms + (int64_t)rnd(2000) - 1000;
		t->taken_ms = (int32_t)(u->taken_at[i] - snap.time_ms);
		u->taken_ms[i][s] = t->taken_ms;
		u->repeated[i][s] = repeat;
		u->expected[i][s] = t->absent ? NULL : text_of(t);
	}
	ok_r(group_writer_add(u->writer, &snap));
	for (unsigned i = 0; i < N_TABLES; i++) {
		int index = schema_index(group_writer_schema(u->writer), u->tables[i]->schema->id);
		uint64_t rows, len;

		if (!u->expected[i][s]) {
			ok(index < 0 || !group_writer_sizes(u->writer, (uint32_t)index, &rows, &len));
			continue;
		}
		ok(group_writer_sizes(u->writer, (uint32_t)index, &rows, &len));
		eq(rows, u->tables[i]->n_rows);
		eq(len, strlen(u->expected[i][s]));
	}
}

static void check(struct run *u, struct group *g, unsigned i, unsigned s)
{
	int index = schema_index(group_schema(g), u->tables[i]->schema->id);
	const struct table *t;
	struct span text;
	int64_t time;
	uint64_t boot;
	int r;

	group_times(g, s, &time, &boot);
	eq(time, u->time_ms[s]);
	eq(boot, u->boot_us[s]);
	r = group_table(g, (uint32_t)index, s, &t);
	if (!u->expected[i][s]) {
		eq(r, -ENOENT);
		return;
	}
	if (!ok_r(r))
		return;
	eq(t->taken_ms, u->taken_ms[i][s]);
	eq(t->repeated, u->repeated[i][s]);
	eq(group_fresh(g, (uint32_t)index, s), !u->repeated[i][s]);
	char *got = text_of(t);
	str_eq(got, u->expected[i][s]);
	free(got);
	if (rnd(2) && ok_r(group_text(g, (uint32_t)index, s, &text))) {
		eq(span_left(&text), strlen(u->expected[i][s]));
		ok(memcmp(text.p, u->expected[i][s], span_left(&text)) == 0);
	}
}

static void finish_into(struct run *u, struct group *g, unsigned seq)
{
	struct disk_group h;
	struct buf raw = {0};

	ok_r(group_writer_finish(u->writer, &h, &raw));
	h.first_seq = put_le64(seq);
	h.body_len = h.raw_len;
	ok_r(group_append(g, &h, &raw));
	buf_done(&raw);
}

static void one_keyframe_group_gives_back_every_snapshot(void)
{
	for (uint64_t seed = 1; seed <= 40; seed++) {
		unsigned n = 1 + (unsigned)(seed * 7 % N_MAX);
		struct run u;
		struct group *g;

		run_init(&u, seed);
		group_writer_begin(u.writer, false);
		for (unsigned s = 0; s < n; s++) {
			/* A table's first appearance needs its schema from the start. */
			if (s == 0)
				for (unsigned i = 0; i < N_TABLES; i++)
					u.tables[i]->absent = false;
			if (s == 0) {
				do {
					run_add(&u, s, true);
					if (group_writer_schema(u.writer)->n_tables == N_TABLES)
						break;
					for (unsigned i = 0; i < N_TABLES; i++) {
						free(u.expected[i][s]);
						u.expected[i][s] = NULL;
					}
					group_writer_begin(u.writer, false);
				} while (1);
				continue;
			}
			run_add(&u, s, false);
		}
		ok_r(group_new(group_writer_schema(u.writer), &g));
		finish_into(&u, g, 0);
		eq(group_n(g), n);
		for (unsigned i = 0; i < N_TABLES; i++)
			for (unsigned s = 0; s < n; s++)
				check(&u, g, i, s);
		for (unsigned k = 0; k < 300; k++)
			check(&u, g, (unsigned)rnd(N_TABLES), (unsigned)rnd(n));
		group_free(g);
		run_done(&u);
	}
}

static void a_keyframe_and_based_groups_of_one_give_back_every_snapshot(void)
{
	for (uint64_t seed = 100; seed < 140; seed++) {
		struct run u;
		struct group *g = NULL;
		unsigned n = 0, start = 0;

		run_init(&u, seed);
		for (unsigned s = 0; s < N_MAX; s++) {
			bool key = s == 0 || group_writer_schema(u.writer)->n_tables < N_TABLES || n == 30;

			if (key) {
				if (g)
					group_free(g);
				g = NULL;
				n = 0;
				start = s;
			}
			group_writer_begin(u.writer, !key);
			run_add(&u, s, key);
			if (!g)
				ok_r(group_new(group_writer_schema(u.writer), &g));
			finish_into(&u, g, s);
			if (key)
				strpool_sweep(u.pool);
			n++;
			/* Read while it grows, at random. */
			for (unsigned k = 0; k < 4; k++) {
				unsigned i = (unsigned)rnd(N_TABLES), at = (unsigned)rnd(n);
				int index = schema_index(group_schema(g), u.tables[i]->schema->id);
				const struct table *t;

				if (index < 0)
					continue;
				int r = group_table(g, (uint32_t)index, at, &t);
				if (!u.expected[i][start + at]) {
					eq(r, -ENOENT);
				} else if (ok_r(r)) {
					char *got = text_of(t);

					str_eq(got, u.expected[i][start + at]);
					free(got);
				}
			}
		}
		group_free(g);
		run_done(&u);
	}
}

static void any_flipped_byte_of_a_body_is_refused_or_harmless(void)
{
	struct run u;
	struct disk_group h;
	struct buf raw = {0};

	run_init(&u, 7);
	group_writer_begin(u.writer, false);
	for (unsigned i = 0; i < N_TABLES; i++)
		u.models[i].next_key = 5;
	for (unsigned s = 0; s < 12; s++) {
		run_add(&u, s, s == 0);
		if (s == 0 && group_writer_schema(u.writer)->n_tables < N_TABLES) {
			run_done(&u);
			run_init(&u, rng);
			group_writer_begin(u.writer, false);
			s = UINT32_MAX;
		}
	}
	ok_r(group_writer_finish(u.writer, &h, &raw));
	h.body_len = h.raw_len;
	for (size_t at = 0; at < raw.len; at++) {
		struct buf copy = {0};
		struct group *g;
		const struct table *t;

		buf_put(&copy, raw.p, raw.len);
		copy.p[at] ^= (uint8_t)(1 + rnd(255));
		ok_r(group_new(group_writer_schema(u.writer), &g));
		if (group_append(g, &h, &copy) == 0)
			for (uint32_t i = 0; i < N_TABLES; i++)
				for (uint32_t s = 0; s < 12; s++) {
					int r = group_table(g, i, s, &t);

					ok(r == 0 || r == -ENOENT || r == -EBADMSG);
					if (r == 0)
						free(text_of(t));
				}
		buf_done(&copy);
		group_free(g);
	}
	buf_done(&raw);
	run_done(&u);
}

/* The body's length of 30 snapshots of 50 rows, whose number jumps with each snapshot, by about the same for all rows
 * or for each by another. */
static size_t size_of_jumps(bool alike)
{
	struct group_writer *w;
	struct buf raw = {0};
	struct disk_group h;
	struct strpool *pool;
	struct table *t;
	struct table_schema *schema = model_schema(1, 0);
	size_t len;

	rng = 1;
	ok_r(strpool_new(&pool));
	ok_r(group_writer_new(pool, &w));
	ok_r(table_new(schema, pool, &t));
	table_schema_put(schema);
	group_writer_begin(w, false);
	for (uint64_t s = 0; s < 30; s++) {
		struct snapshot snap = {.time_ms = (int64_t)s, .boot = 1, .n_tables = 1, .tables = &t};
		uint64_t jump = rnd(UINT64_C(1) << 40);

		table_clear(t);
		for (uint32_t i = 0; i < 50; i++) {
			uint32_t row;

			ok_r(table_add_row(t, &row));
			table_set(t, row, 0, i);
			table_set(t, row, 1, (alike ? jump : rnd(UINT64_C(1) << 40)) + rnd(50));
		}
		ok_r(group_writer_add(w, &snap));
	}
	ok_r(group_writer_finish(w, &h, &raw));
	len = raw.len;
	buf_done(&raw);
	table_free(t);
	group_writer_free(w);
	strpool_free(pool);
	return len;
}

static void what_is_alike_in_one_snapshot_is_small_though_it_is_new_in_each(void)
{
	ok(size_of_jumps(false) > 5 * 30 * 50);
	ok(size_of_jumps(true) < 2 * 30 * 50);
}

int main(void)
{
	RUN(one_keyframe_group_gives_back_every_snapshot);
	RUN(a_keyframe_and_based_groups_of_one_give_back_every_snapshot);
	RUN(what_is_alike_in_one_snapshot_is_small_though_it_is_new_in_each);
	RUN(any_flipped_byte_of_a_body_is_refused_or_harmless);
	return tap_done();
}
