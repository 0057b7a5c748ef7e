/* tables.c -- tests of the tables of the machine as a whole, on captured trees and on texts of our own */
#include "store/text.h"
#include "tests/source_rig.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <sys/stat.h>

#define NEW "tests/fixtures/proc-debian12"
#define OLD "tests/fixtures/proc-3.10"

/* The tables, and the files that each is made of. */
static const struct subject {
	const char *table;
	uint16_t id;
	const char *files[5];
} subjects[] = {
    {"cpu", 2, {"proc/stat"}},
    {"stat", 3, {"proc/stat"}},
    {"load", 4, {"proc/loadavg"}},
    {"mem", 5, {"proc/meminfo"}},
    {"vmstat", 6, {"proc/vmstat"}},
    {"psi", 7, {"proc/pressure/cpu", "proc/pressure/io", "proc/pressure/memory"}},
    {"net", 8, {"proc/net/dev", "sys/class/net/em1/speed", "sys/class/net/em1/duplex"}},
    {"net_snmp", 9, {"proc/net/snmp", "proc/net/netstat", "proc/net/snmp6"}},
    {"sockets", 10, {"proc/net/sockstat", "proc/net/sockstat6"}},
    {"disk", 11, {"proc/diskstats"}},
    {"files", 12, {"proc/sys/fs/file-nr", "proc/sys/fs/inode-state", "proc/sys/fs/dentry-state"}},
    {"interrupts", 13, {"proc/interrupts"}},
    {"softirqs", 14, {"proc/softirqs"}},
};

static bool rig_up(struct source_rig *g, const char *table, const char *root)
{
	const struct source_desc *desc = source_rig_find(table);

	*g = (struct source_rig){.desc = desc};
	return ok(desc) && ok_r(source_rig_up(g, desc, root));
}

/* --- looking at a table --- */

static int column(const struct source_rig *g, const char *name)
{
	return table_schema_find(g->t->schema, name);
}

/* The cell as a reader sees it; "-" if there is no such row or column. Good until it was called four times more. */
static const char *cell(const struct source_rig *g, uint32_t row, const char *name)
{
	static char texts[4][512];
	static unsigned n;
	char *text = texts[n++ % 4];
	int c = column(g, name);

	if (c < 0 || row >= g->t->n_rows)
		return "-";
	if (table_is_null(g->t, (uint32_t)c, row))
		return "NULL";
	switch (g->t->schema->columns[c].type) {
	case COL_STR: {
		struct str s = table_str(g->t, (uint32_t)c, row);

		snprintf(text, sizeof texts[0], "%.*s", (int)s.len, s.p);
		break;
	}
	case COL_U64:
		snprintf(text, sizeof texts[0], "%llu", (unsigned long long)table_get(g->t, (uint32_t)c, row));
		break;
	default:
		snprintf(text, sizeof texts[0], "%lld", (long long)table_get(g->t, (uint32_t)c, row));
	}
	return text;
}

static enum column_kind kind(const struct source_rig *g, const char *name)
{
	int c = column(g, name);

	ok_r(c);
	return c < 0 ? KIND_LABEL : g->t->schema->columns[c].kind;
}

/* Row of t, looked for from there on, whose key is that of a row of other; -1: none. */
static int same_row(const struct table *t, uint32_t from, const struct table *other, uint32_t row)
{
	for (uint32_t i = from; i < t->n_rows; i++)
		if (table_same_key(t, i, other, row))
			return (int)i;
	return -1;
}

static bool same_cell(const struct table *a, uint32_t ca, uint32_t ra, const struct table *b, uint32_t cb, uint32_t rb)
{
	if (table_is_null(b, cb, rb))
		return false;
	if (a->schema->columns[ca].type == COL_STR) {
		struct str x = table_str(a, ca, ra), y = table_str(b, cb, rb);

		return x.len == y.len && memcmp(x.p, y.p, x.len) == 0;
	}
	return table_get(a, ca, ra) == table_get(b, cb, rb);
}

/* Whether all that part says is also said by whole, in the same order. */
static bool is_part_of(const struct table *part, const struct table *whole)
{
	int w = -1;

	for (uint32_t r = 0; r < part->n_rows; r++) {
		w = same_row(whole, (uint32_t)(w + 1), part, r);
		if (w < 0)
			return false;

		for (uint32_t c = 0; c < part->schema->n_columns; c++) {
			int cw = table_schema_find(whole->schema, part->schema->columns[c].name);

			if (table_is_null(part, c, r))
				continue;
			if (cw < 0 || !same_cell(part, c, r, whole, (uint32_t)cw, (uint32_t)w))
				return false;
		}
	}
	return true;
}

/* --- making files --- */

/* A new empty directory. */
static const char *new_root(void)
{
	static const char *all;
	static char roots[512][160];
	static unsigned n;
	char *root = roots[n % N_ELEMENTS(roots)];

	if (!all)
		all = tap_tmpdir();
	snprintf(root, sizeof roots[0], "%s/%u", all, n++);
	ok(mkdir(root, 0777) == 0);
	return root;
}

