/* series.c -- one column of one row over an hour: what the texts of all its snapshots say, whatever is stored of it */
#include "store/rowkey.h"
#include "store/text.h"
#include "tests/unit/rows.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { KEYS_MAX = 20000 };

/* --- what it should be, from the texts of the snapshots alone --- */

struct expected_row {
	char *key; /* its values' text */
	uint32_t first, last, n;
	struct buf columns[8];
};

struct expected {
	struct expected_row *rows;
	uint32_t n;
};

static void expected_done(struct expected *e)
{
	for (uint32_t i = 0; i < e->n; i++) {
		free(e->rows[i].key);
		for (unsigned c = 0; c < 8; c++)
			buf_done(&e->rows[i].columns[c]);
	}
	free(e->rows);
}

static struct expected_row *expected_row(struct expected *e, const char *key)
{
	for (uint32_t i = 0; i < e->n; i++)
		if (strcmp(e->rows[i].key, key) == 0)
			return &e->rows[i];
	return NULL;
}

static void expect_line(
    struct expected *e, const struct table_schema *schema, uint32_t n_columns, char *line, uint32_t i, const char *time)
{
	_cleanup_(buf_done) struct buf key = {0};
	struct expected_row *row;
	char *cells[8] = {0};

	for (uint32_t c = 0; c < schema->n_columns; c++) {
		cells[c] = strsep(&line, "\t");
		if (schema->columns[c].flags & COL_KEY)
			buf_printf(&key, "%s\t", cells[c]);
	}
	buf_put_u8(&key, 0);
	row = expected_row(e, (const char *)key.p);
	if (!row) {
		row = &e->rows[e->n++];
		*row = (struct expected_row){.key = strdup((const char *)key.p), .first = i, .last = UINT32_MAX};
	}
	if (row->last == i)
		return; /* the second of that key in the snapshot */
	row->last = i;
	row->n++;
	for (uint32_t c = 0; c < n_columns; c++)
		buf_printf(&row->columns[c], "%s\t%s\n", time, cells[c] ? cells[c] : "\\N");
}

static void expect(struct store *s, struct hour *h, const struct table_schema *last, struct expected *ret)
{
	ret->rows = calloc(KEYS_MAX, sizeof *ret->rows);
	for (uint32_t i = 0; i < hour_n(h); i++) {
		const struct table_schema *schema = hour_table_schema(h, i, last->id);
		_cleanup_(cleanup_free) char *copy = NULL;
		char time[TEXT_TIME_LEN + 1], *lines;
		struct span text;
		int64_t ms;
		uint32_t seq;

		if (!schema || store_text(s, h, i, last->id, FORM_TEXT, &text) == -ENOENT)
			continue;
		ok_r(hour_snapshot(h, i, &seq, &ms));
		text_time(time, ms);
		lines = copy = strndup((const char *)text.p, span_left(&text));
		strsep(&lines, "\n");
		while (*lines)
			expect_line(ret, schema, last->n_columns, strsep(&lines, "\n"), i, time);
	}
}

/* The points of a column of numbers say what its lines say. Their tables were due at every snapshot. */
static void check_points(struct store *s, struct hour *h, uint16_t table, uint32_t number, uint32_t c,
    const struct column *column, const struct buf *expected)
{
	_cleanup_(buf_done) struct buf points = {0}, lines = {0};
	const struct series_point *p;

	ok_r(store_series_points(s, h, table, number, c, &points));
	eq(points.len % sizeof *p, 0);
	p = (const struct series_point *)(const void *)points.p;
	for (size_t k = 0; k < points.len / sizeof *p; k++) {
		char time[TEXT_TIME_LEN + 1];

		text_time(time, p[k].ms);
		buf_printf(&lines, "%s\t", time);
		text_put_cell(&lines, column, p[k].value, p[k].null, NULL);
		buf_puts(&lines, "\n");
	}
	ok(lines.len == expected->len && memcmp(lines.p, expected->p, lines.len) == 0);
}

static void check_column(
    struct store *s, struct hour *h, uint16_t table, uint32_t number, uint32_t c, const struct buf *expected)
{
	_cleanup_(buf_done) struct buf whole = {0}, parts = {0};
	uint64_t len = 0;

