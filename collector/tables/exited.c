/* exited.c -- table exited: every process that ended since the snapshot before, however short it lived
 *
 * Of this machine only: below another root there is nobody to tell. What a column says is what the kernel counted for
 * the threads of the process itself, without its children. Where the numbers come from: collector/exitwatch.h.
 */
#include "collector/columns.h"
#include "collector/exitwatch.h"
#include "collector/seen.h"
#include "collector/source.h"

#include <time.h>

/* Part of the format: columns are only ever added, at the end. A row is in one snapshot: there are no counters. */
static const struct column columns[N_EXIT_COLUMNS] = {
    [EXIT_PID] = {"pid", "", COL_U64, KIND_LABEL, COL_KEY, 0},
    [EXIT_START] = {"start_us", "us", COL_U64, KIND_LABEL, COL_KEY, 0}, /* since boot */
    [EXIT_PPID] = LABEL("ppid"),
    [EXIT_UID] = LABEL("uid"),
    [EXIT_GID] = LABEL("gid"),
    [EXIT_CODE] = LABEL("exit_code"), /* NULL: a signal ended it */
    [EXIT_SIGNAL] = LABEL("signal"),  /* 0: none did */
    [EXIT_CORE] = LABEL("core_dumped"),
    [EXIT_END] = {"end_us", "us", COL_U64, KIND_LABEL, 0, 0}, /* since boot */
    [EXIT_LIVED] = GAUGE("lived_us", "us"),
    [EXIT_THREADS] = GAUGE("threads", ""),
    [EXIT_UTIME] = GAUGE("utime_us", "us"), /* by samples at clock ticks, as is the next; run_ns is measured */
    [EXIT_STIME] = GAUGE("stime_us", "us"),
    [EXIT_RUN] = GAUGE("run_ns", "ns"),
    [EXIT_RUN_DELAY] = GAUGE("run_delay_ns", "ns"),
    [EXIT_TIMESLICES] = GAUGE("timeslices", ""),
    [EXIT_MINFLT] = GAUGE("minflt", ""),
    [EXIT_MAJFLT] = GAUGE("majflt", ""),
    [EXIT_PEAK_RSS] = GAUGE("peak_rss_bytes", "bytes"),
    [EXIT_PEAK_VSIZE] = GAUGE("peak_vsize_bytes", "bytes"),
    [EXIT_RCHAR] = GAUGE("rchar_bytes", "bytes"),
    [EXIT_WCHAR] = GAUGE("wchar_bytes", "bytes"),
    [EXIT_SYSCR] = GAUGE("syscr", ""),
    [EXIT_SYSCW] = GAUGE("syscw", ""),
    [EXIT_READ_BYTES] = GAUGE("read_bytes", "bytes"),
    [EXIT_WRITE_BYTES] = GAUGE("write_bytes", "bytes"),
    [EXIT_CANCELLED] = GAUGE("cancelled_write_bytes", "bytes"),
    [EXIT_BLOCK_DELAY] = GAUGE("block_delay_us", "us"),
    [EXIT_SWAPIN_DELAY] = GAUGE("swapin_delay_us", "us"),
    [EXIT_FREEPAGES_DELAY] = GAUGE("freepages_delay_us", "us"),
    [EXIT_THRASHING_DELAY] = GAUGE("thrashing_delay_us", "us"),
    [EXIT_COMPACT_DELAY] = GAUGE("compact_delay_us", "us"),
    [EXIT_WPCOPY_DELAY] = GAUGE("wpcopy_delay_us", "us"),
    [EXIT_IRQ_DELAY] = GAUGE("irq_delay_us", "us"),
    [EXIT_VOLUNTARY] = GAUGE("voluntary_switches", ""),
    [EXIT_INVOLUNTARY] = GAUGE("involuntary_switches", ""),
    [EXIT_NICE] = {"nice", "", COL_I64, KIND_GAUGE, 0, 0},
    [EXIT_POLICY] = LABEL("policy"),
    [EXIT_COMM] = {"comm", "", COL_STR, KIND_LABEL, 0, 0},
};

struct exited {
	struct exitwatch *watch; /* NULL: another root */
	struct procfile delayacct;
	bool counts_io; /* the kernel is one that does */
	bool counts_delays;
	int64_t boot_us; /* what CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC */
};

static int64_t clock_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

/* Whether delays are counted at present, for processes that begin. Before Linux 5.14 there is no such file. */
static bool delays_are_counted(const struct source_env *env, struct exited *x)
{
	const char *p;
	size_t len;
	uint64_t v;

	return procfile_read(env->fs, &x->delayacct, "proc/sys/kernel/task_delayacct", &p, &len) == 0 &&
	       parse_u64(&p, &v) && v != 0;
}