static void write_bytes(const char *root, const char *path, const void *p, size_t len)
{
	char full[512];
	int fd;

	snprintf(full, sizeof full, "%s/%s", root, path);
	for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0777);
		*slash = '/';
	}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	ok(fd >= 0 && write(fd, p, len) == (ssize_t)len);
	close(fd);
}

static void write_text(const char *root, const char *path, const char *text)
{
	write_bytes(root, path, text, strlen(text));
}

/* The file's bytes into p; its length, 0 if it is not there. */
static size_t read_bytes(const char *root, const char *path, char *p, size_t cap)
{
	char full[512];
	ssize_t n;
	int fd;

	snprintf(full, sizeof full, "%s/%s", root, path);
	fd = open(full, O_RDONLY);
	if (fd < 0)
		return 0;
	n = read(fd, p, cap);
	ok(n >= 0 && (size_t)n < cap);
	close(fd);
	return n < 0 ? 0 : (size_t)n;
}

/* A copy of what the subject is made of; its path. */
static const char *copy_of(const char *root, const struct subject *s)
{
	static char text[1 << 16];
	const char *copy = new_root();

	for (size_t i = 0; i < N_ELEMENTS(s->files) && s->files[i]; i++) {
		size_t len = read_bytes(root, s->files[i], text, sizeof text);

		if (len > 0)
			write_bytes(copy, s->files[i], text, len);
	}
	return copy;
}

/* A rig on a file of our own. */
static bool rig_on(struct source_rig *g, const char *table, const char *path, const char *text, const char **ret_root)
{
	*ret_root = new_root();
	write_text(*ret_root, path, text);
	return rig_up(g, table, *ret_root);
}

/* --- tests of all tables --- */

static void is_text_of(const struct source_rig *g, const char *root, const char *table)
{
	static char expected[1 << 18];
	char path[64];
	struct buf b = {0};
	size_t len;

	snprintf(path, sizeof path, "%s.txt", table);
	len = read_bytes(root, path, expected, sizeof expected);
	expected[len] = '\0';
	text_put_table(&b, g->t);
	buf_put_u8(&b, 0);
	ok_r(b.err);
	str_eq((const char *)b.p, expected);
	buf_done(&b);
}

static void are_as_captured(const char *root, const char *but)
{
	for (size_t i = 0; i < N_ELEMENTS(subjects); i++) {
		struct source_rig g;

		if (strcmp(subjects[i].table, but) == 0)
			continue;
		if (rig_up(&g, subjects[i].table, root)) {
			ok_r(source_rig_sample(&g));
			is_text_of(&g, root, subjects[i].table);
			ok_r(source_rig_sample(&g)); /* the same from kept files and known lines */
			is_text_of(&g, root, subjects[i].table);
		}
		source_rig_down(&g);
	}
}

static void every_value_of_a_debian_12_machine_is_recorded(void)
{
	are_as_captured(NEW, "");
}

static void every_value_of_kernel_3_10_is_recorded_and_what_it_does_not_print_is_null(void)
{
	are_as_captured(OLD, "psi");
}

static void ids_are_unique_and_the_names_are_of_the_format(void)
{
	size_t n;
	const struct source_desc *const *all = source_all(&n);

	for (size_t i = 1; i < n; i++)
		ok(all[i - 1]->id < all[i]->id);
	for (size_t i = 0; i < N_ELEMENTS(subjects); i++) {
		const struct source_desc *d = source_rig_find(subjects[i].table);

		ok(d && d->id == subjects[i].id);
	}
}

static void without_its_files_a_table_is_absent(void)
{
	for (size_t i = 0; i < N_ELEMENTS(subjects); i++) {
		struct source_rig g;

		if (rig_up(&g, subjects[i].table, new_root())) {
			eq(source_rig_sample(&g), -ENOENT);
			eq(source_rig_sample(&g), -ENOENT);
		}
		source_rig_down(&g);
	}
}

static void a_table_appears_when_its_files_do(void)
{
	for (size_t i = 0; i < N_ELEMENTS(subjects); i++) {
		static const struct subject nothing;
		const char *root = copy_of(NEW, &nothing);
		struct source_rig g;

		if (rig_up(&g, subjects[i].table, root)) {
			char text[1 << 14];

			eq(source_rig_sample(&g), -ENOENT);
			write_bytes(
			    root, subjects[i].files[0], text, read_bytes(NEW, subjects[i].files[0], text, sizeof text));
			ok_r(source_rig_sample(&g));
			ok(g.t->n_rows > 0);
		}
		source_rig_down(&g);
	}
}

/* Cuts a file shorter and shorter; what is left in the table must be what the whole file says. */
static void cut(const struct subject *s, const char *root, const char *file, const struct table *whole)
{
	const char *copy = copy_of(root, s);
	struct source_rig g;
	char path[512];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", copy, file);
	if (stat(path, &st) < 0)
		return;
	if (rig_up(&g, s->table, copy)) {
		bool right = true;

		for (off_t len = st.st_size; len >= 0 && right; len--) {
			int r;

			right = truncate(path, len) == 0;
			r = source_rig_sample(&g);
			right = right && (r < 0 || is_part_of(g.t, whole));
			if (!right)
				printf("# %s cut at %lld\n", path, (long long)len);
		}
		ok(right);
	}
	source_rig_down(&g);
}

