/* processes.c -- table processes: one row a process, out of /proc/PID/{stat,status,io,schedstat,cmdline}
 *
 * A process that goes away before all of its files are read is as one that went before the tick: it has no row. What
 * the kernel does not print, or does not show to us, is NULL. How a process is read, and when it is not:
 * collector/process.h. How command lines are read without being held up: collector/cmdline.h.
 *
 * run_ns, run_delay_ns, timeslices, wchan and the context switches are those of the main thread: that is what the
 * kernel has in these files. All others are of the whole process.
 */
#include "collector/cmdline.h"
#include "collector/columns.h"
#include "collector/process.h"
#include "collector/seen.h"

#include <time.h>

#define LABEL_SIGNED(n)                                                                                                \
	{                                                                                                              \
		n, "", COL_I64, KIND_LABEL, 0, 0                                                                       \
	}
#define GAUGE_SIGNED(n)                                                                                                \
	{                                                                                                              \
		n, "", COL_I64, KIND_GAUGE, 0, 0                                                                       \
	}
#define COUNTER_REAPED(n, unit)                                                                                        \
	{                                                                                                              \
		n, unit, COL_U64, KIND_COUNTER, COL_REAPED, 0                                                          \
	}

/* Part of the format: columns are only ever added, at the end. */
static const struct column columns[N_PROCESS_COLUMNS] = {
    [PID] = {"pid", "", COL_U64, KIND_LABEL, COL_KEY, 0},
    [START] = {"start_us", "us", COL_U64, KIND_LABEL, COL_KEY, 0}, /* since boot */
    [PPID] = LABEL("ppid"),
    [THREADS] = GAUGE("threads", ""),
    [STATE] = TEXT("state"),
    [UID] = LABEL("uid"),
    [EUID] = LABEL("euid"),
    [GID] = LABEL("gid"),
    [EGID] = LABEL("egid"),
    [UTIME] = COUNTER("utime_us", "us"),
    [STIME] = COUNTER("stime_us", "us"),
    [RSS] = GAUGE("rss_bytes", "bytes"),
    [VSIZE] = GAUGE("vsize_bytes", "bytes"),
    [MINFLT] = COUNTER("minflt", ""),
    [MAJFLT] = COUNTER("majflt", ""),
    [READ_BYTES] = COUNTER_REAPED("read_bytes", "bytes"),
    [WRITE_BYTES] = COUNTER_REAPED("write_bytes", "bytes"),
    [RUN] = COUNTER("run_ns", "ns"),
    [RUN_DELAY] = COUNTER("run_delay_ns", "ns"),
    [TIMESLICES] = COUNTER("timeslices", ""),
    [BLOCK_DELAY] = COUNTER("block_delay_us", "us"),
    [VOLUNTARY] = COUNTER("voluntary_switches", ""),
    [INVOLUNTARY] = COUNTER("involuntary_switches", ""),
    [NICE] = GAUGE_SIGNED("nice"),
    [PRIO] = GAUGE_SIGNED("prio"),
    [RTPRIO] = GAUGE("rtprio", ""),
    [POLICY] = LABEL("policy"),
    [CPU] = LABEL("cpu"), /* it ran on last */
    [PEAK_RSS] = GAUGE("peak_rss_bytes", "bytes"),
    [RSS_ANON] = GAUGE("rss_anon_bytes", "bytes"),
    [RSS_FILE] = GAUGE("rss_file_bytes", "bytes"),
    [RSS_SHMEM] = GAUGE("rss_shmem_bytes", "bytes"),
    [DATA] = GAUGE("data_bytes", "bytes"),
    [STACK] = GAUGE("stack_bytes", "bytes"),
    [EXE] = GAUGE("exe_bytes", "bytes"),
    [LIB] = GAUGE("lib_bytes", "bytes"),
    [SWAP] = GAUGE("swap_bytes", "bytes"),
    [LOCKED] = GAUGE("locked_bytes", "bytes"),
    [PTE] = GAUGE("pte_bytes", "bytes"),
    [RCHAR] = COUNTER_REAPED("rchar_bytes", "bytes"),
    [WCHAR] = COUNTER_REAPED("wchar_bytes", "bytes"),
    [SYSCR] = COUNTER_REAPED("syscr", ""),
    [SYSCW] = COUNTER_REAPED("syscw", ""),
    [CANCELLED] = COUNTER_REAPED("cancelled_write_bytes", "bytes"),
    [CUTIME] = COUNTER("cutime_us", "us"),
    [CSTIME] = COUNTER("cstime_us", "us"),
    [CMINFLT] = {"cminflt", "", COL_U64, KIND_COUNTER, COL_REAPMARK, 0},
    [CMAJFLT] = COUNTER("cmajflt", ""),
    [EXIT_SIGNAL] = LABEL_SIGNED("exit_signal"),
    [TTY] = TEXT("tty"),
    [COMM] = TEXT("comm"),
    [CMDLINE] = TEXT("cmdline"),
    [SUID] = LABEL("suid"), /* saved */
    [FSUID] = LABEL("fsuid"),
    [SGID] = LABEL("sgid"),
    [FSGID] = LABEL("fsgid"),
    [PINNED] = GAUGE("pinned_bytes", "bytes"),
    [HUGETLB] = GAUGE("hugetlb_bytes", "bytes"),
    [CGROUP] = TEXT("cgroup"),
    [WCHAN] = TEXT("wchan"),
    [OOM_SCORE] = GAUGE("oom_score", ""),
    [OOM_SCORE_ADJ] = GAUGE_SIGNED("oom_score_adj"),
    [FDS] = GAUGE("fds", ""),
};

