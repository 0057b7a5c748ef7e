/* machine.c -- the summary's lines on the machine as a whole: load, CPUs, memory, paging, TCP, pressure, the recorder
 */
#include "view/summary.h"

#include <math.h>

enum { KB = 1024 };

/* --- lines of labels and numbers: five fields behind what the line is about --- */

static void begin(struct screen *s, const char *about)
{
	screen_printf(s, "%-8s", about);
}

static void label(struct screen *s, const char *name)
{
	screen_printf(s, " %6s ", name);
}

static void put_kb(struct screen *s, const char *name, double kb)
{
	label(s, name);
	screen_put_bytes(s, 6, KB * kb);
}

static void put_count(struct screen *s, const char *name, double v)
{
	label(s, name);
	screen_put_count(s, 6, v);
}

/* --- load and events --- */

int machine_load(const struct summary *m, unsigned rows)
{
	char up[SCREEN_NUMBER_LEN];
	double load[3], threads, running, blocked, boot;
	const struct table *t;
	int r = figures_rates(&m->at, "load", &t);

	(void)rows;
	if (r < 0)
		return r;
	load[0] = figures_named(t, "load1", 0);
	load[1] = figures_named(t, "load5", 0);
	load[2] = figures_named(t, "load15", 0);
	threads = figures_named(t, "threads", 0);
	running = figures_named(t, "running", 0);
	r = figures_rates(&m->at, "stat", &t);
	if (r < 0)
		return r;
	blocked = figures_named(t, "procs_blocked", 0);
	boot = figures_named(t, "btime", 0);
	begin(m->s, "load");
	for (unsigned k = 0; k < 3; k++)
		screen_put_decimal(m->s, 7, load[k] < 1000 ? 2 : 0, load[k]);
	put_count(m->s, "run", running);
	put_count(m->s, "block", blocked);
	put_count(m->s, "thread", threads);
	screen_printf(m->s, " up %s", screen_span(up, (double)m->ms / 1000 - boot));
	screen_next(m->s);
	return 0;
}

int machine_events(const struct summary *m, unsigned rows)
{
	const struct table *t;
	int r = figures_rates(&m->at, "stat", &t);

	(void)rows;
	if (r < 0)
		return r;
	begin(m->s, "events/s");
	put_count(m->s, "forks", figures_named(t, "processes_per_s", 0));
	put_count(m->s, "switch", figures_named(t, "ctxt_per_s", 0));
	put_count(m->s, "intr", figures_named(t, "intr_per_s", 0));
	put_count(m->s, "sirq", figures_named(t, "softirq_per_s", 0));
	r = figures_rates(&m->at, "vmstat", &t);
	if (r < 0)
		return r;
	put_count(m->s, "oom", figures_named(t, "oom_kill_per_s", 0));
	screen_next(m->s);
	return 0;
}

/* --- CPUs --- */

enum { USER, NICE, SYSTEM, IOWAIT, IRQ, SOFTIRQ, STEAL, GUEST, IDLE, N_KINDS };

static const struct kind {
	const char *label, *column;
	bool busy;  /* not idle, and */
	bool whole; /* part of the whole: guest is in user already */
} kinds[N_KINDS] = {
    [USER] = {"user", "user_ticks_per_s", true, true},
    [NICE] = {"nice", "nice_ticks_per_s", true, true},
    [SYSTEM] = {"system", "system_ticks_per_s", true, true},
    [IOWAIT] = {"iowait", "iowait_ticks_per_s", false, true},
    [IRQ] = {"irq", "irq_ticks_per_s", true, true},
    [SOFTIRQ] = {"sirq", "softirq_ticks_per_s", true, true},
    [STEAL] = {"steal", "steal_ticks_per_s", true, true},
    [GUEST] = {"guest", "guest_ticks_per_s", false, false},
    [IDLE] = {"idle", "idle_ticks_per_s", false, true},
};

static void put_cpu(struct screen *s, const struct table *t, const int *columns, uint32_t row)
{
	double v[N_KINDS], whole = 0, busy = 0;

	for (unsigned k = 0; k < N_KINDS; k++) {
		v[k] = figures_number(t, columns[k], row);
		whole += kinds[k].whole && !isnan(v[k]) ? v[k] : 0;
		busy += kinds[k].busy && !isnan(v[k]) ? v[k] : 0;
	}
	/* Kernels do not have all kinds, but these. */
	if (isnan(v[USER]) || isnan(v[SYSTEM]) || isnan(v[IDLE]) || whole <= 0)
		whole = NAN;
	screen_put_cell(s, figures_string(t, "cpu", row), 8);
	screen_put_decimal(s, 9, 1, 100 * busy / whole);
	for (unsigned k = 0; k < N_KINDS; k++)
		screen_put_decimal(s, 7, 1, 100 * v[k] / whole);
	screen_next(s);
}

