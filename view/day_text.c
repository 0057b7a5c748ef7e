/* day_text.c -- a day as a strip for a terminal */
#include "view/day_text.h"

#include "view/name.h"

#include <stdarg.h>

enum {
	WIDTH = 80,
	CELLS_PER_CHAR = 2, /* ten minutes */
	HALF = DAY_CELLS / 2,
	LEGEND_LINES = 2,
	TITLE_LINES = 1,
};

static const char levels[DAY_LEVELS + 1] = ".:-=+*#%@";

uint64_t day_text_len(uint32_t known)
{
	const struct day_row *rows[DAY_ROWS];
	unsigned n = day_rows(known, rows);

	return (WIDTH + 1) *
	       (TITLE_LINES + LEGEND_LINES + day_has_counts(rows, n) + 3 * (TITLE_LINES + n) + TITLE_LINES + DAY_WORST);
}

/* A line, cut or filled up to the width. */
static void put_line(struct buf *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put_line(struct buf *out, const char *fmt, ...)
{
	char line[WIDTH * 2];
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	len = strnlen(line, WIDTH);
	memset(line + len, ' ', WIDTH - len);
	line[WIDTH] = '\n';
	buf_put(out, line, WIDTH + 1);
}

static void put_scale(struct buf *out, enum day_unit unit, const char *name, const char *end)
{
	char line[WIDTH + 1];
	int len = 0;

	for (unsigned k = 0; k < DAY_LEVELS; k++)
		len += snprintf(line + len, sizeof(line) - (size_t)len, "  %c %u", levels[k], day_level_from(unit, k));
	put_line(out, "%-7s%s%s", name, line, end);
}

static char symbol(const struct day *d, const struct day_row *row, unsigned cell)
{
	struct day_cell worst;

	if (!day_worst(d, row, cell, CELLS_PER_CHAR, &worst))
		return ' ';
	return worst.value == HEAT_UNKNOWN ? '?' : levels[day_level(row, worst.value)];
}

/* Half a day: the hours, and a line a row. */
static void put_strip(
    const struct day *d, const struct day_row *const *rows, unsigned n, unsigned cell, struct buf *out)
{
	char line[HALF / CELLS_PER_CHAR + 1], *p = line;

	for (unsigned k = cell; k < cell + HALF; k += DAY_CELLS / DAY_HOURS)
		p += sprintf(p, "%02u    ", k / (DAY_CELLS / DAY_HOURS) % 100);
	put_line(out, "        %s", line);
	for (unsigned i = 0; i < n; i++) {
		p = line;
		for (unsigned k = cell; k < cell + HALF; k += CELLS_PER_CHAR)
			*p++ = symbol(d, rows[i], k);
		*p = '\0';
		put_line(out, "%-7s %s", rows[i]->name, line);
	}
}

static void put_missing(const struct day *d, struct buf *out)
{
	char clock[DAY_CLOCK_LEN], path[DAY_PATH_LEN];
	const struct day_cell *w = &d->worst[DAY_MISSING];

	if (d->n_missing == 0)
		put_line(out, "missing       0");
	else
		put_line(out, "missing %7" PRIu32 "  %s  %s  then %g s", d->n_missing,
		    day_clock(day_time(d, w->entry), clock), day_path(d, w->entry, path), (double)d->longest_ms / 1000);
}

static void put_worst(const struct day *d, const struct day_row *const *rows, unsigned n, struct buf *out)
{
	char value[DAY_VALUE_LEN], clock[DAY_CLOCK_LEN], path[DAY_PATH_LEN];

	put_line(out, "          worst  at        where");
	for (unsigned i = 0; i < n; i++) {
		const struct day_cell *w = &d->worst[rows[i]->measure];

		if (rows[i]->measure == DAY_MISSING)
			put_missing(d, out);
		else if (w->value == HEAT_UNKNOWN)
			put_line(out, "%-7s       -", rows[i]->name);
		else
			put_line(out, "%-7s %7s  %s  %s", rows[i]->name, day_value(rows[i], w->value, value),
			    day_clock(day_time(d, w->entry), clock), day_path(d, w->entry, path));
	}
}

static void put_moments(const struct day *d, uint32_t known, struct buf *out)
{
	char clock[DAY_CLOCK_LEN], path[DAY_PATH_LEN], value[DAY_VALUE_LEN];

	put_line(out, "%s", known >> HEAT_HEALTH & 1 ? "         health  the worst moments" : "");
	for (unsigned i = 0; i < DAY_WORST; i++) {
		const struct day_row *row;
		uint32_t e;

		if (i >= d->n_moments) {
			put_line(out, "%s", "");
			continue;
		}
		e = d->moments[i];
		row = day_reason(d, e);
		put_line(out, "%15u  %s  %s  %s %s", get_le16(d->entries[e].m[HEAT_HEALTH]),
		    day_clock(day_time(d, e), clock), day_path(d, e, path), row ? row->name : "",
		    row ? day_value(row, day_measure(d, e, row), value) : "");
	}
}

void day_text_draw(const struct day *d, uint32_t known, struct buf *out)
{
	const struct day_row *rows[DAY_ROWS];
	unsigned n = day_rows(known, rows);
	char day[NAME_MAX_LEN];

	name_day(day, d->first_hour);
	put_line(out, "%s UTC, the worst of each ten minutes; blank: not recorded, ?: not known", day);
	put_scale(out, DAY_PERMILLE, "%", " and more");
	put_line(out, "%s", "health  the same of what it lacks of 100");
	if (day_has_counts(rows, n))
		put_scale(out, DAY_COUNT, "counts", " and more");
	put_strip(d, rows, n, 0, out);
	put_strip(d, rows, n, HALF, out);
	put_worst(d, rows, n, out);
	put_moments(d, known, out);
}
