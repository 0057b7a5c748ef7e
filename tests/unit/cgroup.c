/* cgroup.c -- tests of the table cgroup: on trees of our own, and on real cgroups where we may make some */
#include "collector/cgroups.h"
#include "store/rate.h"
#include "tests/table_check.h"

#include <libgen.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define MOUNT_V2 "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n"
#define TOP "sys/fs/cgroup"

/* A tree below a root, the table, and a clock. */
struct rig {
	const char *root;
	struct procfs *fs;
	struct cgroups *cgroups;
	struct source_rig g; /* only its table */
	uint64_t now_ms;
};

static bool up(struct rig *t, const char *mountinfo)
{
	*t = (struct rig){.root = new_root(), .now_ms = 1000000};
	if (mountinfo)
		write_text(t->root, "proc/self/mountinfo", mountinfo);
	return rig_up(&t->g, "cgroup", t->root) && ok_r(procfs_open(t->root, &t->fs)) &&
	       ok_r(cgroups_new(t->fs, &t->cgroups));
}

static void down(struct rig *t)
{
	if (t->cgroups)
		cgroups_free(t->cgroups);
	if (t->fs)
		procfs_close(t->fs);
	source_rig_down(&t->g);
}

static int sample_after(struct rig *t, uint64_t ms)
{
	table_clear(t->g.t);
	t->now_ms += ms;
	return cgroups_sample(t->cgroups, t->g.t, t->now_ms);
}

static int sample(struct rig *t)
{
	return sample_after(t, 1000);
}

/* A cell of the cgroup's row; "-" if there is none. */
static const char *of(struct rig *t, const char *path, const char *name)
{
	for (uint32_t i = 0; i < t->g.t->n_rows; i++) {
		struct str s = table_str(t->g.t, CG_PATH, i);

		if (s.len == strlen(path) && memcmp(s.p, path, s.len) == 0)
			return cell(&t->g, i, name);
	}
	return "-";
}

static void make(struct rig *t, const char *path)
{
	char full[512];

	snprintf(full, sizeof full, "%s/%s", t->root, path);
	ok(mkdir(full, 0777) == 0);
}

static void move(struct rig *t, const char *from, const char *to)
{
	char a[512], b[512];

	snprintf(a, sizeof a, "%s/%s", t->root, from);
	snprintf(b, sizeof b, "%s/%s", t->root, to);
	ok(rename(a, b) == 0);
}

