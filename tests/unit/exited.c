/* exited.c -- tests of the table exited with processes that really end; as root, on Linux 5.19 or newer */
#include "collector/exitwatch.h"
#include "collector/seen.h"
#include "tests/table_check.h"

#include <linux/netlink.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

enum { N_SHORT = 100, SHORT_US = 2000, BURN_MS = 200, TOUCHED = 64 << 20, SKIPPED = 77, PATIENCE_S = 30 };

/* A row of the table, as it was when it was found. */
struct found {
	unsigned times;
	char cells[N_EXIT_COLUMNS][40];
};

static const char *found_cell(const struct source_rig *g, const struct found *f, const char *name)
{
	int c = column(g, name);

	return c < 0 ? "-" : f->cells[c];
}

static long long found_number(const struct source_rig *g, const struct found *f, const char *name)
{
	return strtoll(found_cell(g, f, name), NULL, 10);
}

/* Samples, and keeps the rows of these processes. How many there were is added up. */
static unsigned look(struct source_rig *g, const pid_t *pids, struct found *found, size_t n)
{
	unsigned news = 0;

	ok_r(source_rig_sample(g));
	for (uint32_t row = 0; row < g->t->n_rows; row++)
		for (size_t i = 0; i < n; i++) {
			if (table_get(g->t, EXIT_PID, row) != (uint64_t)pids[i])
				continue;
			news++;
			found[i].times++;
			for (unsigned c = 0; c < N_EXIT_COLUMNS; c++)
				snprintf(found[i].cells[c], sizeof found[i].cells[c], "%s",
				    cell(g, row, g->t->schema->columns[c].name));
		}
	return news;
}

static long long clock_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* The kernel has sent the messages when waitpid(2) returns; the thread that takes them may not have run yet. */
static void look_until_found(struct source_rig *g, const pid_t *pids, struct found *found, size_t n)
{
	long long until = clock_ms(CLOCK_MONOTONIC) + PATIENCE_S * 1000;
	size_t n_found = 0;

	while (n_found < n && clock_ms(CLOCK_MONOTONIC) < until) {
		n_found += look(g, pids, found, n);
		usleep(1000);
	}
	eq(n_found, n);
}

static bool up(struct source_rig *g)
{
	return rig_up(g, "exited", "/") && ok_r(source_rig_sample(g));
}

static pid_t run(void (*life)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		life();
		_exit(0);
	}
	ok(pid > 0);
	return pid;
}

static void run_and_find(struct source_rig *g, void (*life)(void), struct found *ret)
{
	pid_t pid = run(life);
	int status;

	memset(ret, 0, sizeof *ret);
	eq(waitpid(pid, &status, 0), pid);
	look_until_found(g, &pid, ret, 1);
}

static void a_hundred_processes_that_live_2_ms_are_all_there_once_with_their_exit_codes(void)
{
	static struct found found[N_SHORT];
	pid_t pids[N_SHORT];
	struct source_rig g;
	unsigned once = 0, right = 0;
	int status;

	if (up(&g)) {
		for (int i = 0; i < N_SHORT; i++) {
			pids[i] = fork();
			if (pids[i] == 0) {
				usleep(SHORT_US);
				_exit(i);
			}
			eq(waitpid(pids[i], &status, 0), pids[i]);
		}
		look_until_found(&g, pids, found, N_SHORT);
		for (int i = 0; i < N_SHORT; i++) {
			once += found[i].times == 1;
			right += found_number(&g, &found[i], "exit_code") == i &&
			         strcmp(found_cell(&g, &found[i], "signal"), "0") == 0 &&
			         found_number(&g, &found[i], "lived_us") >= SHORT_US &&
			         found_number(&g, &found[i], "ppid") == getpid() &&
			         strcmp(found_cell(&g, &found[i], "threads"), "1") == 0;
		}
		eq(once, N_SHORT);
		eq(right, N_SHORT);
	}
	source_rig_down(&g);
}

static void be_killed(void)
{
	raise(SIGKILL);
}

static void a_process_that_a_signal_ended_has_the_signal_and_no_exit_code(void)
{
	struct source_rig g;
	struct found f;

	if (up(&g)) {
		run_and_find(&g, be_killed, &f);
		str_eq(found_cell(&g, &f, "signal"), "9");
		str_eq(found_cell(&g, &f, "core_dumped"), "0");
		str_eq(found_cell(&g, &f, "exit_code"), "NULL");
	}
	source_rig_down(&g);
}

/* What the kernel's ticks found this process to have computed: CPUCLOCK_PROF of the kernel's own header. getrusage(2)
 * and times(2) say something else, namely that time fitted to the true one. */
static const clockid_t SAMPLED_CPUTIME = (clockid_t)(~0U << 3);

static void burn(void)
{
	while (clock_ms(CLOCK_PROCESS_CPUTIME_ID) < BURN_MS)
		;
}

