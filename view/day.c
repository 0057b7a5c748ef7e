/* day.c -- a day's heat, gathered for the eye */
#include "view/day.h"

#include "view/interval.h"
#include "view/name.h"

#include "store/heat.h"

#include <stdlib.h>

enum {
	HOUR_MS = 3600 * 1000,
	FEW = 4,        /* snapshots that do not tell their interval */
	PER_MOMENT = 2, /* cells that moments must be apart */
};

/* In the order in which they are shown. */
static const struct day_row rows[DAY_ROWS] = {
    {HEAT_HEALTH, DAY_HEALTH, "health", "health"},
    {HEAT_CPU, DAY_PERMILLE, "cpu", "CPU busy"},
    {HEAT_IOWAIT, DAY_PERMILLE, "iowait", "CPU iowait"},
    {HEAT_PSI_CPU, DAY_PERMILLE, "psi cpu", "CPU pressure"},
    {HEAT_PSI_IO, DAY_PERMILLE, "psi io", "I/O pressure"},
    {HEAT_PSI_MEM, DAY_PERMILLE, "psi mem", "memory pressure"},
    {HEAT_MEM, DAY_PERMILLE, "memory", "memory used"},
    {HEAT_DISK, DAY_PERMILLE, "disk", "busiest disk"},
    {HEAT_CGROUP_CPU, DAY_PERMILLE, "cg cpu", "cgroup CPU"},
    {HEAT_CGROUP_MEM, DAY_PERMILLE, "cg mem", "cgroup memory"},
    {HEAT_ACTIVE, DAY_COUNT, "active", "sessions active"},
    {HEAT_WAITING, DAY_COUNT, "waiting", "sessions waiting"},
    {HEAT_ERR_CRITICAL, DAY_COUNT, "critic.", "errors, critical"},
    {HEAT_ERR_WARNING, DAY_COUNT, "warning", "warnings"},
    {HEAT_ERR_INFO, DAY_COUNT, "info", "errors, info"},
    {HEAT_SLOW, DAY_COUNT, "slow", "slow queries"},
    {HEAT_CHECKPOINTS, DAY_COUNT, "checkp.", "checkpoints"},
    {HEAT_AUTOVACUUMS, DAY_COUNT, "vacuums", "autovacuums"},
    {DAY_MISSING, DAY_PERMILLE, "missing", "missing"},
};

unsigned day_rows(uint32_t known, const struct day_row *ret[DAY_ROWS])
{
	unsigned n = 0;

	for (unsigned i = 0; i < DAY_ROWS; i++)
		if (rows[i].measure == DAY_MISSING || (known >> rows[i].measure & 1))
			ret[n++] = &rows[i];
	return n;
}

bool day_has_counts(const struct day_row *const *some, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (some[i]->unit == DAY_COUNT)
			return true;
	return false;
}

/* --- values --- */

static const uint16_t shares_from[DAY_LEVELS] = {0, 50, 100, 200, 300, 450, 600, 750, 900};
static const uint16_t counts_from[DAY_LEVELS] = {0, 1, 2, 4, 8, 16, 32, 64, 128};

/* A number that grows as things get worse. */
static unsigned badness(const struct day_row *row, uint16_t value)
{
	if (row->unit == DAY_HEALTH)
		return value < 100 ? (100u - value) * 10 : 0;
	return value;
}

int day_level(const struct day_row *row, uint16_t value)
{
	const uint16_t *from = row->unit == DAY_COUNT ? counts_from : shares_from;
	int level = DAY_LEVELS - 1;

	if (value == HEAT_UNKNOWN)
		return -1;
	while (badness(row, value) < from[level])
		level--;
	return row->measure == DAY_MISSING && value > 0 && level == 0 ? 1 : level;
}

unsigned day_level_from(enum day_unit unit, unsigned level)
{
	return unit == DAY_COUNT ? counts_from[level] : shares_from[level] / 10;
}

const char *day_value(const struct day_row *row, uint16_t value, char ret[DAY_VALUE_LEN])
{
	if (value == HEAT_UNKNOWN)
		snprintf(ret, DAY_VALUE_LEN, "-");
	else if (row->unit == DAY_PERMILLE)
		snprintf(ret, DAY_VALUE_LEN, "%u.%u%%", value / 10, value % 10);
	else
		snprintf(ret, DAY_VALUE_LEN, "%u%s", value, value == HEAT_MAX ? "+" : "");
	return ret;
}

int64_t day_time(const struct day *d, uint32_t entry)
{
	return (int64_t)get_le64(d->entries[entry].time_ms);
}