static void every_file_of_version_2_has_its_columns(void)
{
	static const struct {
		const char *file, *text, *column, *value;
	} all[] = {
	    {"cpu.stat",
	        "usage_usec 100\nuser_usec 60\nsystem_usec 40\nnr_periods 9\nnr_throttled 3\nthrottled_usec 77\n"
	        "nr_bursts 2\nburst_usec 5\n",
	        "cpu_throttled_us", "77"},
	    {"cpu.max", "200000 100000\n", "cpu_quota_us", "200000"},
	    {"cpu.weight", "150\n", "cpu_weight", "150"},
	    {"memory.current", "4096\n", "memory_current_bytes", "4096"},
	    {"memory.max", "8192\n", "memory_max_bytes", "8192"},
	    {"memory.high", "8191\n", "memory_high_bytes", "8191"},
	    {"memory.low", "1\n", "memory_low_bytes", "1"},
	    {"memory.min", "2\n", "memory_min_bytes", "2"},
	    {"memory.peak", "5000\n", "memory_peak_bytes", "5000"},
	    {"memory.swap.current", "12\n", "swap_current_bytes", "12"},
	    {"memory.swap.max", "13\n", "swap_max_bytes", "13"},
	    {"memory.stat", "anon 11\nfile 22\npgfault 33\nworkingset_refault_anon 44\n", "memory_anon_bytes", "11"},
	    {"memory.events", "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\n", "memory_events_oom_kill",
	        "5"},
	    {"pids.current", "7\n", "pids_current", "7"},
	    {"pids.max", "70\n", "pids_max", "70"},
	    {"pids.peak", "8\n", "pids_peak", "8"},
	    {"io.stat",
	        "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n"
	        "254:16 rbytes=10 wbytes=20 rios=30 wios=40 dbytes=50 dios=60 cost.usage=7\n",
	        "io_wbytes", "22"},
	    {"cpu.pressure",
	        "some avg10=0.10 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.20 avg60=0.00 avg300=0.00 total=2\n",
	        "psi_cpu_some_total_us", "1"},
	    {"io.pressure",
	        "some avg10=0.30 avg60=0.00 avg300=0.00 total=3\nfull avg10=0.40 avg60=0.00 avg300=0.00 total=4\n",
	        "psi_io_full_avg10", "40"},
	    {"memory.pressure", "some avg10=0.50 avg60=0.00 avg300=0.00 total=5\n", "psi_memory_some_avg10", "50"},
	    {"irq.pressure", "full avg10=0.60 avg60=0.00 avg300=0.00 total=6\n", "psi_irq_full_total_us", "6"},
	    {"cgroup.events", "populated 1\nfrozen 0\n", "populated", "1"},
	    {"cgroup.stat", "nr_descendants 1\nnr_dying_descendants 4\nnr_subsys_cpu 3\n", "nr_dying_descendants", "4"},
	};
	char path[128];
	struct rig t;

	if (up(&t, MOUNT_V2)) {
		for (size_t i = 0; i < N_ELEMENTS(all); i++) {
			snprintf(path, sizeof path, TOP "/a.slice/%s", all[i].file);
			write_text(t.root, path, all[i].text);
		}
		ok_r(sample(&t));
		eq(t.g.t->n_rows, 2);
		for (size_t i = 0; i < N_ELEMENTS(all); i++)
			str_eq(of(&t, "/a.slice", all[i].column), all[i].value);
		str_eq(of(&t, "/a.slice", "cpu_nr_throttled"), "3");
		str_eq(of(&t, "/a.slice", "cpu_period_us"), "100000");
		str_eq(of(&t, "/a.slice", "io_dios"), "66");
		/* What the kernel has beyond those that are always there. */
		str_eq(of(&t, "/a.slice", "memory_events_oom_group_kill"), "6");
		str_eq(of(&t, "/a.slice", "memory_pgfault"), "33");
		eq(kind(&t.g, "memory_pgfault"), KIND_COUNTER);
		eq(kind(&t.g, "memory_anon_bytes"), KIND_GAUGE);
		eq(column(&t.g, "nr_subsys_cpu"), -ENOENT);
		str_eq(of(&t, "/", "memory_current_bytes"), "NULL");
		str_eq(of(&t, "/", "io_rbytes"), "NULL");
	}
	down(&t);
}

static void no_limit_is_more_than_any_limit(void)
{
	struct rig t;

	if (up(&t, MOUNT_V2)) {
		write_text(t.root, TOP "/memory.max", "max\n");
		write_text(t.root, TOP "/cpu.max", "max 100000\n");
		write_text(t.root, TOP "/pids.max", "max\n");
		write_text(t.root, TOP "/memory.high", "maximal\n");
		ok_r(sample(&t));
		str_eq(of(&t, "/", "memory_max_bytes"), "18446744073709551615");
		str_eq(of(&t, "/", "cpu_quota_us"), "18446744073709551615");
		str_eq(of(&t, "/", "cpu_period_us"), "100000");
		str_eq(of(&t, "/", "pids_max"), "18446744073709551615");
		str_eq(of(&t, "/", "memory_high_bytes"), "NULL");
	}
	down(&t);
}

