/* tables.c -- fuzz target: files of /proc and /sys into tables
 *
 * An input is a byte that chooses the file, and one or more texts with a byte 0x1e between them. The texts are the
 * file's content at one tick after another, so that what a source remembers of one is tried on the next.
 */
#include "store/text.h"
#include "tests/fuzz/must.h"
#include "tests/source_rig.h"

#include <fcntl.h>
#include <sys/stat.h>

static const struct subject {
	const char *table, *file;
} subjects[] = {
    {"cpu", "proc/stat"},
    {"stat", "proc/stat"},
    {"load", "proc/loadavg"},
    {"mem", "proc/meminfo"},
    {"vmstat", "proc/vmstat"},
    {"psi", "proc/pressure/memory"},
    {"net", "proc/net/dev"},
    {"net_snmp", "proc/net/netstat"},
    {"net_snmp", "proc/net/snmp6"},
    {"sockets", "proc/net/sockstat"},
    {"disk", "proc/diskstats"},
    {"files", "proc/sys/fs/file-nr"},
    {"interrupts", "proc/interrupts"},
    {"softirqs", "proc/softirqs"},
    {"slab", "proc/slabinfo"},
    {"numa", "sys/devices/system/node/node0/meminfo"},
    {"cpufreq", "proc/cpuinfo"},
    {"nfs", "proc/net/rpc/nfs"},
    {"nfsd", "proc/net/rpc/nfsd"},
    {"softnet", "proc/net/softnet_stat"},
    {"tty", "proc/tty/driver/serial"},
    {"swaps", "proc/swaps"},
    {"shm", "proc/sysvipc/shm"},
    {"arc", "proc/spl/kstat/zfs/arcstats"},
    {"filesystems", "proc/self/mountinfo"},
};

enum { NEXT_TEXT = 0x1e };

static char root[sizeof "/tmp/histfs-fuzz-XXXXXX"]; /* empty until there is one */

/* Removes the tree, all of whose directories are a prefix of some subject's path. */
static void remove_root(void)
{
	for (size_t i = 0; i < N_ELEMENTS(subjects); i++) {
		char path[128];

		snprintf(path, sizeof path, "%s/%s", root, subjects[i].file);
		for (remove(path); strlen(path) > strlen(root); remove(path))
			*strrchr(path, '/') = '\0';
	}
}

static void make_root(void)
{
	must(mkdtemp(strcpy(root, "/tmp/histfs-fuzz-XXXXXX")));
	atexit(remove_root);
	for (size_t i = 0; i < N_ELEMENTS(subjects); i++) {
		char path[128];

		snprintf(path, sizeof path, "%s/%s", root, subjects[i].file);
		for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
			*slash = '\0';
			must(mkdir(path, 0777) == 0 || errno == EEXIST);
			*slash = '/';
		}
	}
}

/* The table can be stored and shown. */
static void check(const struct table *t)
{
	struct buf b = {0};

	for (uint32_t c = 0; c < t->schema->n_columns; c++)
		for (uint32_t r = 0; r < t->n_rows; r++)
			must(!(t->schema->columns[c].flags & COL_KEY) || !table_is_null(t, c, r));
	text_put_table(&b, t);
	must(b.err == 0 && b.len == text_table_len(t));
	buf_done(&b);
}

static void try(struct source_rig *g, int fd, const uint8_t *p, size_t len)
{
	int r;

	must(ftruncate(fd, 0) == 0 && pwrite(fd, p, len, 0) == (ssize_t)len);
	r = source_rig_sample(g);
	must(r == 0 || r == -ENODATA || r == -ENOENT);
	if (r == 0)
		check(g->t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct subject *s;
	struct source_rig g;
	char path[128];
	int fd;

	if (len == 0)
		return 0;
	if (!*root)
		make_root();
	s = &subjects[data[0] % N_ELEMENTS(subjects)];
	snprintf(path, sizeof path, "%s/%s", root, s->file);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	must(fd >= 0);
	must(source_rig_up(&g, source_rig_find(s->table), root) == 0);
	for (const uint8_t *p = data + 1, *end = data + len, *next; p <= end; p = next + 1) {
		next = memchr(p, NEXT_TEXT, (size_t)(end - p));
		if (!next)
			next = end;
		try(&g, fd, p, (size_t)(next - p));
	}
	source_rig_down(&g);
	close(fd);
	must(unlink(path) == 0);
	return 0;
}
