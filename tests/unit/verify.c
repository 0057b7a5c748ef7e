/* verify.c -- what histctl verify must find: each byte that is flipped, and files that are whole but lie */
#include "store/check.h"
#include "store/chunk.h"
#include "store/identity.h"
#include "store/io.h"
#include "store/sidecar.h"
#include "store/verify.h"
#include "tests/unit/machine.h"

#include <fcntl.h>
#include <sys/stat.h>

/* A sealed hour, and 6 snapshots of the next. */
static const char *new_store(void)
{
	const char *dir = new_store_path();
	struct machine m = {0};

	machine_open(&m, dir);
	machine_run(&m, PER_HOUR + 6);
	machine_seal(&m);
	machine_close(&m);
	return dir;
}

/* --- verifying --- */

struct found {
	uint64_t n;
	char first[512]; /* "FILE: WHAT" of the first problem */
};

static void on_problem(const struct store_problem *p, void *arg)
{
	struct found *f = arg;

	if (f->n++ == 0)
		snprintf(f->first, sizeof f->first, "%.100s: %.400s", p->file, p->what);
}

static struct found verify(const char *dir, struct verify_count *ret_n)
{
	struct found f = {0};
	struct verify_calls calls = {.problem = on_problem, .arg = &f};

	ok_r(verify_store(dir, &calls, ret_n));
	eq(f.n, ret_n->n_problems);
	return f;
}

static struct found problems(const char *dir)
{
	struct verify_count n;

	return verify(dir, &n);
}

static void a_store_without_fault_has_no_problems(void)
{
	const char *dir = new_store();
	struct verify_count n;
	struct found f = verify(dir, &n);

	str_eq(f.first, "");
	eq(n.n_snapshots, PER_HOUR + 6);
	eq(n.n_texts, 2 * (PER_HOUR + 6));
	eq(n.n_files, 4);
}

static void no_store_is_an_error(void)
{
	struct verify_calls calls = {.problem = on_problem};
	struct verify_count n;

	eq(verify_store(tap_tmpdir(), &calls, &n), -ENOENT);
	eq(verify_store("/nonexistent/store", &calls, &n), -ENOENT);
}

/* Flips a bit of every byte of a file in turn. Returns how many flips were not found. */
static unsigned flip_all(const char *dir, const char *name, bool log)
{
	int fd = open(path_in(dir, name), O_RDWR | O_CLOEXEC);
	unsigned n_missed = 0;
	struct stat st = {0};

	ok(fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 64);
	for (off_t off = 0; off < st.st_size; off++) {
		struct verify_count n;
		struct found f = {0};
		uint8_t byte, flipped;

		ok(pread(fd, &byte, 1, off) == 1);
		flipped = byte ^ (uint8_t)(1 << off % 8);
		ok(pwrite(fd, &flipped, 1, off) == 1);
		f = verify(dir, &n);
		/* What is wrong at a log's end may be being written: it is less by a snapshot, not damage. */
		n_missed += f.n == 0 && !(log && n.n_snapshots < PER_HOUR + 6);
		if (f.n == 0 && !log)
			printf("# %s: nothing found at %lld\n", name, (long long)off);
		ok(pwrite(fd, &byte, 1, off) == 1);
	}
	close(fd);
	return n_missed;
}

static void every_flipped_byte_is_found(void)
{
	const char *dir = new_store();

	eq(flip_all(dir, "snapshots/2026-11-20T03.chunk", false), 0);
	eq(flip_all(dir, "snapshots/2026-11-20T03.heat", false), 0);
	eq(flip_all(dir, "histfs.store", false), 0);
	eq(flip_all(dir, "snapshots/2026-11-20T04.wal", true), 0);
	eq(problems(dir).n, 0);
}

static void a_cut_file_is_found(void)
{
	const char *dir = new_store();
	struct stat st;

	ok(stat(path_in(dir, "snapshots/2026-11-20T03.chunk"), &st) == 0);
	for (off_t len = 0; len < st.st_size; len += 7) {
		ok(truncate(path_in(dir, "snapshots/2026-11-20T03.chunk"), len) == 0);
		ok(problems(dir).n > 0);
	}
}

