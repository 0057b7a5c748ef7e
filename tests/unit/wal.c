/* wal.c -- the index over a log of snapshots: while it grows, and past what is damaged in it */
#include "store/wal.h"
#include "store/encoder.h"
#include "store/text.h"
#include "tests/unit/machine.h"

#include <fcntl.h>

/* A log being written as a recorder writes it, frame by frame. */
struct wal_test {
	int dirfd;
	struct log *log;
	struct encoder *encoder;
	struct table *tables[2];
	uint32_t next;
	uint64_t ends[256]; /* of the frames of each snapshot */
};

static void start(struct wal_test *t)
{
	ok_r(encoder_new(5, &t->encoder));
	machine_tables(encoder_pool(t->encoder), t->tables);
}

static void begin(struct wal_test *t)
{
	struct file_id id = {.kind = KIND_WAL, .store_id = 7, .hour = HOUR};

	*t = (struct wal_test){.dirfd = open(tap_tmpdir(), O_RDONLY | O_DIRECTORY)};
	ok_r(log_create(t->dirfd, "w", &id, SYNC_NONE, &t->log));
	start(t);
}

/* Another process goes on. */
static void restart(struct wal_test *t)
{
	for (unsigned k = 0; k < 2; k++)
		table_free(t->tables[k]);
	encoder_free(t->encoder);
	start(t);
}

static void end(struct wal_test *t)
{
	for (unsigned k = 0; k < 2; k++)
		table_free(t->tables[k]);
	encoder_free(t->encoder);
	log_close(t->log);
	close(t->dirfd);
}

/* Appends a snapshot as number seq. */
static void append_as(struct wal_test *t, uint32_t tick, uint32_t number)
{
	_cleanup_(cleanup_encoded) struct encoded *e = NULL;
	struct snapshot s = machine_snapshot(t->tables, tick);
	le64 seq = put_le64(number);
	le32 heat_seq = put_le32(number);
	struct span schema, frame;

	encoder_begin(t->encoder);
	machine_fill(t->tables, tick);
	if (!ok_r(encoder_encode(t->encoder, &s, &e)))
		return;
	schema = span_of(e->schema.p, e->schema.len);
	frame = span_of(e->frame.p, e->frame.len);
	memcpy(e->frame.p + WAL_SEQ_OFF, &seq, sizeof seq);
	memcpy(e->frame.p + WAL_HEAT_SEQ_OFF, &heat_seq, sizeof heat_seq);
	if (e->keyframe)
		ok_r(log_append(t->log, FRAME_SCHEMA, &schema, 1, NULL));
	ok_r(log_append(t->log, FRAME_SNAPSHOT, &frame, 1, NULL));
	t->ends[number] = log_len(t->log);
}

static void append(struct wal_test *t, uint32_t n)
{
	for (; n > 0; n--, t->next++)
		append_as(t, t->next, t->next);
}

/* The texts of the snapshots of a run are those of the ticks with their numbers. */
static void check_run(struct wal *w, uint32_t run, struct unpacker *u)
{
	_cleanup_(cleanup_group) struct group *g = NULL;
	_cleanup_(cleanup_strpool) struct strpool *pool = NULL;
	const struct listing *l = wal_listing(w);
	const struct wal_run *runs;
	struct table *tables[2];
	uint32_t n;

	wal_runs(w, &runs, &n);
	ok_r(strpool_new(&pool));
	machine_tables(pool, tables);
	/* One more at a time, as a reader of the hour being recorded does. */
	for (uint32_t s = 0; s < runs[run].n; s++) {
		uint32_t i = runs[run].first + s, seq = l->seq[i];

		if (!ok_r(wal_load(w, run, s + 1, u, &g)))
			break;
		eq(group_n(g), s + 1);
		machine_fill(tables, seq);
		eq(l->time_ms[i], machine_snapshot(tables, seq).time_ms);
		eq(get_le32(wal_heat(w)[i].seq), seq);
		for (unsigned k = 0; k < 2; k++) {
			_cleanup_(buf_done) struct buf b = {0};
			int index = schema_index(wal_schema(w, runs[run].schema), tables[k]->schema->id);
			const struct listing_table *lt = listing_table(l, tables[k]->schema->id);
			struct span text = {0};

			text_put_table(&b, tables[k]);
			ok_r(index);
			ok_r(group_text(g, (uint32_t)index, s, &text));
			ok(span_left(&text) == b.len && memcmp(text.p, b.p, b.len) == 0);
			eq(lt->len[i], b.len);
			eq(lt->rows[i], tables[k]->n_rows);
		}
	}
	for (unsigned k = 0; k < 2; k++)
		table_free(tables[k]);
}