	ok_r(store_series_len(s, h, table, number, c, &len));
	eq(len, expected->len);
	ok_r(store_series_text(s, h, table, number, c, 0, SIZE_MAX, &whole));
	ok(whole.len == expected->len && memcmp(whole.p, expected->p, whole.len) == 0);
	for (uint64_t off = 0; off <= len; off += 97) {
		ok_r(store_series_text(s, h, table, number, c, off, 97, &parts));
	}
	ok(parts.len == expected->len && memcmp(parts.p, expected->p, parts.len) == 0);
}

/* Every row and column of a table. Columns of a crowd: of some rows only. */
static void check_table(struct store *s, struct hour *h, const struct table_schema *schema)
{
	_cleanup_(expected_done) struct expected e = {0};
	const struct roster *roster;

	expect(s, h, schema, &e);
	if (!ok_r(store_roster(s, h, schema->id, &roster)))
		return;
	eq(roster_n(roster), e.n);
	for (uint32_t i = 0; i < e.n && i < roster_n(roster); i++) {
		struct roster_row row;
		uint32_t number = UINT32_MAX;
		uint64_t len;

		roster_row(roster, i, &row);
		ok_r(roster_find(roster, row.name, row.name_len, &number));
		eq(number, i);
		ok(rowkey_is_name(row.name, row.name_len));
		eq(row.first, e.rows[i].first);
		eq(row.last, e.rows[i].last);
		eq(row.n, e.rows[i].n);
		for (uint32_t c = 0; c < schema->n_columns && (e.n < 500 || i % 97 == 0); c++) {
			const struct column *column = &schema->columns[c];

			check_column(s, h, schema->id, i, c, &e.rows[i].columns[c]);
			if (column->type != COL_STR)
				check_points(s, h, schema->id, i, c, column, &e.rows[i].columns[c]);
		}
		eq(store_series_len(s, h, schema->id, i, schema->n_columns, &len), -ENOENT);
		ok_r(store_roster(s, h, schema->id, &roster));
	}
	eq(roster_find(roster, "no such row", 11, &(uint32_t){0}), -ENOENT);
}

static void check_hour(struct store *s, struct hour *h)
{
	struct table_schema *const *tables;
	uint32_t n;

	hour_tables(h, &tables, &n);
	ok(n > 0);
	for (uint32_t k = 0; k < n; k++)
		check_table(s, h, tables[k]);
}

/* All names in order, a line each. */
static char *rows_of(struct store *s, struct hour *h, uint16_t table)
{
	const struct roster *roster;
	struct buf b = {0};

	ok_r(store_roster(s, h, table, &roster));
	for (uint32_t i = 0; i < roster_n(roster); i++) {
		struct roster_row row;

		roster_row(roster, i, &row);
		buf_put(&b, row.name, row.name_len);
		buf_put_u8(&b, '\n');
	}
	buf_put_u8(&b, 0);
	return (char *)b.p;
}

/* --- the tests --- */

static void a_log_and_a_chunk_have_the_series_that_their_texts_have(void)
{
	const char *path = new_store_path();
	_cleanup_(cleanup_free) char *dir = strdup(path), *live = NULL, *sealed = NULL;
	_cleanup_(cleanup_store) struct store *s = NULL, *t = NULL;
	struct world w = {0};

	record_hour(&w, dir);
	s = open_store(dir);
	check_hour(s, open_hour(s));
	live = rows_of(s, open_hour(s), ROWS);
	seal(&w);
	t = open_store(dir);
	ok(!hour_live(open_hour(t)));
	check_hour(t, open_hour(t));
	sealed = rows_of(t, open_hour(t), ROWS);
	str_eq(sealed, live);
	/* A reader that was there all the time. */
	eq(store_refresh(s), 1);
	check_hour(s, open_hour(s));
	world_close(&w);
}

static void a_series_grows_with_its_hour(void)
{
	const char *path = new_store_path();
	_cleanup_(cleanup_free) char *dir = strdup(path);
	_cleanup_(cleanup_store) struct store *s = NULL;
	struct world w = {0};

	world_open(&w, dir);
	run(&w, 1);
	s = open_store(dir);
	for (unsigned i = 0; i < 14; i++) {
		check_hour(s, open_hour(s));
		run(&w, 1);
		eq(store_refresh(s), 1);
	}
	world_close(&w);
}