static void a_file_cut_at_any_byte_gives_less_but_nothing_else(void)
{
	static const char *const roots[] = {NEW, OLD};

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < N_ELEMENTS(subjects); i++) {
			const struct subject *s = &subjects[i];
			struct source_rig g;

			/* All that the copies have, not more: an interface's state is in no copy. */
			if (rig_up(&g, s->table, copy_of(roots[k], s)) && source_rig_sample(&g) == 0)
				for (size_t f = 0; f < N_ELEMENTS(s->files) && s->files[f]; f++)
					cut(s, roots[k], s->files[f], g.t);
			source_rig_down(&g);
		}
}

/* Puts another byte in the place of each; only that nothing breaks can be said of the outcome. */
static void flip(const struct subject *s, const char *root, const char *file)
{
	static const char others[] = {' ', '\n', '9', ':', '\0', '\xff', '-', 'x'};
	static char text[1 << 16];
	size_t len = read_bytes(root, file, text, sizeof text);
	const char *copy = copy_of(root, s);
	char path[512];
	int fd;

	snprintf(path, sizeof path, "%s/%s", copy, file);
	fd = open(path, O_WRONLY);
	/* A rig for so many bytes, as every name that is not known makes a column. */
	for (size_t at = 0; fd >= 0 && at < len; at += 256) {
		struct source_rig g;

		if (rig_up(&g, s->table, copy))
			for (size_t i = at; i < at + 256 && i < len; i++) {
				char other = others[i % sizeof others];
				int r;

				ok(pwrite(fd, &other, 1, (off_t)i) == 1);
				r = source_rig_sample(&g);
				ok(r == 0 || r == -ENODATA || r == -ENOENT);
				for (uint32_t row = 0; r == 0 && row < g.t->n_rows; row++)
					for (uint32_t c = 0; c < g.t->schema->n_columns; c++)
						if (g.t->schema->columns[c].flags & COL_KEY)
							ok(!table_is_null(g.t, c, row));
				ok(pwrite(fd, text + i, 1, (off_t)i) == 1);
			}
		source_rig_down(&g);
	}
	if (fd >= 0)
		close(fd);
}

static void a_wrong_byte_anywhere_breaks_nothing(void)
{
	for (size_t i = 0; i < N_ELEMENTS(subjects); i++)
		for (size_t f = 0; f < N_ELEMENTS(subjects[i].files) && subjects[i].files[f]; f++)
			flip(&subjects[i], NEW, subjects[i].files[f]);
}

/* --- tests of single tables --- */

static void counters_reach_64_bits_and_larger_ones_are_not_taken(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "cpu", "proc/stat",
	        "cpu  4294967296 18446744073709551615 3 4 5 6 7 8 9 10\n"
	        "cpu0 1 2 18446744073709551616 4 5 6 7 8 9 10\n"
	        "cpu1 1 2 3 4 5 6 7 8 9 10 11\n",
	        &root)) {
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 2);
		str_eq(cell(&g, 0, "user_ticks"), "4294967296");
		str_eq(cell(&g, 0, "nice_ticks"), "18446744073709551615");
		str_eq(cell(&g, 1, "cpu"), "cpu1");
		str_eq(cell(&g, 1, "guest_nice_ticks"), "10");
	}
	source_rig_down(&g);
}

static void fields_that_an_old_kernel_does_not_print_are_null(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "cpu", "proc/stat", "cpu  1 2 3 4 5 6 7\ncpu0 1 2 3\n", &root)) {
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 1);
		str_eq(cell(&g, 0, "softirq_ticks"), "7");
		str_eq(cell(&g, 0, "steal_ticks"), "NULL");
		str_eq(cell(&g, 0, "guest_nice_ticks"), "NULL");
	}
	source_rig_down(&g);
}

static void each_sample_reads_proc_stat_anew(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "cpu", "proc/stat", "cpu 1 2 3 4\n", &root)) {
		ok_r(source_rig_sample(&g));
		write_text(root, "proc/stat", "cpu 5 6 7 8\n");
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 0, "user_ticks"), "5");
	}
	source_rig_down(&g);
}

static void an_offline_cpu_has_no_row(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "cpu", "proc/stat", "cpu 6 6 6 6\ncpu0 1 1 1 1\ncpu1 5 5 5 5\nintr 1\n", &root)) {
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 3);
		write_text(root, "proc/stat", "cpu 6 6 6 6\ncpu1 6 6 6 6\nintr 1\n");
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 2);
		str_eq(cell(&g, 1, "cpu"), "cpu1");
		str_eq(cell(&g, 1, "user_ticks"), "6");
	}
	source_rig_down(&g);
}

