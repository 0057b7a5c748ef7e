/* processes.c -- the summary's lists of processes
 *
 * A process that was not there at the snapshot before has no rates. What it has used it has used since: for one that
 * began since then, that divided by the same time stands in their place, or whoever burns a machine with many short
 * processes would not be seen.
 */
#include "view/summary.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>

enum { WIDE = 112 };

enum figure { USER, SYSTEM, IOWAIT, READ, WRITE, MAJOR, MINOR, RUN_DELAY, N_FIGURES };

static const struct {
	const char *name, *rate;
	bool reaped; /* a process has what its children had used, too, once they are gone */
} figures[N_FIGURES] = {
    [USER] = {"utime_us", "utime_us_per_s", false},
    [SYSTEM] = {"stime_us", "stime_us_per_s", false},
    [IOWAIT] = {"block_delay_us", "block_delay_us_per_s", false},
    [READ] = {"read_bytes", "read_bytes_per_s", true},
    [WRITE] = {"write_bytes", "write_bytes_per_s", true},
    [MAJOR] = {"majflt", "majflt_per_s", false},
    [MINOR] = {"minflt", "minflt_per_s", false},
    [RUN_DELAY] = {"run_delay_ns", "run_delay_ns_per_s", false},
};

struct processes {
	const struct summary *m;
	const struct table *t; /* with rates; NULL: not recorded */
	uint32_t n;
	double *rates; /* N_FIGURES a row */
	enum summary_sort sort;
};

static double rate(const struct processes *p, enum figure f, uint32_t row)
{
	return p->rates[(size_t)row * N_FIGURES + f];
}

/* --- figures --- */

/* What processes have used that began since the snapshot before, NAN for others. */
static void take_young(const struct processes *p, const struct table *t, double boot_s)
{
	double up_s = (double)p->m->ms / 1000 - boot_s, over_s = fmin(p->m->over_s, up_s);
	int start = figures_column(t, "start_us"), reaped = figures_column(t, "cminflt");

	for (uint32_t row = 0; row < p->n; row++) {
		/* The time of boot is known to a second. */
		bool young = figures_number(t, start, row) / 1e6 > up_s - over_s - 1;
		bool own = figures_number(t, reaped, row) == 0;

		for (unsigned f = 0; f < N_FIGURES; f++)
			p->rates[(size_t)row * N_FIGURES + f] = young && over_s > 0 && (own || !figures[f].reaped)
			                                            ? figures_named(t, figures[f].name, row) / over_s
			                                            : NAN;
	}
}

static void take_rates(const struct processes *p)
{
	for (unsigned f = 0; f < N_FIGURES; f++) {
		int column = figures_column(p->t, figures[f].rate);

		for (uint32_t row = 0; row < p->n; row++) {
			double v = figures_number(p->t, column, row);

			if (!isnan(v))
				p->rates[(size_t)row * N_FIGURES + f] = v;
		}
	}
}

static int take(struct processes *p)
{
	const struct moment *at = &p->m->at;
	const struct table *t;
	double boot_s;
	int r = figures_rates(at, "stat", &t);

	if (r < 0)
		return r;
	boot_s = figures_named(t, "btime", 0);
	r = figures_table(at, "processes", &t);
	if (r < 0)
		return r;
	p->n = t ? t->n_rows : 0;
	p->rates = calloc((size_t)p->n * N_FIGURES + 1, sizeof *p->rates);
	if (!p->rates)
		return -ENOMEM;
	take_young(p, t, boot_s);
	r = figures_rates(at, "processes", &p->t);
	if (r == 0)
		take_rates(p);
	return r;
}

/* --- order --- */

static const char *const titles[N_SORTS] = {
    [SORT_CPU] = "by CPU",
    [SORT_MEMORY] = "by memory",
    [SORT_IO] = "by I/O",
    [SORT_WAIT] = "by I/O wait",
    [SORT_FAULTS] = "by faults",
    [SORT_PID] = "by pid",
};

static double known(double v)
{
	return isnan(v) ? 0 : v;
}

static double value(const void *arg, uint32_t row)
{
	const struct processes *p = arg;

	switch (p->sort) {
	case SORT_CPU:
		return known(rate(p, USER, row)) + known(rate(p, SYSTEM, row));
	case SORT_MEMORY:
		return figures_named(p->t, "rss_bytes", row);
	case SORT_IO:
		return known(rate(p, READ, row)) + known(rate(p, WRITE, row));
	case SORT_WAIT:
		return rate(p, IOWAIT, row);
	case SORT_FAULTS:
		return known(rate(p, MAJOR, row)) * 1e9 + known(rate(p, MINOR, row)); /* major ones first */
	default:
		return 0;
	}
}

static uint32_t sorted(struct processes *p, enum summary_sort sort, uint32_t max, uint32_t *ret)
{
	p->sort = sort;
	return figures_top_of(p->n, value, p, max, ret);
}

