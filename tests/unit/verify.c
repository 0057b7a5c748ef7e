/* verify.c -- what histctl verify must find: each byte that is flipped, and files that are whole but lie */
#include "store/check.h"
#include "store/chunk.h"
#include "store/identity.h"
#include "store/io.h"
#include "store/recorder.h"
#include "store/verify.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

enum {
	HOUR = 498651,
	HOUR_MS = 3600 * 1000,
	STEP_MS = 5 * 60 * 1000,
	PER_HOUR = HOUR_MS / STEP_MS,
	CPU = 2,
	TASKS = 9
};

/* --- a store --- */

struct machine {
	struct recorder *recorder;
	struct table *tables[2];
	uint64_t tick;
};

static const struct column cpu_columns[] = {
    {"cpu", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    {"user_ticks", "ticks", COL_U64, KIND_COUNTER, 0, 0},
    {"idle_ticks", "ticks", COL_U64, KIND_COUNTER, 0, 0},
};
static const struct column task_columns[] = {
    {"pid", "", COL_U64, KIND_LABEL, COL_KEY, 0},
    {"comm", "", COL_STR, KIND_LABEL, 0, 0},
};

static struct table *new_table(
    struct strpool *pool, uint16_t id, const char *name, const struct column *columns, size_t n)
{
	struct table_schema *s;
	struct table *t;

	if (!ok_r(table_schema_new(id, name, &s)))
		exit(1);
	for (size_t i = 0; i < n; i++)
		ok_r(table_schema_add(s, &columns[i]));
	if (!ok_r(table_new(s, pool, &t)))
		exit(1);
	table_schema_put(s);
	return t;
}

static void new_tables(struct strpool *pool, struct table *tables[2])
{
	tables[0] = new_table(pool, CPU, "cpu", cpu_columns, N_ELEMENTS(cpu_columns));
	tables[1] = new_table(pool, TASKS, "tasks", task_columns, N_ELEMENTS(task_columns));
}

static void fill(struct table *tables[2], uint64_t tick)
{
	char comm[32];
	uint32_t row;

	for (unsigned i = 0; i < 2; i++)
		table_clear(tables[i]);
	ok_r(table_add_row(tables[0], &row));
	ok_r(table_set_str(tables[0], row, 0, "all", 3));
	table_set(tables[0], row, 1, tick * 30 + tick * tick % 7);
	table_set(tables[0], row, 2, tick * 70);
	for (unsigned i = 0; i < 3; i++) {
		ok_r(table_add_row(tables[1], &row));
		table_set(tables[1], row, 0, tick / 4 + i);
		snprintf(comm, sizeof comm, "task %" PRIu64, tick / 3 + i);
		ok_r(table_set_str(tables[1], row, 1, comm, strlen(comm)));
	}
}

static struct snapshot snapshot_at(struct table *tables[2], uint64_t tick)
{
	return (struct snapshot){
	    .time_ms = (int64_t)HOUR * HOUR_MS + (int64_t)tick * STEP_MS,
	    .boot_us = (tick + 1) * STEP_MS * 1000,
	    .boot = 1,
	    .n_tables = 2,
	    .tables = tables,
	};
}

static void machine_open(struct machine *m, const char *dir)
{
	struct recorder_options o = {.sync = SYNC_NONE, .host = "unit", .group_n = 5, .keyframe_every = 4};

	if (!ok_r(recorder_open(dir, &o, &m->recorder)))
		exit(1);
	new_tables(recorder_pool(m->recorder), m->tables);
}

static void machine_close(struct machine *m)
{
	for (unsigned i = 0; i < 2; i++)
		table_free(m->tables[i]);
	recorder_close(m->recorder);
}

static void record(struct machine *m, unsigned n)
{
	for (; n > 0; n--, m->tick++) {
		_cleanup_(cleanup_encoded) struct encoded *e = NULL;
		struct snapshot s = snapshot_at(m->tables, m->tick);

		recorder_begin(m->recorder);
		fill(m->tables, m->tick);
		ok_r(recorder_encode(m->recorder, &s, &e));
		ok_r(recorder_append(m->recorder, e));
	}
}

/* A sealed hour, and 6 snapshots of the next, in DIR/store. */
static const char *new_store(void)
{
	static char dir[4096];
	struct machine m = {0};

	snprintf(dir, sizeof dir, "%s/store", tap_tmpdir());
	machine_open(&m, dir);
	record(&m, PER_HOUR + 6);
	while (recorder_seal(m.recorder) == 0)
		;
	machine_close(&m);
	return dir;
}

static void remove_store(const char *dir)
{
	char command[5000];

	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	eq(system(command), 0);
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

static const char *path_of(const char *dir, const char *name)
{
	static char path[5000];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
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
	remove_store(dir);
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
	int fd = open(path_of(dir, name), O_RDWR | O_CLOEXEC);
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
	remove_store(dir);
}

static void a_cut_file_is_found(void)
{
	const char *dir = new_store();
	struct stat st;

	ok(stat(path_of(dir, "snapshots/2026-11-20T03.chunk"), &st) == 0);
	for (off_t len = 0; len < st.st_size; len += 7) {
		ok(truncate(path_of(dir, "snapshots/2026-11-20T03.chunk"), len) == 0);
		ok(problems(dir).n > 0);
	}
	remove_store(dir);
}

static void a_file_under_the_name_of_another_hour_is_found(void)
{
	const char *dir = new_store();
	char from[5000];

	snprintf(from, sizeof from, "%s", path_of(dir, "snapshots/2026-11-20T03.chunk"));
	ok(rename(from, path_of(dir, "snapshots/2026-11-20T02.chunk")) == 0);
	str_eq(problems(dir).first, "snapshots/2026-11-20T02.chunk: the file's name is not that of its hour and part");
	remove_store(dir);
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
	remove_store(dir);
}

/* --- files that are whole and lie --- */

static int open_snapshots(const char *dir)
{
	int fd = open(path_of(dir, "snapshots"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

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
	new_tables(pool, tables);
	ok_r(chunk_open(dirfd, "2026-11-20T03.chunk", &c));
	ok_r(chunk_listing(c, &true_sizes));
	id.store_id = chunk_id(c)->store_id;
	ok_r(chunk_writer_new(dirfd, "2026-11-20T03.chunk", &id, &o, &w));
	for (uint32_t i = 0; i < PER_HOUR; i++) {
		struct snapshot s = snapshot_at(tables, i);

		fill(tables, i);
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
	remove_store(dir);
}

static void a_stored_size_that_is_not_the_texts_is_found(void)
{
	const char *dir = new_store();

	forge_chunk(dir, 0, 1);
	str_eq(problems(dir).first, "snapshots/2026-11-20T03.chunk: table tasks of snapshot 7 has 3 rows, 36 bytes of "
	                            "text; 3 and 37 are stored");
	remove_store(dir);
}

static void a_snapshot_of_another_hour_is_found(void)
{
	const char *dir = new_store();

	forge_chunk(dir, -HOUR_MS, 0);
	str_eq(problems(dir).first, "snapshots/2026-11-20T03.chunk: snapshot 7 is of another hour than the file");
	remove_store(dir);
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
	ok_r(heat_read(dirfd, "2026-11-20T03.heat", &heat, &n));
	eq(n, PER_HOUR);
	heat[entry].m[measure] = put_le16(value);
	ok_r(heat_write(dirfd, "2026-11-20T03.heat", &id, heat, n - n_less));
	free(heat);
}

static void a_heat_entry_that_is_not_what_the_tables_give_is_found(void)
{
	const char *dir = new_store();

	forge_heat(dir, 5, HEAT_CPU, 999, 0);
	str_eq(problems(dir).first,
	    "snapshots/2026-11-20T03.chunk: the heat entry of snapshot 5 is not what its tables give");
	remove_store(dir);
}

static void the_first_heat_entry_may_go_on_from_what_is_not_there(void)
{
	const char *dir = new_store();

	forge_heat(dir, 0, HEAT_CPU, 300, 0);
	str_eq(problems(dir).first, "");
	forge_heat(dir, 0, HEAT_CPU, 1001, 0);
	eq(problems(dir).n, 1);
	remove_store(dir);
}

static void missing_heat_entries_are_found(void)
{
	const char *dir = new_store();

	forge_heat(dir, 0, HEAT_CPU, HEAT_UNKNOWN, 1);
	str_eq(problems(dir).first, "snapshots/2026-11-20T03.chunk: 11 heat entries for 12 snapshots");
	remove_store(dir);
}

static void a_sidecar_may_be_missing(void)
{
	const char *dir = new_store();

	ok(unlink(path_of(dir, "snapshots/2026-11-20T03.heat")) == 0);
	eq(problems(dir).n, 0);
	remove_store(dir);
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
	remove_store(dir);
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
	RUN(a_heat_entry_that_is_not_what_the_tables_give_is_found);
	RUN(the_first_heat_entry_may_go_on_from_what_is_not_there);
	RUN(missing_heat_entries_are_found);
	RUN(a_sidecar_may_be_missing);
	RUN(a_log_that_the_chunk_was_not_made_of_is_found);
	return tap_done();
}