static void a_line_that_is_new_gets_a_column_and_one_that_goes_leaves_null(void)
{
	struct source_rig g;
	const char *root;
	int c;

	if (rig_on(&g, "mem", "proc/meminfo", "MemTotal: 10 kB\nMemFree: 5 kB\n", &root)) {
		ok_r(source_rig_sample(&g));
		eq(column(&g, "Odd_new_kb"), -ENOENT);
		write_text(root, "proc/meminfo", "MemTotal: 10 kB\nOdd(new): 7 kB\nPagesOfIt: 3\nMemFree: 4 kB\n");
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 0, "MemFree_kb"), "4");
		str_eq(cell(&g, 0, "Odd_new_kb"), "7");
		str_eq(cell(&g, 0, "PagesOfIt"), "3");
		c = column(&g, "Odd_new_kb");
		eq(c, g.desc->n_columns);
		str_eq(g.t->schema->columns[c].unit, "kB");
		write_text(root, "proc/meminfo", "MemTotal: 10 kB\nMemFree: 3 kB\n");
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 0, "MemFree_kb"), "3");
		str_eq(cell(&g, 0, "Odd_new_kb"), "NULL");
		eq(column(&g, "Odd_new_kb"), c);
	}
	source_rig_down(&g);
}

static void a_line_without_a_number_or_with_another_unit_is_null(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "mem", "proc/meminfo",
	        "MemTotal: lots kB\nMemFree: 5 MB\nBuffers: -1 kB\nCached: 1\nActive: 6 kB\n", &root)) {
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 0, "MemTotal_kb"), "NULL");
		str_eq(cell(&g, 0, "MemFree_kb"), "NULL");
		str_eq(cell(&g, 0, "Buffers_kb"), "NULL");
		str_eq(cell(&g, 0, "Cached_kb"), "NULL");
		str_eq(cell(&g, 0, "Active_kb"), "6");
		write_text(root, "proc/meminfo", "MemTotal: lots kB\n");
		eq(source_rig_sample(&g), -ENODATA);
	}
	source_rig_down(&g);
}

static void a_table_that_starts_again_with_fewer_columns_finds_its_own(void)
{
	struct table_schema *schema = NULL;
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "vmstat", "proc/vmstat", "nr_free_pages 1\npgpgin 2\npgpgout 3\n", &root)) {
		ok_r(source_rig_sample(&g));
		ok_r(table_schema_new(6, "vmstat", &schema));
		ok_r(table_schema_add(schema, &(struct column){.name = "pgpgout", .type = COL_U64}));
		ok_r(table_set_schema(g.t, schema));
		table_schema_put(schema);
		ok_r(source_rig_sample(&g));
		eq(column(&g, "pgpgout"), 0);
		str_eq(cell(&g, 0, "pgpgout"), "3");
		str_eq(cell(&g, 0, "pgpgin"), "2");
	}
	source_rig_down(&g);
}

static void vmstat_tells_levels_from_counts_of_events(void)
{
	static const struct {
		const char *name;
		enum column_kind kind;
	} expected[] = {{"nr_free_pages", KIND_GAUGE}, {"nr_zone_inactive_anon", KIND_GAUGE}, {"nr_dirty", KIND_GAUGE},
	    {"nr_dirty_threshold", KIND_GAUGE}, {"nr_memmap_boot_pages", KIND_GAUGE}, {"nr_unstable", KIND_GAUGE},
	    {"workingset_nodes", KIND_GAUGE}, {"workingset_refault_file", KIND_COUNTER},
	    {"workingset_nodereclaim", KIND_COUNTER}, {"nr_dirtied", KIND_COUNTER}, {"nr_written", KIND_COUNTER},
	    {"nr_throttled_written", KIND_COUNTER}, {"nr_vmscan_write", KIND_COUNTER},
	    {"nr_vmscan_immediate_reclaim", KIND_COUNTER}, {"nr_foll_pin_acquired", KIND_COUNTER},
	    {"nr_foll_pin_released", KIND_COUNTER}, {"numa_hit", KIND_COUNTER}, {"pgpgin", KIND_COUNTER},
	    {"pgfault", KIND_COUNTER}, {"pgpromote_candidate", KIND_COUNTER}, {"drop_slab", KIND_COUNTER},
	    {"oom_kill", KIND_COUNTER}, {"direct_map_level2_splits", KIND_COUNTER}};
	struct source_rig g;

	if (rig_up(&g, "vmstat", NEW)) {
		ok_r(source_rig_sample(&g));
		for (size_t i = 0; i < N_ELEMENTS(expected); i++)
			if (!ok(kind(&g, expected[i].name) == expected[i].kind))
				printf("# %s\n", expected[i].name);
	}
	source_rig_down(&g);
}

static void a_line_of_proc_stat_that_is_new_gets_a_column(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "stat", "proc/stat", "cpu 1 2 3 4\nctxt 7\nprocs_zombie 3\nwakeups 9 1 2\n", &root)) {
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 0, "ctxt"), "7");
		str_eq(cell(&g, 0, "btime"), "NULL");
		str_eq(cell(&g, 0, "procs_zombie"), "3");
		eq(kind(&g, "procs_zombie"), KIND_GAUGE);
		str_eq(cell(&g, 0, "wakeups"), "9");
		eq(kind(&g, "wakeups"), KIND_COUNTER);
	}
	source_rig_down(&g);
}