static void rows_keep_their_numbers_when_another_part_comes(void)
{
	const char *path = new_store_path();
	_cleanup_(cleanup_free) char *dir = strdup(path), *before = NULL, *after = NULL;
	_cleanup_(cleanup_store) struct store *s = NULL;
	struct world w = {0};

	world_open(&w, dir);
	run(&w, 9);
	seal(&w);
	s = open_store(dir);
	before = rows_of(s, open_hour(s), ROWS);
	run(&w, 20);
	eq(store_refresh(s), 1);
	eq(hour_n(open_hour(s)), 29);
	check_hour(s, open_hour(s));
	after = rows_of(s, open_hour(s), ROWS);
	ok(strncmp(before, after, strlen(before)) == 0);
	seal(&w);
	eq(store_refresh(s), 1);
	check_hour(s, open_hour(s));
	world_close(&w);
}

/* In the chunk: whether it has the table's rows. */
static bool is_stored(struct hour *h, uint16_t table)
{
	_cleanup_(cleanup_roster) struct roster *r = NULL;
	uint32_t n;

	return hour_roster(h, 0, table, &r, &n) == 0;
}

static void a_crowd_of_rows_is_not_stored_and_found_all_the_same(void)
{
	const char *path = new_store_path();
	_cleanup_(cleanup_free) char *dir = strdup(path);
	_cleanup_(cleanup_store) struct store *s = NULL;
	struct world w = {.crowd = true};

	record_hour(&w, dir);
	seal(&w);
	world_close(&w);
	s = open_store(dir);
	ok(is_stored(open_hour(s), ROWS));
	ok(is_stored(open_hour(s), ONE));
	ok(!is_stored(open_hour(s), CROWD));
	check_hour(s, open_hour(s));
}

/* --- damage --- */

static void flip(const char *dir, uint64_t off)
{
	char path[5000];
	uint8_t byte = 0;
	int fd;

	snprintf(path, sizeof path, "%s/snapshots/2026-11-20T03.chunk", dir);
	fd = open(path, O_RDWR);
	ok(pread(fd, &byte, 1, (off_t)off) == 1);
	byte ^= 4;
	ok(pwrite(fd, &byte, 1, (off_t)off) == 1);
	close(fd);
}

static char *sealed_hour(void)
{
	char *dir = strdup(new_store_path());
	struct world w = {0};

	record_hour(&w, dir);
	seal(&w);
	world_close(&w);
	return dir;
}

static void count_problem(const struct store_problem *p, void *arg)
{
	*(unsigned *)arg += strcmp(p->what, "rosters") == 0;
}

static void damaged_rosters_are_made_anew(void)
{
	_cleanup_(cleanup_free) char *dir = sealed_hour();
	_cleanup_(cleanup_store) struct store *s = NULL;
	_cleanup_(cleanup_sealed) struct sealed *f = NULL;
	unsigned n_problems = 0;
	char path[5000];
	uint64_t off = 0;

	snprintf(path, sizeof path, "%s/snapshots/2026-11-20T03.chunk", dir);
	ok_r(sealed_open(AT_FDCWD, path, KIND_CHUNK, &f));
	ok_r(sealed_find(f, FRAME_ROSTERS, 0, &off));
	flip(dir, off + sizeof(struct disk_frame) + 5);
	s = open_store(dir);
	ok(!is_stored(open_hour(s), ROWS));
	check_hour(s, open_hour(s));
	store_problems(s, count_problem, &n_problems);
	eq(n_problems, 1);
}

static void a_damaged_group_is_an_error_for_the_rows_that_need_it(void)
{
	_cleanup_(cleanup_free) char *dir = sealed_hour();
	_cleanup_(cleanup_store) struct store *s = NULL;
	_cleanup_(cleanup_chunk) struct chunk *c = NULL;
	const struct chunk_group *groups;
	const struct roster *roster;
	unsigned n_good = 0, n_bad = 0;
	char path[5000];
	uint32_t n;

	snprintf(path, sizeof path, "%s/snapshots/2026-11-20T03.chunk", dir);
	ok_r(chunk_open(AT_FDCWD, path, &c));
	chunk_groups(c, &groups, &n);
	flip(dir, groups[n / 2].off + 100);
	s = open_store(dir);
	ok_r(store_roster(s, open_hour(s), SELDOM, &roster));
	for (uint32_t i = 0; i < roster_n(roster); i++) {
		_cleanup_(buf_done) struct buf b = {0};
		struct roster_row row;
		uint64_t len;
		bool needs;
		int r;

		roster_row(roster, i, &row);
		needs = row.first < groups[n / 2].first + groups[n / 2].n && row.last >= groups[n / 2].first;
		ok_r(store_series_len(s, open_hour(s), SELDOM, i, 1, &len));
		r = store_series_text(s, open_hour(s), SELDOM, i, 1, 0, SIZE_MAX, &b);
		eq(r, needs ? -EBADMSG : 0);
		ok(needs || b.len == len);
		n_good += !needs;
		n_bad += needs;
	}
	ok(n_good > 0 && n_bad > 0);
}