/* --- lines --- */

static void put_head(const struct processes *p)
{
	struct screen *s = p->m->s;

	screen_printf(s, "    PID S   CPU%%  IOWT%%    RSS READ/s WRITE/s  ");
	if (s->width >= WIDE)
		screen_printf(s, "  UID  THRD CPUWT%%  MAJF/s  ");
	screen_printf(s, "COMMAND, %s (of %" PRIu32 ")", titles[p->sort], p->n);
	screen_next(s);
}

/* Without the folders that the program is in, which are the longest and say least. */
static struct str without_folders(struct str command)
{
	uint32_t begin = 0;

	for (uint32_t k = 0; k < command.len && command.p[k] != ' '; k++)
		if (command.p[k] == '/' && k + 1 < command.len && command.p[k + 1] != ' ')
			begin = k + 1;
	command.p += begin;
	command.len -= begin;
	return command;
}

/* In brackets: the name of what has no command line, which kernel threads and zombies do not. */
static void put_command(const struct processes *p, uint32_t row)
{
	struct str command = figures_string(p->t, "cmdline", row);
	struct screen *s = p->m->s;
	unsigned begin = s->n_chars;

	if (command.len == 0) {
		screen_printf(s, "[");
		screen_put_str(s, figures_string(p->t, "comm", row));
		screen_printf(s, "]");
		return;
	}
	if (!p->m->shape->wrap)
		command = without_folders(command);
	for (;;) {
		uint32_t n = screen_put_piece(s, command);

		command.p += n;
		command.len -= n;
		if (!p->m->shape->wrap || n == 0 || command.len == 0 || screen_left(s) < 2)
			break;
		screen_next(s);
		screen_printf(s, "%*s", (int)begin, "");
	}
}

/* Shares are of one CPU's time, in hundredths. */
static void put_process(const struct processes *p, uint32_t row)
{
	struct screen *s = p->m->s;

	screen_put_decimal(s, 7, 0, figures_named(p->t, "pid", row));
	screen_printf(s, " ");
	screen_put_cell(s, figures_string(p->t, "state", row), 1);
	screen_put_decimal(s, 7, 1, (rate(p, USER, row) + rate(p, SYSTEM, row)) / 1e4);
	screen_put_decimal(s, 7, 1, rate(p, IOWAIT, row) / 1e4);
	screen_put_bytes(s, 7, figures_named(p->t, "rss_bytes", row));
	screen_put_bytes(s, 7, rate(p, READ, row));
	screen_put_bytes(s, 8, rate(p, WRITE, row));
	screen_printf(s, "  ");
	if (s->width >= WIDE) {
		screen_put_decimal(s, 5, 0, figures_named(p->t, "uid", row));
		screen_put_count(s, 6, figures_named(p->t, "threads", row));
		screen_put_decimal(s, 7, 1, rate(p, RUN_DELAY, row) / 1e7);
		screen_put_count(s, 8, rate(p, MAJOR, row));
		screen_printf(s, "  ");
	}
	put_command(p, row);
	screen_next(s);
}

/* --- lists --- */

/* Three, in the lines that are left. What one does not need is the others'; there is always memory. */
static void put_three(struct processes *p)
{
	static const enum summary_sort sorts[] = {SORT_CPU, SORT_MEMORY, SORT_IO};
	uint32_t rows[N_ELEMENTS(sorts)][FIGURES_TOP_MAX], n[N_ELEMENTS(sorts)], left = screen_left(p->m->s);

	for (unsigned k = 0; k < N_ELEMENTS(sorts); k++)
		n[k] = sorted(p, sorts[k], left, rows[k]);
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
		p->sort = sorts[k];
		put_head(p);
		for (uint32_t i = 0; i < n[k]; i++)
			put_process(p, rows[k][i]);
	}
}

/* One of all: those that have any of it in order, then the others. */
static void put_one(struct processes *p)
{
	uint32_t rows[FIGURES_TOP_MAX], n = sorted(p, p->m->shape->sort, N_ELEMENTS(rows), rows), n_top = n;

	for (uint32_t row = 0; row < p->n && n < N_ELEMENTS(rows); row++) {
		uint32_t k = 0;

		while (k < n_top && rows[k] != row)
			k++;
		if (k == n_top)
			rows[n++] = row;
	}
	put_head(p);
	for (uint32_t k = p->m->shape->skip; k < n && screen_left(p->m->s) > 0; k++)
		put_process(p, rows[k]);
}

int processes_lists(const struct summary *m, unsigned rows)
{
	struct processes p = {.m = m};
	int r = take(&p);

	(void)rows;
	if (r == 0 && m->shape->sort == SORT_EACH)
		put_three(&p);
	else if (r == 0)
		put_one(&p);
	free(p.rates);
	return r;
}