static void a_load_that_does_not_parse_gives_no_table(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "load", "proc/loadavg", "0.10 0.20 0.30 1/2 3\n", &root)) {
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 0, "load15"), "30");
		write_text(root, "proc/loadavg", "0.10 0.20 0.30 1-2 3\n");
		eq(source_rig_sample(&g), -ENODATA);
		write_text(root, "proc/loadavg", "");
		eq(source_rig_sample(&g), -ENODATA);
	}
	source_rig_down(&g);
}

static void pressure_has_the_lines_that_the_kernel_has(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "psi", "proc/pressure/irq",
	        "full avg10=100.00 avg60=0.07 avg300=12.30 total=18446744073709551615\n", &root)) {
		write_text(root, "proc/pressure/cpu", "some avg10=1.00 avg60=2.00 avg300=3.00 total=4\n");
		write_text(root, "proc/pressure/io", "some avg10=1.00 avg60=2.00 total=4\nfull avg10= avg60=0.00\n");
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 2); /* nothing could be made of io */
		str_eq(cell(&g, 0, "resource"), "cpu");
		str_eq(cell(&g, 0, "some_avg300"), "300");
		str_eq(cell(&g, 0, "some_total_us"), "4");
		str_eq(cell(&g, 0, "full_avg10"), "NULL");
		str_eq(cell(&g, 0, "full_total_us"), "NULL");
		str_eq(cell(&g, 1, "resource"), "irq");
		str_eq(cell(&g, 1, "some_avg10"), "NULL");
		str_eq(cell(&g, 1, "full_avg10"), "10000");
		str_eq(cell(&g, 1, "full_avg60"), "7");
		str_eq(cell(&g, 1, "full_total_us"), "18446744073709551615");
	}
	source_rig_down(&g);
}

#define DEV_HEADER "Inter-|   Receive  |  Transmit\n face |bytes packets|bytes\n"

static void a_number_may_stand_right_behind_the_interfaces_colon(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "net", "proc/net/dev",
	        DEV_HEADER "eth0:1:4294967296 2 3 4 5 6 7 8 18446744073709551615 10 11 12 13 14 15 16\n"
	                   "  bad: 18446744073709551616 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
	                   "short: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n",
	        &root)) {
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 1);
		str_eq(cell(&g, 0, "interface"), "eth0:1");
		str_eq(cell(&g, 0, "rx_bytes"), "4294967296");
		str_eq(cell(&g, 0, "tx_bytes"), "18446744073709551615");
		str_eq(cell(&g, 0, "tx_compressed"), "16");
		str_eq(cell(&g, 0, "operstate"), "NULL");
	}
	source_rig_down(&g);
}

/* proc/net/dev with these interfaces. */
static void write_dev(const char *root, const char *const *names, size_t n)
{
	char text[4096];
	int len = snprintf(text, sizeof text, DEV_HEADER);

	for (size_t i = 0; i < n; i++)
		len += snprintf(
		    text + len, sizeof text - (size_t)len, "%6s: %zu 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n", names[i], i);
	write_bytes(root, "proc/net/dev", text, (size_t)len);
}

static void a_link_is_read_when_it_is_new_and_rarely_after_that(void)
{
	const char *root = new_root();
	struct source_rig g;

	write_dev(root, (const char *const[]){"lo", "a"}, 2);
	write_text(root, "sys/class/net/a/speed", "10\n");
	write_text(root, "sys/class/net/a/operstate", "up\n");
	if (rig_up(&g, "net", root)) {
		ok_r(source_rig_sample(&g)); /* tick 1 */
		str_eq(cell(&g, 1, "speed_mbit"), "10");
		str_eq(cell(&g, 1, "operstate"), "up");
		str_eq(cell(&g, 1, "duplex"), "NULL");
		write_text(root, "sys/class/net/a/speed", "100\n");
		write_text(root, "sys/class/net/b/speed", "2500\n");
		write_dev(root, (const char *const[]){"b", "a", "lo"}, 3);
		for (int tick = 2; tick <= 30; tick++)
			ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 0, "interface"), "b");
		str_eq(cell(&g, 0, "speed_mbit"), "2500");
		str_eq(cell(&g, 1, "speed_mbit"), "10");
		str_eq(cell(&g, 2, "speed_mbit"), "NULL");
		ok_r(source_rig_sample(&g)); /* tick 31 */
		str_eq(cell(&g, 1, "speed_mbit"), "100");

		/* One that goes and comes back is new. */
		write_dev(root, (const char *const[]){"lo"}, 1);
		ok_r(source_rig_sample(&g));
		write_text(root, "sys/class/net/a/speed", "1000\n");
		write_dev(root, (const char *const[]){"lo", "a"}, 2);
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 1, "speed_mbit"), "1000");
	}
	source_rig_down(&g);
}

