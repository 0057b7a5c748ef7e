/* tables_machine.c -- tests of the tables of processors, memory and disks, on texts of our own */
#include "tests/table_check.h"

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

	if (rig_up(&g, "vmstat", "tests/fixtures/proc-debian12")) {
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
	RUN(a_disk_line_has_eleven_fifteen_or_seventeen_fields);
	RUN(of_files_that_are_missing_only_their_cells_are_null);
	RUN(the_column_of_a_cpu_is_its_own_whatever_cpus_come_and_go);
	RUN(a_line_with_fewer_counts_than_cpus_is_no_row);
	RUN(on_one_cpu_the_machines_counts_are_not_its_own);
	RUN(a_long_name_is_cut_between_characters);
	RUN(a_machine_of_many_cpus_is_recorded_whole);
	return tap_done();
}