/* Command lines read at a time, at most. Their processes' files are all open until then. */
enum { BATCH = 32 };

struct processes {
	struct pidfiles *pf;
	struct cmdlines *cmdlines;
	struct process **now, **before; /* ascending by pid; now[i] is row i */
	size_t n_before, cap;
	size_t n_wants;
	struct process *wanting[BATCH]; /* whose command lines are to be read next */
	struct buf scratch;
};

/* Reads the command lines of the processes that wait for it, and is done with their files. */
static int read_cmdlines(const struct source_env *env, struct processes *ps)
{
	struct cmdline_want wants[BATCH];
	int r = 0;

	for (size_t i = 0; i < ps->n_wants; i++)
		wants[i].fd = pidset_fd(ps->pf, &ps->wanting[i]->files, PIDFILE_CMDLINE);
	/* An error says no more than that all are wanted still. */
	cmdlines_run(ps->cmdlines, wants, ps->n_wants);
	for (size_t i = 0; i < ps->n_wants; i++) {
		struct process *p = ps->wanting[i];

		p->want_cmdline = wants[i].r == -EAGAIN || wants[i].r == -ETIMEDOUT;
		p->stuck = wants[i].r == -ETIMEDOUT;
		if (wants[i].r >= 0 && r == 0)
			r = process_keep_cmdline(env, p, wants[i].raw, (size_t)wants[i].r, &ps->scratch);
		pidset_settle(ps->pf, &p->files);
	}
	ps->n_wants = 0;
	return r;
}

/* Ends a process's part of the tick: puts it among those whose command lines are read, or is done with its files. */
static int settle(const struct source_env *env, struct processes *ps, struct process *p)
{
	/* One that was stuck is not tried again while any is stuck. */
	if (p->want_cmdline && !(p->stuck && cmdlines_stuck(ps->cmdlines) > 0)) {
		ps->wanting[ps->n_wants++] = p;
		return ps->n_wants == BATCH || ps->n_wants >= pidfiles_batch(ps->pf) ? read_cmdlines(env, ps) : 0;
	}
	pidset_settle(ps->pf, &p->files);
	return 0;
}

static int make_room(struct processes *ps, size_t n)
{
	struct process **now, **before;

	if (n <= ps->cap)
		return 0;
	n += n / 2;
	now = realloc(ps->now, n * sizeof *now);
	if (!now)
		return -ENOMEM;
	ps->now = now;
	before = realloc(ps->before, n * sizeof *before);
	if (!before)
		return -ENOMEM;
	ps->before = before;
	ps->cap = n;
	return 0;
}

