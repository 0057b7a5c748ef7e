/* devices.c -- the summary's lines on disks, network interfaces, and file systems that are nearly full */
#include "view/summary.h"

#include <math.h>

enum { SECTOR = 512, HUNG = 101, NEARLY_FULL = 90, CANDIDATES_MAX = 256 };

/* The rows that have most of something, and behind them others in their order while there is room. */
static uint32_t pick(const struct table *t, const int *columns, unsigned n_columns, uint32_t max,
    uint32_t ret[SUMMARY_ROWS_MAX], bool (*is_wanted)(const struct table *t, uint32_t row, bool active))
{
	uint32_t top[CANDIDATES_MAX], n_top = figures_top(t, columns, n_columns, CANDIDATES_MAX, top), n = 0;

	for (uint32_t k = 0; k < n_top && n < max; k++)
		if (is_wanted(t, top[k], true))
			ret[n++] = top[k];
	for (uint32_t row = 0; t && row < t->n_rows && n < max; row++)
		if (!(figures_sum(t, columns, n_columns, row) > 0) && is_wanted(t, row, false))
			ret[n++] = row;
	return n;
}

/* --- disks --- */

static bool begins_with(struct str s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && memcmp(s.p, prefix, len) == 0;
}

/* Whether one is a part of the other: sda1 of sda, nvme0n1p1 of nvme0n1. */
static bool is_part_of(struct str part, struct str disk)
{
	uint32_t i = disk.len;

	if (disk.len == 0 || part.len <= disk.len || memcmp(part.p, disk.p, disk.len) != 0)
		return false;
	if (disk.p[i - 1] >= '0' && disk.p[i - 1] <= '9' && part.p[i++] != 'p')
		return false;
	for (uint32_t k = i; k < part.len; k++)
		if (part.p[k] < '0' || part.p[k] > '9')
			return false;
	return i < part.len;
}

/* Whole disks; what is no disk at all (loop, ram, …) only if it does something. */
static bool is_wanted_disk(const struct table *t, uint32_t row, bool active)
{
	static const char *const idle[] = {"loop", "ram", "zram", "sr", "fd", "nbd"};
	struct str name = figures_string(t, "name", row);

	for (size_t k = 0; k < N_ELEMENTS(idle) && !active; k++)
		if (begins_with(name, idle[k]))
			return false;
	/* A disk's partitions stand right behind it. */
	for (uint32_t k = row; k-- > 0 && row - k <= CANDIDATES_MAX;)
		if (is_part_of(name, figures_string(t, "name", k)))
			return false;
	return true;
}

static void put_disk(struct screen *s, const struct table *t, uint32_t row)
{
	double reads = figures_named(t, "reads_per_s", row), writes = figures_named(t, "writes_per_s", row);

	screen_put_cell(s, figures_string(t, "name", row), 12);
	screen_put_decimal(s, 7, 1, figures_named(t, "io_ms_per_s", row) / 10);
	screen_put_count(s, 8, reads);
	screen_put_count(s, 8, writes);
	screen_put_bytes(s, 10, SECTOR * figures_named(t, "read_sectors_per_s", row));
	screen_put_bytes(s, 10, SECTOR * figures_named(t, "write_sectors_per_s", row));
	screen_put_count(s, 9, reads > 0 ? figures_named(t, "read_ms_per_s", row) / reads : NAN);
	screen_put_count(s, 9, writes > 0 ? figures_named(t, "write_ms_per_s", row) / writes : NAN);
	screen_put_count(s, 7, figures_named(t, "weighted_ms_per_s", row) / 1000);
	screen_next(s);
}

/* The busiest. */
int devices_disks(const struct summary *m, unsigned rows)
{
	uint32_t lines[SUMMARY_ROWS_MAX], n;
	const struct table *t;
	int busy[3], r = figures_rates(&m->at, "disk", &t);

	if (r < 0)
		return r;
	busy[0] = figures_column(t, "io_ms_per_s");
	busy[1] = figures_column(t, "reads_per_s");
	busy[2] = figures_column(t, "writes_per_s");
	n = pick(t, busy, N_ELEMENTS(busy), rows, lines, is_wanted_disk);
	screen_printf(m->s, "DISK          busy%%  read/s write/s   readB/s  writeB/s  read ms write ms  queue");
	screen_next(m->s);
	for (uint32_t k = 0; k < n; k++)
		put_disk(m->s, t, lines[k]);
	return 0;
}

/* --- networks --- */

/* Links that are up, or busy all the same. */
static bool is_wanted_net(const struct table *t, uint32_t row, bool active)
{
	return active || figures_is(figures_string(t, "operstate", row), "up");
}

