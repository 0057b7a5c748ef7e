/* day_svg.c -- a day as a picture
 *
 * LAYOUT: names at the left, a row a measure, the day's worst at the right; below, the scales and the worst moments. A
 * cell is three units wide.
 *
 * SIZE: a row's cells are one path a level, in which neighbours of a level are one stroke. What a cell says under the
 * pointer lies in an invisible stripe over all rows. Whatever the values are, a row and a stripe cost no more than the
 * limits below; the file is filled up to their sum.
 */
#include "view/day_svg.h"

#include "view/name.h"
#include "view/svg.h"

enum {
	WIDTH = 1150,
	LEFT = 130, /* where the first cell begins */
	CELL = 3,
	RIGHT = LEFT + CELL * DAY_CELLS,
	TOP = 62, /* of the first row */
	PITCH = 22,
	ROW = 18,
	LINE = 18, /* of text */

	/* Bytes at most. A row has a path for each level and a stroke for each cell, "m1 0h1"; numbers of more digits
	 * are of more cells, so that in each path no more than a tenth of the cells cost a digit more. */
	FRAME_MAX = 5 * 1024,
	N_PATHS = DAY_LEVELS + 1,
	PATH_MAX = 48,
	ROW_MAX = N_PATHS * (PATH_MAX + DAY_CELLS / 10) + DAY_CELLS * 6 + 400,
	/* A stripe, and what is in a line of it beside the name. */
	STRIPE_MAX = 112,
	STRIPE_VALUE_MAX = 9,
	MOMENT_MAX = 320,
};

/* Dark means bad in the light, bright in the dark: lightness alone tells the levels apart, whatever colours are seen.
 */
static const char css[] = ".g{fill:url(#h)}.o path{fill:#7f8c96;fill-opacity:0}.o path:hover{fill-opacity:.45}";
static const char light[] =
    ".h{stroke:#aab4bc}.u{stroke:#9aa5ad}\n.l0{stroke:#e9eef2}.l1{stroke:#fbf0c4}.l2{stroke:#fbdf93}.l3{stroke:#f9c65d}"
    ".l4{stroke:#f4a136}.l5{stroke:#e8772a}.l6{stroke:#cf4a23}.l7{stroke:#a32420}.l8{stroke:#66101f}";
static const char dark[] =
    ".h{stroke:#4d5962}.u{stroke:#64717b}\n.l0{stroke:#20282f}.l1{stroke:#2c2a4a}.l2{stroke:#47276a}.l3{stroke:#6b2a78}"
    ".l4{stroke:#93316f}.l5{stroke:#bd4058}.l6{stroke:#e0603a}.l7{stroke:#f79a2b}.l8{stroke:#fde27a}";
static_assert(DAY_LEVELS == 9, "a colour each");

uint64_t day_svg_len(uint32_t known)
{
	const struct day_row *rows[DAY_ROWS];
	unsigned n = day_rows(known, rows);
	uint64_t stripe = STRIPE_MAX;

	for (unsigned i = 0; i < n; i++)
		stripe += strlen(rows[i]->label) + STRIPE_VALUE_MAX;
	return FRAME_MAX + (uint64_t)n * ROW_MAX + DAY_CELLS * stripe + DAY_WORST * MOMENT_MAX;
}

static void put_hours(unsigned n_rows, struct buf *out)
{
	unsigned bottom = TOP + n_rows * PITCH;

	buf_puts(out, "<path class=\"x\" shape-rendering=\"crispEdges\" d=\"");
	for (unsigned k = 0; k <= DAY_HOURS; k++)
		buf_printf(out, "M%u %uV%u", LEFT + k * CELL * (DAY_CELLS / DAY_HOURS), TOP - (k % 3 ? 5 : 9), bottom);
	buf_puts(out, "\"/>\n<g class=\"d\" text-anchor=\"middle\">");
	for (unsigned k = 0; k < DAY_HOURS; k += 3)
		buf_printf(out, "<text x=\"%u\" y=\"%u\">%02u:00</text>", LEFT + k * CELL * (DAY_CELLS / DAY_HOURS),
		    TOP - 13, k);
	buf_puts(out, "</g>\n");
}

/* --- rows --- */

enum { LEVEL_UNKNOWN = DAY_LEVELS, LEVEL_NONE };

static unsigned cell_level(const struct day *d, const struct day_row *row, unsigned cell)
{
	struct day_cell c;

	if (!day_worst(d, row, cell, 1, &c))
		return LEVEL_NONE;
	return c.value == HEAT_UNKNOWN ? LEVEL_UNKNOWN : (unsigned)day_level(row, c.value);
}