const char *day_clock(int64_t ms, char ret[DAY_CLOCK_LEN])
{
	unsigned s = (unsigned)(ms / 1000 % 86400);

	snprintf(ret, DAY_CLOCK_LEN, "%02u:%02u:%02u", s / 3600 % 24, s / 60 % 60, s % 60);
	return ret;
}

const char *day_minute(unsigned cell, char ret[DAY_CLOCK_LEN])
{
	unsigned minute = cell * (DAY_CELL_MS / 60000);

	snprintf(ret, DAY_CLOCK_LEN, "%02u:%02u", minute / 60 % 100, minute % 60);
	return ret;
}

const char *day_path(const struct day *d, uint32_t entry, char ret[DAY_PATH_LEN])
{
	name_target(ret, "/", (int32_t)(day_time(d, entry) / HOUR_MS), (int32_t)get_le32(d->entries[entry].seq));
	return ret;
}

/* --- intervals and gaps --- */

/* Of some of an hour's entries; steps is room for as many. */
static int64_t interval(const struct disk_heat *e, uint32_t n, int64_t *steps)
{
	uint32_t n_steps = 0;

	for (uint32_t i = 1; i < n; i++) {
		int64_t step = (int64_t)(get_le64(e[i].time_ms) - get_le64(e[i - 1].time_ms));

		if (step <= HOUR_MS)
			steps[n_steps++] = step;
	}
	return interval_of(steps, n_steps);
}

static bool cell_of(const struct day *d, int64_t ms, unsigned *ret)
{
	if (__builtin_sub_overflow(ms, (int64_t)d->first_hour * HOUR_MS, &ms) || ms < 0 ||
	    ms >= (int64_t)DAY_CELLS * DAY_CELL_MS)
		return false;
	*ret = (unsigned)(ms / DAY_CELL_MS);
	return true;
}

/* What is missing between an entry and the next, which is `step` behind it at an interval of `usual`, both of the day.
 * Returns whether anything is. */
static bool find_missing(struct day *d, uint32_t before, int64_t step, int64_t usual)
{
	int64_t n = interval_missing(step, usual), ms = day_time(d, before);
	unsigned cell;

	if (n <= 0)
		return false;
	if (step > d->longest_ms) {
		d->longest_ms = step;
		d->worst[DAY_MISSING].entry = before;
	}
	d->n_gaps++;
	d->n_missing += (uint32_t)n;
	/* Cell by cell: k of them are in those before. */
	for (int64_t k = 0; k < n && cell_of(d, ms + (k + 1) * usual, &cell);) {
		int64_t end = (int64_t)d->first_hour * HOUR_MS + (cell + 1) * (int64_t)DAY_CELL_MS;
		int64_t until = (end - 1 - ms) / usual;

		until = until < n ? until : n;
		d->missing[cell] += (uint32_t)(until - k);
		k = until;
	}
	return true;
}

/* --- cells --- */

static void put_worse(const struct day_row *row, struct day_cell *c, uint16_t value, uint32_t entry)
{
	if (value == HEAT_UNKNOWN)
		return;
	if (c->value == HEAT_UNKNOWN || badness(row, value) > badness(row, c->value))
		*c = (struct day_cell){.value = value, .entry = entry};
}

static void put_entry(struct day *d, uint32_t entry, unsigned cell)
{
	const struct disk_heat *e = &d->entries[entry];

	d->present[cell]++;
	for (unsigned i = 0; i < DAY_ROWS; i++)
		if (rows[i].measure != DAY_MISSING)
			put_worse(&rows[i], &d->cells[rows[i].measure][cell], get_le16(e->m[rows[i].measure]), entry);
}

bool day_recorded(const struct day *d, unsigned cell)
{
	return d->present[cell] > 0;
}

