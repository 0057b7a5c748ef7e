/* processes.c -- tests of collector/tables/processes.c on captured trees and on processes of our own */
#include "collector/process.h"
#include "collector/redact.h"
#include "collector/source.h"
#include "store/text.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* The source with its table, below some root. */
struct rig {
	struct source_env env;
	const struct source_desc *desc;
	void *state;
	struct table_schema *schema;
	struct strpool *pool;
	struct table *t;
};

static void rig_down(struct rig *g)
{
	if (g->state)
		g->desc->close(g->state);
	if (g->t)
		table_free(g->t);
	if (g->pool)
		strpool_free(g->pool);
	if (g->schema)
		table_schema_put(g->schema);
	if (g->env.fs)
		procfs_close(g->env.fs);
}

static bool rig_up(struct rig *g, const char *root, const struct redact *redact)
{
	size_t n;
	const struct source_desc *const *all = source_all(&n);

	*g = (struct rig){
	    .env = {
	        .ticks_per_s = 100, .page_size = 4096, .cmdline_max = 4096, .patience_ms = 20000, .redact = redact}};
	for (size_t i = 0; i < n; i++)
		if (all[i]->id == 1)
			g->desc = all[i];
	if (!ok(g->desc) || !ok_r(procfs_open(root, &g->env.fs)) || !ok_r(g->desc->open(&g->env, &g->state)) ||
	    !ok_r(table_schema_new(1, g->desc->name, &g->schema)))
		return false;
	for (uint32_t i = 0; i < g->desc->n_columns; i++)
		ok_r(table_schema_add(g->schema, &g->desc->columns[i]));
	return ok_r(strpool_new(&g->pool)) && ok_r(table_new(g->schema, g->pool, &g->t));
}

static int sample(struct rig *g)
{
	table_clear(g->t);
	return g->desc->sample(&g->env, g->state, g->t);
}

static int column(const struct rig *g, const char *name)
{
	int c = table_schema_find(g->schema, name);

	ok_r(c);
	return c < 0 ? 0 : c;
}

/* Row of that process; -1 if there is none. */
static int row_of(const struct rig *g, int pid)
{
	for (uint32_t i = 0; i < g->t->n_rows; i++)
		if (table_get(g->t, 0, i) == (uint64_t)pid)
			return (int)i;
	return -1;
}

static uint64_t number(const struct rig *g, int row, const char *name)
{
	return table_get(g->t, (uint32_t)column(g, name), (uint32_t)row);
}

static bool is_null(const struct rig *g, int row, const char *name)
{
	return table_is_null(g->t, (uint32_t)column(g, name), (uint32_t)row);
}

static const char *string(const struct rig *g, int row, const char *name)
{
	static char text[8192];
	struct str s = table_str(g->t, (uint32_t)column(g, name), (uint32_t)row);

	snprintf(text, sizeof text, "%.*s", (int)s.len, s.p);
	return text;
}