static void put_net(struct screen *s, const struct table *t, uint32_t row)
{
	double in = figures_named(t, "rx_bytes_per_s", row), out = figures_named(t, "tx_bytes_per_s", row);
	double most = in > out ? in : out;
	int errors[2] = {figures_column(t, "rx_errors_per_s"), figures_column(t, "tx_errors_per_s")};
	int drops[2] = {figures_column(t, "rx_dropped_per_s"), figures_column(t, "tx_dropped_per_s")};

	screen_put_cell(s, figures_string(t, "interface", row), 12);
	/* Megabits a second, of which one direction can have all. */
	screen_put_decimal(s, 7, 1, 100 * most * 8 / (1e6 * figures_named(t, "speed_mbit", row)));
	screen_put_bytes(s, 10, in);
	screen_put_bytes(s, 10, out);
	screen_put_count(s, 11, figures_named(t, "rx_packets_per_s", row));
	screen_put_count(s, 11, figures_named(t, "tx_packets_per_s", row));
	screen_put_count(s, 10, figures_sum(t, errors, 2, row));
	screen_put_count(s, 8, figures_sum(t, drops, 2, row));
	screen_next(s);
}

/* Those with most traffic or trouble. */
int devices_nets(const struct summary *m, unsigned rows)
{
	static const char *const busy[] = {"rx_bytes_per_s", "tx_bytes_per_s", "rx_errors_per_s", "tx_errors_per_s",
	    "rx_dropped_per_s", "tx_dropped_per_s"};
	int columns[N_ELEMENTS(busy)];
	uint32_t lines[SUMMARY_ROWS_MAX], n;
	const struct table *t;
	int r = figures_rates(&m->at, "net", &t);

	if (r < 0)
		return r;
	for (size_t k = 0; k < N_ELEMENTS(busy); k++)
		columns[k] = figures_column(t, busy[k]);
	n = pick(t, columns, N_ELEMENTS(busy), rows, lines, is_wanted_net);
	screen_printf(m->s, "NET           busy%%     inB/s    outB/s   in pkt/s  out pkt/s  errors/s drops/s");
	screen_next(m->s);
	for (uint32_t k = 0; k < n; k++)
		put_net(m->s, t, lines[k]);
	return 0;
}

/* --- file systems --- */

/* Shares in hundredths of what users may have, of blocks and of inodes; NAN where that is not known or has no end. */
static double used_blocks(const struct table *t, uint32_t row)
{
	double size = figures_named(t, "size_bytes", row), free_ = figures_named(t, "free_bytes", row);
	double avail = figures_named(t, "avail_bytes", row), used = size - free_;

	return used + avail > 0 ? 100 * used / (used + avail) : NAN;
}

static double used_inodes(const struct table *t, uint32_t row)
{
	double files = figures_named(t, "files", row);

	return files > 0 ? 100 * (files - figures_named(t, "files_free", row)) / files : NAN;
}

/* How full it is of the one or the other, or that it does not answer. */
static double trouble(const struct table *t, uint32_t row)
{
	double blocks = used_blocks(t, row), inodes = used_inodes(t, row);

	if (figures_is(figures_string(t, "state", row), "hung"))
		return HUNG;
	/* What is mounted read-only was made full. */
	if (figures_named(t, "read_only", row) > 0)
		return NAN;
	return fmax(blocks, inodes);
}

/* That, where it is worth a line. */
static double worst(const void *t, uint32_t row)
{
	double v = trouble(t, row);

	return v >= NEARLY_FULL ? v : 0;
}

static void put_filesystem(struct screen *s, const struct table *t, uint32_t row)
{
	screen_put_cell(s, figures_string(t, "mount_point", row), 40);
	if (figures_is(figures_string(t, "state", row), "hung"))
		screen_printf(s, "%7s", "hung");
	else
		screen_put_decimal(s, 7, 1, used_blocks(t, row));
	screen_put_bytes(s, 9, figures_named(t, "size_bytes", row));
	screen_put_bytes(s, 9, figures_named(t, "avail_bytes", row));
	screen_put_decimal(s, 15, 1, used_inodes(t, row));
	screen_next(s);
}

/* Nothing is written unless one is nearly full, or does not answer. */
int devices_filesystems(const struct summary *m, unsigned rows)
{
	uint32_t lines[SUMMARY_ROWS_MAX], n;
	const struct table *t;
	int r = figures_rates(&m->at, "filesystems", &t);

	if (r < 0 || !t)
		return r;
	n = figures_top_of(t->n_rows, worst, t, rows, lines);
	for (uint32_t k = 0; k < n; k++) {
		if (k == 0) {
			screen_printf(
			    m->s, "%-40s%7s%9s%9s%15s", "FULL FILE SYSTEMS", "used%", "size", "avail", "inodes used%");
			screen_next(m->s);
		}
		put_filesystem(m->s, t, lines[k]);
	}
	return 0;
}
