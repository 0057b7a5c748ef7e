/* chunk.c -- sealed hours: what is written comes back, by one group each, whatever of the rest is damaged */
#include "store/chunk.h"
#include "store/text.h"
#include "tests/unit/machine.h"

#include <fcntl.h>

/* A chunk being written from a machine's ticks. */
struct chunk_test {
	int dirfd;
	struct strpool *pool;
	struct table *tables[2];
	struct chunk_writer *w;
	char *texts[256][2]; /* by seq; NULL: not in the chunk */
	int64_t times[256];
};

static void begin(struct chunk_test *t, uint32_t group_n)
{
	struct file_id id = {.kind = KIND_CHUNK, .store_id = 7, .hour = HOUR};
	const struct chunk_options o = {.level = 3, .group_n = group_n};

	*t = (struct chunk_test){.dirfd = open(tap_tmpdir(), O_RDONLY | O_DIRECTORY)};
	ok_r(strpool_new(&t->pool));
	machine_tables(t->pool, t->tables);
	ok_r(chunk_writer_new(t->dirfd, "c", &id, &o, &t->w));
}

static char *text_of(const struct table *t)
{
	_cleanup_(buf_done) struct buf b = {0};

	text_put_table(&b, t);
	return strndup((const char *)b.p, b.len);
}

static void add_snapshot(struct chunk_test *t, uint32_t seq, const struct snapshot *s)
{
	ok_r(chunk_writer_add(t->w, seq, s, NULL, 0));
	t->times[seq] = s->time_ms;
	for (unsigned k = 0; k < 2; k++)
		if (!t->tables[k]->absent)
			t->texts[seq][k] = text_of(t->tables[k]);
}

static void add(struct chunk_test *t, uint32_t seq)
{
	struct snapshot s = machine_snapshot(t->tables, seq);

	machine_fill(t->tables, seq);
	add_snapshot(t, seq, &s);
}

static void finish(struct chunk_test *t)
{
	ok_r(chunk_writer_finish(TAKE(t->w), 99, 1234, 5));
}

static void end(struct chunk_test *t)
{
	for (unsigned i = 0; i < 256; i++)
		for (unsigned k = 0; k < 2; k++)
			free(t->texts[i][k]);
	for (unsigned k = 0; k < 2; k++)
		table_free(t->tables[k]);
	strpool_free(t->pool);
	close(t->dirfd);
}

static void check_group(const struct chunk_test *t, struct chunk *c, uint32_t i, const struct listing *l)
{
	_cleanup_(cleanup_unpacker) struct unpacker *u = NULL;
	_cleanup_(cleanup_group) struct group *g = NULL;
	const struct chunk_group *groups;
	uint32_t n;

	chunk_groups(c, &groups, &n);
	ok_r(unpacker_new(&u));
	if (!ok_r(chunk_load(c, i, u, &g)))
		return;
	eq(group_n(g), groups[i].n);
	for (uint32_t s = 0; s < groups[i].n; s++) {
		uint32_t at = groups[i].first + s, seq = groups[i].first_seq + s;

		eq(l->seq[at], seq);
		eq(l->time_ms[at], t->times[seq]);
		ok(t->times[seq] >= groups[i].min_ms && t->times[seq] <= groups[i].max_ms);
		for (unsigned k = 0; k < 2; k++) {
			int index = schema_index(group_schema(g), t->tables[k]->schema->id);
			const struct listing_table *lt = listing_table(l, t->tables[k]->schema->id);
			const struct table *table;
			char *text;

			if (!t->texts[seq][k]) {
				ok(!lt || lt->len[at] == 0);
				ok(index < 0 || group_table(g, (uint32_t)index, s, &table) == -ENOENT);
				continue;
			}
			if (!ok(index >= 0 && lt && group_table(g, (uint32_t)index, s, &table) == 0))
				continue;
			text = text_of(table);
			str_eq(text, t->texts[seq][k]);
			eq(lt->len[at], strlen(text));
			eq(lt->rows[at], table->n_rows);
			free(text);
		}
	}
}

/* All that went in, and nothing else. */
static void check(const struct chunk_test *t, bool damaged)
{
	_cleanup_(cleanup_chunk) struct chunk *c = NULL;
	const struct chunk_group *groups;
	const struct listing *l;
	uint32_t n, in = 0;
	uint64_t off;
	const char *what;

	for (unsigned i = 0; i < 256; i++)
		in += t->texts[i][0] || t->texts[i][1];
	if (!ok_r(chunk_open(t->dirfd, "c", &c)) || !ok_r(chunk_listing(c, &l)))
		return;
	eq(chunk_n(c), in);
	eq(l->n, in);
	chunk_groups(c, &groups, &n);
	for (uint32_t i = 0; i < n; i++)
		check_group(t, c, i, l);
	eq(chunk_damage(c, &off, &what), damaged);
	chunk_forget_listing(c);
	ok_r(chunk_listing(c, &l));
	eq(l->n, in);
}

