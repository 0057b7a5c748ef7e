/* tasks.c -- the summary's lines on control groups, processes that ended, and processes */
#include "view/summary.h"

#include <inttypes.h>
#include <math.h>

enum { LINES_MAX = 32, WIDE = 112 };

/* A share of one CPU, in hundredths, out of microseconds a second. */
static void put_share(struct screen *s, double us_per_s)
{
	screen_put_decimal(s, 7, 1, us_per_s / 1e4);
}

static void put_sum(struct screen *s, double a, double b)
{
	screen_put_bytes(s, 8, a + b);
}

/* --- control groups --- */

static void put_cgroup(struct screen *s, const struct table *t, uint32_t row)
{
	screen_put_cell(s, figures_string(t, "path", row), 33);
	put_share(s, figures_named(t, "usage_us_per_s", row));
	put_share(s, figures_named(t, "throttled_us_per_s", row));
	screen_put_bytes(s, 8, figures_named(t, "memory_current_bytes", row));
	screen_put_bytes(s, 8, figures_named(t, "memory_max_bytes", row));
	put_sum(s, figures_named(t, "rbytes_per_s", row), figures_named(t, "wbytes_per_s", row));
	screen_put_count(s, 8, figures_named(t, "pids_current", row));
	screen_next(s);
}

static uint32_t add_rows(uint32_t *rows, uint32_t n, uint32_t max, const uint32_t *more, uint32_t n_more)
{
	for (uint32_t k = 0; k < n_more && n < max; k++) {
		uint32_t i = 0;

		while (i < n && rows[i] != more[k])
			i++;
		if (i == n)
			rows[n++] = more[k];
	}
	return n;
}

/* Those with most CPU, then those with most memory. */
int tasks_cgroups(const struct summary *m, unsigned rows)
{
	uint32_t by_cpu[LINES_MAX], by_memory[LINES_MAX], lines[LINES_MAX], n, n_cpu, n_memory;
	const struct table *t;
	int cpu, memory, r = figures_rates(&m->at, "cgroup", &t);

	if (r < 0 || !t)
		return r;
	cpu = figures_column(t, "usage_us_per_s");
	memory = figures_column(t, "memory_current_bytes");
	n_cpu = figures_top(t, &cpu, 1, rows, by_cpu);
	n_memory = figures_top(t, &memory, 1, rows, by_memory);
	n = add_rows(lines, 0, n_memory > 0 ? (rows + 1) / 2 : rows, by_cpu, n_cpu);
	n = add_rows(lines, n, rows, by_memory, n_memory);
	n = add_rows(lines, n, rows, by_cpu, n_cpu);
	screen_printf(m->s, "CGROUP (by CPU, memory; of %5" PRIu32 ")   CPU%% thrtl%%  memory     max  I/O /s    pids",
	    t->n_rows);
	screen_next(m->s);
	for (uint32_t k = 0; k < n; k++)
		put_cgroup(m->s, t, lines[k]);
	return 0;
}

/* --- processes that ended --- */

static void put_exited(struct screen *s, const struct table *t, uint32_t row)
{
	char b[SCREEN_NUMBER_LEN];
	double signal = figures_named(t, "exit_signal", row);

	screen_put_decimal(s, 7, 0, figures_named(t, "pid", row));
	if (signal > 0)
		screen_printf(s, "  sig %-3.0f", signal);
	else
		screen_printf(s, "%9s", screen_count(b, figures_named(t, "exit_code", row)));
	screen_printf(s, "%9s", screen_span(b, figures_named(t, "lived_us", row) / 1e6));
	screen_put_count(s, 9, (figures_named(t, "utime_us", row) + figures_named(t, "stime_us", row)) / 1e3);
	screen_put_bytes(s, 8, figures_named(t, "peak_rss_bytes", row));
	put_sum(s, figures_named(t, "read_bytes", row), figures_named(t, "write_bytes", row));
	screen_printf(s, "  ");
	screen_put_str(s, figures_string(t, "comm", row));
	screen_next(s);
}

/* How many, and those that had used most CPU. */
int tasks_exited(const struct summary *m, unsigned rows)
{
	uint32_t lines[LINES_MAX], n;
	const struct table *t;
	int cpu[2], r = figures_table(&m->at, "exited", &t);

	if (r < 0 || !t)
		return r;
	cpu[0] = figures_column(t, "utime_us");
	cpu[1] = figures_column(t, "stime_us");
	n = figures_top(t, cpu, 2, rows, lines);
	screen_printf(
	    m->s, "    PID     exit    lived   CPU ms peakRSS     I/O  ENDED (by CPU, of %" PRIu32 ")", t->n_rows);
	screen_next(m->s);
	for (uint32_t k = 0; k < n; k++)
		put_exited(m->s, t, lines[k]);
	return 0;
}

/* --- processes --- */

/* Columns by which processes are sorted. */
struct order {
	const char *columns[2];
	const char *title;
};

static const struct order orders[N_SORTS] = {
    [SORT_CPU] = {{"utime_us_per_s", "stime_us_per_s"}, "by CPU"},
    [SORT_MEMORY] = {{"rss_bytes"}, "by memory"},
    [SORT_IO] = {{"read_bytes_per_s", "write_bytes_per_s"}, "by I/O"},
    [SORT_WAIT] = {{"block_delay_us_per_s"}, "by I/O wait"},
    [SORT_FAULTS] = {{"majflt_per_s", "minflt_per_s"}, "by faults"},
    [SORT_PID] = {{NULL}, "by pid"},
};