static void so_many_links_are_read_in_a_tick_and_the_others_in_the_next(void)
{
	static const char *const names[] = {"i0", "i1", "i2", "i3", "i4", "i5", "i6", "i7", "i8", "i9"};
	const char *root = new_root();
	struct source_rig g;

	write_dev(root, names, N_ELEMENTS(names));
	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		char path[64];

		snprintf(path, sizeof path, "sys/class/net/%s/operstate", names[i]);
		write_text(root, path, "up\n");
	}
	if (rig_up(&g, "net", root)) {
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 7, "operstate"), "up");
		str_eq(cell(&g, 8, "operstate"), "NULL");
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 7, "operstate"), "up");
		str_eq(cell(&g, 9, "operstate"), "up");
	}
	source_rig_down(&g);
}

static void a_speed_that_is_not_known_is_null(void)
{
	static const char *const unknown[] = {"-1\n", "4294967295\n", "65535\n", "fast\n", "10", ""};

	for (size_t i = 0; i < N_ELEMENTS(unknown); i++) {
		const char *root = new_root();
		struct source_rig g;

		write_dev(root, (const char *const[]){"a"}, 1);
		write_text(root, "sys/class/net/a/speed", unknown[i]);
		if (rig_up(&g, "net", root)) {
			ok_r(source_rig_sample(&g));
			str_eq(cell(&g, 0, "speed_mbit"), "NULL");
		}
		source_rig_down(&g);
	}
}

static void an_interfaces_name_leads_to_no_other_directory(void)
{
	const char *root = new_root();
	struct source_rig g;

	write_dev(root, (const char *const[]){"x/../../../secret", "..", "a"}, 3);
	write_text(root, "sys/class/net/a/speed", "10\n");
	write_text(root, "sys/class/net/x/speed", "10\n");
	write_text(root, "sys/secret/speed", "66\n");
	write_text(root, "sys/class/speed", "67\n");
	if (rig_up(&g, "net", root)) {
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 0, "speed_mbit"), "NULL");
		str_eq(cell(&g, 1, "speed_mbit"), "NULL");
		str_eq(cell(&g, 2, "speed_mbit"), "10");
	}
	source_rig_down(&g);
}

static void a_field_is_a_counter_or_a_gauge_and_never_both(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "net_snmp", "proc/net/snmp",
	        "Ip: Forwarding InReceives ReasmTimeout\nIp: 2 18446744073709551615 5\n"
	        "Tcp: MaxConn CurrEstab InSegs OutSegs RetransSegs\nTcp: -1 18446744073709551615 -7 x 9\n"
	        "Other: Forwarding\nOther: 3\n",
	        &root)) {
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 6);
		str_eq(cell(&g, 0, "gauge"), "2");
		str_eq(cell(&g, 0, "counter"), "NULL");
		str_eq(cell(&g, 1, "counter"), "18446744073709551615");
		str_eq(cell(&g, 1, "gauge"), "NULL");
		str_eq(cell(&g, 2, "counter"), "5");
		str_eq(cell(&g, 3, "field"), "MaxConn");
		str_eq(cell(&g, 3, "gauge"), "-1");
		str_eq(cell(&g, 4, "field"), "RetransSegs"); /* values that are none do not shift the others */
		str_eq(cell(&g, 4, "counter"), "9");
		str_eq(cell(&g, 5, "protocol"), "Other");
		str_eq(cell(&g, 5, "counter"), "3");
	}
	source_rig_down(&g);
}

static void lines_of_names_and_values_that_do_not_belong_together_are_no_rows(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "net_snmp", "proc/net/netstat",
	        "TcpExt: A B\nIpExt: C D\nIpExt: 1 2 3\nUdp: E F\nUdp: 4\n\nLast: G\n", &root)) {
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 3);
		str_eq(cell(&g, 0, "field"), "C");
		str_eq(cell(&g, 1, "field"), "D");
		str_eq(cell(&g, 1, "counter"), "2");
		str_eq(cell(&g, 2, "field"), "E");
	}
	source_rig_down(&g);
}

static void names_of_snmp6_are_split_behind_their_protocol(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "net_snmp", "proc/net/snmp6",
	        "Ip6InReceives  \t1\nIcmp6OutType6 2\nUdpLite6NoPorts 3\nPlain 4\nOdd6 5\nUdp6Bad x\n", &root)) {
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 5);
		str_eq(cell(&g, 0, "protocol"), "Ip6");
		str_eq(cell(&g, 0, "field"), "InReceives");
		str_eq(cell(&g, 1, "protocol"), "Icmp6");
		str_eq(cell(&g, 1, "field"), "OutType6");
		str_eq(cell(&g, 2, "protocol"), "UdpLite6");
		str_eq(cell(&g, 3, "protocol"), "snmp6");
		str_eq(cell(&g, 3, "field"), "Plain");
		str_eq(cell(&g, 4, "field"), "Odd6");
	}
	source_rig_down(&g);
}

