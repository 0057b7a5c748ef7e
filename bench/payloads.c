/* payloads.c -- documents by key beside LMDB, RocksDB and SQLite: puts, gets, opening, memory
 *
 *   payloads STORE DIR KEYS PUTS     STORE: histfs, lmdb, rocksdb, sqlite, or file: bare append and fdatasync
 *
 * Puts KEYS documents of 500 bytes in synced batches of 1000, and PUTS of them one by one, each synced; gets a million
 * at random, warm; opens anew. A line a figure: NAME VALUE. All sync as a commit does that shall outlast a power cut. A
 * peer that it was not built with is said to be missing (exit status 3).
 */
#include "store/io.h"
#include "store/payloads.h"

#include <errno.h>
#include <fcntl.h>
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

enum { VALUE_LEN = 500, BATCH = 1000, GETS = 1000000, BURSTS = 20 };

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

static void histfs_open(const char *dir)
{
	const struct payloads_options o = {.sync = SYNC_FDATASYNC, .keep_versions = UINT32_MAX};

	store_fd = io_opendir(AT_FDCWD, dir, true);
	errno = -payloads_open(store_fd, 1, &o, &payloads);
	must(errno == 0, "open");
}

static void histfs_put(uint64_t first, unsigned n)
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

static void histfs_get(uint64_t i)
{
	struct payload_key key = {.is_number = true, .number = scramble(i)};
	struct payload found;

	errno = -payloads_get(payloads, &key, INT64_MAX, &room, &found);
	must(errno == 0 && span_left(&found.value) == VALUE_LEN, "get");
}

static void histfs_close(void)
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
    {"histfs", histfs_open, histfs_put, histfs_get, histfs_close},
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

/* Histfs's own: with and without its snapshot, and memory. */
static void histfs_more(const char *dir)
{
	struct payloads_state st;
	uint64_t start;

	payloads_state(payloads, &st);
	printf("memory_a_key %.1f\n", (double)st.memory / (double)st.n_keys);
	start = now_ns();
	histfs_close();
	histfs_open(dir);
	printf("open_without_ms %.1f\n", seconds_since(start) * 1e3);
	start = now_ns();
	while (payloads_tidy(payloads, 1, INT64_C(1) << 40, NULL) > 0)
		;
	printf("snapshot_ms %.1f\n", seconds_since(start) * 1e3);
	histfs_close();
}

int main(int argc, char **argv)
{
	const struct store *s = NULL;
	uint64_t n_keys, n_puts, start;

	if (argc != 5) {
		fprintf(stderr, "usage: payloads STORE DIR KEYS PUTS\n");
		return 2;
	}
	for (size_t i = 0; i < N_ELEMENTS(stores); i++)
		if (strcmp(stores[i].name, argv[1]) == 0)
			s = &stores[i];
	if (!s) {
		fprintf(stderr, "payloads: built without %s\n", argv[1]);
		return 3;
	}
	n_keys = strtoull(argv[3], NULL, 10) / BATCH * BATCH;
	n_puts = strtoull(argv[4], NULL, 10);
	make_document();
	s->open(argv[2]);
	start = now_ns();
	for (uint64_t i = 0; i < n_keys; i += BATCH)
		s->put(i, BATCH);
	printf("put_batch_rate %.0f\n", (double)n_keys / seconds_since(start));
	start = now_ns();
	for (uint64_t i = 0; i < n_puts; i++)
		s->put(i, 1);
	printf("put_single_us %.1f\n", seconds_since(start) * 1e6 / (double)n_puts);
	if (s->put == file_put)
		return 0;
	if (s->put == histfs_put)
		histfs_more(argv[2]);
	else
		s->close();
	start = now_ns();
	s->open(argv[2]);
	s->get(1);
	printf("open_ms %.2f\n", seconds_since(start) * 1e3);
	gets(s, n_keys);
	s->close();
	return 0;
}