static uint32_t sorted(const struct table *t, enum summary_sort sort, uint32_t max, uint32_t *ret)
{
	int columns[2];
	unsigned n = 0;

	for (; n < 2 && orders[sort].columns[n]; n++)
		columns[n] = figures_column(t, orders[sort].columns[n]);
	return figures_top(t, columns, n, max, ret);
}

static void put_head(const struct summary *m, const struct table *t, enum summary_sort sort)
{
	screen_printf(m->s, "    PID S   CPU%%  IOWT%%    RSS READ/s WRITE/s  ");
	if (m->s->width >= WIDE)
		screen_printf(m->s, "  UID  THRD CPUWT%%  MAJF/s  ");
	screen_printf(m->s, "COMMAND, %s (of %" PRIu32 ")", orders[sort].title, t ? t->n_rows : 0);
	screen_next(m->s);
}

/* In brackets: the name of what has no command line, which kernel threads and zombies do not. */
static void put_command(const struct summary *m, const struct table *t, uint32_t row)
{
	struct str command = figures_string(t, "cmdline", row);
	struct screen *s = m->s;
	unsigned begin = s->col;

	if (command.len == 0) {
		screen_printf(s, "[");
		screen_put_str(s, figures_string(t, "comm", row));
		screen_printf(s, "]");
		return;
	}
	for (;;) {
		uint32_t n = screen_put_piece(s, command);

		command.p += n;
		command.len -= n;
		if (!m->shape->wrap || n == 0 || command.len == 0 || screen_left(s) < 2)
			break;
		screen_next(s);
		screen_printf(s, "%*s", (int)begin, "");
	}
}

static void put_process(const struct summary *m, const struct table *t, uint32_t row)
{
	struct screen *s = m->s;

	screen_put_decimal(s, 7, 0, figures_named(t, "pid", row));
	screen_printf(s, " ");
	screen_put_cell(s, figures_string(t, "state", row), 1);
	put_share(s, figures_named(t, "utime_us_per_s", row) + figures_named(t, "stime_us_per_s", row));
	put_share(s, figures_named(t, "block_delay_us_per_s", row));
	screen_put_bytes(s, 7, figures_named(t, "rss_bytes", row));
	screen_put_bytes(s, 7, figures_named(t, "read_bytes_per_s", row));
	screen_put_bytes(s, 8, figures_named(t, "write_bytes_per_s", row));
	screen_printf(s, "  ");
	if (s->width >= WIDE) {
		screen_put_decimal(s, 5, 0, figures_named(t, "uid", row));
		screen_put_count(s, 6, figures_named(t, "threads", row));
		put_share(s, figures_named(t, "run_delay_ns_per_s", row) / 1e3);
		screen_put_count(s, 8, figures_named(t, "majflt_per_s", row));
		screen_printf(s, "  ");
	}
	put_command(m, t, row);
	screen_next(s);
}

/* Three lists, in the lines that are left. What one does not need is the others'; there is always memory. */
static void put_lists(const struct summary *m, const struct table *t)
{
	static const enum summary_sort sorts[] = {SORT_CPU, SORT_MEMORY, SORT_IO};
	uint32_t rows[N_ELEMENTS(sorts)][FIGURES_TOP_MAX], n[N_ELEMENTS(sorts)], left = screen_left(m->s);

	for (unsigned k = 0; k < N_ELEMENTS(sorts); k++)
		n[k] = sorted(t, sorts[k], left, rows[k]);
	left = left > 3 ? left - 3 : 0;
	if (n[2] == 0)
		left++;
	if (n[2] > left / 3)
		n[2] = left / 3;
	if (n[0] > (left - n[2]) / 2)
		n[0] = (left - n[2]) / 2;
	if (n[1] > left - n[2] - n[0])
		n[1] = left - n[2] - n[0];
	for (unsigned k = 0; k < N_ELEMENTS(sorts); k++) {
		if (k == 2 && n[k] == 0)
			break;
		put_head(m, t, sorts[k]);
		for (uint32_t i = 0; i < n[k]; i++)
			put_process(m, t, rows[k][i]);
	}
}

/* One list of all: those that have any of it in order, then the others. */
static void put_list(const struct summary *m, const struct table *t)
{
	uint32_t rows[FIGURES_TOP_MAX], n = sorted(t, m->shape->sort, N_ELEMENTS(rows), rows), n_top = n;

	for (uint32_t row = 0; t && row < t->n_rows && n < N_ELEMENTS(rows); row++) {
		uint32_t k = 0;

		while (k < n_top && rows[k] != row)
			k++;
		if (k == n_top)
			rows[n++] = row;
	}
	put_head(m, t, m->shape->sort);
	for (uint32_t k = m->shape->skip; k < n && screen_left(m->s) > 0; k++)
		put_process(m, t, rows[k]);
}

int tasks_processes(const struct summary *m, unsigned rows)
{
	const struct table *t;
	int r = figures_rates(&m->at, "processes", &t);

	(void)rows;
	if (r < 0)
		return r;
	if (m->shape->sort == SORT_EACH)
		put_lists(m, t);
	else
		put_list(m, t);
	return 0;
}
