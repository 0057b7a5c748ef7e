/* summary.c -- /hour/H/snapshot-N/summary: what was going on, on one screen
 *
 * Made of the tables' rates and gauges. What was not recorded is shown as "-". The size is the same always (screen.h).
 */
#include "view/hours.h"
#include "view/screen.h"

#include "store/text.h"

#include <inttypes.h>
#include <math.h>

enum {
	N_TOP = 10,  /* processes listed, by CPU and by memory */
	N_LINES = 3, /* devices and interfaces */
	SECTOR = 512,
};

/* A moment being summed up. */
struct moment {
	struct tree *t;
	struct hour *h;
	uint32_t i;
	struct screen *s;
};

/* --- reading tables --- */

/* The table of that name, with rates: NULL in *ret if it was not recorded. */
static int rates(const struct moment *m, const char *name, const struct table **ret)
{
	struct table_schema *const *tables;
	uint32_t n;
	int r;

	*ret = NULL;
	hour_tables(m->h, &tables, &n);
	for (uint32_t k = 0; k < n; k++) {
		if (strcmp(tables[k]->name, name) != 0)
			continue;
		r = store_rate(m->t->store, m->h, m->i, tables[k]->id, ret);
		return r == -ENOENT ? 0 : r;
	}
	return 0;
}

static int column(const struct table *t, const char *name)
{
	return t ? table_schema_find(t->schema, name) : -ENOENT;
}

/* A cell as a number; NAN for NULL, for what is not a number, and where there is no such column or row. */
static double number(const struct table *t, int c, uint32_t row)
{
	const struct column *col;
	uint64_t bits;
	double v;

	if (c < 0 || row >= t->n_rows || table_is_null(t, (uint32_t)c, row))
		return NAN;
	col = &t->schema->columns[c];
	bits = table_get(t, (uint32_t)c, row);
	switch (col->type) {
	case COL_U64:
		return (double)bits;
	case COL_I64:
		return (double)(int64_t)bits;
	case COL_DEC:
		v = (double)(int64_t)bits;
		for (unsigned k = 0; k < col->scale; k++)
			v /= 10;
		return v;
	case COL_F64:
		memcpy(&v, &bits, sizeof(v));
		return v;
	default:
		return NAN;
	}
}

static double named(const struct table *t, const char *name, uint32_t row)
{
	return number(t, column(t, name), row);
}

static struct str string(const struct table *t, int c, uint32_t row)
{
	if (c < 0 || row >= t->n_rows || t->schema->columns[c].type != COL_STR)
		return (struct str){"", 0, 0};
	return table_str(t, (uint32_t)c, row);
}

static bool is(struct str s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.p, text, s.len) == 0;
}

/* The row with that string in a column; past the last if there is none. */
static uint32_t row_of(const struct table *t, const char *name, const char *value)
{
	int c = column(t, name);
	uint32_t row = 0;

	while (t && row < t->n_rows && !is(string(t, c, row), value))
		row++;
	return row;
}

/* --- writing cells --- */

static void put_number(struct screen *s, const char *fmt_width, double v, int digits)
{
	if (isnan(v))
		screen_printf(s, "%s%*s", fmt_width, 7, "-");
	else
		screen_printf(s, "%s%*.*f", fmt_width, 7, digits, v);
}

static void put_bytes(struct screen *s, const char *before, double v)
{
	char b[SCREEN_BYTES_LEN];

	screen_printf(s, "%s%7s", before, isnan(v) ? "-" : screen_bytes(b, v));
}

/* --- sections: each fills the same number of lines whatever there is --- */

static int put_head(const struct moment *m)
{
	char time[TEXT_TIME_LEN + 1], name[NAME_MAX_LEN];
	const struct table *t;
	struct store_info info;
	int64_t ms;
	uint32_t seq;
	int r = hour_snapshot(m->h, m->i, &seq, &ms);

	if (r < 0)
		return r;
	store_info(m->t->store, &info);
	text_time(time, ms);
	name_target(name, "", hour_number(m->h), (int32_t)seq);
	screen_printf(m->s, "%s  %s  %.20s", time, name, info.host);
	screen_next(m->s);

	r = rates(m, "load", &t);
	if (r < 0)
		return r;
	put_number(m->s, "load   ", named(t, "load1", 0), 2);
	put_number(m->s, "", named(t, "load5", 0), 2);
	put_number(m->s, "", named(t, "load15", 0), 2);
	put_number(m->s, "   running", named(t, "running", 0), 0);
	put_number(m->s, "   threads", named(t, "threads", 0), 0);
	screen_next(m->s);
	return 0;
}