/* And until half of it was sampled, too: ticks may find others at work, and those that a hypervisor stole none. */
static void burn_sampled(void)
{
	burn();
	while (clock_ms(SAMPLED_CPUTIME) < BURN_MS / 2 && clock_ms(CLOCK_PROCESS_CPUTIME_ID) < PATIENCE_S * 1000)
		;
}

static void what_a_process_computed_is_there(void)
{
	struct source_rig g;
	struct found f;

	if (up(&g)) {
		run_and_find(&g, burn_sampled, &f);
		ok(found_number(&g, &f, "utime_us") + found_number(&g, &f, "stime_us") >= BURN_MS / 2 * 1000);
		ok(found_number(&g, &f, "run_ns") > BURN_MS * 1000000LL / 2);
		ok(found_number(&g, &f, "lived_us") >= BURN_MS * 1000);
	}
	source_rig_down(&g);
}

static void touch(void)
{
	char *p = mmap(NULL, TOUCHED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(1);
	memset(p, 1, TOUCHED);
	munmap(p, TOUCHED);
}

static void the_most_memory_that_a_process_had_is_there_though_it_gave_it_back(void)
{
	struct source_rig g;
	struct found f;

	if (up(&g)) {
		run_and_find(&g, touch, &f);
		str_eq(found_cell(&g, &f, "exit_code"), "0");
		/* Pages are counted in portions, on each CPU; and a machine that has little memory takes some away. */
		ok(found_number(&g, &f, "peak_rss_bytes") >= TOUCHED / 2);
		ok(found_number(&g, &f, "peak_vsize_bytes") >= TOUCHED);
		ok(found_number(&g, &f, "minflt") > 0);
	}
	source_rig_down(&g);
}

static void *burn_thread(void *arg)
{
	while (clock_ms(CLOCK_THREAD_CPUTIME_ID) < BURN_MS / 4)
		;
	return arg;
}

static void be_five_threads(void)
{
	pthread_t threads[4];

	prctl(PR_SET_NAME, "five threads");
	for (size_t i = 0; i < N_ELEMENTS(threads); i++)
		if (pthread_create(&threads[i], NULL, burn_thread, NULL) != 0)
			_exit(1);
	for (size_t i = 0; i < N_ELEMENTS(threads); i++)
		pthread_join(threads[i], NULL);
	_exit(5);
}

static void a_process_of_many_threads_is_one_row_with_the_sum_of_them(void)
{
	struct source_rig g;
	struct found f;

	if (up(&g)) {
		run_and_find(&g, be_five_threads, &f);
		eq(f.times, 1);
		str_eq(found_cell(&g, &f, "threads"), "5");
		str_eq(found_cell(&g, &f, "exit_code"), "5");
		str_eq(found_cell(&g, &f, "comm"), "five threads");
		ok(found_number(&g, &f, "run_ns") > BURN_MS * 1000000LL / 2);
	}
	source_rig_down(&g);
}

/* Whether the thread that the process began with has ended: it stays as a zombie while there are others. */
static bool main_thread_ended(void)
{
	char path[64], line[256] = "";
	const char *state;
	int fd;

	snprintf(path, sizeof path, "/proc/self/task/%d/stat", getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, line, sizeof line - 1) < 0)
		_exit(1);
	close(fd);
	state = strrchr(line, ')');
	return state && state[1] == ' ' && state[2] == 'Z';
}

static void *end_all(void *arg)
{
	(void)arg;
	for (int i = 0; i < PATIENCE_S * 1000 && !main_thread_ended(); i++)
		usleep(1000);
	_exit(6);
}

static void be_ended_by_a_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, end_all, NULL) != 0)
		_exit(1);
	pthread_exit(NULL); /* the main thread */
}

static void a_process_whose_main_thread_ended_first_is_one_row_with_the_exit_code_of_the_last(void)
{
	struct source_rig g;
	struct found f;

	if (up(&g)) {
		run_and_find(&g, be_ended_by_a_thread, &f);
		eq(f.times, 1);
		str_eq(found_cell(&g, &f, "threads"), "2");
		str_eq(found_cell(&g, &f, "exit_code"), "6");
	}
	source_rig_down(&g);
}

static void wait_to_be_killed(void)
{
	pause();
}

/* Whether a process had the same key while it lived and when it had ended. A number may be given again after a second:
 * who hears of the end later than that cannot know, nor can this. */