static uint32_t n_groups(const struct chunk_test *t)
{
	_cleanup_(cleanup_chunk) struct chunk *c = NULL;
	const struct chunk_group *groups;
	uint32_t n = 0;

	if (ok_r(chunk_open(t->dirfd, "c", &c)))
		chunk_groups(c, &groups, &n);
	return n;
}

static void what_went_in_comes_back(void)
{
	struct chunk_test t;

	begin(&t, 7);
	for (uint32_t i = 0; i < 40; i++)
		add(&t, i);
	finish(&t);
	check(&t, false);
	eq(n_groups(&t), 6);
	end(&t);
}

/* What zstd does not make smaller is a section all the same. */
static void a_single_small_snapshot_comes_back(void)
{
	struct snapshot s;
	struct chunk_test t;

	begin(&t, 0);
	s = machine_snapshot(t.tables, 200);
	table_clear(t.tables[0]);
	t.tables[1]->absent = true;
	add_snapshot(&t, 200, &s);
	finish(&t);
	check(&t, false);
	end(&t);
}

static void gaps_boots_and_schemas_begin_groups(void)
{
	struct table_schema *grown;
	struct snapshot s;
	struct chunk_test t;

	begin(&t, 100);
	for (uint32_t i = 0; i < 10; i++)
		add(&t, i);
	for (uint32_t i = 12; i < 20; i++) /* two are lost */
		add(&t, i);
	for (uint32_t i = 20; i < 30; i++) {
		machine_fill(t.tables, i);
		s = machine_snapshot(t.tables, i);
		s.boot = 2;
		add_snapshot(&t, i, &s);
	}
	ok_r(table_schema_copy(t.tables[1]->schema, &grown));
	ok_r(table_schema_add(grown, &(struct column){.name = "more", .type = COL_F64}));
	ok_r(table_set_schema(t.tables[1], grown));
	table_schema_put(grown);
	for (uint32_t i = 30; i < 40; i++) {
		machine_fill(t.tables, i);
		s = machine_snapshot(t.tables, i);
		s.boot = 2;
		add_snapshot(&t, i, &s);
	}
	finish(&t);
	check(&t, false);
	eq(n_groups(&t), 4);
	end(&t);
}

/* Turns a byte of the nth section of a type over. */
static void damage(const struct chunk_test *t, enum frame_type type, unsigned nth)
{
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	_cleanup_(cleanup_close) int fd = openat(t->dirfd, "c", O_RDWR);
	uint64_t off;
	uint8_t byte;

	ok_r(sealed_salvage(t->dirfd, "c", KIND_CHUNK, &s));
	if (!ok_r(sealed_find(s, type, nth, &off)))
		return;
	eq(pread(fd, &byte, 1, (off_t)off + 22), 1);
	byte ^= 4;
	eq(pwrite(fd, &byte, 1, (off_t)off + 22), 1);
}

static void check_step(const struct chunk_test *t)
{
	_cleanup_(cleanup_chunk) struct chunk *c = NULL;
	const struct chunk_group *groups;
	uint32_t n;

	if (!ok_r(chunk_open(t->dirfd, "c", &c)))
		return;
	chunk_groups(c, &groups, &n);
	eq(n, 1);
	eq(groups[0].first_ms, 1000000);
	eq(groups[0].min_ms, 995000);
	eq(groups[0].max_ms, 1070000);
}

static void a_clock_that_steps_within_a_group_is_in_the_index(void)
{
	struct snapshot s;
	struct chunk_test t;

	begin(&t, 10);
	for (uint32_t i = 0; i < 10; i++) {
		machine_fill(t.tables, i);
		s = machine_snapshot(t.tables, i);
		s.time_ms = 1000000 + (i == 3 ? -5000 : i == 6 ? 70000 : (int64_t)i);
		add_snapshot(&t, i, &s);
	}
	finish(&t);
	check(&t, false);
	check_step(&t);
	/* Nor is it lost with it. */
	damage(&t, FRAME_INDEX, 0);
	check_step(&t);
	damage(&t, FRAME_LISTING, 0);
	check_step(&t);
	end(&t);
}