static int put_cpu(const struct moment *m)
{
	static const struct {
		const char *label, *column;
	} kinds[] = {{"us", "user_ticks_per_s"}, {"ni", "nice_ticks_per_s"}, {"sy", "system_ticks_per_s"},
	    {"wa", "iowait_ticks_per_s"}, {"hi", "irq_ticks_per_s"}, {"si", "softirq_ticks_per_s"},
	    {"st", "steal_ticks_per_s"}, {"id", "idle_ticks_per_s"}}; /* as top(1) calls them */
	const struct table *t;
	double v[N_ELEMENTS(kinds)], sum = 0;
	uint32_t row;
	int r = rates(m, "cpu", &t);

	if (r < 0)
		return r;
	row = row_of(t, "cpu", "all");
	for (size_t k = 0; k < N_ELEMENTS(kinds); k++) {
		v[k] = named(t, kinds[k].column, row);
		sum += isnan(v[k]) ? 0 : v[k];
	}
	screen_printf(m->s, "cpu %%  ");
	for (size_t k = 0; k < N_ELEMENTS(kinds); k++) {
		if (isnan(v[k]) || sum <= 0)
			screen_printf(m->s, "    - %s ", kinds[k].label);
		else
			screen_printf(m->s, "%5.1f %s ", 100 * v[k] / sum, kinds[k].label);
	}
	screen_next(m->s);
	return 0;
}

static int put_memory(const struct moment *m)
{
	const struct table *t;
	int r = rates(m, "mem", &t);
	const double kb = 1024;

	if (r < 0)
		return r;
	put_bytes(m->s, "memory total", kb * named(t, "MemTotal_kb", 0));
	put_bytes(m->s, " avail", kb * named(t, "MemAvailable_kb", 0));
	put_bytes(m->s, " cached", kb * named(t, "Cached_kb", 0));
	put_bytes(m->s, " dirty", kb * named(t, "Dirty_kb", 0));
	put_bytes(m->s, " swap", kb * (named(t, "SwapTotal_kb", 0) - named(t, "SwapFree_kb", 0)));
	screen_next(m->s);
	return 0;
}

/* Stalled time as the kernel averages it over ten seconds. */
static int put_psi(const struct moment *m)
{
	static const char *const resources[] = {"cpu", "io", "memory"};
	const struct table *t;
	int r = rates(m, "psi", &t);

	if (r < 0)
		return r;
	screen_printf(m->s, "stall %%");
	for (size_t k = 0; k < N_ELEMENTS(resources); k++) {
		uint32_t row = row_of(t, "resource", resources[k]);

		screen_printf(m->s, "  %s", resources[k]);
		put_number(m->s, "", named(t, "some_avg10", row), 2);
		if (k > 0)
			put_number(m->s, " full", named(t, "full_avg10", row), 2);
	}
	screen_next(m->s);
	return 0;
}

/* Rows with the largest values, largest first; those of NAN and 0 are left out. */
static uint32_t top(const struct table *t, double (*value)(const struct table *t, const int *columns, uint32_t row),
    const int *columns, uint32_t max, uint32_t ret[])
{
	double best[N_TOP];
	uint32_t n = 0;

	for (uint32_t row = 0; t && row < t->n_rows; row++) {
		double v = value(t, columns, row);
		uint32_t k;

		if (!(v > 0) || (n == max && v <= best[n - 1]))
			continue;
		for (k = n < max ? n++ : n - 1; k > 0 && best[k - 1] < v; k--) {
			best[k] = best[k - 1];
			ret[k] = ret[k - 1];
		}
		best[k] = v;
		ret[k] = row;
	}
	return n;
}

static double one_value(const struct table *t, const int *columns, uint32_t row)
{
	return number(t, columns[0], row);
}

static double sum_value(const struct table *t, const int *columns, uint32_t row)
{
	return number(t, columns[0], row) + number(t, columns[1], row);
}

static void put_name(struct screen *s, struct str name, unsigned width)
{
	unsigned begin = s->col;

	name.len = (uint32_t)utf8_cut(name.p, name.len, width);
	screen_put_str(s, name);
	if (s->col < begin + width)
		screen_printf(s, "%*s", (int)(begin + width - s->col), "");
}

static int put_disks(const struct moment *m)
{
	uint32_t rows[N_LINES], n;
	const struct table *t;
	int busy[1], r = rates(m, "disk", &t);

	if (r < 0)
		return r;
	busy[0] = column(t, "io_ms_per_s");
	n = top(t, one_value, busy, N_LINES, rows);
	screen_printf(m->s, "disk                 busy %%    read/s   write/s   bytes read/s  bytes written/s");
	screen_next(m->s);
	for (uint32_t k = 0; k < N_LINES; k++) {
		if (k < n) {
			put_name(m->s, string(t, column(t, "name"), rows[k]), 20);
			put_number(m->s, "", number(t, busy[0], rows[k]) / 10, 1);
			put_number(m->s, "   ", named(t, "reads_per_s", rows[k]), 1);
			put_number(m->s, "   ", named(t, "writes_per_s", rows[k]), 1);
			put_bytes(m->s, "        ", SECTOR * named(t, "read_sectors_per_s", rows[k]));
			put_bytes(m->s, "          ", SECTOR * named(t, "write_sectors_per_s", rows[k]));
		}
		screen_next(m->s);
	}
	return 0;
}