static void check_all(struct wal *w)
{
	_cleanup_(cleanup_unpacker) struct unpacker *u = NULL;
	const struct wal_run *runs;
	uint32_t n, first = 0;

	ok_r(unpacker_new(&u));
	wal_runs(w, &runs, &n);
	for (uint32_t i = 0; i < n; i++) {
		eq(runs[i].first, first);
		first += runs[i].n;
		check_run(w, i, u);
	}
	eq(first, wal_listing(w)->n);
}

static void the_index_grows_with_the_log(void)
{
	_cleanup_(cleanup_wal) struct wal *w = NULL;
	struct wal_test t;

	begin(&t);
	ok_r(wal_open(t.dirfd, "w", &w));
	eq(wal_update(w), 0);
	for (unsigned i = 0; i < 9; i++) {
		append(&t, 3);
		eq(wal_update(w), 3);
		eq(wal_len(w), log_len(t.log));
		check_all(w); /* reads runs in between */
		eq(wal_update(w), 0);
	}
	ok(wal_sizes_known(w));
	end(&t);
}

static uint32_t lost(const struct wal *w)
{
	struct log_recovery found;
	uint32_t n;

	wal_damage(w, &found, &n);
	return n;
}

static void damage(const struct wal_test *t, uint64_t off)
{
	_cleanup_(cleanup_close) int fd = openat(t->dirfd, "w", O_RDWR);
	uint8_t byte;

	eq(pread(fd, &byte, 1, (off_t)off), 1);
	byte ^= 1;
	eq(pwrite(fd, &byte, 1, (off_t)off), 1);
}

static void a_damaged_frame_costs_what_is_based_on_it(void)
{
	_cleanup_(cleanup_wal) struct wal *w = NULL;
	struct wal_test t;

	begin(&t);
	append(&t, 20); /* keyframes: 0, 5, 10, 15 */
	damage(&t, t.ends[6] - 1);
	ok_r(wal_open(t.dirfd, "w", &w));
	eq(wal_update(w), 16);
	eq(lost(w), 3); /* which are there, but cannot be read */
	for (uint32_t i = 0; i < 16; i++)
		eq(wal_listing(w)->seq[i], i < 6 ? i : i + 4);
	check_all(w);
	end(&t);
}

static void damage_while_it_grows_is_passed_over(void)
{
	_cleanup_(cleanup_wal) struct wal *w = NULL;
	struct wal_test t;

	begin(&t);
	append(&t, 7);
	ok_r(wal_open(t.dirfd, "w", &w));
	eq(wal_update(w), 7);
	append(&t, 1);
	damage(&t, t.ends[7] - 1);
	eq(wal_update(w), 0); /* it may be half written */
	append(&t, 12);
	eq(wal_update(w), 10);
	eq(lost(w), 2);
	check_all(w);
	end(&t);
}

/* The number of a schema is given again by the next process; what is meant is lost with its frame, and no other will
 * do. */