static void write_file(const char *root, int pid, const char *name, const char *text, size_t len)
{
	char path[256];
	int fd;

	snprintf(path, sizeof path, "%s/proc", root);
	mkdir(path, 0777);
	snprintf(path, sizeof path, "%s/proc/%d", root, pid);
	mkdir(path, 0777);
	snprintf(path, sizeof path, "%s/proc/%d/%s", root, pid, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	ok(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	close(fd);
}

static void remove_file(const char *root, int pid, const char *name)
{
	char path[256];

	snprintf(path, sizeof path, "%s/proc/%d/%s", root, pid, name);
	ok(remove(path) == 0);
}

/* A process that has just stat, status and a command line. */
static void write_process(
    const char *root, int pid, const char *comm, unsigned start, unsigned utime, const char *cmdline)
{
	char text[512];
	int len;

	len = snprintf(
	    text, sizeof text, "%d (%s) S 1 1 1 0 -1 0 1 2 3 4 %u 0 0 0 20 0 1 0 %u 4096 1\n", pid, comm, utime, start);
	write_file(root, pid, "stat", text, (size_t)len);
	write_file(root, pid, "status", "Uid:\t1\t2\t3\t4\n", 13);
	write_file(root, pid, "cmdline", cmdline, strlen(cmdline));
}

/* Compares the table with the text in a file, row by row so that a difference can be read. */
static void is_text_of(struct rig *g, const char *path)
{
	_cleanup_(cleanup_procfs) struct procfs *fs = NULL;
	_cleanup_(buf_done) struct buf text = {0};
	const char *want, *got;
	size_t want_len;

	text_put_table(&text, g->t);
	buf_put_u8(&text, '\0');
	if (!ok(text.err == 0) || !ok_r(procfs_open(".", &fs)) || !ok_r(procfs_read(fs, path, &want, &want_len)))
		return;
	got = (const char *)text.p;
	while (*want && *got) {
		size_t w = strcspn(want, "\n"), h = strcspn(got, "\n");

		if (!ok(w == h && memcmp(want, got, w) == 0))
			printf("# want %.*s\n# got  %.*s\n", (int)w, want, (int)h, got);
		want += w + 1;
		got += h + 1;
	}
	ok(*want == *got);
}

static void every_column_of_the_debian_tree_is_right(void)
{
	_cleanup_(cleanup_redact) struct redact *rd = NULL;
	struct rig g;

	ok_r(redact_new(NULL, 0, NULL, &rd));
	if (rig_up(&g, "tests/fixtures/proc-debian12", rd)) {
		ok_r(sample(&g));
		is_text_of(&g, "tests/fixtures/proc-debian12/processes.txt");
		ok_r(sample(&g)); /* the same from the kept files */
		is_text_of(&g, "tests/fixtures/proc-debian12/processes.txt");
	}
	rig_down(&g);
}

static void what_kernel_3_10_does_not_print_is_null(void)
{
	struct rig g;

	if (rig_up(&g, "tests/fixtures/proc-3.10", NULL)) {
		ok_r(sample(&g));
		is_text_of(&g, "tests/fixtures/proc-3.10/processes.txt");
	}
	rig_down(&g);
}

static void a_tree_without_processes_has_no_table(void)
{
	struct rig g;

	if (rig_up(&g, tap_tmpdir(), NULL))
		eq(sample(&g), -ENOENT);
	rig_down(&g);
}

static void a_process_that_vanishes_between_two_of_its_files_has_no_row(void)
{
	const char *root = tap_tmpdir();
	struct rig g;

	write_process(root, 30, "stays", 100, 1, "stays");
	write_process(root, 9, "goes", 100, 1, "goes");
	write_process(root, 200, "also", 100, 1, "also");
	remove_file(root, 9, "status"); /* its stat is still there */
	if (rig_up(&g, root, NULL)) {
		ok_r(sample(&g));
		eq(g.t->n_rows, 2);
		eq(table_get(g.t, 0, 0), 30); /* by number */
		eq(table_get(g.t, 0, 1), 200);
		str_eq(string(&g, 0, "cmdline"), "stays");
	}
	rig_down(&g);
}

static void a_file_that_is_no_stat_is_a_row_less(void)
{
	static const char *const bad[] = {
	    "", "7", "7 (x", "7 x) S 1", "7 (x)", "7 (x) ", "7 (x) S", "7 (x) S 1 1", ") 7 (", "x (y) S 1 1"};
	const char *root = tap_tmpdir();
	struct rig g;

	if (rig_up(&g, root, NULL))
		for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
			write_process(root, 8, "fine", 100, 1, "fine");
			write_process(root, 7, "x", 100, 1, "x");
			write_file(root, 7, "stat", bad[i], strlen(bad[i]));
			ok_r(sample(&g));
			eq(g.t->n_rows, 1);
			eq(row_of(&g, 8), 0);
		}
	rig_down(&g);
}

static void a_number_given_again_is_another_process(void)
{
	const char *root = tap_tmpdir();
	struct rig g;

	write_process(root, 50, "first", 100, 7, "first one");
	if (rig_up(&g, root, NULL)) {
		ok_r(sample(&g));
		str_eq(string(&g, 0, "cmdline"), "first one");
		eq(number(&g, 0, "start_us"), 1000000);
		/* As active as the one before, so that only the start time tells. */
		write_process(root, 50, "second", 200, 7, "second one");
		ok_r(sample(&g));
		eq(g.t->n_rows, 1);
		eq(number(&g, 0, "start_us"), 2000000);
		str_eq(string(&g, 0, "comm"), "second");
		str_eq(string(&g, 0, "cmdline"), "second one");
	}
	rig_down(&g);
}

static void a_command_line_is_read_again_only_after_the_process_ran(void)
{
	const char *root = tap_tmpdir();
	struct rig g;

	write_process(root, 50, "pg", 100, 7, "postgres: idle");
	if (rig_up(&g, root, NULL)) {
		ok_r(sample(&g));
		write_process(root, 50, "pg", 100, 7, "postgres: SELECT");
		ok_r(sample(&g));
		str_eq(string(&g, 0, "cmdline"), "postgres: idle");
		write_process(root, 50, "pg", 100, 8, "postgres: SELECT");
		ok_r(sample(&g));
		str_eq(string(&g, 0, "cmdline"), "postgres: SELECT");
		/* It is ending: the kernel has no command line any more. */
		write_process(root, 50, "pg", 100, 9, "");
		ok_r(sample(&g));
		str_eq(string(&g, 0, "cmdline"), "postgres: SELECT");
	}
	rig_down(&g);
}

/* What stands in status, and how often it was given a CPU. */
static void write_sleeper(const char *root, unsigned euid, unsigned timeslices, unsigned rss)
{
	char text[128];

	write_file(root, 50, "statm", text, (size_t)snprintf(text, sizeof text, "1 %u 0 0 0 0 0\n", rss));
	write_file(root, 50, "status", text, (size_t)snprintf(text, sizeof text, "Uid:\t1\t%u\t3\t4\n", euid));
	write_file(root, 50, "schedstat", text, (size_t)snprintf(text, sizeof text, "100 20 %u\n", timeslices));
	write_file(root, 50, "stat", text,
	    (size_t)snprintf(text, sizeof text, "50 (x) S 1 1 1 0 -1 0 1 2 3 4 5 0 0 0 20 0 1 0 9 4096 %u\n", rss));
}

/* The euid in the process's row at that time; -1 if there is no row. */
static int euid_at(struct rig *g, struct pidfiles *pf, struct process *p, uint64_t now_ms, bool parent)
{
	static const int pids[] = {1, 50};
	const struct process_tick tick = {.now_ms = now_ms, .pids = parent ? pids : pids + 1, .n = parent ? 2 : 1};
	uint32_t row;
	int r;

	table_clear(g->t);
	ok_r(table_add_row(g->t, &row));
	r = process_sample(&g->env, pf, p, &tick, g->t, row);
	pidset_settle(pf, &p->files);
	if (!ok_r(r))
		return -1;
	str_eq(string(g, 0, "comm"), "x");
	str_eq(string(g, 0, "state"), "S");
	eq(number(g, 0, "minflt"), 1);
	return (int)number(g, 0, "euid");
}

static void a_process_that_slept_is_read_in_full_only_now_and_then(void)
{
	_cleanup_(cleanup_pidfiles) struct pidfiles *pf = NULL;
	const char *root = tap_tmpdir();
	struct process *p = NULL;
	uint64_t now = 1000000;
	struct rig g;

	write_process(root, 50, "x", 9, 7, "x");
	write_sleeper(root, 1, 7, 1);
	if (rig_up(&g, root, NULL) && ok_r(sample(&g)) && ok_r(pidfiles_new(g.env.fs, &pf)) &&
	    ok_r(process_new(50, &p))) {
		const int *pids;
		size_t n;

		ok_r(pidfiles_list(pf, &pids, &n));
		eq(euid_at(&g, pf, p, now, true), 1);
		write_sleeper(root, 2, 8, 1); /* it ran */
		eq(euid_at(&g, pf, p, now, true), 2);
		write_sleeper(root, 3, 8, 1); /* it slept, for the first time: its memory is not known to be the same */
		eq(euid_at(&g, pf, p, now, true), 3);
		write_sleeper(root, 4, 8, 1); /* no sign of a change: after 10 s at the latest */
		eq(euid_at(&g, pf, p, now, true), 3);
		eq(euid_at(&g, pf, p, now + PROCESS_FULL_MS, true), 4);
		now += PROCESS_FULL_MS;
		write_sleeper(root, 5, 8, 1);
		eq(euid_at(&g, pf, p, now, true), 4);
		eq(euid_at(&g, pf, p, now, false), 5); /* its parent is gone */
		eq(number(&g, 0, "rss_bytes"), 4096);
		write_sleeper(root, 6, 8, 2); /* its memory is another size */
		eq(euid_at(&g, pf, p, now, true), 6);
		eq(number(&g, 0, "rss_bytes"), 8192);
	}
	if (p)
		process_free(pf, p);
	rig_down(&g);
}

static void write_seldom(const char *root, const char *cgroup, const char *oom_score)
{
	char text[128];

	write_file(root, 50, "cgroup", text, (size_t)snprintf(text, sizeof text, "0::%s\n", cgroup));
	write_file(root, 50, "oom_score", oom_score, strlen(oom_score));
}

static void what_changes_seldom_is_read_seldom(void)
{
	_cleanup_(cleanup_pidfiles) struct pidfiles *pf = NULL;
	const char *root = tap_tmpdir();
	struct process *p = NULL;
	uint64_t now = 30000000 - 50 * 997; /* a period begins */
	unsigned ran = 7;
	struct rig g;

	write_process(root, 50, "x", 9, 7, "x");
	write_sleeper(root, 1, ran, 1);
	write_seldom(root, "/manager", "1\n");
	write_file(root, 50, "oom_score_adj", "-900\n", 5);
	if (rig_up(&g, root, NULL) && ok_r(sample(&g)) && ok_r(pidfiles_new(g.env.fs, &pf)) &&
	    ok_r(process_new(50, &p))) {
		const int *pids;
		size_t n;

		ok_r(pidfiles_list(pf, &pids, &n));
		euid_at(&g, pf, p, now, true);
		str_eq(string(&g, 0, "cgroup"), "/manager");
		eq((int64_t)number(&g, 0, "oom_score_adj"), -900);
		ok(is_null(&g, 0, "fds"));
		/* It was put into its cgroup after it had begun. */
		write_seldom(root, "/service", "2\n");
		write_sleeper(root, 1, ++ran, 1);
		euid_at(&g, pf, p, now + 1, true);
		str_eq(string(&g, 0, "cgroup"), "/manager");
		eq(number(&g, 0, "oom_score"), 1);
		euid_at(&g, pf, p, now + PROCESS_FULL_MS, true);
		str_eq(string(&g, 0, "cgroup"), "/service");
		eq(number(&g, 0, "oom_score"), 2);
		write_seldom(root, "/elsewhere", "3\n");
		euid_at(&g, pf, p, now + PROCESS_FULL_MS + 1, true); /* it sleeps */
		str_eq(string(&g, 0, "cgroup"), "/service");
		eq(number(&g, 0, "oom_score"), 2);
		euid_at(&g, pf, p, now + 2 * PROCESS_FULL_MS, true);
		str_eq(string(&g, 0, "cgroup"), "/service");
		euid_at(&g, pf, p, now + PROCESS_SELDOM_MS, true);
		str_eq(string(&g, 0, "cgroup"), "/elsewhere");
		eq(number(&g, 0, "oom_score"), 3);
	}
	if (p)
		process_free(pf, p);
	rig_down(&g);
}

static void what_it_waits_in_is_said_of_a_process_that_cannot_be_woken(void)
{
	static const char *const stat = "50 (x) %c 1 1 1 0 -1 0 1 2 3 4 5 0 0 0 20 0 2 0 9 4096 1\n";
	const char *root = tap_tmpdir();
	char text[128];
	struct rig g;

	write_process(root, 50, "x", 9, 7, "x");
	write_file(root, 50, "schedstat", "100 20 7\n", 9);
	write_file(root, 50, "wchan", "io_schedule", 11);
	if (rig_up(&g, root, NULL)) {
		ok_r(sample(&g));
		ok(is_null(&g, 0, "wchan")); /* state S */
		write_file(root, 50, "stat", text, (size_t)snprintf(text, sizeof text, stat, 'D'));
		write_file(root, 50, "schedstat", "100 20 8\n", 9);
		ok_r(sample(&g));
		str_eq(string(&g, 0, "wchan"), "io_schedule");
		write_file(root, 50, "wchan", "other", 5);
		ok_r(sample(&g)); /* it did not run, so that it waits still */
		str_eq(string(&g, 0, "wchan"), "io_schedule");
		write_file(root, 50, "schedstat", "101 20 9\n", 9);
		ok_r(sample(&g));
		str_eq(string(&g, 0, "wchan"), "other");
		write_file(root, 50, "wchan", "0", 1);
		write_file(root, 50, "schedstat", "102 20 10\n", 10);
		ok_r(sample(&g));
		ok(is_null(&g, 0, "wchan"));
	}
	rig_down(&g);
}

static void a_process_is_in_the_cgroup_that_says_most(void)
{
	static const struct {
		const char *text, *cgroup;
	} all[] = {{"0::/a.slice/b.service\n", "/a.slice/b.service"},
	    {"4:memory:/m\n1:name=systemd:/s\n0::/v2\n", "/v2"}, {"4:memory:/m\n1:name=systemd:/s\n0::/\n", "/s"},
	    {"9:name=systemd:/\n4:memory:/m\n3:cpu:/c\n0::/\n", "/m"}, {"9:pids:/\n0::/\n", "/"},
	    {"0::/with:colons: and blanks\n", "/with:colons: and blanks"}, {"", NULL}, {"0::/cut", NULL},
	    {"0:/\n", NULL}, {"nothing\n::\n", NULL}};

	for (size_t i = 0; i < N_ELEMENTS(all); i++) {
		const char *path = "";
		size_t len = 0;

		eq(pidparse_cgroup(all[i].text, &path, &len), all[i].cgroup != NULL);
		if (all[i].cgroup)
			ok(len == strlen(all[i].cgroup) && memcmp(path, all[i].cgroup, len) == 0);
	}
}

static void descriptors_are_counted_up_to_a_bound(void)
{
	_cleanup_(cleanup_pidfiles) struct pidfiles *pf = NULL;
	const char *root = tap_tmpdir();
	char path[256];
	struct rig g;

	write_process(root, 50, "x", 9, 7, "x");
	snprintf(path, sizeof path, "%s/proc/50/fd", root);
	ok(mkdir(path, 0777) == 0);
	if (rig_up(&g, root, NULL) && ok_r(pidfiles_new(g.env.fs, &pf))) {
		const int *pids;
		struct pidset s;
		uint64_t n;
		size_t n_pids;

		ok_r(pidfiles_list(pf, &pids, &n_pids));
		pidset_init(&s, 50);
		ok_r(pidset_count_fds(pf, &s, &n));
		eq(n, 0);
		for (int i = 0; i <= PIDFILES_FDS_MAX; i++) {
			snprintf(path, sizeof path, "%s/proc/50/fd/%d", root, i);
			close(open(path, O_WRONLY | O_CREAT, 0666));
			if (i == PIDFILES_FDS_MAX - 1) {
				ok_r(pidset_count_fds(pf, &s, &n));
				eq(n, PIDFILES_FDS_MAX);
			}
		}
		eq(pidset_count_fds(pf, &s, &n), -E2BIG);
		pidset_done(pf, &s);
	}
	rig_down(&g);
}

static void command_lines_are_cut_in_front_of_a_character(void)
{
	const char *root = tap_tmpdir();
	struct rig g;

	write_process(root, 50, "x", 100, 7, "12345\xe2\x82\xac tail");
	if (rig_up(&g, root, NULL)) {
		g.env.cmdline_max = 7;
		ok_r(sample(&g));
		str_eq(string(&g, 0, "cmdline"), "12345");
		g.env.cmdline_max = 8;
		write_process(root, 50, "x", 100, 8, "12345\xe2\x82\xac tail");
		ok_r(sample(&g));
		str_eq(string(&g, 0, "cmdline"), "12345\xe2\x82\xac");
	}
	rig_down(&g);
}

static void more_processes_than_files_may_be_kept_are_all_there(void)
{
	const char *root = tap_tmpdir();
	struct rlimit before, few;
	struct rig g;

	for (int pid = 1; pid <= 300; pid++)
		write_process(root, pid, "many", 100, 7, "many of them");
	getrlimit(RLIMIT_NOFILE, &before);
	few = (struct rlimit){300, before.rlim_max};
	ok(setrlimit(RLIMIT_NOFILE, &few) == 0);
	if (rig_up(&g, root, NULL))
		for (int tick = 0; tick < 3; tick++) {
			ok_r(sample(&g));
			eq(g.t->n_rows, 300);
			for (int i = 0; i < 300; i++)
				if (is_null(&g, i, "euid") || is_null(&g, i, "cmdline"))
					eq(i, -1);
		}
	rig_down(&g);
	setrlimit(RLIMIT_NOFILE, &before);
}

/* The state of a process as the kernel says it: 'S' sleeps. */
static char state_of(pid_t pid)
{
	char path[64], line[512] = "", *end;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ok(fd >= 0 && read(fd, line, sizeof line - 1) > 0);
	close(fd);
	end = strrchr(line, ')');
	return end && end[1] == ' ' ? end[2] : '?';
}

/* A child that waits to be killed, with that name, and with so much memory that the kernel, which counts pages in
 * portions, has counted some. */
static pid_t start_child(const char *comm)
{
	static char memory[8 << 20];
	int pipefd[2];
	pid_t pid;
	char c;

	ok(pipe(pipefd) == 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, comm);
		memset(memory, 1, sizeof memory);
		close(pipefd[0]);
		close(pipefd[1]);
		for (;;)
			pause();
	}
	close(pipefd[1]);
	ok(read(pipefd[0], &c, 1) == 0); /* it has its name */
	close(pipefd[0]);
	for (int i = 0; i < 60000 && state_of(pid) != 'S'; i++)
		usleep(1000);
	return pid;
}