static void a_file_under_the_name_of_another_hour_is_found(void)
{
	const char *dir = new_store();

	ok(rename(path_in(dir, "snapshots/2026-11-20T03.chunk"), path_in(dir, "snapshots/2026-11-20T02.chunk")) == 0);
	str_eq(problems(dir).first, "snapshots/2026-11-20T02.chunk: the file's name is not that of its hour and part");
}

static void a_file_of_another_store_is_found(void)
{
	const char *dir = new_store();
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct identity id = {.host = "other"};

	ok(unlinkat(dirfd, "histfs.store", 0) == 0);
	ok_r(identity_create(dirfd, &id));
	str_eq(problems(dir).first, "snapshots/2026-11-20T03.heat: the file is another store's");
	close(dirfd);
}

/* --- files that are whole and lie --- */

static int open_snapshots(const char *dir)
{
	int fd = open(path_in(dir, "snapshots"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ok(fd >= 0);
	return fd;
}

/* Writes the hour's chunk anew, from the same tables; snapshot 7 is off in time, and in the size of a text. */
static void forge_chunk(const char *dir, int64_t off_ms, uint32_t off_len)
{
	_cleanup_(cleanup_close) int dirfd = open_snapshots(dir);
	struct file_id id = {.kind = KIND_CHUNK, .hour = HOUR};
	struct listing sizes = {0};
	struct chunk_options o = {.group_n = 5};
	const struct listing *true_sizes;
	struct chunk_writer *w;
	struct table *tables[2];
	struct strpool *pool;
	struct chunk *c;

	ok_r(strpool_new(&pool));
	machine_tables(pool, tables);
	ok_r(chunk_open(dirfd, "2026-11-20T03.chunk", &c));
	ok_r(chunk_listing(c, &true_sizes));
	id.store_id = chunk_id(c)->store_id;
	ok_r(chunk_writer_new(dirfd, "2026-11-20T03.chunk", &id, &o, &w));
	for (uint32_t i = 0; i < PER_HOUR; i++) {
		struct snapshot s = machine_snapshot(tables, i);

		machine_fill(tables, i);
		for (unsigned k = 0; k < 2; k++) {
			const struct listing_table *t = listing_table(true_sizes, tables[k]->schema->id);

			if (k == 0)
				ok_r(listing_add(&sizes, i, s.time_ms));
			ok_r(listing_set(&sizes, t->id, t->rows[i], t->len[i] + (i == 7 && k == 1 ? off_len : 0)));
		}
		s.time_ms += i == 7 ? off_ms : 0;
		ok_r(chunk_writer_add(w, i, &s, &sizes, i));
	}
	ok_r(chunk_writer_finish(w, 1, 1, 0));
	listing_done(&sizes);
	chunk_close(c);
	for (unsigned k = 0; k < 2; k++)
		table_free(tables[k]);
	strpool_free(pool);
}

static void a_chunk_made_again_is_fine(void)
{
	const char *dir = new_store();

	forge_chunk(dir, 0, 0);
	str_eq(problems(dir).first, "");
}

static void a_stored_size_that_is_not_the_texts_is_found(void)
{
	const char *dir = new_store();

	forge_chunk(dir, 0, 1);
	str_eq(problems(dir).first, "snapshots/2026-11-20T03.chunk: table tasks of snapshot 7 has 3 rows, 36 bytes of "
	                            "text; 3 and 37 are stored");
}

static void a_snapshot_of_another_hour_is_found(void)
{
	const char *dir = new_store();

	forge_chunk(dir, -HOUR_MS, 0);
	str_eq(problems(dir).first, "snapshots/2026-11-20T03.chunk: snapshot 7 is of another hour than the file");
}

/* The rosters of the chunk, that of tasks with a text that is longer by one. */
static void forge_rosters(struct chunk *c, struct buf *section)
{
	const uint16_t ids[] = {CPU, TASKS};
	_cleanup_(buf_done) struct buf raw = {0};
	struct buf packed[2] = {0};

	buf_clear(section);
	buf_put_varint(section, PER_HOUR);
	buf_put_varint(section, N_ELEMENTS(ids));
	for (unsigned i = 0; i < N_ELEMENTS(ids); i++) {
		_cleanup_(cleanup_roster) struct roster *r = NULL;

		ok_r(chunk_roster(c, ids[i], &r));
		buf_clear(&raw);
		roster_encode(r, PER_HOUR, &raw);
		/* The last value is a rest: of the last column, of the last row. */
		raw.p[raw.len - 1] ^= ids[i] == TASKS;
		ok_r(pack_section(span_of(raw.p, raw.len), 3, &packed[i]));
		buf_put_varint(section, ids[i]);
		buf_put_varint(section, packed[i].len);
	}
	for (unsigned i = 0; i < N_ELEMENTS(ids); i++)
		buf_put(section, packed[i].p, packed[i].len);
	buf_done(&packed[0]);
	buf_done(&packed[1]);
}

static void a_roster_that_is_not_what_the_groups_have_is_found(void)
{
	static const enum frame_type types[] = {FRAME_SCHEMA, FRAME_DICT, FRAME_GROUP, FRAME_GROUP, FRAME_GROUP,
	    FRAME_INDEX, FRAME_LISTING, FRAME_ROSTERS, FRAME_SCHEMA, FRAME_DICT, FRAME_META};
	const char *dir = new_store(), *name = "2026-11-20T03.chunk";
	_cleanup_(cleanup_close) int dirfd = open_snapshots(dir);
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	_cleanup_(cleanup_chunk) struct chunk *c = NULL;
	_cleanup_(buf_done) struct buf b = {0};
	unsigned nth[FRAME_TOC] = {0};
	struct file_id id;
	struct sealed_writer *w;
	uint64_t off;

	/* Salvaged, a file names its groups too. */
	ok_r(sealed_salvage(dirfd, name, KIND_CHUNK, &s));
	ok_r(chunk_open(dirfd, name, &c));
	id = *sealed_id(s);
	ok_r(sealed_writer_new(dirfd, name, &id, &w));
	for (unsigned i = 0; i < N_ELEMENTS(types); i++) {
		ok_r(sealed_section(s, types[i], nth[types[i]]++, &b));
		if (types[i] == FRAME_ROSTERS)
			forge_rosters(c, &b);
		ok_r(sealed_writer_add(w, types[i], b.p, b.len, types[i] != FRAME_GROUP, &off));
	}
	ok_r(sealed_writer_finish(w));
	str_eq(problems(dir).first, "snapshots/2026-11-20T03.chunk: the roster of table 9 is not what the groups have");
}

/* Writes the sidecar anew with one measure of one entry changed. */
static void forge_heat(const char *dir, unsigned entry, enum heat_measure measure, uint16_t value, uint32_t n_less)
{
	_cleanup_(cleanup_close) int dirfd = open_snapshots(dir);
	struct file_id id = {.kind = KIND_HEAT, .hour = HOUR};
	struct sealed *s;
	struct disk_heat *heat;
	uint32_t n;

	ok_r(sealed_open(dirfd, "2026-11-20T03.heat", KIND_HEAT, &s));
	id.store_id = sealed_id(s)->store_id;
	sealed_close(s);
	ok_r(sidecar_read(dirfd, "2026-11-20T03.heat", &heat, &n));
	eq(n, PER_HOUR);
	heat[entry].m[measure] = put_le16(value);
	ok_r(sidecar_write(dirfd, "2026-11-20T03.heat", &id, heat, n - n_less));
	free(heat);
}

static void a_sum_that_is_not_that_of_the_entries_is_found(void)
{
	const char *dir = new_store();
	_cleanup_(cleanup_close) int dirfd = open_snapshots(dir);
	struct file_id id = {.kind = KIND_HEAT, .hour = HOUR};
	_cleanup_(cleanup_free) struct disk_heat *heat = NULL;
	struct disk_heat_sum lie = {.n = put_le32(PER_HOUR), .text_version = put_le32(1)};
	struct sealed_writer *w = NULL;
	struct sealed *s = NULL;
	uint32_t n = 0;

	ok_r(sealed_open(dirfd, "2026-11-20T03.heat", KIND_HEAT, &s));
	id.store_id = sealed_id(s)->store_id;
	sealed_close(s);
	ok_r(sidecar_read(dirfd, "2026-11-20T03.heat", &heat, &n));
	ok_r(sealed_writer_new(dirfd, "2026-11-20T03.heat", &id, &w));
	ok_r(sealed_writer_add(w, FRAME_HEAT, heat, n * sizeof *heat, true, NULL));
	ok_r(sealed_writer_add(w, FRAME_HEAT_SUM, &lie, sizeof lie, true, NULL));
	ok_r(sealed_writer_finish(w));
	str_eq(problems(dir).first, "snapshots/2026-11-20T03.heat: the sum is not that of the entries");
}

static void a_heat_entry_that_is_not_what_the_tables_give_is_found(void)
{
	const char *dir = new_store();

	forge_heat(dir, 5, HEAT_CPU, 999, 0);
	str_eq(problems(dir).first,
	    "snapshots/2026-11-20T03.chunk: the heat entry of snapshot 5 is not what its tables give");
}

static void the_first_heat_entry_may_go_on_from_what_is_not_there(void)
{
	const char *dir = new_store();

	forge_heat(dir, 0, HEAT_CPU, 300, 0);
	str_eq(problems(dir).first, "");
	forge_heat(dir, 0, HEAT_CPU, 1001, 0);
	eq(problems(dir).n, 1);
}

static void missing_heat_entries_are_found(void)
{
	const char *dir = new_store();

	forge_heat(dir, 0, HEAT_CPU, HEAT_UNKNOWN, 1);
	str_eq(problems(dir).first, "snapshots/2026-11-20T03.chunk: 11 heat entries for 12 snapshots");
}

static void a_sidecar_may_be_missing(void)
{
	const char *dir = new_store();

	ok(unlink(path_in(dir, "snapshots/2026-11-20T03.heat")) == 0);
	eq(problems(dir).n, 0);
}

static void a_log_that_the_chunk_was_not_made_of_is_found(void)
{
	_cleanup_(cleanup_close) int dirfd = -1;
	const char *dir = new_store();
	struct file_id id = {.kind = KIND_WAL, .hour = HOUR};
	struct log *l;

	dirfd = open_snapshots(dir);
	ok_r(log_create(dirfd, "2026-11-20T03.wal", &id, SYNC_NONE, &l));
	log_close(l);
	str_eq(problems(dir).first,
	    "snapshots/2026-11-20T03.wal: the chunk beside this log was not made of it; it is not read");
}

int main(void)
{
	RUN(a_store_without_fault_has_no_problems);
	RUN(no_store_is_an_error);
	RUN(every_flipped_byte_is_found);
	RUN(a_cut_file_is_found);
	RUN(a_file_under_the_name_of_another_hour_is_found);
	RUN(a_file_of_another_store_is_found);
	RUN(a_chunk_made_again_is_fine);
	RUN(a_stored_size_that_is_not_the_texts_is_found);
	RUN(a_snapshot_of_another_hour_is_found);
	RUN(a_roster_that_is_not_what_the_groups_have_is_found);
	RUN(a_sum_that_is_not_that_of_the_entries_is_found);
	RUN(a_heat_entry_that_is_not_what_the_tables_give_is_found);
	RUN(the_first_heat_entry_may_go_on_from_what_is_not_there);
	RUN(missing_heat_entries_are_found);
	RUN(a_sidecar_may_be_missing);
	RUN(a_log_that_the_chunk_was_not_made_of_is_found);
	return tap_done();
}
