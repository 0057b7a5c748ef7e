/* pss.c -- tests of the table pss */
#include "tests/table_check.h"

#include <sys/mman.h>

static void write_stat(const char *root, const char *pid)
{
	char path[64], text[128];

	snprintf(path, sizeof path, "proc/%s/stat", pid);
	snprintf(text, sizeof text, "%s (a ) b) S 1 1 1 0 -1 0 1 2 3 4 5 0 0 0 20 0 2 0 900 4096 1\n", pid);
	write_text(root, path, text);
}

static void what_is_shared_counts_in_part(void)
{
	const char *root = new_root();
	struct source_rig g;

	write_stat(root, "50");
	write_text(root, "proc/50/smaps_rollup",
	    "00400000-7fffb48a2000 ---p 00000000 00:00 0                          [rollup]\n"
	    "Rss:                1764 kB\nPss:                 156 kB\nPss_Dirty:           116 kB\n"
	    "Pss_Anon:            100 kB\nPss_File:             40 kB\nPss_Shmem:            16 kB\n"
	    "Private_Clean:         3 kB\nPrivate_Dirty:         4 kB\nPrivate_Hugetlb:     2048 kB\n"
	    "Swap:                 99 kB\nSwapPss:              12 kB\n");
	write_stat(root, "2"); /* of the kernel */
	write_text(root, "proc/2/smaps_rollup", "");
	write_stat(root, "70");
	write_text(root, "proc/70/smaps_rollup", "Pss: 1 kB\n"); /* an older kernel */
	write_stat(root, "80");                                  /* gone */
	if (rig_up(&g, "pss", root)) {
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 2);
		str_eq(cell(&g, 0, "pid"), "50");
		str_eq(cell(&g, 0, "start_us"), "9000000");
		str_eq(cell(&g, 0, "pss_bytes"), "159744");
		str_eq(cell(&g, 0, "pss_anon_bytes"), "102400");
		str_eq(cell(&g, 0, "pss_file_bytes"), "40960");
		str_eq(cell(&g, 0, "pss_shmem_bytes"), "16384");
		str_eq(cell(&g, 0, "swap_pss_bytes"), "12288");
		str_eq(cell(&g, 0, "uss_bytes"), "2104320");
		str_eq(cell(&g, 1, "pss_bytes"), "1024");
		str_eq(cell(&g, 1, "pss_anon_bytes"), "NULL");
		str_eq(cell(&g, 1, "uss_bytes"), "NULL");
	}
	source_rig_down(&g);
}

static void a_kernel_without_it_has_no_table(void)
{
	const char *root = new_root();
	struct source_rig g;

	write_stat(root, "50");
	if (rig_up(&g, "pss", root))
		eq(source_rig_sample(&g), -ENOENT);
	source_rig_down(&g);
}

static void this_process_has_what_it_uses(void)
{
	enum { SIZE = 8 << 20 };
	char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct source_rig g;
	bool found = false;

	if (!ok(p != MAP_FAILED))
		return;
	mlock(p, SIZE); /* if that is permitted: what is swapped out counts no more */
	memset(p, 1, SIZE);
	if (rig_up(&g, "pss", "/")) {
		ok_r(source_rig_sample(&g));
		for (uint32_t i = 0; i < g.t->n_rows; i++)
			if (table_get(g.t, 0, i) == (uint64_t)getpid()) {
				found = true;
				ok(table_get(g.t, (uint32_t)column(&g, "pss_bytes"), i) >= SIZE);
				ok(table_get(g.t, (uint32_t)column(&g, "uss_bytes"), i) >= SIZE);
			}
		ok(found);
	}
	source_rig_down(&g);
	munmap(p, SIZE);
}

int main(void)
{
	RUN(what_is_shared_counts_in_part);
	RUN(a_kernel_without_it_has_no_table);
	if (access("/proc/self/smaps_rollup", R_OK) == 0)
		RUN(this_process_has_what_it_uses);
	else
		SKIP(this_process_has_what_it_uses, "this kernel has no smaps_rollup");
	return tap_done();
}
