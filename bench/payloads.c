/* payloads.c -- documents by key beside LMDB, RocksDB and SQLite: puts, gets, opening, memory
 *
 *   payloads STORE DIR KEYS PUTS     STORE: histfs, lmdb, rocksdb, sqlite
 *   payloads writers STORE DIR N PUTS    N threads at once; histfs: clients of the histd with the socket DIR; also file
 *
 * Puts KEYS documents of 500 bytes in synced batches of 1000, and PUTS of them one by one, each synced (histfs: in turn
 * with bare appends to a file, each with fdatasync); gets a million at random, warm; opens anew. Or N threads put PUTS
 * each, one by one, all synced. A line a figure: NAME VALUE. All sync as a commit does that shall outlast a power cut.
 * A peer that it was not built with is said to be missing (exit status 3).
 */
#include "client/histfs.h"
#include "store/io.h"
#include "store/payloads.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#ifdef HAVE_LMDB
#include <lmdb.h>
#endif
#ifdef HAVE_ROCKSDB
#include <rocksdb/c.h>
#endif
#ifdef HAVE_SQLITE
#include <sqlite3.h>
#endif

enum { VALUE_LEN = 500, BATCH = 1000, IN_TURN = 20, WRITERS_MAX = 64, GETS = 1000000, BURSTS = 1000 };

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "payloads: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void must(bool so, const char *what)
{
	if (!so)
		die(what);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t scramble(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static char document[VALUE_LEN + 1];

/* A document as a deploy marker or a plan is one. */
static void make_document(void)
{
	int n = snprintf(
	    document, sizeof document, "{\"service\":\"billing\",\"replicas\":12,\"image\":\"registry/billing:");

	while (n < VALUE_LEN - 40)
		n += snprintf(document + n, sizeof document - (size_t)n, "%d\",\"k%d\":\"value %d", n, n, n * 7);
	n += snprintf(document + n, sizeof document - (size_t)n, "\",\"pad\":\"");
	memset(document + n, 'x', (size_t)(VALUE_LEN - 2 - n));
	strcpy(document + VALUE_LEN - 2, "\"}");
}

/* A store under test. Each ends the program if something fails. */
struct store {
	const char *name;
	void (*open)(const char *dir);
	void (*put)(uint64_t first, unsigned n); /* scrambled numbers first … first + n - 1, synced */
	void (*get)(uint64_t i);
	void (*close)(void);
};

/* --- histfs --- */

static struct payloads *payloads;
static struct buf room;
static int store_fd = -1;

static void ours_open(const char *dir)
{
	const struct payloads_options o = {.sync = SYNC_FDATASYNC, .keep_versions = UINT32_MAX};

	store_fd = io_opendir(AT_FDCWD, dir, true);
	errno = -payloads_open(store_fd, 1, &o, &payloads);
	must(errno == 0, "open");
}

static void ours_put(uint64_t first, unsigned n)
{
	static struct payload_put puts[BATCH];

	for (unsigned i = 0; i < n; i++)
		puts[i] = (struct payload_put){
		    .key = {.is_number = true, .number = scramble(first + i)}, .value = span_of(document, VALUE_LEN)};
	errno = -payloads_put(payloads, puts, n, 1, NULL, NULL, NULL);
	must(errno == 0, "put");
	errno = -payloads_sync(payloads);
	must(errno == 0, "sync");
}

static void ours_get(uint64_t i)
{
	struct payload_key key = {.is_number = true, .number = scramble(i)};
	struct payload found;

	errno = -payloads_get(payloads, &key, INT64_MAX, &room, &found);
	must(errno == 0 && span_left(&found.value) == VALUE_LEN, "get");
}

static void ours_close(void)
{
	must(payloads_close(payloads) == 0, "close");
	io_close(store_fd);
}

/* --- a bare file: the floor of a synced put --- */

static int file = -1;

static void file_open(const char *dir)
{
	char path[4096];

	(void)mkdir(dir, 0700);
	snprintf(path, sizeof path, "%s/file", dir);
	file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	must(file >= 0, path);
}

static void file_put(uint64_t first, unsigned n)
{
	(void)first;
	for (unsigned i = 0; i < n; i++)
		must(write(file, document, VALUE_LEN) == VALUE_LEN, "write");
	must(fdatasync(file) == 0, "sync");
}

static void file_get(uint64_t i)
{
	(void)i;
}

static void file_close(void)
{
	close(file);
}

#ifdef HAVE_LMDB
static MDB_env *env;
static MDB_dbi dbi;
static MDB_txn *reading;

static void lmdb_open(const char *dir)
{
	MDB_txn *txn;

	(void)mkdir(dir, 0700);
	must(mdb_env_create(&env) == 0 && mdb_env_set_mapsize(env, (size_t)64 << 30) == 0 &&
	         mdb_env_open(env, dir, 0, 0600) == 0 && mdb_txn_begin(env, NULL, 0, &txn) == 0 &&
	         mdb_dbi_open(txn, NULL, MDB_INTEGERKEY | MDB_CREATE, &dbi) == 0 && mdb_txn_commit(txn) == 0,
	    "lmdb");
}

static void lmdb_put(uint64_t first, unsigned n)
{
	MDB_txn *txn;

	must(mdb_txn_begin(env, NULL, 0, &txn) == 0, "lmdb");
	for (unsigned i = 0; i < n; i++) {
		uint64_t key = scramble(first + i);
		MDB_val k = {sizeof key, &key}, v = {VALUE_LEN, document};

		must(mdb_put(txn, dbi, &k, &v, 0) == 0, "lmdb put");
	}
	must(mdb_txn_commit(txn) == 0, "lmdb commit");
}

static void lmdb_get(uint64_t i)
{
	static char copy[VALUE_LEN];
	uint64_t key = scramble(i);
	MDB_val k = {sizeof key, &key}, v;

	must((reading ? mdb_txn_renew(reading) : mdb_txn_begin(env, NULL, MDB_RDONLY, &reading)) == 0, "lmdb txn");
	must(mdb_get(reading, dbi, &k, &v) == 0 && v.mv_size == VALUE_LEN, "lmdb get");
	memcpy(copy, v.mv_data, v.mv_size);
	mdb_txn_reset(reading);
}

static void lmdb_close(void)
{
	if (reading)
		mdb_txn_abort(TAKE(reading));
	mdb_env_close(env);
}
#endif

#ifdef HAVE_ROCKSDB
static rocksdb_t *rocks;
static rocksdb_readoptions_t *rocks_read;
static rocksdb_writeoptions_t *rocks_write;

static void rocksdb_begin(const char *dir)
{
	rocksdb_options_t *o = rocksdb_options_create();
	char *error = NULL;

	rocksdb_options_set_create_if_missing(o, 1);
	rocks = rocksdb_open(o, dir, &error);
	must(!error, error);
	rocksdb_options_destroy(o);
	rocks_read = rocksdb_readoptions_create();
	rocks_write = rocksdb_writeoptions_create();
	rocksdb_writeoptions_set_sync(rocks_write, 1);
}

static void rocksdb_put_some(uint64_t first, unsigned n)
{
	rocksdb_writebatch_t *b = rocksdb_writebatch_create();
	char *error = NULL;

	for (unsigned i = 0; i < n; i++) {
		uint64_t key = scramble(first + i);

		rocksdb_writebatch_put(b, (const char *)&key, sizeof key, document, VALUE_LEN);
	}
	rocksdb_write(rocks, rocks_write, b, &error);
	must(!error, error);
	rocksdb_writebatch_destroy(b);
}

static void rocksdb_get_one(uint64_t i)
{
	uint64_t key = scramble(i);
	char *error = NULL, *p;
	size_t len;

	p = rocksdb_get(rocks, rocks_read, (const char *)&key, sizeof key, &len, &error);
	must(p && len == VALUE_LEN, "rocksdb get");
	free(p);
}

static void rocksdb_end(void)
{
	rocksdb_flushoptions_t *flush = rocksdb_flushoptions_create();
	char *error = NULL;

	/* So that opening does not replay its log: as histfs has its index snapshot. */
	rocksdb_flush(rocks, flush, &error);
	must(!error, error);
	rocksdb_flushoptions_destroy(flush);
	rocksdb_readoptions_destroy(rocks_read);
	rocksdb_writeoptions_destroy(rocks_write);
	rocksdb_close(rocks);
}
#endif

#ifdef HAVE_SQLITE
static sqlite3 *db;
static sqlite3_stmt *insert, *lookup;

static void sqlite_run(const char *sql)
{
	must(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

static void sqlite_open(const char *dir)
{
	char path[4096];

	(void)mkdir(dir, 0700);
	snprintf(path, sizeof path, "%s/db", dir);
	must(sqlite3_open(path, &db) == SQLITE_OK, path);
	sqlite_run("PRAGMA journal_mode = WAL");
	sqlite_run("PRAGMA synchronous = FULL");
	sqlite_run("CREATE TABLE IF NOT EXISTS t (k INTEGER PRIMARY KEY, v TEXT)");
	must(sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO t VALUES (?, ?)", -1, &insert, NULL) == SQLITE_OK &&
	         sqlite3_prepare_v2(db, "SELECT v FROM t WHERE k = ?", -1, &lookup, NULL) == SQLITE_OK,
	    "sqlite");
}

static void sqlite_put(uint64_t first, unsigned n)
{
	sqlite_run("BEGIN");
	for (unsigned i = 0; i < n; i++) {
		sqlite3_bind_int64(insert, 1, (int64_t)scramble(first + i));
		sqlite3_bind_text(insert, 2, document, VALUE_LEN, SQLITE_STATIC);
		must(sqlite3_step(insert) == SQLITE_DONE, "sqlite insert");
		sqlite3_reset(insert);
	}
	sqlite_run("COMMIT");
}

static void sqlite_get(uint64_t i)
{
	sqlite3_bind_int64(lookup, 1, (int64_t)scramble(i));
	must(sqlite3_step(lookup) == SQLITE_ROW && sqlite3_column_bytes(lookup, 0) == VALUE_LEN, "sqlite get");
	sqlite3_reset(lookup);
}

static void sqlite_close(void)
{
	sqlite3_finalize(insert);
	sqlite3_finalize(lookup);
	sqlite3_close(db);
}
#endif

static const struct store stores[] = {
    {"histfs", ours_open, ours_put, ours_get, ours_close},
    {"file", file_open, file_put, file_get, file_close},
#ifdef HAVE_LMDB
    {"lmdb", lmdb_open, lmdb_put, lmdb_get, lmdb_close},
#endif
#ifdef HAVE_ROCKSDB
    {"rocksdb", rocksdb_begin, rocksdb_put_some, rocksdb_get_one, rocksdb_end},
#endif
#ifdef HAVE_SQLITE
    {"sqlite", sqlite_open, sqlite_put, sqlite_get, sqlite_close},
#endif
};

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double seconds_since(uint64_t start)
{
	return (double)(now_ns() - start) / 1e9;
}

static void gets(const struct store *s, uint64_t n_keys)
{
	uint32_t *ns = malloc(GETS * sizeof *ns);
	uint64_t start;

	must(ns, "memory");
	for (uint64_t i = 0; i < n_keys; i++)
		s->get(i);
	for (unsigned b = 0; b < BURSTS; b++) {
		start = now_ns();
		for (uint64_t i = 0; i < GETS / BURSTS; i++)
			s->get(scramble((uint64_t)b * GETS + i) % n_keys);
		ns[b] = (uint32_t)(now_ns() - start);
	}
	qsort(ns, BURSTS, sizeof *ns, ascending);
	printf("get_rate %.0f\n", GETS / BURSTS / (ns[BURSTS / 2] / 1e9));
	for (uint64_t i = 0; i < GETS; i++) {
		uint64_t at = now_ns();

		s->get(scramble(i + 99) % n_keys);
		ns[i] = (uint32_t)(now_ns() - at);
	}
	qsort(ns, GETS, sizeof *ns, ascending);
	printf("get_p50_us %.2f\nget_p99_us %.2f\n", ns[GETS / 2] / 1e3, ns[GETS / 100 * 99] / 1e3);
	free(ns);
}

/* Bytes of memory that are no file's. */
static uint64_t memory_used(void)
{
	char line[256];
	unsigned long kib = 0;
	FILE *f = fopen("/proc/self/status", "r");

	must(f, "/proc/self/status");
	while (fgets(line, sizeof line, f))
		if (sscanf(line, "RssAnon: %lu kB", &kib) == 1)
			break;
	fclose(f);
	return (uint64_t)kib * 1024;
}

/* Histfs's own: without its snapshot, and memory; then a snapshot. */
static void ours_more(const char *dir, uint64_t n_keys)
{
	uint64_t start, before;

	ours_close();
	malloc_trim(0); /* what was freed is not there to be used again unseen */
	before = memory_used();
	start = now_ns();
	ours_open(dir);
	printf("open_without_ms %.1f\n", seconds_since(start) * 1e3);
	printf("memory_a_key %.1f\n", (double)(memory_used() - before) / (double)n_keys);
	start = now_ns();
	while (payloads_tidy(payloads, 1, INT64_C(1) << 40, NULL) > 0)
		;
	printf("snapshot_ms %.1f\n", seconds_since(start) * 1e3);
	ours_close();
}

static uint32_t time_put(void (*put)(uint64_t, unsigned), uint64_t i)
{
	uint64_t start = now_ns();

	put(i, 1);
	return (uint32_t)(now_ns() - start);
}

/* Medians; of histfs and a file some in turn, as the disk is not the same all the time. */
static void single_puts(const struct store *s, const char *dir, uint64_t n)
{
	uint32_t *ns = malloc(2 * n * sizeof *ns + 1);

	must(ns, "memory");
	if (s->put == ours_put)
		file_open(dir);
	for (uint64_t i = 0; i < n; i++) {
		ns[i] = time_put(s->put, i);
		if (s->put == ours_put && (i + 1) % IN_TURN == 0)
			for (uint64_t k = i + 1 - IN_TURN; k <= i; k++)
				ns[n + k] = time_put(file_put, k);
	}
	qsort(ns, n, sizeof *ns, ascending);
	printf("put_single_us %.1f\n", ns[n / 2] / 1e3);
	if (s->put == ours_put) {
		n = n / IN_TURN * IN_TURN;
		qsort(ns + n, n, sizeof *ns, ascending);
		printf("file_single_us %.1f\n", ns[n + n / 2] / 1e3);
		file_close();
	}
	free(ns);
}

/* --- many at once --- */

struct writer {
	pthread_t thread;
	const struct store *s;
	const char *dir;
	uint64_t first, n;
};

static void *write_many(void *arg)
{
	const struct writer *w = arg;
	struct histfs *h = NULL;

	if (w->s->put == ours_put) {
		errno = -histfs_open(w->dir, &h);
		must(errno == 0, "histd");
	}
	for (uint64_t i = 0; i < w->n; i++) {
		struct histfs_payload put = {
		    .key = {.number = scramble(w->first + i)}, .value = document, .value_len = VALUE_LEN};

		if (!h)
			w->s->put(w->first + i, 1);
		else
			must(histfs_put(h, &put, 1, HISTFS_SYNCED, NULL, NULL) == 0, "put");
	}
	if (h)
		histfs_close(h);
	return NULL;
}

static void writers(const struct store *s, const char *dir, unsigned n, uint64_t puts)
{
	struct writer w[WRITERS_MAX];
	uint64_t start;

	must(n <= WRITERS_MAX, "writers");
	if (s->put != ours_put)
		s->open(dir);
	start = now_ns();
	for (unsigned i = 0; i < n; i++) {
		w[i] = (struct writer){.s = s, .dir = dir, .first = i * puts, .n = puts};
		must(pthread_create(&w[i].thread, NULL, write_many, &w[i]) == 0, "thread");
	}
	for (unsigned i = 0; i < n; i++)
		pthread_join(w[i].thread, NULL);
	printf("writers_rate %.0f\n", (double)(n * puts) / seconds_since(start));
	if (s->put != ours_put)
		s->close();
}

/* --- the whole --- */

static const struct store *store_named(const char *name)
{
	for (size_t i = 0; i < N_ELEMENTS(stores); i++)
		if (strcmp(stores[i].name, name) == 0)
			return &stores[i];
	fprintf(stderr, "payloads: built without %s\n", name);
	exit(3);
}

static void alone(const struct store *s, const char *dir, uint64_t n_keys, uint64_t n_puts)
{
	uint64_t start;

	s->open(dir);
	start = now_ns();
	for (uint64_t i = 0; i < n_keys; i += BATCH)
		s->put(i, BATCH);
	printf("put_batch_rate %.0f\n", (double)n_keys / seconds_since(start));
	if (n_puts > 0)
		single_puts(s, dir, n_puts);
	if (s->put == ours_put)
		ours_more(dir, n_keys);
	else
		s->close();
	start = now_ns();
	s->open(dir);
	s->get(1);
	printf("open_ms %.2f\n", seconds_since(start) * 1e3);
	gets(s, n_keys);
	s->close();
}

int main(int argc, char **argv)
{
	make_document();
	if (argc == 6 && strcmp(argv[1], "writers") == 0)
		writers(
		    store_named(argv[2]), argv[3], (unsigned)strtoul(argv[4], NULL, 10), strtoull(argv[5], NULL, 10));
	else if (argc == 5 && strcmp(argv[1], "file") != 0)
		alone(store_named(argv[1]), argv[2], strtoull(argv[3], NULL, 10) / BATCH * BATCH,
		    strtoull(argv[4], NULL, 10));
	else {
		fprintf(stderr, "usage: payloads STORE DIR KEYS PUTS | payloads writers STORE DIR N PUTS\n");
		return 2;
	}
	return 0;
}