static bool is_delay(enum exit_column c)
{
	return c >= EXIT_BLOCK_DELAY && c <= EXIT_IRQ_DELAY;
}

static bool is_io(enum exit_column c)
{
	return c >= EXIT_RCHAR && c <= EXIT_CANCELLED;
}

/* Of what a kernel does not count it says 0. */
static bool is_counted(const struct exited *x, const struct exit_row *e, enum exit_column c)
{
	if (is_delay(c))
		return x->counts_delays || e->delayed;
	return x->counts_io || !is_io(c);
}

static void set_times(
    const struct source_env *env, const struct exited *x, const struct exit_row *e, struct table *t, uint32_t row)
{
	int64_t ended_us = e->ended_us + x->boot_us;
	int64_t begun_us = e->begun_us == INT64_MIN ? INT64_MIN : e->begun_us + x->boot_us;
	uint64_t start;

	table_set(t, row, EXIT_END, (uint64_t)ended_us);
	if (env->seen && seen_find(env->seen, e->cells[EXIT_PID], begun_us, ended_us, &start))
		table_set(t, row, EXIT_START, start);
	else if (begun_us >= 0)
		table_set(t, row, EXIT_START, (uint64_t)begun_us);
}

static int add_row(const struct source_env *env, const struct exited *x, const struct exit_row *e, struct table *t)
{
	uint32_t row;
	int r = table_add_row(t, &row);

	if (r < 0)
		return r;
	for (enum exit_column c = 0; c < N_EXIT_COLUMNS; c++)
		if (exits_knows(e, c) && is_counted(x, e, c))
			table_set(t, row, c, e->cells[c]);
	set_times(env, x, e, t, row);
	return e->comm[0] == '\0' ? 0 : table_set_str(t, row, EXIT_COMM, e->comm, strnlen(e->comm, sizeof e->comm));
}

/* Says what is missing, and what would help. Returns what is listened to. */
static enum exitwatch_source note_missing(const struct source_env *env, const struct exitwatch *watch)
{
	int taskstats_r, procevents_r;
	enum exitwatch_source source = exitwatch_source(watch, &taskstats_r, &procevents_r);
	const char *help = taskstats_r == -EPERM ? " (needs CAP_NET_ADMIN)" : "";
	char lost_text[48] = "";
	uint64_t lost;

	if (exitwatch_lost(&lost) && lost > 0)
		snprintf(lost_text, sizeof lost_text, "%llu messages lost; ", (unsigned long long)lost);
	if (source == EXITWATCH_NONE)
		source_note(
		    env, "taskstats: %s%s; proc connector: %s", strerror(-taskstats_r), help, strerror(-procevents_r));
	else if (source == EXITWATCH_PROCEVENTS)
		source_note(
		    env, "%swithout CPU, memory and I/O: taskstats: %s%s", lost_text, strerror(-taskstats_r), help);
	else if (procevents_r < 0)
		source_note(
		    env, "%seach thread counts as a process: proc connector: %s", lost_text, strerror(-procevents_r));
	else if (lost_text[0] != '\0')
		source_note(env, "%llu messages lost since the start", (unsigned long long)lost);
	return source;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	struct exited *x = state;
	const struct exit_row *rows;
	int64_t monotonic_us;
	size_t n;
	int r = 0;

	if (!x->watch)
		return -ENOENT;
	if (note_missing(env, x->watch) == EXITWATCH_NONE)
		return -ENOENT;
	x->counts_delays = delays_are_counted(env, x);
	/* Held up between the two, it is more: nothing began before it did, or ended in the future. */
	monotonic_us = clock_us(CLOCK_MONOTONIC);
	x->boot_us = clock_us(CLOCK_BOOTTIME) - monotonic_us;
	n = exitwatch_take(x->watch, &rows);
	for (size_t i = 0; i < n && r == 0; i++)
		r = add_row(env, x, &rows[i], t);
	return r;
}

static void close_state(void *state)
{
	struct exited *x = state;

	if (x->watch)
		exitwatch_put(x->watch);
	procfile_done(&x->delayacct);
	free(x);
}

static int open_state(const struct source_env *env, void **ret_state)
{
	struct exited *x = calloc(1, sizeof *x);
	int r = 0;

	if (!x)
		return -ENOMEM;
	x->delayacct = PROCFILE_CLOSED;
	x->counts_io = faccessat(procfs_rootfd(env->fs), "proc/self/io", F_OK, 0) == 0;
	if (procfs_is_own(env->fs))
		r = exitwatch_get(&x->watch);
	if (r < 0) {
		close_state(x);
		return r;
	}
	*ret_state = x;
	return 0;
}

SOURCE(exited) = {
    .name = "exited",
    .id = 17,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = open_state,
    .close = close_state,
    .sample = sample,
};