/* All CPUs as one, then the busiest. */
int machine_cpus(const struct summary *m, unsigned rows)
{
	int columns[N_KINDS], busy[N_KINDS];
	uint32_t all, top[SUMMARY_ROWS_MAX], n;
	unsigned n_busy = 0;
	const struct table *t;
	int r = figures_rates(&m->at, "cpu", &t);

	if (r < 0)
		return r;
	screen_printf(m->s, "%-10s%7s", "CPU %", "busy");
	for (unsigned k = 0; k < N_KINDS; k++) {
		screen_printf(m->s, "%7s", kinds[k].label);
		columns[k] = figures_column(t, kinds[k].column);
		if (kinds[k].busy)
			busy[n_busy++] = columns[k];
	}
	screen_next(m->s);
	all = figures_row(t, "cpu", "all");
	put_cpu(m->s, t, columns, all);
	/* One more, as "all" may be among them. */
	n = rows > 1 ? figures_top(t, busy, n_busy, rows, top) : 0;
	for (uint32_t k = 0; k < n && rows > 1; k++) {
		if (top[k] == all)
			continue;
		put_cpu(m->s, t, columns, top[k]);
		rows--;
	}
	return 0;
}

/* --- memory --- */

int machine_memory(const struct summary *m, unsigned rows)
{
	struct screen *s = m->s;
	const struct table *t;
	double total, used, in, out;
	int r = figures_rates(&m->at, "vmstat", &t);

	if (r < 0)
		return r;
	in = figures_named(t, "pswpin_per_s", 0);
	out = figures_named(t, "pswpout_per_s", 0);
	r = figures_rates(&m->at, "mem", &t);
	if (r < 0)
		return r;
	begin(s, "memory");
	put_kb(s, "total", figures_named(t, "MemTotal_kb", 0));
	put_kb(s, "avail", figures_named(t, "MemAvailable_kb", 0));
	put_kb(s, "free", figures_named(t, "MemFree_kb", 0));
	put_kb(s, "cached", figures_named(t, "Cached_kb", 0));
	put_kb(s, "commit", figures_named(t, "Committed_AS_kb", 0));
	screen_next(s);
	if (rows > 2) {
		begin(s, "");
		put_kb(s, "dirty", figures_named(t, "Dirty_kb", 0));
		put_kb(s, "wback", figures_named(t, "Writeback_kb", 0));
		put_kb(s, "anon", figures_named(t, "AnonPages_kb", 0));
		put_kb(s, "shmem", figures_named(t, "Shmem_kb", 0));
		put_kb(s, "slab", figures_named(t, "Slab_kb", 0));
		screen_next(s);
	}
	total = figures_named(t, "SwapTotal_kb", 0);
	used = total - figures_named(t, "SwapFree_kb", 0);
	begin(s, "swap");
	put_kb(s, "total", total);
	put_kb(s, "used", used);
	if (rows <= 2)
		put_kb(s, "dirty", figures_named(t, "Dirty_kb", 0));
	else
		put_kb(s, "zswap", figures_named(t, "Zswapped_kb", 0));
	screen_printf(s, " pages/s in ");
	screen_put_count(s, 6, in);
	screen_printf(s, " out ");
	screen_put_count(s, 6, out);
	screen_next(s);
	return 0;
}

/* What the kernel moves between memory and disks, for files and for itself, and how hard it looks for free pages. */
int machine_paging(const struct summary *m, unsigned rows)
{
	const struct table *t;
	int scanned[3], r = figures_rates(&m->at, "vmstat", &t);

	(void)rows;
	if (r < 0)
		return r;
	scanned[0] = figures_column(t, "pgscan_kswapd_per_s");
	scanned[1] = figures_column(t, "pgscan_direct_per_s");
	scanned[2] = figures_column(t, "pgscan_khugepaged_per_s");
	begin(m->s, "paging/s");
	put_kb(m->s, "in", figures_named(t, "pgpgin_per_s", 0));
	put_kb(m->s, "out", figures_named(t, "pgpgout_per_s", 0));
	put_count(m->s, "fault", figures_named(t, "pgfault_per_s", 0));
	put_count(m->s, "major", figures_named(t, "pgmajfault_per_s", 0));
	put_count(m->s, "scan", figures_sum(t, scanned, N_ELEMENTS(scanned), 0));
	screen_next(m->s);
	return 0;
}