static void a_word_of_sockstat_that_is_new_gets_a_column(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "sockets", "proc/net/sockstat", "sockets: used 3\nTCP: inuse 1 mem 2\n", &root)) {
		ok_r(source_rig_sample(&g));
		write_text(root, "proc/net/sockstat",
		    "sockets: used 4\nTCP: inuse 1 fresh 9 mem -2 alloc 5\nUDP: inuse 2 protocol 7\n");
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 3);
		str_eq(cell(&g, 0, "used"), "4");
		str_eq(cell(&g, 0, "inuse"), "NULL");
		str_eq(cell(&g, 1, "fresh"), "9");
		str_eq(cell(&g, 1, "mem_pages"), "NULL");
		str_eq(cell(&g, 2, "protocol"), "UDP");
		str_eq(cell(&g, 2, "fresh"), "NULL");
	}
	source_rig_down(&g);
}

static void a_disk_line_has_eleven_fifteen_or_seventeen_fields(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "disk", "proc/diskstats",
	        "   8 1 old 1 2 3 4\n"
	        " 259 4294967295 a 1 2 3 4 5 6 7 8 9 10 11\n"
	        "   8 0 b 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n"
	        "   8 16 c 4294967296 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19\n"
	        "   x 16 d 1 2 3 4 5 6 7 8 9 10 11\n",
	        &root)) {
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 3);
		str_eq(cell(&g, 0, "device"), "259:4294967295");
		str_eq(cell(&g, 0, "weighted_ms"), "11");
		str_eq(cell(&g, 0, "discards"), "NULL");
		str_eq(cell(&g, 1, "discard_ms"), "15");
		str_eq(cell(&g, 1, "flushes"), "NULL");
		str_eq(cell(&g, 2, "reads"), "4294967296");
		str_eq(cell(&g, 2, "flush_ms"), "17");
	}
	source_rig_down(&g);
}

static void of_files_that_are_missing_only_their_cells_are_null(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "files", "proc/sys/fs/file-nr", "1\t2\t9223372036854775807\n", &root)) {
		write_text(root, "proc/sys/fs/dentry-state", "1 2 x 4 5 6\n");
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 1);
		str_eq(cell(&g, 0, "files_max"), "9223372036854775807");
		str_eq(cell(&g, 0, "inodes"), "NULL");
		str_eq(cell(&g, 0, "dentries"), "NULL");
		write_text(root, "proc/sys/fs/file-nr", "garbage\n");
		eq(source_rig_sample(&g), -ENODATA);
	}
	source_rig_down(&g);
}

static void the_column_of_a_cpu_is_its_own_whatever_cpus_come_and_go(void)
{
	static const char *const tables[] = {"interrupts", "softirqs"};

	for (size_t i = 0; i < 2; i++) {
		struct source_rig g;
		const char *root;
		char path[64];
		int c;

		snprintf(path, sizeof path, "proc/%s", tables[i]);
		if (rig_on(&g, tables[i], path, "  CPU0 CPU1 \n A: 1 2\n", &root)) {
			ok_r(source_rig_sample(&g));
			str_eq(cell(&g, 0, "total"), "3");
			c = column(&g, "cpu1");
			write_text(root, path, "  CPU1  CPU7\n A: 4 4294967295\n");
			ok_r(source_rig_sample(&g));
			str_eq(cell(&g, 0, "cpu0"), "NULL");
			str_eq(cell(&g, 0, "cpu1"), "4");
			str_eq(cell(&g, 0, "cpu7"), "4294967295");
			str_eq(cell(&g, 0, "total"), "4294967299");
			eq(column(&g, "cpu1"), c);
			eq(column(&g, "cpu7"), c + 1);
			write_text(root, path, "  CPU0 CPU1\n A: 5 6\n");
			ok_r(source_rig_sample(&g));
			str_eq(cell(&g, 0, "cpu0"), "5");
			str_eq(cell(&g, 0, "cpu7"), "NULL");
			write_text(root, path, "nonsense\n A: 5 6\n");
			eq(source_rig_sample(&g), -ENODATA);
		}
		source_rig_down(&g);
	}
}

static void a_line_with_fewer_counts_than_cpus_is_no_row(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "interrupts", "proc/interrupts",
	        "  CPU0 CPU1 CPU2\n"
	        " 1: 1 2   chip\n"
	        " 2: 1   chip\n"
	        " 3: 1 2 3 8259A   8-level  a,  b\n"
	        " 44:4294967295 0 0\n"
	        "ERR:  7\n"
	        "LOC: 1 2 3\n"
	        "nothing\n",
	        &root)) {
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 4);
		str_eq(cell(&g, 0, "irq"), "3");
		str_eq(cell(&g, 0, "name"), "8259A 8-level a, b");
		str_eq(cell(&g, 1, "irq"), "44");
		str_eq(cell(&g, 1, "total"), "4294967295");
		str_eq(cell(&g, 1, "name"), "NULL");
		str_eq(cell(&g, 2, "irq"), "ERR");
		str_eq(cell(&g, 2, "total"), "7");
		str_eq(cell(&g, 2, "cpu0"), "NULL");
		str_eq(cell(&g, 3, "cpu2"), "3");
	}
	source_rig_down(&g);
}