/* One path for the cells of each level. */
static void put_cells(const struct day *d, const struct day_row *row, struct buf *out)
{
	unsigned levels[DAY_CELLS];

	for (unsigned k = 0; k < DAY_CELLS; k++)
		levels[k] = cell_level(d, row, k);
	for (unsigned level = 0; level <= LEVEL_UNKNOWN; level++) {
		unsigned at = 0, n;
		bool any = false;

		for (unsigned k = 0; k < DAY_CELLS; k += n) {
			for (n = 1; k + n < DAY_CELLS && levels[k + n] == levels[k];)
				n++;
			if (levels[k] != level)
				continue;
			if (!any && level == LEVEL_UNKNOWN)
				buf_puts(out, "<path class=\"u\" stroke-width=\"2\" d=\"M0 0");
			else if (!any)
				buf_printf(out, "<path class=\"l%u\" d=\"M0 0", level);
			buf_printf(out, "m%u 0h%u", k - at, n);
			at = k + n;
			any = true;
		}
		if (any)
			buf_puts(out, "\"/>");
	}
}

static void put_row(const struct day *d, const struct day_row *row, unsigned y, struct buf *out)
{
	char value[DAY_VALUE_LEN], clock[DAY_CLOCK_LEN], path[DAY_PATH_LEN];
	const struct day_cell *w = &d->worst[row->measure];

	buf_printf(
	    out, "<text class=\"t\" x=\"%d\" y=\"%u\" text-anchor=\"end\">%s</text>\n", LEFT - 10, y + 14, row->label);
	buf_printf(
	    out, "<g transform=\"translate(%d,%u)scale(%d,1)\" stroke-width=\"%d\">", LEFT, y + ROW / 2, CELL, ROW);
	put_cells(d, row, out);
	buf_puts(out, "</g>\n");
	if (row->measure == DAY_MISSING) {
		buf_printf(
		    out, "<text class=\"d\" x=\"%d\" y=\"%u\">%" PRIu32 "</text>\n", RIGHT + 10, y + 14, d->n_missing);
	} else if (w->value != HEAT_UNKNOWN) {
		buf_printf(out,
		    "<text class=\"d\" x=\"%d\" y=\"%u\"><tspan class=\"t\">%s</tspan> at %s<title>%s</title></text>\n",
		    RIGHT + 10, y + 14, day_value(row, w->value, value), day_clock(day_time(d, w->entry), clock),
		    day_path(d, w->entry, path));
	}
}

/* --- what is under the pointer --- */

static void put_stripe(
    const struct day *d, const struct day_row *const *rows, unsigned n, unsigned cell, struct buf *out)
{
	char from[DAY_CLOCK_LEN], to[DAY_CLOCK_LEN], value[DAY_VALUE_LEN], clock[DAY_CLOCK_LEN], path[DAY_PATH_LEN];
	uint32_t worst = UINT32_MAX;

	buf_printf(out, "<path d=\"M%u %dh%dv%uh-%dz\"><title>%s to %s\n", LEFT + cell * CELL, TOP, CELL, n * PITCH,
	    CELL, day_minute(cell, from), day_minute(cell + 1, to));
	for (unsigned i = 0; i < n; i++) {
		struct day_cell c;

		if (!day_worst(d, rows[i], cell, 1, &c) || c.value == HEAT_UNKNOWN)
			continue;
		buf_printf(out, "%s %s\n", rows[i]->label, day_value(rows[i], c.value, value));
		/* The rows begin with health. */
		if (worst == UINT32_MAX && rows[i]->measure != DAY_MISSING)
			worst = c.entry;
	}
	if (worst != UINT32_MAX)
		buf_printf(out, "%s %s", day_clock(day_time(d, worst), clock), day_path(d, worst, path));
	buf_puts(out, "</title></path>\n");
}

/* The last row says itself what is missing. */
static void put_gap(unsigned cell, unsigned n_cells, unsigned n_rows, struct buf *out)
{
	char from[DAY_CLOCK_LEN], to[DAY_CLOCK_LEN];

	buf_printf(out,
	    "<rect class=\"g\" x=\"%u\" y=\"%d\" width=\"%u\" height=\"%u\"><title>not recorded: %s to "
	    "%s</title></rect>\n",
	    LEFT + cell * CELL, TOP, n_cells * CELL, (n_rows - 1) * PITCH, day_minute(cell, from),
	    day_minute(cell + n_cells, to));
}

static void put_stripes(const struct day *d, const struct day_row *const *rows, unsigned n, struct buf *out)
{
	for (unsigned k = 0, run; k < DAY_CELLS; k += run) {
		for (run = 1; !day_recorded(d, k) && k + run < DAY_CELLS && !day_recorded(d, k + run);)
			run++;
		if (!day_recorded(d, k))
			put_gap(k, run, n, out);
	}
	buf_puts(out, "<g class=\"o\">\n");
	for (unsigned k = 0; k < DAY_CELLS; k++)
		if (day_recorded(d, k))
			put_stripe(d, rows, n, k, out);
	buf_puts(out, "</g>\n");
}