static bool has_one_key(struct source_rig *g, struct source_rig *processes, bool *ret_in_time)
{
	long long begun_ms = clock_ms(CLOCK_MONOTONIC);
	pid_t pid = run(wait_to_be_killed);
	char start[40] = "";
	struct found f = {0};
	int status;

	ok_r(source_rig_sample(processes));
	for (uint32_t row = 0; row < processes->t->n_rows; row++)
		if (strtoll(cell(processes, row, "pid"), NULL, 10) == pid)
			snprintf(start, sizeof start, "%s", cell(processes, row, "start_us"));
	kill(pid, SIGTERM);
	eq(waitpid(pid, &status, 0), pid);
	look_until_found(g, &pid, &f, 1);
	*ret_in_time = clock_ms(CLOCK_MONOTONIC) - begun_ms < 1000;
	ok(start[0] != '\0');
	return strcmp(found_cell(g, &f, "start_us"), start) == 0;
}

static void a_process_that_was_seen_alive_has_the_same_key_in_both_tables(void)
{
	_cleanup_(cleanup_seen) struct seen *seen = NULL;
	struct source_rig g, processes;
	bool same = false, in_time = false;

	ok_r(seen_new(&seen));
	if (up(&g) && rig_up(&processes, "processes", "/")) {
		g.env.seen = processes.env.seen = seen;
		g.env.ticks_per_s = processes.env.ticks_per_s = (uint64_t)sysconf(_SC_CLK_TCK);
		for (int i = 0; i < PATIENCE_S && !same && !in_time; i++)
			same = has_one_key(&g, &processes, &in_time);
		ok(same);
		source_rig_down(&processes);
	}
	source_rig_down(&g);
}

static void the_times_of_a_process_that_was_never_seen_are_near(void)
{
	struct source_rig g;
	struct timespec before, after;
	struct found f;
	long long start, end;

	if (up(&g)) {
		clock_gettime(CLOCK_BOOTTIME, &before);
		run_and_find(&g, burn, &f);
		clock_gettime(CLOCK_BOOTTIME, &after);
		start = found_number(&g, &f, "start_us");
		end = found_number(&g, &f, "end_us");
		ok(start >= before.tv_sec * 1000000LL + before.tv_nsec / 1000 - 1);
		ok(end <= after.tv_sec * 1000000LL + after.tv_nsec / 1000);
		eq(end - start, found_number(&g, &f, "lived_us"));
	}
	source_rig_down(&g);
}

static void delays_are_not_known_while_the_kernel_does_not_count_them(void)
{
	struct source_rig g;
	struct found f;
	char on[8] = "";
	int fd = open("/proc/sys/kernel/task_delayacct", O_RDONLY);

	if (fd >= 0) {
		ok(read(fd, on, sizeof on - 1) > 0);
		close(fd);
	}
	if (up(&g)) {
		run_and_find(&g, be_killed, &f);
		if (on[0] == '0')
			str_eq(found_cell(&g, &f, "block_delay_us"), "NULL");
		else if (on[0] == '1')
			ok(strcmp(found_cell(&g, &f, "swapin_delay_us"), "NULL") != 0);
	}
	source_rig_down(&g);
}

static void what_ends_while_the_configuration_changes_is_not_missed(void)
{
	struct source_rig before, after;
	struct found f = {0};
	pid_t pid;
	int status;

	if (up(&before)) {
		pid = run(be_killed);
		eq(waitpid(pid, &status, 0), pid);
		if (rig_up(&after, "exited", "/")) {
			source_rig_down(&before);
			look_until_found(&after, &pid, &f, 1);
		}
		source_rig_down(&after);
	}
}

/* Makes the kernel's buffer for our messages as small as can be. */
static bool shrink_buffer(void)
{
	for (int fd = 3; fd < 256; fd++) {
		int protocol, size = 1;
		socklen_t len = sizeof protocol;

		if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) == 0 && protocol == NETLINK_GENERIC)
			return setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) == 0;
	}
	return false;
}

static void messages_that_the_kernel_had_no_room_for_are_counted(void)
{
	long long until = clock_ms(CLOCK_MONOTONIC) + PATIENCE_S * 1000;
	char note[sizeof((struct source_report *)NULL)->note] = "";
	struct source_rig g;
	struct found f;
	uint64_t lost = 0;

	if (up(&g) && ok(shrink_buffer())) {
		ok(exitwatch_lost(&lost) && lost == 0);
		while (exitwatch_lost(&lost) && lost == 0 && clock_ms(CLOCK_MONOTONIC) < until)
			for (int i = 0; i < 50; i++)
				run(be_killed);
		while (wait(NULL) > 0)
			;
		ok(lost > 0);
		until = clock_ms(CLOCK_MONOTONIC) + PATIENCE_S * 1000;
		g.env.note = note;
		/* And it goes on. */
		for (f.times = 0; f.times == 0 && clock_ms(CLOCK_MONOTONIC) < until;) {
			pid_t pid = run(be_killed);

			eq(waitpid(pid, NULL, 0), pid);
			usleep(10000);
			look(&g, &pid, &f, 1);
		}
		eq(f.times, 1);
		ok(strstr(note, "lost"));
	}
	source_rig_down(&g);
	ok(!exitwatch_lost(&lost));
}