static void a_lost_schema_is_not_replaced_by_another_of_its_number(void)
{
	_cleanup_(cleanup_wal) struct wal *w = NULL;
	struct table_schema *other;
	struct wal_test t;

	begin(&t);
	append(&t, 5);
	restart(&t);
	ok_r(table_schema_copy(t.tables[1]->schema, &other));
	ok_r(table_schema_add(other, &(struct column){.name = "new", .type = COL_U64}));
	ok_r(table_set_schema(t.tables[1], other));
	table_schema_put(other);
	append(&t, 10);
	damage(&t, t.ends[4] + 25);
	ok_r(wal_open(t.dirfd, "w", &w));
	eq(wal_update(w), 10);
	eq(wal_listing(w)->seq[4], 4);
	eq(wal_listing(w)->seq[5], 10); /* with the schema written again */
	eq(lost(w), 5);
	end(&t);
}

static void a_number_that_was_there_is_not_taken_again(void)
{
	_cleanup_(cleanup_wal) struct wal *w = NULL;
	struct wal_test t;

	begin(&t);
	append(&t, 5);
	append_as(&t, 5, 3);
	t.next = 10;
	append(&t, 5);
	ok_r(wal_open(t.dirfd, "w", &w));
	eq(wal_update(w), 8);
	eq(wal_listing(w)->seq[4], 4);
	eq(wal_listing(w)->seq[5], 12); /* a keyframe, as a new hour begins */
	eq(lost(w), 3);
	check_all(w);
	end(&t);
}

static void a_frame_of_another_kind_is_passed_over(void)
{
	_cleanup_(cleanup_wal) struct wal *w = NULL;
	struct span other = span_of("later versions may", 18);
	struct wal_test t;

	begin(&t);
	append(&t, 2);
	ok_r(log_append(t.log, (enum frame_type)77, &other, 1, NULL));
	append(&t, 2);
	ok_r(wal_open(t.dirfd, "w", &w));
	eq(wal_update(w), 4);
	eq(lost(w), 0);
	check_all(w);
	end(&t);
}

static void sizes_of_another_renderer_are_not_believed(void)
{
	_cleanup_(cleanup_wal) struct wal *w = NULL;
	_cleanup_(cleanup_encoded) struct encoded *e = NULL;
	struct snapshot s;
	struct span frame, schema;
	struct wal_test t;

	begin(&t);
	machine_fill(t.tables, 0);
	s = machine_snapshot(t.tables, 0);
	encoder_begin(t.encoder);
	ok_r(encoder_encode(t.encoder, &s, &e));
	e->frame.p[sizeof(struct disk_group) + sizeof(struct disk_heat)]++; /* the version */
	schema = span_of(e->schema.p, e->schema.len);
	frame = span_of(e->frame.p, e->frame.len);
	ok_r(log_append(t.log, FRAME_SCHEMA, &schema, 1, NULL));
	ok_r(log_append(t.log, FRAME_SNAPSHOT, &frame, 1, NULL));
	ok_r(wal_open(t.dirfd, "w", &w));
	eq(wal_update(w), 1);
	ok(!wal_sizes_known(w));
	end(&t);
}

static void a_log_without_a_whole_header_has_nothing(void)
{
	_cleanup_(cleanup_wal) struct wal *w = NULL;
	_cleanup_(cleanup_close) int fd = -1;
	struct wal_test t;

	begin(&t);
	fd = openat(t.dirfd, "w", O_RDWR);
	eq(ftruncate(fd, 63), 0);
	eq(wal_open(t.dirfd, "w", &w), -ENODATA);
	eq(wal_open(t.dirfd, "none", &w), -ENOENT);
	end(&t);
}

int main(void)
{
	RUN(the_index_grows_with_the_log);
	RUN(a_damaged_frame_costs_what_is_based_on_it);
	RUN(damage_while_it_grows_is_passed_over);
	RUN(a_lost_schema_is_not_replaced_by_another_of_its_number);
	RUN(a_number_that_was_there_is_not_taken_again);
	RUN(a_frame_of_another_kind_is_passed_over);
	RUN(sizes_of_another_renderer_are_not_believed);
	RUN(a_log_without_a_whole_header_has_nothing);
	return tap_done();
}
