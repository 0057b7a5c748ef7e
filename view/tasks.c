/* tasks.c -- the summary's lines on control groups and processes that ended */
#include "view/summary.h"

#include <inttypes.h>
#include <math.h>

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

/* A path in so many characters: of a long one its end, which says more. */
static void put_path(struct screen *s, struct str path, unsigned width)
{
	static const char cut[] = "..";
	uint32_t n = (uint32_t)(width - strlen(cut));

	if (path.len > width) {
		screen_printf(s, "%s", cut);
		width = n;
		path.p += path.len - n;
		path.len = n;
		/* Not in the middle of a character. */
		for (unsigned k = 0; k < 3 && path.len > 0 && ((uint8_t)*path.p & 0xc0) == 0x80; k++) {
			path.p++;
			path.len--;
		}
	}
	screen_put_cell(s, path, width);
}

static void put_cgroup(struct screen *s, const struct table *t, uint32_t row)
{
	const double NO_LIMIT = 0x1p62; /* "max" is a number that no memory has */
	double limit = figures_named(t, "memory_max_bytes", row);

	put_path(s, figures_string(t, "path", row), 33);
	put_share(s, figures_named(t, "cpu_usage_us_per_s", row));
	put_share(s, figures_named(t, "cpu_throttled_us_per_s", row));
	screen_put_bytes(s, 8, figures_named(t, "memory_current_bytes", row));
	if (limit >= NO_LIMIT)
		screen_printf(s, "%8s", "max");
	else
		screen_put_bytes(s, 8, limit);
	put_sum(s, figures_named(t, "io_rbytes_per_s", row), figures_named(t, "io_wbytes_per_s", row));
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
	uint32_t by_cpu[SUMMARY_ROWS_MAX], by_memory[SUMMARY_ROWS_MAX], lines[SUMMARY_ROWS_MAX], n, n_cpu, n_memory;
	const struct table *t;
	char title[64];
	int cpu, memory, r = figures_rates(&m->at, "cgroup", &t);

	if (r < 0 || !t)
		return r;
	cpu = figures_column(t, "cpu_usage_us_per_s");
	memory = figures_column(t, "memory_current_bytes");
	n_cpu = figures_top(t, &cpu, 1, rows, by_cpu);
	n_memory = figures_top(t, &memory, 1, rows, by_memory);
	n = add_rows(lines, 0, n_memory > 0 ? (rows + 1) / 2 : rows, by_cpu, n_cpu);
	n = add_rows(lines, n, rows, by_memory, n_memory);
	n = add_rows(lines, n, rows, by_cpu, n_cpu);
	snprintf(title, sizeof title, "CGROUP, by CPU and memory (of %" PRIu32 ")", t->n_rows);
	screen_printf(m->s, "%-33s%7s%7s%8s%8s%8s%8s", title, "CPU%", "thrtl%", "memory", "max", "I/O/s", "pids");
	screen_next(m->s);
	for (uint32_t k = 0; k < n; k++)
		put_cgroup(m->s, t, lines[k]);
	return 0;
}

/* --- processes that ended --- */

static void put_exited(struct screen *s, const struct table *t, uint32_t row)
{
	char b[SCREEN_NUMBER_LEN];
	double signal = figures_named(t, "signal", row);

	screen_put_decimal(s, 7, 0, figures_named(t, "pid", row));
	if (signal > 0)
		snprintf(b, sizeof b, "sig %.0f", signal);
	else
		screen_count(b, figures_named(t, "exit_code", row));
	screen_printf(s, "%9s", b);
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
	uint32_t lines[SUMMARY_ROWS_MAX], n;
	const struct table *t;
	char span[SCREEN_NUMBER_LEN];
	double used_us = 0;
	int cpu[2], r = figures_table(&m->at, "exited", &t);

	if (r < 0 || !t)
		return r;
	cpu[0] = figures_column(t, "utime_us");
	cpu[1] = figures_column(t, "stime_us");
	n = figures_top(t, cpu, 2, rows, lines);
	for (uint32_t row = 0; row < t->n_rows; row++)
		used_us += fmax(figures_sum(t, cpu, 2, row), 0);
	screen_printf(m->s, "    PID     exit    lived   CPU ms peakRSS     I/O  ENDED: %" PRIu32 ", %s CPU", t->n_rows,
	    screen_span(span, used_us / 1e6));
	screen_next(m->s);
	for (uint32_t k = 0; k < n; k++)
		put_exited(m->s, t, lines[k]);
	return 0;
}