/* --- below --- */

static void put_scale(enum day_unit unit, const char *name, unsigned y, struct buf *out)
{
	enum { STEP = 62, SWATCH = 26 };

	buf_printf(out, "<text class=\"d\" x=\"%d\" y=\"%u\" text-anchor=\"end\">%s</text>", LEFT - 10, y + 13, name);
	for (unsigned k = 0; k < DAY_LEVELS; k++) {
		unsigned x = LEFT + k * STEP, from = day_level_from(unit, k);

		buf_printf(out,
		    "<path class=\"l%u\" stroke-width=\"14\" d=\"M%u %uh%d\"/><text class=\"d\" x=\"%u\" "
		    "y=\"%u\">%u%s</text>",
		    k, x, y + 8, SWATCH, x + SWATCH + 4, y + 13, from, k + 1 < DAY_LEVELS ? "" : "+");
	}
	buf_puts(out, "\n");
}

static void put_signs(unsigned y, struct buf *out)
{
	enum { X = LEFT + 600 };

	buf_printf(out,
	    "<rect class=\"g\" x=\"%d\" y=\"%u\" width=\"26\" height=\"14\"/><text class=\"d\" x=\"%d\" y=\"%u\">not "
	    "recorded</text><path class=\"u\" stroke-width=\"2\" d=\"M%d %uh26\"/><text class=\"d\" x=\"%d\" "
	    "y=\"%u\">not known</text>\n",
	    X, y + 1, X + 32, y + 13, X + 130, y + 8, X + 162, y + 13);
}

static void put_moments(const struct day *d, unsigned y, struct buf *out)
{
	char clock[DAY_CLOCK_LEN], path[DAY_PATH_LEN], value[DAY_VALUE_LEN];

	if (d->n_moments == 0)
		return;
	buf_printf(
	    out, "<text class=\"d\" x=\"%d\" y=\"%u\" text-anchor=\"end\">worst moments</text>\n", LEFT - 10, y + 13);
	for (unsigned i = 0; i < d->n_moments; i++) {
		uint32_t e = d->moments[i];
		const struct day_row *row = day_reason(d, e);

		buf_printf(out,
		    "<text class=\"t\" x=\"%d\" y=\"%u\">health %u<tspan x=\"%d\">%s</tspan><tspan class=\"m\" "
		    "x=\"%d\">%s</tspan>",
		    LEFT, y + 13 + i * LINE, get_le16(d->entries[e].m[HEAT_HEALTH]), LEFT + 76,
		    day_clock(day_time(d, e), clock), LEFT + 150, day_path(d, e, path));
		if (row)
			buf_printf(out, "<tspan class=\"d\" x=\"%d\">%s %s</tspan>", LEFT + 450, row->label,
			    day_value(row, day_measure(d, e, row), value));
		buf_puts(out, "</text>\n");
	}
}

void day_svg_draw(const struct day *d, uint32_t known, struct buf *out)
{
	const struct day_row *rows[DAY_ROWS];
	unsigned n = day_rows(known, rows), y = TOP + n * PITCH + 14, height;
	size_t begin = out->len, len = day_svg_len(known);
	bool counts = day_has_counts(rows, n);
	char day[NAME_MAX_LEN];

	height = y + (1 + counts) * LINE + 10 + DAY_WORST * LINE + 10;
	name_day(day, d->first_hour);
	svg_begin(out, WIDTH, height, css, light, dark);
	buf_puts(out, "<defs><pattern id=\"h\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
	              "patternTransform=\"rotate(45)\"><path class=\"h\" d=\"M0 0v6\"/></pattern></defs>\n");
	buf_printf(out,
	    "<text class=\"t\" x=\"%d\" y=\"24\"><tspan font-size=\"17\">%s</tspan><tspan class=\"d\" dx=\"12\">UTC; "
	    "the worst of each five minutes; health by what it lacks of 100</tspan></text>\n",
	    LEFT, day);
	buf_printf(out, "<text class=\"d\" x=\"%d\" y=\"%d\">worst</text>\n", RIGHT + 10, TOP - 13);
	put_hours(n, out);
	for (unsigned i = 0; i < n; i++)
		put_row(d, rows[i], TOP + i * PITCH + (PITCH - ROW) / 2, out);
	put_stripes(d, rows, n, out);
	put_scale(DAY_PERMILLE, "per cent from", y, out);
	put_signs(y, out);
	if (counts)
		put_scale(DAY_COUNT, "counts from", y + LINE, out);
	put_moments(d, y + (1 + counts) * LINE + 10, out);
	svg_end(out);
	if (out->err == 0 && out->len - begin > len)
		out->err = -EMSGSIZE;
	if (out->err < 0)
		return;
	len -= out->len - begin;
	if (buf_reserve(out, len) == 0) {
		memset(out->p + out->len, '\n', len);
		out->len += len;
	}
}