static void the_index_knows_the_sums_and_meta_the_log(void)
{
	_cleanup_(cleanup_chunk) struct chunk *c = NULL;
	const struct chunk_total *totals;
	struct chunk_test t;
	uint64_t len = 0;
	uint32_t n = 0;

	begin(&t, 6);
	for (uint32_t i = 3; i < 33; i++) {
		t.tables[0]->absent = false;
		add(&t, i);
	}
	finish(&t);
	for (unsigned i = 3; i < 33; i++)
		len += strlen(t.texts[i][1]);
	ok_r(chunk_open(t.dirfd, "c", &c));
	ok(chunk_totals(c, &totals, &n));
	if (ok(n == 2)) {
		eq(totals[1].id, TASKS);
		eq(totals[1].n, 30);
		eq(totals[1].rows, 30 * N_TASKS);
		eq(totals[1].len, len);
	}
	eq(get_le64(chunk_meta(c)->wal_id), 99);
	eq(get_le64(chunk_meta(c)->wal_len), 1234);
	eq(get_le64(chunk_meta(c)->n), 30);
	eq(get_le64(chunk_meta(c)->n_lost), 5);
	eq(get_le64(chunk_meta(c)->first_seq), 3);
	eq(get_le64(chunk_meta(c)->last_seq), 32);
	eq(get_le64(chunk_meta(c)->first_ms), t.times[3]);
	eq(get_le64(chunk_meta(c)->last_ms), t.times[32]);
	end(&t);
}

static void each_section_may_be_lost_once(void)
{
	static const enum frame_type types[] = {
	    FRAME_SCHEMA, FRAME_DICT, FRAME_INDEX, FRAME_LISTING, FRAME_META, FRAME_TOC};

	for (unsigned i = 0; i < N_ELEMENTS(types); i++) {
		struct chunk_test t;

		begin(&t, 5);
		for (uint32_t k = 0; k < 23; k++)
			add(&t, k);
		finish(&t);
		damage(&t, types[i], 0);
		check(&t, true);
		end(&t);
	}
}

static void index_and_listing_may_be_lost_together(void)
{
	struct chunk_test t;

	begin(&t, 5);
	for (uint32_t k = 0; k < 23; k++)
		add(&t, k);
	finish(&t);
	damage(&t, FRAME_LISTING, 0);
	damage(&t, FRAME_INDEX, 0);
	check(&t, true);
	end(&t);
}

static void a_lost_group_costs_its_own_snapshots(void)
{
	_cleanup_(cleanup_unpacker) struct unpacker *u = NULL;
	_cleanup_(cleanup_chunk) struct chunk *c = NULL;
	const struct listing *l;
	struct chunk_test t;

	begin(&t, 5);
	for (uint32_t k = 0; k < 25; k++)
		add(&t, k);
	finish(&t);
	damage(&t, FRAME_GROUP, 2);
	ok_r(unpacker_new(&u));
	if (!ok_r(chunk_open(t.dirfd, "c", &c)) || !ok_r(chunk_listing(c, &l)))
		return;
	eq(l->n, 25);
	for (uint32_t i = 0; i < 5; i++) {
		_cleanup_(cleanup_group) struct group *g = NULL;

		if (i == 2)
			eq(chunk_load(c, i, u, &g), -EBADMSG);
		else
			check_group(&t, c, i, l);
	}
	end(&t);
}

static void what_is_given_up_leaves_no_file(void)
{
	struct chunk_test t;

	begin(&t, 5);
	add(&t, 0);
	chunk_writer_abort(TAKE(t.w));
	eq(faccessat(t.dirfd, "c", F_OK, 0), -1);
	eq(faccessat(t.dirfd, "c.tmp", F_OK, 0), -1);
	end(&t);
}

static void a_table_that_comes_later_but_was_expected_ends_no_group(void)
{
	struct schema *expected = NULL;
	struct chunk_test t;

	begin(&t, 8);
	if (ok_r(schema_new(0, &expected)) && ok_r(schema_set(expected, t.tables[0]->schema)) &&
	    ok_r(schema_set(expected, t.tables[1]->schema)))
		ok_r(chunk_writer_expect(t.w, expected));
	for (uint32_t seq = 0; seq < 16; seq++) {
		struct snapshot s = machine_snapshot(t.tables, seq);

		machine_fill(t.tables, seq);
		t.tables[1]->absent = seq < 3;
		add_snapshot(&t, seq, &s);
	}
	finish(&t);
	check(&t, false);
	eq(n_groups(&t), 2);
	if (expected)
		schema_free(expected);
	end(&t);
}

int main(void)
{
	RUN(a_table_that_comes_later_but_was_expected_ends_no_group);
	RUN(what_went_in_comes_back);
	RUN(a_single_small_snapshot_comes_back);
	RUN(gaps_boots_and_schemas_begin_groups);
	RUN(a_clock_that_steps_within_a_group_is_in_the_index);
	RUN(the_index_knows_the_sums_and_meta_the_log);
	RUN(each_section_may_be_lost_once);
	RUN(index_and_listing_may_be_lost_together);
	RUN(a_lost_group_costs_its_own_snapshots);
	RUN(what_is_given_up_leaves_no_file);
	return tap_done();
}