/* All series of a table, one after the other. False: some cannot be read. */
static bool read_all(struct store *s, struct hour *h, uint16_t table, struct buf *out)
{
	const struct roster *roster;

	if (store_roster(s, h, table, &roster) < 0)
		return false;
	for (uint32_t i = 0, n = roster_n(roster), c = roster_n_columns(roster); i < n * c; i++) {
		uint64_t len, start = out->len;

		if (store_series_len(s, h, table, i / c, i % c, &len) < 0 ||
		    store_series_text(s, h, table, i / c, i % c, 0, SIZE_MAX, out) < 0)
			return false;
		if (!ok(out->len - start == len))
			return false;
	}
	return true;
}

/* Of an hour that has lost snapshots, series are shorter. */
static void a_flipped_byte_makes_no_series_wrong(void)
{
	_cleanup_(cleanup_free) char *dir = sealed_hour();
	_cleanup_(buf_done) struct buf clean = {0};
	unsigned n_read = 0, n_refused = 0;
	char path[5000];
	struct stat st;

	{
		_cleanup_(cleanup_store) struct store *s = open_store(dir);

		ok(read_all(s, open_hour(s), SELDOM, &clean));
	}
	snprintf(path, sizeof path, "%s/snapshots/2026-11-20T03.chunk", dir);
	ok(stat(path, &st) == 0);
	for (off_t off = 1; off < st.st_size; off += 5) {
		_cleanup_(cleanup_store) struct store *s = NULL;
		_cleanup_(buf_done) struct buf b = {0};
		struct hour *h;

		flip(dir, (uint64_t)off);
		s = open_store(dir);
		if (store_hour(s, HOUR, &h) == 0 && hour_n(h) == N_TICKS && read_all(s, h, SELDOM, &b)) {
			if (!ok(b.len == clean.len && memcmp(b.p, clean.p, b.len) == 0))
				printf("# byte %lld\n", (long long)off);
			n_read++;
		} else {
			n_refused++;
		}
		flip(dir, (uint64_t)off);
	}
	ok(n_read > 0 && n_refused > 0);
}

/* --- rosters as bytes --- */

static void a_roster_comes_back_from_its_bytes(void)
{
	_cleanup_(cleanup_free) char *dir = sealed_hour();
	_cleanup_(cleanup_store) struct store *s = open_store(dir);
	_cleanup_(cleanup_roster) struct roster *again = NULL, *cut = NULL;
	_cleanup_(buf_done) struct buf b = {0}, c = {0};
	const struct roster *roster;
	struct hour *h = open_hour(s);

	ok_r(store_roster(s, h, ROWS, &roster));
	ok(roster_n(roster) > 20);
	roster_encode(roster, hour_n(h), &b);
	ok_r(roster_decode(span_of(b.p, b.len), hour_n(h), &again));
	roster_encode(again, hour_n(h), &c);
	ok(b.len == c.len && memcmp(b.p, c.p, b.len) == 0);
	for (size_t len = 0; len < b.len; len++)
		eq(roster_decode(span_of(b.p, len), hour_n(h), &cut), -EBADMSG);
}

int main(void)
{
	RUN(a_log_and_a_chunk_have_the_series_that_their_texts_have);
	RUN(a_series_grows_with_its_hour);
	RUN(rows_keep_their_numbers_when_another_part_comes);
	RUN(a_crowd_of_rows_is_not_stored_and_found_all_the_same);
	RUN(damaged_rosters_are_made_anew);
	RUN(a_damaged_group_is_an_error_for_the_rows_that_need_it);
	RUN(a_flipped_byte_makes_no_series_wrong);
	RUN(a_roster_comes_back_from_its_bytes);
	return tap_done();
}