/* Texts cut anywhere, as of a kernel that gives less than it should: what is left is right or is not there. */
static void a_text_that_is_cut_gives_nothing_wrong(void)
{
	static const struct {
		const char *file, *text;
	} all[] = {{"cpu.max", "max 100000\n"}, {"memory.max", "123456\n"},
	    {"cpu.stat", "usage_usec 1234\nuser_usec 5678\n"}, {"io.stat", "8:0 rbytes=1234 wbytes=5678\n"},
	    {"cpu.pressure", "some avg10=0.10 avg60=0.20 avg300=0.30 total=45678\n"},
	    {"memory.stat", "anon 1234\nfile 5678\n"}};
	_cleanup_(cleanup_cgroupparse) struct cgroupparse *cp = NULL;
	struct rig t;

	if (!up(&t, NULL) || !ok_r(cgroupparse_new(&cp))) {
		down(&t);
		return;
	}
	for (size_t i = 0; i < N_ELEMENTS(all); i++)
		for (size_t len = strlen(all[i].text);; len--) {
			static struct cgroup_cells whole;
			struct cgroup_cells cells = {0};
			char *text = strndup(all[i].text, len);
			size_t f = 0;
			bool right = true, last = len == 0;

			while (strcmp(cgroupparse_files[f].name, all[i].file) != 0)
				f++;
			ok_r(cgroupparse_file(cp, f, text, t.g.t, &cells));
			for (uint32_t c = 0; c < cells.cap && len < strlen(all[i].text); c++)
				right = right &&
				        (!cells.has[c] || (c < whole.cap && whole.has[c] && whole.v[c] == cells.v[c]) ||
				            (len == 0 && cells.v[c] == 0));
			if (!ok(right))
				printf("# %s cut at %zu\n", all[i].file, len);
			if (len == strlen(all[i].text)) {
				cgroup_cells_done(&whole);
				whole = cells;
			} else {
				cgroup_cells_done(&cells);
			}
			free(text);
			if (last) {
				cgroup_cells_done(&whole);
				whole = (struct cgroup_cells){0};
				break;
			}
		}
	down(&t);
}

#define HYBRID                                                                                                         \
	"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"                                          \
	"32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"                                  \
	"34 31 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"                                            \
	"38 31 0:35 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n"                                              \
	"39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"                                                \
	"40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"                                     \
	"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"