static int put_net(const struct moment *m)
{
	uint32_t rows[N_LINES], n;
	const struct table *t;
	int c[2], r = rates(m, "net", &t);

	if (r < 0)
		return r;
	c[0] = column(t, "rx_bytes_per_s");
	c[1] = column(t, "tx_bytes_per_s");
	n = top(t, sum_value, c, N_LINES, rows);
	screen_printf(m->s, "net                  in/s   out/s  packets in/s  packets out/s");
	screen_next(m->s);
	for (uint32_t k = 0; k < N_LINES; k++) {
		if (k < n) {
			put_name(m->s, string(t, column(t, "interface"), rows[k]), 18);
			put_bytes(m->s, "", number(t, c[0], rows[k]));
			put_bytes(m->s, " ", number(t, c[1], rows[k]));
			put_number(m->s, "       ", named(t, "rx_packets_per_s", rows[k]), 1);
			put_number(m->s, "        ", named(t, "tx_packets_per_s", rows[k]), 1);
		}
		screen_next(m->s);
	}
	return 0;
}

static void put_process(struct screen *s, const struct table *t, const int *cpu, uint32_t row)
{
	struct str command = string(t, column(t, "cmdline"), row);

	/* Kernel threads have no command line. */
	if (command.len == 0)
		command = string(t, column(t, "comm"), row);
	put_number(s, "", named(t, "pid", row), 0);
	screen_printf(s, " ");
	put_name(s, string(t, column(t, "state"), row), 1);
	put_number(s, "", sum_value(t, cpu, row) / 10000, 1);
	put_bytes(s, " ", named(t, "rss_bytes", row));
	put_bytes(s, " ", named(t, "read_bytes_per_s", row));
	put_bytes(s, " ", named(t, "write_bytes_per_s", row));
	screen_printf(s, "  ");
	screen_put_str(s, command);
	screen_next(s);
}

static int put_processes(const struct moment *m)
{
	static const char head[] = "    PID S   CPU %     RSS  READ/s WRITE/s  COMMAND";
	uint32_t rows[N_TOP], n;
	const struct table *t;
	int cpu[2], rss[1], r = rates(m, "processes", &t);

	if (r < 0)
		return r;
	cpu[0] = column(t, "utime_us_per_s");
	cpu[1] = column(t, "stime_us_per_s");
	rss[0] = column(t, "rss_bytes");
	screen_printf(m->s, "%s (by CPU, of %" PRIu32 " processes)", head, t ? t->n_rows : 0);
	screen_next(m->s);
	n = top(t, sum_value, cpu, N_TOP, rows);
	for (uint32_t k = 0; k < N_TOP; k++) {
		if (k < n)
			put_process(m->s, t, cpu, rows[k]);
		else
			screen_next(m->s);
	}
	screen_next(m->s);
	screen_printf(m->s, "%s (by memory)", head);
	screen_next(m->s);
	n = top(t, one_value, rss, N_TOP, rows);
	for (uint32_t k = 0; k < n; k++)
		put_process(m->s, t, cpu, rows[k]);
	return 0;
}

static int put_all(const struct moment *m)
{
	int (*const sections[])(const struct moment *m) = {
	    put_head, put_cpu, put_memory, put_psi, NULL, put_disks, NULL, put_net, NULL, put_processes};

	screen_clear(m->s);
	for (size_t k = 0; k < N_ELEMENTS(sections); k++) {
		int r = 0;

		if (sections[k])
			r = sections[k](m);
		else
			screen_next(m->s);
		if (r < 0)
			return r;
	}
	return 0;
}

static int summary_text(struct tree *t, struct hour *h, uint32_t i, struct node n, struct span *ret)
{
	_cleanup_(buf_done) struct buf out = {0};
	struct screen screen;
	struct moment m = {t, h, i, &screen};
	int r;

	if (cache_get(t->cache, node_ino(n), 0, ret))
		return 0;
	r = put_all(&m);
	if (r < 0)
		return r;
	buf_put(&out, screen.text, sizeof(screen.text));
	return cache_put(t->cache, node_ino(n), 0, &out, ret);
}

static int summary_len(struct tree *t, struct hour *h, uint32_t i, struct node n, uint64_t *ret)
{
	(void)t, (void)h, (void)i, (void)n;
	*ret = SCREEN_LEN;
	return 0;
}

const struct leaf summary_leaf = {
    .name = "summary",
    .id = LEAF_SUMMARY,
    .len = summary_len,
    .text = summary_text,
};