static int64_t longer(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void fill_cells(struct day *d, const int64_t usual[DAY_HOURS])
{
	for (uint32_t i = 0; i < d->n; i++) {
		int64_t ms = day_time(d, i), step, between;
		unsigned cell, from;

		if (!cell_of(d, ms, &cell))
			continue;
		put_entry(d, i, cell);
		if (i == 0 || !cell_of(d, day_time(d, i - 1), &from))
			continue;
		step = ms - day_time(d, i - 1);
		if (step <= 0)
			continue;
		between = longer(usual[from * DAY_CELL_MS / HOUR_MS], usual[cell * DAY_CELL_MS / HOUR_MS]);
		/* A snapshot is of the time since the one before, which may be longer than a cell. */
		if (!find_missing(d, i - 1, step, between) && between > 0)
			while (++from < cell)
				put_entry(d, i, from);
	}
}

static void fill_missing(struct day *d)
{
	for (unsigned k = 0; k < DAY_CELLS; k++) {
		uint64_t all = (uint64_t)d->missing[k] + d->present[k];

		if (all == 0)
			continue;
		/* A single one that is missing is not nothing. */
		d->cells[DAY_MISSING][k].value = (uint16_t)((d->missing[k] * UINT64_C(1000) + all - 1) / all);
	}
}

static void find_worst(struct day *d)
{
	for (unsigned i = 0; i < DAY_ROWS; i++)
		for (unsigned k = 0; k < DAY_CELLS && rows[i].measure != DAY_MISSING; k++) {
			const struct day_cell *c = &d->cells[rows[i].measure][k];

			put_worse(&rows[i], &d->worst[rows[i].measure], c->value, c->entry);
		}
}

static void find_moments(struct day *d)
{
	struct day_cell best[DAY_CELLS / PER_MOMENT];

	for (unsigned k = 0; k < N_ELEMENTS(best); k++)
		if (!day_worst(d, &rows[0], k * PER_MOMENT, PER_MOMENT, &best[k]))
			best[k].value = HEAT_UNKNOWN;
	while (d->n_moments < DAY_WORST) {
		struct day_cell *worst = &best[0];

		for (unsigned k = 1; k < N_ELEMENTS(best); k++)
			if (best[k].value < worst->value)
				worst = &best[k];
		if (worst->value >= 100)
			break;
		d->moments[d->n_moments++] = worst->entry;
		worst->value = HEAT_UNKNOWN;
	}
}

bool day_worst(const struct day *d, const struct day_row *row, unsigned cell, unsigned n, struct day_cell *ret)
{
	bool any = false;

	*ret = (struct day_cell){.value = HEAT_UNKNOWN};
	for (unsigned k = cell; k < cell + n; k++) {
		const struct day_cell *c = &d->cells[row->measure][k];

		any |= row->measure == DAY_MISSING ? c->value != HEAT_UNKNOWN : day_recorded(d, k);
		put_worse(row, ret, c->value, c->entry);
	}
	return any;
}

const struct day_row *day_reason(const struct day *d, uint32_t entry)
{
	int measure = heat_reason(&d->entries[entry]);

	for (unsigned i = 0; i < DAY_ROWS; i++)
		if ((int)rows[i].measure == measure)
			return &rows[i];
	return NULL;
}

uint16_t day_measure(const struct day *d, uint32_t entry, const struct day_row *row)
{
	return get_le16(d->entries[entry].m[row->measure]);
}

int day_gather(struct day *d, int32_t first_hour, const struct disk_heat *entries, const uint32_t n[DAY_HOURS])
{
	_cleanup_(cleanup_free) int64_t *steps = NULL;
	int64_t usual[DAY_HOURS], of_day = 0;

	*d = (struct day){.first_hour = first_hour, .entries = entries};
	for (unsigned k = 0; k < DAY_HOURS; k++)
		d->n += n[k];
	steps = malloc(((size_t)d->n + 1) * sizeof *steps);
	if (!steps)
		return -ENOMEM;
	for (unsigned k = 0, from = 0; k < DAY_HOURS; from += n[k++]) {
		usual[k] = interval(entries + from, n[k], steps);
		/* What is frequent among so few? */
		if (n[k] < FEW) {
			of_day = of_day ? of_day : interval(entries, d->n, steps);
			usual[k] = of_day;
		}
	}
	for (unsigned i = 0; i < DAY_ROWS; i++) {
		d->worst[i].value = HEAT_UNKNOWN;
		for (unsigned k = 0; k < DAY_CELLS; k++)
			d->cells[i][k].value = HEAT_UNKNOWN;
	}
	fill_cells(d, usual);
	fill_missing(d);
	find_worst(d);
	find_moments(d);
	return 0;
}

int day_load(struct store *s, int32_t first_hour, struct day *d)
{
	struct buf entries = {0};
	uint32_t n[DAY_HOURS];
	int r = 0;

	for (int32_t k = 0; k < DAY_HOURS && r == 0; k++) {
		size_t before = entries.len;

		r = store_heat_entries(s, first_hour + k, &entries);
		/* An hour that is not there, or of which nothing can be opened, is not recorded. */
		if (r == -ENOENT)
			r = 0;
		n[k] = (uint32_t)((entries.len - before) / sizeof(struct disk_heat));
	}
	if (r == 0)
		r = day_gather(d, first_hour, (const struct disk_heat *)(const void *)entries.p, n);
	else
		*d = (struct day){0};
	d->text = entries;
	return r;
}

void day_done(struct day *d)
{
	buf_done(&d->text);
}