static void on_one_cpu_the_machines_counts_are_not_its_own(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "interrupts", "proc/interrupts", "  CPU0\n 1: 5   chip\nERR: 7\n", &root)) {
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 0, "cpu0"), "5");
		str_eq(cell(&g, 1, "total"), "7");
		str_eq(cell(&g, 1, "cpu0"), "NULL");
	}
	source_rig_down(&g);
	if (rig_on(&g, "softirqs", "proc/softirqs", "  CPU0\nHI: 5\n", &root)) {
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 0, "cpu0"), "5");
	}
	source_rig_down(&g);
}

static void a_long_name_is_cut_between_characters(void)
{
	char text[1024] = "  CPU0\n 1: 5 ";
	size_t len = strlen(text);
	struct source_rig g;
	const char *root;

	for (int i = 0; i < 300; i++)
		len += (size_t)sprintf(text + len, i == 0 ? "x" : "ä");
	text[len++] = '\n';
	text[len] = '\0';
	if (rig_on(&g, "interrupts", "proc/interrupts", text, &root)) {
		ok_r(source_rig_sample(&g));
		eq(strlen(cell(&g, 0, "name")), 255);
	}
	source_rig_down(&g);
}

static void a_machine_of_many_cpus_is_recorded_whole(void)
{
	enum { CPUS = 300, LINES = 40 };
	static char text[CPUS * LINES * 12];
	size_t len = 0;
	struct source_rig g;
	const char *root;

	for (int c = 0; c < CPUS; c++)
		len += (size_t)sprintf(text + len, "CPU%d       ", c);
	text[len++] = '\n';
	for (int l = 0; l < LINES; l++) {
		len += (size_t)sprintf(text + len, "%3d:", l);
		for (int c = 0; c < CPUS; c++)
			len += (size_t)sprintf(text + len, "%10d ", l * 1000 + c);
		len += (size_t)sprintf(text + len, " chip\n");
	}
	if (rig_on(&g, "interrupts", "proc/interrupts", text, &root)) {
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, LINES);
		str_eq(cell(&g, LINES - 1, "cpu299"), "39299");
		str_eq(cell(&g, LINES - 1, "total"), "11744850");
		str_eq(cell(&g, LINES - 1, "name"), "chip");
	}
	source_rig_down(&g);
}

int main(void)
{
	RUN(every_value_of_a_debian_12_machine_is_recorded);
	RUN(every_value_of_kernel_3_10_is_recorded_and_what_it_does_not_print_is_null);
	RUN(ids_are_unique_and_the_names_are_of_the_format);
	RUN(without_its_files_a_table_is_absent);
	RUN(a_table_appears_when_its_files_do);
	RUN(a_file_cut_at_any_byte_gives_less_but_nothing_else);
	RUN(a_wrong_byte_anywhere_breaks_nothing);
	RUN(counters_reach_64_bits_and_larger_ones_are_not_taken);
	RUN(fields_that_an_old_kernel_does_not_print_are_null);
	RUN(each_sample_reads_proc_stat_anew);
	RUN(an_offline_cpu_has_no_row);
	RUN(a_line_that_is_new_gets_a_column_and_one_that_goes_leaves_null);
	RUN(a_line_without_a_number_or_with_another_unit_is_null);
	RUN(a_table_that_starts_again_with_fewer_columns_finds_its_own);
	RUN(vmstat_tells_levels_from_counts_of_events);
	RUN(a_line_of_proc_stat_that_is_new_gets_a_column);
	RUN(a_load_that_does_not_parse_gives_no_table);
	RUN(pressure_has_the_lines_that_the_kernel_has);
	RUN(a_number_may_stand_right_behind_the_interfaces_colon);
	RUN(a_link_is_read_when_it_is_new_and_rarely_after_that);
	RUN(so_many_links_are_read_in_a_tick_and_the_others_in_the_next);
	RUN(a_speed_that_is_not_known_is_null);
	RUN(an_interfaces_name_leads_to_no_other_directory);
	RUN(a_field_is_a_counter_or_a_gauge_and_never_both);
	RUN(lines_of_names_and_values_that_do_not_belong_together_are_no_rows);
	RUN(names_of_snmp6_are_split_behind_their_protocol);
	RUN(a_word_of_sockstat_that_is_new_gets_a_column);
	RUN(a_disk_line_has_eleven_fifteen_or_seventeen_fields);
	RUN(of_files_that_are_missing_only_their_cells_are_null);
	RUN(the_column_of_a_cpu_is_its_own_whatever_cpus_come_and_go);
	RUN(a_line_with_fewer_counts_than_cpus_is_no_row);
	RUN(on_one_cpu_the_machines_counts_are_not_its_own);
	RUN(a_long_name_is_cut_between_characters);
	RUN(a_machine_of_many_cpus_is_recorded_whole);
	return tap_done();
}