/* --- TCP --- */

int machine_tcp(const struct summary *m, unsigned rows)
{
	enum { OPEN, IN, OUT, RETRANS, DROPS, N_FIELDS };
	static const struct {
		const char *label, *protocol, *field, *column;
	} fields[N_FIELDS] = {
	    [OPEN] = {"open", "Tcp", "CurrEstab", "gauge"},
	    [IN] = {"in/s", "Tcp", "InSegs", "counter_per_s"},
	    [OUT] = {"out/s", "Tcp", "OutSegs", "counter_per_s"},
	    [RETRANS] = {"retr/s", "Tcp", "RetransSegs", "counter_per_s"},
	    [DROPS] = {"drop/s", "TcpExt", "ListenDrops", "counter_per_s"},
	};
	double v[N_FIELDS] = {NAN, NAN, NAN, NAN, NAN};
	const struct table *t;
	int r = figures_rates(&m->at, "net_snmp", &t);

	(void)rows;
	if (r < 0 || !t)
		return r;
	for (uint32_t row = 0; row < t->n_rows; row++) {
		struct str protocol = figures_string(t, "protocol", row), field = figures_string(t, "field", row);

		for (unsigned k = 0; k < N_FIELDS; k++)
			if (figures_is(protocol, fields[k].protocol) && figures_is(field, fields[k].field))
				v[k] = figures_named(t, fields[k].column, row);
	}
	begin(m->s, "tcp");
	for (unsigned k = 0; k < N_FIELDS; k++)
		put_count(m->s, fields[k].label, v[k]);
	screen_next(m->s);
	return 0;
}

/* --- pressure --- */

/* Time in which some or all were stalled: a share of the time since the snapshot before, then the kernel's average. */
int machine_pressure(const struct summary *m, unsigned rows)
{
	static const char *const resources[] = {"cpu", "io", "memory"};
	const struct table *t;
	int r = figures_rates(&m->at, "psi", &t);

	if (r < 0)
		return r;
	screen_printf(m->s, "STALLED %%  cpu some    full   io some    full  mem some    full  irq full");
	screen_next(m->s);
	for (unsigned line = 0; line < rows && line < 2; line++) {
		const char *some = line ? "some_avg10" : "some_total_us_per_s";
		const char *full = line ? "full_avg10" : "full_total_us_per_s";
		double unit = line ? 1 : 1e4; /* us a second in a hundredth */

		screen_printf(m->s, "%-9s", line ? "10 s avg" : "now");
		for (size_t k = 0; k < N_ELEMENTS(resources); k++) {
			uint32_t row = figures_row(t, "resource", resources[k]);

			screen_put_decimal(m->s, 10, 1, figures_named(t, some, row) / unit);
			screen_put_decimal(m->s, 8, 1, figures_named(t, full, row) / unit);
		}
		screen_put_decimal(m->s, 10, 1, figures_named(t, full, figures_row(t, "resource", "irq")) / unit);
		screen_next(m->s);
	}
	return 0;
}

/* --- the recorder itself: only if there is something to say --- */

int machine_recorder(const struct summary *m, unsigned rows)
{
	enum { LATE_US = 10 * 1000, QUEUE_BYTES = 1 << 20 };
	double late, missed, lost, queue, seal_errors, unsealed;
	const struct table *t;
	int r = figures_rates(&m->at, "histd", &t);

	(void)rows;
	if (r < 0 || !t)
		return r;
	late = figures_named(t, "late_us", 0);
	missed = figures_named(t, "missed_ticks_per_s", 0) * m->over_s;
	lost = figures_named(t, "lost_snapshots_per_s", 0) * m->over_s;
	queue = figures_named(t, "queue_bytes", 0);
	seal_errors = figures_named(t, "seal_errors_per_s", 0) * m->over_s;
	unsealed = figures_named(t, "unsealed_hours", 0);
	if (!(late >= LATE_US || missed >= 0.5 || lost >= 0.5 || queue >= QUEUE_BYTES || seal_errors >= 0.5))
		return 0;
	begin(m->s, "histd");
	label(m->s, "late");
	screen_printf(m->s, "%4.0fms", late / 1000);
	put_count(m->s, "missed", round(missed));
	put_count(m->s, "lost", round(lost));
	label(m->s, "queue");
	screen_put_bytes(m->s, 6, queue);
	put_count(m->s, "unseal", unsealed);
	screen_next(m->s);
	return 0;
}