static void another_root_has_no_such_table(void)
{
	struct source_rig g;

	if (rig_up(&g, "exited", "tests/fixtures/proc-debian12"))
		eq(source_rig_sample(&g), -ENOENT);
	source_rig_down(&g);
}

enum { N_UNPRIVILEGED = 20 };

/* Runs processes and looks for them. False: the kernel had no room for the messages, for which who has no privilege
 * cannot ask: others end as well, in thousands while something is built. */
static bool look_for_short_ones(struct source_rig *g, bool *ret_right)
{
	static struct found found[N_UNPRIVILEGED];
	long long until = clock_ms(CLOCK_MONOTONIC) + PATIENCE_S * 1000;
	pid_t pids[N_UNPRIVILEGED];
	uint64_t before = 0, lost = 0;
	size_t n_found = 0;

	memset(found, 0, sizeof found);
	*ret_right = exitwatch_lost(&before);
	for (int i = 0; i < N_UNPRIVILEGED; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			usleep(SHORT_US);
			_exit(i);
		}
		if (waitpid(pids[i], NULL, 0) != pids[i])
			*ret_right = false;
	}
	while (n_found < N_UNPRIVILEGED && clock_ms(CLOCK_MONOTONIC) < until) {
		n_found += look(g, pids, found, N_UNPRIVILEGED);
		if (exitwatch_lost(&lost) && lost != before) {
			*ret_right = false;
			return false;
		}
		usleep(1000);
	}
	for (int i = 0; i < N_UNPRIVILEGED; i++)
		*ret_right &= found[i].times == 1 && found_number(g, &found[i], "exit_code") == i &&
		              found_number(g, &found[i], "ppid") == getpid() &&
		              found_number(g, &found[i], "lived_us") >= SHORT_US &&
		              strcmp(found_cell(g, &found[i], "utime_us"), "NULL") == 0;
	return true;
}

/* In a process of its own, which has no privilege. Its exit status. */
static int look_without_privilege(void)
{
	char note[sizeof((struct source_report *)NULL)->note] = "";
	int taskstats_r, procevents_r;
	struct exitwatch *w;
	struct source_rig g;
	bool right = false;

	if (setresuid(65534, 65534, 65534) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0 || exitwatch_get(&w) < 0)
		return 1;
	if (exitwatch_source(w, &taskstats_r, &procevents_r) != EXITWATCH_PROCEVENTS)
		return taskstats_r == -EPERM ? SKIPPED : 2;
	if (!up(&g))
		return 3;
	g.env.note = note;
	for (int i = 0; i < PATIENCE_S && !look_for_short_ones(&g, &right); i++)
		;
	source_rig_down(&g);
	exitwatch_put(w);
	return right && strstr(note, "CAP_NET_ADMIN") ? 0 : 5;
}

static void without_the_privilege_the_proc_connector_tells_of_them(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(look_without_privilege());
	eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		fprintf(stderr, "# nothing is to be had without the privilege here: not tested\n");
	else
		eq(status, 0);
}

/* Why nothing of this can be tested, or NULL. */
static const char *reason(void)
{
	static char text[128];
	int taskstats_r, procevents_r;
	enum exitwatch_source source;
	struct exitwatch *w;

	if (exitwatch_get(&w) < 0)
		return NULL;
	source = exitwatch_source(w, &taskstats_r, &procevents_r);
	exitwatch_put(w);
	snprintf(text, sizeof text, "taskstats: %s", strerror(-taskstats_r));
	return source == EXITWATCH_TASKSTATS ? NULL : text;
}

int main(void)
{
	const char *why = reason();

	RUN(another_root_has_no_such_table);
	if (why) {
		SKIP(processes_that_end_are_recorded, why);
		return tap_done();
	}
	RUN(a_hundred_processes_that_live_2_ms_are_all_there_once_with_their_exit_codes);
	RUN(a_process_that_a_signal_ended_has_the_signal_and_no_exit_code);
	RUN(what_a_process_computed_is_there);
	RUN(the_most_memory_that_a_process_had_is_there_though_it_gave_it_back);
	RUN(a_process_of_many_threads_is_one_row_with_the_sum_of_them);
	RUN(a_process_whose_main_thread_ended_first_is_one_row_with_the_exit_code_of_the_last);
	RUN(a_process_that_was_seen_alive_has_the_same_key_in_both_tables);
	RUN(the_times_of_a_process_that_was_never_seen_are_near);
	RUN(delays_are_not_known_while_the_kernel_does_not_count_them);
	RUN(what_ends_while_the_configuration_changes_is_not_missed);
	RUN(messages_that_the_kernel_had_no_room_for_are_counted);
	RUN(without_the_privilege_the_proc_connector_tells_of_them);
	return tap_done();
}