/* Whether an error is about us and not about one process: then the table cannot be had, rather than rows silently less.
 */
static bool is_our_error(int r)
{
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE;
}

/* The process as it was known before, or a new one. Others that come before it in the list are gone. */
static int find_process(struct processes *ps, size_t *b, int pid, struct process **ret)
{
	while (*b < ps->n_before && ps->before[*b]->files.pid < pid)
		process_free(ps->pf, ps->before[(*b)++]);
	if (*b < ps->n_before && ps->before[*b]->files.pid == pid) {
		*ret = ps->before[(*b)++];
		return 0;
	}
	return process_new(pid, ret);
}

static uint64_t clock_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Adds the rows, carrying what is known of each process from before to now. */
static int sample_all(const struct source_env *env, struct processes *ps, struct table *t, const int *pids, size_t n)
{
	const struct process_tick tick = {.now_ms = clock_us(CLOCK_BOOTTIME) / 1000, .pids = pids, .n = n};
	size_t b = 0;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		struct process *p;
		uint32_t row;

		r = find_process(ps, &b, pids[i], &p);
		if (r < 0)
			break;
		r = table_add_row(t, &row);
		if (r < 0) {
			process_free(ps->pf, p);
			break;
		}
		r = process_sample(env, ps->pf, p, &tick, t, row);
		if (r < 0) {
			table_drop_row(t);
			process_free(ps->pf, p);
			r = is_our_error(r) ? r : 0;
		} else {
			ps->now[row] = p;
			r = settle(env, ps, p);
		}
	}
	while (b < ps->n_before)
		process_free(ps->pf, ps->before[b++]);
	ps->n_before = 0;
	return r;
}

/* Says who is alive, and since when. */
static int put_seen(const struct source_env *env, const struct table *t, uint64_t when_us)
{
	if (!env->seen || t->n_rows == 0)
		return 0;
	return seen_put(env->seen, when_us, &t->cells[(size_t)PID * t->cap_rows],
	    &t->cells[(size_t)START * t->cap_rows], t->n_rows);
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	struct processes *ps = state;
	uint64_t when_us = clock_us(CLOCK_BOOTTIME);
	struct process **now;
	const int *pids;
	size_t n;
	int r, last;

	r = pidfiles_list(ps->pf, &pids, &n);
	if (r < 0)
		return r;
	r = make_room(ps, n);
	if (r < 0)
		return r;
	r = sample_all(env, ps, t, pids, n);
	last = read_cmdlines(env, ps);
	if (r == 0)
		r = last;
	if (r == 0)
		r = put_seen(env, t, when_us);
	for (uint32_t i = 0; i < t->n_rows && r == 0; i++)
		if (ps->now[i]->cmdline_len > 0)
			r = table_set_str(t, i, CMDLINE, ps->now[i]->cmdline, ps->now[i]->cmdline_len);
	now = ps->now;
	ps->now = ps->before;
	ps->before = now;
	ps->n_before = t->n_rows;
	return r;
}

static void close_state(void *state)
{
	struct processes *ps = state;

	for (size_t i = 0; i < ps->n_before; i++)
		process_free(ps->pf, ps->before[i]);
	if (ps->cmdlines)
		cmdlines_free(ps->cmdlines);
	if (ps->pf)
		pidfiles_free(ps->pf);
	free(ps->now);
	free(ps->before);
	buf_done(&ps->scratch);
	free(ps);
}

static int open_state(const struct source_env *env, void **ret_state)
{
	struct processes *ps = calloc(1, sizeof *ps);
	int r;

	if (!ps)
		return -ENOMEM;
	r = pidfiles_new(env->fs, &ps->pf);
	if (r == 0)
		r = cmdlines_new((size_t)env->cmdline_max + 4, env->patience_ms, &ps->cmdlines);
	if (r < 0) {
		close_state(ps);
		return r;
	}
	*ret_state = ps;
	return 0;
}

SOURCE(processes) = {
    .name = "processes",
    .id = 1,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = open_state,
    .close = close_state,
    .sample = sample,
};