static void hierarchies_of_both_versions_make_one_tree(void)
{
	struct rig t;

	if (up(&t, HYBRID)) {
		write_text(t.root, TOP "/unified/s/cpu.stat", "usage_usec 100\n");
		write_text(t.root, TOP "/cpu,cpuacct/s/cpuacct.usage", "999000\n");
		write_text(t.root, TOP "/cpu,cpuacct/s/cpuacct.usage_user", "5000\n");
		write_text(
		    t.root, TOP "/cpu,cpuacct/s/cpu.stat", "nr_periods 4\nnr_throttled 2\nthrottled_time 7000\n");
		write_text(t.root, TOP "/cpu,cpuacct/s/cpu.cfs_quota_us", "-1\n");
		write_text(t.root, TOP "/cpu,cpuacct/s/cpu.cfs_period_us", "100000\n");
		write_text(t.root, TOP "/cpu,cpuacct/only/cpuacct.usage", "5000\n");
		write_text(t.root, TOP "/memory/s/memory.usage_in_bytes", "4096\n");
		write_text(t.root, TOP "/memory/s/memory.limit_in_bytes", "9223372036854771712\n");
		write_text(t.root, TOP "/memory/s/memory.failcnt", "3\n");
		write_text(t.root, TOP "/memory/s/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
		write_text(t.root, TOP "/memory/s/memory.stat", "rss 1\ntotal_rss 2\ntotal_pgfault 8\ntotal_swap 9\n");
		write_text(t.root, TOP "/pids/s/pids.current", "6\n");
		write_text(t.root, TOP "/pids/s/pids.max", "max\n");
		write_text(t.root, TOP "/blkio/s/blkio.throttle.io_service_bytes_recursive",
		    "8:0 Read 10\n8:0 Write 20\n8:0 Sync 30\n8:0 Total 30\n9:0 Read 1\nTotal 31\n");
		write_text(t.root, TOP "/systemd/not/tasks", "");
		ok_r(sample(&t));
		eq(t.g.t->n_rows, 3);
		str_eq(of(&t, "/s", "cpu_usage_us"), "100"); /* version 2 is asked first */
		str_eq(of(&t, "/s", "cpu_user_us"), "5");
		str_eq(of(&t, "/s", "cpu_nr_throttled"), "2");
		str_eq(of(&t, "/s", "cpu_throttled_us"), "7");
		str_eq(of(&t, "/s", "cpu_quota_us"), "18446744073709551615");
		str_eq(of(&t, "/s", "memory_current_bytes"), "4096");
		str_eq(of(&t, "/s", "memory_max_bytes"), "18446744073709551615");
		str_eq(of(&t, "/s", "memory_events_max"), "3");
		str_eq(of(&t, "/s", "memory_events_oom_kill"), "2");
		str_eq(of(&t, "/s", "memory_anon_bytes"), "2");
		str_eq(of(&t, "/s", "memory_pgfault"), "8");
		str_eq(of(&t, "/s", "swap_current_bytes"), "9");
		str_eq(of(&t, "/s", "pids_current"), "6");
		str_eq(of(&t, "/s", "pids_max"), "18446744073709551615");
		str_eq(of(&t, "/s", "io_rbytes"), "11");
		str_eq(of(&t, "/s", "io_wbytes"), "20");
		str_eq(of(&t, "/s", "io_rios"), "NULL");
		str_eq(of(&t, "/only", "cpu_usage_us"), "5");
		str_eq(of(&t, "/only", "memory_current_bytes"), "NULL");
	}
	down(&t);
}

static void mounts_are_found_wherever_they_are(void)
{
	struct rig t;

	/* A folder with a blank; a part of the hierarchy, which a whole one is better than. */
	if (up(&t, "1 2 0:1 /part /elsewhere rw - cgroup2 cgroup2 rw\n"
	           "1 2 0:1 / /my\\040own rw shared:1 master:2 - cgroup2 cgroup2 rw\n")) {
		make(&t, "elsewhere");
		write_text(t.root, "my own/x/pids.current", "5\n");
		ok_r(sample(&t));
		str_eq(of(&t, "/x", "pids_current"), "5");
	}
	down(&t);
	if (up(&t, "1 2 0:1 /docker/1 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")) {
		write_text(t.root, TOP "/x/pids.current", "5\n");
		ok_r(sample(&t));
		eq(t.g.t->n_rows, 2);
		str_eq(of(&t, "/docker/1/x", "pids_current"), "5");
		str_eq(of(&t, "/docker/1", "pids_current"), "NULL");
	}
	down(&t);
	/* Mount points seen from elsewhere, where they are called otherwise. */
	if (up(&t, "1 2 0:1 / /host/sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")) {
		write_text(t.root, TOP "/cgroup.controllers", "cpu\n");
		make(&t, TOP "/x");
		ok_r(sample(&t));
		eq(t.g.t->n_rows, 2);
	}
	down(&t);
}

static void without_cgroups_there_is_no_table_until_there_are_some(void)
{
	struct rig t;

	if (up(&t, NULL)) {
		eq(sample(&t), -ENOENT);
		write_text(t.root, "proc/self/mountinfo", MOUNT_V2 "garbage\n\n36 35 0:1 /\n- - - - - - - - -\n");
		eq(sample(&t), -ENOENT); /* nor is it looked for at every tick */
		make(&t, "sys");
		make(&t, "sys/fs");
		make(&t, TOP);
		ok_r(sample_after(&t, CGROUPS_UNCOUNTED_MS));
		eq(t.g.t->n_rows, 1);
	}
	down(&t);
}

static void of_an_idle_cgroup_the_rest_is_read_only_now_and_then(void)
{
	struct rig t;

	if (up(&t, MOUNT_V2)) {
		write_text(t.root, "proc/pressure/io", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n");
		write_text(t.root, TOP "/cpu.stat", "usage_usec 100\n");
		write_text(t.root, TOP "/memory.stat", "anon 1\n");
		write_text(t.root, TOP "/memory.max", "1000\n");
		write_text(t.root, TOP "/io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n");
		ok_r(sample(&t));
		ok_r(sample_after(&t, CGROUP_FULL_MS));
		write_text(t.root, TOP "/memory.stat", "anon 2\n");
		write_text(t.root, TOP "/memory.max", "2000\n");
		write_text(t.root, TOP "/io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=2\n");
		ok_r(sample_after(&t, 0));
		str_eq(of(&t, "/", "memory_anon_bytes"), "1");
		str_eq(of(&t, "/", "psi_io_some_total_us"), "1");
		/* Something waited for I/O: it was this one. */
		write_text(t.root, "proc/pressure/io", "some avg10=0.00 avg60=0.00 avg300=0.00 total=2\n");
		ok_r(sample_after(&t, 0));
		str_eq(of(&t, "/", "psi_io_some_total_us"), "2");
		str_eq(of(&t, "/", "memory_anon_bytes"), "2");
		/* It ran. */
		write_text(t.root, TOP "/memory.stat", "anon 3\n");
		write_text(t.root, TOP "/cpu.stat", "usage_usec 101\n");
		ok_r(sample_after(&t, 0));
		str_eq(of(&t, "/", "memory_anon_bytes"), "3");
		str_eq(of(&t, "/", "memory_max_bytes"), "1000");
		/* Nothing shows, but time has passed. */
		write_text(t.root, TOP "/memory.stat", "anon 4\n");
		ok_r(sample_after(&t, 0));
		str_eq(of(&t, "/", "memory_anon_bytes"), "3");
		ok_r(sample_after(&t, CGROUP_FULL_MS));
		str_eq(of(&t, "/", "memory_anon_bytes"), "4");
		str_eq(of(&t, "/", "memory_max_bytes"), "2000");
	}
	down(&t);
}

static void a_controller_that_is_enabled_later_is_noticed(void)
{
	struct rig t;

	if (up(&t, MOUNT_V2)) {
		make(&t, "sys");
		make(&t, "sys/fs");
		make(&t, TOP);
		ok_r(sample(&t));
		str_eq(of(&t, "/", "pids_current"), "NULL");
		write_text(t.root, TOP "/pids.current", "5\n");
		ok_r(sample_after(&t, CGROUP_FULL_MS));
		str_eq(of(&t, "/", "pids_current"), "5");
	}
	down(&t);
}

static void a_new_cgroup_shows_when_the_kernel_counts_one_more(void)
{
	struct rig t;

	if (up(&t, MOUNT_V2)) {
		write_text(t.root, TOP "/cgroup.stat", "nr_descendants 1\n");
		make(&t, TOP "/a");
		ok_r(sample(&t));
		eq(t.g.t->n_rows, 2);
		make(&t, TOP "/a/b");
		ok_r(sample(&t));
		eq(t.g.t->n_rows, 2); /* nobody said so */
		write_text(t.root, TOP "/cgroup.stat", "nr_descendants 2\n");
		ok_r(sample_after(&t, 0));
		eq(t.g.t->n_rows, 3);
		make(&t, TOP "/a/c");
		write_text(t.root, TOP "/cgroup.stat", "nr_descendants 3\n");
		ok_r(sample_after(&t, 0));
		eq(t.g.t->n_rows, 3); /* not at once again, */
		ok_r(sample(&t));
		eq(t.g.t->n_rows, 4); /* but soon */
		eq(cgroups_left_out(t.cgroups), 0);
	}
	down(&t);
}

static void where_nobody_counts_the_tree_is_looked_at_now_and_then(void)
{
	struct rig t;

	if (up(&t, MOUNT_V2)) {
		make(&t, "sys");
		make(&t, "sys/fs");
		make(&t, TOP);
		ok_r(sample(&t));
		make(&t, TOP "/a");
		ok_r(sample(&t));
		eq(t.g.t->n_rows, 1);
		ok_r(sample_after(&t, CGROUPS_UNCOUNTED_MS));
		eq(t.g.t->n_rows, 2);
	}
	down(&t);
}

static void a_cgroup_that_vanishes_while_it_is_read_has_no_row(void)
{
	struct rig t;

	if (up(&t, MOUNT_V2)) {
		write_text(t.root, TOP "/cgroup.stat", "nr_descendants 2\n");
		make(&t, TOP "/goes");
		make(&t, TOP "/stays");
		ok_r(sample(&t));
		eq(t.g.t->n_rows, 3);
		move(&t, TOP "/goes", "gone");
		/* By the kernel's count nothing has changed: it is its files that are missed. */
		ok_r(sample_after(&t, CGROUP_FULL_MS));
		eq(t.g.t->n_rows, 2);
		str_eq(of(&t, "/goes", "id"), "-");
		move(&t, "gone", TOP "/goes");
		ok_r(sample(&t));
		eq(t.g.t->n_rows, 3);
	}
	down(&t);
}

static void another_cgroup_of_the_same_path_is_another_row_and_has_no_rate(void)
{
	_cleanup_(cleanup_table_schema) struct table_schema *schema = NULL;
	_cleanup_(cleanup_strpool) struct strpool *pool = NULL;
	_cleanup_(cleanup_table) struct table *before = NULL, *rate = NULL;
	struct rig t;
	int c;

	if (up(&t, MOUNT_V2)) {
		char id[32];

		write_text(t.root, TOP "/s/cpu.stat", "usage_usec 1000\n");
		write_text(t.root, "new/cpu.stat", "usage_usec 5000\n");
		write_text(t.root, TOP "/cgroup.stat", "nr_descendants 1\n");
		ok_r(sample(&t));
		snprintf(id, sizeof id, "%s", of(&t, "/s", "id"));
		ok_r(strpool_new(&pool));
		ok_r(table_new(t.g.t->schema, pool, &before));
		ok_r(rate_keep(t.g.t, pool, before));
		move(&t, TOP "/s", "old");
		move(&t, "new", TOP "/s");
		/* It is not taken for the one before, whether the tree was walked since or not. */
		for (int i = 0; i < 3; i++) {
			ok_r(sample_after(&t, CGROUP_FULL_MS));
			ok(strcmp(of(&t, "/s", "id"), id) != 0);
		}
		str_eq(of(&t, "/s", "cpu_usage_us"), "5000");
		ok_r(rate_schema(t.g.t->schema, &schema));
		ok_r(table_new(schema, t.g.pool, &rate));
		ok_r(rate_table(t.g.t, before, 1000000, rate));
		c = table_schema_find(schema, "cpu_usage_us_per_s");
		eq(rate->n_rows, 2);
		ok(c >= 0 && table_is_null(rate, (uint32_t)c, 1));
	}
	down(&t);
}

static void of_too_many_the_deepest_are_left_out(void)
{
	enum { SLICES = 20, EACH = 1000 };
	char path[128], note[sizeof((struct source_report *)NULL)->note] = "";
	struct rig t;

	if (up(&t, MOUNT_V2)) {
		make(&t, "sys");
		make(&t, "sys/fs");
		make(&t, TOP);
		for (int i = 0; i < SLICES; i++) {
			snprintf(path, sizeof path, "%s/" TOP "/s%02d", t.root, i);
			ok(mkdir(path, 0777) == 0);
			for (int k = 0; k < EACH; k++) {
				snprintf(path, sizeof path, "%s/" TOP "/s%02d/%d", t.root, i, k);
				if (mkdir(path, 0777) < 0)
					ok(false);
			}
		}
		ok_r(sample(&t));
		eq(t.g.t->n_rows, CGROUPS_MAX);
		eq(cgroups_left_out(t.cgroups), 1 + SLICES + SLICES * EACH - CGROUPS_MAX);
		str_eq(of(&t, "/s19", "populated"), "NULL"); /* those above are all there */
		t.g.env.note = note;
		ok_r(source_rig_sample(&t.g));
		eq(t.g.t->n_rows, CGROUPS_MAX);
		ok(strncmp(note, "15925 cgroups or more are left out", 34) == 0);
	}
	down(&t);
}

static void too_deep_ones_are_left_out(void)
{
	char path[256] = TOP;
	struct rig t;

	if (up(&t, MOUNT_V2)) {
		for (int i = 0; i < CGROUPS_DEPTH_MAX + 3; i++)
			strcat(path, "/d");
		strcat(path, "/pids.current");
		write_text(t.root, path, "1\n");
		ok_r(sample(&t));
		eq(t.g.t->n_rows, CGROUPS_DEPTH_MAX + 1);
		ok(cgroups_left_out(t.cgroups) > 0);
	}
	down(&t);
}

static void more_cgroups_than_files_may_be_kept_are_all_there(void)
{
	struct rlimit before, few;
	char path[128];
	struct rig t;

	getrlimit(RLIMIT_NOFILE, &before);
	few = (struct rlimit){200, before.rlim_max};
	ok(setrlimit(RLIMIT_NOFILE, &few) == 0);
	if (up(&t, MOUNT_V2)) {
		for (int i = 0; i < 300; i++) {
			snprintf(path, sizeof path, TOP "/%d/pids.current", i);
			write_text(t.root, path, "3\n");
			snprintf(path, sizeof path, TOP "/%d/pids.max", i);
			write_text(t.root, path, "4\n");
		}
		for (int tick = 0; tick < 3; tick++) {
			ok_r(sample(&t));
			eq(t.g.t->n_rows, 301);
			str_eq(of(&t, "/299", "pids_current"), "3");
			str_eq(of(&t, "/0", "pids_max"), "4");
		}
	}
	down(&t);
	setrlimit(RLIMIT_NOFILE, &before);
}

/* --- real ones --- */

/* A new cgroup of version 2; its folder. False: we may not. */
static bool make_real(char folder[512], char path[64])
{
	struct cgroup_mounts ms = {0};
	struct procfs *fs = NULL;
	bool made = false;

	if (ok_r(procfs_open("/", &fs)) && ok_r(cgroupmounts_find(fs, &ms)) && ms.n > 0 &&
	    (ms.m[0].controllers & CGROUP_V2)) {
		snprintf(path, 64, "/histfs-test-%d", getpid());
		snprintf(folder, 512, "/%s%s", ms.m[0].folder, path);
		made = mkdir(folder, 0755) == 0;
		if (made && *ms.m[0].top) /* rows have other paths then */
			made = rmdir(folder) < 0;
	}
	cgroupmounts_done(&ms);
	if (fs)
		procfs_close(fs);
	return made;
}

static char real_folder[512], real_path[64];

static void put_into(pid_t pid, const char *folder)
{
	char path[600], text[16];
	int fd, len = snprintf(text, sizeof text, "%d\n", pid);

	snprintf(path, sizeof path, "%s/cgroup.procs", folder);
	fd = open(path, O_WRONLY);
	ok(fd >= 0 && write(fd, text, (size_t)len) == len);
	close(fd);
}

/* A process that was waited for may be in its cgroup for a moment yet. */
static bool remove_soon(const char *folder)
{
	int r = -1;

	for (int i = 0; i < 60000 && (r = rmdir(folder)) < 0 && errno == EBUSY; i++)
		usleep(1000);
	return r == 0;
}

static void id_of(const char *folder, char ret[32])
{
	struct stat st = {0};

	ok(stat(folder, &st) == 0);
	snprintf(ret, 32, "%llu", (unsigned long long)st.st_ino);
}

static void a_real_cgroup_is_recorded_until_it_is_removed(void)
{
	struct rig t = {.now_ms = 1000000};
	char root[sizeof real_folder];
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (volatile unsigned n = 0;; n++)
			;
	}
	put_into(pid, real_folder);
	if (rig_up(&t.g, "cgroup", "/") && ok_r(procfs_open("/", &t.fs)) && ok_r(cgroups_new(t.fs, &t.cgroups))) {
		char id[32], root_id[32];

		ok_r(sample(&t));
		id_of(real_folder, id);
		id_of(dirname(strcpy(root, real_folder)), root_id);
		str_eq(of(&t, real_path, "id"), id);
		str_eq(of(&t, real_path, "populated"), "1");
		ok(strcmp(of(&t, real_path, "cpu_usage_us"), "NULL") != 0);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		ok_r(sample_after(&t, 0));
		str_eq(of(&t, real_path, "id"), id);
		ok(remove_soon(real_folder));
		/* The tree is not walked again so soon: it is the open files that tell. */
		ok_r(sample_after(&t, 0));
		str_eq(of(&t, real_path, "id"), "-");
		str_eq(of(&t, "/", "id"), root_id);
	}
	down(&t);
}

int main(void)
{
	RUN(every_file_of_version_2_has_its_columns);
	RUN(no_limit_is_more_than_any_limit);
	RUN(a_text_that_is_cut_gives_nothing_wrong);
	RUN(hierarchies_of_both_versions_make_one_tree);
	RUN(mounts_are_found_wherever_they_are);
	RUN(without_cgroups_there_is_no_table_until_there_are_some);
	RUN(of_an_idle_cgroup_the_rest_is_read_only_now_and_then);
	RUN(a_controller_that_is_enabled_later_is_noticed);
	RUN(a_new_cgroup_shows_when_the_kernel_counts_one_more);
	RUN(where_nobody_counts_the_tree_is_looked_at_now_and_then);
	RUN(a_cgroup_that_vanishes_while_it_is_read_has_no_row);
	RUN(another_cgroup_of_the_same_path_is_another_row_and_has_no_rate);
	RUN(of_too_many_the_deepest_are_left_out);
	RUN(too_deep_ones_are_left_out);
	RUN(more_cgroups_than_files_may_be_kept_are_all_there);
	if (make_real(real_folder, real_path))
		RUN(a_real_cgroup_is_recorded_until_it_is_removed);
	else
		SKIP(a_real_cgroup_is_recorded_until_it_is_removed, "no cgroup of version 2 can be made here");
	return tap_done();
}