/* Of this process, which a child has inherited. */
static int n_open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void a_real_process_is_recorded_until_it_is_reaped(void)
{
	int row, n_fds = n_open_fds();
	pid_t pid = start_child("x) S\n1 (");
	struct rig g;

	if (rig_up(&g, "/", NULL)) {
		ok_r(sample(&g));
		row = row_of(&g, pid);
		if (ok(row >= 0)) {
			str_eq(string(&g, row, "comm"), "x) S\n1 (");
			str_eq(string(&g, row, "state"), "S");
			eq(number(&g, row, "ppid"), getpid());
			eq(number(&g, row, "euid"), geteuid());
			ok(number(&g, row, "rss_bytes") > 0);
			ok(!is_null(&g, row, "cmdline"));
			eq(number(&g, row, "fds"), n_fds);
		}
		kill(pid, SIGKILL);
		waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT);
		ok_r(sample(&g));
		row = row_of(&g, pid);
		if (ok(row >= 0)) {
			str_eq(string(&g, row, "state"), "Z");
			ok(is_null(&g, row, "peak_rss_bytes"));
			ok(!is_null(&g, row, "cmdline")); /* what it was called */
		}
		waitpid(pid, NULL, 0);
		ok_r(sample(&g));
		eq(row_of(&g, pid), -1);
	}
	rig_down(&g);
}

int main(void)
{
	RUN(every_column_of_the_debian_tree_is_right);
	RUN(what_kernel_3_10_does_not_print_is_null);
	RUN(a_tree_without_processes_has_no_table);
	RUN(a_process_that_vanishes_between_two_of_its_files_has_no_row);
	RUN(a_file_that_is_no_stat_is_a_row_less);
	RUN(a_number_given_again_is_another_process);
	RUN(a_command_line_is_read_again_only_after_the_process_ran);
	RUN(a_process_that_slept_is_read_in_full_only_now_and_then);
	RUN(what_changes_seldom_is_read_seldom);
	RUN(what_it_waits_in_is_said_of_a_process_that_cannot_be_woken);
	RUN(a_process_is_in_the_cgroup_that_says_most);
	RUN(descriptors_are_counted_up_to_a_bound);
	RUN(command_lines_are_cut_in_front_of_a_character);
	RUN(more_processes_than_files_may_be_kept_are_all_there);
	RUN(a_real_process_is_recorded_until_it_is_reaped);
	return tap_done();
}
