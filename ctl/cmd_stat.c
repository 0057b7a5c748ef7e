/* cmd_stat.c -- histctl stat: what a store holds and what that costs
 *
 * A line a fact: its name, a tab, its value, as in /status, which it goes on from with sums that cost a look into every
 * hour.
 */
#include "ctl/command.h"
#include "ctl/opened.h"

#include "store/names.h"

#include <err.h>
#include <getopt.h>
#include <inttypes.h>
#include <sys/sysmacros.h>

/* Files and bytes of a kind. */
struct sum {
	const char *name;
	uint64_t n, bytes;
};

enum { SUM_LOG, SUM_CHUNK, SUM_HEAT, SUM_DAMAGED, SUM_TOPIC, SUM_OTHER, SUM_N };

struct totals {
	struct sum files[SUM_N];
	uint64_t n_snapshots, n_live; /* of them, in logs' hours */
	uint64_t text_bytes;          /* of the tables of sealed hours */
	uint64_t n_sealed;            /* snapshots in those hours */
	uint64_t n_unreadable;        /* hours */
};

static int add_file(const struct store_file *f, void *arg)
{
	struct totals *t = arg;
	enum file_type type;
	uint32_t part;
	int32_t hour;
	unsigned k = SUM_OTHER;

	if (file_name_parse(f->name, &type, &hour, &part))
		k = type == FILE_WAL       ? SUM_LOG
		    : type == FILE_CHUNK   ? SUM_CHUNK
		    : type == FILE_HEAT    ? SUM_HEAT
		    : type == FILE_DAMAGED ? SUM_DAMAGED
		                           : SUM_OTHER;
	t->files[k].n++;
	t->files[k].bytes += f->len;
	return 0;
}

static int add_topic_file(const char *name, uint64_t len, void *arg)
{
	struct totals *t = arg;

	(void)name;
	t->files[SUM_TOPIC].n++;
	t->files[SUM_TOPIC].bytes += len;
	return 0;
}

/* From the index alone, as far as that is whole. */
static void add_texts(struct totals *t, struct hour *h)
{
	struct table_schema *const *tables;
	struct chunk_total total;
	uint64_t bytes = 0;
	uint32_t n;

	hour_tables(h, &tables, &n);
	for (uint32_t i = 0; i < n; i++) {
		if (!hour_total(h, tables[i]->id, &total))
			return;
		bytes += total.len;
	}
	t->text_bytes += bytes;
	t->n_sealed += hour_n(h);
}

static void add_hours(struct totals *t, struct store *s)
{
	const int32_t *hours;
	size_t n;

	store_hours(s, &hours, &n);
	for (size_t i = 0; i < n; i++) {
		struct hour *h;

		if (store_hour(s, hours[i], &h) < 0) {
			t->n_unreadable++;
			continue;
		}
		t->n_snapshots += hour_n(h);
		if (hour_live(h))
			t->n_live += hour_n(h);
		else
			add_texts(t, h);
	}
}

static void put_per(const char *name, uint64_t bytes, uint64_t n)
{
	if (n > 0)
		printf("%s\t%.1f\n", name, (double)bytes / (double)n);
}

/* The process that holds the lock on a file; 0: none. Asking by trying to lock would keep out a recorder that starts
 * just then. */
static long lock_holder(const struct stat *file)
{
	_cleanup_(cleanup_fclose) FILE *f = fopen("/proc/locks", "re");
	unsigned major_n, minor_n;
	unsigned long ino;
	char line[256];
	long pid;

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "%*u: FLOCK %*s WRITE %ld %x:%x:%lu", &pid, &major_n, &minor_n, &ino) == 4 &&
		    major_n == major(file->st_dev) && minor_n == minor(file->st_dev) && ino == file->st_ino)
			return pid;
	return 0;
}

static int put_recorder(const char *dir)
{
	_cleanup_(buf_done) struct buf path = {0};
	struct stat st;
	long pid = 0;

	buf_printf(&path, "%s/%s", dir, LOCK_FILE);
	buf_put_u8(&path, '\0');
	if (path.err < 0)
		return path.err;
	if (stat((const char *)path.p, &st) == 0)
		pid = lock_holder(&st);
	if (pid > 0)
		printf("recorder\tprocess %ld\n", pid);
	else
		printf("recorder\tnone\n");
	return 0;
}

static int put_status(struct tree *t)
{
	struct tree_attr a;
	struct span text;
	int r = tree_walk(t, "/status", &a);

	if (r == 0)
		r = tree_read(t, a.ino, 0, a.size, &text);
	if (r == 0)
		fwrite(text.p, 1, span_left(&text), stdout);
	return r;
}

static int run(int argc, char **argv)
{
	_cleanup_(opened_done) struct opened o = {0};
	struct totals t = {.files = {[SUM_LOG] = {"wal", 0, 0},
	                       [SUM_CHUNK] = {"chunk", 0, 0},
	                       [SUM_HEAT] = {"heat", 0, 0},
	                       [SUM_DAMAGED] = {"damaged", 0, 0},
	                       [SUM_TOPIC] = {"topic", 0, 0},
	                       [SUM_OTHER] = {"other", 0, 0}}};
	uint64_t sealed_bytes;
	int r;

	if (getopt(argc, argv, "+") >= 0 || argc - optind != 1)
		return EXIT_USAGE;
	if (opened_init(&o, argv[optind]) < 0)
		return EXIT_FAILURE;
	r = store_files(o.store, add_file, &t);
	if (r == 0)
		r = store_topic_files(o.store, add_topic_file, &t);
	if (r == 0)
		r = put_recorder(argv[optind]);
	if (r == 0) {
		add_hours(&t, o.store);
		for (unsigned i = 0; i < SUM_N; i++)
			if (t.files[i].n > 0)
				printf("%s_files\t%" PRIu64 "\n%s_bytes\t%" PRIu64 "\n", t.files[i].name, t.files[i].n,
				    t.files[i].name, t.files[i].bytes);
		sealed_bytes = t.files[SUM_CHUNK].bytes + t.files[SUM_HEAT].bytes;
		printf("snapshots\t%" PRIu64 "\nunreadable_hours\t%" PRIu64 "\n", t.n_snapshots, t.n_unreadable);
		put_per("wal_bytes_per_snapshot", t.files[SUM_LOG].bytes, t.n_live);
		put_per("sealed_bytes_per_snapshot", sealed_bytes, t.n_snapshots - t.n_live);
		put_per("text_bytes_per_snapshot", t.text_bytes, t.n_sealed);
		put_per("text_to_sealed", t.text_bytes, sealed_bytes);
		/* Last, as it tells of the damage that was met above. */
		r = put_status(o.tree);
	}
	if (r < 0)
		warnx("%s: %s", argv[optind], strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

COMMAND(stat) = {
    .name = "stat",
    .args = "STORE",
    .what = "what is stored, what it costs, how the recorder is doing, what was found damaged",
    .run = run,
};
